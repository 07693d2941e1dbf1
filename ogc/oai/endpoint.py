# SPDX-License-Identifier: Apache-2.0
"""`/oai`: HTTP to the service and back, GET and form POST."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Role
from ogc.http.edge import Edge
from ogc.http.problem import refused
from ogc.oai.request import OaiError, read_request
from ogc.oai.service import OaiService, refusal

_MEDIA_TYPE = "text/xml; charset=utf-8"


class OaiEndpoint:
    """The one address."""

    def __init__(self, service: OaiService, edge: Edge) -> None:
        self._service, self._edge = service, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; what goes wrong outside of the protocol is HTTP's (3.1.2.2): 401, 503 with Retry-After."""
        base_url = self._edge.base_url(request)
        try:
            pairs = await self._arguments(request)
            who = await self._edge.principal(request)
            asked = read_request(pairs)
            body = await self._edge.pool.run(partial(self._service.answer, asked, who, base_url))
        except OaiError as error:
            return _document(refusal(error, base_url), "no-store")
        except Fault as fault:
            status = {Kind.BAD_CREDENTIAL: 401, Kind.BUSY: 503, Kind.UNAVAILABLE: 503}.get(fault.kind, 400)
            response = refused(fault, status, fault.text.encode())
            response.headers["content-type"] = "text/plain; charset=utf-8"
            return response
        return _document(body, "max-age=60" if who.role is Role.PUBLIC else "private, max-age=60")

    async def _arguments(self, request: Request) -> list[tuple[str, str]]:
        """Names and values as they were sent: case counts, and so does what is repeated. Raises Fault or OaiError."""
        limits = self._edge.settings.limits
        query: bytes = request.scope["query_string"]
        if len(query) > limits.url_bytes:
            raise too_large(f"an address of {len(query)} bytes", limits.url_bytes, "limits.url_bytes")
        if request.method == "POST":
            query = await self._edge.body(request)
        try:
            return parse_qsl(
                query.decode("utf-8"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=limits.parameters,
            )
        except ValueError as error:
            raise OaiError("badArgument", "the arguments are not encoded as a form") from error


def _document(body: bytes, cache: str) -> Response:
    response = Response(body, 200, {"Cache-Control": cache, "Vary": "Authorization, X-API-Key"})
    response.headers["content-type"] = _MEDIA_TYPE
    return response
