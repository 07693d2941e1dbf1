# SPDX-License-Identifier: Apache-2.0
"""`/sta/v1.1` and below: HTTP to the service and back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.problem import refused
from ogc.sta.request import StaRequest, read_options, read_path
from ogc.sta.service import Reading, root
from ogc.sta.sets import Asking

_STATUS = {
    Kind.UNKNOWN_LAYER: 404, Kind.UNKNOWN_PRODUCT: 404, Kind.UNKNOWN_STATION: 404, Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403, Kind.BUSY: 503,
    Kind.UNAVAILABLE: 503,
}  # fmt: skip
_VARY = "Authorization, X-API-Key"


class StaEndpoint:
    """SensorThings over one catalogue."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings

    def routes(self) -> list[Route]:
        """The root and everything below it."""
        return [Route("/sta/v1.1", self._answer), Route("/sta/v1.1/{path:path}", self._answer)]

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._answered(request)
        except Fault as fault:
            status = _STATUS.get(fault.kind, 400)
            document = {"code": status, "type": "error", "message": fault.text}
            return refused(fault, status, json.dumps(document, ensure_ascii=False).encode())

    async def _answered(self, request: Request) -> Response:
        server, limits = self._edge.base_url(request), self._settings.limits
        query = request.scope["query_string"]
        if len(query) > limits.url_bytes:
            raise too_large("the query", limits.url_bytes, "limits.url_bytes")
        path, tail = read_path(request.path_params.get("path", ""))
        try:
            pairs = parse_qsl(
                query.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=limits.parameters,
            )
        except (UnicodeDecodeError, ValueError) as error:
            raise Fault(Kind.INVALID, "the query cannot be read") from error
        asked = StaRequest(path, tail, read_options(pairs))
        who = await self._edge.principal(request)
        base = f"{server}/sta/v1.1"
        if not path:
            return self._shown(root(base), who)
        ask = Asking(self._catalog, who, Deadline.after(limits.search_seconds), base, server)
        return await self._edge.pool.run(lambda: self._shown(Reading(ask, limits).answer(asked), who))

    @staticmethod
    def _shown(document: Any, who: Principal) -> Response:
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": _VARY}
        if isinstance(document, str | int):
            return PlainTextResponse(str(document), 200, headers)
        return Response(json.dumps(document, ensure_ascii=False).encode(), 200, headers, "application/json")
