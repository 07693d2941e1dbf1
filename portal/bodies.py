# SPDX-License-Identifier: Apache-2.0
"""The bodies of the pages: facts to HTML, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote

from catalog.model.observation import Point, Seen, Station
from catalog.model.product import Summary
from catalog.model.time import day_text, micros_text
from catalog.service import Catalog
from config.collections import Collection, Registry
from config.product_types import Band
from config.series_types import ObservedProperty, SeriesType

_CSS = "/static/page.css"


def page(title: str, body: str, language: str, module: str = "", head: str = "") -> str:
    """A whole page; `module` is the name of a script and style sheet of our own, `head` further elements of the head."""
    say = Say(language)
    own = (
        f'<link rel="stylesheet" href="/static/{module}.css"><script type="module" src="/static/{module}.js"></script>'
        if module
        else ""
    )
    ways = (
        ("/", say("Map", "Carte")),
        ("/search", say("Catalogue", "Catalogue")),
        ("/stations", say("Stations", "Stations")),
        ("/orders", say("Orders", "Commandes")),
        ("/ogcapi", "OGC API"),
    )
    links = " ".join(f'<a href="{href}">{text}</a>' for href, text in ways)
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{_CSS}">{own}{head}</head><body><header><a href="/">Hysope</a><nav>{links}</nav></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def collection_body(catalog: Catalog, kind: Collection, language: str, summary: Summary) -> str:
    """What a collection is."""
    say = Say(language)
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
            table(head, (_band_row(name, band, language) for name, band in kind.bands.items())),
        )
    legends = "".join(_legend(catalog, kind, name, style_id, language) for name, style_id in _styles(kind))
    return (
        f"<p>{escape(kind.abstract.in_language(language))}</p>{facts(rows)}<h2>{heading}</h2>{held}"
        f"<h2>{say('Legends', 'Légendes')}</h2><div class=legends>{legends}</div>"
    )


def station_body(
    registry: Registry, seen: Seen, newest_points: Mapping[int, Sequence[Point]], language: str
) -> str:
    """What a station is, its series with their chart, and where to take them from; `newest_points` by key of the series."""
    say, station = Say(language), seen.station
    rows = [
        (say("Station", "Station"), station.name),
        (say("Basin", "Bassin"), station.basin or "–"),
        (say("Country", "Pays"), station.country or "–"),
        (say("Position", "Position"), _position(station)),
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
    chart = f'<section id="chart" data-station="{escape(station.id)}"><div class="controls"></div><div class="plot"></div></section>'
    return (
        f"{chart}{facts(rows)}<h2>{say('Series', 'Séries')}</h2>{table(head, series)}"
        f"<h2>{say('Take it along', 'À emporter')}</h2>{_ways(station, say)}"
        f"<h2>{say('Values', 'Valeurs')}</h2>{_values(registry, seen, newest_points, language)}"
    )


def _position(station: Station) -> str:
    north = "N" if station.latitude >= 0 else "S"
    east = "E" if station.longitude >= 0 else "W"
    return f"{abs(station.latitude):g}° {north}, {abs(station.longitude):g}° {east}"


def _ways(station: Station, say: Say) -> str:
    """The addresses of a station's data, to open or to copy."""
    name = quote(station.id)
    ways = (
        ("CSV", f"/series?f=csv&station={name}"), ("Parquet", f"/series?f=parquet&station={name}"), ("JSON", f"/series?f=json&station={name}"),
        ("WaterML 2.0 (SOS)", f"/sos?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest={name}&responseFormat=http://www.opengis.net/waterml/2.0"),
        ("SensorThings", f"/sta/v1.1/Things('{name}')?$expand=Datastreams"),
        ("CoverageJSON (EDR)", f"/ogcapi/collections/{station.collection}/locations/{name}"),
        (say("Feed of new observations", "Flux des nouvelles observations"), f"/series/feed?station={name}"),
    )  # fmt: skip
    return copied(ways, say)


def copied(ways: Iterable[tuple[str, str]], say: Say) -> str:
    """Titles with addresses, to open or to copy."""
    rows = "".join(
        f'<tr><td><a href="{escape(address)}">{escape(title)}</a></td><td><code>{escape(address)}</code></td>'
        f'<td><button type="button" data-copy="{escape(address)}">{say("Copy", "Copier")}</button></td></tr>'
        for title, address in ways
    )
    return f'<table class="links">{rows}</table>'


def _values(
    registry: Registry, seen: Seen, newest_points: Mapping[int, Sequence[Point]], language: str
) -> str:
    """The newest values as tables, for those who do not see the chart."""
    say, out = Say(language), []
    for one in seen.series:
        observed = registry.series_types[one.collection].properties[one.observed_property]
        title = f"{observed.title.in_language(language)} ({observed.unit})"
        rows = [
            (
                micros_text(point.time)[:16].replace("T", " "), f"{point.value:g}", "" if point.uncertainty is None else f"{point.uncertainty:g}",
                (point.quality or one.quality).value, point.mission,
            )
            for point in reversed(newest_points.get(one.key, ()))
        ]  # fmt: skip
        head = (
            say("Time (UTC)", "Date (UTC)"), title, say("Uncertainty", "Incertitude"), say("Quality", "Qualité"), say("Mission", "Mission"),
        )  # fmt: skip
        words = say(f"{title}: the newest {len(rows)}", f"{title} : les {len(rows)} dernières")
        out.append(
            f'<details><summary>{escape(words)}</summary><div class="long">{table(head, rows)}</div></details>'
        )
    return "".join(out)


def property_body(name: str, kinds: Sequence[SeriesType], language: str) -> str:
    """What is observed, and which collections have it."""
    links = "".join(
        f'<li><a href="/collections/{escape(kind.id)}">{escape(kind.title.in_language(language))}</a></li>'
        for kind in kinds
    )
    return f"{_properties([(name, kinds[0].properties[name])], language)}<ul>{links}</ul>"


class Say:
    """Chooses between English and French."""

    def __init__(self, language: str) -> None:
        self._french = language == "fr"

    def __call__(self, english: str, french: str) -> str:
        """The one of the two."""
        return french if self._french else english


def _span(kind: Collection, summary: Summary, language: str) -> list[tuple[str, str]]:
    say, days = Say(language), summary.days
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
    say = Say(language)
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
    return table(
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


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names with their values."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a heading."""
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{heads}</tr>{body}</table>"
