# SPDX-License-Identifier: Apache-2.0
"""What the chains take for a full Sentinel-2 tile (10980 x 10980), each in a process of its own as a job is: seconds, and the peak of its memory.

The tile is that of the part `ingest`; nine dates of it are nine links to it, which cost a synthesis as much as nine products.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path("bench-data").resolve()
SHARED = Path("../shared").resolve()
_CHILD = """
import json, sys, time
from importlib import import_module
from pathlib import Path
module, function, items, values, out, merged = json.loads(sys.stdin.read())
call = getattr(import_module(module), function)
begun = time.perf_counter()
if merged:
    call(items, values, Path(out), lambda *_: None)
else:
    call(items[0], values, Path(out))
peak = int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1e6
print(time.perf_counter() - begun, peak)
"""


def chains() -> None:
    """NDVI, snow, synthesis of nine dates, biophysical variables."""
    homes = sorted((ROOT / "full").glob("*_L2A_*"))
    if not homes:
        print("run the part `ingest` first: it makes the tile")
        return
    home, out = homes[0], ROOT / "chains"
    relief = ROOT / "relief.tif"
    if not relief.is_file():
        _relief(relief, home)
    angles = {"sun_zenith": 45.0, "sun_azimuth": 160.0, "view_zenith": 4.2, "view_azimuth": 105.0}
    item = {
        "id": home.name,
        "version": "1",
        "day": 19_500,
        "bands": _bands(home),
        "relief": str(relief),
        "angles": angles,
    }
    item["networks"] = str(SHARED / "data" / "products" / "bvnet" / "2_1")
    dates = [{**item, "day": 19_500 + 5 * number} for number in range(9)]
    cases: list[tuple[str, str, list[dict[str, Any]], dict[str, Any], bool, int]] = [
        ("NDVI", "ndvi", [item], {"keep_clouds": False}, False, 15),
        ("snow", "snow", [item], {}, False, 60),
        ("biophysical", "biophysical", [item], {"keep_clouds": False}, False, 60),
        ("synthesis of 9 dates", "synthesis", dates, {"date": "2023-06-13", "days": 46}, True, 180),
    ]  # fmt: skip
    for name, module, items, values, merged, bar in cases:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        told = json.dumps([f"processes.chains.{module}", "run", items, values, str(out), merged])
        begun = time.perf_counter()
        child = subprocess.run(
            [sys.executable, "-c", _CHILD], input=told, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}, check=False
        )  # fmt: skip
        if child.returncode:
            print(f"{name}: {child.stderr.strip()[-300:]}")
            continue
        seconds, peak = (float(one) for one in child.stdout.split()[-2:])
        print(
            f"{name:22s} {seconds:6.1f} s (asked: below {bar}), with its start {time.perf_counter() - begun:.1f} s, peak {peak:.2f} GB (asked: below 4)", flush=True
        )  # fmt: skip
    shutil.rmtree(out, ignore_errors=True)


def _bands(home: Path) -> dict[str, Any]:
    out: dict[str, Any] = {
        path.stem.rpartition("_")[2]: {
            "path": str(path),
            "index": 1,
            "scale": 0.0001,
            "offset": 0.0,
            "nodata": [-10_000],
        }
        for path in home.glob("*_FRE_B*.tif")
    }
    (clouds,) = [path for path in home.rglob("*_CLM_R1.tif")]
    out["CLM"] = {"path": str(clouds), "index": 1, "scale": 1.0, "offset": 0.0, "nodata": []}
    return out


def _relief(path: Path, home: Path) -> None:
    """Heights from a slope, on the grid of the 20 m bands."""
    import numpy as np
    import rasterio

    with rasterio.open(next(home.glob("*_FRE_B11.tif"))) as opened:
        profile = {**opened.profile, "dtype": "int16", "count": 1, "compress": "deflate", "nodata": None}
        rows, columns = opened.shape
    heights = np.add.outer(np.arange(rows), np.arange(columns)) // 4
    with rasterio.open(path, "w", **profile) as made:
        made.write(heights.astype(np.int16), 1)
