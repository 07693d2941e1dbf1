# SPDX-License-Identifier: Apache-2.0
"""Paths and options to entities: sets with filters in the database, expansions within bounds, links that go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from catalog.model.faults import Fault, Kind, too_large
from catalog.query import And, By, Filter
from config.limits import Limits
from ogc.filter.queryables import Queryable
from ogc.http.fields import shown
from ogc.sta.odata import read_filter
from ogc.sta.request import Options, Segment, StaRequest
from ogc.sta.sets import SETS, Asking, Document, EntitySet, Way

_CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/iot_sensing/1.1/req/{name}"
    for name in (
        "datamodel", "resource-path/resource-path-to-entities", "request-data", "request-data/order", "request-data/expand", "request-data/select",
        "request-data/orderby", "request-data/skip", "request-data/top", "request-data/filter", "request-data/built-in-filter-operations",
        "request-data/built-in-query-functions", "request-data/count", "request-data/pagination", "data-array/data-array",
    )
)  # fmt: skip
_MOST_ORDERS = 5
_COMPONENTS = ("id", "phenomenonTime", "resultTime", "result")


def root(base: str) -> Document:
    """The entity sets with their addresses (18-088, 9.2.1)."""
    return {
        "value": [{"name": name, "url": f"{base}/{name}"} for name in SETS],
        "serverSettings": {"conformance": list(_CONFORMANCE)},
    }


class Reading:
    """One request: it counts what it has written, so that expansions stay within the limit."""

    def __init__(self, ask: Asking, limits: Limits) -> None:
        self._ask, self._limits, self._left = ask, limits, limits.sta_entities

    def answer(self, request: StaRequest) -> Any:
        """The document of a path; a bare text behind `$value`, a number behind `$count`. Raises Fault."""
        first, *rest = request.path
        found = SETS.get(first.name)
        if found is None:
            raise _none(first.name)
        tree: Filter = And(())
        here, single = first.name, first.id is not None
        if first.id is not None:
            tree = found.by_key(first.id)
            here = f"{here}({quoted(first.id)})"
        for number, segment in enumerate(rest):
            if not single:
                raise Fault(Kind.INVALID, f"{shown(segment.name)}: what stands before it is a list")
            entity = self._one(found, tree)
            way = found.relations.get(segment.name)
            if way is None:
                if number != len(rest) - 1 or segment.id is not None:
                    raise _none(segment.name)
                return self._property(found, entity, segment.name, request.tail)
            found, tree, single, here = self._step(way, entity, segment, here)
        if single:
            return self._single(found, self._one(found, tree), request)
        return self._list(found, tree, here, request)

    def _step(
        self, way: Way, entity: Any, segment: Segment, here: str
    ) -> tuple[EntitySet, Filter, bool, str]:
        """Along a relation: the next set, which of it, whether that is one, and its address."""
        target, tree = SETS[way.target], way.which(entity)
        if segment.id is None:
            return target, tree, way.single, f"{here}/{segment.name}"
        if way.single:
            raise _none(segment.name)
        return target, And((tree, target.by_key(segment.id))), True, f"{target.name}({quoted(segment.id)})"

    def _one(self, found: EntitySet, tree: Filter) -> Any:
        entities = found.find(self._ask, tree, (), 1, 0)
        if not entities:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no such entity in {found.name}")
        return entities[0]

    def _property(self, found: EntitySet, entity: Any, name: str, tail: str) -> Any:
        values = found.write(entity, self._ask)
        if name not in values:
            raise _none(name)
        return _bare(values[name]) if tail == "$value" else {name: values[name]}

    def _single(self, found: EntitySet, entity: Any, request: StaRequest) -> Any:
        if request.tail == "$ref":
            return {"@iot.selfLink": self._address(found, entity)}
        if request.tail:
            raise _none(request.tail)
        return self._write(found, entity, request.options)

    def _list(self, found: EntitySet, tree: Filter, here: str, request: StaRequest) -> Any:
        if request.tail == "$count":
            return found.count(self._ask, self._filtered(found, tree, request.options))
        if request.tail == "$value":
            raise _none(request.tail)
        page = self._page(found, tree, request.options, f"{self._ask.base}/{here}")
        if request.tail == "$ref":
            return {**page, "value": [{"@iot.selfLink": one["@iot.selfLink"]} for one in page["value"]]}
        if request.options.data_array:
            return self._arrays(found, page)
        return page

    def _page(self, found: EntitySet, tree: Filter, options: Options, address: str) -> Document:
        """A page of a set, or of a relation, with the link to the next one."""
        asked = self._filtered(found, tree, options)
        top = min(found.page if options.top is None else options.top, found.most)
        entities: Sequence[Any] = (
            found.find(self._ask, asked, self._order(found, options), top + 1, options.skip) if top else ()
        )
        out: Document = {"@iot.count": found.count(self._ask, asked)} if options.count else {}
        if len(entities) > top:
            out["@iot.nextLink"] = (
                f"{address}?{_query(replace(options, skip=options.skip + top, top=options.top))}"
            )
        return {**out, "value": [self._write(found, one, options) for one in entities[:top]]}

    def _filtered(self, found: EntitySet, tree: Filter, options: Options) -> Filter:
        return And((tree, read_filter(options.filter, found.names, found.places))) if options.filter else tree

    @staticmethod
    def _order(found: EntitySet, options: Options) -> tuple[By, ...]:
        """`name desc,time`: properties that may be filtered by, upwards without a word. Raises Fault INVALID."""
        order: list[By] = []
        for term in options.orderby.split(",") if options.orderby else ():
            name, _, direction = term.strip().replace("@iot.id", "id").partition(" ")
            asked = found.names.get(name)
            if asked is None or direction.strip() not in ("", "asc", "desc") or len(order) == _MOST_ORDERS:
                raise Fault(
                    Kind.INVALID,
                    f"$orderby: {shown(term)} is none of {', '.join(found.names)}, asc or desc, {_MOST_ORDERS} at most",
                    "$orderby",
                )
            by = asked.property if isinstance(asked, Queryable) and name != "id" else None
            order.append(By(by, direction.strip() == "desc"))
        return tuple(order)

    def _write(self, found: EntitySet, entity: Any, options: Options) -> Document:
        """An entity with its control information, what was selected, and what was expanded."""
        self._left -= 1
        if self._left < 0:
            raise too_large(
                "more entities in one answer", self._limits.sta_entities, "limits.sta_entities", "$expand"
            )
        address = self._address(found, entity)
        values = found.write(entity, self._ask)
        chosen = set(options.select)
        unknown = chosen - values.keys() - found.relations.keys() - {"id", "@iot.id", "@iot.selfLink"}
        if unknown:
            raise Fault(
                Kind.INVALID,
                f"$select: {found.name} have no {', '.join(sorted(shown(one) for one in unknown))}",
                "$select",
            )
        out: Document = {"@iot.id": found.key(entity), "@iot.selfLink": address}
        out |= {name: value for name, value in values.items() if not chosen or name in chosen}
        expanded = dict(options.expand)
        for name in expanded.keys() - found.relations.keys():
            raise Fault(Kind.INVALID, f"$expand: {found.name} have no {shown(name)}", "$expand")
        for name, way in found.relations.items():
            if name in expanded:
                out |= self._expanded(name, way, entity, expanded[name], address)
            elif not chosen or name in chosen:
                out[f"{name}@iot.navigationLink"] = f"{address}/{name}"
        return out

    def _expanded(self, name: str, way: Way, entity: Any, options: Options, address: str) -> Document:
        """A relation within an entity: one entity, or a page with its count and its next link beside it."""
        target, tree = SETS[way.target], way.which(entity)
        if way.single:
            found = target.find(self._ask, tree, (), 1, 0)
            return {name: self._write(target, found[0], options)} if found else {}
        page = self._page(target, tree, options, f"{address}/{name}")
        return {name: page.pop("value"), **{f"{name}{key}": value for key, value in page.items()}}

    def _address(self, found: EntitySet, entity: Any) -> str:
        return f"{self._ask.base}/{found.name}({quoted(found.key(entity))})"

    def _arrays(self, found: EntitySet, page: Document) -> Document:
        """Observations as rows, by Datastream (18-088, 12)."""
        if found.name != "Observations":
            raise Fault(Kind.INVALID, "$resultFormat: dataArray is for Observations", "$resultFormat")
        streams: dict[str, list[list[Any]]] = {}
        for one in page["value"]:
            stream = one["@iot.id"].rpartition(".")[0]
            row = [one["@iot.id"], *(one.get(name) for name in _COMPONENTS[1:])]
            streams.setdefault(stream, []).append(row)
        return {
            **page,
            "value": [
                {
                    "Datastream@iot.navigationLink": f"{self._ask.base}/Datastreams({quoted(stream)})", "components": list(_COMPONENTS),
                    "dataArray@iot.count": len(rows), "dataArray": rows,
                }
                for stream, rows in streams.items()
            ],
        }  # fmt: skip


def quoted(key: str) -> str:
    """A text id within brackets."""
    doubled = key.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def _query(options: Options) -> str:
    """Options as a query string again, for the link to the next page."""
    return urlencode(_pairs(options), safe="$,;()'/@:*", quote_via=quote)


def _bare(value: Any) -> Any:
    """A property without its name: an object or a list as JSON, anything else as a text."""
    return value if isinstance(value, str | dict | list) else json.dumps(value)


def _pairs(options: Options) -> list[tuple[str, str]]:
    found = [
        ("$filter", options.filter), ("$expand", ",".join(_expansion(name, inner) for name, inner in options.expand)), ("$select", ",".join(options.select)),
        ("$orderby", options.orderby), ("$count", "true" if options.count else ""), ("$top", "" if options.top is None else str(options.top)),
        ("$skip", str(options.skip) if options.skip else ""), ("$resultFormat", "dataArray" if options.data_array else ""),
    ]  # fmt: skip
    return [(name, value) for name, value in found if value]


def _expansion(name: str, options: Options) -> str:
    inner = ";".join(f"{key}={value}" for key, value in _pairs(options))
    return f"{name}({inner})" if inner else name


def _none(name: str) -> Fault:
    return Fault(Kind.UNKNOWN_LAYER, f"there is nothing at {shown(name)}")
