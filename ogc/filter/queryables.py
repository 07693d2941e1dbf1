# SPDX-License-Identifier: Apache-2.0
"""What the JSON protocols may ask of a resource: names, types, and a comparison as our tree (OGC 19-079r2, queryables)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from catalog.model.faults import Fault, Kind
from catalog.query import Among, Compare, Filter, Like, Not, Property, Relation
from ogc.filter.terms import compare_time, escaped
from ogc.filter.values import read_period
from ogc.http.fields import shown

_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?\Z", re.ASCII)
_LONGEST = 1_000


class Type(Enum):
    """How values of a queryable are compared; the value is its JSON Schema."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"

    def schema(self) -> dict[str, str]:
        """Its JSON Schema."""
        if self is Type.TIME:
            return {"type": "string", "format": "date-time"}
        return {"type": "number" if self is Type.NUMBER else "string"}


@dataclass(frozen=True, slots=True)
class Queryable:
    """A property that may be asked for."""

    property: Property
    type: Type
    title: str
    until: Property | None = None
    """Where a thing's time is a stretch: its end; `property` is then its start."""
    stored: Callable[[str], str] = str
    """A text as the store has it, of one as the protocol writes it."""
    meanings: Mapping[str, tuple[str, ...]] | None = None
    """The only values that there are, each with the stored ones that it stands for; compared by = and <>."""


Vocabulary = Mapping[str, Queryable]
"""Queryables by their names in a protocol."""


def find(name: object, names: Vocabulary, locator: str) -> Queryable:
    """A queryable by its name. Raises Fault INVALID for a name outside of the closed list."""
    found = names.get(name) if isinstance(name, str) else None
    if found is None:
        raise Fault(
            Kind.INVALID,
            f"{locator}: {shown(str(name))} is not a queryable; there are {', '.join(sorted(names))}",
            locator,
        )
    return found


def compare(
    what: Queryable, relation: Relation, value: object, locator: str, *, match_case: bool = True
) -> Filter:
    """A queryable compared with a JSON value. Raises Fault INVALID for a value of another type."""
    if what.type is Type.TIME:
        period = read_period(value, locator)
        return compare_time(what.property, relation, period.start, period.end)
    literal = read_value(what, value, locator)
    if what.meanings is not None:
        return _meant(what, relation, what.meanings.get(str(literal), ()), locator)
    if match_case or isinstance(literal, float):
        return Compare(what.property, relation, literal)
    if relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
        raise Fault(Kind.INVALID, f"{locator}: without case there are = and <> only", locator)
    found = Like(what.property, escaped(str(literal)), match_case=False)
    return found if relation is Relation.EQUAL else Not(found)


def like(what: Queryable, pattern: object, locator: str, *, match_case: bool = True) -> Filter:
    """A text like a pattern: `%` is any text, `_` any character, backslash takes the next one as it is. Raises Fault INVALID."""
    if what.type is not Type.TEXT or what.meanings is not None or not isinstance(pattern, str):
        raise Fault(Kind.INVALID, f"{locator}: a pattern is a text and asked of a text", locator)
    return Like(what.property, what.stored(pattern[:_LONGEST]), match_case=match_case)


def _meant(what: Queryable, relation: Relation, stored: tuple[str, ...], locator: str) -> Filter:
    if relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
        raise Fault(Kind.INVALID, f"{locator}: {what.title} is compared by = and <> only", locator)
    found = Among(what.property, stored)
    return found if relation is Relation.EQUAL else Not(found)


def read_value(what: Queryable, value: object, locator: str) -> str | float:
    """A value of the queryable's type; clients send numbers as texts too."""
    if what.type is Type.NUMBER:
        if type(value) in (int, float):
            return float(value)  # type: ignore[arg-type]
        if isinstance(value, str) and _NUMBER.match(value):
            return float(value)
        raise Fault(Kind.INVALID, f"{locator}: {what.title} is compared with a number", locator)
    if not isinstance(value, str):
        raise Fault(Kind.INVALID, f"{locator}: {what.title} is compared with a text", locator)
    return what.stored(value[:_LONGEST])


def schema(names: Vocabulary, address: str, title: str) -> dict[str, object]:
    """The queryables as the JSON Schema that describes them; `geometry` is always one."""
    properties: dict[str, object] = {
        "geometry": {"$ref": "https://geojson.org/schema/Geometry.json"},
        **{name: _described(one) for name, one in names.items()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2019-09/schema", "$id": address, "type": "object", "title": title,
        "properties": properties, "additionalProperties": False,
    }  # fmt: skip


def _described(one: Queryable) -> dict[str, object]:
    values = {"enum": list(one.meanings)} if one.meanings is not None else {}
    return {"title": one.title, **one.type.schema(), **values}
