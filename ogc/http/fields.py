# SPDX-License-Identifier: Apache-2.0
"""Strict fields: the text of a parameter becomes a typed value here, once, or a fault that names the parameter.

A request is a table of these (see `ogc.wms.request`), which KVP today and XML or JSON bodies tomorrow read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from catalog.model.faults import Fault, Kind, invalid, too_large
from ogc.http.kvp import Kvp

T = TypeVar("T")
D = TypeVar("D")

_INT = re.compile(r"[+-]?[0-9]{1,9}\Z", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?\Z", re.ASCII
)


@dataclass(frozen=True)
class Field(Generic[T]):
    """A parameter: its name and how its text is read."""

    name: str
    parse: Callable[[str], T]
    empty_is_missing: bool = True

    def read(self, kvp: Kvp) -> T:
        """The value. Raises Fault MISSING, or what the parser raises with this parameter as the locator."""
        text = kvp.get(self.name)
        if text is None or (text == "" and self.empty_is_missing):
            raise Fault(Kind.MISSING, f"the parameter {self.name} is required", self.name)
        try:
            return self.parse(text)
        except Fault as fault:
            raise Fault(fault.kind, f"{self.name}: {fault.text}", self.name) from fault

    def read_or(self, kvp: Kvp, default: D) -> T | D:
        """The value, or the default where the parameter is absent or empty."""
        text = kvp.get(self.name)
        return default if text is None or (text == "" and self.empty_is_missing) else self.read(kvp)


def integer(text: str) -> int:
    """A decimal integer of at most nine digits. (`int` would take `1_000`, blanks and Arabic digits.)"""
    if not _INT.match(text):
        raise invalid(f"{shown(text)} is not an integer")
    return int(text)


def number(text: str) -> float:
    """A finite decimal number, exponents allowed."""
    if not _FLOAT.match(text):
        raise invalid(f"{shown(text)} is not a number")
    return float(text)


def at_least(least: int) -> Callable[[str], int]:
    """An integer that is not less than `least`."""

    def parse(text: str) -> int:
        value = integer(text)
        if value < least:
            raise invalid(f"{value} is less than {least}")
        return value

    return parse


def pixels(most: int, names: str) -> Callable[[str], int]:
    """A side of a picture or grid in pixels, from 1 to a limit; `names` says where the limit stands."""

    def parse(text: str) -> int:
        value = at_least(1)(text)
        if value > most:
            raise too_large(f"{value} pixels", most, names)
        return value

    return parse


def list_of(parse: Callable[[str], T], most: int) -> Callable[[str], tuple[T, ...]]:
    """A comma-separated list; empty items are parsed too."""

    def parse_list(text: str) -> tuple[T, ...]:
        parts = text.split(",")
        if len(parts) > most:
            raise Fault(Kind.TOO_LARGE, f"{len(parts)} items, the limit is {most}")
        return tuple(parse(part) for part in parts)

    return parse_list


def four_numbers(text: str) -> tuple[float, float, float, float]:
    """Four comma-separated numbers."""
    parts = text.split(",", 4)
    if len(parts) != 4:
        raise invalid(f"{shown(text)} is not four numbers")
    return number(parts[0]), number(parts[1]), number(parts[2]), number(parts[3])


def boolean(text: str) -> bool:
    """TRUE or FALSE in any case."""
    if text.upper() not in ("TRUE", "FALSE"):
        raise invalid(f"{shown(text)} is neither TRUE nor FALSE")
    return text.upper() == "TRUE"


def plain(text: str) -> str:
    """Any text of up to 1000 characters."""
    if len(text) > 1_000:
        raise invalid("is longer than 1000 characters")
    return text


def shown(text: str) -> str:
    """A client's text as a fault may quote it: short, printable, quoted."""
    return repr("".join(char if char.isprintable() else "?" for char in text[:60]))
