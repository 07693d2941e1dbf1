# SPDX-License-Identifier: Apache-2.0
"""The outline of the valid pixels of a raster, in longitude and latitude."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.crs import transform
from catalog.model.product import Grid

_DENSIFY = 16
"""Points per side of the grid: a straight edge in UTM is curved in longitude and latitude."""


def footprint(valid: NDArray[np.bool_], grid: Grid) -> bytes:
    """WKB (EPSG:4326, x = longitude) of the valid pixels of a decimated mask that covers `grid`; the grid's box when none is valid.

    Holes are filled and specks of under a thousandth of the area dropped: a footprint says where a product is, not where its clouds are.
    """
    height, width = valid.shape
    at = Affine(
        grid.width * grid.pixel_width / width, 0.0, grid.west,
        0.0, -grid.height * grid.pixel_height / height, grid.north,
    )  # fmt: skip
    if valid.all() or not valid.any():
        outline: BaseGeometry = shapely.box(grid.box.west, grid.box.south, grid.box.east, grid.box.north)
    else:
        parts = [
            shapely.Polygon(shape(found).exterior)
            for found, value in shapes(valid.astype(np.uint8), valid, transform=at)
            if value
        ]
        merged = shapely.union_all(parts)
        large = [part for part in shapely.get_parts(merged) if part.area >= merged.area / 1_000]
        outline = shapely.MultiPolygon(large).simplify(max(at.a, -at.e))
    step = max(grid.width * grid.pixel_width, grid.height * grid.pixel_height) / _DENSIFY
    wkb: bytes = shapely.to_wkb(_to_lon_lat(shapely.segmentize(outline, step), grid))
    return wkb


def _crosses(grid: Grid) -> bool:
    """Whether longitudes fall back somewhere along the middle row."""
    x = grid.west + np.linspace(0.01, 0.99, 33) * grid.width * grid.pixel_width
    lon, _ = transform(grid.epsg, 4326, x, np.full_like(x, (grid.box.south + grid.box.north) / 2))
    return bool((np.diff(lon[np.isfinite(lon)]) < 0).any())


def _to_lon_lat(outline: BaseGeometry, grid: Grid) -> BaseGeometry:
    """The outline in longitude and latitude, split where it crosses the antimeridian."""
    whole = not _crosses(grid)
    middle = (grid.box.west + grid.box.east) / 2

    def project(points: NDArray[Any]) -> NDArray[Any]:
        lon, lat = transform(grid.epsg, 4326, points[:, 0], points[:, 1])
        if whole:  # the edge of a world is +180 or -180 by chance
            lon = np.where((np.abs(lon) > 179.999) & (lon * (points[:, 0] - middle) < 0), -lon, lon)
            lon = np.clip(lon, -180.0, 180.0)
        return np.column_stack([lon, np.clip(lat, -90.0, 90.0)])

    moved = shapely.transform(outline, project)
    west, _, east, _ = moved.bounds
    if whole or east - west <= 180.0:
        return moved.buffer(0) if not moved.is_valid else moved
    shifted = shapely.transform(
        moved,
        lambda points: np.column_stack(
            [np.where(points[:, 0] < 0, points[:, 0] + 360, points[:, 0]), points[:, 1]]
        ),
    )
    left = shapely.intersection(shifted, shapely.box(0, -90, 180, 90))
    right = shapely.transform(
        shapely.intersection(shifted, shapely.box(180, -90, 360, 90)),
        lambda points: points - np.array([360.0, 0.0]),
    )
    return shapely.MultiPolygon(
        [part for side in (left, right) for part in shapely.get_parts(side) if part.geom_type == "Polygon"]
    )
