# SPDX-License-Identifier: Apache-2.0
"""Which product type a name belongs to, and what the name says: id, version, date, tile, platform."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.model.product import IDENTIFIER
from catalog.model.time import Day, Micros, Period, day_of, day_period, micros, month_period, year_period
from config.product_types import Naming, ProductType

_DATE = re.compile(r"(\d{4})(?:(\d{2})(\d{2})(?:[-T](\d{6})(?:-(\d{3}))?)?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the name of a product says."""

    kind: ProductType
    name: str
    """The name as distributed, with the version."""
    id: str
    version: str
    period: Period
    day: Day
    zone: str
    platform: str
    profile: str


def identify(name: str, kinds: Iterable[ProductType]) -> Identity | None:
    """The identity that a file or folder name states; None when no product type knows such a name."""
    for kind in kinds:
        for naming in kind.naming:
            match = re.fullmatch(naming.pattern, name, re.ASCII)
            identity = _identity(kind, naming, name, match) if match else None
            if identity:
                return identity
    return None


def prefix_of(file_name: str, kinds: Iterable[ProductType]) -> Identity | None:
    """The identity that stands at the head of a member's name, as in `NAME_MTD_ALL.xml`."""
    stem = file_name.rsplit(".", 1)[0]
    kinds = tuple(kinds)
    parts = stem.split("_")
    for length in range(len(parts), 2, -1):
        found = identify("_".join(parts[:length]), kinds)
        if found:
            return found
    return None


def _identity(kind: ProductType, naming: Naming, name: str, match: re.Match[str]) -> Identity | None:
    groups = {**{key: value or "" for key, value in match.groupdict().items()}, **naming.fixed}
    start = _moment(groups.get("date", ""))
    if start is None:
        return None
    year = int(groups["date"][:4])
    if naming.years and not naming.years[0] <= year <= naming.years[1]:
        return None
    product_id = naming.identity.format_map(groups)
    if not IDENTIFIER.match(product_id):
        return None
    exact = len(groups["date"]) > 8
    return Identity(
        kind, name, product_id, groups.get("version") or "0", _period(kind, start, exact, groups.get("stop", "")), day_of(start),
        groups.get("zone", ""), groups.get("platform", ""), groups.get("profile", ""),
    )  # fmt: skip


def _moment(text: str) -> Micros | None:
    match = _DATE.match(text)
    if not match:
        return None
    year, month, day, clock, millis = match.groups()
    clock = clock or "000000"
    try:
        at = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(clock[:2]),
            int(clock[2:4]),
            int(clock[4:]),
            int(millis or 0) * 1_000,
            UTC,
        )
    except ValueError:
        return None
    return micros(at)


def _period(kind: ProductType, start: Micros, exact: bool, stop: str) -> Period:
    day = day_of(start)
    last = _moment(stop)
    if last is not None and last > start:
        return Period(start, day_period(day_of(last)).end)
    if kind.duration == "month":
        return month_period(day)
    if kind.duration == "year":
        return year_period(day)
    if kind.duration == "instant" and exact:
        return Period(start, Micros(start + 1_000_000))
    return day_period(day)
