# SPDX-License-Identifier: Apache-2.0
"""Items, queryables and sortables of every collection under `/ogcapi`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.crs import CRS84
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from config.settings import Settings
from ogc.common.documents import crs_uri
from ogc.common.endpoint import answered, shown_document
from ogc.common.negotiate import check_parameters
from ogc.features import documents
from ogc.features.records import RecordFeatures
from ogc.features.request import CRS, items_request, parameter_names
from ogc.features.service import Features
from ogc.features.source import Document, Source, Where
from ogc.http.edge import Edge
from ogc.http.problem import Handler, read_json

T = TypeVar("T")


class FeaturesEndpoints:
    """The resources of Features and Records."""

    def __init__(self, features: Features, edge: Edge, settings: Settings) -> None:
        self._features, self._edge, self._settings = features, edge, settings

    def routes(self) -> list[Route]:
        """Every resource."""
        home = "/ogcapi/collections/{collection}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", f"{home}/items", self._items),
            ("POST", f"{home}/items", self._search),
            ("GET", f"{home}/items/{{feature:path}}", self._item),
            ("GET", f"{home}/queryables", self._queryables),
            ("GET", f"{home}/sortables", self._sortables),
        ]
        return [Route(path, answered(handler), methods=[method]) for method, path, handler in table]

    async def _items(self, request: Request) -> Response:
        return await self._page(request, None)

    async def _search(self, request: Request) -> Response:
        """A body of CQL2 JSON, as clients of catalogues send it."""
        return await self._page(request, read_json(await self._edge.body(request)))

    async def _page(self, request: Request, body: Any) -> Response:
        who, source = await self._source(request)
        if body is not None and not source.filters:
            raise Fault(Kind.INVALID, "this collection takes no filter", "filter")
        query = check_parameters(request, await self._run(partial(parameter_names, source)))
        asked = await self._run(partial(items_request, query, source, body))
        where, deadline = self._where(request), self._deadline()
        page = await self._run(partial(source.page, asked.asked, who, deadline, where))
        here = f"{where.collection}/items"
        title = request.path_params["collection"]
        response = await self._run(
            lambda: self._shown(
                request, documents.items(page, asked, here, query, title, filters=source.filters), who
            )
        )
        response.headers["content-crs"] = f"<{crs_uri(asked.crs)}>"
        return response

    async def _item(self, request: Request) -> Response:
        who, source = await self._source(request)
        query = check_parameters(request, ("crs",))
        crs, where, name = CRS.read_or(query, CRS84), self._where(request), request.path_params["feature"]
        if query.get("f") == "xml" and isinstance(source, RecordFeatures):
            body = await self._run(partial(source.iso, name, who, self._deadline(), where.server))
            return Response(body, 200, {"Vary": "Authorization, X-API-Key"}, documents.ISO)
        feature = await self._run(partial(source.one, name, who, self._deadline(), where))
        forms = self._features.forms(source, f"{where.collection}/items/{quote(str(feature['id']), safe='')}")
        document = await self._run(partial(documents.item, feature, crs, where.collection, forms))
        response = self._shown(request, document, who)
        response.headers["content-crs"] = f"<{crs_uri(crs)}>"
        return response

    async def _queryables(self, request: Request) -> Response:
        return await self._schema(request, documents.queryables)

    async def _sortables(self, request: Request) -> Response:
        return await self._schema(request, documents.sortables)

    async def _schema(self, request: Request, make: Callable[[Source, str, str], Document]) -> Response:
        check_parameters(request, ())
        who, source = await self._source(request)
        address = f"{self._edge.base_url(request)}{request.url.path}"
        document = await self._run(partial(make, source, address, request.path_params["collection"]))
        return self._shown(request, document, who, documents.SCHEMA)

    def _shown(
        self, request: Request, document: Document, who: Principal, media_type: str = documents.GEOJSON
    ) -> Response:
        base = self._edge.base_url(request)
        return shown_document(request, document, base, who, media_type=media_type)

    async def _source(self, request: Request) -> tuple[Principal, Source]:
        """Who asks which collection. Raises Fault UNKNOWN_LAYER."""
        who = await self._edge.principal(request)
        name = request.path_params["collection"]
        return who, await self._run(partial(self._features.source, name, who))

    def _where(self, request: Request) -> Where:
        server = self._edge.base_url(request)
        return Where(server, f"{server}/ogcapi/collections/{request.path_params['collection']}")

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)
