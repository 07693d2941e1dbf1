# SPDX-License-Identifier: Apache-2.0
"""The requests of WMTS as frozen values; a RESTful address becomes the same parameters (07-057r7, clauses 8 to 10)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.model.faults import Fault, Kind, invalid
from ogc.http.fields import Field, at_least, integer, list_of, plain, shown
from ogc.http.kvp import Kvp
from ogc.maps.tiles import Place
from ogc.maps.words import InfoFormat, image_format, info_format, time_query
from tiles.encode import Format

SECTIONS = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Contents", "Themes")
TILE_FORMATS = (Format.PNG, Format.JPEG, Format.WEBP)
ENDINGS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}
INFO_ENDINGS = {
    "json": "application/json",
    "txt": "text/plain",
    "html": "text/html",
    "gml": "application/vnd.ogc.gml",
}
_TILE_PARTS = ("TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL")
_DIGITS = re.compile(r"[0-9]{1,9}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """Which sections; None is all of them."""

    sections: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class GetTile:
    """A tile as a picture."""

    place: Place
    form: Format


@dataclass(frozen=True, slots=True)
class GetFeatureInfo:
    """What is under a pixel of a tile."""

    place: Place
    column: int
    row: int
    form: InfoFormat


WmtsRequest = GetCapabilities | GetTile | GetFeatureInfo


def read_request(kvp: Kvp) -> WmtsRequest:
    """The request of parameters. Raises Fault with the parameter as the locator; what is there but empty is missing."""
    name = Field("REQUEST", plain).read(kvp)
    service = Field("SERVICE", plain).read(kvp)
    if name.lower() == "getcapabilities":
        if service not in ("WMTS", "WMS"):  # QGIS asks a bare address with SERVICE=WMS
            raise Fault(Kind.INVALID, f"{shown(service)} is not WMTS", "SERVICE")
        return _capabilities(kvp)
    if service != "WMTS":
        raise Fault(Kind.INVALID, f"{shown(service)} is not WMTS", "SERVICE")
    if name.lower() not in ("gettile", "getfeatureinfo"):
        raise Fault(Kind.INVALID, f"{shown(name)} is not an operation of this service", "REQUEST")
    version = Field("VERSION", plain).read(kvp)
    if version != "1.0.0":
        raise Fault(Kind.INVALID, f"{shown(version)} is not 1.0.0", "VERSION")
    place, form = _place(kvp), _FORMAT.read(kvp)
    if name.lower() == "gettile":
        return GetTile(place, form)
    column, row = (Field(name, _pixel).read(kvp) for name in ("I", "J"))
    return GetFeatureInfo(place, column, row, _INFO_FORMAT.read(kvp))


def from_path(parts: Sequence[str]) -> Kvp:
    """The parameters of a RESTful address after `/wmts/1.0.0/`. Raises Fault GONE for one that is no template of ours.

    `{Layer}/{Style}[/{Time}]/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}[/{J}/{I}].{ending}`.
    """
    last, dot, ending = parts[-1].rpartition(".")
    if not dot or ending.lower() not in {**ENDINGS, **INFO_ENDINGS}:
        raise Fault(Kind.GONE, "there is no resource at this address")
    is_info = ending.lower() in INFO_ENDINGS
    names = ["LAYER", "STYLE", *(_TILE_PARTS if not is_info else (*_TILE_PARTS, "J", "I"))]
    values = [*parts[:-1], last]
    if len(values) == len(names) + 1:
        names.insert(2, "TIME")
    if len(values) != len(names):
        raise Fault(Kind.GONE, "there is no resource at this address")
    out = {"SERVICE": "WMTS", "VERSION": "1.0.0", **dict(zip(names, values, strict=True))}
    if is_info:
        return {
            **out,
            "REQUEST": "GetFeatureInfo",
            "FORMAT": "image/png",
            "INFOFORMAT": INFO_ENDINGS[ending.lower()],
        }
    return {**out, "REQUEST": "GetTile", "FORMAT": ENDINGS[ending.lower()]}


def _capabilities(kvp: Kvp) -> GetCapabilities:
    versions = Field("ACCEPTVERSIONS", list_of(plain, 20)).read(kvp) if kvp.get("ACCEPTVERSIONS") else ()
    if versions and "1.0.0" not in versions:
        raise Fault(Kind.UNKNOWN_VERSION, "this service speaks 1.0.0", "AcceptVersions")
    if "SECTIONS" not in kvp:
        return GetCapabilities(None)
    named = Field("SECTIONS", list_of(plain, 20)).read(kvp)
    known = {name.lower(): name for name in (*SECTIONS, "All")}
    wrong = next((name for name in named if name.lower() not in known), None)
    if wrong is not None:
        raise Fault(Kind.INVALID, f"{shown(wrong)} is not a section", "sections")
    everything = any(name.lower() == "all" for name in named)
    return GetCapabilities(None if everything else tuple(known[name.lower()] for name in named))


def _place(kvp: Kvp) -> Place:
    layer, style = (Field(name, plain).read(kvp) for name in ("LAYER", "STYLE"))
    matrix_set, matrix = (Field(name, plain).read(kvp) for name in ("TILEMATRIXSET", "TILEMATRIX"))
    row, column = (Field(name, _number).read(kvp) for name in ("TILEROW", "TILECOL"))
    asked = kvp.get("TIME", "")
    time = () if asked in ("", "default") else Field("TIME", time_query).read(kvp)
    return Place(layer, style, time, matrix_set, matrix, row, column)


def _number(text: str) -> int:
    """A row or column; one below zero is out of the limits like one that is too large."""
    return integer(text)


def _pixel(text: str) -> int:
    if not _DIGITS.match(text):
        raise invalid(f"{shown(text)} is not a pixel of a tile")
    return at_least(0)(text)


def _tile_format(text: str) -> Format:
    found = image_format(text)
    if found not in TILE_FORMATS:
        raise Fault(Kind.UNKNOWN_FORMAT, f"{shown(text)} is not a format of tiles")
    return found


_FORMAT = Field("FORMAT", _tile_format)
_INFO_FORMAT = Field("INFOFORMAT", info_format)
