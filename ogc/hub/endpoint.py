# SPDX-License-Identifier: Apache-2.0
"""`/hub`: takes subscriptions to our feeds (WebSub, 5); the supervisor asks the subscriber back before anything is sent."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.subscription import Wanted
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.problem import refused_plainly
from ogc.hub.request import read_wanted
from ogc.hub.topics import Topics

_WORDS = (
    "This is a WebSub hub (https://www.w3.org/TR/websub/). To be sent what is new in a feed of this server, POST a form with\n"
    "hub.mode=subscribe, hub.topic=<address of the feed>, hub.callback=<your address>, and hub.secret if you like.\n"
)
_STATUS = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.TOO_LARGE: 413}


class HubEndpoint:
    """POST."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._table, self._edge, self._limits = catalog.subscriptions, edge, settings.limits
        self._topics = Topics(catalog, settings)

    def routes(self) -> list[Route]:
        """The address."""
        return [Route("/hub", self._subscribe, methods=["POST"]), Route("/hub", self._told, methods=["GET"])]

    async def _told(self, _request: Request) -> Response:
        """For people who follow the link of a feed."""
        return PlainTextResponse(_WORDS)

    async def _subscribe(self, request: Request) -> Response:
        try:
            wanted = read_wanted(await self._edge.kvp(request), self._limits)
            await self._edge.pool.run(partial(self._noted, wanted, self._edge.base_url(request)))
        except Fault as fault:
            return refused_plainly(fault, _STATUS.get(fault.kind, 400))
        return PlainTextResponse(f"{wanted.callback} is asked to confirm\n", 202)

    def _noted(self, wanted: Wanted, base: str) -> None:
        """Raises Fault INVALID for a topic that is none, BUSY where there are too many subscriptions."""
        topic = self._topics.read(wanted.topic, base)
        wished = Wanted(wanted.wish, topic, wanted.callback, wanted.host, wanted.secret, wanted.seconds)
        if not self._table.wish(wished, self._limits.subscriptions, self._limits.subscriptions_of_host):
            raise Fault(
                Kind.BUSY, "there are as many subscriptions as there may be (limits.subscriptions, limits.subscriptions_of_host)"
            )  # fmt: skip
