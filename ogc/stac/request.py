# SPDX-License-Identifier: Apache-2.0
"""Item search (STAC API 1.0, item-search; OGC API Features 17-069r4 for items): GET parameters and POST bodies become one search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from catalog.model.faults import Fault, Kind, invalid
from catalog.model.product import Facet
from catalog.model.time import Period
from catalog.query import Among, And, Cursor, During, Filter, Or, Order, Property, Relation, Text
from catalog.words import asked
from ogc.filter.cql2 import from_json, from_text
from ogc.filter.queryables import Queryable, Type, Vocabulary, compare, find, like
from ogc.filter.terms import escaped
from ogc.filter.values import intersects, read_box, read_geometry, read_period
from ogc.http.cursors import DEEPEST, read_token
from ogc.http.fields import integer, number, shown

MOST = 1_000
_DEFAULT = 10
_VERTICES = 10_000
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
QUERYABLES: Vocabulary = {
    "id": Queryable(Property.ID, Type.TEXT, "Id"), "collection": Queryable(Property.COLLECTION, Type.TEXT, "Collection"),
    "datetime": Queryable(Property.START, Type.TIME, "Acquisition", Property.END),
    "start_datetime": Queryable(Property.START, Type.TIME, "Start"), "end_datetime": Queryable(Property.END, Type.TIME, "End"),
    "platform": Queryable(Property.PLATFORM, Type.TEXT, "Platform", stored=str.upper), "version": Queryable(Property.VERSION, Type.TEXT, "Version"),
    "eo:cloud_cover": Queryable(Property.CLOUD, Type.NUMBER, "Cloud cover, %"), "eo:snow_cover": Queryable(Property.SNOW, Type.NUMBER, "Snow cover, %"),
    "grid:code": Queryable(Property.ZONE, Type.TEXT, "Tile", stored=lambda code: code.replace("MGRS-", "T", 1)),
}  # fmt: skip
_TERMS = 20
_ALWAYS = frozenset({"id", "type", "collection"})
_BY_TIME = (Order.OLDEST, Order.NEWEST)
_ORDERS = {
    "datetime": _BY_TIME, "start_datetime": _BY_TIME, "end_datetime": _BY_TIME, "eo:cloud_cover": (Order.LEAST_CLOUDY, Order.CLOUDIEST),
}  # fmt: skip
"""What items are sorted by: upwards and downwards."""
_RELATIONS = {
    "eq": Relation.EQUAL, "neq": Relation.NOT_EQUAL, "lt": Relation.LESS, "lte": Relation.AT_MOST, "gt": Relation.MORE, "gte": Relation.AT_LEAST,
}  # fmt: skip
_PATTERNS = {"startsWith": "{}%", "endsWith": "%{}", "contains": "%{}%"}
"""Operators of texts, as patterns; upper and lower case differ (STAC API query extension)."""
_KNOWN = frozenset(
    {
        "bbox", "datetime", "intersects", "ids", "collections", "limit", "query", "sortby", "token", "fields", "filter", "filter-lang",
        "filter-crs", "q", "page", "sortBy",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """Which members of an item are answered; everything without a word of it."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def of(self, item: dict[str, Any]) -> dict[str, Any]:
        """An item with these members only; its id, type and collection always."""
        if not self.include and not self.exclude:
            return item
        out = {name: value for name, value in item.items() if self._whole(name)}
        for outer in ("properties", "assets"):
            inner = {
                name: value
                for name, value in item[outer].items()
                if self._whole(f"{outer}.{name}") or (outer in out and f"{outer}.{name}" not in self.exclude)
            }
            if inner or outer in out:
                out[outer] = inner
        return out

    def _whole(self, name: str) -> bool:
        return name in _ALWAYS or (
            name in self.include
            if self.include
            else name.split(".")[0] not in self.exclude and name not in self.exclude
        )


@dataclass(frozen=True)
class Search:
    """What items, how many, from where on."""

    tree: Filter
    order: Order
    limit: int
    after: Cursor | None
    fields: Fields = Fields()
    collections: tuple[str, ...] = ()
    """These only; all of them when empty."""
    page: int = 0
    """Its number, where pages are asked for by it, from 1; 0 else."""


@dataclass(frozen=True)
class CollectionSearch:
    """Which collections."""

    area: BaseGeometry | None
    period: Period | None
    terms: tuple[tuple[tuple[str, ...], ...], ...]
    """One of these texts, all of whose words occur."""
    limit: int


def from_parameters(parameters: Mapping[str, str], collections: Sequence[str] = ()) -> Search:
    """A search of a GET. Raises Fault INVALID with the parameter as the locator."""
    document: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in _KNOWN:
            raise Fault(Kind.INVALID, f"{shown(name)} is not a parameter of this search", name[:60])
        if name in ("ids", "collections", "sortby", "sortBy", "fields"):
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
        parts.append(During(read_period(document["datetime"])))
    area = _area(document)
    parts += [one for one in (area, _filter(document)) if one is not None]
    terms = _terms(document.get("q"))
    if terms:
        parts.append(Or(tuple(Text(words) for words in terms)))
    limit = _limit(document.get("limit"))
    query = document.get("query") or {}
    if not isinstance(query, dict):
        raise Fault(Kind.INVALID, "query is an object of properties", "query")
    parts += [_condition(name, conditions) for name, conditions in query.items()]
    return Search(
        And(tuple(parts)),
        _order(document.get("sortby") or document.get("sortBy")),
        limit,
        read_token(document.get("token")),
        _fields(document.get("fields", [])),
        wanted,
        _page(document, limit),
    )


AGGREGATIONS: Mapping[str, Facet | None] = {
    "total_count": None, "datetime_min": None, "datetime_max": None, "collection_frequency": Facet.COLLECTION, "platform_frequency": Facet.PLATFORM,
    "grid_code_frequency": Facet.ZONE, "datetime_frequency": Facet.MONTH, "cloud_cover_frequency": Facet.CLOUD,
}  # fmt: skip
"""The names of the aggregation extension (0.3)."""


def aggregations_from(document: Any, collections: Sequence[str] = ()) -> tuple[Search, tuple[str, ...]]:
    """A search and what it is counted by. Raises Fault INVALID with the member as the locator."""
    if not isinstance(document, dict):
        raise invalid("an aggregation is a JSON object")
    rest = {name: value for name, value in document.items() if name != "aggregations"}
    wanted = document.get("aggregations") or ["total_count"]
    wanted = wanted.split(",") if isinstance(wanted, str) else wanted
    if not isinstance(wanted, list) or not all(
        isinstance(one, str) and one in AGGREGATIONS for one in wanted
    ):
        raise Fault(Kind.INVALID, f"aggregations are {', '.join(AGGREGATIONS)}", "aggregations")
    read = from_parameters if all(isinstance(value, str) for value in rest.values()) else from_document
    return read(rest, collections), tuple(dict.fromkeys(wanted))


def collections_from(parameters: Mapping[str, str]) -> CollectionSearch:
    """A search of collections. Raises Fault INVALID."""
    for name in parameters:
        if name not in ("bbox", "datetime", "q", "limit"):
            raise Fault(Kind.INVALID, f"{shown(name)} is not a parameter of this search", name[:60])
    box, when = parameters.get("bbox"), parameters.get("datetime")
    return CollectionSearch(
        read_box([_named("bbox", number, part) for part in box.split(",")]) if box else None,
        read_period(when) if when else None,
        _terms(parameters.get("q")),
        _limit(parameters.get("limit", MOST)),
    )


def collections_from_document(document: Any) -> CollectionSearch:
    """A search of collections in a POST: `limit`, `q`, `datetime`; the only page is the first. Raises Fault INVALID with the member as the locator."""
    if not isinstance(document, dict):
        raise invalid("a search is a JSON object")
    for name in document:
        if name not in ("limit", "q", "datetime", "page"):
            raise Fault(Kind.INVALID, f"{shown(str(name))} is not a member of this search", str(name)[:60])
    if document.get("page") not in (None, 1, "1"):
        raise Fault(Kind.INVALID, "all collections are on page 1", "page")
    when = document.get("datetime")
    limit = _limit(document.get("limit", MOST))
    return CollectionSearch(None, read_period(when) if when else None, _terms(document.get("q")), limit)


def _limit(value: Any) -> int:
    """A limit above the greatest is lowered, not refused (item-search)."""
    if value is None:
        return _DEFAULT
    if isinstance(value, str):
        value = _named("limit", integer, value)
    if type(value) is not int or value < 1:
        raise Fault(Kind.INVALID, "limit is an integer from 1", "limit")
    return min(value, MOST)


def _page(document: Mapping[str, Any], limit: int) -> int:
    """GEODES and hydroweb.next page by number, which may be a text; our own links go by token."""
    value = document.get("page")
    if value in (None, ""):
        return 0
    if isinstance(value, str):
        value = _named("page", integer, value)
    if type(value) is not int or value < 1:
        raise Fault(Kind.INVALID, "page is an integer from 1", "page")
    if document.get("token"):
        raise Fault(Kind.INVALID, "a search goes on by token or by page, not by both", "page")
    if (value - 1) * limit > DEEPEST:
        raise Fault(Kind.INVALID, f"pages end at item {DEEPEST}: the next link goes on", "page")
    return value


def _order(value: Any) -> Order:
    """`-properties.datetime` (the default) or `+…`; in a POST as objects of field and direction (GEODES: dsc)."""
    if not value:
        return Order.NEWEST
    items = value if isinstance(value, list) else [value]
    first = items[0]
    if isinstance(first, dict):
        field, down = str(first.get("field", "")), first.get("direction", "asc") in ("desc", "dsc")
    else:
        field, down = str(first).strip().lstrip("+-"), str(first).startswith("-")
    orders = _ORDERS.get(field.removeprefix("properties."))
    if orders is None or len(items) > 2:
        raise Fault(
            Kind.INVALID,
            "items are sorted by properties.datetime or properties.eo:cloud_cover, up or down",
            "sortby",
        )
    return orders[down]


def _area(document: Mapping[str, Any]) -> Filter | None:
    box, geometry = document.get("bbox"), document.get("intersects")
    if box is not None and geometry is not None:
        raise Fault(Kind.INVALID, "a search has bbox or intersects, not both", "intersects")
    if box is not None:
        return intersects(read_box(box))
    return None if geometry is None else intersects(read_geometry(geometry, "intersects"))


def _filter(document: Mapping[str, Any]) -> Filter | None:
    """`filter` in the language that `filter-lang` says; without one a text is CQL2 text and an object CQL2 JSON."""
    tree, language = document.get("filter"), document.get("filter-lang")
    if tree in (None, ""):
        return None
    if language not in (None, "cql2-text", "cql2-json"):
        raise Fault(
            Kind.INVALID,
            f"filter-lang: {shown(str(language))} is neither cql2-text nor cql2-json",
            "filter-lang",
        )
    if document.get("filter-crs") not in (None, CRS84_URI):
        raise Fault(Kind.INVALID, f"filter-crs is {CRS84_URI}", "filter-crs")
    if isinstance(tree, str) and language == "cql2-json":
        tree = _json("filter", tree)
    if isinstance(tree, str):
        return from_text(tree, QUERYABLES)
    return from_json(tree, QUERYABLES)


def _terms(value: Any) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Free text: one of the terms, each of whose words occurs; a comma or another item begins the next term."""
    if value in (None, "", []):
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Fault(Kind.INVALID, "q is a text or a list of texts", "q")
    return tuple(words for one in value[:_TERMS] if (words := asked(one[:1_000])))


def _fields(value: Any) -> Fields:
    """`a,-b` as a list, or an object of include and exclude."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        names = {
            "include": [one.lstrip("+ ") for one in value if one[:1] != "-"],
            "exclude": [one[1:] for one in value if one[:1] == "-"],
        }
    elif isinstance(value, dict):
        names = {name: list(_texts(value, name)) for name in ("include", "exclude")}
    else:
        raise Fault(Kind.INVALID, "fields is a list of names or an object of include and exclude", "fields")
    return Fields(frozenset(names["include"]), frozenset(names["exclude"]))


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
    what = find(name, QUERYABLES, "query")
    if operator == "in":
        if not isinstance(value, list) or not value:
            raise Fault(Kind.INVALID, "query: in needs a list", "query")
        return Or(tuple(compare(what, Relation.EQUAL, one, "query") for one in value))
    relation = _RELATIONS.get(operator)
    if relation is not None:
        return compare(what, relation, value, "query")
    pattern = _PATTERNS.get(operator)
    if pattern is None:
        known = ", ".join((*_RELATIONS, "in", *_PATTERNS))
        raise Fault(Kind.INVALID, f"query: {shown(operator)} is not an operator; there are {known}", "query")
    return like(what, pattern.format(escaped(value)) if isinstance(value, str) else value, "query")


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
