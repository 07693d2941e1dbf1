# SPDX-License-Identifier: Apache-2.0
"""CQL2 (OGC 21-065r2), text and JSON, to our tree: basic CQL2, advanced comparison, case-insensitive comparison, basic spatial
functions with any geometry, and the temporal functions that a stretch of time has an answer to.

The `cql2` package reads the text into the JSON form (docs/adr/0012); we walk that. Its size and nesting are bounded before: the
parser recurses, and a few thousand signs in a row end the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from catalog.model.faults import Fault, Kind
from catalog.query import And, Compare, During, Filter, Missing, Not, Or, Relation
from ogc.filter import queryables
from ogc.filter.queryables import Queryable, Type, Vocabulary
from ogc.filter.values import intersects, read_box, read_geometry, read_period
from ogc.http.fields import shown

CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
    for name in (
        "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison", "basic-spatial-functions",
        "basic-spatial-functions-plus",
    )
)  # fmt: skip
_LONGEST = 8_192
_DEEPEST = 30
_MOST_STEPS = 1_000_000
"""Characters times two to the power of the depth: 200 ms of the parser at most."""
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_SIGNS = re.compile(r"[-+]\s*[-+]")
_NOT = re.compile(r"\bnot\b", re.IGNORECASE)
_RELATIONS = {relation.value: relation for relation in Relation}
_FLIPPED = {
    Relation.LESS: Relation.MORE, Relation.MORE: Relation.LESS, Relation.AT_MOST: Relation.AT_LEAST, Relation.AT_LEAST: Relation.AT_MOST,
}  # fmt: skip
_GEOMETRY = "geometry"


def from_text(text: str, names: Vocabulary, locator: str = "filter") -> Filter:
    """A CQL2 text as our tree. Raises Fault INVALID."""
    if len(text) > _LONGEST or _costly(_QUOTED.sub("''", text)):
        raise Fault(
            Kind.INVALID,
            f"{locator}: the text is too long or too deeply nested; as CQL2 JSON it may pass",
            locator,
        )
    import cql2

    try:
        document = cql2.parse_text(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        raise Fault(Kind.INVALID, f"{locator}: this is not CQL2 text", locator) from error
    return from_json(document, names, locator)


def _costly(bare: str) -> bool:
    """Whether the parser might need long for a text, or more stack than there is: it tries what stands in brackets twice at each depth."""
    depths = list(accumulate((one == "(") - (one == ")") for one in bare))
    deepest = max(depths, default=0)
    return (
        min(depths, default=0) < 0
        or deepest > _DEEPEST
        or len(bare) << deepest > _MOST_STEPS
        or len(_NOT.findall(bare)) > _DEEPEST
        or _SIGNS.search(bare) is not None
    )


def from_json(document: Any, names: Vocabulary, locator: str = "filter") -> Filter:
    """A CQL2 JSON value as our tree. Raises Fault INVALID."""
    return _Reader(names, locator).node(document, 0)


@dataclass(frozen=True)
class _Reader:
    names: Vocabulary
    locator: str

    def node(self, document: Any, depth: int) -> Filter:
        """A predicate."""
        if depth > _DEEPEST:
            raise self.fault(f"is nested deeper than {_DEEPEST}")
        if document is True or document is False:
            return And(()) if document else Or(())
        operator, arguments = self.operation(document)
        if operator in ("and", "or"):
            parts = tuple(self.node(one, depth + 1) for one in arguments)
            return And(parts) if operator == "and" else Or(parts)
        if operator == "not":
            return Not(self.node(arguments[0], depth + 1))
        if operator in _RELATIONS:
            return self.comparison(_RELATIONS[operator], *self.pair(arguments))
        found = _PREDICATES.get(operator)
        if found is None:
            raise self.fault(f"{shown(operator)} is not an operator of this server")
        return found(self, arguments)

    def operation(self, document: Any) -> tuple[str, list[Any]]:
        """The operator, as CQL2 spells it, and its arguments."""
        if not isinstance(document, dict) or set(document) != {"op", "args"}:
            raise self.fault('a predicate is an object of "op" and "args"')
        operator, arguments = document["op"], document["args"]
        if not isinstance(operator, str) or not isinstance(arguments, list) or not arguments:
            raise self.fault("an operator needs a list of arguments")
        return operator if operator == "isNull" else operator.lower(), arguments

    def pair(self, arguments: list[Any]) -> tuple[Any, Any]:
        """Two arguments."""
        if len(arguments) != 2:
            raise self.fault("this operator has two arguments")
        return arguments[0], arguments[1]

    def comparison(self, relation: Relation, left: Any, right: Any) -> Filter:
        """A property on either side."""
        folded = (_is_casei(left), _is_casei(right))
        left, right = (one["args"][0] if folded[at] else one for at, one in enumerate((left, right)))
        if not _is_property(left):
            left, right, relation = right, left, _FLIPPED.get(relation, relation)
        if any(folded) and not all(folded):
            raise self.fault("casei stands on both sides")
        return queryables.compare(
            self.queryable(left), relation, self.value(right), self.locator, match_case=not any(folded)
        )

    def queryable(self, document: Any) -> Queryable:
        """A property by its name."""
        if not _is_property(document):
            raise self.fault("an operator asks a property")
        return queryables.find(document["property"].removeprefix("properties."), self.names, self.locator)

    def value(self, document: Any) -> Any:
        """A literal; dates and timestamps as their texts."""
        if isinstance(document, dict) and len(document) == 1:
            for name in ("date", "timestamp"):
                if isinstance(document.get(name), str):
                    return document[name]
        if isinstance(document, str | int | float):
            return document
        raise self.fault("a value is a text, a number, a date or a timestamp")

    def like(self, arguments: list[Any]) -> Filter:
        """`%` is any text, `_` any character, backslash takes the next one as it is."""
        left, right = self.pair(arguments)
        folded = _is_casei(left) and _is_casei(right)
        left, right = (one["args"][0] if folded else one for one in (left, right))
        return queryables.like(self.queryable(left), right, self.locator, match_case=not folded)

    def between(self, arguments: list[Any]) -> Filter:
        """Both ends are in; the ends as two arguments or, in old drafts, as a list of two."""
        if len(arguments) == 2 and isinstance(arguments[1], list):
            arguments = [arguments[0], *arguments[1]]
        if len(arguments) != 3:
            raise self.fault("between has a property and two values")
        what, low, high = self.queryable(arguments[0]), self.value(arguments[1]), self.value(arguments[2])
        at_least = queryables.compare(what, Relation.AT_LEAST, low, self.locator)
        return And((at_least, queryables.compare(what, Relation.AT_MOST, high, self.locator)))

    def among(self, arguments: list[Any]) -> Filter:
        """One of a list."""
        left, values = self.pair(arguments)
        what = self.queryable(left)
        if not isinstance(values, list) or not values:
            raise self.fault("in needs a list of values")
        return Or(
            tuple(queryables.compare(what, Relation.EQUAL, self.value(one), self.locator) for one in values)
        )

    def missing(self, arguments: list[Any]) -> Filter:
        """No value."""
        what = self.queryable(arguments[0])
        return Or(()) if what.meanings is not None else Missing(what.property)

    def intersects(self, arguments: list[Any]) -> Filter:
        """The footprint meets a geometry or a box."""
        left, right = self.pair(arguments)
        if not _is_property(left):
            left, right = right, left
        if not _is_property(left) or left["property"] != _GEOMETRY or not isinstance(right, dict):
            raise self.fault(f"a spatial function asks {_GEOMETRY} and a geometry")
        if set(right) == {"bbox"}:
            return intersects(read_box(right["bbox"], self.locator))
        return intersects(read_geometry(right, self.locator))

    def temporal(self, arguments: list[Any], ask: Callable[[Queryable, Any], Filter]) -> Filter:
        """A property of time and an instant or interval."""
        left, right = self.pair(arguments)
        what = self.queryable(left)
        if what.type is not Type.TIME:
            raise self.fault("a temporal function asks a property of time")
        if isinstance(right, dict) and set(right) == {"interval"}:
            ends = right["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise self.fault("an interval has two ends")
            text = "/".join(one if one == ".." else str(self.value(one)) for one in ends)
        else:
            text = str(self.value(right))
        return ask(what, read_period(text, self.locator))

    def fault(self, text: str) -> Fault:
        """What is wrong, with where."""
        return Fault(Kind.INVALID, f"{self.locator}: {text}", self.locator)


def _is_property(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("property"), str)


def _is_casei(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("op") == "casei"
        and isinstance(document.get("args"), list)
        and len(document["args"]) == 1
    )


def _meets(what: Queryable, period: Any) -> Filter:
    if what.until is not None:
        return During(period)
    return _during(what, period)


def _during(what: Queryable, period: Any) -> Filter:
    last = what.until or what.property
    return And(
        (
            Compare(what.property, Relation.AT_LEAST, period.start),
            Compare(last, Relation.AT_MOST if what.until else Relation.LESS, period.end),
        )
    )


def _after(what: Queryable, period: Any) -> Filter:
    return Compare(what.property, Relation.AT_LEAST, period.end)


def _before(what: Queryable, period: Any) -> Filter:
    last = what.until or what.property
    return Compare(last, Relation.AT_MOST if what.until else Relation.LESS, period.start)


_PREDICATES: dict[str, Callable[[_Reader, list[Any]], Filter]] = {
    "like": _Reader.like,
    "between": _Reader.between,
    "in": _Reader.among,
    "isNull": _Reader.missing,
    "s_intersects": _Reader.intersects,
    "s_disjoint": lambda reader, arguments: Not(reader.intersects(arguments)),
    "t_intersects": lambda reader, arguments: reader.temporal(arguments, _meets),
    "t_disjoint": lambda reader, arguments: Not(reader.temporal(arguments, _meets)),
    "t_during": lambda reader, arguments: reader.temporal(arguments, _during),
    "t_after": lambda reader, arguments: reader.temporal(arguments, _after),
    "t_before": lambda reader, arguments: reader.temporal(arguments, _before),
}
