# SPDX-License-Identifier: Apache-2.0
"""Baskets as py-hydroweb sends them: collections with filters, each of which becomes a request of series, or is refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.time import read_instant
from catalog.query import And, Compare, Filter, Or, Property, Relation, equal
from config.collections import Registry
from ogc.filter.values import intersects, read_box, read_geometry, read_period
from ogc.http.fields import shown
from ogc.series.request import Form, SeriesRequest

_FOLDER = re.compile(r"[A-Za-z0-9._-]{1,80}(?:/[A-Za-z0-9._-]{1,80}){0,5}/?\Z", re.ASCII)
_FILTERS = ("bbox", "intersects", "intersectsRefs", "datetime", "query")
_RELATIONS = {"lt": Relation.LESS, "lte": Relation.AT_MOST, "gt": Relation.MORE, "gte": Relation.AT_LEAST, "eq": Relation.EQUAL}  # fmt: skip
_TIMES = {"start_datetime": Property.START, "end_datetime": Property.END}
_TEXTS = {
    "river": Property.WATER, "lake": Property.WATER, "water": Property.WATER, "basin": Property.BASIN, "country": Property.COUNTRY,
    "id": Property.STATION,
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Some series of a collection, and the folder that they go to."""

    collection: str
    folder: str
    request: SeriesRequest


def read_basket(document: Any, registry: Registry, most: int) -> tuple[str, tuple[Part, ...]]:
    """The name and the parts of a basket. Raises Fault INVALID or TOO_LARGE."""
    if not isinstance(document, Mapping) or not isinstance(document.get("collections"), list):
        raise _wrong("a basket is an object with collections", "collections")
    name = document.get("workflowName")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise _wrong("workflowName is a text of up to 200 characters", "workflowName")
    if not document["collections"]:
        raise _wrong("the basket is empty", "collections")
    if len(document["collections"]) > most:
        raise too_large(f"{len(document['collections'])} collections", most, "limits.basket_parts")
    return name, tuple(_part(one, registry) for one in document["collections"])


def _part(one: Any, registry: Registry) -> Part:
    if not isinstance(one, Mapping) or not isinstance(one.get("collectionId"), str):
        raise _wrong("a collection has a collectionId", "collectionId")
    wanted = one["collectionId"]
    kind = next(
        (kind for kind in registry.series_types.values() if wanted == kind.id or wanted in kind.former), None
    )
    if kind is None:
        raise _wrong(f"there is no collection of series {shown(wanted)}", "collectionId")
    folder = one.get("folder") or wanted
    if not isinstance(folder, str) or not _FOLDER.match(folder) or ".." in folder:
        raise _wrong(f"{shown(str(folder))} is not a folder", "folder")
    filters = one.get("filters") or {}
    if not isinstance(filters, Mapping):
        raise _wrong("filters is an object", "filters")
    unknown = next((name for name in filters if name not in _FILTERS), None)
    if unknown is not None:
        raise _wrong(f"{shown(str(unknown))} is none of {', '.join(_FILTERS)}", "filters")
    tree = And((equal(Property.COLLECTION, kind.id), *_filters(filters)))
    return Part(kind.id, folder.rstrip("/"), SeriesRequest(tree, None, Form.CSV, None))


def _filters(given: Mapping[str, Any]) -> Iterator[Filter]:
    if given.get("bbox") is not None:
        yield intersects(read_box(given["bbox"]))
    if given.get("intersects") is not None:
        yield intersects(read_geometry(given["intersects"], "intersects"))
    if given.get("intersectsRefs"):
        yield Or(tuple(_reference(one) for one in _list(given["intersectsRefs"])))
    if given.get("datetime") is not None:
        period = read_period(given["datetime"])
        yield Compare(Property.MODIFIED, Relation.AT_LEAST, period.start)
        yield Compare(Property.MODIFIED, Relation.LESS, period.end)
    query = given.get("query") or {}
    if not isinstance(query, Mapping):
        raise _wrong("query is an object", "query")
    for name, conditions in query.items():
        if not isinstance(conditions, Mapping):
            raise _wrong(f"query: {shown(str(name))} holds an object of operators", "query")
        for operator, value in conditions.items():
            yield _condition(str(name), str(operator), value)


def _reference(text: Any) -> Filter:
    """`COLLECTION.NAME` of a station of ours; other sets of shapes are not here."""
    collection, _, name = str(text).partition(".")
    if not collection.startswith("HYDROWEB_") or not name:
        raise _wrong(
            f"{shown(str(text))} is no station of Hydroweb; other shapes are asked with intersects", "intersectsRefs"
        )  # fmt: skip
    return equal(Property.STATION, name)


def _condition(name: str, operator: str, value: Any) -> Filter:
    relation = _RELATIONS.get(operator)
    if relation is None or not isinstance(value, str):
        raise _wrong(f"query: {shown(name)} takes {', '.join(_RELATIONS)} and a text", "query")
    if name in _TIMES:
        period = read_instant(value)
        at = period.start if relation in (Relation.LESS, Relation.AT_LEAST) else period.end - 1
        end = 1 if name == "end_datetime" else 0
        return Compare(_TIMES[name], relation, at + end)
    if name in _TEXTS and relation is Relation.EQUAL:
        return equal(_TEXTS[name], value)
    known = ", ".join((*_TIMES, *_TEXTS))
    raise _wrong(f"query: {shown(name)} is none of {known}, or not with {operator}", "query")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > 100:
        raise _wrong("intersectsRefs is a list of up to 100 names", "intersectsRefs")
    return value


def _wrong(text: str, locator: str) -> Fault:
    return Fault(Kind.INVALID, text, locator)
