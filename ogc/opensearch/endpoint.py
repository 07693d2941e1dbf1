# SPDX-License-Identifier: Apache-2.0
"""`/opensearch`: its description, and the search that this describes. Newest changes first, so every search is a feed to subscribe to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.record import Record
from catalog.query import And, During, Filter, Order, Relation, Text
from catalog.service import Catalog
from catalog.words import asked as words_of
from catalog.xml.build import document, el, root_element
from config.settings import Settings
from ogc.common.endpoint import answered
from ogc.common.negotiate import check_parameters
from ogc.features.records import NAMES
from ogc.features.request import BBOX
from ogc.filter.queryables import compare
from ogc.filter.values import intersects, read_box, read_period
from ogc.http.edge import Edge
from ogc.http.fields import Field, at_least, plain, shown
from ogc.http.links import hub_links
from ogc.metadata import atom, geojson
from ogc.metadata.sheet import Sheet, sheet_of

T = TypeVar("T")
_OS = "http://a9.com/-/spec/opensearch/1.1/"
_GEO = "http://a9.com/-/opensearch/extensions/geo/1.0/"
_TIME = "http://a9.com/-/opensearch/extensions/time/1.0/"
_MOST, _USUAL = 500, 20
_Q, _UID, _TYPE, _COLLECTION = (Field(name, plain) for name in ("q", "uid", "type", "collection"))
_START, _END = Field("start", plain), Field("end", plain)
_COUNT, _FROM = Field("count", at_least(1)), Field("startIndex", at_least(1))
PARAMETERS = ("q", "bbox", "uid", "start", "end", "type", "collection", "count", "startIndex", "format")
_TEMPLATE = (
    "q={searchTerms?}&bbox={geo:box?}&uid={geo:uid?}&start={time:start?}&end={time:end?}&type={type?}&collection={collection?}"
    "&count={count?}&startIndex={startIndex?}"
)
_FORMATS = {"atom": atom.MEDIA_TYPE, "json": "application/geo+json"}


@dataclass(frozen=True)
class Search:
    """What is searched, and which part of it."""

    tree: Filter
    count: int
    start: int


def read_search(kvp: dict[str, str]) -> Search:
    """A search of parameters; an empty one is one that is not there, as templates leave them. Raises Fault INVALID."""
    parts: list[Filter] = []
    words = words_of(_Q.read_or(kvp, ""))
    if words:
        parts.append(Text(words))
    box = BBOX.read_or(kvp, None)
    if box is not None:
        parts.append(intersects(read_box(list(box))))
    start, end = _START.read_or(kvp, ""), _END.read_or(kvp, "")
    if start or end:
        parts.append(During(read_period(f"{start or '..'}/{end or '..'}", "start" if start else "end")))
    for name, field in (("id", _UID), ("type", _TYPE), ("collection", _COLLECTION)):
        value = field.read_or(kvp, "")
        if value:
            parts.append(compare(NAMES[name], Relation.EQUAL, value, field.name))
    return Search(And(tuple(parts)), min(_COUNT.read_or(kvp, _USUAL), _MOST), _FROM.read_or(kvp, 1))


class OpenSearchEndpoints:
    """The description and the search."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings

    def routes(self) -> list[Route]:
        """Both."""
        return [
            Route("/opensearch", answered(self._description)),
            Route("/opensearch/search", answered(self._search)),
        ]

    async def _description(self, request: Request) -> Response:
        """OpenSearch 1.1 description: one template for each form, and an example that finds something."""
        check_parameters(request, ())
        service, base = self._settings.service, self._edge.base_url(request)
        root = root_element(f"{{{_OS}}}OpenSearchDescription", {None: _OS, "geo": _GEO, "time": _TIME})
        for name, value in (
            ("ShortName", service.title.en[:16]), ("Description", service.abstract.en[:1_024]), ("Contact", service.contact.email),
            ("LongName", service.title.en[:48]), ("Attribution", service.contact.organisation[:256]), ("SyndicationRight", "open"),
            ("Language", "en"), ("Language", "fr"), ("InputEncoding", "UTF-8"), ("OutputEncoding", "UTF-8"),
        ):  # fmt: skip
            el(root, f"{{{_OS}}}{name}", value)
        for name, media_type in _FORMATS.items():
            el(
                root,
                f"{{{_OS}}}Url",
                type=media_type,
                rel="results",
                template=f"{base}/opensearch/search?format={name}&{_TEMPLATE}",
            )
        el(
            root,
            f"{{{_OS}}}Query",
            role="example",
            searchTerms="",
            title="Everything, what changed last first",
        )
        return Response(
            document(root), 200, {"Cache-Control": "max-age=3600"}, "application/opensearchdescription+xml"
        )

    async def _search(self, request: Request) -> Response:
        kvp = check_parameters(request, PARAMETERS)
        form = kvp.get("format") or "atom"
        if form not in _FORMATS:
            raise Fault(Kind.INVALID, f"format: {shown(form)} is none of {', '.join(_FORMATS)}", "format")
        search, who = read_search(kvp), await self._edge.principal(request)
        base = self._edge.base_url(request)
        asked = {**kvp, "format": form}
        body = await self._run(partial(self._answer, search, who, base, asked))
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}
        if form == "atom":
            headers |= hub_links(base, _links(search, 0, base, asked)["self"][0])
        return Response(body, 200, headers, _FORMATS[form])

    def _answer(self, search: Search, who: Principal, base: str, kvp: dict[str, str]) -> bytes:
        deadline = Deadline.after(self._settings.limits.search_seconds)
        total = self._catalog.count_records(search.tree, who, deadline)
        if not total and kvp.get("uid"):
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no record {shown(kvp['uid'])}", "uid")
        found = self._catalog.search_records(
            search.tree, who, deadline, Order.MODIFIED_DOWN, search.count, search.start - 1
        )
        sheets = [self._sheet(one, base) for one in found]
        links = _links(search, total, base, kvp)
        home = f"{base}/ogcapi/collections/metadata/items"
        if kvp["format"] == "json":
            return json.dumps(_collection(search, total, sheets, links), ensure_ascii=False).encode()
        service = self._settings.service
        feed = atom.Feed(
            service.title.en,
            links["self"][0],
            service.contact.organisation,
            total,
            search.start,
            search.count,
            links,
        )
        return atom.encode(feed, sheets, home)

    def _sheet(self, record: Record, base: str) -> Sheet:
        return sheet_of(record, self._catalog.kind_of(record.collection), base)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)


def _links(search: Search, total: int, base: str, kvp: dict[str, str]) -> dict[str, tuple[str, str]]:
    """To this page, the ones beside it, and the description."""
    media_type, home = _FORMATS[kvp["format"]], f"{base}/opensearch"
    given = {name: value for name, value in kvp.items() if value and name != "startIndex"}

    def page(start: int) -> tuple[str, str]:
        return f"{home}/search?{urlencode({**given, 'startIndex': str(start)}, quote_via=quote)}", media_type

    out = {
        "self": page(search.start),
        "search": (home, "application/opensearchdescription+xml"),
        "first": page(1),
    }
    if kvp["format"] == "atom":
        out["hub"] = (f"{base}/hub", "")
    if search.start > 1:
        out["previous"] = page(max(1, search.start - search.count))
    if search.start + search.count <= total:
        out["next"] = page(search.start + search.count)
    return out


def _collection(
    search: Search, total: int, sheets: list[Sheet], links: dict[str, tuple[str, str]]
) -> dict[str, object]:
    """GeoJSON with the counts as OpenSearch's GeoJSON answers have them (17-047)."""
    return {
        "type": "FeatureCollection",
        "properties": {
            "totalResults": total, "startIndex": search.start, "itemsPerPage": search.count,
            "links": [{"rel": rel, "href": href, "type": media} for rel, (href, media) in links.items()],
        },
        "features": [geojson.encode(one) for one in sheets],
    }  # fmt: skip
