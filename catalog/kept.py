# SPDX-License-Identifier: Apache-2.0
"""What was made of the catalogue as it is, kept until it changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")
Edition = tuple[int, int]


class Kept(Generic[V]):
    """Values of one edition of the catalogue, by a key; the least recently used go when there are too many. Safe to share between threads.

    With the first value of the next edition those of this one go: nobody asks for them again, and documents of a large catalogue are megabytes.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._edition: Edition = (-1, -1)
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def get(self, edition: Edition, key: Hashable) -> V | None:
        """The value of a key, if it was made of this edition."""
        with self._lock:
            found = self._values.get(key) if edition == self._edition else None
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, edition: Edition, key: Hashable, value: V, weight: int = 1) -> None:
        """Keeps a value, and forgets those of another edition; `most` bounds the sum of the weights."""
        with self._lock:
            if edition != self._edition:
                self._values.clear()
                self._edition, self._weight = edition, 0
            _, before = self._values.pop(key, (None, 0))
            self._values[key] = (value, weight)
            self._weight += weight - before
            while self._weight > self._most:
                self._weight -= self._values.popitem(last=False)[1][1]
