# SPDX-License-Identifier: Apache-2.0
"""The parameters of a search of resto 2, and which of our collections each of its collections is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import shapely

from catalog.model.faults import Fault, Kind
from catalog.model.time import read_instant
from catalog.query import Among, And, Compare, Filter, Order, Property, Relation, Text
from catalog.words import asked
from config.product_types import ProductType
from ogc.filter.terms import compare_time
from ogc.filter.values import around, intersects, read_box, read_wkt
from ogc.http.cursors import DEEPEST
from ogc.http.fields import Field, at_least, four_numbers, number, plain, shown
from ogc.http.kvp import Kvp
from ogc.resto.intervals import numbers, texts

MOST, _USUAL = 500, 20
_TILE = re.compile(r"T?([0-9]{2}[A-Z]{3})\Z", re.ASCII)
_LEVEL = re.compile(r"L([0-9][A-C]?)\Z", re.ASCII)
_RADIUS = Field("RADIUS", number)
_LATITUDE, _LONGITUDE = Field("LAT", number), Field("LON", number)
_COUNT, _PAGE, _INDEX = (
    Field("MAXRECORDS", at_least(1)),
    Field("PAGE", at_least(1)),
    Field("INDEX", at_least(1)),
)
_PASSED_OVER = frozenset({"LANG", "F", "FORMAT", "_PRETTY", "_RC"})
"""What clients send and what does not change the answer: texts are English."""
KNOWN = (
    "q", "location", "tile", "box", "geometry", "lat", "lon", "radius", "startDate", "completionDate", "platform", "processingLevel", "productType",
    "cloudCover", "snowCover", "identifier", "productIdentifier", "maxRecords", "page", "index", "sortParam", "sortOrder",
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A collection of ours in one of resto's."""

    kind: ProductType
    group: str
    """The name of that."""
    product_type: str
    """What its products are called there."""


@dataclass(frozen=True)
class Page:
    """A search and which part of what it finds is answered."""

    tree: Filter
    count: int
    start: int
    """Of the first product, from 1."""
    order: Order


def level(kind: ProductType) -> str:
    """A processing level as resto writes it: LEVEL2A of L2A; compound ones stay."""
    match = _LEVEL.match(kind.level)
    return f"LEVEL{match[1]}" if match else kind.level


def read_page(kvp: Kvp, kinds: Mapping[str, Member]) -> Page:
    """A search among some types. Raises Fault INVALID or MISSING with the parameter as the locator."""
    known = {name.upper() for name in KNOWN} | _PASSED_OVER
    for name in kvp:
        if name not in known:
            raise Fault(Kind.INVALID, f"{shown(name)} is not a parameter; there are {', '.join(KNOWN)}", name)
    count = _COUNT.read_or(kvp, _USUAL)
    if count > MOST:
        raise Fault(Kind.INVALID, f"maxRecords is at most {MOST}", "maxRecords")
    index = _INDEX.read_or(kvp, None)
    start = index if index is not None else (_PAGE.read_or(kvp, 1) - 1) * count + 1
    if start > DEEPEST:
        raise Fault(
            Kind.INVALID, f"pages end at product {DEEPEST}: narrow the search by dates or places", "page"
        )
    parts = [_collections(kvp, kinds), *_attributes(kvp), *_times(kvp), *_places(kvp)]
    return Page(And(tuple(parts)), count, start, _order(kvp))


def _order(kvp: Kvp) -> Order:
    """By the nominal day, the newest first where nothing else is asked."""
    param, order = (Field(name, plain).read_or(kvp, "").lower() for name in ("SORTPARAM", "SORTORDER"))
    if param not in ("", "startdate"):
        raise Fault(Kind.INVALID, "sortParam is startDate", "sortParam")
    if order not in ("", "asc", "ascending", "desc", "descending"):
        raise Fault(Kind.INVALID, "sortOrder is asc or desc", "sortOrder")
    return Order.OLDEST if order.startswith("asc") else Order.NEWEST


def _collections(kvp: Kvp, kinds: Mapping[str, Member]) -> Filter:
    wanted_level, wanted_type = (kvp.get(name, "").upper() for name in ("PROCESSINGLEVEL", "PRODUCTTYPE"))
    return Among(
        Property.COLLECTION,
        tuple(
            name
            for name, one in kinds.items()
            if wanted_level in ("", level(one.kind).upper(), one.kind.level.upper())
            and wanted_type in ("", one.product_type.upper(), name.upper())
        ),
    )


def _attributes(kvp: Kvp) -> list[Filter]:
    parts: list[Filter] = []
    words = asked(Field("Q", plain).read_or(kvp, ""))
    if words:
        parts.append(Text(words))
    for name, of in (("CLOUDCOVER", Property.CLOUD), ("SNOWCOVER", Property.SNOW)):
        asked_for = Field(name, partial(numbers, of=of)).read_or(kvp, None)
        if asked_for is not None:
            parts.append(asked_for)
    platform = Field("PLATFORM", lambda text: texts(plain(text).upper(), Property.PLATFORM)).read_or(
        kvp, None
    )
    if platform is not None:
        parts.append(platform)
    for name in ("IDENTIFIER", "PRODUCTIDENTIFIER"):
        named = Field(name, lambda text: texts(plain(text), Property.ID)).read_or(kvp, None)
        if named is not None:
            parts.append(named)
    return parts


def _times(kvp: Kvp) -> list[Filter]:
    """Both test the start of the acquisition; a day is whole."""
    parts = []
    for name, relation in (("STARTDATE", Relation.AT_LEAST), ("COMPLETIONDATE", Relation.AT_MOST)):
        found = Field(name, lambda text: read_instant(text.rstrip("Z") if len(text) < 12 else text)).read_or(
            kvp, None
        )
        if found is not None:
            parts.append(compare_time(Property.START, relation, found.start, found.end))
    return parts


def _places(kvp: Kvp) -> list[Filter]:
    parts: list[Filter] = []
    for name in ("LOCATION", "TILE"):
        text = Field(name, plain).read_or(kvp, "")
        match = _TILE.match(text.upper())
        if match:
            parts.append(Compare(Property.ZONE, Relation.EQUAL, f"T{match[1]}"))
        elif text:
            parts.append(Text(asked(text)))
    box = Field("BOX", four_numbers).read_or(kvp, None)
    if box is not None:
        parts.append(intersects(read_box(list(box), "box")))
    shape = Field("GEOMETRY", lambda text: _within_the_earth(read_wkt(text))).read_or(kvp, None)
    if shape is not None:
        parts.append(intersects(shape))
    return [*parts, *_around(kvp)]


def _around(kvp: Kvp) -> list[Filter]:
    """What has a point, or meets the box that holds all within so many metres of it."""
    latitude, longitude = _LATITUDE.read_or(kvp, None), _LONGITUDE.read_or(kvp, None)
    if latitude is None and longitude is None:
        return []
    if latitude is None or longitude is None:
        raise Fault(Kind.MISSING, "lat and lon belong together", "lat" if latitude is None else "lon")
    radius = _RADIUS.read_or(kvp, 0.0)
    if not 0 <= radius <= 1_000_000:
        raise Fault(Kind.INVALID, "radius is up to 1000000 metres", "radius")
    point = shapely.Point(longitude, latitude)
    _within_the_earth(point)
    if not radius:
        return [intersects(point)]
    return [intersects(around(longitude, latitude, radius))]


def _within_the_earth(shape: shapely.Geometry) -> shapely.Geometry:
    west, south, east, north = shape.bounds
    if west < -180 or south < -90 or east > 180 or north > 90 or not shape.is_valid:
        raise Fault(Kind.INVALID, "is not a valid geometry in longitude and latitude", "geometry")
    return shape
