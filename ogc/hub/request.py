# SPDX-License-Identifier: Apache-2.0
"""A subscriber's request (WebSub, 5.1), read once."""

from __future__ import annotations

from urllib.parse import urlsplit

from catalog.model.faults import Fault, Kind, invalid
from catalog.model.subscription import Wanted, Wish
from config.limits import Limits
from ogc.http.fields import Field, at_least, plain, shown
from ogc.http.kvp import Kvp

_LONGEST_ADDRESS, _LONGEST_SECRET = 2_000, 199
_USUAL_SECONDS, _SHORTEST_SECONDS = 864_000, 60


def read_wanted(kvp: Kvp, limits: Limits) -> Wanted:
    """What is wanted; its topic as it was sent. Raises Fault MISSING or INVALID with the parameter as the locator."""
    callback = _CALLBACK.read(kvp)
    secret = _SECRET.read_or(kvp, "")
    if len(secret.encode()) > _LONGEST_SECRET:
        raise Fault(Kind.INVALID, f"hub.secret: has at most {_LONGEST_SECRET} bytes", "hub.secret")
    seconds = _SECONDS.read_or(kvp, _USUAL_SECONDS)
    return Wanted(
        _MODE.read(kvp), _TOPIC.read(kvp), callback, urlsplit(callback).hostname or "", secret,
        min(max(seconds, _SHORTEST_SECONDS), limits.lease_seconds),
    )  # fmt: skip


def _mode(text: str) -> Wish:
    if text not in (Wish.SUBSCRIBE.value, Wish.UNSUBSCRIBE.value):
        raise invalid(f"{shown(text)} is neither subscribe nor unsubscribe")
    return Wish(text)


def _callback(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "#" in text or len(text) > _LONGEST_ADDRESS or not text.isascii() or " " in text:
        raise invalid(
            f"{shown(text)} is no address of http or https, without a fragment and of at most {_LONGEST_ADDRESS} letters"
        )
    return text


_MODE, _TOPIC, _CALLBACK = (
    Field("HUB.MODE", _mode),
    Field("HUB.TOPIC", plain),
    Field("HUB.CALLBACK", _callback),
)
_SECRET, _SECONDS = Field("HUB.SECRET", plain), Field("HUB.LEASE_SECONDS", at_least(1))
