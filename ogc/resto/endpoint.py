# SPDX-License-Identifier: Apache-2.0
"""`/resto2`: search and download as theia_download and eodag know them, and the token that they fetch first.

A password is an API key and the token is that key, so nothing is kept and a revoked key ends both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, Deadline, Principal
from catalog.model.product import Product, Summary
from catalog.service import Catalog
from config.product_types import ProductType
from config.settings import Settings
from ogc.files.endpoint import FilesEndpoint
from ogc.http.cursors import behind
from ogc.http.edge import Edge
from ogc.http.fields import Field, plain, shown
from ogc.http.problem import PRIVATE, answering, refused
from ogc.resto import documents
from ogc.resto.request import Member, Page, read_page

_STATUS = {
    Kind.UNKNOWN_LAYER: 404, Kind.UNKNOWN_PRODUCT: 404, Kind.GONE: 404, Kind.BAD_CREDENTIAL: 401, Kind.NOBODY: 401, Kind.FORBIDDEN: 403,
    Kind.TOO_LARGE: 413, Kind.BUSY: 503, Kind.UNAVAILABLE: 503,
}  # fmt: skip


class RestoEndpoints:
    """The catalogue, the token, the zip of a product."""

    def __init__(self, catalog: Catalog, files: FilesEndpoint, edge: Edge, settings: Settings) -> None:
        self._catalog, self._files, self._edge, self._settings = catalog, files, edge, settings

    def routes(self) -> list[Route]:
        """Addresses with and without a slash at the end, as clients write both."""
        search, describe = _answered(self._search), _answered(self._describe)
        gets = {
            "/resto2/api/collections/search.json": search,
            "/resto2/api/collections/{group}/search.json": search,
            "/resto2/api/collections/describe.json": describe,
            "/resto2/collections": describe,
            "/resto2/api/collections/describe.xml": _answered(self._description),
            "/resto2/api/collections/{group}/describe.xml": _answered(self._description),
            "/resto2/collections/{group}/{product}/download": _answered(self._download),
        }
        token = _answered(self._token)
        return [
            *(Route(f"{path}{end}", handler) for path, handler in gets.items() for end in ("", "/")),
            *(Route(f"/services/authenticate{end}", token, methods=["POST"]) for end in ("", "/")),
        ]

    async def _token(self, request: Request) -> Response:
        """`ident` is not looked at, `pass` is an API key."""
        key = Field("PASS", plain).read(await self._edge.kvp(request))
        await self._edge.pool.run(partial(self._edge.identity.principal, Headers({"x-api-key": key})))
        return PlainTextResponse(key, headers=PRIVATE)

    async def _search(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        kvp = await self._edge.kvp(request)
        group = request.path_params.get("group")
        server = self._edge.base_url(request)
        given = dict(request.query_params)
        body = await self._edge.pool.run(partial(self._page, group, kvp, given, who, server))
        headers = PRIVATE if who != ANONYMOUS else {"Cache-Control": "public, max-age=60", "Vary": "Authorization, X-API-Key"}  # fmt: skip
        return Response(body, 200, headers, documents.GEOJSON)

    def _page(
        self, group: str | None, kvp: Mapping[str, str], given: Mapping[str, str], who: Principal, server: str
    ) -> bytes:
        deadline, kinds = self._deadline(), self._kinds(group, who)
        page = read_page(kvp, kinds)
        total = self._catalog.count(page.tree, who, deadline)
        found = [
            documents.feature(one, kinds[one.collection], server) for one in self._rows(page, who, deadline)
        ]
        home = f"{server}/resto2/api/collections{f'/{group}' if group else ''}"
        told = documents.answer(found, total, page, f"{home}/search.json", f"{home}/describe.xml", given)
        return json.dumps(told, ensure_ascii=False).encode()

    def _rows(self, page: Page, who: Principal, deadline: Deadline) -> tuple[Product, ...]:
        """The products of a page; those before it are passed over without their files."""
        after, passed = None, page.start - 1
        if passed:
            after = behind(self._catalog, page.tree, who, deadline, page.order, passed)
            if after is None:
                return ()
        return self._catalog.search(page.tree, who, deadline, page.order, page.count, after=after)

    def _kinds(self, group: str | None, who: Principal) -> dict[str, Member]:
        """Our collections in one of resto, or in all; one of ours has its own name there, too. Raises Fault UNKNOWN_LAYER."""
        seen = [name for name in self._catalog.registry.types if self._catalog.may_see(name, who)]
        inside = {name: key for key, one in self._settings.resto.items() for name in one.collections}
        members = {name: self._member(name, inside.get(name, name)) for name in seen}
        if group is None:
            return members
        asked = group.lower()
        found = {name: one for name, one in members.items() if one.group.lower() == asked}
        found = found or {name: self._member(name, name) for name in seen if name.lower() == asked}
        if not found:
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no collection {shown(group)}", "collection")
        return found

    def _member(self, name: str, group: str) -> Member:
        resto = self._settings.resto.get(group)
        return Member(self._catalog.registry.types[name], group, resto.product_type if resto else group)

    async def _describe(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        told = await self._edge.pool.run(partial(self._described, who))
        return Response(json.dumps(told, ensure_ascii=False).encode(), 200, PRIVATE, "application/json")

    def _described(self, who: Principal) -> documents.Document:
        deadline, title = self._deadline(), self._settings.service.title.en
        groups: dict[str, list[tuple[ProductType, Summary]]] = {}
        for name, one in self._kinds(None, who).items():
            summary = self._catalog.summary(name, who, deadline)
            if summary.products:
                groups.setdefault(one.group, []).append((one.kind, summary))
        return documents.described(groups, title)

    async def _description(self, request: Request) -> Response:
        who, group = await self._edge.principal(request), request.path_params.get("group")
        base, service = self._edge.base_url(request), self._settings.service
        members = self._kinds(group, who).values()
        search = f"{base}/resto2/api/collections{f'/{group}' if group else ''}/search.json"
        body = documents.description(service, group or service.title.en, search, members)
        return Response(body, 200, PRIVATE, documents.OSDD)

    async def _download(self, request: Request) -> Response:
        """The files of a product as a zip, made while it is sent."""
        who, product = await self._edge.principal(request), request.path_params["product"]
        held = await self._edge.pool.run(partial(self._catalog.product, product, who, self._deadline()))
        if held.collection not in self._kinds(request.path_params["group"], who):
            raise Fault(Kind.UNKNOWN_PRODUCT, f"the collection has no product {shown(product)}", "product")
        return await self._files.zipped((held,), who)

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)


def _refused(fault: Fault) -> Response:
    status = _STATUS.get(fault.kind, 400)
    said = {"ErrorMessage": fault.text, "ErrorCode": status}
    return refused(fault, status, json.dumps(said, ensure_ascii=False).encode())


_answered = answering(_refused)
"""A handler whose faults leave as resto's errors."""
