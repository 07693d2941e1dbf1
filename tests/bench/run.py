# SPDX-License-Identifier: Apache-2.0
"""`make bench`: Hysope beside MapServer 8 and GDAL's COG driver in one run, on the same COGs, with 2 workers each.

Machines are shared and noisy, so ratios are what counts; the table says for each case what the issue asked.
`python tests/bench/run.py maps|zoom|many|ingest|coverages|records|search|catalogue|series|jobs|water|chains|orders|far|capabilities|cached|crowd|overhead|whole|pixels` runs one part. Data are generated once under bench-data.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import catalogue
import chains
import crowds
import far
import legs
import numpy as np
import orders
import pictures
import rasterio
import values
import water
from archive import ROOT, ensure, ingest, settings
from load import measure, once
from peers import hysope, mapserver, missing

from catalog.crs import transform_box
from catalog.generator.muscate import Tile, write_l2a
from catalog.model.area import Box
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.query import And, Property, equal
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest


def main(parts: list[str]) -> None:
    """Runs the parts and prints a table for each."""
    known: dict[str, Callable[[], None]] = {
        "ingest": ingest, "maps": pictures.maps, "capabilities": pictures.capabilities, "zoom": zoom, "many": many, "coverages": coverages, "records": legs.records, "search": legs.search, "catalogue": catalogue.catalogue, "load": catalogue.load, "series": legs.series, "jobs": legs.jobs,
        "far": far.far, "cached": crowds.cached, "crowd": crowds.crowd, "water": water.water, "chains": chains.chains, "orders": orders.orders, "overhead": values.overhead, "whole": values.whole, "pixels": values.pixels,
    }  # fmt: skip
    for name in parts or list(known):
        print(f"\n== {name}", flush=True)
        known[name]()


def coverages() -> None:
    """GetCoverage 1.0.0 of 2048 x 2048 counts of one band against MapServer on the same COG: native, and reprojected to Lambert-93."""
    absent = missing()
    if absent:
        print(f"skipped: not installed: {', '.join(absent)}")
        return
    ensure()
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
