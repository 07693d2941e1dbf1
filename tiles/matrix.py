# SPDX-License-Identifier: Apache-2.0
"""Tile matrix sets (17-083r4): the two registered ones that everybody draws, by morecantile, and the French national grid in Lambert-93."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from catalog.crs import Crs, transform_box
from catalog.model.area import Box

SIDE = 256
"""Pixels of a tile."""
_PIXEL = 0.00028
"""Metres of the standard's pixel, for scale denominators."""
_METRES_PER_DEGREE = 6_378_137.0 * math.pi / 180.0
_LAMBERT_CELL = 104_857.6
"""Metres of a pixel at level 0 of the national grid: 0.1 m at level 20."""
_LAMBERT_TOP = 12_000_000.0


@dataclass(frozen=True, slots=True)
class Matrix:
    """One level: square tiles from a corner, rows to the south."""

    id: str
    scale_denominator: float
    cell: float
    """CRS units of a pixel."""
    west: float
    north: float
    columns: int
    rows: int

    def box(self, column: int, row: int) -> Box:
        """The outer edge of a tile; x to the east, y to the north."""
        span = self.cell * SIDE
        west, north = self.west + column * span, self.north - row * span
        return Box(west=west, south=north - span, east=west + span, north=north)


@dataclass(frozen=True, slots=True)
class Limits:
    """The tiles that hold something: first and last row and column, all in."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """A pyramid of tiles in one CRS."""

    id: str
    uri: str | None
    """Of the definition, where it is registered."""
    well_known_scale_set: str | None
    crs: Crs
    matrices: tuple[Matrix, ...]

    def matrix(self, name: str) -> Matrix | None:
        """A level by its id."""
        return next((matrix for matrix in self.matrices if matrix.id == name), None)

    def limits(self, extent: Box) -> Iterator[tuple[Matrix, Limits]]:
        """Of each level, the tiles that meet an extent in longitude and latitude; none where it lies outside of the grid."""
        box = extent if self.crs.epsg == 4326 else transform_box(extent, 4326, self.crs.epsg)
        for matrix in self.matrices if box else ():
            found = _limits(matrix, box) if box else None
            if found:
                yield matrix, found


@lru_cache(1)
def matrix_sets() -> dict[str, MatrixSet]:
    """All sets by their ids; morecantile is loaded on first use."""
    import morecantile

    registered = {
        "WebMercatorQuad": (Crs(3857), "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible", 1.0, 19),
        "WorldCRS84Quad": (Crs(4326, lon_lat=True), None, _METRES_PER_DEGREE, 18),
    }
    out = {}
    for name, (crs, scale_set, metres, levels) in registered.items():
        grid = morecantile.tms.get(name)
        matrices = tuple(
            Matrix(
                one.id,
                one.cellSize * metres / _PIXEL,
                one.cellSize,
                *_corner(name, one.pointOfOrigin),
                one.matrixWidth,
                one.matrixHeight,
            )
            for one in grid.tileMatrices[:levels]
        )
        out[name] = MatrixSet(
            name, f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{name}", scale_set, crs, matrices
        )
    out["LAMB93"] = MatrixSet("LAMB93", None, None, Crs(2154), tuple(_lambert(level) for level in range(17)))
    return out


def _corner(name: str, origin: tuple[float, float]) -> tuple[float, float]:
    """West and north; CRS84 is longitude first, as morecantile writes it."""
    return (origin[0], origin[1]) if name != "WorldCRS84Quad" else (-180.0, 90.0)


def _lambert(level: int) -> Matrix:
    cell = _LAMBERT_CELL / 2**level
    span = cell * SIDE
    return Matrix(
        str(level),
        cell / _PIXEL,
        cell,
        0.0,
        _LAMBERT_TOP,
        math.ceil(1_400_000 / span),
        math.ceil(6_000_000 / span),
    )


def _limits(matrix: Matrix, box: Box) -> Limits | None:
    span = matrix.cell * SIDE
    first_column, last_column = (math.floor((x - matrix.west) / span) for x in (box.west, box.east))
    first_row, last_row = (math.floor((matrix.north - y) / span) for y in (box.north, box.south))
    found = Limits(
        max(0, first_row),
        min(matrix.rows - 1, last_row),
        max(0, first_column),
        min(matrix.columns - 1, last_column),
    )
    return found if found.first_row <= found.last_row and found.first_column <= found.last_column else None
