# SPDX-License-Identifier: Apache-2.0
"""NDVI, (near infrared - red) / (near infrared + red) (Rouse et al., 1974), of one product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.raster.files import describe, read_band, valid
from catalog.raster.write import write_cog

NODATA = -32_768
SCALE = 10_000.0
_ROWS = 512


def run(item: dict[str, Any], values: dict[str, Any], out: Path) -> None:
    """Writes `NDVI.tif`: int16, 1/10,000, -32768 where there is no value; cloudy pixels too unless `keep_clouds`."""
    red, infrared = item["bands"]["B4"], item["bands"]["B8"]
    grid = describe(Path(red["path"])).grid
    mask = item["bands"].get("CLM")
    cloudy = None if values["keep_clouds"] or mask is None else read_band(Path(mask["path"]), mask["index"])
    index = ndvi(_band(red), _band(infrared), red, infrared, cloudy)
    write_cog(out / "NDVI.tif", index, grid, NODATA, average=True)


def ndvi(
    red: NDArray[Any],
    infrared: NDArray[Any],
    of_red: dict[str, Any],
    of_infrared: dict[str, Any],
    cloudy: NDArray[Any] | None,
) -> NDArray[np.int16]:
    """The index in ten-thousandths, a few rows at a time; `cloudy` is a mask whose set pixels have no value."""
    out = np.empty(red.shape, np.int16)
    for top in range(0, red.shape[0], _ROWS):
        rows = slice(top, top + _ROWS)
        good = valid(red[rows], of_red["nodata"]) & valid(infrared[rows], of_infrared["nodata"])
        if cloudy is not None and cloudy.shape == red.shape:
            good &= cloudy[rows] == 0
        low = red[rows].astype(np.float32) * of_red["scale"] + of_red["offset"]
        high = infrared[rows].astype(np.float32) * of_infrared["scale"] + of_infrared["offset"]
        total = low + high
        good &= total > 0
        share = np.divide(high - low, total, out=np.zeros_like(total), where=good)
        out[rows] = np.where(good, np.rint(np.clip(share, -1.0, 1.0) * SCALE), NODATA)
    return out


def _band(one: dict[str, Any]) -> NDArray[Any]:
    return read_band(Path(one["path"]), one["index"])
