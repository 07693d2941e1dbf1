# SPDX-License-Identifier: Apache-2.0
"""Polygons and lines to pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.features import shapes as found_shapes

from catalog.model.product import Grid
from catalog.raster.write import grid_transform

Bytes = NDArray[np.uint8]


def burnt(shapes: Sequence[shapely.Geometry], values: Sequence[int], grid: Grid, none: int) -> Bytes:
    """The value of the polygon that holds the centre of each pixel of a grid, the last one's where several do; `none` elsewhere."""
    return _burnt(shapes, values, (grid.height, grid.width), grid_transform(grid), none)


def on_picture(
    shapes: Sequence[shapely.Geometry], values: Sequence[int], width: int, height: int, none: int = 0
) -> Bytes:
    """The same of shapes in pixels (columns, rows) of a picture; of lines every pixel that they touch."""
    return _burnt(shapes, values, (height, width), Affine.identity(), none)


def _burnt(
    shapes: Sequence[shapely.Geometry], values: Sequence[int], size: tuple[int, int], place: Affine, none: int
) -> Bytes:
    pairs = [(shape, value) for shape, value in zip(shapes, values, strict=True) if not shape.is_empty]
    if not pairs:
        return np.full(size, none, np.uint8)
    return np.asarray(rasterize(pairs, out_shape=size, transform=place, fill=none, dtype="uint8"), np.uint8)


def outlined(pixels: Bytes, grid: Grid) -> Iterator[tuple[dict[str, Any], int]]:
    """The regions of equal pixels as GeoJSON polygons in the grid's CRS, each with its value."""
    for polygon, value in found_shapes(pixels, transform=grid_transform(grid)):
        yield polygon, int(value)
