# SPDX-License-Identifier: Apache-2.0
"""`/wms`: HTTP to the service and back."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault, Kind
from ogc.http.edge import Edge
from ogc.maps.service import Answer
from ogc.wms.request import Envelope, OnError, read_envelope
from ogc.wms.service import WmsService


class WmsEndpoint:
    """GET and form POST of both versions."""

    def __init__(self, service: WmsService, edge: Edge) -> None:
        self._service, self._edge = service, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves as a ServiceException."""
        try:
            kvp = await self._edge.kvp(request)
        except Fault as fault:
            return _response(self._service.report(fault, {}, Envelope("1.3.0", "", OnError.XML, "en")))
        envelope = read_envelope(kvp)
        if request.method == "POST" and "xml" in request.headers.get("content-type", ""):
            refused = Fault(Kind.UNKNOWN_OPERATION, "POST takes a form here, not XML")
            return _response(self._service.report(refused, kvp, envelope))
        try:
            who = await self._edge.principal(request)
        except Fault as fault:
            return _response(self._service.report(fault, kvp, envelope))
        work = partial(
            self._service.answer, kvp, envelope, who, self._edge.base_url(request),
            gzip="gzip" in request.headers.get("accept-encoding", ""), known_tag=request.headers.get("if-none-match", ""),
        )  # fmt: skip
        try:
            return _response(await self._edge.pool.run(work))
        except Fault as fault:
            return _response(self._service.report(fault, kvp, envelope))


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
    response.headers["content-type"] = answer.media_type
    response.headers["vary"] = ", ".join(
        filter(None, (response.headers.get("vary"), "Authorization, X-API-Key"))
    )
    return response
