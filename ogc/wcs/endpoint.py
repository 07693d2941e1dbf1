# SPDX-License-Identifier: Apache-2.0
"""`/wcs`: HTTP to the service and back; each version has its own reports."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Role
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE
from ogc.wcs import v100, v201
from ogc.wcs.bodies import parameters
from ogc.wcs.request import Version, read_request, read_version
from ogc.wcs.service import WcsService

_ANY_VERSION = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401}


class WcsEndpoint:
    """GET and form POST of both versions, XML of 2.0.1."""

    def __init__(self, service: WcsService, edge: Edge) -> None:
        self._service, self._edge = service, edge

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
        except Fault as fault:
            return _refused(fault, version)
        scope = "public" if who.role is Role.PUBLIC else "private"
        kept = found.headers.get("Cache-Control", "max-age=60")
        headers = {**found.headers, "Cache-Control": f"{scope}, {kept}", "Vary": "Authorization, X-API-Key"}
        response = Response(found.body, 200, headers)
        response.headers["content-type"] = found.media_type
        return response


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
