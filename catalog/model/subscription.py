# SPDX-License-Identifier: Apache-2.0
"""Who wants to be told of what is new (W3C WebSub): a topic, an address, and how far it has been told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catalog.model.time import Micros


class Wish(Enum):
    """What a subscriber asked for and has not yet confirmed, by its name in WebSub."""

    NOTHING = ""
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address that is told of one topic; it is alive from its first confirmation until its lease ends."""

    key: int
    topic: str
    """Path and query of the feed."""
    callback: str
    secret: str
    """That of the confirmed subscription; signs what is sent. Empty for none."""
    until: Micros | None
    """The end of the lease; None before the first confirmation."""
    seen: Micros
    """Changes up to here were told."""
    wish: Wish
    wished_secret: str
    wished_seconds: int
    attempts: int
    """How often it could not be told in a row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request to the hub asks for."""

    wish: Wish
    topic: str
    callback: str
    host: str
    secret: str
    seconds: int
