# SPDX-License-Identifier: Apache-2.0
"""What a walk through a source brings, a step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from catalog.model.time import Micros


@dataclass(frozen=True, slots=True)
class Received:
    """A document of a source; gone ones have no body."""

    remote_id: str
    url: str
    body: bytes = b""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A page of a source, and from where to go on behind it."""

    found: tuple[Received, ...]
    cursor: str
    """Empty at the end."""
    matched: int | None = None
    """How many the source says that there are in all."""


class Walk(Protocol):
    """A protocol's way through a source."""

    incremental: bool
    """Whether it can be asked for what changed since a moment."""
    tells_gone: bool
    """Whether it says what was deleted, so that a walk need not be complete to know."""

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """The pages from a cursor on. Raises Fault UNAVAILABLE when the source fails, INVALID when it makes no sense."""
