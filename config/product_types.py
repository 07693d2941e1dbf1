# SPDX-License-Identifier: Apache-2.0
"""Product types: everything we know of a family of products, one YAML file each."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.published import Frozen, Layer, Published
from config.settings import Bilingual
from config.styles import FOOTPRINTS, Colour, Style

Policy = Literal["in_place", "overview_sidecar", "visual_only", "full_cog"]
FOOTPRINTS_SUFFIX = "footprints"
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


class ClassValue(Frozen):
    """A class of a class map."""

    value: Annotated[int, Field(ge=0, le=255)]
    title: Bilingual
    colour: Colour


class Bit(Frozen):
    """A bit of a mask; 0 is the least significant."""

    bit: Annotated[int, Field(ge=0, le=15)]
    title: Bilingual
    colour: Colour = "#FF00FF80"


class Band(Frozen):
    """One band: where it is in the distributed files, and what its counts mean (value = count x scale + offset)."""

    title: Bilingual
    files: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    """Patterns of the member's name, tried in order; the whole base name must match."""
    index: Annotated[int, Field(ge=1)] = 1
    """The band in the file."""
    variable: str = ""
    """The variable of a netCDF file."""
    dtype: Dtype
    also: tuple[Dtype, ...] = ()
    """Other types in which it is delivered; its counts are brought to `dtype`."""
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
        if self.variable and not self.nodata:
            raise ValueError("a band of netCDF files needs a count that means `no value`")
        return self

    @property
    def void(self) -> float:
        """The count for where there is no value; NaN or 0 where the band has none for that."""
        if self.nodata:
            return self.nodata[0]
        return math.nan if self.dtype == "float32" else 0

    @property
    def categorical(self) -> bool:
        """Whether counts name things, so that two of them cannot be averaged."""
        return bool(self.classes or self.bits) or self.role == "mask"


class PixelRule(Frozen):
    """The pixels of a mask for which something holds: any of these bits is set, or the count is one of these."""

    band: str
    bits: tuple[Annotated[int, Field(ge=0, le=15)], ...] = ()
    values: tuple[Annotated[int, Field(ge=0, le=65_535)], ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> PixelRule:
        if bool(self.bits) == bool(self.values):
            raise ValueError("needs either bits or values")
        return self


class Naming(Frozen):
    """How a product is recognised by its name, and which name it has in the catalogue.

    The groups `date` (YYYYMMDD, then optionally -HHMMSS-mmm or THHMMSS), `zone`, `version`, `platform`, `profile`, `stop`
    are used where the pattern has them.
    """

    pattern: Pattern
    identity: str
    """The product's id: the distributed name without its version, as a format over the groups."""
    fixed: dict[str, str] = Field(default_factory=dict)
    """Groups that the names of this type do not carry."""
    years: tuple[int, int] | None = None
    """First and last year of products of this type, where one name serves several types."""


class Polygons(Frozen):
    """Polygons in a shapefile: the file of the one band with classes is burnt from them."""

    class_field: str
    """The field with the number of the class, in any case."""
    pixel: Annotated[float, Field(gt=0)] = 10.0
    """Of the raster, in units of the file's CRS; on finer maps the polygons themselves are drawn."""
    edge: Colour = "#00000060"
    labels_below: Annotated[float, Field(ge=0)] = 1.5
    """Names of classes are written on maps whose pixels are smaller than this many metres."""


class ProductType(Published):
    """A family of products, published as one collection."""

    instrument: str | None = None
    reader: Literal["muscate", "rasters", "safe"]
    epsg: int | None = None
    """The CRS of netCDF files that have one but do not say which (grids whose axes are longitude and latitude are brought to it)."""
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
    polygons: Polygons | None = None
    """Where products are polygons: how they become the band."""
    cloudy: PixelRule | None = None
    snowy: PixelRule | None = None
    styles: tuple[Style, ...] = ()
    """Styles of this type alone; shared ones stand in config/styles."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    visual: str | None = None
    """The composite style that ingest bakes into an 8-bit asset."""
    embargo: Days = "P0D"
    """How long after its date a product is for operators only."""

    @property
    def footprints(self) -> Layer:
        """The layer of the outlines of its products, which every collection has."""
        title = Bilingual(en=f"{self.title.en}: footprints", fr=f"{self.title.fr} : emprises")
        return Layer(suffix=FOOTPRINTS_SUFFIX, title=title, styles=tuple(one.id for one in FOOTPRINTS))

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """Its layers, the footprints the last."""
        return (*self.layers, self.footprints)

    @model_validator(mode="after")
    def _closed(self) -> ProductType:
        if not self.naming and not self.derived:
            raise ValueError("needs a naming, or is derived")
        if self.polygons and (
            len(self.bands) != 1 or not all(one.classes and one.nodata for one in self.bands.values())
        ):
            raise ValueError("polygons make one band, which has classes and a count for none")
        for name, rule in (("cloudy", self.cloudy), ("snowy", self.snowy)):
            if rule and rule.band not in self.bands:
                raise ValueError(f"{name} names the band {rule.band}, which is not among the bands")
        if any(layer.suffix == FOOTPRINTS_SUFFIX for layer in self.layers):
            raise ValueError(f"the suffix {FOOTPRINTS_SUFFIX} is that of the layer which every type has")
        if self.layers[0].suffix:
            raise ValueError("the first layer is the collection's own and has no suffix")
        return self
