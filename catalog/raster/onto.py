# SPDX-License-Identifier: Apache-2.0
"""A band of a file on the pixels of another grid."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.warp import Resampling, reproject

from catalog.model.product import Grid
from catalog.raster.files import describe
from catalog.raster.write import grid_transform

Method = Literal["nearest", "bilinear", "cubic", "average"]


def read_onto(
    path: Path, index: int, grid: Grid, method: Method, nodata: float | None
) -> NDArray[np.float32]:
    """The values of a band (rows x columns of the grid), whatever its CRS and pixels; NaN where there is none.

    Overviews are not used: what is resampled are the pixels themselves.
    """
    out = np.full((grid.height, grid.width), np.nan, np.float32)
    with rasterio.open(path, driver="GTiff") as dataset:
        reproject(
            rasterio.band(dataset, index), out, src_nodata=nodata if nodata is not None else dataset.nodata, dst_transform=grid_transform(grid),
            dst_crs=f"EPSG:{grid.epsg}", dst_nodata=np.nan, resampling=Resampling[method], init_dest_nodata=True,
        )  # fmt: skip
    return out


def read_bits_onto(path: Path, index: int, grid: Grid) -> NDArray[np.uint8]:
    """A mask of bits on a grid: where its pixels are smaller by a whole number, a pixel has every bit that one of them has."""
    with rasterio.open(path, driver="GTiff") as dataset:
        pixels = dataset.read(index)
        across, down = dataset.width / grid.width, dataset.height / grid.height
    if describe(path).grid == grid:
        return np.asarray(pixels, dtype=np.uint8)
    if across == down and across == int(across) and across > 1:
        side = int(across)
        blocks = pixels.reshape(grid.height, side, grid.width, side)
        return np.asarray(np.bitwise_or.reduce(np.bitwise_or.reduce(blocks, axis=3), axis=1), dtype=np.uint8)
    return np.asarray(np.nan_to_num(read_onto(path, index, grid, "nearest", None)), dtype=np.uint8)
