# SPDX-License-Identifier: Apache-2.0
"""Polygons of a product in one GeoParquet file (version 1.1, WKB, a box for each): neighbours stand together, so that a map reads the groups that it meets."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.crs import projjson
from catalog.model.area import Box

GROUP = 1_024
"""Polygons that are read together."""
NUMBER, GEOMETRY, BOUNDS = "number", "geometry", "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_OPEN = 32


@dataclass(frozen=True, slots=True)
class Polygon:
    """A polygon with its attributes, in the CRS of its file."""

    number: int
    """From 0, in the order of the file."""
    shape: shapely.Geometry
    attributes: Mapping[str, Any]


def write_polygons(
    path: Path, epsg: int, shapes: NDArray[Any], attributes: Mapping[str, Sequence[Any]]
) -> None:
    """Writes polygons (shapely, in x, y of the CRS) with their attributes."""
    import pyarrow as pa  # 40 MB that a server without polygons does without
    import pyarrow.parquet as pq

    order = _neighbours(shapes)
    shapes = shapes[order]
    bounds = shapely.bounds(shapes)
    sides = pa.StructArray.from_arrays([pa.array(bounds[:, at]) for at in range(4)], names=list(_SIDES))
    columns: dict[str, Any] = {
        NUMBER: pa.array(np.arange(len(shapes))),
        **{name: pa.array([values[at] for at in order]) for name, values in attributes.items()},
        GEOMETRY: pa.array(shapely.to_wkb(shapes), pa.binary()),
        BOUNDS: sides,
    }
    whole = [float(one) for one in (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))]
    told = {
        "version": "1.1.0", "primary_column": GEOMETRY,
        "columns": {GEOMETRY: {
            "encoding": "WKB", "geometry_types": sorted(set(map(str, (one.geom_type for one in shapes)))), "bbox": whole,
            "crs": projjson(epsg),
            "covering": {BOUNDS: {side: [BOUNDS, side] for side in _SIDES}},
        }},
    }  # fmt: skip
    table = pa.table(columns).replace_schema_metadata({"geo": json.dumps(told)})
    pq.write_table(table, path, row_group_size=GROUP, compression="zstd")


class PolygonFiles:
    """Reads such files; keeps those that were asked last open. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _File] = OrderedDict()

    def within(self, path: Path, box: Box, most: int) -> list[Polygon] | None:
        """The polygons whose boxes meet a box of the file's CRS; None where there are more than `most`. Raises OSError."""
        return self._file(path).within(box, most)

    def at(self, path: Path, x: float, y: float) -> Polygon | None:
        """The polygon that holds a point of the file's CRS. Raises OSError."""
        found = self._file(path).within(Box(west=x, south=y, east=x, north=y), GROUP)
        return next((one for one in found or () if shapely.intersects_xy(one.shape, x, y)), None)

    def page(self, path: Path, box: Box | None, first: int, most: int) -> list[Polygon]:
        """At most `most` polygons from a number on, those that meet a box. Raises OSError."""
        return self._file(path).page(box, first, most)

    def count(self, path: Path, box: Box | None) -> int:
        """How many polygons there are, or have boxes that meet a box. Raises OSError."""
        return self._file(path).count(box)

    def _file(self, path: Path) -> _File:
        with self._lock:
            found = self._open.pop(path, None) or _File(path)
            self._open[path] = found
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
            return found


class _File:
    """One file: the boxes of all its polygons in memory (32 bytes each), the rest read a group at a time."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._lock = threading.Lock()
            self._file = pq.ParquetFile(path)
            sides = self._file.read([f"{BOUNDS}.{side}" for side in _SIDES]).column(BOUNDS).combine_chunks()
        except pa.ArrowException as error:
            raise OSError(f"{path.name} is no file of polygons") from error
        self._bounds = np.column_stack([sides.field(at).to_numpy(zero_copy_only=False) for at in range(4)])

    def within(self, box: Box, most: int) -> list[Polygon] | None:
        numbers = np.flatnonzero(self._meets(box))
        return None if len(numbers) > most else self._read(numbers)

    def page(self, box: Box | None, first: int, most: int) -> list[Polygon]:
        numbers = np.arange(first, min(first + most, len(self._bounds)))
        if box is not None:
            numbers = np.flatnonzero(self._meets(box))
            numbers = numbers[numbers >= first][:most]
        return self._read(numbers)

    def count(self, box: Box | None) -> int:
        return len(self._bounds) if box is None else int(self._meets(box).sum())

    def _meets(self, box: Box) -> NDArray[np.bool_]:
        west, south, east, north = self._bounds.T
        found: NDArray[np.bool_] = (
            (west <= box.east) & (east >= box.west) & (south <= box.north) & (north >= box.south)
        )
        return found

    def _read(self, numbers: NDArray[np.int64]) -> list[Polygon]:
        out = []
        for group in np.unique(numbers // GROUP):
            mine = numbers[numbers // GROUP == group] - group * GROUP
            with self._lock:
                table = self._file.read_row_group(int(group)).drop([BOUNDS]).take(mine)
            shapes = shapely.from_wkb(table.column(GEOMETRY).to_numpy())
            rows = table.drop([GEOMETRY]).to_pylist()
            out += [Polygon(row.pop(NUMBER), shape, row) for row, shape in zip(rows, shapes, strict=True)]
        return out


def _neighbours(shapes: NDArray[Any]) -> NDArray[np.int64]:
    """An order in which neighbours stand together: the bits of column and row of their middles, one after the other (Morton, 1966)."""
    bounds = shapely.bounds(shapes)
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    low, high = middles.min(axis=0), middles.max(axis=0)
    cells = ((middles - low) / np.where(high > low, high - low, 1) * 65_535).astype(np.uint64)
    key = np.zeros(len(shapes), np.uint64)
    for bit in range(16):
        for axis in (0, 1):
            key |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return np.argsort(key, kind="stable")
