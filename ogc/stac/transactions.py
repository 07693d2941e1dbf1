# SPDX-License-Identifier: Apache-2.0
"""Items written by operators (STAC API transaction extension 1.0, OGC API Features part 4): into the sources of the type `push`.

A product of ours is made of its files, by ingest; of these a request may only take one out of every door.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.harvest.pushed import Pushed
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal, Role
from catalog.model.record import Record
from ogc.http.edge import Edge
from ogc.http.problem import PRIVATE, Handler, read_json
from ogc.stac import records
from ogc.stac.answers import GEOJSON, answered, json_answer
from ogc.stac.documents import Document
from ogc.stac.service import StacService
from ogc.stac.written import merged, read_item, read_items

T = TypeVar("T")


class Transactions:
    """POST, PUT, PATCH and DELETE of items."""

    def __init__(self, service: StacService, pushed: Pushed, edge: Edge) -> None:
        self._service, self._pushed, self._edge = service, pushed, edge

    def routes(self) -> list[Route]:
        """The methods that write, at the addresses that read."""
        items = "/stac/collections/{collection}/items"
        table: list[tuple[str, str, Handler]] = [
            ("POST", items, self._create),
            ("PUT", f"{items}/{{item:path}}", self._replace),
            ("PATCH", f"{items}/{{item:path}}", self._update),
            ("DELETE", f"{items}/{{item:path}}", self._delete),
        ]
        return [Route(path, answered(handler), methods=[method]) for method, path, handler in table]

    async def _create(self, request: Request) -> Response:
        """An item, or a FeatureCollection of items, all or none."""
        who, name = await self._writer(request)
        document = read_json(await self._edge.body(request))
        items = await self._run(partial(read_items, document, name))
        made = await self._run(partial(self._pushed.add, name, items, who))
        found = [self._shown(request, one) for one in made]
        if document["type"] == "FeatureCollection":
            return json_answer({"type": "FeatureCollection", "features": found}, GEOJSON, 201)
        answer = json_answer(found[0], GEOJSON, 201)
        home = f"{self._edge.base_url(request)}/stac/collections/{name}/items"
        answer.headers["Location"] = f"{home}/{quote(made[0].id, safe='')}"
        return answer

    async def _replace(self, request: Request) -> Response:
        who, name = await self._writer(request)
        item = request.path_params["item"]
        document = read_json(await self._edge.body(request))
        given, body = await self._run(partial(read_item, document, name))
        if given != item:
            raise Fault(Kind.INVALID, "the id of an item cannot be changed", "id")
        made = await self._run(partial(self._pushed.change, name, item, lambda _before: body, who))
        return json_answer(self._shown(request, made), GEOJSON)

    async def _update(self, request: Request) -> Response:
        """A merge patch (RFC 7396)."""
        who, name = await self._writer(request)
        item, patch = request.path_params["item"], read_json(await self._edge.body(request))
        change = partial(merged, patch=patch, collection=name)
        made = await self._run(partial(self._pushed.change, name, item, change, who))
        return json_answer(self._shown(request, made), GEOJSON)

    async def _delete(self, request: Request) -> Response:
        who, name = await self._operator(request)
        item = request.path_params["item"]
        if self._pushed.takes(name):
            await self._run(partial(self._pushed.remove, name, item, who))
        else:
            await self._run(partial(self._service.withdraw, name, item, who))
        return Response(status_code=204, headers=PRIVATE)

    async def _writer(self, request: Request) -> tuple[Principal, str]:
        """An operator, and a collection that takes items. Raises Fault."""
        who, name = await self._operator(request)
        if not self._pushed.takes(name):
            raise Fault(
                Kind.FORBIDDEN, f"{name} takes no items: they come from files (ingest) or from another centre"
            )
        return who, name

    async def _operator(self, request: Request) -> tuple[Principal, str]:
        """Who writes, and into which collection. Raises Fault BAD_CREDENTIAL, FORBIDDEN or UNKNOWN_LAYER."""
        who, name = await self._edge.principal(request), request.path_params["collection"]
        if who.role is Role.PUBLIC:
            raise Fault(Kind.BAD_CREDENTIAL, "to change the catalogue, say who you are (an API key or a token)")  # fmt: skip
        if not who.operator:
            raise Fault(Kind.FORBIDDEN, "only operators may change the catalogue")
        if not self._pushed.takes(name):
            await self._run(partial(self._service.check, name, who))
        return who, name

    def _shown(self, request: Request, record: Record) -> Document:
        """An item as it was written, which is as it is read."""
        base = self._edge.base_url(request)
        return records.item(record, f"{base}/stac", base)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)
