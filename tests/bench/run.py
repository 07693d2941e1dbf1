# SPDX-License-Identifier: Apache-2.0
"""`make bench`: Hysope beside MapServer 8 and GDAL's COG driver in one run, on the same COGs, with 2 workers each.

Machines are shared and noisy, so ratios are what counts; the table says for each case what the issue asked.
`python tests/bench/run.py maps|zoom|many|ingest|coverages|records|search|series|jobs|water|chains|orders|cached|crowd|overhead|whole|pixels` runs one part. Data are generated once under bench-data.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import chains
import crowds
import legs
import numpy as np
import orders
import rasterio
import values
import water
from load import Cost, measure, once
from peers import hysope, mapserver, missing
from PIL import Image

from catalog.crs import transform_box
from catalog.generator.muscate import Tile, write_l2a
from catalog.generator.rasters import write_oso
from catalog.model.area import Box
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.product import AssetRole
from catalog.query import And, Property, equal
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest

ROOT = Path("bench-data").resolve()
FULL = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 10_980)
PART = Tile("T31TDH", 32631, 400_000.0, 4_800_000.0, 2_048)


def main(parts: list[str]) -> None:
    """Runs the parts and prints a table for each."""
    known: dict[str, Callable[[], None]] = {
        "ingest": ingest, "maps": maps, "zoom": zoom, "many": many, "coverages": coverages, "records": legs.records, "search": legs.search, "series": legs.series, "jobs": legs.jobs,
        "cached": crowds.cached, "crowd": crowds.crowd, "water": water.water, "chains": chains.chains, "orders": orders.orders, "overhead": values.overhead, "whole": values.whole, "pixels": values.pixels,
    }  # fmt: skip
    for name in parts or list(known):
        print(f"\n== {name}", flush=True)
        known[name]()


def settings() -> Settings:
    """The archive of the benchmarks."""
    return Settings(data=ROOT / "data")


def ingest() -> None:
    """A full L2A through the real ingest, in a process of its own; then GDAL's COG driver on the same bands."""
    if not list((ROOT / "full").glob("*_L2A_*")):
        print("generating a full tile (minutes, once) …", flush=True)
        write_l2a(ROOT / "full", FULL, date(2023, 4, 14), 0.1, swath=0.15)
    child = (  # VmHWM is of this program alone; ru_maxrss would start with what its parent once had
        "import sys,time;from pathlib import Path;from config.settings import Settings;from hysope.wiring import wire_catalog,wire_ingest;"
        "s=Settings(data=Path(sys.argv[1]));c=wire_catalog(s);w=wire_ingest(s,c);t=time.perf_counter();r=w.run(w.find([Path(sys.argv[2])]),force=True);"
        "print(r.outcomes[0].status,time.perf_counter()-t,int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])/1e6)"
    )
    said = subprocess.run(
        [sys.executable, "-c", child, str(ROOT / "data"), str(ROOT / "full")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    print(
        f"ingest of a full L2A: {said[0]}, {float(said[1]):.0f} s, peak RSS {float(said[2]):.2f} GB (asked: below 1.5)"
    )
    cogs()


def cogs() -> None:
    """Our COG of each band against `gdal_translate -of COG` (our wheel's GDAL by its API) with the same options."""
    import rasterio.shutil

    from catalog.raster.files import describe, read_band
    from catalog.raster.write import write_cog

    home = next((ROOT / "full").glob("*_L2A_*"))
    ours = theirs = 0.0
    for band in ("B4", "B8", "B11"):
        path = home / f"{home.name}_FRE_{band}.tif"
        start = time.perf_counter()
        write_cog(ROOT / "ours.tif", read_band(path, 1), describe(path).grid, -10_000, average=True)
        ours += time.perf_counter() - start
        start = time.perf_counter()
        options = {
            "COMPRESS": "ZSTD",
            "LEVEL": 9,
            "PREDICTOR": "YES",
            "BLOCKSIZE": 256,
            "NUM_THREADS": "ALL_CPUS",
            "OVERVIEW_RESAMPLING": "AVERAGE",
        }
        rasterio.shutil.copy(path, ROOT / "theirs.tif", driver="COG", **options)
        theirs += time.perf_counter() - start
    print(
        f"COG of B4, B8, B11: {ours:.1f} s, GDAL's driver from file to file {theirs:.1f} s, ratio {ours / theirs:.2f} (asked: at most 1.5)"
    )


def maps() -> None:
    """GetMap against MapServer on the same COGs."""
    absent = missing()
    if absent:
        print(f"skipped: not installed: {', '.join(absent)}")
        return
    _ensure_maps()
    found = _assets()
    for resampling, level in (("NEAREST", 6), ("NEAREST", 1), ("BILINEAR", 6), ("BILINEAR", 1)):
        with (
            mapserver(ROOT / f"ms{level}", _mapfile(found, level, resampling)) as peer,
            hysope(ROOT / "data", types=_nearest_types() if resampling == "NEAREST" else None) as mine,
        ):
            for name, asked, ours, theirs in _cases():
                limit = asked[0 if level == 6 else 1]
                if limit is None or (name.startswith("classes") and resampling == "BILINEAR"):
                    continue
                a, b = measure(mine, ours), measure(peer, theirs)
                difference = _difference(mine, peer, ours[0], theirs[0])
                _row(f"{name}, {resampling.lower()}, MapServer's PNG level {level}", a, b, limit, difference)
            print(
                f"largest worker: Hysope {mine.largest_mb():.0f} MB (asked: below 450), MapServer {peer.largest_mb():.0f} MB",
                flush=True,
            )


def coverages() -> None:
    """GetCoverage 1.0.0 of 2048 x 2048 counts of one band against MapServer on the same COG: native, and reprojected to Lambert-93."""
    absent = missing()
    if absent:
        print(f"skipped: not installed: {', '.join(absent)}")
        return
    _ensure_maps()
    catalog = wire_catalog(settings())
    (product,) = catalog.search(
        And((equal(Property.COLLECTION, "sentinel2-l2a"), equal(Property.ZONE, "T31TCJ"))),
        ANONYMOUS,
        Deadline.after(60),
    )
    band = product.asset_of("B4")
    assert band
    number = list(catalog.registry.types["sentinel2-l2a"].bands).index("B4") + 1
    path = catalog.archive / band.path
    catalog.close()
    rng = random.Random(5)
    corners = [
        (300_000 + 10 * rng.randrange(8_900), 4_800_000 + 10 * rng.randrange(7_900)) for _ in range(24)
    ]
    for packed in ("NONE", "DEFLATE"):
        with (
            mapserver(ROOT / f"wcs{packed}", _wcs_mapfile(path, packed)) as peer,
            hysope(ROOT / "data") as wms,
        ):
            mine = replace(wms, address=wms.address.replace("/wms", "/wcs"))
            for name, crs in (("native", 32631), ("to EPSG:2154", 2154)):
                boxes = [_square(x, y, crs) for x, y in corners]
                base = f"SERVICE=WCS&VERSION=1.0.0&REQUEST=GetCoverage&CRS=EPSG:{crs}&WIDTH=2048&HEIGHT=2048"
                ours = [
                    f"{base}&COVERAGE=sentinel2-l2a&TIME=2023-04-14&BANDS={number}&FORMAT=GeoTIFF&GEOTIFF:COMPRESSION={packed}&BBOX={box}"
                    for box in boxes
                ]
                theirs = [f"{base}&COVERAGE=b4&FORMAT=GEOTIFF_16&BBOX={box}" for box in boxes]
                a, b = measure(mine, ours), measure(peer, theirs)
                counts = [
                    _counts(once(server, queries[0])[1]) for server, queries in ((mine, ours), (peer, theirs))
                ]
                same = float((counts[0] == counts[1]).mean())
                print(
                    f"2048 x 2048 {name}, both TIFF {packed}: {a.per_second:.1f} | {b.per_second:.1f} req/s, ratio {a.per_second / b.per_second:.2f} "
                    f"(asked: at least 1) | CPU {a.cpu_ms:.0f} | {b.cpu_ms:.0f} ms | {a.kilobytes:.0f} | {b.kilobytes:.0f} kB | equal counts {100 * same:.1f} %",
                    flush=True,
                )
            print(
                f"largest worker: Hysope {mine.largest_mb():.0f} MB, MapServer {peer.largest_mb():.0f} MB",
                flush=True,
            )


def _square(x: float, y: float, epsg: int) -> str:
    """20.48 km from a corner in UTM, as a box of a CRS."""
    box: Box | None = Box(west=x, south=y, east=x + 20_480, north=y + 20_480)
    if epsg != 32631:
        moved = transform_box(box, 32631, epsg) if box else None
        assert moved
        box = Box(west=moved.west, south=moved.south, east=moved.west + 20_480, north=moved.south + 20_480)
    assert box
    return f"{box.west},{box.south},{box.east},{box.north}"


def _counts(body: bytes) -> np.ndarray:
    with rasterio.open(BytesIO(body)) as opened:
        return opened.read(1)


def _wcs_mapfile(path: Path, packed: str) -> str:
    return (
        'MAP NAME "b" STATUS ON SIZE 256 256 MAXSIZE 4096 EXTENT 300000 4700000 520000 4900020 PROJECTION "init=epsg:32631" END\n'
        f'OUTPUTFORMAT NAME "GEOTIFF_16" DRIVER "GDAL/GTiff" MIMETYPE "image/tiff" IMAGEMODE INT16 EXTENSION "tif" FORMATOPTION "COMPRESS={packed}" FORMATOPTION "NULLVALUE=-10000" END\n'
        'WEB METADATA "wcs_label" "b" "wcs_enable_request" "*" "ows_onlineresource" "http://127.0.0.1/ms?" "ows_srs" "EPSG:32631 EPSG:2154" END END\n'
        f'LAYER NAME "b4" TYPE RASTER STATUS ON DATA "{path}" PROJECTION "init=epsg:32631" END PROCESSING "CLOSE_CONNECTION=DEFER" '
        'METADATA "wcs_label" "b4" "wcs_enable_request" "*" "wcs_rangeset_name" "b" "wcs_rangeset_label" "b" "wcs_formats" "GEOTIFF_16" "wcs_bandcount" "1" END END\nEND\n'
    )


def _ensure_maps() -> None:
    if not list((ROOT / "data").rglob("*.db")) or not _has("sentinel2-l2a"):
        ingest()
    catalog = wire_catalog(settings())
    worker = wire_ingest(settings(), catalog)
    if not (ROOT / "ten").is_dir():
        print("generating ten scenes and a land cover …", flush=True)
        for number in range(10):
            write_l2a(ROOT / "ten.part", PART, date(2022, 6, 1) + timedelta(days=number), 0.05)
        write_oso(ROOT / "ten.part", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 5_000), 2022)
        (ROOT / "ten.part").rename(ROOT / "ten")
    worker.run(worker.find([ROOT / "ten"]))
    catalog.close()


def _has(collection: str) -> bool:
    catalog = wire_catalog(settings())
    try:
        return bool(catalog.summary(collection, ANONYMOUS, Deadline.after(60)).days)
    finally:
        catalog.close()


def _assets() -> dict[str, list[Path]]:
    """The very files that both servers read."""
    catalog = wire_catalog(settings())
    visuals = {}
    for product in catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), ANONYMOUS, Deadline.after(60), limit=100
    ):
        visual = product.first(AssetRole.VISUAL)
        assert visual
        visuals.setdefault(product.zone, []).append(catalog.archive / visual.path)
    (cover,) = catalog.search(And((equal(Property.COLLECTION, "oso-23"),)), ANONYMOUS, Deadline.after(60))
    band = cover.asset_of("CLASS")
    assert band
    out = {"rgb": visuals["T31TCJ"], "ten": visuals["T31TDH"], "class": [catalog.archive / band.path]}
    catalog.close()
    return out


def _mapfile(found: dict[str, list[Path]], level: int, resampling: str) -> str:
    catalog = wire_catalog(settings())
    classes = catalog.registry.types["oso-23"].bands["CLASS"].classes
    catalog.close()
    index = ROOT / "ten.shp"
    for path in ROOT.glob("ten.???"):
        path.unlink()
    subprocess.run(
        ["gdaltindex", str(index), *map(str, reversed(found["ten"]))],
        check=True,
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
    )
    styles = "".join(
        f'CLASS EXPRESSION ([pixel] = {one.value}) STYLE COLOR "{one.colour[:7]}" END END\n'
        for one in classes
    )
    layer = 'LAYER NAME "{name}" TYPE RASTER STATUS ON {source} PROJECTION "init=epsg:{epsg}" END {extra} PROCESSING "RESAMPLE={how}" PROCESSING "CLOSE_CONNECTION=DEFER" METADATA "wms_title" "x" "wms_enable_request" "*" END END\n'
    return (
        'MAP NAME "b" STATUS ON SIZE 256 256 MAXSIZE 4096 EXTENT 300000 4700000 520000 4900020 PROJECTION "init=epsg:32631" END IMAGETYPE png\n'
        f'OUTPUTFORMAT NAME "png" DRIVER "AGG/PNG" MIMETYPE "image/png" IMAGEMODE RGBA EXTENSION "png" FORMATOPTION "COMPRESSION={level}" END\n'
        'WEB METADATA "wms_title" "b" "wms_enable_request" "*" "wms_onlineresource" "http://127.0.0.1/ms?" "wms_srs" "EPSG:32631 EPSG:3857 EPSG:4326 EPSG:2154" END END\n'
        + layer.format(
            name="rgb", source=f'DATA "{found["rgb"][0]}"', epsg=32631, extra="OFFSITE 0 0 0", how=resampling
        )
        + layer.format(
            name="ten",
            source=f'TILEINDEX "{index}" TILEITEM "location"',
            epsg=32631,
            extra="OFFSITE 0 0 0",
            how=resampling,
        )
        + layer.format(
            name="class", source=f'DATA "{found["class"][0]}"', epsg=2154, extra=styles, how="NEAREST"
        )
        + "END\n"
    )


def _nearest_types() -> Path:
    """Sentinel-2 L2A drawn by the nearest pixel, as MapServer does unless it is told otherwise."""
    folder = ROOT / "nearest"
    folder.mkdir(exist_ok=True)
    shipped = Path(__file__).parents[2] / "config" / "product_types" / "sentinel2-l2a.yaml"
    (folder / "l2a.yaml").write_text(
        shipped.read_text(encoding="utf-8") + "continuous: false\n", encoding="utf-8"
    )
    return folder


Case = tuple[str, tuple[float | None, float | None], list[str], list[str]]


def _cases() -> list[Case]:
    """Name, the share of MapServer's CPU that the issue allows (default level, level 1), our queries, its queries."""
    big = _windows(0.55, 43.35, 1.35, 44.05, 1_024, 768, 4326)
    tiles = _windows(0.55, 43.35, 1.35, 44.05, 256, 256, 3857)
    cover = _windows(0.52, 43.80, 0.95, 44.15, 1_024, 768, 4326)
    ten = _windows(1.80, 43.18, 1.95, 43.32, 1_024, 768, 4326, metres=(10, 15))
    return [
        (
            "RGB PNG 1024x768 EPSG:4326",
            (1 / 4, 1 / 2),
            _ours("sentinel2-l2a", "true-colour", "2023-04-14", big),
            _theirs("rgb", big),
        ),
        (
            "RGB PNG 256x256 EPSG:3857",
            (1 / 4, 1 / 2),
            _ours("sentinel2-l2a", "true-colour", "2023-04-14", tiles),
            _theirs("rgb", tiles),
        ),
        (
            "classes PNG 1024x768 EPSG:4326",
            (1 / 5, None),
            _ours("oso-23", "land-cover", "2022-01-01", cover),
            _theirs("class", cover),
        ),
        (
            "mosaic of 10 scenes 1024x768",
            (1 / 10, None),
            _ours("sentinel2-l2a", "true-colour", "2022-06-01/2022-06-10", ten),
            _theirs("ten", ten),
        ),
    ]


def _windows(
    west: float,
    south: float,
    east: float,
    north: float,
    width: int,
    height: int,
    epsg: int,
    metres: tuple[int, int] = (10, 40),
) -> list[str]:
    """Random windows of 10 to 40 m a pixel: CRS, BBOX and size of a request 1.1.1 (x, y in both servers)."""
    rng = random.Random(11)
    out = []
    for _ in range(48):
        pixel = rng.uniform(*metres) / 111_000
        lon, lat = (
            rng.uniform(west, max(west, east - width * pixel)),
            rng.uniform(south, max(south, north - height * pixel)),
        )
        box = transform_box(
            Box(west=lon, south=lat, east=lon + width * pixel, north=lat + height * pixel), 4326, epsg
        )
        assert box
        out.append(
            f"SRS=EPSG:{epsg}&BBOX={box.west},{box.south},{box.east},{box.north}&WIDTH={width}&HEIGHT={height}&FORMAT=image/png&TRANSPARENT=TRUE"
        )
    return out


def _ours(layer: str, style: str, day: str, windows: list[str]) -> list[str]:
    return [
        f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS={layer}&STYLES={style}&TIME={day}&{window}"
        for window in windows
    ]


def _theirs(layer: str, windows: list[str]) -> list[str]:
    return [f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS={layer}&STYLES=&{window}" for window in windows]


def _difference(mine, peer, ours: str, theirs: str) -> float:
    """Mean absolute difference of the two pictures, over pixels that both drew."""
    pictures = [
        np.asarray(Image.open(BytesIO(once(server, query)[1])).convert("RGBA")).astype(int)
        for server, query in ((mine, ours), (peer, theirs))
    ]
    both = (pictures[0][..., 3] == 255) & (pictures[1][..., 3] == 255)
    return float(np.abs(pictures[0][both] - pictures[1][both]).mean()) if both.any() else float("nan")


def _row(name: str, ours: Cost, theirs: Cost, limit: float, difference: float) -> None:
    ratio = ours.cpu_ms / theirs.cpu_ms
    print(
        f"{name}: CPU {ours.cpu_ms:.1f} ms | MapServer {theirs.cpu_ms:.1f} ms | ratio 1/{1 / ratio:.1f} (asked 1/{1 / limit:.0f}: {'met' if ratio <= limit else 'MISSED'}) | "
        f"{ours.per_second:.0f} | {theirs.per_second:.0f} req/s | p95 {ours.p95_ms:.0f} | {theirs.p95_ms:.0f} ms | {ours.kilobytes:.0f} | {theirs.kilobytes:.0f} kB | pictures differ by {difference:.1f} of 255",
        flush=True,
    )


def zoom() -> None:
    """Zoom to layer: all of France over 150 tiles, and a continent over 1,000."""
    for number in (150, 1_000):
        data = _tiles(number)
        box = (-5, 42, 9, 51) if number == 150 else (-10, 34, 32, 62)
        query = f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=sentinel2-l2a&STYLES={{style}}&SRS=EPSG:4326&BBOX={','.join(map(str, box))}&WIDTH=1024&HEIGHT=768&FORMAT=image/png&TRANSPARENT=TRUE"
        for style in ("true-colour", "ndvi"):
            with hysope(data, workers=1) as server:
                once(server, "SERVICE=WMS&REQUEST=GetCapabilities")
                first, body = once(server, query.format(style=style))
                warm = sorted(once(server, query.format(style=style))[0] for _ in range(9))[4]
                (ROOT / f"zoom{number}-{style}.png").write_bytes(body)
                print(
                    f"{number} tiles, {style}: first {first * 1_000:.0f} ms (asked: below 1000), drawn again {warm * 1_000:.0f} ms, nothing kept (asked, warm: below 100)",
                    flush=True,
                )


def _tiles(number: int) -> Path:
    """An archive of `number` products, each the assets of one small scene, registered on the tiles of a grid."""
    import shutil
    from dataclasses import replace

    from catalog.geometry import footprint_boxes
    from catalog.model.principal import OPERATOR
    from catalog.model.time import now
    from catalog.raster.footprint import footprint

    data = ROOT / f"tiles{number}"
    if (data / "hysope.db").is_file():
        return data
    for made in (data, ROOT / f"seed{number}"):
        shutil.rmtree(made, ignore_errors=True)
    chosen = Settings(data=data)
    catalog = wire_catalog(chosen)
    worker = wire_ingest(chosen, catalog)
    write_l2a(
        ROOT / f"seed{number}", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 1_098), date(2023, 4, 14), 0.1
    )
    worker.run(worker.find([ROOT / f"seed{number}"]))
    (seed,) = catalog.search(And(()), ANONYMOUS, Deadline.after(60))
    side = int(number**0.5 + 0.999)
    with catalog.unit(OPERATOR) as unit:
        for at in range(number):
            column, row = at % side, at // side
            zone = 30 + min(2, column * 3 // side)
            west, north = (
                300_000.0 + (column % max(1, side // 3)) * 100_000.0,
                5_700_000.0 - row * (900_000.0 / side if number == 150 else 90_000.0),
            )
            assets = tuple(
                replace(
                    asset,
                    grid=replace(
                        asset.grid,
                        epsg=32600 + zone,
                        west=west,
                        north=north,
                        pixel_width=asset.grid.pixel_width * 10,
                        pixel_height=asset.grid.pixel_height * 10,
                    ),
                )
                if asset.grid
                else asset
                for asset in seed.assets
            )
            grid = next(asset.grid for asset in assets if asset.grid)
            outline = footprint(np.ones((4, 4), bool), grid)
            unit.publish(
                replace(
                    seed, id=f"tile-{at}", assets=assets, footprint=outline, boxes=footprint_boxes(outline)
                ),
                visible_from=-(2**62),
                at=now(),
            )  # type: ignore[arg-type]
        unit.withdraw(seed.id, None, "the seed", now())
    catalog.close()
    return data


def many() -> None:
    """10,000 products: capabilities, and a map that touches four."""
    import shutil
    from dataclasses import replace

    from catalog.model.principal import OPERATOR
    from catalog.model.time import Day, day_period, now

    costs = {}
    for number in (10, 10_000):
        data = ROOT / f"many{number}"
        if not (data / "hysope.db").is_file():
            shutil.rmtree(data, ignore_errors=True)
            chosen = Settings(data=data)
            catalog = wire_catalog(chosen)
            worker = wire_ingest(chosen, catalog)
            write_l2a(
                ROOT / "seed", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 512), date(2023, 4, 14), 0.1
            ) if not (ROOT / "seed").is_dir() else None
            worker.run(worker.find([ROOT / "seed"]))
            (seed,) = catalog.search(And(()), ANONYMOUS, Deadline.after(60))
            for start in range(0, number, 1_000):
                with catalog.unit(OPERATOR) as unit:
                    for at in range(start, min(number, start + 1_000)):
                        day = Day(seed.day - 1 - at // 4)
                        unit.publish(
                            replace(seed, id=f"copy-{at}", day=day, period=day_period(day)),
                            visible_from=-(2**62),
                            at=now(),
                        )  # type: ignore[arg-type]
            catalog.close()
        with hysope(data, workers=1) as server:
            once(server, "SERVICE=WMS&REQUEST=GetCapabilities")
            capabilities = measure(server, ["SERVICE=WMS&REQUEST=GetCapabilities"], connections=1, seconds=3)
            window = "SRS=EPSG:32631&BBOX=300000,4895000,305000,4900000&WIDTH=256&HEIGHT=256&FORMAT=image/png&TRANSPARENT=TRUE"
            query = f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=sentinel2-l2a&STYLES=true-colour&TIME=2023-04-13&{window}"
            costs[number] = measure(server, [query], connections=1, seconds=4)
            print(
                f"{number} products: GetCapabilities {capabilities.p50_ms:.1f} ms ({capabilities.kilobytes:.0f} kB), a map of 4 products {costs[number].p50_ms:.1f} ms, CPU {costs[number].cpu_ms:.1f} ms",
                flush=True,
            )
    print(
        f"a map with 10,000 products costs {costs[10_000].cpu_ms / costs[10].cpu_ms:.2f} of one with 10 (asked: the same); capabilities asked: below 50 ms"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
