# SPDX-License-Identifier: Apache-2.0
"""Where tiles lie: the layer and the frame of a tile within the limits of its layer, for every door that serves tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from catalog.model.area import WORLD, Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.service import Catalog
from ogc.http.fields import integer, shown
from ogc.maps.layers import Layers
from ogc.maps.service import AskedLayer
from tiles.frame import Frame
from tiles.matrix import SIDE, Limits, Matrix, MatrixSet, matrix_sets
from tiles.times import TimeQuery


@dataclass(frozen=True, slots=True)
class Place:
    """A tile of a layer."""

    layer: str
    style: str
    time: TimeQuery
    matrix_set: str
    matrix: str
    row: int
    column: int


def matrix_set_of(name: str) -> MatrixSet:
    """A set by its id. Raises Fault INVALID with the parameter as the locator."""
    found = matrix_sets().get(name)
    if found is None:
        raise Fault(Kind.INVALID, f"there is no tile matrix set {shown(name)}", "TileMatrixSet")
    return found


def matrix_of(matrix_set: str, matrix: str) -> tuple[MatrixSet, Matrix]:
    """A level of a set. Raises Fault INVALID with the parameter as the locator."""
    grid = matrix_set_of(matrix_set)
    found = grid.matrix(matrix)
    if found is None:
        raise Fault(Kind.INVALID, f"{grid.id} has no tile matrix {shown(matrix)}", "TileMatrix")
    return grid, found


def placed(
    place: Place, layers: Layers, catalog: Catalog, who: Principal, deadline: Deadline, out_of_range: Kind
) -> tuple[AskedLayer, Frame]:
    """The layer and the frame of a tile. Raises Fault for each parameter that is wrong, in order; `out_of_range` for a row or a column."""
    kind, layer = layers.layer(place.layer, who)
    layers.style(kind, layer, place.style)
    grid, matrix = matrix_of(place.matrix_set, place.matrix)
    extent = catalog.summary(kind.id, who, deadline).extent
    limits = tile_limits(grid, extent or WORLD).get(matrix.id)
    if limits is None:
        raise Fault(Kind.INVALID, f"the layer {place.layer} has no tiles in {grid.id}", "TileMatrixSet")
    for name, value, first, last in (
        ("TileRow", place.row, limits.first_row, limits.last_row),
        ("TileCol", place.column, limits.first_column, limits.last_column),
    ):
        if not first <= value <= last:
            raise Fault(out_of_range, f"{name}: {value} is not between {first} and {last}", name)
    return AskedLayer(place.layer, place.style, place.time), tile_frame(grid, matrix, place.column, place.row)


def tile_frame(grid: MatrixSet, matrix: Matrix, column: int, row: int) -> Frame:
    """The map that a tile is."""
    return Frame(grid.crs, matrix.box(column, row), SIDE, SIDE)


def tile_limits(grid: MatrixSet, extent: Box) -> Mapping[str, Limits]:
    """The limits of each level of a layer, by its id. The schema allows no greatest row or column of 0, so where one would be, the
    whole level is within the limits, which is also what a level without stated limits means.
    """
    return _tile_limits(grid.id, extent)


@lru_cache(1_024)
def _tile_limits(grid_id: str, extent: Box) -> Mapping[str, Limits]:
    """Each tile asks for them again."""
    out = {}
    for matrix, found in matrix_sets()[grid_id].limits(extent):
        whole = Limits(0, matrix.rows - 1, 0, matrix.columns - 1)
        out[matrix.id] = found if found.last_row and found.last_column else whole
    return out


def read_index(text: str, name: str) -> int:
    """A row or column of the path; a number that nothing has is out of range like one that is too large."""
    try:
        return integer(text)
    except Fault as fault:
        raise Fault(Kind.OUT_OF_RANGE, f"{name}: {fault.text}", name) from fault
