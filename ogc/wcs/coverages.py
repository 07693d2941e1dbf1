# SPDX-License-Identifier: Apache-2.0
"""Coverages: the data bands of a collection as one grid, in the CRS of its products where they share one, else in EPSG:4326."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.crs import CRS84, WEB_MERCATOR, WGS84, Crs
from catalog.kept import Kept
from catalog.model.area import Box, union
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import IDENTIFIER, AssetRole, Grid, Product, Summary
from catalog.model.time import Day
from catalog.query import Property, equal
from catalog.service import Catalog
from config.product_types import Band, ProductType
from ogc.http.fields import shown

_METRES_PER_DEGREE = 111_319.49
_KEPT = 256
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*\Z", re.ASCII)


@dataclass(frozen=True)
class Coverage:
    """A collection as numbers: the bands of its newest product, and its native grid, which lies on that product's pixels.

    A band that not all products have would leave nothing of those without it: a pixel is taken where all bands have a value.
    """

    kind: ProductType
    summary: Summary
    bands: dict[str, Band]
    grid: Grid
    product: Product | None = None
    """A dataset of the EO profile: this product alone, by its own id."""
    days: tuple[Day, ...] = ()
    """The steps of its time axis, where it has one."""

    @property
    def id(self) -> str:
        """Its name in every protocol."""
        return self.product.id if self.product else self.kind.id

    @property
    def title(self) -> str:
        """For people."""
        return self.product.id if self.product else self.kind.title.en

    @property
    def crs(self) -> Crs:
        """The native CRS."""
        return Crs(self.grid.epsg)

    @property
    def crs_list(self) -> tuple[Crs, ...]:
        """The CRSs in which it is given; the native one first."""
        return tuple(dict.fromkeys((self.crs, WGS84, CRS84, WEB_MERCATOR, Crs(2154), Crs(3035))))

    @property
    def nodata(self) -> int | None:
        """What means "no value" in every band, where they agree."""
        found = {band.nodata[0] if band.nodata else None for band in self.bands.values()}
        return found.pop() if len(found) == 1 else None


class Coverages:
    """The coverages of a catalogue, as one who asks may see them."""

    def __init__(self, catalog: Catalog, *, time_axis: bool = False) -> None:
        self._catalog, self._time_axis = catalog, time_axis
        self._kept = Kept[tuple[Coverage | None]](_KEPT)

    def offered(self, who: Principal, deadline: Deadline) -> Iterator[Coverage]:
        """Every collection of rasters that holds a product, those of spaces after the official ones."""
        for name in (*self._catalog.registry.types, *self._catalog.space_collections(who, deadline)):
            found = self._find(name, who, deadline)
            if found:
                yield found

    def is_offered(self, collection: str, who: Principal, deadline: Deadline) -> bool:
        """Whether a collection is a coverage."""
        return self._find(collection, who, deadline) is not None

    def coverage(self, name: str, who: Principal, deadline: Deadline) -> Coverage:
        """A coverage by its id. Raises Fault UNKNOWN_LAYER."""
        found = self._find(name, who, deadline) if len(name) <= 200 else None
        found = found or self._dataset_of(name, who, deadline)
        if found is None:
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no coverage {shown(name)}", "COVERAGE")
        return found

    def dataset(self, product: Product, who: Principal, deadline: Deadline) -> Coverage | None:
        """A product as a coverage of its own (10-140r1, RectifiedDataset); None where it has no values or a name that is no NCName."""
        whole = self._find(product.collection, who, deadline)
        grids = [one.grid for one in product.assets if one.role is AssetRole.DATA and one.grid]
        if whole is None or not grids or not _NCNAME.match(product.id):
            return None
        bands = {
            name: band
            for name, band in whole.kind.bands.items()
            if band.role == "data" and product.asset_of(name)
        }
        first = next(iter(bands.values())).dtype
        same = {name: band for name, band in bands.items() if band.dtype == first}
        finest = min(grids, key=lambda grid: grid.pixel_width)
        summary = Summary(
            product.collection, (product.day,), union(product.boxes), (finest.epsg,), 1, product.period.start, product.period.end, finest.box,
        )  # fmt: skip
        return Coverage(whole.kind, summary, same, finest, product)

    def _dataset_of(self, name: str, who: Principal, deadline: Deadline) -> Coverage | None:
        if not IDENTIFIER.match(name):
            return None
        found = self._catalog.search(equal(Property.ID, name), who, deadline, limit=1)
        return self.dataset(found[0], who, deadline) if found else None

    def _find(self, name: str, who: Principal, deadline: Deadline) -> Coverage | None:
        kind = self._catalog.kind_of(name)
        if not isinstance(kind, ProductType) or not self._catalog.may_see(name, who):
            return None
        edition, key = self._catalog.edition(), (name, who.view)
        kept = self._kept.get(edition, key)
        if kept is None:
            kept = (self._make(kind, who, deadline),)
            self._kept.put(edition, key, kept)
        return kept[0]

    def _make(self, kind: ProductType, who: Principal, deadline: Deadline) -> Coverage | None:
        summary = self._catalog.summary(kind.id, who, deadline)
        newest = self._catalog.search(equal(Property.COLLECTION, kind.id), who, deadline, limit=1)
        grids = [
            asset.grid
            for product in newest
            for asset in product.assets
            if asset.role is AssetRole.DATA and asset.grid
        ]
        if not grids or summary.extent is None:
            return None
        finest = min(grids, key=lambda grid: grid.pixel_width)
        there = {name for product in newest for asset in product.assets for name in asset.bands}
        bands = {name: band for name, band in kind.bands.items() if band.role == "data" and name in there}
        first = next(iter(bands.values())).dtype
        same = {name: band for name, band in bands.items() if band.dtype == first}
        days = summary.days if self._time_axis else ()
        return Coverage(kind, summary, same, _grid(summary, finest), days=days)


def _grid(summary: Summary, finest: Grid) -> Grid:
    """The least grid over the extent, on the pixels of a product; in degrees where the products lie in several CRSs."""
    assert summary.extent
    if summary.native is not None:
        return _snapped(
            finest.epsg, finest.west, finest.north, finest.pixel_width, finest.pixel_height, summary.native
        )
    step = finest.pixel_width / (1.0 if finest.epsg == WGS84.epsg else _METRES_PER_DEGREE)
    return _snapped(WGS84.epsg, 0.0, 0.0, step, step, summary.extent)


def _snapped(epsg: int, west: float, north: float, across: float, down: float, box: Box) -> Grid:
    """The grid of whole pixels from an origin that holds a box; a box that ends on a pixel's edge is not grown by rounding errors."""
    slack = 1e-3
    first, last = (
        math.floor((box.west - west) / across + slack),
        math.ceil((box.east - west) / across - slack),
    )
    upper, lower = (
        math.floor((north - box.north) / down + slack),
        math.ceil((north - box.south) / down - slack),
    )
    return Grid(
        epsg,
        west + first * across,
        north - upper * down,
        across,
        down,
        max(1, last - first),
        max(1, lower - upper),
    )
