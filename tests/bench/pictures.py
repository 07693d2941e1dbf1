# SPDX-License-Identifier: Apache-2.0
"""Maps and tiles beside MapServer (its default PNG level and level 1) and titiler, on the same files; all servers with 2 workers.

Tiles are asked as a viewer does, 6 x 4 of one level at once; maps are windows anywhere at 5 to 60 m a pixel. Nothing that was drawn is kept.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
from archive import ROOT, ensure, settings
from load import Cost, alternately, measure, once
from peers import Server, hysope, mapserver, missing, titiler
from PIL import Image

from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.product import AssetRole
from catalog.model.time import Day, day_period, now
from catalog.query import And, Property, equal
from config.settings import Settings
from hysope.wiring import wire_catalog

_HALF = 20037508.342789244
_CONNECTIONS = 4
_SCALE = "0,4000"
"""Counts from black to white of three bands of 16 bits: reflectances of 0 to 0.4."""


@dataclass(frozen=True)
class Case:
    """What is asked of each server, and how many times MapServer's and titiler's CPU ours should be less."""

    name: str
    ours: list[str]
    theirs: list[str]
    titiler: list[str]
    bars: tuple[float | None, float | None, float | None]
    """Against MapServer's default level, level 1, titiler."""


@dataclass(frozen=True)
class Files:
    """The very files that all servers read."""

    visual: Path
    counts: Path
    """Three bands of 16 bits as one virtual file: ours are one file each."""
    classes: Path
    ten: tuple[Path, ...]


def maps() -> None:
    """The table: CPU of a request, requests a second, p50, p95, memory, and how far the pictures differ."""
    absent = missing()
    if absent:
        print(f"skipped: not installed: {', '.join(absent)}")
        return
    ensure()
    files = _files()
    cases = _cases(files)
    types = _nearest_types()
    with (
        titiler(files.ten) as tiled,
        mapserver(ROOT / "ms6", _mapfile(files, 6, "NEAREST")) as six,
        mapserver(ROOT / "ms1", _mapfile(files, 1, "NEAREST")) as one,
        hysope(ROOT / "data", types=types) as mine,
    ):
        for case in cases:
            asked = [(mine, case.ours), (six, case.theirs), (tiled, case.titiler)]
            if case.bars[1] is not None:
                asked.append((one, case.theirs))
            ours, at_six, of_titiler, *at_one = alternately(asked, connections=_CONNECTIONS)
            _row(f"{case.name} | MapServer level 6", ours, at_six, case.bars[0])
            for cost in at_one:
                _row(f"{case.name} | MapServer level 1", ours, cost, case.bars[1])
            _row(f"{case.name} | titiler", ours, of_titiler, case.bars[2])
            differ = _difference(mine, six, case.ours[0], case.theirs[0])
            print(f"    pictures differ by {differ:.1f} of 255")
        print(
            f"largest worker: Hysope {mine.largest_mb():.0f} MB (asked: below 450), MapServer {six.largest_mb():.0f}, titiler {tiled.largest_mb():.0f}",
            flush=True,
        )
    smooth(files, cases)


def smooth(files: Files, cases: list[Case]) -> None:
    """The same by bilinear means, which is how our pictures are drawn unless a type says otherwise."""
    with (
        mapserver(ROOT / "ms6", _mapfile(files, 6, "BILINEAR")) as peer,
        hysope(ROOT / "data") as mine,
    ):
        for case in cases:
            if "classes" in case.name:
                continue
            ours, other = alternately([(mine, case.ours), (peer, case.theirs)], connections=_CONNECTIONS)
            _row(f"{case.name}, bilinear | MapServer level 6", ours, other, None)


def capabilities() -> None:
    """Capabilities of 300 layers with 1,500 dates each, of all versions."""
    data = _three_hundred()
    with hysope(data, workers=1, types=ROOT / "capabilities-types") as server:
        for version in ("1.3.0", "1.1.1"):
            query = f"SERVICE=WMS&VERSION={version}&REQUEST=GetCapabilities"
            first = once(server, query)[0]
            cost = measure(server, [query], connections=1, seconds=3)
            print(
                f"capabilities {version} of 300 layers x 1,500 dates: {cost.kilobytes / 1_000:.1f} MB, made in {first:.2f} s, "
                f"from memory {cost.p50_ms:.1f} ms, CPU {cost.cpu_ms:.1f} ms (asked: below 5)",
                flush=True,
            )


def _row(name: str, ours: Cost, theirs: Cost, bar: float | None) -> None:
    cpu, rate = theirs.cpu_ms / ours.cpu_ms, ours.per_second / theirs.per_second
    asked = f" (asked {bar:g}: {'met' if min(cpu, rate) >= bar else 'MISSED'})" if bar else ""
    print(
        f"{name}: CPU {ours.cpu_ms:.2f} | {theirs.cpu_ms:.1f} ms, {cpu:.1f} times; {ours.per_second:.0f} | {theirs.per_second:.0f} req/s, {rate:.1f} times{asked}; "
        f"p50 {ours.p50_ms:.0f} | {theirs.p50_ms:.0f}, p95 {ours.p95_ms:.0f} | {theirs.p95_ms:.0f} ms; {ours.kilobytes:.0f} | {theirs.kilobytes:.0f} kB",
        flush=True,
    )


def _files() -> Files:
    catalog = wire_catalog(settings())
    visuals: dict[str, list[Path]] = {}
    counts: list[Path] = []
    for product in catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), ANONYMOUS, Deadline.after(60), limit=100
    ):
        visual = product.first(AssetRole.VISUAL)
        assert visual
        visuals.setdefault(product.zone, []).append(catalog.archive / visual.path)
        if product.zone == "T31TCJ":
            counts = [
                catalog.archive / asset.path
                for band in ("B8", "B4", "B3")
                if (asset := product.asset_of(band))
            ]
    (cover,) = catalog.search(And((equal(Property.COLLECTION, "oso-23"),)), ANONYMOUS, Deadline.after(60))
    band = cover.asset_of("CLASS")
    assert band
    catalog.close()
    stacked = ROOT / "counts.vrt"
    subprocess.run(
        ["gdalbuildvrt", "-q", "-overwrite", "-separate", str(stacked), *map(str, counts)], check=True, env={"PATH": "/usr/bin:/bin"}
    )  # fmt: skip
    return Files(visuals["T31TCJ"][0], stacked, catalog.archive / band.path, tuple(visuals["T31TDH"]))


def _cases(files: Files) -> list[Case]:
    tiles = _sessions(8, (0.6, 43.4, 1.7, 44.1), range(11, 15), 5)
    covered = _sessions(8, (0.52, 43.8, 1.09, 44.18), range(12, 15), 6)
    over = _sessions(6, (1.79, 43.19, 1.99, 43.32), range(14, 16), 7)
    boxes = windows((0.55, 43.35, 1.35, 44.05), (5, 60), 11)
    ten = windows((1.80, 43.18, 1.95, 43.32), (10, 15), 12)
    colours = _class_colours()
    day, ten_days = "2023-04-14", "2022-06-01/2022-06-10"
    rgb, infrared = ("sentinel2-l2a", "true-colour"), ("sentinel2-l2a", "infrared")
    cover = ("oso-23", "land-cover")
    cog = f"url={quote(str(files.visual), safe='')}"
    stacked = f"url={quote(str(files.counts), safe='')}&rescale={_SCALE}"
    classes = f"url={quote(str(files.classes), safe='')}&colormap={quote(json.dumps(colours, separators=(',', ':')), safe='')}"
    return [
        Case("tile 256 RGB PNG", _wms(rgb, day, _boxes(tiles)), _ms("rgb", _boxes(tiles)), _tiled(tiles, "png", cog), (7, 5, 30)),
        Case("tile 256 RGB JPEG", _wms(rgb, day, _boxes(tiles, "jpeg")), _ms("rgb", _boxes(tiles, "jpeg")), _tiled(tiles, "jpg", cog), (3.6, None, 20)),
        Case("tile 256 of 3 x 16 bits PNG", _wms(infrared, day, _boxes(tiles)), _ms("counts", _boxes(tiles)), _tiled(tiles, "png", stacked), (4, 4, 12)),
        Case("tile 256 classes PNG", _wms(cover, "2022-01-01", _boxes(covered)), _ms("class", _boxes(covered)), _tiled(covered, "png", classes), (15, 9, 50)),
        Case("map 1024x768 EPSG:4326 PNG", _wms(rgb, day, _maps(boxes)), _ms("rgb", _maps(boxes)), _parts(boxes, "png", cog), (8, 5, 25)),
        Case("map 1024x768 EPSG:4326 JPEG", _wms(rgb, day, _maps(boxes, "jpeg")), _ms("rgb", _maps(boxes, "jpeg")), _parts(boxes, "jpg", cog), (3, None, 4)),
        Case("mosaic of 10 scenes, tile", _wms(rgb, ten_days, _boxes(over)), _ms("ten", _boxes(over)), [f"/mosaic/{z}/{x}/{y}" for z, x, y in over], (25, None, 8)),
        Case("mosaic of 10 scenes, map", _wms(rgb, ten_days, _maps(ten)), _ms("ten", _maps(ten)), [f"/mosaic/bbox?box={','.join(map(str, box))}&width=1024&height=768" for box in ten], (15, None, 8)),
    ]  # fmt: skip


Tile = tuple[int, int, int]
LonLat = tuple[float, float, float, float]


def _sessions(count: int, area: LonLat, levels: range, seed: int) -> list[Tile]:
    """Level, column and row of the tiles of so many views of 6 x 4, all within an area."""
    dice, out = random.Random(seed), []
    for _ in range(count):
        level = dice.choice(levels)
        size = 2 * _HALF / 2**level
        wide = 360 / 2**level
        lon = dice.uniform(area[0], area[2] - 6 * wide)
        lat = dice.uniform(area[1] + 4 * wide * math.cos(math.radians(area[1])), area[3])
        x = lon * _HALF / 180
        y = math.log(math.tan((90 + lat) * math.pi / 360)) * _HALF / math.pi
        column, row = int((x + _HALF) / size), int((_HALF - y) / size)
        out += [(level, column + at % 6, row + at // 6) for at in range(24)]
    return out


def windows(area: LonLat, metres: tuple[int, int], seed: int) -> list[LonLat]:
    """Boxes of 1024 x 768 pixels of so many metres."""
    dice, out = random.Random(seed), []
    for _ in range(48):
        pixel = dice.uniform(*metres) / 111_000
        west = dice.uniform(area[0], max(area[0], area[2] - 1_024 * pixel))
        south = dice.uniform(area[1], max(area[1], area[3] - 768 * pixel))
        out.append((west, south, west + 1_024 * pixel, south + 768 * pixel))
    return out


def _boxes(tiles: list[Tile], form: str = "png") -> list[str]:
    out = []
    for level, column, row in tiles:
        size = 2 * _HALF / 2**level
        west, north = -_HALF + column * size, _HALF - row * size
        out.append(
            f"SRS=EPSG:3857&BBOX={west},{north - size},{west + size},{north}&WIDTH=256&HEIGHT=256{_form(form)}"
        )
    return out


def _maps(boxes: list[LonLat], form: str = "png") -> list[str]:
    return [
        f"SRS=EPSG:4326&BBOX={','.join(map(str, box))}&WIDTH=1024&HEIGHT=768{_form(form)}" for box in boxes
    ]


def _form(form: str) -> str:
    return f"&FORMAT=image/{form}&TRANSPARENT={'FALSE' if form == 'jpeg' else 'TRUE'}"


def maps_of(layer: tuple[str, str], time: str, boxes: list[LonLat]) -> list[str]:
    """GetMap of boxes of ours, as PNG."""
    return _wms(layer, time, _maps(boxes))


def _wms(layer: tuple[str, str], time: str, windows: list[str]) -> list[str]:
    start = f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS={layer[0]}&STYLES={layer[1]}&TIME={time}"
    return [f"{start}&{window}" for window in windows]


def _ms(layer: str, windows: list[str]) -> list[str]:
    return [f"SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS={layer}&STYLES=&{window}" for window in windows]


def _tiled(tiles: list[Tile], form: str, rest: str) -> list[str]:
    return [f"/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.{form}?{rest}" for z, x, y in tiles]


def _parts(boxes: list[LonLat], form: str, rest: str) -> list[str]:
    return [f"/cog/bbox/{','.join(map(str, box))}/1024x768.{form}?{rest}&dst_crs=epsg:4326" for box in boxes]


def _class_colours() -> dict[str, str]:
    catalog = wire_catalog(settings())
    classes = catalog.registry.types["oso-23"].bands["CLASS"].classes
    catalog.close()
    return {str(one.value): one.colour[:7] for one in classes}


def _mapfile(files: Files, level: int, resampling: str) -> str:
    index = ROOT / "ten.shp"
    for path in ROOT.glob("ten.???"):
        path.unlink()
    subprocess.run(
        ["gdaltindex", str(index), *map(str, reversed(files.ten))], check=True, env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    styles = "".join(
        f'CLASS EXPRESSION ([pixel] = {value}) STYLE COLOR "{colour}" END END\n'
        for value, colour in _class_colours().items()
    )

    def layer(name: str, source: str, epsg: int, extra: str, how: str = resampling) -> str:
        return (
            f'LAYER NAME "{name}" TYPE RASTER STATUS ON {source} PROJECTION "init=epsg:{epsg}" END {extra} PROCESSING "RESAMPLE={how}" '
            'PROCESSING "CLOSE_CONNECTION=DEFER" METADATA "wms_title" "x" "wms_enable_request" "*" END END\n'
        )

    scaled = f'PROCESSING "BANDS=1,2,3" PROCESSING "SCALE={_SCALE}"'
    return (
        'MAP NAME "b" STATUS ON SIZE 256 256 MAXSIZE 4096 EXTENT 300000 4700000 520000 4900020 PROJECTION "init=epsg:32631" END IMAGETYPE png\n'
        f'OUTPUTFORMAT NAME "png" DRIVER "AGG/PNG" MIMETYPE "image/png" IMAGEMODE RGBA EXTENSION "png" FORMATOPTION "COMPRESSION={level}" END\n'
        'OUTPUTFORMAT NAME "jpeg" DRIVER "AGG/JPEG" MIMETYPE "image/jpeg" IMAGEMODE RGB EXTENSION "jpg" FORMATOPTION "QUALITY=85" END\n'
        'WEB METADATA "wms_title" "b" "wms_enable_request" "*" "wms_onlineresource" "http://127.0.0.1/ms?" "wms_srs" "EPSG:32631 EPSG:3857 EPSG:4326 EPSG:2154" END END\n'
        + layer("rgb", f'DATA "{files.visual}"', 32631, "OFFSITE 0 0 0")
        + layer("counts", f'DATA "{files.counts}"', 32631, scaled)
        + layer("ten", f'TILEINDEX "{index}" TILEITEM "location"', 32631, "OFFSITE 0 0 0")
        + layer("class", f'DATA "{files.classes}"', 2154, styles, "NEAREST")
        + "END\n"
    )


def _nearest_types() -> Path:
    """Sentinel-2 L2A drawn by the nearest pixel, as MapServer and titiler do unless they are told otherwise."""
    folder = ROOT / "nearest"
    folder.mkdir(exist_ok=True)
    shipped = Path(__file__).parents[2] / "config" / "product_types" / "sentinel2-l2a.yaml"
    (folder / "l2a.yaml").write_text(
        shipped.read_text(encoding="utf-8") + "continuous: false\n", encoding="utf-8"
    )
    return folder


def _difference(mine: Server, peer: Server, ours: str, theirs: str) -> float:
    """Mean absolute difference of the two pictures, over pixels that both drew."""
    pair = [
        np.asarray(Image.open(BytesIO(once(server, query)[1])).convert("RGBA")).astype(int)
        for server, query in ((mine, ours), (peer, theirs))
    ]
    both = (pair[0][..., 3] == 255) & (pair[1][..., 3] == 255)
    return float(np.abs(pair[0][both] - pair[1][both]).mean()) if both.any() else float("nan")


def _three_hundred() -> Path:
    """An archive of 300 collections with a product on each of 1,500 days; registered alone, since capabilities read no pixel."""
    data, types = ROOT / "capabilities", ROOT / "capabilities-types"
    if (data / "done").is_file():
        return data
    for made in (data, types):
        shutil.rmtree(made, ignore_errors=True)
    types.mkdir(parents=True)
    shipped = (Path(__file__).parents[2] / "config" / "product_types" / "oso-23.yaml").read_text("utf-8")
    ids = [f"layer-{number:03}" for number in range(300)]
    for one in ids:
        text = shipped.replace("id: oso-23", f"id: {one}").replace("duration: year", "duration: day")
        text = text.replace("'OSO_", f"'{one}_").replace("'OCS_(?P", f"'{one}-(?P")
        (types / f"{one}.yaml").write_text(text, "utf-8")
    catalog = wire_catalog(settings())
    (seed,) = catalog.search(And((equal(Property.COLLECTION, "oso-23"),)), ANONYMOUS, Deadline.after(60))
    catalog.close()
    catalog = wire_catalog(Settings(data=data, product_types=(types,)))
    with catalog.unit(OPERATOR) as unit:
        for back in range(1_500):
            day = Day(seed.day - back - back // 7 * 3)
            copy = replace(seed, id=f"{ids[0]}-{back}", collection=ids[0], day=day, period=day_period(day))
            unit.publish(copy, visible_from=-(2**62), at=now())
    catalog.close()
    with sqlite3.connect(
        data / "hysope.db"
    ) as database:  # the others as copies of rows: five milliseconds a publication are an hour
        for number, one in enumerate(ids[1:], 1):
            for table, key, changed in (
                ("product", "key", {"id": f"'{one}-' || key", "collection": f"'{one}'"}),
                ("asset", "key", {"product": f"product + {number} * 100000"}),
                ("product_box", "key", {"product": f"product + {number} * 100000"}),
            ):
                columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
                values = [
                    changed.get(name, f"key + {number} * 100000" if name == key else name) for name in columns
                ]
                database.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE key < 100000"
                )
    (data / "done").touch()
    return data
