# SPDX-License-Identifier: Apache-2.0
"""`/stac` and below: HTTP to the service and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.harvest.pushed import Pushed
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from config.settings import Settings
from ogc.common.endpoint import shown_api
from ogc.common.openapi import api_document
from ogc.filter.queryables import schema
from ogc.http.edge import Edge
from ogc.http.problem import Handler, read_json
from ogc.stac import documents
from ogc.stac.answers import GEOJSON, answered, json_answer
from ogc.stac.block import block
from ogc.stac.request import (
    QUERYABLES,
    CollectionSearch,
    Search,
    aggregations_from,
    collections_from,
    collections_from_document,
    from_document,
    from_parameters,
)
from ogc.stac.service import StacService
from ogc.stac.transactions import Transactions

T = TypeVar("T")


class StacEndpoints:
    """The resources of the STAC API."""

    def __init__(
        self, service: StacService, pushed: Pushed, edge: Edge, settings: Settings, version: str
    ) -> None:
        self._service, self._edge, self._settings, self._version = service, edge, settings, version
        self._transactions = Transactions(service, pushed, edge)

    def routes(self) -> list[Route]:
        """Every resource with its methods."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/stac", self._landing),
            ("GET", "/stac/api", self._api),
            ("GET", "/stac/conformance", self._conformance),
            ("GET", "/stac/collections", self._collections),
            ("GET", "/stac/collections/{collection}", self._collection),
            ("GET", "/stac/collections/{collection}/items", self._items),
            ("GET", "/stac/collections/{collection}/items/{item:path}", self._item),
            ("POST", "/stac/collections", self._collections_body),
            ("GET", "/stac/queryables", self._queryables),
            ("GET", "/stac/collections/{collection}/queryables", self._queryables),
            ("GET", "/stac/search", self._search),
            ("POST", "/stac/search", self._search_body),
            ("GET", "/stac/aggregations", self._aggregations),
            ("GET", "/stac/collections/{collection}/aggregations", self._aggregations),
            ("GET", "/stac/aggregate", self._aggregate),
            ("GET", "/stac/collections/{collection}/aggregate", self._aggregate),
            ("POST", "/stac/aggregate", self._aggregate_body),
        ]
        reading = [Route(path, answered(handler), methods=[method]) for method, path, handler in table]
        return [*reading, *self._transactions.routes()]

    async def _landing(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        return json_answer(
            documents.landing(
                self._settings.service,
                self._base(request),
                await self._run(
                    partial(self._service.every, who, self._base(request), self._edge.base_url(request))
                ),
            )
        )

    async def _api(self, request: Request) -> Response:
        document = api_document(self._settings.service, self._base(request), self._version, (block(),))
        return shown_api(request, document, self._edge.base_url(request))

    async def _conformance(self, _request: Request) -> Response:
        return json_answer({"conformsTo": list(documents.CONFORMANCE)})

    async def _collections(self, request: Request) -> Response:
        return await self._found_collections(request, collections_from(dict(request.query_params)))

    async def _collections_body(self, request: Request) -> Response:
        """As pygeodes and eodag ask GEODES."""
        search = collections_from_document(read_json(await self._edge.body(request)))
        return await self._found_collections(request, search)

    async def _found_collections(self, request: Request, search: CollectionSearch) -> Response:
        who, base = await self._edge.principal(request), self._base(request)
        found, matched = await self._run(
            partial(self._service.collections, search, who, base, self._edge.base_url(request))
        )
        links = [
            {"rel": "self", "href": f"{base}/collections", "type": "application/json"},
            {"rel": "root", "href": base, "type": "application/json"},
        ]
        return json_answer(
            {"collections": found, "links": links, "numberMatched": matched, "numberReturned": len(found)}
        )

    async def _queryables(self, request: Request) -> Response:
        base, name = self._base(request), request.path_params.get("collection")
        if name is not None:
            who = await self._edge.principal(request)
            await self._run(partial(self._service.check, name, who))
        home = base if name is None else f"{base}/collections/{name}"
        return json_answer(schema(QUERYABLES, f"{home}/queryables", "Queryables"), documents.SCHEMA_TYPE)

    async def _collection(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        name = request.path_params["collection"]
        return json_answer(
            await self._run(
                partial(
                    self._service.collection, name, who, self._base(request), self._edge.base_url(request)
                )
            )
        )

    async def _item(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        names = request.path_params["collection"], request.path_params["item"]
        found = await self._run(
            partial(self._service.item, *names, who, self._base(request), self._edge.base_url(request))
        )
        return json_answer(found, GEOJSON)

    async def _items(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        name = request.path_params["collection"]
        await self._run(partial(self._service.check, name, who))
        parameters = dict(request.query_params)
        if "collections" in parameters:
            raise Fault(Kind.INVALID, "the collection stands in the path", "collections")
        search = from_parameters(parameters, (name,))
        return await self._answer(
            request, search, who, f"{self._base(request)}/collections/{name}/items", parameters
        )

    async def _search(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        parameters = dict(request.query_params)
        return await self._answer(
            request, from_parameters(parameters), who, f"{self._base(request)}/search", parameters
        )

    async def _search_body(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        document = read_json(await self._edge.body(request))
        return await self._answer(
            request, from_document(document), who, f"{self._base(request)}/search", None, document
        )

    async def _aggregations(self, request: Request) -> Response:
        return json_answer(documents.aggregations(self._base(request)))

    async def _aggregate(self, request: Request) -> Response:
        who, name = await self._edge.principal(request), request.path_params.get("collection")
        if name is not None:
            await self._run(partial(self._service.check, name, who))
        search, names = aggregations_from(dict(request.query_params), (name,) if name else ())
        return await self._counted(request, search, names, who)

    async def _aggregate_body(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        search, names = aggregations_from(read_json(await self._edge.body(request)))
        return await self._counted(request, search, names, who)

    async def _counted(
        self, request: Request, search: Search, names: tuple[str, ...], who: Principal
    ) -> Response:
        found = await self._run(partial(self._service.totals, search, names, who))
        return json_answer(documents.aggregated(found, names, self._base(request)))

    async def _answer(
        self,
        request: Request,
        search: Search,
        who: Principal,
        here: str,
        parameters: dict[str, str] | None,
        body: Any = None,
    ) -> Response:
        """A page with the link to the next one, in the way that this one was asked."""
        base, server = self._base(request), self._edge.base_url(request)
        found, matched, after = await self._run(partial(self._service.search, search, who, base, server))
        links = [
            {"rel": "root", "href": base, "type": "application/json"},
            {"rel": "self", "href": here, "type": GEOJSON},
        ]
        if after:
            links.append(_next(here, after, parameters, body))
        page = documents.items(found, matched, links, numbered=search.page > 0)
        return await self._run(lambda: json_answer(page, GEOJSON))

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)

    def _base(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/stac"


def _unpaged(search: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in search.items() if name != "page"}


def _next(here: str, after: str, parameters: dict[str, str] | None, body: Any) -> dict[str, Any]:
    if parameters is not None:
        return {
            "rel": "next",
            "href": f"{here}?{urlencode({**_unpaged(parameters), 'token': after})}",
            "type": GEOJSON,
            "method": "GET",
        }
    return {
        "rel": "next",
        "href": here,
        "type": GEOJSON,
        "method": "POST",
        "body": {**_unpaged(body), "token": after},
    }
