# SPDX-License-Identifier: Apache-2.0
"""`/wmts` and `/wmts/1.0.0/…`: HTTP to the service and back."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE
from ogc.http.kvp import Kvp
from ogc.maps.service import Answer
from ogc.wmts import reports
from ogc.wmts.request import GetCapabilities, WmtsRequest, from_path, read_request
from ogc.wmts.service import WmtsService, accepts

CAPABILITIES = "WMTSCapabilities.xml"


class WmtsEndpoint:
    """Both bindings."""

    def __init__(self, service: WmtsService, edge: Edge) -> None:
        self._service, self._edge = service, edge

    async def kvp(self, request: Request) -> Response:
        """GET and form POST with parameters."""
        try:
            parameters = await self._edge.kvp(request)
            return _response(await self._answer(request, parameters))
        except Fault as fault:
            return _refused(fault)

    async def rest(self, request: Request) -> Response:
        """GET of a resource."""
        parts = str(request.path_params["resource"]).split("/")
        try:
            if parts == [CAPABILITIES]:
                found = await self._resource(request)
            else:
                found = await self._answer(request, from_path(parts))
            if not accepts(request.headers.get("accept", ""), found.media_type):
                raise Fault(Kind.NOT_ACCEPTABLE, f"this resource is {found.media_type}", "Accept")
            return _response(found)
        except Fault as fault:
            return _refused(fault)

    async def _resource(self, request: Request) -> Answer:
        who = await self._edge.principal(request)
        return await self._run(request, GetCapabilities(None), who, "en")

    async def _answer(self, request: Request, parameters: Kvp) -> Answer:
        who = await self._edge.principal(request)
        return await self._run(request, read_request(parameters), who, _language(parameters))

    async def _run(self, request: Request, asked: WmtsRequest, who: Principal, language: str) -> Answer:
        tag = request.headers.get("if-none-match", "")
        work = partial(self._service.answer, asked, who, self._edge.base_url(request), language, tag)
        return await self._edge.pool.run(work)


def _language(parameters: Kvp) -> str:
    return "fr" if parameters.get("LANGUAGE", "").lower().startswith("fr") else "en"


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, dict(answer.headers))
    response.headers["content-type"] = answer.media_type
    response.headers["vary"] = "Authorization, X-API-Key"
    return response


def _refused(fault: Fault) -> Response:
    headers = {"Cache-Control": "no-store"}
    status = reports.status(fault)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    response = Response(reports.report(fault), status, headers)
    response.headers["content-type"] = reports.MEDIA_TYPE
    return response
