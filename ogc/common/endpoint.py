# SPDX-License-Identifier: Apache-2.0
"""`/ogcapi`, its conformance, API document and collections; each as JSON and as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.principal import Deadline, Principal, Role
from config.settings import Settings
from ogc.common import documents, html
from ogc.common.blocks import QUERYABLES_REL, Block, Document
from ogc.common.negotiate import check_parameters, language_of, wants_html
from ogc.common.openapi import COMMON, api_document, operations_document
from ogc.common.reports import exception
from ogc.http.edge import Edge
from ogc.http.problem import Handler, answering
from ogc.maps.layers import Layers, Offered

answered = answering(exception)
"""A handler whose faults leave as exception documents."""
_VARY = "Accept, Accept-Language, Authorization, X-API-Key"
_LINK_RELATIONS = frozenset({"self", "alternate", "next", "prev", "collection", QUERYABLES_REL})
_LINK_CHARACTERS = 2_000
_PLAIN = re.compile(r"[!#-;=?-~]+\Z")
"""What may stand in a header between these marks: the links of foreign items come along."""


class CommonEndpoints:
    """The resources that the building blocks share."""

    def __init__(
        self, layers: Layers, blocks: Sequence[Block], edge: Edge, settings: Settings, version: str
    ) -> None:
        self._layers, self._blocks, self._edge, self._settings, self._version = (
            layers,
            blocks,
            edge,
            settings,
            version,
        )

    def routes(self) -> list[Route]:
        """Every resource."""
        table: list[tuple[str, Handler]] = [
            ("/ogcapi", self._landing),
            ("/ogcapi/", self._landing),
            ("/ogcapi/conformance", self._conformance),
            ("/ogcapi/api", self._api),
            ("/ogcapi/collections", self._collections),
            ("/ogcapi/collections/{collection}", self._collection),
        ]
        return [Route(path, answered(handler)) for path, handler in table]

    async def _landing(self, request: Request) -> Response:
        check_parameters(request, ())
        return shown_document(
            request,
            documents.landing(
                self._settings.service, self._base(request), language_of(request), self._blocks
            ),
            self._edge.base_url(request),
        )

    async def _conformance(self, request: Request) -> Response:
        check_parameters(request, ())
        return shown_document(request, documents.conformance(self._blocks), self._edge.base_url(request))

    async def _api(self, request: Request) -> Response:
        check_parameters(request, ())
        document = api_document(
            self._settings.service, self._base(request), self._version, (COMMON, *self._blocks)
        )
        return shown_api(request, document, self._edge.base_url(request))

    async def _collections(self, request: Request) -> Response:
        check_parameters(request, ())
        who = await self._edge.principal(request)
        offered = await self._edge.pool.run(partial(self._offered, who))
        more = await self._edge.pool.run(partial(self._more, who, request))
        return shown_document(
            request,
            documents.collections(offered, more, self._base(request), language_of(request), self._blocks),
            self._edge.base_url(request),
            who,
        )

    async def _collection(self, request: Request) -> Response:
        check_parameters(request, ())
        who = await self._edge.principal(request)
        deadline = Deadline.after(self._settings.limits.search_seconds)
        name = request.path_params["collection"]
        for other in await self._edge.pool.run(partial(self._more, who, request)):
            if other["id"] == name:
                return shown_document(request, other, self._edge.base_url(request), who)
        found = await self._edge.pool.run(partial(self._layers.one, name, who, deadline))
        document = documents.collection(found, self._base(request), language_of(request), self._blocks)
        here = f"{self._base(request)}/collections/{found.name}"
        return shown_document(request, document, self._edge.base_url(request), who, f"{here}/map?width=900")

    def _offered(self, who: Principal) -> tuple[Offered, ...]:
        return tuple(self._layers.offered(who, Deadline.after(self._settings.limits.search_seconds)))

    def _more(self, who: Principal, request: Request) -> list[Document]:
        """The collections that are no layers."""
        api, language = self._base(request), language_of(request)
        return [one for block in self._blocks for one in block.more(who, api, language)]

    def _base(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/ogcapi"


def page_of(request: Request, document: Document, base: str, picture: str = "") -> bytes:
    """A document as a page, below the resources that its address goes through."""
    parts = [part for part in request.url.path.split("/") if part]
    addresses = [f"{base}/{'/'.join(parts[: number + 1])}" for number in range(len(parts))]
    crumbs = [("Map", f"{base}/"), *zip(parts, addresses, strict=True)]
    return html.page(document, crumbs, f"{addresses[-1]}?f=json", picture)


def shown_document(
    request: Request,
    document: Document,
    base: str,
    who: Principal | None = None,
    picture: str = "",
    media_type: str = "application/json",
) -> Response:
    """A document as JSON or as a page."""
    scope = "public" if who is None or who.role is Role.PUBLIC else "private"
    headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": _VARY}
    if not wants_html(request):
        headers |= _link_header(document)
        return Response(json.dumps(document, ensure_ascii=False).encode(), 200, headers, media_type)
    body = page_of(request, document, base, picture)
    return Response(body, 200, {**headers, **html.HEADERS}, "text/html; charset=utf-8")


def _link_header(document: Document) -> dict[str, str]:
    """The links of a page that a client follows, as RFC 8288 writes them (17-069r4, recommendation /rec/core/link-header).

    None where they are longer than what proxies keep of the headers.
    """
    links = [
        f'<{one["href"]}>; rel="{one["rel"]}"; type="{one["type"]}"'
        for one in document.get("links", ())
        if one.get("rel") in _LINK_RELATIONS
        and _PLAIN.match(f"{one.get('href')}{one.get('type')}")
        and one.keys() >= {"href", "type"}
    ]
    text = ", ".join(links)
    return {"Link": text} if text and len(text) <= _LINK_CHARACTERS else {}


def shown_api(request: Request, document: Document, base: str) -> Response:
    """An API document with its media type, or its operations as a page."""
    if wants_html(request):
        return shown_document(request, operations_document(document), base)
    return shown_document(request, document, base, media_type=documents.OPENAPI_TYPE)
