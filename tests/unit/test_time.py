# SPDX-License-Identifier: Apache-2.0
"""The strict reader of ISO 8601, and time arithmetic."""

import pytest

from catalog.model.faults import Fault, Kind
from catalog.model.time import (
    DAY_MICROS,
    Day,
    Period,
    day_from,
    day_period,
    day_text,
    micros_text,
    month_period,
    read_instant,
    read_step,
    steps,
)


@pytest.mark.parametrize(
    ("text", "start", "seconds", "day"),
    [
        ("2018-10-23", "2018-10-23T00:00:00Z", 86_400, True),
        ("2018-10-23T00:00:00Z", "2018-10-23T00:00:00Z", 86_400, True),
        ("2018-10-23T00:00:00.000Z", "2018-10-23T00:00:00Z", 86_400, True),
        ("2018-10-23T00:00:00", "2018-10-23T00:00:00Z", 86_400, True),
        ("2018-10-23T10:51:07Z", "2018-10-23T10:51:07Z", 1, False),
        ("2018-10-23T10:51:07.455Z", "2018-10-23T10:51:07.455Z", 1, False),
        ("2018-10-23T12:51:07+02:00", "2018-10-23T10:51:07Z", 1, False),
        ("2018-10-23T10:51Z", "2018-10-23T10:51:00Z", 60, False),
        ("2018-10", "2018-10-01T00:00:00Z", 31 * 86_400, False),
        ("2020", "2020-01-01T00:00:00Z", 366 * 86_400, False),
    ],
)
def test_an_instant_is_as_long_as_it_is_precise(text: str, start: str, seconds: int, day: bool) -> None:
    instant = read_instant(text)
    assert micros_text(instant.start) == start
    assert (instant.end - instant.start) == seconds * 1_000_000
    assert instant.whole_day is day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2018-13-01",
        "2018-02-30",
        "2018-W10",
        "20181023",
        "2018-10-23T25:00:00Z",
        "now",
        "２０１８-10-23",
        "2018-10-23\n",
        "2018-10-23T10:51:07+99:00",
        "-2018-10-23",
        "1_0-01-01",
    ],
)
def test_what_is_no_time_is_a_bad_time(text: str) -> None:
    with pytest.raises(Fault) as caught:
        read_instant(text)
    assert caught.value.kind is Kind.BAD_TIME


@pytest.mark.parametrize("text", ["P0D", "P", "PT", "PT0S", "-P1D", "P1.5D", "1D", "P1DT"])
def test_a_period_without_length_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        read_step(text)


def test_months_are_calendar_months() -> None:
    start, end = read_instant("2018-01-31").start, read_instant("2018-04-30").start
    made = steps(start, end, read_step("P1M"), 10)
    assert [day_text(Day(at // DAY_MICROS)) for at in made] == [
        "2018-01-31",
        "2018-02-28",
        "2018-03-31",
        "2018-04-30",
    ]


def test_steps_are_counted_before_they_are_made() -> None:
    with pytest.raises(Fault) as caught:
        steps(read_instant("0001-01-01").start, read_instant("9999-12-31").start, read_step("PT1S"), 1_000)
    assert caught.value.kind is Kind.BAD_TIME
    assert "1000" in caught.value.text


def test_a_month_ends_where_the_next_begins() -> None:
    december = month_period(day_from(2022, 12, 15))
    assert (micros_text(december.start), micros_text(december.end)) == (
        "2022-12-01T00:00:00Z",
        "2023-01-01T00:00:00Z",
    )
    assert december.last_day == day_from(2022, 12, 31)


def test_a_period_must_end_after_it_starts() -> None:
    day = day_period(day_from(2020, 1, 1))
    with pytest.raises(Fault):
        Period(day.end, day.start)
