# SPDX-License-Identifier: Apache-2.0
"""Series types: families of series of stations, one YAML file each."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from config.published import Frozen, Layer, Published
from config.settings import Bilingual
from config.styles import Points


class ObservedProperty(Frozen):
    """What a series measures."""

    title: Bilingual
    unit: str
    """UCUM."""
    datum: str = ""
    """The surface of reference of a height: an EPSG code of a vertical reference system, empty for other quantities."""
    definition: str | None = None
    """An address of the concept in a public vocabulary."""


class Table(Frozen):
    """The columns of a CSV file of series, by their headings."""

    files: str
    """The names of its files, with `*` and `?`."""
    separator: Literal[",", ";", "\t", "|"] = ","
    station: str = ""
    """Without it the name of the file, up to its ending, is the station."""
    prefix: str = ""
    """What the ids of its stations begin with."""
    name: str = ""
    water: str = ""
    basin: str = ""
    country: str = ""
    longitude: str = ""
    latitude: str = ""
    """Degrees, WGS 84. Without them a station must be known."""
    time: str
    time_format: str = ""
    """As strptime reads it; ISO 8601 without one."""
    zone: str = "UTC"
    """Of times that name none, in the words of the IANA database."""
    values: Annotated[dict[str, str], Field(min_length=1)]
    """Property to column."""
    uncertainties: dict[str, str] = Field(default_factory=dict)
    """Property to column: one standard deviation, in the unit of the value."""
    scales: dict[str, float] = Field(default_factory=dict)
    """Property to the factor that makes its unit of the column's."""
    quality: str = ""
    qualities: dict[str, Literal["good", "suspect", "estimate", "poor", "unchecked"]] = Field(
        default_factory=dict
    )
    """What the words of the column `quality` mean."""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is not a zone of the IANA database")
        return value

    def named(self) -> tuple[str, ...]:
        """The columns that must be there."""
        optional = (
            self.station,
            self.longitude,
            self.latitude,
            self.name,
            self.water,
            self.basin,
            self.country,
            self.quality,
        )
        return (
            self.time,
            *self.values.values(),
            *self.uncertainties.values(),
            *(one for one in optional if one),
        )


class SeriesType(Published):
    """A family of series of stations, made by one chain and published as one collection; the procedure and the offering of an SOS."""

    reader: Literal["hydroweb", "swot", "table", "waterml"]
    body: Literal["river", "lake", "reach", "node", "gauge"]
    """What its stations are: virtual stations of rivers, lakes, SWOT's reaches and nodes, gauges in the water."""
    status: Literal["operational", "research"] = "operational"
    """Which deliveries it takes: the near real time chain's, or the experts'."""
    table: Table | None = None
    """The columns of its files, for the reader `table`."""
    files: str = "*"
    """The names of its files, for the reader `waterml`."""
    properties: dict[str, ObservedProperty]
    interpolation: Literal["Continuous", "Discontinuous"] = "Discontinuous"
    """WaterML 2.0: whether a client may draw a line between two points."""
    point: Points
    """How its stations are drawn where nothing else is asked."""
    points: tuple[Points, ...] = ()
    """Other ways."""
    shown: str = ""
    """The property whose newest value colours them; the first without one."""
    former: tuple[str, ...] = ()
    """Ids that other servers gave this collection, which clients still ask for."""

    @model_validator(mode="after")
    def _declared(self) -> SeriesType:
        if (self.reader == "table") != (self.table is not None):
            raise ValueError("the reader `table` needs `table`, and no other takes it")
        unknown = set(self.table.values) - set(self.properties) if self.table else set()
        if self.shown and self.shown not in self.properties:
            raise ValueError(f"shown names {self.shown}, which is not among the properties")
        if unknown:
            raise ValueError(
                f"table.values names {', '.join(sorted(unknown))}, which is not among the properties"
            )
        return self

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its one map layer: the stations."""
        return (Layer(title=self.title, styles=(self.point.id, *(one.id for one in self.points))),)

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """The same: stations have no footprints."""
        return self.layers

    @property
    def coloured(self) -> str:
        """The property whose newest value colours stations."""
        return self.shown or next(iter(self.properties))

    def style(self, name: str) -> Points | None:
        """A way to draw its stations."""
        return next((one for one in (self.point, *self.points) if one.id == name), None)
