# SPDX-License-Identifier: Apache-2.0
"""The requests of both versions as frozen values. The tables of fields are read once, here; behind this line there is no client text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from catalog.crs import Crs, box_from, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid, too_large
from config.limits import Limits
from ogc.http.fields import (
    Field,
    at_least,
    boolean,
    four_numbers,
    integer,
    list_of,
    number,
    pixels,
    plain,
    shown,
)
from ogc.http.kvp import Kvp
from ogc.maps.words import InfoFormat, image_format, info_format, time_query
from tiles.encode import Format
from tiles.queries import Priority
from tiles.times import TimeQuery

Version = Literal["1.1.1", "1.3.0"]
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,3}))?\Z", re.ASCII)
_COLOUR = re.compile(r"0[xX]([0-9A-Fa-f]{6})\Z", re.ASCII)


class OnError(Enum):
    """How a client wants its exceptions."""

    XML = "XML"
    INIMAGE = "INIMAGE"
    BLANK = "BLANK"


@dataclass(frozen=True, slots=True)
class MapPart:
    """What GetMap and GetFeatureInfo share: layers with styles, area, size, time."""

    layers: tuple[tuple[str, str], ...]
    """Layer and style names; an empty style is the default."""
    crs: Crs
    box: Box
    width: int
    height: int
    time: TimeQuery
    priority: Priority
    max_cloud: float | None


@dataclass(frozen=True, slots=True)
class GetMap:
    """GetMap (1.3.0, 7.3)."""

    map: MapPart
    form: Format
    transparent: bool
    background: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class GetFeatureInfo:
    """GetFeatureInfo (1.3.0, 7.4)."""

    map: MapPart
    query_layers: tuple[str, ...]
    column: int
    row: int
    form: InfoFormat
    count: int


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """GetCapabilities (1.3.0, 7.2), its version already negotiated."""

    update_sequence: str


@dataclass(frozen=True, slots=True)
class GetLegendGraphic:
    """GetLegendGraphic (SLD profile, 05-078r4, clause 12)."""

    layer: str
    style: str


Request = GetMap | GetFeatureInfo | GetCapabilities | GetLegendGraphic


@dataclass(frozen=True, slots=True)
class Envelope:
    """What must be known to report a fault of the rest: the version, the operation, the form of exceptions, the language."""

    version: Version
    operation: str
    on_error: OnError
    language: str


def read_envelope(kvp: Kvp) -> Envelope:
    """Version, operation, form of exceptions and language; never raises, so that a fault can always be reported."""
    operation = kvp.get("REQUEST", "").lower()
    exceptions = kvp.get("EXCEPTIONS", "XML").upper()
    on_error = (
        OnError.INIMAGE
        if "INIMAGE" in exceptions
        else OnError.BLANK
        if "BLANK" in exceptions
        else OnError.XML
    )
    language = "fr" if kvp.get("LANGUAGE", "").lower().startswith("fr") else "en"
    version = kvp.get("VERSION") or kvp.get("WMTVER") or ""
    return Envelope(_nearest_version(version), operation, on_error, language)


def read_request(kvp: Kvp, envelope: Envelope, limits: Limits) -> Request:
    """The request. Raises Fault with the parameter as its locator."""
    service = kvp.get("SERVICE", "WMS")
    if service != "WMS":
        raise Fault(Kind.INVALID, f"{shown(service)} is not WMS", "SERVICE")
    if not envelope.operation:
        raise Fault(Kind.MISSING, "the parameter REQUEST is required", "REQUEST")
    if envelope.operation in ("getcapabilities", "capabilities"):
        return GetCapabilities(UPDATE_SEQUENCE.read_or(kvp, ""))
    if envelope.operation in ("getmap", "map"):
        _required_version(kvp)
        return _get_map(kvp, envelope.version, limits)
    if envelope.operation in ("getfeatureinfo", "feature_info"):
        _required_version(kvp)
        return _get_feature_info(kvp, envelope.version, limits)
    if envelope.operation == "getlegendgraphic":
        return GetLegendGraphic(LAYER.read(kvp), STYLE.read_or(kvp, ""))
    raise Fault(
        Kind.UNKNOWN_OPERATION, f"{shown(kvp['REQUEST'])} is not an operation of this service", "REQUEST"
    )


def colour(text: str) -> tuple[int, int, int]:
    """`0xRRGGBB` (1.3.0, 7.3.3.10)."""
    match = _COLOUR.match(text)
    if not match:
        raise invalid(f"{shown(text)} is not a colour such as 0xFFFFFF")
    value = int(match[1], 16)
    return value >> 16, value >> 8 & 255, value & 255


def percentage(text: str) -> float:
    """A number from 0 to 100."""
    value = number(text)
    if not 0 <= value <= 100:
        raise invalid(f"{shown(text)} is not between 0 and 100")
    return value


def priority(text: str) -> Priority:
    """Which scene is on top (vendor parameter)."""
    found = next((one for one in Priority if one.value == text.lower()), None)
    if found is None:
        raise invalid(f"{shown(text)} is none of {', '.join(one.value for one in Priority)}")
    return found


UPDATE_SEQUENCE = Field("UPDATESEQUENCE", plain)
LAYER = Field("LAYER", plain)
STYLE = Field("STYLE", plain)
TIME = Field("TIME", time_query)
TRANSPARENT = Field("TRANSPARENT", boolean)
BGCOLOR = Field("BGCOLOR", colour)
FORMAT = Field("FORMAT", image_format)
INFO_FORMAT = Field("INFO_FORMAT", info_format)
FEATURE_COUNT = Field("FEATURE_COUNT", at_least(1))
PRIORITY = Field("PRIORITY", priority)
MAXCC = Field("MAXCC", percentage)
BBOX = Field("BBOX", four_numbers)


def _get_map(kvp: Kvp, version: Version, limits: Limits) -> GetMap:
    part = _map_part(kvp, version, limits)
    return GetMap(
        part, FORMAT.read(kvp), TRANSPARENT.read_or(kvp, False), BGCOLOR.read_or(kvp, (255, 255, 255))
    )


def _get_feature_info(kvp: Kvp, version: Version, limits: Limits) -> GetFeatureInfo:
    part = _map_part(kvp, version, limits)
    queried = Field("QUERY_LAYERS", list_of(plain, limits.map_layers)).read(kvp)
    across, down = ("I", "J") if version == "1.3.0" else ("X", "Y")
    column, row = _pixel(kvp, across, part.width), _pixel(kvp, down, part.height)
    form = INFO_FORMAT.read(kvp) if version == "1.3.0" else INFO_FORMAT.read_or(kvp, InfoFormat.TEXT)
    return GetFeatureInfo(
        part, queried, column, row, form, min(FEATURE_COUNT.read_or(kvp, 1), limits.feature_count)
    )


def _map_part(kvp: Kvp, version: Version, limits: Limits) -> MapPart:
    layers = _layers(kvp, limits)
    name = "CRS" if version == "1.3.0" else "SRS"
    crs = Field(name, lambda text: read_crs(text, name)).read(kvp)
    side = pixels(limits.map_side, "MaxWidth, MaxHeight; limits.map_side")
    width, height = Field("WIDTH", side).read(kvp), Field("HEIGHT", side).read(kvp)
    if width * height > limits.map_pixels:
        raise too_large(
            f"a map of {width} x {height} pixels", limits.map_pixels, "limits.map_pixels", "WIDTH"
        )
    return MapPart(
        layers,
        crs,
        _box(kvp, crs, version),
        width,
        height,
        TIME.read_or(kvp, ()),
        PRIORITY.read_or(kvp, Priority.NEWEST),
        MAXCC.read_or(kvp, None),
    )


def _layers(kvp: Kvp, limits: Limits) -> tuple[tuple[str, str], ...]:
    """Layers with their styles; STYLES may be absent, empty, or shorter than LAYERS."""
    names = Field("LAYERS", list_of(plain, limits.map_layers)).read(kvp)
    styles = Field("STYLES", list_of(plain, limits.map_layers)).read_or(kvp, ())
    if len(styles) > len(names):
        raise Fault(Kind.UNKNOWN_STYLE, f"there are {len(styles)} styles for {len(names)} layers", "STYLES")
    return tuple(zip(names, (*styles, *[""] * (len(names) - len(styles))), strict=True))


def _box(kvp: Kvp, crs: Crs, version: Version) -> Box:
    """The box, x east and y north. In 1.1.1 every BBOX is x, y; in 1.3.0 it follows the axes of the CRS (6.7.2)."""
    values = BBOX.read(kvp)
    if values[0] >= values[2] or values[1] >= values[3]:
        raise invalid("BBOX: the first two numbers must be less than the last two", "BBOX")
    if version == "1.1.1":
        return Box(west=values[0], south=values[1], east=values[2], north=values[3])
    return box_from(values, crs)


def _pixel(kvp: Kvp, name: str, size: int) -> int:
    try:
        value = Field(name, integer).read(kvp)
    except Fault as fault:
        raise Fault(Kind.BAD_POINT if fault.kind is Kind.INVALID else fault.kind, fault.text, name) from fault
    if not 0 <= value < size:
        raise Fault(Kind.BAD_POINT, f"{name}: {value} is not between 0 and {size - 1}", name)
    return value


def _nearest_version(text: str) -> Version:
    """Version negotiation (1.3.0, 6.2.4): none asked is the highest; else the highest that is not above the one asked; else the lowest."""
    match = _VERSION.match(text)
    if not match:
        return "1.3.0"
    asked = tuple(int(part or 0) for part in match.groups())
    return "1.3.0" if asked >= (1, 3, 0) else "1.1.1"


def _required_version(kvp: Kvp) -> None:
    version = kvp.get("VERSION") or kvp.get("WMTVER")
    if not version:
        raise Fault(Kind.MISSING, "the parameter VERSION is required", "VERSION")
    if version not in ("1.1.0", "1.1.1", "1.3.0"):
        raise Fault(
            Kind.INVALID, f"{shown(version)} is not a version of this service (1.1.1, 1.3.0)", "VERSION"
        )
