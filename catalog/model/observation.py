# SPDX-License-Identifier: Apache-2.0
"""Stations, their series, and observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from catalog.model.area import Box
from catalog.model.time import Micros

_ENOUGH = 10


class Quality(Enum):
    """How far a value may be trusted, in the words of WaterML 2.0 (10-126r4, table of quality codes)."""

    GOOD = "good"
    SUSPECT = "suspect"
    ESTIMATE = "estimate"
    POOR = "poor"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Station:
    """A place where something is observed again and again: a virtual station of a river, or a lake."""

    id: str
    """Permanent, `[A-Za-z0-9._-]`: the name of the first delivery."""
    collection: str
    """Of its first series: under whose rights it stands."""
    body: str
    """`river`, `lake`, `reach`, `node` or `gauge`."""
    name: str
    water: str
    """The river's or lake's name."""
    basin: str
    country: str
    longitude: float
    latitude: float
    """Degrees, WGS 84."""
    distance_km: float | None = None
    """Along the river to its mouth."""
    aliases: tuple[str, ...] = ()
    """Other names and numbers of the same place (Hydroweb's 13 digits)."""
    key: int = 0
    outline: bytes = b""
    """The line of a reach or the shape of a lake (WKB, longitude and latitude), as a delivery has it; empty on stations that were read."""

    @property
    def box(self) -> Box:
        """The point as a box."""
        return Box(west=self.longitude, south=self.latitude, east=self.longitude, north=self.latitude)


@dataclass(frozen=True, slots=True)
class Series:
    """What one chain observed of one property at one station."""

    station: str
    collection: str
    observed_property: str
    producer: str
    version: str
    datum: str
    """EPSG code of the vertical reference system of a height, or what the delivery calls it; empty for other quantities."""
    quality: Quality
    first: Micros
    last: Micros
    count: int
    modified: Micros
    source: str = ""
    key: int = 0
    mean: float = 0.0
    """Of its values, in the property's unit."""
    deviation: float = 0.0
    """The standard deviation of its values, same unit."""
    place: tuple[float, float] | None = None
    """Longitude and latitude of its station, degrees, WGS 84; None where it does not come from the store."""

    @property
    def id(self) -> str:
        """Its public name, unique among the current series."""
        return f"{self.station}.{self.collection}.{self.observed_property}"

    def anomaly(self, value: float) -> float | None:
        """How many standard deviations a value is above the mean of the series; None where that says nothing (fewer than ten values, or all alike)."""
        return anomaly_of(value, self.mean, self.deviation, self.count)


def anomaly_of(value: float, mean: float, deviation: float, count: int) -> float | None:
    """Standard deviations above a mean; None for fewer than ten values, or values that are all alike."""
    return (value - mean) / deviation if count >= _ENOUGH and deviation > 0.0 else None


@dataclass(frozen=True, slots=True)
class Point:
    """One observation: an instant in UTC, a value in the property's unit, and its uncertainty (one standard deviation, same unit)."""

    time: Micros
    value: float
    uncertainty: float | None = None
    quality: Quality | None = None
    """How far it may be trusted, where that differs from its series."""
    mission: str = ""
    """What saw it: a satellite, with its track where that is known (`S3A-0427`)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """When the first and the last of some points are, and how many there are."""

    first: Micros
    last: Micros
    count: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A station on a map, with the newest value of one property."""

    longitude: float
    latitude: float
    name: str
    label: str
    """For a map."""
    value: float | None = None
    """In the property's unit."""
    anomaly: float | None = None
    """Standard deviations above the mean of its series."""
    id: str = ""
    outline: bytes = b""
    """The line or shape of it (WKB, longitude and latitude), where it is more than a point."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A station as a map shows it."""

    station: Station
    series: tuple[Series, ...]
    latest: Mapping[str, Point]
    """The newest point of each property."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A point with the series that it belongs to."""

    station: str
    collection: str
    observed_property: str
    point: Point


@dataclass(frozen=True)
class Delivery:
    """What a file brings: a station and the points of its properties, as the reader understood them."""

    station: Station
    reader: str
    """Who understood them; with the station's body and the status, this says which series type takes them."""
    status: str
    """`operational` or `research`."""
    version: str
    datum: str
    quality: Quality
    points: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    placed: bool = True
    """Whether it says where the station is; otherwise the station must be known."""


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which observations: everything that is not said is not restricted."""

    collections: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    """Ids of stations, not aliases."""
    area: Box | None = None
    """Longitude and latitude."""
    start: Micros | None = None
    """Included."""
    end: Micros | None = None
    """Excluded."""
