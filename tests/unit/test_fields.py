# SPDX-License-Identifier: Apache-2.0
"""Parameters and strict fields."""

import pytest

from catalog.model.faults import Fault, Kind
from config.limits import Limits
from ogc.http.fields import Field, boolean, four_numbers, integer, list_of, number, plain
from ogc.http.kvp import read_kvp


@pytest.mark.parametrize("text", ["1_000", " 256", "٢٥٦", "", "1e3", "0x10", "1.0", "9" * 10, "--1", "1\n"])
def test_an_integer_is_decimal_digits(text: str) -> None:
    with pytest.raises(Fault):
        integer(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1E2", 100.0),
        ("+2e-1", 0.2),
        ("0.123456789012345678", 0.12345678901234568),
    ],
)
def test_a_number_may_have_an_exponent(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e400", "1_0", "1,0", "", ".", "e5", "٣.٥"])
def test_a_number_is_finite_and_plain(text: str) -> None:
    with pytest.raises(Fault):
        number(text)


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,4,5", "1,2,3,nan", ""])
def test_a_box_is_four_numbers(text: str) -> None:
    with pytest.raises(Fault):
        four_numbers(text)


def test_true_and_false_are_read_in_any_case() -> None:
    assert boolean("true") is True
    assert boolean("False") is False
    with pytest.raises(Fault):
        boolean("yes")


def test_a_list_has_a_limit() -> None:
    with pytest.raises(Fault) as caught:
        list_of(plain, 3)("a,b,c,d")
    assert caught.value.kind is Kind.TOO_LARGE


def test_the_first_of_repeated_parameters_wins_and_names_have_no_case() -> None:
    assert read_kvp(b"time=2020&TIME=2021&La%79ers=a+b", Limits()) == {"TIME": "2020", "LAYERS": "a b"}


@pytest.mark.parametrize(
    "query", [b"a=%zz", b"a=%ff", b"a=%00", b"a=%", b"&".join(b"a%d=1" % n for n in range(200))]
)
def test_a_broken_query_is_refused(query: bytes) -> None:
    with pytest.raises(Fault):
        read_kvp(query, Limits())


def test_an_empty_parameter_is_missing() -> None:
    with pytest.raises(Fault) as caught:
        Field("WIDTH", integer).read({"WIDTH": ""})
    assert (caught.value.kind, caught.value.locator) == (Kind.MISSING, "WIDTH")
