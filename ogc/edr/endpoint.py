# SPDX-License-Identifier: Apache-2.0
"""The data queries of each collection under `/ogcapi`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from config.collections import Collection
from config.settings import Settings
from ogc.common.blocks import link
from ogc.common.documents import crs_list, crs_uri
from ogc.common.endpoint import answered, shown_document
from ogc.common.negotiate import check_parameters
from ogc.edr.encode import encode
from ogc.edr.request import DataRequest, Form, Query, read_form, read_request
from ogc.edr.service import EdrService
from ogc.edr.values import Found
from ogc.features import documents
from ogc.features.request import items_request
from ogc.features.source import Document, Page, Source, Where
from ogc.http.edge import Edge
from ogc.http.problem import Handler
from ogc.maps.layers import Layers, Offered

T = TypeVar("T")


class EdrEndpoints:
    """The resources of EDR."""

    def __init__(
        self,
        service: EdrService,
        named: Callable[[Collection, Principal], Source | None],
        layers: Layers,
        edge: Edge,
        settings: Settings,
    ) -> None:
        self._service, self._named, self._layers, self._edge, self._settings = (
            service,
            named,
            layers,
            edge,
            settings,
        )

    def routes(self) -> list[Route]:
        """A route for each query; locations are listed, too."""
        home = "/ogcapi/collections/{collection}"
        table: list[tuple[str, Handler]] = [
            (f"{home}/{query.value}", partial(self._query, query))
            for query in Query
            if query is not Query.LOCATIONS
        ]
        table += [(f"{home}/locations", self._locations), (f"{home}/locations/{{location}}", self._location)]
        return [Route(path, answered(handler)) for path, handler in table]

    async def _query(self, query: Query, request: Request) -> Response:
        kvp = check_parameters(request, query.parameters)
        return await self._answer(request, kvp, read_request(query, kvp))

    async def _location(self, request: Request) -> Response:
        kvp = check_parameters(request, Query.LOCATIONS.parameters)
        return await self._answer(request, kvp, read_request(Query.LOCATIONS, kvp))

    async def _answer(self, request: Request, kvp: dict[str, str], asked: DataRequest) -> Response:
        form = read_form(kvp.get("f"), request.headers.get("accept", ""))
        who = await self._edge.principal(request)

        def work() -> tuple[Found, bytes]:
            one = self._offered(request, who)
            if asked.crs not in crs_list(one):
                raise Fault(Kind.INVALID, f"{one.name} is not given in {asked.crs.name}", "crs")
            found = self._service.answer(one.kind, asked, who, request.path_params.get("location", ""))
            return found, encode(found, form)

        found, body = await self._run(work)
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {
            "Cache-Control": f"{scope}, max-age=60",
            "Vary": "Accept, Authorization, X-API-Key",
            "Content-Crs": f"<{crs_uri(found.crs)}>",
        }
        if form is Form.CSV:
            headers["Content-Disposition"] = f'inline; filename="{request.path_params["collection"]}.csv"'
        return Response(body, 200, headers, form.media_type)

    async def _locations(self, request: Request) -> Response:
        """The places that have a name, a page of them: stations, or the polygons that the settings name."""
        kvp = check_parameters(request, ("bbox", "limit", "token"))
        who = await self._edge.principal(request)
        server = self._edge.base_url(request)
        where = Where(server, f"{server}/ogcapi/collections/{request.path_params['collection']}")
        return await self._run(
            lambda: shown_document(
                request,
                self._listed(request, kvp, who, where),
                server,
                who,
                media_type=Form.GEOJSON.media_type,
            )
        )

    def _listed(self, request: Request, kvp: dict[str, str], who: Principal, where: Where) -> Document:
        kind = self._kind(request, who)
        source = self._named(kind, who)
        if source is None:
            raise Fault(Kind.UNKNOWN_LAYER, f"{kind.id} has no locations query", "query")
        asked = items_request(kvp, source)
        page = source.page(asked.asked, who, self._deadline(), where)
        features = [
            {
                **one,
                "links": [
                    link(
                        f"{where.collection}/locations/{quote(str(one['id']), safe='')}",
                        "data",
                        "The values",
                        Form.COVERAGE_JSON.media_type,
                    )
                ],
            }
            for one in page.features
        ]
        nothing, here = Page([], page.matched, page.token), f"{where.collection}/locations"
        found = documents.items(nothing, asked, here, kvp, kind.title.en, filters=False)
        return {**found, "numberReturned": len(features), "features": features}

    def _offered(self, request: Request, who: Principal) -> Offered:
        return self._layers.one(request.path_params["collection"], who, self._deadline())

    def _kind(self, request: Request, who: Principal) -> Collection:
        return self._offered(request, who).kind

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)
