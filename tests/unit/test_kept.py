# SPDX-License-Identifier: Apache-2.0
"""What is kept of the catalogue goes with its edition, and by weight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.kept import Kept


def test_the_next_edition_takes_all_of_this_one_along() -> None:
    kept = Kept[str](10)
    kept.put((1, 0), "a", "first")
    assert kept.get((1, 0), "a") == "first"
    assert kept.get((2, 0), "a") is None
    kept.put((2, 0), "b", "second")
    assert kept.get((1, 0), "a") is None
    assert kept.get((2, 0), "b") == "second"
    kept.put((1, 5), "c", "a store that was set back")
    assert kept.get((1, 5), "c") == "a store that was set back"


def test_the_least_recently_used_go() -> None:
    kept = Kept[str](3)
    for name in "abc":
        kept.put((1, 0), name, name)
    kept.get((1, 0), "a")
    kept.put((1, 0), "d", "d", weight=2)
    assert [kept.get((1, 0), name) for name in "abcd"] == ["a", None, None, "d"]
    kept.put((1, 0), "e", "too heavy", weight=4)
    assert [kept.get((1, 0), name) for name in "ade"] == [None, None, None]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(1, 4))))
def test_never_more_than_is_allowed(puts: list[tuple[int, int, int]]) -> None:
    kept, most = Kept[int](7), 7
    held: dict[int, int] = {}
    for edition, key, weight in puts:
        kept.put((edition, 0), key, weight, weight)
        held = {name: found for name in range(6) if (found := kept.get((edition, 0), name)) is not None}
        assert sum(held.values()) <= most
        assert held[key] == weight
