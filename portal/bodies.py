# SPDX-License-Identifier: Apache-2.0
"""The bodies of the pages: facts to HTML, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from catalog.model.observation import Seen
from catalog.model.product import Summary
from catalog.model.time import day_text, micros_text
from catalog.service import Catalog
from config.product_types import Band, Collection, ObservedProperty, Registry, SeriesType

_CSS = "/static/page.css"


def page(title: str, body: str, language: str) -> str:
    """A whole page."""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="{_CSS}"></head><body><main><p><a href="/">Hysope</a></p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )


def collection_body(catalog: Catalog, kind: Collection, language: str, summary: Summary) -> str:
    """What a collection is."""
    say = _Say(language)
    rows = [
        *_span(kind, summary, language),
        (say("Processing level", "Niveau"), kind.level),
        (say("Producer", "Producteur"), kind.producer),
        (say("Expertise centre", "Centre d'expertise"), kind.centre),
        (say("Maturity", "Maturité"), kind.maturity),
        (say("Licence", "Licence"), kind.licence),
        (say("Attribution", "Mention"), kind.attribution),
        ("DOI", kind.doi or "–"),
        ("WMS", f"/wms?SERVICE=WMS&REQUEST=GetCapabilities — {kind.id}"),
    ]
    if isinstance(kind, SeriesType):
        rows.append(("SOS", f"/sos?SERVICE=SOS&REQUEST=GetCapabilities — {kind.id}"))
        heading, held = (
            say("Observed properties", "Propriétés observées"),
            _properties(kind.properties.items(), language),
        )
    else:
        head = (
            say("Band", "Bande"),
            "",
            say("Unit", "Unité"),
            say("Scale", "Échelle"),
            say("No data", "Sans donnée"),
        )
        heading, held = (
            say("Bands", "Bandes"),
            _table(head, (_band_row(name, band, language) for name, band in kind.bands.items())),
        )
    legends = "".join(_legend(catalog, kind, name, style_id, language) for name, style_id in _styles(kind))
    return (
        f"<p>{escape(kind.abstract.in_language(language))}</p>{_facts(rows)}<h2>{heading}</h2>{held}"
        f"<h2>{say('Legends', 'Légendes')}</h2><div class=legends>{legends}</div>"
    )


def station_body(registry: Registry, seen: Seen, language: str) -> str:
    """What a station is, and its series."""
    say, station = _Say(language), seen.station
    rows = [
        (say("Station", "Station"), station.name),
        (say("Basin", "Bassin"), station.basin or "–"),
        (say("Country", "Pays"), station.country or "–"),
        (say("Position", "Position"), f"{station.latitude:g}° N, {station.longitude:g}° E"),
        (
            say("Other names", "Autres noms"),
            ", ".join(alias for alias in station.aliases if alias != station.name) or "–",
        ),
    ]
    if station.distance_km is not None:
        rows.append((say("Distance to the mouth", "Distance à l'embouchure"), f"{station.distance_km:g} km"))
    series = []
    for one in seen.series:
        observed = registry.series_types[one.collection].properties[one.observed_property]
        newest = seen.latest.get(one.observed_property)
        value = f"{newest.value:g} {observed.unit}" if newest else "–"
        series.append((
            observed.title.in_language(language), value, micros_text(one.first)[:10], micros_text(one.last)[:16].replace("T", " "),
            str(one.count), one.quality.value,
        ))  # fmt: skip
    head = (
        say("Property", "Propriété"), say("Newest value", "Dernière valeur"), say("From", "De"), say("To (UTC)", "À (UTC)"),
        say("Observations", "Observations"), say("Quality", "Qualité"),
    )  # fmt: skip
    address = f"/sos?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest={station.id}&responseFormat=http://www.opengis.net/waterml/2.0"
    return f'{_facts(rows)}<h2>{say("Series", "Séries")}</h2>{_table(head, series)}<p><a href="{escape(address)}">WaterML 2.0</a></p>'


def property_body(name: str, kinds: Sequence[SeriesType], language: str) -> str:
    """What is observed, and which collections have it."""
    links = "".join(
        f'<li><a href="/collections/{escape(kind.id)}">{escape(kind.title.in_language(language))}</a></li>'
        for kind in kinds
    )
    return f"{_properties([(name, kinds[0].properties[name])], language)}<ul>{links}</ul>"


class _Say:
    """Chooses between English and French."""

    def __init__(self, language: str) -> None:
        self._french = language == "fr"

    def __call__(self, english: str, french: str) -> str:
        return french if self._french else english


def _span(kind: Collection, summary: Summary, language: str) -> list[tuple[str, str]]:
    say, days = _Say(language), summary.days
    if not isinstance(kind, SeriesType):
        span = f"{len(days)}: {day_text(days[0])} … {day_text(days[-1])}" if days else "0"
        return [(say("Dates", "Dates"), span)]
    rows = [(say("Stations", "Stations"), str(summary.products))]
    if summary.first is not None and summary.last is not None:
        rows.append(
            (
                say("Observed", "Observé"),
                f"{micros_text(summary.first)[:10]} … {micros_text(summary.last)[:10]}",
            )
        )
    return rows


def _styles(kind: Collection) -> list[tuple[str, str]]:
    """Layer name and style id of each legend."""
    return [(kind.layer_name(layer), style_id) for layer in kind.layers for style_id in layer.styles]


def _legend(catalog: Catalog, kind: Collection, layer: str, style_id: str, language: str) -> str:
    style = kind.point if isinstance(kind, SeriesType) else catalog.registry.style(kind, style_id)
    if style is None:
        return ""
    address = f"/wms?SERVICE=WMS&REQUEST=GetLegendGraphic&LAYER={layer}&STYLE={style.id}&LANGUAGE={language}"
    title = escape(style.title.in_language(language))
    return f'<figure><img src="{escape(address)}" alt="{title}"><figcaption>{title}</figcaption></figure>'


def _properties(found: Iterable[tuple[str, ObservedProperty]], language: str) -> str:
    say = _Say(language)
    rows = (
        (
            name,
            one.title.in_language(language),
            one.unit,
            f"EPSG:{one.datum}" if one.datum else "–",
            one.definition or "–",
        )
        for name, one in found
    )
    return _table(
        (
            say("Property", "Propriété"),
            "",
            say("Unit", "Unité"),
            say("Datum", "Référence"),
            say("Definition", "Définition"),
        ),
        rows,
    )


def _band_row(name: str, band: Band, language: str) -> tuple[str, ...]:
    return (
        name,
        band.title.in_language(language),
        band.unit,
        f"{band.scale:g}",
        ", ".join(map(str, band.nodata)) or "–",
    )


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{heads}</tr>{body}</table>"
