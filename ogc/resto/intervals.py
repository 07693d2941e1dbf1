# SPDX-License-Identifier: Apache-2.0
"""The values of OpenSearch EO parameters: numbers, sets and intervals (OGC 13-026r9, 7.3, table 4), and lists of texts with prefixes (resto 2)."""

from __future__ import annotations

import re

from catalog.model.faults import invalid
from catalog.query import And, Compare, Filter, Like, Or, Property, Relation
from ogc.filter.terms import escaped
from ogc.http.fields import number, shown

_INTERVAL = re.compile(r"([\[\]])?([^\[\]{},]*)(,)?([^\[\]{},]*)([\[\]])?\Z")
_MOST = 20


def numbers(text: str, of: Property) -> Filter:
    """`n` is; `{a,b}` any of; `[a,b]`, `[a,b[`, `]a,b]`, `]a,b[` between; `[a`, `]a`, `a]`, `a[` from or up to. Raises Fault INVALID."""
    if text.startswith("{") and text.endswith("}"):
        values = text[1:-1].split(",", _MOST)
        if len(values) > _MOST:
            raise invalid(f"has more than {_MOST} values")
        return Or(tuple(Compare(of, Relation.EQUAL, number(value.strip())) for value in values))
    match = _INTERVAL.match(text)
    if match is None:
        raise _no_interval(text)
    before, low, comma, high, after = match.groups()
    if not comma:
        return _one_sided(before, low.strip(), after, of, text)
    if not before or not after or not (low.strip() or high.strip()):
        raise _no_interval(text)
    ends = [_lower(before, low.strip(), of)] if low.strip() else []
    return And((*ends, _upper(after, high.strip(), of)) if high.strip() else tuple(ends))


def texts(text: str, of: Property) -> Filter:
    """One of some texts, which `|` divides and which are the beginning of the value where they end in `%`. Raises Fault INVALID."""
    values = text.split("|", _MOST)
    if len(values) > _MOST or not all(value.rstrip("%") for value in values):
        raise invalid(f"{shown(text)} is not a list of at most {_MOST} texts")
    return Or(tuple(_text(value, of) for value in values))


def _text(value: str, of: Property) -> Filter:
    if value.endswith("%"):
        return Like(of, f"{escaped(value[:-1])}%")
    return Compare(of, Relation.EQUAL, value)


def _one_sided(before: str | None, value: str, after: str | None, of: Property, text: str) -> Filter:
    if before and after:
        raise _no_interval(text)
    if before:
        return _lower(before, value, of)
    return _upper(after, value, of) if after else Compare(of, Relation.EQUAL, number(value))


def _lower(bracket: str, value: str, of: Property) -> Filter:
    return Compare(of, Relation.AT_LEAST if bracket == "[" else Relation.MORE, number(value))


def _upper(bracket: str, value: str, of: Property) -> Filter:
    return Compare(of, Relation.AT_MOST if bracket == "]" else Relation.LESS, number(value))


def _no_interval(text: str) -> Exception:
    return invalid(f"{shown(text)} is neither a number nor an interval")
