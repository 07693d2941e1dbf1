# SPDX-License-Identifier: Apache-2.0
"""Which tiles a seeding draws: a layer's, by level, area and date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.model.area import Box
from catalog.model.time import Day, day_instant
from ogc.maps.service import AskedLayer
from ogc.maps.tiles import tile_frame, tile_limits
from tiles.frame import Frame
from tiles.matrix import Limits, Matrix, MatrixSet
from tiles.times import TimeQuery


@dataclass(frozen=True)
class Seeding:
    """The tiles of a layer in some styles at some dates (none: those that no time draws), on some levels of a grid within an area."""

    layer: str
    styles: tuple[str, ...]
    days: tuple[Day, ...]
    grid: MatrixSet
    levels: range
    area: Box
    """In longitude and latitude."""

    def count(self) -> int:
        """How many tiles these are."""
        places = sum(
            (limits.last_row - limits.first_row + 1) * (limits.last_column - limits.first_column + 1)
            for _, limits in self._limits()
        )
        return places * len(self.styles) * max(1, len(self.days))

    def tiles(self) -> Iterator[tuple[AskedLayer, Frame]]:
        """Level by level from the coarsest, so that what is seen first is drawn first."""
        for matrix, limits in self._limits():
            for row in range(limits.first_row, limits.last_row + 1):
                for column in range(limits.first_column, limits.last_column + 1):
                    frame = tile_frame(self.grid, matrix, column, row)
                    yield from ((asked, frame) for asked in self._asked())

    def _asked(self) -> Sequence[AskedLayer]:
        times: list[TimeQuery] = [(day_instant(day),) for day in self.days] or [()]
        return [AskedLayer(self.layer, style, time) for style in self.styles for time in times]

    def _limits(self) -> Iterator[tuple[Matrix, Limits]]:
        limits = tile_limits(self.grid, self.area)
        for number, matrix in enumerate(self.grid.matrices):
            if number in self.levels and matrix.id in limits:
                yield matrix, limits[matrix.id]
