# SPDX-License-Identifier: Apache-2.0
"""Time: microseconds since 1970 in UTC, half-open periods, days. One strict reader of ISO 8601 for every door.

Nothing here calls `fromisoformat` on client text: it takes week dates and more (docs/adr/0007).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NewType

from catalog.model.faults import Fault, Kind

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""
Day = NewType("Day", int)
"""Days since 1970-01-01."""

DAY_MICROS = 86_400_000_000
EARLIEST, LATEST = Micros(-62_135_596_800_000_000), Micros(253_402_214_400_000_000)
"""Open ends of what is stored: the years 1 and 9999."""
EVER, NEVER = Micros(-(2**62)), Micros(2**62)
"""Before and after every time that is stored: what is visible since ever, and who sees what is not visible yet."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?)?)?\Z",
    re.ASCII,
)
_STEP = re.compile(
    r"P(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time: start is in, end is not."""

    start: Micros
    end: Micros

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise Fault(Kind.BAD_TIME, "a period must end after it starts", "TIME")

    @property
    def first_day(self) -> Day:
        """The day in which the period starts."""
        return Day(self.start // DAY_MICROS)

    @property
    def last_day(self) -> Day:
        """The last day that has a part of the period."""
        return Day((self.end - 1) // DAY_MICROS)


@dataclass(frozen=True, slots=True)
class Instant:
    """A time as precise as it was written: the stretch that it names (a second, a day, a month, a year)."""

    start: Micros
    end: Micros
    whole_day: bool
    """It names a day or its midnight, which in this house is the day (QGIS sends the midnight)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A repetition interval; months are calendar months."""

    months: int
    micros: int


def micros(moment: datetime) -> Micros:
    """A moment with a zone as microseconds."""
    delta = moment - _EPOCH
    return Micros((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def moment(value: Micros) -> datetime:
    """Microseconds as a UTC datetime."""
    return _EPOCH + timedelta(microseconds=value)


def day_of(value: Micros) -> Day:
    """The UTC day of a moment."""
    return Day(value // DAY_MICROS)


def day_period(day: Day, length: int = 1) -> Period:
    """A day, or `length` days from it."""
    return Period(Micros(day * DAY_MICROS), Micros((day + length) * DAY_MICROS))


def day_instant(day: Day) -> Instant:
    """A day as a client names it."""
    stretch = day_period(day)
    return Instant(stretch.start, stretch.end, True)


def day_text(day: Day) -> str:
    """`2018-10-23`."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def day_from(year: int, month: int, dayofmonth: int) -> Day:
    """The day of a calendar date. Raises ValueError for a date that is none."""
    return Day((date(year, month, dayofmonth) - date(1970, 1, 1)).days)


def micros_text(value: Micros) -> str:
    """`2018-10-23T10:51:07Z`; with a fraction where there is one."""
    fraction = value % 1_000_000
    text = moment(value).isoformat()[:19]
    return f"{text}.{fraction:06d}".rstrip("0") + "Z" if fraction else f"{text}Z"


def ends_text(period: Period, opened: str = "..") -> tuple[str, str]:
    """The first and the last moment of a period; open ends as the caller says."""
    first = opened if period.start <= EARLIEST else micros_text(period.start)
    last = opened if period.end >= LATEST else micros_text(Micros(max(period.start, period.end - 1)))
    return first, last


def read_instant(text: str) -> Instant:
    """An ISO 8601 date or time, as WMS 1.3.0 annex D writes them; without a zone it is UTC.

    Raises Fault BAD_TIME.
    """
    match = _TIME.match(text)
    if not match:
        raise _bad(text)
    year, month, dom, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime(
            int(year),
            int(month or 1),
            int(dom or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError as error:
        raise _bad(text) from error
    begin = micros(start) + int((fraction or "").ljust(6, "0")[:6] or 0) - _zone_micros(zone)
    if dom is None:
        finish = _plus_months(Micros(begin), 12 if month is None else 1)
        return Instant(Micros(begin), finish, whole_day=False)
    midnight = begin % DAY_MICROS == 0
    length = DAY_MICROS if midnight else 1_000_000 if second else 60_000_000
    return Instant(Micros(begin), Micros(begin + length), whole_day=midnight)


def read_step(text: str) -> Step:
    """An ISO 8601 duration of positive length. Raises Fault BAD_TIME."""
    match = _STEP.match(text)
    if not match or text.endswith(("P", "T")):
        raise _bad(text)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    step = Step(
        years * 12 + months,
        (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60_000_000 + seconds * 1_000_000,
    )
    if not step.months and not step.micros:
        raise Fault(Kind.BAD_TIME, f"the period {text} has no length", "TIME")
    return step


def steps(start: Micros, end: Micros, step: Step, limit: int) -> tuple[Micros, ...]:
    """start, start + step, … up to end; counted before they are made. Raises Fault BAD_TIME above the limit."""
    if step.months:
        first, last = moment(start), moment(end)
        count = ((last.year - first.year) * 12 + last.month - first.month) // step.months + 1
    else:
        count = (end - start) // step.micros + 1
    if count > limit:
        raise Fault(Kind.BAD_TIME, f"{count} times: the limit is {limit} (limits.time_steps)", "TIME")
    out = []
    for number in range(count):
        at = Micros(_plus_months(start, number * step.months) + number * step.micros)
        if at > end:
            break
        out.append(at)
    return tuple(out)


def stepped(value: Micros, step: Step, *, back: bool = False) -> Micros:
    """A moment one step later, or earlier."""
    sign = -1 if back else 1
    return Micros(_plus_months(value, sign * step.months) + sign * step.micros)


def month_period(day: Day) -> Period:
    """The calendar month of a day."""
    at = moment(Micros(day * DAY_MICROS))
    start = micros(datetime(at.year, at.month, 1, tzinfo=UTC))
    return Period(start, _plus_months(start, 1))


def year_period(day: Day) -> Period:
    """The calendar year of a day."""
    at = moment(Micros(day * DAY_MICROS))
    start = micros(datetime(at.year, 1, 1, tzinfo=UTC))
    return Period(start, _plus_months(start, 12))


def now() -> Micros:
    """The present."""
    return micros(datetime.now(UTC))


def _plus_months(value: Micros, months: int) -> Micros:
    if not months:
        return value
    at = moment(value)
    index = at.year * 12 + at.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if year > 9_999:
        return micros(datetime(9_999, 12, 31, tzinfo=UTC))
    last = (
        (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        if (year, month) != (9_999, 12)
        else 31
    )
    return micros(at.replace(year=year, month=month, day=min(at.day, last)))


def _zone_micros(zone: str | None) -> int:
    if zone in (None, "Z", "z"):
        return 0
    assert zone is not None
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise _bad(zone)
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * 60_000_000


def _bad(text: str) -> Fault:
    return Fault(
        Kind.BAD_TIME,
        f"{text[:40]!r} is not a date or time such as 2018-10-23 or 2018-10-23T10:51:07Z",
        "TIME",
    )
