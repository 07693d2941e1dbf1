# SPDX-License-Identifier: Apache-2.0
"""`/sos`: HTTP to the service and back; answers go out a part at a time, so that their size costs no memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal, Role
from ogc.http import soap
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE
from ogc.sos import reports
from ogc.sos.asked import SosRequest
from ogc.sos.bodies import parameters, read_body
from ogc.sos.request import read_request
from ogc.sos.service import Answer, SosService

_GZIP = 31
"""zlib's window bits for a gzip stream."""


class SosEndpoint:
    """GET, form POST, XML POST and SOAP."""

    def __init__(self, service: SosService, edge: Edge) -> None:
        self._service, self._edge = service, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves as an ows:ExceptionReport, in a SOAP fault where the request came in SOAP."""
        envelope, version = "", "2.0.0"
        try:
            who = await self._edge.principal(request)
            if self._edge.has_xml(request):
                posted = read_body(await self._edge.body(request), self._edge.settings.limits)
                envelope, kvp = posted.envelope, parameters(posted.root)
            else:
                kvp = await self._edge.kvp(request)
            version = "1.0.0" if kvp.get("VERSION") == "1.0.0" else "2.0.0"
            asked = read_request(kvp)
            work = partial(_begun, self._service, asked, who, self._edge.base_url(request), envelope)
            first, answer = await self._edge.pool.run(work)
        except Fault as fault:
            return _refused(fault, envelope, version)
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {
            "Cache-Control": f"{scope}, max-age=60",
            "Vary": "Authorization, X-API-Key, Accept-Encoding",
        }
        parts = self._edge.sent(first, answer.parts)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            parts = _packed(parts)
        return StreamingResponse(parts, media_type=answer.media_type, headers=headers)


def _begun(
    service: SosService, asked: SosRequest, who: Principal, base_url: str, envelope: str
) -> tuple[bytes, Answer]:
    """The first part and the rest: what is wrong with the request is told before the status goes out."""
    answer = service.answer(asked, who, base_url)
    if envelope:
        if not answer.media_type.endswith("xml"):
            raise Fault(Kind.INVALID, "SOAP holds XML", "responseFormat")
        answer = Answer(soap.MEDIA_TYPES[envelope], _enveloped(answer.parts, envelope))
    return next(answer.parts), answer


def _enveloped(parts: Iterator[bytes], envelope: str) -> Iterator[bytes]:
    yield soap.begin(envelope) + soap.bare(next(parts))
    yield from parts
    yield soap.END


async def _packed(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    async for part in parts:
        packed = packer.compress(part)
        if packed:
            yield packed
    yield packer.flush()


def _refused(fault: Fault, envelope: str, version: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    status = reports.status(fault)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    report, media_type = reports.report(fault, version), reports.MEDIA_TYPE
    if envelope:
        report = soap.fault(envelope, report, reports.code(fault), fault.text, ours=status >= 500)
        media_type = soap.MEDIA_TYPES[envelope]
    return Response(report, status, headers, media_type)
