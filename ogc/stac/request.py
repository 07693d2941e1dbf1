# SPDX-License-Identifier: Apache-2.0
"""Item search (STAC API 1.0, item-search; OGC API Features 17-069r4 for items): GET parameters and POST bodies become one search."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import Micros, Period, read_instant
from catalog.query import (
    Among,
    And,
    Compare,
    Cursor,
    During,
    Filter,
    Meets,
    Or,
    Order,
    Property,
    Relation,
)
from ogc.filter.terms import compare_time
from ogc.http.fields import integer, number, shown

MOST = 1_000
_DEFAULT = 10
_VERTICES = 10_000
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?\Z", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_=-]{1,120}\Z", re.ASCII)
_PROPERTIES = {
    "id": Property.ID, "collection": Property.COLLECTION, "platform": Property.PLATFORM, "version": Property.VERSION, "eo:cloud_cover": Property.CLOUD,
    "eo:snow_cover": Property.SNOW, "grid:code": Property.ZONE,
}  # fmt: skip
_NUMBERS = frozenset({Property.CLOUD, Property.SNOW})
_TIMES = frozenset({"datetime", "start_datetime", "end_datetime"})
_RELATIONS = {
    "eq": Relation.EQUAL, "neq": Relation.NOT_EQUAL, "lt": Relation.LESS, "lte": Relation.AT_MOST, "gt": Relation.MORE, "gte": Relation.AT_LEAST,
}  # fmt: skip
_KNOWN = frozenset(
    {"bbox", "datetime", "intersects", "ids", "collections", "limit", "query", "sortby", "token", "fields"}
)
_FOREVER = (Micros(-(2**60)), Micros(2**60))


@dataclass(frozen=True)
class Search:
    """What items, how many, from where on."""

    tree: Filter
    area: BaseGeometry | None
    """What the footprints must meet, exactly; longitude, latitude."""
    order: Order
    limit: int
    after: Cursor | None


def from_parameters(parameters: Mapping[str, str], collections: Sequence[str] = ()) -> Search:
    """A search of a GET. Raises Fault INVALID with the parameter as the locator."""
    document: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in _KNOWN:
            raise Fault(Kind.INVALID, f"{shown(name)} is not a parameter of this search", name[:60])
        if name in ("ids", "collections", "sortby", "fields"):
            document[name] = [part for part in text.split(",") if part]
        elif name == "bbox":
            document[name] = [_named("bbox", number, part) for part in text.split(",")]
        elif name in ("intersects", "query"):
            document[name] = _json(name, text)
        elif name == "limit":
            document[name] = _named("limit", integer, text)
        else:
            document[name] = text
    return from_document(document, collections)


def from_document(document: Any, collections: Sequence[str] = ()) -> Search:
    """A search of a POST. Raises Fault INVALID with the member as the locator."""
    if not isinstance(document, dict):
        raise invalid("a search is a JSON object")
    for name in document:
        if name not in _KNOWN:
            raise Fault(Kind.INVALID, f"{shown(str(name))} is not a member of a search", str(name)[:60])
    parts: list[Filter] = []
    wanted = tuple(collections) or _texts(document, "collections")
    if wanted:
        parts.append(Among(Property.COLLECTION, wanted))
    if document.get("ids") is not None:
        parts.append(Among(Property.ID, _texts(document, "ids")))
    if document.get("datetime"):
        parts.append(During(_period(document["datetime"])))
    area = _area(document)
    if area is not None:
        parts.append(Or(tuple(Meets(box) for box in _boxes(area))))
    query = document.get("query") or {}
    if not isinstance(query, dict):
        raise Fault(Kind.INVALID, "query is an object of properties", "query")
    parts += [_condition(name, conditions) for name, conditions in query.items()]
    return Search(
        And(tuple(parts)),
        area,
        _order(document.get("sortby")),
        _limit(document.get("limit")),
        _cursor(document.get("token")),
    )


def token(cursor: Cursor) -> str:
    """A cursor as an opaque text."""
    raw = json.dumps([cursor.day, cursor.start, cursor.key]).encode()
    return base64.urlsafe_b64encode(raw).decode()


def _cursor(text: Any) -> Cursor | None:
    if text in (None, ""):
        return None
    try:
        if not isinstance(text, str) or not _TOKEN.match(text):
            raise ValueError
        day, start, key = json.loads(base64.urlsafe_b64decode(text))
        if not all(type(part) is int and abs(part) < 2**62 for part in (day, start, key)):
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise Fault(Kind.INVALID, "the token is not one of ours", "token") from error
    return Cursor(day, start, key)


def _limit(value: Any) -> int:
    """A limit above the greatest is lowered, not refused (item-search)."""
    if value is None:
        return _DEFAULT
    if isinstance(value, str):
        value = _named("limit", integer, value)
    if type(value) is not int or value < 1:
        raise Fault(Kind.INVALID, "limit is an integer from 1", "limit")
    return min(value, MOST)


def _order(value: Any) -> Order:
    """`-properties.datetime` (the default) or `+…`; in a POST as objects of field and direction."""
    if not value:
        return Order.NEWEST
    items = value if isinstance(value, list) else [value]
    first = items[0]
    if isinstance(first, dict):
        field, down = str(first.get("field", "")), first.get("direction", "asc") == "desc"
    else:
        field, down = str(first).strip().lstrip("+-"), str(first).startswith("-")
    if field.removeprefix("properties.") not in _TIMES or len(items) > 2:
        raise Fault(Kind.INVALID, "items are sorted by properties.datetime, up or down", "sortby")
    return Order.NEWEST if down else Order.OLDEST


def _period(text: Any) -> Period:
    """RFC 3339: an instant, or an interval whose ends may be open (`..` or empty)."""
    if not isinstance(text, str):
        raise Fault(Kind.INVALID, "datetime is a text", "datetime")
    first, slash, last = text.partition("/")
    try:
        start = _FOREVER[0] if slash and first in ("", "..") else read_instant(first).start
        end = _FOREVER[1] if slash and last in ("", "..") else read_instant(last if slash else first).end
        if slash and first in ("", "..") and last in ("", ".."):
            raise invalid("both ends are open")
        return Period(start, end)
    except Fault as fault:
        raise Fault(Kind.INVALID, f"datetime: {fault.text}", "datetime") from fault


def _area(document: Mapping[str, Any]) -> BaseGeometry | None:
    box, geometry = document.get("bbox"), document.get("intersects")
    if box is not None and geometry is not None:
        raise Fault(Kind.INVALID, "a search has bbox or intersects, not both", "intersects")
    if box is not None:
        return _box(box)
    return None if geometry is None else _geometry(geometry)


def _box(values: Any) -> BaseGeometry:
    """West, south, east, north (six numbers: heights are ignored); a west that is east of the east crosses the antimeridian."""
    if (
        not isinstance(values, list)
        or len(values) not in (4, 6)
        or not all(type(one) in (int, float) for one in values)
    ):
        raise Fault(Kind.INVALID, "bbox is four or six numbers", "bbox")
    west, south, east, north = (
        float(values[at]) for at in ((0, 1, 2, 3) if len(values) == 4 else (0, 1, 3, 4))
    )
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Fault(Kind.INVALID, "bbox is west, south, east, north in degrees", "bbox")
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon(
        [shapely.box(west, south, 180.0, north), shapely.box(-180.0, south, east, north)]
    )


def _geometry(document: Any) -> BaseGeometry:
    """A GeoJSON geometry of at most 10,000 vertices in longitude and latitude, in either ring order."""
    try:
        found: BaseGeometry = shape(document)
        ok = shapely.count_coordinates(found) and bool(found.is_valid)
        west, south, east, north = found.bounds if ok else (0.0, 0.0, 0.0, 0.0)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise Fault(Kind.INVALID, "intersects is not a GeoJSON geometry", "intersects") from error
    if not ok or not (west >= -180 and south >= -90 and east <= 180 and north <= 90):
        raise Fault(
            Kind.INVALID, "intersects is not a valid geometry in longitude and latitude", "intersects"
        )
    if shapely.count_coordinates(found) > _VERTICES:
        raise Fault(Kind.TOO_LARGE, f"intersects has more than {_VERTICES} vertices", "intersects")
    return found


def _boxes(area: BaseGeometry) -> list[Box]:
    bounds = shapely.bounds(shapely.get_parts(area)).tolist()
    if len(bounds) > 8:
        bounds = [list(area.bounds)]
    return [Box(west=one[0], south=one[1], east=one[2], north=one[3]) for one in bounds]


def _condition(name: str, conditions: Any) -> Filter:
    """One property of a `query`: `{"eo:cloud_cover": {"lt": 10}}`."""
    if not isinstance(conditions, dict) or not conditions:
        raise Fault(Kind.INVALID, f'query: {shown(name)} needs an object such as {{"lt": 10}}', "query")
    parts = [
        _one_condition(name.removeprefix("properties."), operator, value)
        for operator, value in conditions.items()
    ]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _one_condition(name: str, operator: str, value: Any) -> Filter:
    if name in _TIMES:
        return _time_condition(name, operator, value)
    prop = _PROPERTIES.get(name)
    if prop is None:
        raise Fault(
            Kind.INVALID,
            f"query: {shown(name)} is not a queryable; there are {', '.join(sorted((*_PROPERTIES, *_TIMES)))}",
            "query",
        )
    if operator == "in":
        if not isinstance(value, list) or not value:
            raise Fault(Kind.INVALID, "query: in needs a list", "query")
        return Or(tuple(Compare(prop, Relation.EQUAL, _literal(prop, one)) for one in value))
    relation = _RELATIONS.get(operator)
    if relation is None:
        raise Fault(
            Kind.INVALID,
            f"query: {shown(operator)} is not an operator; there are {', '.join((*_RELATIONS, 'in'))}",
            "query",
        )
    return Compare(prop, relation, _literal(prop, value))


def _time_condition(name: str, operator: str, value: Any) -> Filter:
    """A time compared with a date that is as long as it is precise."""
    relation = _RELATIONS.get(operator)
    if relation is None:
        raise Fault(Kind.INVALID, f"query: {shown(operator)} is not an operator of a time", "query")
    period, column = _period(value), Property.END if name == "end_datetime" else Property.START
    return compare_time(column, relation, period.start, period.end)


def _literal(prop: Property, value: Any) -> str | float:
    """A value of the property's type; clients send numbers as texts."""
    if prop in _NUMBERS:
        if type(value) in (int, float):
            return float(value)
        if isinstance(value, str) and _NUMBER.match(value):
            return float(value)
        raise Fault(Kind.INVALID, f"query: {prop.value} is compared with a number", "query")
    if not isinstance(value, str):
        raise Fault(Kind.INVALID, f"query: {prop.value} is compared with a text", "query")
    return value[:1_000]


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name) or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Fault(Kind.INVALID, f"{name} is a list of texts", name)
    return tuple(value)


def _json(name: str, text: str) -> Any:
    from ogc.http.problem import read_json

    try:
        return read_json(text.encode())
    except Fault as fault:
        raise Fault(Kind.INVALID, f"{name} is not JSON", name) from fault


def _named(name: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except Fault as fault:
        raise Fault(fault.kind, f"{name}: {fault.text}", name) from fault
