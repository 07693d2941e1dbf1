# SPDX-License-Identifier: Apache-2.0
"""Products, their assets and the grids these lie on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath

from catalog.model.area import Box
from catalog.model.objects import OBJECT
from catalog.model.tape import NEARLINE
from catalog.model.time import Day, Micros, Period

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z", re.ASCII)


_METRES_PER_DEGREE = 111_319.49
_DEGREES = frozenset({4326, 4258, 4269})
"""EPSG codes of our table whose unit is the degree."""
_MEDIA_TYPES = {".jp2": "image/jp2", ".tif": "image/tiff; application=geotiff; profile=cloud-optimized", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
               ".xml": "application/xml", ".json": "application/json", ".parquet": "application/vnd.apache.parquet"}  # fmt: skip


class AssetRole(Enum):
    """What an asset is for."""

    DATA = "data"
    """The bands as numbers."""
    MASK = "mask"
    SIDECAR = "sidecar"
    """Coarser levels of an asset that has none of its own."""
    VISUAL = "visual"
    """Three 8-bit bands, stretched; 0 is no data."""
    QUICKLOOK = "quicklook"
    METADATA = "metadata"
    VECTOR = "vector"
    """The polygons that a band was burnt from."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the pixels of a raster are: outer corner of the first pixel, sizes; x to the east, y to the north."""

    epsg: int
    west: float
    north: float
    pixel_width: float
    pixel_height: float
    """Positive: rows run south."""
    width: int
    height: int

    @property
    def box(self) -> Box:
        """The outer edge of the raster in its own CRS."""
        return Box(
            west=self.west,
            south=self.north - self.height * self.pixel_height,
            east=self.west + self.width * self.pixel_width,
            north=self.north,
        )


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a product."""

    def __hash__(self) -> int:
        return hash((self.key, self.path))

    key: str
    role: AssetRole
    path: str
    """Absolute, or relative to the archive folder; never from a client."""
    driver: str
    bytes: int = 0
    sha256: str = ""
    grid: Grid | None = None
    dtype: str = ""
    bands: Mapping[str, int] = field(default_factory=dict)
    """Band name to index in the file, from 1."""
    scale: float = 1.0
    offset: float = 0.0
    nodata: tuple[int, ...] = ()
    overviews: tuple[int, ...] = ()
    """Decimation factors of the levels in the file, rising."""
    low: str = ""
    """Path of the low-zoom array of this asset (tiles of a whole country are drawn from these)."""
    tier: str = "online"
    """`online` is a file of the archive's folder, `object` one of its object storage, `nearline` one on tape."""

    @property
    def on_tape(self) -> bool:
        """Whether it must be fetched before anybody can read it."""
        return self.tier == NEARLINE

    @property
    def in_bucket(self) -> bool:
        """Whether it lies in the archive's object storage."""
        return self.tier == OBJECT

    @property
    def media_type(self) -> str:
        """By the ending that we gave its file."""
        return _MEDIA_TYPES.get(PurePosixPath(self.path).suffix.lower(), "application/octet-stream")


ANGLES = ("sun_zenith", "sun_azimuth", "view_zenith", "view_azimuth")
"""The quality entries in which ingest keeps the mean geometry of an image."""


@dataclass(frozen=True, slots=True)
class Product:
    """One item of a collection, in one version."""

    id: str
    version: str
    collection: str
    period: Period
    day: Day
    """The nominal day: what the time dimension lists."""
    footprint: bytes
    """WKB, EPSG:4326 in x = longitude, y = latitude order; a polygon or multipolygon."""
    boxes: tuple[Box, ...]
    """Longitude/latitude boxes of the footprint, two where it crosses the antimeridian."""
    assets: tuple[Asset, ...]
    cloud: float | None = None
    """Percent of the valid pixels."""
    snow: float | None = None
    platform: str = ""
    zone: str = ""
    produced: Micros | None = None
    source: str = ""
    """Where it was ingested from."""
    quality: Mapping[str, str] = field(default_factory=dict)
    audience: str = ""
    """Empty: everybody, as far as the collection's rights go; `u.name` or `g.name`: these only (catalog.model.spaces)."""
    key: int = 0
    """The store's own number; 0 before it is stored."""

    @property
    def angles(self) -> dict[str, float]:
        """Mean angles of sun and view (ANGLES), degrees; empty where its metadata do not say them."""
        told = {name: self.quality[name] for name in ANGLES if name in self.quality}
        return {name: float(value) for name, value in told.items()} if len(told) == len(ANGLES) else {}

    @property
    def resolution(self) -> float | None:
        """The least width of a pixel of its data, metres (of a degree at the equator); None where it has no grid."""
        widths = [
            one.grid.pixel_width * (_METRES_PER_DEGREE if one.grid.epsg in _DEGREES else 1.0)
            for one in self.assets
            if one.grid and one.role is AssetRole.DATA
        ]
        return min(widths, default=None)

    def asset_of(self, band: str) -> Asset | None:
        """The data or mask asset that holds a band."""
        return next(
            (
                asset
                for asset in self.assets
                if asset.role in (AssetRole.DATA, AssetRole.MASK) and band in asset.bands
            ),
            None,
        )

    def first(self, role: AssetRole) -> Asset | None:
        """The first asset of a role."""
        return next((asset for asset in self.assets if asset.role is role), None)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a collection holds, for one who may see it; `native` is the extent of its pixels in their CRS, where they share one."""

    collection: str
    days: tuple[Day, ...]
    extent: Box | None
    epsgs: tuple[int, ...]
    products: int
    first: Micros | None
    last: Micros | None
    native: Box | None = None

    @property
    def latest(self) -> Day | None:
        """The default of the time dimension."""
        return self.days[-1] if self.days else None


class Facet(Enum):
    """By what the products of a search are counted."""

    COLLECTION = "collection"
    PLATFORM = "platform"
    ZONE = "zone"
    MONTH = "month"
    """Of their start, `2023-03`."""
    CLOUD = "cloud"
    """Tenths of the cloud cover, by their lower end in percent."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a search has in all."""

    count: int
    first: Micros | None
    last: Micros | None
    """Start of the first and end of the last one."""
    facets: Mapping[Facet, tuple[tuple[str, int], ...]]
    """Value and number; the commonest first, months and tenths in their order."""


def version_order(version: str) -> tuple[tuple[int, str], ...]:
    """A key by which versions rise: numbers by value (`1-10` after `1-9`), the rest by letters, an empty one first."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"[-._]", version) if part
    )
