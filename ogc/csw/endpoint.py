# SPDX-License-Identifier: Apache-2.0
"""`/csw`: HTTP to the service and back."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault
from catalog.model.principal import Role
from ogc.csw import service
from ogc.csw.request import V2, asked_version, from_kvp, from_xml
from ogc.csw.service import CswService
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE


class CswEndpoint:
    """GET and XML POST."""

    def __init__(self, csw: CswService, edge: Edge) -> None:
        self._csw, self._edge = csw, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves as an ows:ExceptionReport."""
        version = V2
        try:
            kvp = {} if self._edge.has_xml(request) else await self._edge.kvp(request)
            body = await self._edge.body(request) if self._edge.has_xml(request) else b""
            version = asked_version(kvp, body)
            who = await self._edge.principal(request)
            settings = self._edge.settings
            first = settings.csw.longitude_first
            read = (
                from_xml(body, settings.limits, longitude_first=first)
                if body
                else from_kvp(kvp, longitude_first=first)
            )
            said = await self._edge.pool.run(
                partial(self._csw.answer, read, who, self._edge.base_url(request))
            )
        except Fault as fault:
            return _refused(fault, version)
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}
        return Response(said.body, said.status, headers, said.media_type)


def _refused(fault: Fault, version: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    status = service.status(fault, version)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(
        service.report(fault, version), status_code=status, media_type=service.MEDIA_TYPE, headers=headers
    )
