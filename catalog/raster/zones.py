# SPDX-License-Identifier: Apache-2.0
"""The pixels of a raster in a polygon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import MergeAlg
from rasterio.features import rasterize
from rasterio.windows import Window

from catalog.model.product import Grid
from catalog.raster.write import grid_transform


def covered(polygons: Sequence[shapely.Geometry], width: int, height: int) -> NDArray[np.uint16]:
    """How many polygons (in pixels: columns, rows) hold the centre of each pixel."""
    if not polygons:
        return np.zeros((height, width), np.uint16)
    found = rasterize(
        [(one, 1) for one in polygons],
        out_shape=(height, width),
        fill=0,
        dtype="uint16",
        merge_alg=MergeAlg.add,
    )
    return np.asarray(found, np.uint16)


def inside(shape: shapely.Geometry, grid: Grid) -> NDArray[np.bool_]:
    """The pixels of a grid whose centres lie in a polygon of its CRS."""
    if shape.is_empty or not shape.intersects(
        shapely.box(grid.box.west, grid.box.south, grid.box.east, grid.box.north)
    ):
        return np.zeros((grid.height, grid.width), np.bool_)
    found = rasterize(
        [(shape, 1)],
        out_shape=(grid.height, grid.width),
        transform=grid_transform(grid),
        fill=0,
        dtype="uint8",
    )
    return np.asarray(found, np.bool_)


def read_zone(
    path: Path, index: int, grid: Grid, shape: shapely.Geometry
) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
    """The pixels of a band (rows x columns) in the bounds of a polygon in the raster's CRS, and which of their centres lie in it.

    None where the polygon does not meet the raster.
    """
    west, south, east, north = shape.bounds
    left = max(0, math.floor((west - grid.west) / grid.pixel_width))
    top = max(0, math.floor((grid.north - north) / grid.pixel_height))
    right = min(grid.width, math.ceil((east - grid.west) / grid.pixel_width))
    bottom = min(grid.height, math.ceil((grid.north - south) / grid.pixel_height))
    if right <= left or bottom <= top or shape.is_empty:
        return None
    window = Window(left, top, right - left, bottom - top)
    with rasterio.open(path, driver="GTiff") as dataset:
        pixels = dataset.read(index, window=window)
    here = Affine(
        grid.pixel_width, 0.0, grid.west + left * grid.pixel_width, 0.0, -grid.pixel_height, grid.north - top * grid.pixel_height,
    )  # fmt: skip
    inside = rasterize([(shape, 1)], out_shape=pixels.shape, transform=here, fill=0, dtype="uint8")
    return pixels, inside.astype(bool)
