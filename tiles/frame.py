# SPDX-License-Identifier: Apache-2.0
"""What a map covers, and where its pixels lie in another CRS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from catalog.crs import Crs, Floats, sampled, transform, transform_box
from catalog.model.area import WORLD, Box
from tiles.loops import loops

_CELL = 64
_LEAST_CELL = 8
_TOLERANCE = 0.1
"""Output pixels that a bilinear grid cell may be wrong by."""


class Rect(NamedTuple):
    """A part of the output: rows top (in) to bottom (out), columns left (in) to right (out)."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def empty(self) -> bool:
        """Whether it has no pixel."""
        return self.bottom <= self.top or self.right <= self.left


@dataclass(frozen=True)
class Frame:
    """A map: its CRS, its box (outer edge of the border pixels, WMS 1.3.0 clause 6.7.4) and its size in pixels."""

    crs: Crs
    box: Box
    width: int
    height: int

    @cached_property
    def lon_lat(self) -> Box | None:
        """The box that holds the map in longitude and latitude; None where the CRS says nothing."""
        found = transform_box(self.box, self.crs.epsg, 4326)
        if found is None or not found.meets(WORLD):
            return None
        return Box(
            west=max(found.west, WORLD.west),
            south=max(found.south, WORLD.south),
            east=min(found.east, WORLD.east),
            north=min(found.north, WORLD.north),
        )

    def point(self, column: float, row: float) -> tuple[float, float]:
        """x, y of a place in the image; pixel k covers k to k + 1."""
        return (
            self.box.west + column / self.width * self.box.width,
            self.box.north - row / self.height * self.box.height,
        )


@dataclass(frozen=True)
class Nodes:
    """Source coordinates at the corners of equal cells of the output image; in between they are interpolated."""

    x: Floats
    y: Floats

    def rect_of(self, west: float, south: float, east: float, north: float, width: int, height: int) -> Rect:
        """The output pixels that may fall into a source box; a cell at the edge counts whole, a NaN corner is left out."""
        down, over = self.x.shape[0] - 1, self.x.shape[1] - 1
        top, bottom, left, right = loops.cells_within(self.x, self.y, west, south, east, north)
        if bottom < top:
            return Rect(0, 0, 0, 0)
        tall, wide = height / down, width / over
        return Rect(
            int(top * tall),
            min(height, math.ceil((bottom + 1) * tall)),
            int(left * wide),
            min(width, math.ceil((right + 1) * wide)),
        )


def nodes(frame: Frame, epsg: int) -> Nodes:
    """The grid of a frame in a CRS, as coarse as keeps it within a tenth of an output pixel.

    Starts with 64-pixel cells and halves them until the midpoints agree. Where the projection has no answer the nodes are NaN.
    """
    if epsg == frame.crs.epsg:
        return Nodes(*_at(frame, epsg, 2, 2))
    cell = _CELL
    while True:
        rows, columns = max(3, frame.height // cell + 2), max(3, frame.width // cell + 2)
        fine = _at(frame, epsg, rows * 2 - 1, columns * 2 - 1)
        coarse = Nodes(fine[0][::2, ::2], fine[1][::2, ::2])
        if cell <= _LEAST_CELL or _error(fine, frame) < _TOLERANCE:
            return coarse
        cell //= 2


def _at(frame: Frame, epsg: int, rows: int, columns: int) -> tuple[Floats, Floats]:
    x, y = sampled(frame.box, columns, rows)
    out_x, out_y = transform(frame.crs.epsg, epsg, x, y)
    lost = ~(np.isfinite(out_x) & np.isfinite(out_y))
    if lost.any():
        out_x, out_y = np.where(lost, np.nan, out_x), np.where(lost, np.nan, out_y)
    return out_x, out_y


def _error(fine: tuple[Floats, Floats], frame: Frame) -> float:
    """How far the midpoints of the cells are from their interpolation, in output pixels."""
    worst = 0.0
    for part in fine:
        off, across = loops.bend(part)
        if math.isfinite(across) and across:
            worst = max(worst, off / (across * (part.shape[1] - 1) / frame.width))
    return worst
