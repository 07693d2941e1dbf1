# SPDX-License-Identifier: Apache-2.0
"""What items are asked for (17-069r4 7.15; 18-058r1; 19-079r2; 20-004r1 clause 8): parameters become one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.crs import CRS84, WGS84, Crs, box_from, read_crs, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.query import Among, And, During, Filter, Or, Order, Property, Relation, Text
from catalog.words import asked as words_of
from ogc.common.documents import EVERYWHERE
from ogc.features.source import Asked, Source
from ogc.filter.cql2 import from_json, from_text
from ogc.filter.queryables import compare
from ogc.filter.values import intersects, read_box, read_period
from ogc.http.fields import Field, integer, list_of, number, plain, shown
from ogc.http.problem import read_json

MOST, USUAL = 1_000, 10
_TERMS = 20
BBOX = Field("bbox", list_of(number, 6))
BBOX_CRS = Field("bbox-crs", lambda text: _uri(text))
CRS = Field("crs", lambda text: _uri(text))
DATETIME = Field("datetime", read_period)
LIMIT = Field("limit", integer)
SORTBY = Field("sortby", plain)
TOKEN = Field("token", plain)
Q = Field("q", list_of(plain, _TERMS))
IDS = Field("ids", list_of(plain, 200))
TYPE = Field("type", list_of(plain, _TERMS))
EXTERNAL_IDS = Field("externalIds", list_of(plain, 200))
FILTER_LANG = Field("filter-lang", plain)
FILTER_CRS = Field("filter-crs", lambda text: _uri(text))
PLACE = ("bbox", "bbox-crs", "crs", "datetime", "limit", "token")
SEARCH = ("sortby", "q", "ids", "filter", "filter-lang", "filter-crs")
RECORDS = ("type", "externalIds", "profile")
_OWN = frozenset({*PLACE, *SEARCH, "f"})


@dataclass(frozen=True)
class ItemsRequest:
    """A page of items in a CRS."""

    asked: Asked
    crs: Crs


def parameter_names(source: Source) -> tuple[str, ...]:
    """The parameters that the items of a source take."""
    own = (*PLACE, *(SEARCH if source.filters else ()), *(RECORDS if source.item_type == "record" else ()))
    return (*own, *(name for name in source.names if name not in (*own, *_OWN)))


def items_request(parameters: Mapping[str, str], source: Source, body: Any = None) -> ItemsRequest:
    """The question of an address, and of a body of CQL2 JSON. Raises Fault INVALID with the parameter as the locator."""
    kvp = dict(parameters)
    crs = CRS.read_or(kvp, CRS84)
    parts: list[Filter] = []
    boxes: tuple[Box, ...] = ()
    if kvp.get("bbox"):
        near = intersects(read_box(_in_degrees(BBOX.read(kvp), BBOX_CRS.read_or(kvp, CRS84))))
        boxes = near.boxes
        parts.append(near)
    period = DATETIME.read_or(kvp, None)
    if period is not None:
        parts.append(During(period))
    terms = tuple(words for one in Q.read_or(kvp, ()) if (words := words_of(one)))
    if terms:
        parts.append(Or(tuple(Text(words) for words in terms)))
    parts.extend(
        Among(Property.ID, given.read(kvp))
        for given in (IDS, EXTERNAL_IDS)
        if given.name in kvp and given.name not in source.names
    )
    equal = {name: value for name, value in kvp.items() if name in source.names and name not in _OWN}
    if source.filters:
        parts += [_equal(name, value, source) for name, value in equal.items()]
    parts += [
        one
        for one in (_filter(kvp, source), from_json(body, source.names) if body is not None else None)
        if one
    ]
    return ItemsRequest(
        Asked(
            And(tuple(parts)), boxes, period, equal, _order(kvp, source), _limit(kvp), kvp.get("token", "")
        ),
        crs,
    )


def _equal(name: str, value: str, source: Source) -> Filter:
    """A property by its name; of a record's type, any of a list."""
    values = value.split(",")[:_TERMS] if name == "type" else [value]
    return Or(tuple(compare(source.names[name], Relation.EQUAL, one, name) for one in values))


def _filter(kvp: Mapping[str, str], source: Source) -> Filter | None:
    text, language = kvp.get("filter"), FILTER_LANG.read_or(dict(kvp), "")
    if language not in ("", "cql2-text", "cql2-json"):
        raise Fault(
            Kind.INVALID, f"filter-lang: {shown(language)} is neither cql2-text nor cql2-json", "filter-lang"
        )
    if FILTER_CRS.read_or(dict(kvp), CRS84) != CRS84:
        raise Fault(Kind.INVALID, "filter-crs is CRS84", "filter-crs")
    if not text:
        return None
    if language == "cql2-json" or (not language and text.lstrip()[:1] == "{"):
        return from_json(_json(text), source.names)
    return from_text(text, source.names)


def _json(text: str) -> Any:
    try:
        return read_json(text.encode())
    except Fault as fault:
        raise Fault(Kind.INVALID, "filter: this is not JSON", "filter") from fault


def _in_degrees(values: tuple[float, ...], crs: Crs) -> list[float]:
    """A box in CRS84, of four or six numbers in the axis order of its CRS. Heights are ignored."""
    if len(values) not in (4, 6):
        raise Fault(Kind.INVALID, "bbox: is four or six numbers", "bbox")
    four = values if len(values) == 4 else (values[0], values[1], values[3], values[4])
    if crs == CRS84:
        return list(four)
    if crs == WGS84:
        return [four[1], four[0], four[3], four[2]]
    found = transform_box(box_from((four[0], four[1], four[2], four[3]), crs), crs.epsg, 4326)
    if found is None:
        raise Fault(Kind.INVALID, "bbox: lies outside of its CRS", "bbox")
    return [found.west, found.south, found.east, found.north]


def _limit(kvp: dict[str, str]) -> int:
    """A limit above the greatest is lowered (17-069r4, permission server-limit); below one it is refused."""
    value = LIMIT.read_or(kvp, USUAL)
    if value < 1:
        raise Fault(Kind.INVALID, "limit: is an integer from 1", "limit")
    return min(value, MOST)


def _order(kvp: dict[str, str], source: Source) -> Order | None:
    """`+title`, `-updated`: one property, upwards without a sign."""
    text = SORTBY.read_or(kvp, "")
    if not text:
        return None
    name = text.strip().lstrip("+-")
    if name not in source.sorts:
        known = ", ".join(source.sorts) or "nothing"
        raise Fault(Kind.INVALID, f"sortby: {shown(text)} is not one property of {known}", "sortby")
    return source.sorts[name][1 if text.startswith("-") else 0]


def _uri(text: str) -> Crs:
    """A CRS by its URI, one that every collection has."""
    try:
        found = read_crs(text)
    except Fault as fault:
        raise Fault(Kind.INVALID, fault.text) from fault
    if not text.startswith("http") or found not in EVERYWHERE:
        raise Fault(Kind.INVALID, f"{shown(text)} is not a CRS of this collection")
    return found
