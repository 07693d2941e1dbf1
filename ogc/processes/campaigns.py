# SPDX-License-Identifier: Apache-2.0
"""Campaigns through the door, and the board of operators: HTTP to the service and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from catalog.model.time import now
from ogc.http.edge import Edge
from ogc.http.fields import shown
from ogc.http.problem import Handler
from ogc.processes import documents
from ogc.processes.endpoint import answered, as_json
from ogc.processes.request import read_campaign, read_page
from processes.campaign_table import Campaign, ItemState
from processes.campaigns import Campaigns
from processes.service import Processes

T = TypeVar("T")


class CampaignEndpoints:
    """Campaigns below `/ogcapi/campaigns`."""

    def __init__(self, campaigns: Campaigns, processes: Processes, edge: Edge) -> None:
        self._campaigns, self._processes, self._edge = campaigns, processes, edge

    def routes(self) -> list[Route]:
        """Every resource with its methods."""
        one = "/ogcapi/campaigns/{campaign}"
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/ogcapi/processes/{process}/campaign", self._start),
            ("GET", "/ogcapi/campaigns", self._list),
            ("GET", one, partial(self._act, self._campaigns.campaign)),
            ("DELETE", one, partial(self._act, self._campaigns.stop)),
            ("POST", f"{one}/pause", partial(self._act, self._campaigns.pause)),
            ("POST", f"{one}/resume", partial(self._act, self._campaigns.resume)),
            ("POST", f"{one}/retry", partial(self._act, self._campaigns.retry)),
            ("GET", f"{one}/items", self._items),
            ("GET", "/ogcapi/board", self._board),
        ]
        return [Route(path, answered(handler), methods=[method]) for method, path, handler in table]

    async def _start(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        asked = read_campaign(await self._edge.body(request))
        process = request.path_params["process"]
        work = partial(self._campaigns.start, process, asked.inputs, asked.title, asked.at_once, who)
        found = await self._run(work)
        headers = {"Location": f"{self._api(request)}/campaigns/{found.id}"}
        return as_json(documents.campaign(found, self._api(request)), 201, headers)

    async def _list(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        limit, offset = read_page(request.query_params)
        found = await self._run(partial(self._campaigns.list, who, limit + 1, offset))
        return as_json(documents.campaign_list(found, self._api(request), limit, offset))

    async def _act(self, work: Callable[[str, Principal], Campaign], request: Request) -> Response:
        who = await self._edge.principal(request)
        found = await self._run(partial(work, request.path_params["campaign"], who))
        return as_json(documents.campaign(found, self._api(request)))

    async def _items(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        limit, offset = read_page(request.query_params, ("status",))
        status, name = request.query_params.get("status"), request.path_params["campaign"]
        if status is not None and status not in [state.value for state in ItemState]:
            raise Fault(
                Kind.INVALID,
                f"{shown(status)} is none of {', '.join(one.value for one in ItemState)}",
                "status",
            )
        state = ItemState(status) if status else None
        found = await self._run(partial(self._campaigns.items, name, who, state, limit + 1, offset))
        api, query = self._api(request), {"status": status} if status else {}
        return as_json(
            documents.campaign_items(found, f"{api}/campaigns/{name}/items", api, query, limit, offset)
        )

    async def _board(self, request: Request) -> Response:
        """For operators. Raises Fault FORBIDDEN."""
        who = await self._edge.principal(request)
        if not who.operator:
            raise Fault(Kind.FORBIDDEN, "the board is for operators")
        return as_json(documents.board(await self._run(self._processes.board), now()))

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)

    def _api(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/ogcapi"
