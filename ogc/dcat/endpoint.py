# SPDX-License-Identifier: Apache-2.0
"""`/dcat`: pages of the catalogue, with the filters of `/opensearch`; `/dcat/{id}`: one record. JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.time import micros_text
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from config.settings import Settings
from ogc.common.endpoint import answered
from ogc.common.negotiate import check_parameters
from ogc.http.edge import Edge
from ogc.http.fields import Field, at_least
from ogc.metadata import dcat
from ogc.metadata.dcat import Document
from ogc.metadata.sheet import sheet_of
from ogc.opensearch.endpoint import PARAMETERS, Search, read_search

T = TypeVar("T")
_PAGE_SIZE = 100
_PAGE = Field("page", at_least(1))
_FILTERS = tuple(name for name in PARAMETERS if name not in ("count", "startIndex", "format"))


class DcatEndpoints:
    """GET."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings

    def routes(self) -> list[Route]:
        """The addresses."""
        return [Route("/dcat", answered(self._pages)), Route("/dcat/{record:path}", answered(self._record))]

    async def _pages(self, request: Request) -> Response:
        kvp = check_parameters(request, (*_FILTERS, "page"))
        who, number = await self._edge.principal(request), _PAGE.read_or(kvp, 1)
        given = {name: value for name, value in kvp.items() if name in _FILTERS and value}
        home = f"{self._edge.base_url(request)}/dcat"
        document = await self._run(partial(self._page, read_search(given), given, number, who, home))
        return _answer(document, who)

    async def _record(self, request: Request) -> Response:
        check_parameters(request, ())
        who, home = await self._edge.principal(request), f"{self._edge.base_url(request)}/dcat"
        return _answer(await self._run(partial(self._one, request.path_params["record"], who, home)), who)

    def _page(
        self, search: Search, given: dict[str, str], number: int, who: Principal, home: str
    ) -> Document:
        """A catalogue with the data sets of a page; Hydra's words lead to the other pages, as CKAN's harvester follows them."""
        deadline, service = Deadline.after(self._settings.limits.search_seconds), self._settings.service
        total = self._catalog.count_records(search.tree, who, deadline)
        found = self._catalog.search_records(
            search.tree, who, deadline, Order.MODIFIED_DOWN, _PAGE_SIZE, (number - 1) * _PAGE_SIZE
        )
        base = home.removesuffix("/dcat")
        nodes = [
            dcat.encode(sheet_of(one, self._catalog.kind_of(one.collection), base), home) for one in found
        ]
        kinds: dict[str, list[Document]] = {}
        for node in nodes:
            kinds.setdefault(
                "dcat:service" if node["@type"] == "dcat:DataService" else "dcat:dataset", []
            ).append(node)
        last = max(1, -(-total // _PAGE_SIZE))

        def page(at: int) -> Document:
            return {"@id": f"{home}?{urlencode({**given, 'page': str(at)}, quote_via=quote)}"}

        view: Document = {
            **page(number), "@type": ["hydra:PartialCollectionView", "hydra:PagedCollection"], "hydra:totalItems": total,
            "hydra:first": page(1), "hydra:firstPage": page(1), "hydra:last": page(last), "hydra:lastPage": page(last),
        }  # fmt: skip
        if number < last:
            view |= {"hydra:next": page(number + 1), "hydra:nextPage": page(number + 1)}
        catalogue: Document = {
            "@id": home, "@type": "dcat:Catalog", "dct:title": [{"@value": service.title.en, "@language": "en"}, {"@value": service.title.fr, "@language": "fr"}],
            "dct:description": [{"@value": service.abstract.en, "@language": "en"}, {"@value": service.abstract.fr, "@language": "fr"}],
            "dct:publisher": {"@type": "foaf:Organization", "foaf:name": service.contact.organisation}, "foaf:homepage": {"@id": f"{base}/"}, **kinds,
        }  # fmt: skip
        if found:
            newest = micros_text(max(one.modified for one in found))
            catalogue["dct:modified"] = {"@value": newest, "@type": "xsd:dateTime"}
        return {"@context": dcat.CONTEXT, "@graph": [catalogue, view]}

    def _one(self, name: str, who: Principal, home: str) -> Document:
        """A record. Raises Fault UNKNOWN_PRODUCT."""
        deadline = Deadline.after(self._settings.limits.search_seconds)
        found = self._catalog.search_records(equal(Property.ID, name), who, deadline, Order.MODIFIED_DOWN, 1)
        if not found:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no record {name[:200]!r}", "id")
        sheet = sheet_of(found[0], self._catalog.kind_of(found[0].collection), home.removesuffix("/dcat"))
        return {"@context": dcat.CONTEXT, **dcat.encode(sheet, home)}

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)


def _answer(document: Document, who: Principal) -> Response:
    scope = "public" if who.role is Role.PUBLIC else "private"
    headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}
    return Response(json.dumps(document, ensure_ascii=False).encode(), 200, headers, dcat.MEDIA_TYPE)
