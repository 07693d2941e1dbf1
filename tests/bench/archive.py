# SPDX-License-Identifier: Apache-2.0
"""The archive that is drawn and read: a full Sentinel-2 L2A, ten scenes over each other, a land cover; generated once, brought in by the real ingest."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from catalog.generator.muscate import Tile, write_l2a
from catalog.generator.rasters import write_oso
from catalog.model.principal import ANONYMOUS, Deadline
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest

ROOT = Path("bench-data").resolve()
FULL = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 10_980)
PART = Tile("T31TDH", 32631, 400_000.0, 4_800_000.0, 2_048)


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


def ensure() -> None:
    """Everything is there."""
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
