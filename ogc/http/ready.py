# SPDX-License-Identifier: Apache-2.0
"""Pictures that anybody may see, by the very words that asked for them: what a viewer asks again is answered before it is read.

An answer is kept with the catalogue's edition, and only where it says itself that all may keep it and which version it is (`public`, an ETag).
Another address for the same picture finds it by what it is made of (`ogc.maps.pictures`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.kept import Edition

_DOORS = ("/wms", "/wmts", "/ogcapi/", "/titiler/")
_SECRETS = frozenset({b"authorization", b"x-api-key"})
_ASKS = frozenset({b"accept", b"accept-language", b"accept-encoding", b"host", b"if-none-match"})
"""Headers that may change an answer; what a client knows already is compared here."""
_KEPT_WITH_304 = frozenset({b"etag", b"cache-control", b"vary", b"warning"})

_ENTRY = 1_500
"""Bytes of an entry beside its picture: an empty tile is a hundred."""

Headers = tuple[tuple[bytes, bytes], ...]
Key = tuple[str, bytes, Headers]


@dataclass(frozen=True, slots=True)
class _Answer:
    edition: Edition
    headers: Headers
    etag: bytes
    body: bytes
    weight: int


class Ready:
    """Keeps at most `most` bytes of pictures; the least recently asked go first. Lives on the event loop, so it has no lock.

    `edition` tells the catalogue's edition without waiting, or None where it would have to ask the database.
    """

    def __init__(self, app: ASGIApp, most: int, edition: Callable[[], Edition | None]) -> None:
        self._app, self._most, self._edition = app, most, edition
        self._kept: OrderedDict[Key, _Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        edition, found = self._edition(), self._kept.get(key)
        if found and found.edition == edition:
            self._kept.move_to_end(key)
            await _give(found, _known(scope), send)
            return
        await self._app(scope, receive, self._watched(key, edition, send))

    def _key(self, scope: Scope) -> Key | None:
        """What names an answer; None for what is never kept."""
        if not self._most or scope["type"] != "http" or scope["method"] != "GET":
            return None
        path: str = scope["path"]
        if not path.startswith(_DOORS):
            return None
        asks = []
        for name, value in scope["headers"]:
            if name in _SECRETS:
                return None
            if name in _ASKS and name != b"if-none-match":
                asks.append((name, value))
        return path, scope["query_string"], tuple(asks)

    def _watched(self, key: Key, before: Edition | None, send: Send) -> Send:
        """Passes an answer on and keeps it when it is whole and the catalogue did not change meanwhile."""
        start: Message = {}

        async def watched(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = dict(message)
                start["headers"] = tuple(message["headers"])  # layers outside add theirs to the list
            elif not message.get("more_body") and start.get("status") == 200 and before is not None:
                self._keep(key, before, start["headers"], message.get("body", b""))
            elif message.get("more_body"):
                start = {}
            await send(message)

        return watched

    def _keep(self, key: Key, before: Edition, headers: Headers, body: bytes) -> None:
        said = dict(headers)
        etag = said.get(b"etag", b"")
        may = said.get(b"content-type", b"").startswith(b"image/") and said.get(
            b"cache-control", b""
        ).startswith(b"public")
        if not may or not etag or b"set-cookie" in said or len(body) * 8 > self._most:
            return
        if self._edition() != before:
            return
        old = self._kept.pop(key, None)
        weight = len(body) + _ENTRY + len(key[1]) + sum(len(value) for _, value in key[2])
        self._kept[key] = _Answer(before, headers, etag, body, weight)
        self._bytes += weight - (old.weight if old else 0)
        while self._bytes > self._most:
            self._bytes -= self._kept.popitem(last=False)[1].weight


def _known(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")


async def _give(found: _Answer, known: bytes, send: Send) -> None:
    if known == found.etag:
        await _send(send, 304, [one for one in found.headers if one[0] in _KEPT_WITH_304], b"")
    else:
        await _send(send, 200, found.headers, found.body)


async def _send(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
