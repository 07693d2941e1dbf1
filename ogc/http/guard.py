# SPDX-License-Identifier: Apache-2.0
"""The first things that a request meets: size of the headers, and how many one address may send (THREATS D6)."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from config.settings import Settings

_ADDRESSES = 20_000


class Guard:
    """431 for headers that are too large, 429 for an address that asks too often. Loopback is the operator, or a proxy of theirs."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._header_bytes = settings.limits.header_bytes
        self._rate, self._burst = settings.limits.requests_per_second, float(settings.limits.request_burst)
        self._proxies = frozenset(settings.server.trusted_proxies)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            if sum(len(name) + len(value) for name, value in scope["headers"]) > self._header_bytes:
                await _short(send, 431, b"the headers are too large\n")
                return
            address = client_address(scope, self._proxies)
            if not self._take(address, time.monotonic()):
                await _short(send, 429, b"too many requests from this address\n", retry=1)
                return
        await self._app(scope, receive, send)

    def _take(self, address: str, now: float) -> bool:
        """Takes a token out of the address's bucket; false when it is empty."""
        if _loopback(address):
            return True
        level, at = self._buckets.pop(address, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        self._buckets[address] = (max(0.0, level - 1.0), now)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return level >= 1.0


def client_address(scope: Scope, proxies: Iterable[str]) -> str:
    """Who is asking: the right-most hop that is not a proxy of ours. X-Forwarded-For from anybody else is ignored."""
    peer: str = (scope.get("client") or ("", 0))[0]
    proxies = frozenset(proxies)
    if peer not in proxies:
        return peer
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    for hop in reversed([part.strip() for part in forwarded.decode("latin-1").split(",") if part.strip()]):
        if hop not in proxies:
            return hop[:64]
    return peer


@lru_cache(1_000)
def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


async def _short(send: Send, status: int, body: bytes, retry: int | None = None) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if retry is not None:
        headers.append((b"retry-after", str(retry).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
