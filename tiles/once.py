# SPDX-License-Identifier: Apache-2.0
"""What is made once of objects that never change. They are known again as themselves: to hash a style, which is a tree, takes longer than a tile's colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Once(Generic[V]):
    """A function of frozen objects whose results are kept, all forgotten when there are too many. Safe to share between threads."""

    def __init__(self, make: Callable[..., V], most: int) -> None:
        self._make, self._most = make, most
        self._made: dict[tuple[int, ...], tuple[tuple[Any, ...], V]] = {}

    def __call__(self, *of: Any) -> V:
        """The result for these objects; they live as long as it does, so that no other has their identity."""
        key = tuple(map(id, of))
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= self._most:
                self._made.clear()
            found = self._made[key] = (of, self._make(*of))
        return found[1]
