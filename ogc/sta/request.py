# SPDX-License-Identifier: Apache-2.0
"""A path of entities and its query options (18-088, 9.2 and 9.3), read once; `$expand` holds options of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.model.faults import Fault, Kind
from ogc.http.fields import integer, shown

_SEGMENT = re.compile(r"([A-Za-z]{1,40})(?:\('((?:[^']|''){1,300})'\)|\(([0-9]{1,18})\))?\Z")
_TAILS = ("$ref", "$value", "$count")
_DEEPEST = 5
_KNOWN = ("$filter", "$expand", "$select", "$orderby", "$count", "$top", "$skip", "$resultFormat")


@dataclass(frozen=True)
class Segment:
    """A part of a path: an entity set, one of its entities, a relation or a property."""

    name: str
    id: str | None = None


@dataclass(frozen=True)
class Options:
    """The query options of a set, or of an expanded relation."""

    filter: str = ""
    expand: tuple[tuple[str, Options], ...] = ()
    select: tuple[str, ...] = ()
    orderby: str = ""
    count: bool = False
    top: int | None = None
    skip: int = 0
    data_array: bool = False


@dataclass(frozen=True)
class StaRequest:
    """What is asked."""

    path: tuple[Segment, ...]
    tail: str = ""
    """`$ref`, `$value`, `$count`, or nothing."""
    options: Options = field(default_factory=Options)


def read_path(path: str) -> tuple[tuple[Segment, ...], str]:
    """The segments of a path, and what stands behind them. Raises Fault UNKNOWN_LAYER."""
    parts = [part for part in path.split("/") if part]
    tail = parts.pop() if parts and parts[-1] in _TAILS else ""
    segments = []
    for part in parts:
        match = _SEGMENT.match(part)
        if match is None:
            raise Fault(Kind.UNKNOWN_LAYER, f"there is nothing at {shown(part)}")
        name = match[2].replace("''", "'") if match[2] is not None else match[3]
        segments.append(Segment(match[1], name))
    return tuple(segments), tail


def read_options(pairs: Sequence[tuple[str, str]], depth: int = 0) -> Options:
    """The options of name and value pairs. Raises Fault INVALID with the option as the locator."""
    if depth > _DEEPEST:
        raise Fault(Kind.INVALID, f"$expand: is nested deeper than {_DEEPEST}", "$expand")
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in _KNOWN:
            raise Fault(
                Kind.INVALID, f"{shown(name)} is not an option; there are {', '.join(_KNOWN)}", name[:60]
            )
        if name in given:
            raise Fault(Kind.INVALID, f"{name} is given twice", name)
        given[name] = value.strip()
    form = given.get("$resultFormat", "")
    if form not in ("", "dataArray"):
        raise Fault(Kind.INVALID, f"$resultFormat: {shown(form)} is not dataArray", "$resultFormat")
    count = given.get("$count", "false").lower()
    if count not in ("true", "false"):
        raise Fault(Kind.INVALID, "$count: is true or false", "$count")
    return Options(
        given.get("$filter", ""), _expand(given.get("$expand", ""), depth), tuple(_names(given.get("$select", ""))), given.get("$orderby", ""),
        count == "true", _number(given, "$top"), _number(given, "$skip") or 0, form == "dataArray",
    )  # fmt: skip


def _number(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    try:
        value = integer(given[name])
    except Fault as fault:
        raise Fault(Kind.INVALID, f"{name}: {fault.text}", name) from fault
    if value < 0:
        raise Fault(Kind.INVALID, f"{name}: is not less than 0", name)
    return value


def _names(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _expand(text: str, depth: int) -> tuple[tuple[str, Options], ...]:
    """`A,B/C,D($top=1;$expand=E)`: a path is an expansion within an expansion; two that begin alike are one."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in _split(text, ","):
        name, _, rest = item.partition("(")
        inner = rest.removesuffix(")") if rest else ""
        if bool(rest) != item.endswith(")") and rest:
            raise Fault(Kind.INVALID, f"$expand: {shown(item)} has an open bracket", "$expand")
        first, slash, deeper = name.strip().partition("/")
        pairs = found.setdefault(first, [])
        if slash:
            pairs.append(("$expand", f"{deeper}({inner})" if inner else deeper))
        else:
            pairs += [_pair(one) for one in _split(inner, ";")]
    return tuple((name, read_options(_joined(pairs), depth + 1)) for name, pairs in found.items())


def _joined(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Several expansions of one relation as one list."""
    expands = [value for name, value in pairs if name == "$expand"]
    rest = [(name, value) for name, value in pairs if name != "$expand"]
    return [*rest, ("$expand", ",".join(expands))] if expands else rest


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand in no brackets and no quotes. Raises Fault INVALID."""
    out, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            if char == separator and not depth:
                out.append(text[start:at])
                start = at + 1
        if depth < 0 or depth > _DEEPEST * 10:
            raise Fault(Kind.INVALID, "$expand: the brackets do not match", "$expand")
    if depth or quoted:
        raise Fault(Kind.INVALID, "$expand: the brackets or quotes do not match", "$expand")
    return [part.strip() for part in (*out, text[start:]) if part.strip()]
