# SPDX-License-Identifier: Apache-2.0
"""The map page and the pages of collections. No logic but links; no third-party request (CSP `default-src 'self'`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Point, Seen, SeriesQuery
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.service import Catalog
from config.product_types import ProductType
from config.settings import Settings
from portal import qgis
from portal.bodies import collection_body, page, property_body, station_body
from portal.product import product_body
from portal.structured import collection_data, data_block, product_data

_LISTED = 200
"""Values in the table of a station's page."""
STATIC = Path(__file__).parent / "static"
CSP = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"


class Pages:
    """Endpoints of the portal; those that ask the catalogue are plain functions, which Starlette runs off the event loop."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    async def home(self, _request: Request) -> Response:
        """The map page."""
        return self._built("index.html")

    async def stations(self, _request: Request) -> Response:
        """The map of the stations."""
        return self._built("stations.html")

    async def search(self, _request: Request) -> Response:
        """The catalogue."""
        return self._built("search.html")

    async def orders(self, _request: Request) -> Response:
        """What can be made, the form to order it, and one's jobs."""
        return self._built("orders.html")

    @staticmethod
    def _built(name: str) -> Response:
        """A page that the build made."""
        page = STATIC / name
        if not page.is_file():
            return PlainTextResponse(
                "The pages are not built: run `make portal`. The map service is at /wms.\n", 503
            )
        return FileResponse(
            page,
            media_type="text/html",
            headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP},
        )

    def collection(self, request: Request) -> Response:
        """What a collection is: text, bands or properties, styles with legends, dates, licence, addresses."""
        language = _language(request)
        kind = self._catalog.registry.collections.get(request.path_params["collection"])
        if kind is None or not self._catalog.may_see(kind.id, ANONYMOUS):
            return _nothing(language)
        try:
            summary = self._catalog.summary(kind.id, ANONYMOUS, self._deadline())
        except Fault as fault:
            return PlainTextResponse(fault.text, 503)
        return _shown(
            kind.title.in_language(language),
            collection_body(self._catalog, kind, language, summary),
            language,
            head=data_block(collection_data(kind, summary, self._settings.service, self._base(request))),
        )

    def product(self, request: Request) -> Response:
        """What a product is, its files and services, its citation, and how to read it."""
        language, settings = _language(request), self._settings
        try:
            found = self._catalog.product(request.path_params["product"][:200], ANONYMOUS, self._deadline())
        except Fault as fault:
            return (
                _nothing(language)
                if fault.kind in (Kind.UNKNOWN_PRODUCT, Kind.GONE)
                else PlainTextResponse(fault.text, 503)
            )
        kind = self._catalog.kind_of(found.collection)
        assert isinstance(kind, ProductType)
        base = self._base(request)
        body = product_body(found, kind, settings.service, base, language)
        head = data_block(product_data(found, kind, settings.service, base))
        return _shown(found.id, body, language, "product", head)

    def station(self, request: Request) -> Response:
        """What a station is, and its series with their spans and newest values; by any of its names."""
        language = _language(request)
        try:
            ids = self._catalog.observations.station_ids(
                [request.path_params["station"][:200]], ANONYMOUS, self._deadline()
            )
            seen = self._catalog.observations.seen(SeriesQuery(stations=ids), ANONYMOUS, 1, self._deadline())
        except Fault as fault:
            return (
                _nothing(language)
                if fault.kind is Kind.UNKNOWN_STATION
                else PlainTextResponse(fault.text, 503)
            )
        if not seen:
            return _nothing(language)
        body = station_body(self._catalog.registry, seen[0], self._newest(seen[0]), language)
        return _shown(seen[0].station.water or seen[0].station.name, body, language, "station")

    def _newest(self, seen: Seen) -> dict[int, Sequence[Point]]:
        """The newest points of a station's series, oldest first, by key of the series."""
        out: dict[int, Sequence[Point]] = {}
        for one in seen.series:
            last: deque[Point] = deque(maxlen=_LISTED)
            for part in self._catalog.observations.points(one, SeriesQuery(), self._deadline()):
                last.extend(part)
            out[one.key] = tuple(last)
        return out

    def observed_property(self, request: Request) -> Response:
        """What is observed: its unit, and the collections that have it."""
        language, name = _language(request), request.path_params["name"]
        having = [kind for kind in self._catalog.registry.series_types.values() if name in kind.properties]
        having = [kind for kind in having if self._catalog.may_see(kind.id, ANONYMOUS)]
        if not having:
            return _nothing(language)
        return _shown(
            having[0].properties[name].title.in_language(language),
            property_body(name, having, language),
            language,
        )

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)

    def _base(self, request: Request) -> str:
        return self._settings.server.public_url or "http://{}:{}".format(
            *(request.scope.get("server") or ("127.0.0.1", 8080))
        )

    def layers_file(self, request: Request) -> Response:
        """A `.qlr` file: drop it on QGIS and every layer is there, with its time."""
        base = self._base(request)
        try:
            body = qgis.layer_definition(self._catalog, base, self._settings.limits.search_seconds)
        except Fault as fault:
            return PlainTextResponse(fault.text, 503)
        headers = {
            "Content-Disposition": 'attachment; filename="hysope.qlr"',
            "Cache-Control": "public, max-age=60",
        }
        return Response(body, media_type="application/x-qgis-layer-definition", headers=headers)


def _language(request: Request) -> str:
    wanted = request.query_params.get("lang") or request.headers.get("accept-language", "")
    return "fr" if wanted.lower().startswith("fr") else "en"


def _nothing(language: str) -> Response:
    text = "Il n'y a rien à cette adresse." if language == "fr" else "There is nothing at this address."
    return HTMLResponse(
        page("404", f"<p>{text}</p>", language), 404, headers={"Content-Security-Policy": CSP}
    )


def _shown(title: str, body: str, language: str, module: str = "", head: str = "") -> Response:
    headers = {
        "Content-Security-Policy": CSP,
        "Cache-Control": "public, max-age=60",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(page(title, body, language, module, head), headers=headers)
