# SPDX-License-Identifier: Apache-2.0
"""What every endpoint needs of the process: settings, pool, and the public address (never the Host header, THREATS T18)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from catalog.model.faults import too_large
from catalog.model.principal import ANONYMOUS, Principal
from config.settings import Settings
from ogc.http.identity import Identity
from ogc.http.kvp import Kvp, read_kvp
from ogc.http.pool import RenderPool


@dataclass(frozen=True)
class Edge:
    """Shared by all endpoints of a process."""

    settings: Settings
    pool: RenderPool
    identity: Identity

    def base_url(self, request: Request) -> str:
        """The address that links carry: the configured one, else the address that was really reached."""
        if self.settings.server.public_url:
            return self.settings.server.public_url
        host, port = request.scope.get("server") or (self.settings.server.host, self.settings.server.port)
        return f"http://{host}:{port}" if port else f"http://{host}"

    async def principal(self, request: Request) -> Principal:
        """Who asks. Raises Fault BAD_CREDENTIAL or BUSY; without any credential it is the public."""
        if "authorization" not in request.headers and "x-api-key" not in request.headers:
            return ANONYMOUS
        return await self.pool.run(partial(self.identity.principal, request.headers))

    async def kvp(self, request: Request) -> Kvp:
        """The parameters of a GET, or of a form POST over those of its address. Raises Fault."""
        limits = self.settings.limits
        query: bytes = request.scope["query_string"]
        if len(query) > limits.url_bytes:
            raise too_large(f"an address of {len(query)} bytes", limits.url_bytes, "limits.url_bytes")
        if request.method != "POST":
            return read_kvp(query, limits)
        body = await self.body(request)
        return {**read_kvp(query, limits), **read_kvp(body.strip(), limits)}

    async def sent(self, first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
        """An answer in parts, each made in the pool when the one before has been sent."""
        part: bytes | None = first
        while part is not None:
            yield part
            part = await self.pool.run_patiently(partial(next, rest, None))

    @staticmethod
    def has_xml(request: Request) -> bool:
        """Whether a request is a POST of anything but a form."""
        return request.method == "POST" and "x-www-form-urlencoded" not in request.headers.get(
            "content-type", ""
        )

    async def body(self, request: Request) -> bytes:
        """The whole body. Raises Fault TOO_LARGE as soon as it is too long."""
        limits, body = self.settings.limits, bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > limits.body_bytes:
                raise too_large("the body", limits.body_bytes, "limits.body_bytes")
        return bytes(body)
