# SPDX-License-Identifier: Apache-2.0
"""Styles: how values become colours. One YAML file each; maps, legends and capabilities all come from it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.settings import Bilingual

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?\Z")


def _colour(text: str) -> str:
    if not _COLOUR.match(text):
        raise ValueError('must be a colour such as "#FF8800" or "#FF880080"')
    return text.upper()


Colour = Annotated[str, AfterValidator(_colour)]
"""`#RRGGBB` or `#RRGGBBAA`."""


def rgba(colour: str) -> tuple[int, int, int, int]:
    """Red, green, blue, alpha, each 0 to 255."""
    parts = [int(colour[at : at + 2], 16) for at in range(1, len(colour), 2)]
    return (parts[0], parts[1], parts[2], parts[3] if len(parts) == 4 else 255)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stop(_Frozen):
    """A value of a ramp, in the physical unit, and its colour; in a stepped ramp the upper bound of a step."""

    value: float
    colour: Colour
    label: Bilingual | None = None


class Special(_Frozen):
    """A value that is no measurement (a cloud, water), in raw counts, and its colour."""

    value: int
    colour: Colour
    title: Bilingual


class _Style(_Frozen):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Bilingual
    abstract: Bilingual | None = None


class Composite(_Style):
    """Three bands as red, green, blue, each stretched linearly between two reflectances."""

    kind: Literal["composite"]
    bands: tuple[str, str, str]
    low: float = 0.0
    high: float
    gamma: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Composite:
        if self.low >= self.high:
            raise ValueError("low must be less than high")
        return self


class Classes(_Style):
    """One colour per class of a band; the classes stand in the product type."""

    kind: Literal["classes"]
    bands: tuple[str]


class Ramp(_Style):
    """A colour ramp over one band, or over (a - b) / (a + b) of two."""

    kind: Literal["ramp"]
    bands: tuple[str] | tuple[str, str]
    unit: str = ""
    steps: bool = False
    """Stepped (each stop is the upper bound of its colour) instead of interpolated."""
    stops: Annotated[tuple[Stop, ...], Field(min_length=2)]
    special: tuple[Special, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> Ramp:
        values = [stop.value for stop in self.stops]
        if values != sorted(set(values)):
            raise ValueError("stops must rise")
        return self


class Relief(_Style):
    """Hill-shading: how a surface would be lit from one side, over the colours of its heights."""

    kind: Literal["relief"]
    bands: tuple[str]
    unit: str = ""
    azimuth: Annotated[float, Field(ge=0, lt=360)] = 315.0
    """Where the light comes from, degrees clockwise from the north."""
    altitude: Annotated[float, Field(gt=0, lt=90)] = 45.0
    """Of the light over the horizon, degrees."""
    exaggeration: Annotated[float, Field(gt=0, le=20)] = 1.0
    stops: Annotated[tuple[Stop, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _rising(self) -> Relief:
        if [stop.value for stop in self.stops] != sorted({stop.value for stop in self.stops}):
            raise ValueError("stops must rise")
        return self


class _Graded(_Style):
    """What has one colour, or one of a ramp by a number."""

    colour: Colour
    """Where there is no number."""
    unit: str = ""
    steps: bool = False
    stops: tuple[Stop, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> _Graded:
        values = [stop.value for stop in self.stops]
        if values != sorted(set(values)) or len(values) == 1:
            raise ValueError("stops rise, and are two or more")
        return self


class Points(_Graded):
    """Stations as discs with a dark edge; with `by`, coloured by the newest value of a series."""

    radius: Annotated[float, Field(gt=0, le=40)] = 4.5
    """Pixels."""
    by: Literal["", "value", "anomaly"] = ""
    """The value itself, or how many standard deviations it is above the mean of its series."""
    labels_below: Annotated[float, Field(ge=0)] = 0.0
    """Names are written on maps whose pixels are smaller than this many metres."""

    @model_validator(mode="after")
    def _told(self) -> Points:
        if bool(self.by) != bool(self.stops):
            raise ValueError("`by` needs stops, and stops need `by`")
        return self


class Outlines(_Graded):
    """Footprints as outlines, or, with stops, the number of products that cover a pixel."""

    width: Annotated[float, Field(gt=0, le=20)] = 1.5
    """Pixels."""
    fill: Colour = "#00000000"


FOOTPRINTS = (
    Outlines(
        id="outlines",
        title=Bilingual(en="Outlines", fr="Contours"),
        colour="#D9480F",
        fill="#FFA94D22",
    ),
    Outlines(
        id="counts",
        title=Bilingual(en="Number of products", fr="Nombre de produits"),
        colour="#00000000",
        steps=True,
        stops=tuple(
            Stop(value=value, colour=colour)
            for value, colour in (
                (1, "#FFF7BC"), (2, "#FEE391"), (5, "#FEC44F"), (10, "#FB9A29"), (20, "#EC7014"), (50, "#CC4C02"), (100, "#8C2D04"),
            )
        ),
    ),
)  # fmt: skip
"""The styles of the layer of footprints that each collection of products has."""
Style = Annotated[Composite | Classes | Ramp | Relief, Field(discriminator="kind")]
MapStyle = Composite | Classes | Ramp | Relief | Points | Outlines
"""Whatever a layer can be drawn in."""
