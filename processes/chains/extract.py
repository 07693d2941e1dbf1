# SPDX-License-Identifier: Apache-2.0
"""The coverage that is too large to wait for: bands of a selection as one GeoTIFF, in a CRS and a resolution, within a box or a polygon.

As on the map, the newest product that has a value in every band gives a pixel; with `clear`, the newest whose own mask says neither cloud nor shadow there.
Counts as they are stored, or values in their units. Made some rows at a time: memory does not grow with the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.crs import is_geographic, transform, transform_box
from catalog.model.area import Box, union
from catalog.model.product import Grid
from catalog.raster.files import describe
from catalog.raster.onto import Method, read_onto
from catalog.raster.write import BandLabel, write_geotiff_rows
from catalog.raster.zones import inside

_ROWS = 512
_METRES_PER_DEGREE = 111_319.49
_SIDE = 100_000
Rows = NDArray[Any]


@dataclass(frozen=True)
class Cloudy:
    """The mask of a product, and which of its counts mean cloud or shadow: one of `values`, or any of `bits`."""

    path: Path
    index: int
    values: tuple[int, ...]
    bits: int

    def clear(self, part: Grid) -> NDArray[np.bool_]:
        """Where there is neither; what the mask does not cover is clear, as on the map."""
        counts = read_onto(self.path, self.index, part, "nearest", None)
        known = np.isfinite(counts)
        whole = np.where(known, counts, 0).astype(np.int64)
        hit = np.isin(whole, self.values) if self.values else (whole & self.bits) != 0
        out: NDArray[np.bool_] = ~(hit & known)
        return out


@dataclass(frozen=True)
class Source:
    """A product: its bands, and its mask where pixels with clouds are left out."""

    bands: tuple[Stored, ...]
    mask: Cloudy | None


@dataclass(frozen=True)
class Stored:
    """A band of a product: the file, its grid, and what its counts mean."""

    path: Path
    index: int
    grid: Grid
    scale: float
    offset: float
    nodata: tuple[float, ...]
    dtype: str

    @property
    def meaning(self) -> tuple[float, float, float | None, str]:
        """What bands of one file must have in common."""
        return self.scale, self.offset, next(iter(self.nodata), None), self.dtype


def run(
    items: Sequence[dict[str, Any]], values: dict[str, Any], out: Path, tell: Callable[[int, str], None]
) -> dict[str, Any]:
    """Writes `extract.tif`. Raises ValueError for bands that cannot stand in one file, or an area where there is nothing."""
    names: list[str] = values["bands"]
    newest = sorted(items, key=lambda one: (one["day"], one["id"]), reverse=True)
    physical = values.get("values") == "physical"
    sources = [Source(_bands(item, names), _mask(item) if values.get("clear") else None) for item in newest]
    products = [source.bands for source in sources]
    if not physical:
        _must_fit(names, products)
    first = products[0]
    shape = shapely.geometry.shape(values["area"]) if values.get("area") else None
    grid = _grid(first[0].grid, products, values, shape)
    area = None if shape is None else shapely.transform(
        shapely.segmentize(shape, 0.01), lambda x, y: transform(4326, grid.epsg, x, y), interleaved=False
    )  # fmt: skip
    nodata: float | None
    if physical:
        dtype, none, nodata, labels = "float32", np.nan, np.nan, [BandLabel(name) for name in names]
    else:
        dtype, none = first[0].dtype, next(iter(first[0].nodata), 0.0)
        nodata = none if first[0].nodata or values.get("clear") else None
        labels = [BandLabel(name, one.scale, one.offset) for name, one in zip(names, first, strict=True)]
    parts = _parts(sources, grid, area, Filling(np.dtype(dtype), none, values["method"], physical), tell)
    write_geotiff_rows(out / "extract.tif", parts, grid, len(names), dtype, nodata, labels, "deflate")
    return {}


def _must_fit(names: Sequence[str], products: Sequence[Sequence[Stored]]) -> None:
    """Raises ValueError where counts would not mean the same in one file; values in their units always do."""
    for number, name in enumerate(names):
        if len({bands[number].meaning for bands in products}) > 1:
            raise ValueError(
                f"{name} has different scales or types in the products of the selection; order physical values"
            )
    if len({(one.dtype, next(iter(one.nodata), None)) for one in products[0]}) > 1:
        raise ValueError(
            "bands of different types do not stand in one file; order physical values, or one by one"
        )


def _mask(item: Mapping[str, Any]) -> Cloudy | None:
    rule = item.get("cloudy")
    found = item["bands"].get(rule["band"]) if rule else None
    if not rule or found is None:
        return None
    bits = sum(1 << bit for bit in rule["bits"])
    return Cloudy(Path(found["path"]), found["index"], tuple(rule["values"]), bits)


def _bands(item: Mapping[str, Any], names: Sequence[str]) -> tuple[Stored, ...]:
    found = []
    for name in names:
        one = item["bands"].get(name)
        if one is None:
            raise ValueError(f"{item['id']} has no band {name}")
        described = describe(Path(one["path"]))
        found.append(
            Stored(
                Path(one["path"]), one["index"], described.grid, one["scale"], one["offset"],
                tuple(one["nodata"]), described.dtypes[one["index"] - 1],
            )
        )  # fmt: skip
    return tuple(found)


def _grid(
    native: Grid,
    products: Sequence[Sequence[Stored]],
    values: Mapping[str, Any],
    shape: shapely.Geometry | None,
) -> Grid:
    """The grid of the answer: in the native CRS on the pixels of the newest product, so that unscaled values are the stored ones."""
    epsg = values.get("epsg") or native.epsg
    box = _box(products, values, shape, epsg)
    if epsg == native.epsg and not values.get("resolution"):
        left = np.floor((box.west - native.west) / native.pixel_width + 1e-6)
        top = np.floor((native.north - box.north) / native.pixel_height + 1e-6)
        across, down, west, north = (
            native.pixel_width,
            native.pixel_height,
            native.west + float(left) * native.pixel_width,
            native.north - float(top) * native.pixel_height,
        )
    else:
        step = native.pixel_width * (_METRES_PER_DEGREE if is_geographic(native.epsg) else 1.0)
        across = values.get("resolution") or step / (_METRES_PER_DEGREE if is_geographic(epsg) else 1.0)
        down, west, north = across, box.west, box.north
    width, height = (
        int(np.ceil((box.east - west) / across - 1e-6)),
        int(np.ceil((north - box.south) / down - 1e-6)),
    )
    if not (0 < width <= _SIDE and 0 < height <= _SIDE):
        raise ValueError(f"{width} x {height} pixels: a side has 1 to {_SIDE}")
    return Grid(epsg, west, north, across, down, width, height)


def _box(
    products: Sequence[Sequence[Stored]],
    values: Mapping[str, Any],
    shape: shapely.Geometry | None,
    epsg: int,
) -> Box:
    """Where the answer lies: the products, or the part of them in the box or the polygon."""
    whole = union(
        moved
        for bands in products
        if (moved := transform_box(bands[0].grid.box, bands[0].grid.epsg, epsg)) is not None
    )
    asked = shape.bounds if shape is not None else values.get("bbox")
    if whole is None or asked is None:
        if whole is None:
            raise ValueError(f"the products do not lie in EPSG:{epsg}")
        return whole
    west, south, east, north = asked
    there = transform_box(Box(west=west, south=south, east=east, north=north), 4326, epsg)
    if there is None or not there.meets(whole):
        raise ValueError("no product of the selection lies in this area")
    return Box(
        west=max(there.west, whole.west), south=max(there.south, whole.south),
        east=min(there.east, whole.east), north=min(there.north, whole.north),
    )  # fmt: skip


@dataclass(frozen=True)
class Filling:
    """How pixels are made: their type, what means "no value", the resampling, and whether they are values in units."""

    dtype: np.dtype[Any]
    none: float
    method: Method
    physical: bool

    def made(self, counts: NDArray[Any], band: Stored) -> NDArray[Any]:
        """Pixels of resampled counts."""
        if self.physical:
            return (counts * band.scale + band.offset).astype(self.dtype)
        return (counts if self.dtype.kind == "f" else np.rint(counts)).astype(self.dtype)


def _parts(
    sources: Sequence[Source],
    grid: Grid,
    area: shapely.Geometry | None,
    filling: Filling,
    tell: Callable[[int, str], None],
) -> Iterator[Rows]:
    for top in range(0, grid.height, _ROWS):
        tell(100 * top // grid.height, f"row {top} of {grid.height}")
        height = min(_ROWS, grid.height - top)
        part = replace(grid, north=grid.north - top * grid.pixel_height, height=height)
        yield _rows(sources, part, area, filling)


def _rows(sources: Sequence[Source], part: Grid, area: shapely.Geometry | None, filling: Filling) -> Rows:
    out = np.full((len(sources[0].bands), part.height, part.width), filling.none, filling.dtype)
    todo = inside(area, part) if area is not None else np.ones((part.height, part.width), np.bool_)
    for source in sources:
        bands = source.bands
        if not todo.any():
            break
        if not _meets(bands[0].grid, part):
            continue
        read = [
            read_onto(one.path, one.index, part, filling.method, next(iter(one.nodata), None))
            for one in bands
        ]
        good = todo & np.logical_and.reduce([np.isfinite(values) for values in read])
        if source.mask:
            good &= source.mask.clear(part)
        for number, (values, band) in enumerate(zip(read, bands, strict=True)):
            out[number][good] = filling.made(values[good], band)
        todo &= ~good
    return out


def _meets(grid: Grid, part: Grid) -> bool:
    moved = transform_box(grid.box, grid.epsg, part.epsg)
    return moved is not None and moved.meets(part.box)
