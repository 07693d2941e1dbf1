# SPDX-License-Identifier: Apache-2.0
"""`/wcs`: HTTP to the service and back; each version has its own reports."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal, Role
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE
from ogc.wcs import v100, v201
from ogc.wcs.bodies import parameters
from ogc.wcs.request import Version, read_request, read_version
from ogc.wcs.service import Large, WcsService

_LOOK_SECONDS = 0.5
_PIECE = 1 << 20
_ANY_VERSION = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401}


class WcsEndpoint:
    """GET and form POST of both versions, XML of 2.0.1."""

    def __init__(self, service: WcsService, edge: Edge) -> None:
        self._service, self._edge = service, edge
        self._making = asyncio.Semaphore(1)

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves in the report of the version that was asked."""
        version: Version = "2.0.1"
        try:
            if self._edge.has_xml(request):
                kvp = parameters(await self._edge.body(request), self._edge.settings.limits)
            else:
                kvp = await self._edge.kvp(request)
            version = read_version(kvp)
            who = await self._edge.principal(request)
            asked = read_request(kvp, version, self._edge.settings.limits)
            found = await self._edge.pool.run(
                partial(self._service.answer, asked, who, self._edge.base_url(request))
            )
            if isinstance(found, Large):
                return await self._large(found, request, who)
        except Fault as fault:
            return _refused(fault, version)
        scope = "public" if who.role is Role.PUBLIC else "private"
        kept = found.headers.get("Cache-Control", "max-age=60")
        headers = {**found.headers, "Cache-Control": f"{scope}, {kept}", "Vary": "Authorization, X-API-Key"}
        response = Response(found.body, 200, headers)
        response.headers["content-type"] = found.media_type
        return response

    async def _large(self, found: Large, request: Request, who: Principal) -> Response:
        """Made one at a time, given up when the client has gone; the file has no name any more when it is sent, so it ends with the answer.

        Raises Fault BUSY while another is made.
        """
        if self._making.locked():
            raise Fault(Kind.BUSY, "another large coverage is being made; again in a while", retry_after=30)
        stop = threading.Event()
        async with self._making:
            with tempfile.NamedTemporaryFile(
                dir=self._edge.settings.data, prefix=".coverage-", suffix=".tif"
            ) as made:
                path = Path(made.name)
                work = asyncio.ensure_future(asyncio.to_thread(found.make, path, stop))
                try:
                    while not (await asyncio.wait({work}, timeout=_LOOK_SECONDS))[0]:
                        if await request.is_disconnected():
                            stop.set()
                    if stop.is_set():
                        return Response(status_code=503)
                finally:
                    stop.set()
                    await work
                opened = path.open("rb")
        scope = "public" if who.role is Role.PUBLIC else "private"
        size = os.fstat(opened.fileno()).st_size
        headers = {
            **found.headers,
            "Cache-Control": f"{scope}, max-age=60",
            "Vary": "Authorization, X-API-Key",
            "Content-Length": str(size),
        }
        return StreamingResponse(_pieces(opened), 200, headers, found.media_type)


def _pieces(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(_PIECE):
            yield piece


def _refused(fault: Fault, version: Version) -> Response:
    headers = {"Cache-Control": "no-store"}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if version == "1.0.0":
        status, body, media = _ANY_VERSION.get(fault.kind, 200), v100.report(fault), v100.REPORT_TYPE
    else:
        status, body, media = v201.status(fault), v201.report(fault), "text/xml; charset=utf-8"
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    response = Response(body, status, headers)
    response.headers["content-type"] = media
    return response
