# SPDX-License-Identifier: Apache-2.0
"""Who asks, and until when the answer is of use."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from catalog.model.faults import timed_out


class Role(Enum):
    """What somebody may do; each role may do what the ones before it may."""

    PUBLIC = 0
    USER = 1
    OPERATOR = 2


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whose identity was verified, or the public."""

    name: str
    role: Role
    groups: frozenset[str] = frozenset()

    @property
    def operator(self) -> bool:
        """Whether they may see and change everything."""
        return self.role is Role.OPERATOR

    @property
    def view(self) -> tuple[str, ...]:
        """What decides what they may see: two principals of one view get the same answers, so caches are keyed by it."""
        return (self.role.name, self.name if self.role is Role.USER else "", *sorted(self.groups))

    def belongs(self, groups: Collection[str]) -> bool:
        """Whether a thing for these groups is for them; `users` is everybody with an identity."""
        return self.operator or (
            self.role is not Role.PUBLIC and (USERS in groups or not self.groups.isdisjoint(groups))
        )


USERS = "users"
"""The group of everybody with an identity."""
ANONYMOUS = Principal("", Role.PUBLIC)
OPERATOR = Principal("operator", Role.OPERATOR)
"""The one who runs commands on the machine itself."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (monotonic clock, seconds) after which nobody waits for the answer."""

    at: float

    @staticmethod
    def after(seconds: float) -> Deadline:
        """A deadline from now."""
        return Deadline(time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        """Not negative."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raises Fault BUSY when it has passed."""
        if time.monotonic() > self.at:
            raise timed_out()
