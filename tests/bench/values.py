# SPDX-License-Identifier: Apache-2.0
"""Numbers and not pictures: series of a pixel beside rasterio on the distributed files, a whole tile as one coverage, and what extraction costs over raw rasterio."""

from __future__ import annotations

import gc
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil
import rasterio
from load import measure
from peers import Server, hysope
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject, transform, transform_bounds
from rasterio.windows import Window

from catalog.generator.families import write_biophysical
from catalog.generator.muscate import Tile
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.query import And, Property, equal
from config.settings import Settings
from hysope.wiring import wire, wire_catalog, wire_ingest
from ogc.wcs.request import read_request
from ogc.wcs.service import WcsService

ROOT = Path("bench-data").resolve()
TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 1_024)
DATES = 200


def pixels() -> None:
    """A pixel of 10 and of 200 dates by EDR, one worker, warm; and rasterio opening each distributed file in turn."""
    data = ROOT / "pixels"
    if not (data / "hysope.db").is_file():
        for number in range(DATES):
            write_biophysical(data / "in", TILE, date(2020, 1, 5) + timedelta(days=5 * number), 0.2)
        catalog = wire_catalog(Settings(data=data))
        worker = wire_ingest(Settings(data=data), catalog)
        worker.run(worker.find([data / "in"]))
        catalog.close()
    lon, lat = 0.53, 44.19
    x, y = transform("EPSG:4326", "EPSG:32631", [lon], [lat])
    files = sorted((data / "in").rglob("*_LAI_R2.tif"))

    def by_rasterio(paths: Sequence[Path]) -> list[float]:
        out = []
        for path in paths:
            with rasterio.open(path) as dataset:
                row, column = dataset.index(x[0], y[0])
                out.append(dataset.read(1, window=Window(column, row, 1, 1))[0, 0] * 0.001)
        return out

    with hysope(data, workers=1) as server:
        door = replace(
            server,
            address=server.address.replace("/wms", "/ogcapi/collections/biophysical/position"),
        )
        for count, asked in ((10, 100), (DATES, 1_000)):
            last = date(2020, 1, 5) + timedelta(days=5 * (count - 1))
            query = f"coords=POINT({lon}%20{lat})&parameter-name=LAI&datetime=2020-01-01/{last}&f=CSV"
            rows = urllib.request.urlopen(f"{door.address}?{query}").read().decode().splitlines()
            cost = measure(door, [query], connections=1, seconds=3)
            theirs = _median(lambda count=count: by_rasterio(files[:count]), 5)
            print(
                f"{count} dates of a pixel, {len(rows) - 1} with a value: {cost.p50_ms:.0f} ms (p95 {cost.p95_ms:.0f}; asked: below {asked}), "
                f"rasterio file by file {theirs:.0f} ms, ratio {theirs / cost.p50_ms:.1f} (asked, of 200: at least 5)",
                flush=True,
            )


def whole() -> None:
    """Four bands of a whole tile (482 million values) as one GeoTIFF: time, and the server's memory meanwhile."""
    with hysope(ROOT / "data", workers=1) as server:
        before, most, stop = server.largest_mb(), [0.0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(server, most, stop))
        watcher.start()
        query = "SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=sentinel2-l2a&RANGESUBSET=B2,B3,B4,B8&TIME=2023-04-14"
        query += "&SUBSET=E(300000,409800)&SUBSET=N(4790220,4900020)"
        start, size = time.perf_counter(), 0
        with urllib.request.urlopen(f"{server.address.replace('/wms', '/wcs')}?{query}") as answer:
            first = time.perf_counter() - start
            while piece := answer.read(1 << 20):
                size += len(piece)
        stop.set()
        watcher.join()
        print(
            f"10980 x 10980 x 4 as GeoTIFF: {size / 1e6:.0f} MB, first byte after {first:.1f} s, all after {time.perf_counter() - start:.1f} s; "
            f"server {before:.0f} -> {most[0]:.0f} MB at most (asked: below 400)",
            flush=True,
        )


def _watch(server: Server, most: list[float], stop: threading.Event) -> None:
    while not stop.wait(0.05):
        most[0] = max(most[0], max(psutil.Process(pid).memory_info().rss for pid in server.pids) / 1e6)


def overhead() -> None:
    """GetCoverage in this process over rasterio's read, warp and write of the same pixels in the same packing."""
    services = wire(Settings(data=ROOT / "data"))
    settings = Settings(data=ROOT / "data")
    wcs = WcsService(services.catalog, services.tiles, settings)
    (product,) = services.catalog.search(
        And((equal(Property.COLLECTION, "sentinel2-l2a"), equal(Property.ZONE, "T31TCJ"))),
        ANONYMOUS,
        Deadline.after(60),
    )
    band = product.asset_of("B4")
    assert band
    path = services.catalog.archive / band.path
    base = {
        "SERVICE": "WCS", "VERSION": "2.0.1", "REQUEST": "GetCoverage", "COVERAGEID": "sentinel2-l2a",
        "RANGESUBSET": "B4", "TIME": "2023-04-14", "SUBSET": "E(340000,360480)", "SUBSET1": "N(4830020,4850500)",
    }  # fmt: skip
    for name, more, theirs in (
        ("native", {}, lambda: _raw(path, None)),
        ("to EPSG:2154", {"OUTPUTCRS": "EPSG:2154"}, lambda: _raw(path, 2154)),
    ):
        request = read_request({**base, **more}, "2.0.1", settings.limits)
        ours_ms = _median(lambda request=request: wcs.answer(request, ANONYMOUS, "http://x"), 9)
        theirs_ms = _median(theirs, 9)
        print(
            f"2048 x 2048 {name}, in one process: {ours_ms:.0f} ms, rasterio read-warp-write {theirs_ms:.0f} ms, "
            f"{100 * (ours_ms / theirs_ms - 1):+.0f} % (asked: below +15 %)",
            flush=True,
        )
    services.close()


def _raw(path: Path, epsg: int | None) -> bytes:
    with rasterio.open(path) as dataset:
        window = rasterio.windows.from_bounds(340_000, 4_830_020, 360_480, 4_850_500, dataset.transform)
        pixels = dataset.read(1, window=window)
        at, crs = dataset.window_transform(window), dataset.crs
        profile = {
            "driver": "GTiff", "count": 1, "dtype": pixels.dtype, "nodata": -10_000, "compress": "deflate", "predictor": 2, "zlevel": 1,
            "blockysize": 256,
        }  # fmt: skip
    if epsg is not None:
        west, south, east, north = transform_bounds(
            crs, f"EPSG:{epsg}", 340_000, 4_830_020, 360_480, 4_850_500
        )
        target = from_origin(west, north, 10, 10)  # GDAL's own choice wants a VRT, which is locked out here
        width, height = round((east - west) / 10), round((north - south) / 10)
        out = np.full((height, width), -10_000, pixels.dtype)
        reproject(
            pixels, out, src_transform=at, src_crs=crs, src_nodata=-10_000, dst_transform=target,
            dst_crs=f"EPSG:{epsg}", dst_nodata=-10_000, resampling=Resampling.nearest,
        )  # fmt: skip
        pixels, at, crs = out, target, f"EPSG:{epsg}"
    with MemoryFile() as memory:
        with memory.open(
            **profile, width=pixels.shape[1], height=pixels.shape[0], crs=crs, transform=at
        ) as written:
            written.write(pixels, 1)
        return bytes(memory.read())


def _median(work: Callable[[], object], times: int) -> float:
    """Milliseconds, after one warm run."""
    work()
    gc.collect()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1e3)
    return statistics.median(found)
