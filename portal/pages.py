# SPDX-License-Identifier: Apache-2.0
"""The map page and the pages of collections. No logic but links; no third-party request (CSP `default-src 'self'`)."""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from catalog.model.faults import Fault
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.time import day_text
from catalog.service import Catalog
from config.product_types import Band, ProductType
from config.settings import Settings
from portal import qgis

STATIC = Path(__file__).parent / "static"
CSP = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
_CSS = "/static/page.css"


class Pages:
    """Endpoints of the portal; those that ask the catalogue are plain functions, which Starlette runs off the event loop."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    async def home(self, request: Request) -> Response:
        """The map page."""
        page = STATIC / "index.html"
        if not page.is_file():
            return PlainTextResponse(
                "The map page is not built: run `make portal`. The map service is at /wms.\n", 503
            )
        return FileResponse(
            page,
            media_type="text/html",
            headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP},
        )

    def collection(self, request: Request) -> Response:
        """What a collection is: text, bands, styles with legends, dates, licence, addresses."""
        language = (
            "fr"
            if (request.query_params.get("lang") or request.headers.get("accept-language", ""))
            .lower()
            .startswith("fr")
            else "en"
        )
        kind = self._catalog.registry.types.get(request.path_params["collection"])
        if kind is None or not self._catalog.may_see(kind.id, ANONYMOUS):
            return HTMLResponse(
                _page("404", "<p>There is no such collection.</p>", language),
                404,
                headers={"Content-Security-Policy": CSP},
            )
        try:
            days = self._catalog.summary(
                kind.id, ANONYMOUS, Deadline.after(self._settings.limits.search_seconds)
            ).days
        except Fault as fault:
            return PlainTextResponse(fault.text, 503)
        span = f"{len(days)}: {day_text(days[0])} … {day_text(days[-1])}" if days else "0"
        body = _collection_body(self._catalog, kind, language, span)
        return HTMLResponse(
            _page(kind.title.in_language(language), body, language),
            headers={"Content-Security-Policy": CSP, "Cache-Control": "public, max-age=60"},
        )

    def layers_file(self, request: Request) -> Response:
        """A `.qlr` file: drop it on QGIS and every layer is there, with its time."""
        base = self._settings.server.public_url or "http://{}:{}".format(
            *(request.scope.get("server") or ("127.0.0.1", 8080))
        )
        try:
            body = qgis.layer_definition(self._catalog, base, self._settings.limits.search_seconds)
        except Fault as fault:
            return PlainTextResponse(fault.text, 503)
        headers = {
            "Content-Disposition": 'attachment; filename="hysope.qlr"',
            "Cache-Control": "public, max-age=60",
        }
        return Response(body, media_type="application/x-qgis-layer-definition", headers=headers)


def _collection_body(catalog: Catalog, kind: ProductType, language: str, span: str) -> str:
    def say(english: str, french: str) -> str:
        return french if language == "fr" else english

    rows = [
        (say("Dates", "Dates"), span),
        (say("Processing level", "Niveau"), kind.level),
        (say("Producer", "Producteur"), kind.producer),
        (say("Expertise centre", "Centre d'expertise"), kind.centre),
        (say("Maturity", "Maturité"), kind.maturity),
        (say("Licence", "Licence"), kind.licence),
        (say("Attribution", "Mention"), kind.attribution),
        ("DOI", kind.doi or "–"),
        ("WMS", f"/wms?SERVICE=WMS&REQUEST=GetCapabilities — {kind.id}"),
    ]
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    bands = "".join(_band_row(name, band, language) for name, band in kind.bands.items())
    legends = ""
    for layer in kind.layers:
        for style_id in layer.styles:
            style = catalog.registry.style(kind, style_id)
            if style:
                address = f"/wms?SERVICE=WMS&REQUEST=GetLegendGraphic&LAYER={kind.layer_name(layer)}&STYLE={style.id}&LANGUAGE={language}"
                title = escape(style.title.in_language(language))
                legends += f'<figure><img src="{escape(address)}" alt="{title}"><figcaption>{title}</figcaption></figure>'
    head = say(
        "<tr><th>Band</th><th></th><th>Unit</th><th>Scale</th><th>No data</th></tr>",
        "<tr><th>Bande</th><th></th><th>Unité</th><th>Échelle</th><th>Sans donnée</th></tr>",
    )
    return (
        f"<p>{escape(kind.abstract.in_language(language))}</p><table>{facts}</table>"
        f"<h2>{say('Bands', 'Bandes')}</h2><table>{head}{bands}</table><h2>{say('Legends', 'Légendes')}</h2><div class=legends>{legends}</div>"
    )


def _band_row(name: str, band: Band, language: str) -> str:
    cells = (
        name,
        band.title.in_language(language),
        band.unit,
        f"{band.scale:g}",
        ", ".join(map(str, band.nodata)) or "–",
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _page(title: str, body: str, language: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="{_CSS}"></head><body><main><p><a href="/">Hysope</a></p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
