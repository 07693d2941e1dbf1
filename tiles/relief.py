# SPDX-License-Identifier: Apache-2.0
"""Hill-shading after Horn (1981): the cosine between the light and the normal of a surface, over the colours of its heights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalog.model.area import Box
from config.product_types import ProductType
from config.styles import Relief
from tiles.frame import Frame
from tiles.loops import loops
from tiles.mosaic import Mosaic
from tiles.style import Coloured, bounds_of, palette_of

MARGIN = 1
"""Pixels around a map that its slopes need: tiles that are neighbours have no seam."""
_DEGREE_M = 111_320.0
_FLAT = 0.35
"""What is left of the colour where no light falls."""


def with_margin(frame: Frame) -> Frame:
    """The frame grown by the margin on each side."""
    across, down = frame.box.width / frame.width * MARGIN, frame.box.height / frame.height * MARGIN
    return Frame(
        frame.crs, frame.box.grown(across, down), frame.width + 2 * MARGIN, frame.height + 2 * MARGIN
    )


def shaded(kind: ProductType, style: Relief, mosaic: Mosaic, grown: Frame) -> Coloured:
    """The picture (H x W x 4) of a mosaic that was made with a margin, without it."""
    band = kind.bands[style.bands[0]]
    entries = np.empty(mosaic.todo.shape, np.uint8)
    loops.grade(mosaic.values[0], mosaic.todo, bounds_of(band, style), entries)
    heights = np.where(mosaic.todo, np.nan, mosaic.values[0] * np.float64(band.scale) + band.offset)
    light = _light(style, heights, *_metres(grown))
    inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    colours = palette_of(kind, style)[entries[inner]]
    colours[..., :3] = colours[..., :3] * (_FLAT + (1 - _FLAT) * light[..., None]) + 0.5
    return Coloured(np.ascontiguousarray(colours))


def _metres(frame: Frame) -> tuple[NDArray[np.float64], float]:
    """Ground width of a pixel of each inner row (H x 1) and its height, metres, on a sphere."""
    box = frame.lon_lat or Box(west=0.0, south=0.0, east=1.0, north=1.0)
    rows = np.linspace(box.north, box.south, frame.height)[MARGIN:-MARGIN, None]
    across = box.width / frame.width * _DEGREE_M * np.cos(np.radians(np.clip(rows, -89.0, 89.0)))
    return across, box.height / frame.height * _DEGREE_M


def _light(
    style: Relief, heights: NDArray[np.float64], across: NDArray[np.float64], down: float
) -> NDArray[np.float64]:
    """0 (no light) to 1 (full) for each inner pixel; a neighbour without a height is taken as high as the pixel."""
    middle = heights[1:-1, 1:-1]

    def near(row: int, column: int) -> NDArray[np.float64]:
        part = heights[1 + row : heights.shape[0] - 1 + row, 1 + column : heights.shape[1] - 1 + column]
        return np.where(np.isnan(part), middle, part)

    west, east = (near(-1, side) + 2 * near(0, side) + near(1, side) for side in (-1, 1))
    north, south = (near(side, -1) + 2 * near(side, 0) + near(side, 1) for side in (-1, 1))
    to_east = (east - west) / (8 * across) * style.exaggeration
    to_north = (north - south) / (8 * down) * style.exaggeration
    azimuth, altitude = np.radians(style.azimuth), np.radians(style.altitude)
    facing = to_east * np.sin(azimuth) + to_north * np.cos(azimuth)
    cosine = (np.sin(altitude) - np.cos(altitude) * facing) / np.sqrt(1 + to_east**2 + to_north**2)
    light: NDArray[np.float64] = np.nan_to_num(np.clip(cosine / np.sin(altitude), 0.0, 1.0))
    return light
