# SPDX-License-Identifier: Apache-2.0
"""Product types: everything we know of a family of products, one YAML file each."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from config.chains import Process
from config.settings import Bilingual
from config.styles import Colour, Composite, Points, Style

Policy = Literal["in_place", "overview_sidecar", "visual_only", "full_cog"]
Dtype = Literal["uint8", "int16", "uint16", "float32"]
_DAYS = re.compile(r"P([0-9]{1,5})D\Z")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return text


def _days(text: str) -> str:
    if not _DAYS.match(text):
        raise ValueError('must be a number of days such as "P10D"')
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Days = Annotated[str, AfterValidator(_days)]


def days(text: str) -> timedelta:
    """The length of a `P<n>D` duration."""
    match = _DAYS.match(text)
    assert match, text
    return timedelta(days=int(match[1]))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassValue(_Frozen):
    """A class of a class map."""

    value: Annotated[int, Field(ge=0, le=255)]
    title: Bilingual
    colour: Colour


class Bit(_Frozen):
    """A bit of a mask; 0 is the least significant."""

    bit: Annotated[int, Field(ge=0, le=15)]
    title: Bilingual
    colour: Colour = "#FF00FF80"


class Band(_Frozen):
    """One band: where it is in the distributed files, and what its counts mean (value = count x scale + offset)."""

    title: Bilingual
    files: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    """Patterns of the member's name, tried in order; the whole base name must match."""
    index: Annotated[int, Field(ge=1)] = 1
    """The band in the file."""
    dtype: Dtype
    unit: str = "1"
    scale: float = 1.0
    offset: float = 0.0
    nodata: tuple[int, ...] = ()
    """Counts that mean "no value"; the first is what we write."""
    wavelength: float | None = None
    """Centre, micrometres."""
    required: bool = True
    role: Literal["data", "mask"] = "data"
    classes: tuple[ClassValue, ...] = ()
    bits: tuple[Bit, ...] = ()

    @model_validator(mode="after")
    def _one_meaning(self) -> Band:
        if self.classes and self.bits:
            raise ValueError("a band has classes or bits, not both")
        return self

    @property
    def categorical(self) -> bool:
        """Whether counts name things, so that two of them cannot be averaged."""
        return bool(self.classes or self.bits) or self.role == "mask"


class PixelRule(_Frozen):
    """The pixels of a mask for which something holds: any of these bits is set, or the count is one of these."""

    band: str
    bits: tuple[Annotated[int, Field(ge=0, le=15)], ...] = ()
    values: tuple[Annotated[int, Field(ge=0, le=65_535)], ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> PixelRule:
        if bool(self.bits) == bool(self.values):
            raise ValueError("needs either bits or values")
        return self


class Layer(_Frozen):
    """A map layer of the collection; the one without a suffix is the collection's own."""

    suffix: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = ""
    title: Bilingual
    styles: Annotated[tuple[str, ...], Field(min_length=1)]
    """Style ids; the first is the default."""


class Naming(_Frozen):
    """How a product is recognised by its name, and which name it has in the catalogue.

    The groups `date` (YYYYMMDD, then optionally -HHMMSS-mmm or THHMMSS), `zone`, `version`, `platform`, `profile`, `stop`
    are used where the pattern has them.
    """

    pattern: Pattern
    identity: str
    """The product's id: the distributed name without its version, as a format over the groups."""
    fixed: dict[str, str] = {}
    """Groups that the names of this type do not carry."""
    years: tuple[int, int] | None = None
    """First and last year of products of this type, where one name serves several types."""


class Published(_Frozen):
    """What every collection says of itself, whatever it holds."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]
    title: Bilingual
    abstract: Bilingual
    keywords: tuple[Bilingual, ...] = ()
    order: int = 100
    """Where the collection stands in lists; the least first."""
    level: str
    topic: Literal["imageryBaseMapsEarthCover", "inlandWaters", "environment"] = "imageryBaseMapsEarthCover"
    """The ISO 19115 topic category."""
    platforms: tuple[str, ...] = ()
    maturity: Literal["demonstration", "research", "operational"]
    centre: str
    """The expertise centre that owns the product."""
    producer: str
    licence: str
    licence_url: str | None = None
    attribution: str
    attribution_url: str | None = None
    doi: str | None = None

    def layer_name(self, layer: Layer) -> str:
        """The name of a layer in every map service."""
        return f"{self.id}.{layer.suffix}" if layer.suffix else self.id


class ProductType(Published):
    """A family of products, published as one collection."""

    instrument: str | None = None
    reader: Literal["muscate", "rasters"]
    naming: tuple[Naming, ...] = ()
    """How distributed products are recognised; a derived type has none, its products come from jobs."""
    derived: bool = False
    """Made by processes: every space may have a collection of it."""
    duration: Literal["instant", "day", "month", "year"] = "instant"
    """How long a product stands for, from its date."""
    window: Days
    """What is drawn when no time is asked: this long, ending at the latest date."""
    nearest: Days = "P0D"
    """How far back a day without data may reach for one with data (nearestValue)."""
    policy: Policy = "full_cog"
    grid_side: Annotated[int, Field(ge=1)]
    """The most pixels a side of a band may have."""
    continuous: bool = True
    """Whether values between pixels mean something (bilinear) or not (nearest, mode)."""
    bands: dict[str, Band]
    cloudy: PixelRule | None = None
    snowy: PixelRule | None = None
    styles: tuple[Style, ...] = ()
    """Styles of this type alone; shared ones stand in config/styles."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    visual: str | None = None
    """The composite style that ingest bakes into an 8-bit asset."""
    embargo: Days = "P0D"
    """How long after its date a product is for operators only."""

    @model_validator(mode="after")
    def _closed(self) -> ProductType:
        if not self.naming and not self.derived:
            raise ValueError("needs a naming, or is derived")
        for name, rule in (("cloudy", self.cloudy), ("snowy", self.snowy)):
            if rule and rule.band not in self.bands:
                raise ValueError(f"{name} names the band {rule.band}, which is not among the bands")
        if self.layers[0].suffix:
            raise ValueError("the first layer is the collection's own and has no suffix")
        return self


class ObservedProperty(_Frozen):
    """What a series measures."""

    title: Bilingual
    unit: str
    """UCUM."""
    datum: str = ""
    """The surface of reference of a height: an EPSG code of a vertical reference system, empty for other quantities."""
    definition: str | None = None
    """An address of the concept in a public vocabulary."""


class Table(_Frozen):
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
    uncertainties: dict[str, str] = {}
    """Property to column: one standard deviation, in the unit of the value."""
    scales: dict[str, float] = {}
    """Property to the factor that makes its unit of the column's."""
    quality: str = ""
    qualities: dict[str, Literal["good", "suspect", "estimate", "poor", "unchecked"]] = {}
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
    former: tuple[str, ...] = ()
    """Ids that other servers gave this collection, which clients still ask for."""

    @model_validator(mode="after")
    def _declared(self) -> SeriesType:
        if (self.reader == "table") != (self.table is not None):
            raise ValueError("the reader `table` needs `table`, and no other takes it")
        unknown = set(self.table.values) - set(self.properties) if self.table else set()
        if unknown:
            raise ValueError(
                f"table.values names {', '.join(sorted(unknown))}, which is not among the properties"
            )
        return self

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its one map layer: the stations."""
        return (Layer(title=self.title, styles=(self.point.id,)),)


Collection = ProductType | SeriesType
"""What a collection's id stands for."""


class Place(NamedTuple):
    """A town by which people search."""

    name: str
    longitude: float
    latitude: float


class Registry(_Frozen):
    """All product types and styles of an installation."""

    types: dict[str, ProductType]
    series_types: dict[str, SeriesType] = {}
    places: tuple[Place, ...] = ()
    processes: dict[str, Process] = {}
    shared_styles: dict[str, Style]

    @property
    def collections(self) -> dict[str, Collection]:
        """All collections by their ids, in the order of lists."""
        return {**self.types, **self.series_types}

    def style(self, kind: ProductType, style_id: str) -> Style | None:
        """A style that one of the type's layers may use."""
        own = next((style for style in kind.styles if style.id == style_id), None)
        return own or self.shared_styles.get(style_id)

    def visual(self, kind: ProductType) -> Composite | None:
        """The composite that ingest bakes into an 8-bit asset."""
        style = self.style(kind, kind.visual) if kind.visual else None
        return style if isinstance(style, Composite) else None
