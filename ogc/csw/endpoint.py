# SPDX-License-Identifier: Apache-2.0
"""`/csw`: HTTP to the service and back."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault
from catalog.model.principal import Role
from ogc.csw import service
from ogc.csw.request import CswRequest, from_kvp, from_xml
from ogc.csw.service import CswService
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE


class CswEndpoint:
    """GET and XML POST."""

    def __init__(self, csw: CswService, edge: Edge) -> None:
        self._csw, self._edge = csw, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves as an ows:ExceptionReport."""
        try:
            who = await self._edge.principal(request)
            read = await self._read(request)
            body = await self._edge.pool.run(
                partial(self._csw.answer, read, who, self._edge.base_url(request))
            )
        except Fault as fault:
            return _refused(fault)
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}
        return Response(body, media_type=service.MEDIA_TYPE, headers=headers)

    async def _read(self, request: Request) -> CswRequest:
        if self._edge.has_xml(request):
            return from_xml(await self._edge.body(request), self._edge.settings.limits)
        return from_kvp(await self._edge.kvp(request))


def _refused(fault: Fault) -> Response:
    headers = {"Cache-Control": "no-store"}
    status = service.status(fault)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(service.report(fault), status_code=status, media_type=service.MEDIA_TYPE, headers=headers)
