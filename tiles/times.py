# SPDX-License-Identifier: Apache-2.0
"""Which products a time names: one rule for every door (DESIGN, "Time"; docs/adr/0007)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catalog.model.faults import Fault, Kind
from catalog.model.product import Summary
from catalog.model.time import DAY_MICROS, Day, Instant, Micros, Period, Step, day_period, day_text, steps
from catalog.query import And, Compare, During, Filter, Or, Property, Relation
from config.product_types import ProductType, days


@dataclass(frozen=True, slots=True)
class Interval:
    """From the start of one instant to the end of another, or the instants along it when there is a step."""

    start: Instant
    end: Instant
    step: Step | None = None


class Current(Enum):
    """The latest."""

    CURRENT = "current"


TimeQuery = tuple[Instant | Interval | Current, ...]
"""What a client asks; empty for no time at all."""


class Used(Enum):
    """How the answer differs from the question, for the Warning header (WMS 1.3.0, C.4.1)."""

    ASKED = "asked"
    DEFAULT = "default"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The products that a time names, as a filter; `text` is the value used, `many` whether it is more than one instant."""

    filter: Filter
    used: Used
    text: str
    many: bool
    start: Micros
    end: Micros


def resolve(
    query: TimeQuery, kind: ProductType, summary: Summary, limit: int, *, strict: bool = False
) -> Resolved | None:
    """The products of a time query; None when the collection is empty. Raises Fault BAD_TIME.

    No time: the product type's default window, ending at the latest day. With `strict`, a time outside of the range is a fault.
    """
    latest = summary.latest
    if latest is None:
        return None
    if not query:
        return _default(kind, latest)
    periods: list[Period] = []
    for part in query:
        periods += _periods(part, latest, limit)
    if len(periods) > limit:
        raise Fault(Kind.BAD_TIME, f"{len(periods)} times: the limit is {limit} (limits.time_steps)", "TIME")
    if strict:
        _within(periods, summary)
    nearest = _nearest(periods, kind, summary)
    if nearest is not None:
        period = day_period(nearest)
        return Resolved(During(period), Used.NEAREST, day_text(nearest), False, period.start, period.end)
    many = len(periods) > 1 or periods[0].end - periods[0].start > DAY_MICROS
    tree: Filter = (
        During(periods[0]) if len(periods) == 1 else Or(tuple(During(period) for period in periods))
    )
    return Resolved(tree, Used.ASKED, "", many, min(p.start for p in periods), max(p.end for p in periods))


def _default(kind: ProductType, latest: Day) -> Resolved:
    first = Day(latest - days(kind.window).days + 1)
    tree = And(
        (Compare(Property.DAY, Relation.AT_LEAST, first), Compare(Property.DAY, Relation.AT_MOST, latest))
    )
    period = day_period(first, latest - first + 1)
    return Resolved(tree, Used.DEFAULT, day_text(latest), False, period.start, period.end)


def _periods(part: Instant | Interval | Current, latest: Day, limit: int) -> list[Period]:
    if isinstance(part, Current):
        return [day_period(latest)]
    if isinstance(part, Instant):
        return [Period(part.start, part.end)]
    if part.end.start < part.start.start:
        raise Fault(Kind.BAD_TIME, "an interval must not end before it starts", "TIME")
    if part.step is None:
        return [Period(part.start.start, part.end.end)]
    length = part.start.end - part.start.start
    return [
        Period(at, Micros(at + length)) for at in steps(part.start.start, part.end.start, part.step, limit)
    ]


def _within(periods: list[Period], summary: Summary) -> None:
    first, last = summary.days[0], summary.days[-1]
    for period in periods:
        if period.last_day < first or period.first_day > last:
            raise Fault(
                Kind.BAD_TIME, f"there are dates from {day_text(first)} to {day_text(last)} only", "TIME"
            )


def _nearest(periods: list[Period], kind: ProductType, summary: Summary) -> Day | None:
    """For one instant without data, the nearest earlier day within the type's reach."""
    reach = days(kind.nearest).days
    if not reach or len(periods) > 1 or periods[0].end - periods[0].start > DAY_MICROS:
        return None
    asked = periods[0].first_day
    earlier = [day for day in summary.days if day <= asked]
    if not earlier or earlier[-1] == asked or asked - earlier[-1] > reach:
        return None
    return earlier[-1]
