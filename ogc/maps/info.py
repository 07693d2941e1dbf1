# SPDX-License-Identifier: Apache-2.0
"""GetFeatureInfo answers: GeoJSON, text, HTML, GML over the same facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from lxml import etree

from catalog.model.observation import Seen
from catalog.model.product import Product
from catalog.model.time import day_text, micros_text
from catalog.xml.build import clean, document, el
from ogc.maps.words import InfoFormat
from tiles.sample import PixelValue
from tiles.service import Probed
from tiles.stations import ProbedStations

_GML = "http://www.opengis.net/gml"
_WFS = "http://www.opengis.net/wfs"
_HYSOPE = "http://hysope.example/wms-info"
_CSS = (
    "body{font:13px sans-serif}h2{font-size:13px;margin:8px 0 2px}"
    "th{text-align:left;font-weight:normal;color:#555;padding-right:1em}"
)
Scalar = str | float | int | None


AnyProbed = Probed | ProbedStations


@dataclass(frozen=True)
class Found:
    """One feature of an answer."""

    layer: str
    id: str
    heading: str
    place: tuple[float, float]
    """Longitude, latitude."""
    attributes: dict[str, Scalar]


@dataclass(frozen=True)
class Asked:
    """Where and for whom: what each answer repeats."""

    longitude: float
    latitude: float
    language: str
    base_url: str


def encode(form: InfoFormat, probed: Sequence[AnyProbed], asked: Asked) -> bytes:
    """The answer in a format."""
    if form is InfoFormat.JSON:
        return _json(probed, asked)
    if form is InfoFormat.HTML:
        return _html(probed, asked)
    if form is InfoFormat.GML:
        return _gml(probed, asked)
    return _text(probed, asked)


def _attributes(
    probe: Probed, product: Product, values: Sequence[PixelValue], asked: Asked
) -> dict[str, Scalar]:
    """Flat attributes: QGIS lists them one below the other."""
    out: dict[str, Scalar] = {
        "layer": probe.query.kind.id,
        "product": product.id,
        "version": product.version,
        "date": day_text(product.day),
        "time": micros_text(product.period.start),
    }
    for value in values:
        if value.meanings or value.band.categorical:
            out[value.name] = _named(value, asked.language) if value.valid else None
            out[f"{value.name}_value"] = int(value.count) if value.valid else None
        else:
            out[_unit_name(value)] = _rounded(value.value) if value.valid else None
    out |= {name: one for name, one in probe.polygons.get(product.id, {}).items() if name not in out}
    out["cloud_percent"] = product.cloud
    out["licence"] = probe.query.kind.licence
    if probe.query.kind.doi:
        out["doi"] = f"https://doi.org/{probe.query.kind.doi}"
    out["page"] = f"{asked.base_url}/collections/{probe.query.kind.id}"
    return out


def _named(value: PixelValue, language: str) -> str:
    nothing = "aucun" if language == "fr" else "none"
    return ", ".join(title.in_language(language) for title in value.meanings) or nothing


def _unit_name(value: PixelValue) -> str:
    return value.name if value.band.unit == "1" else f"{value.name} ({value.band.unit})"


def _rounded(value: float) -> float:
    """Without the noise of the scale: 0.0165, not 0.016500000000000001."""
    return float(f"{value:.7g}")


def _each(probed: Sequence[AnyProbed], asked: Asked) -> Iterator[Found]:
    for probe in probed:
        if isinstance(probe, ProbedStations):
            for seen in probe.seen:
                station = seen.station
                yield Found(
                    probe.query.kind.id,
                    station.id,
                    station.id,
                    (station.longitude, station.latitude),
                    _station_attributes(probe, seen, asked),
                )
            continue
        for product, values in probe.values:
            attributes = _attributes(probe, product, values, asked)
            here = (asked.longitude, asked.latitude)
            yield Found(probe.query.kind.id, product.id, f"{product.id}@{product.version}", here, attributes)


def _station_attributes(probe: ProbedStations, seen: Seen, asked: Asked) -> dict[str, Scalar]:
    """What a station is, and the newest value of each of its properties."""
    kind, station = probe.query.kind, seen.station
    out: dict[str, Scalar] = {
        "layer": kind.id,
        "station": station.name,
        station.body: station.water,
        "basin": station.basin,
    }
    if station.country:
        out["country"] = station.country
    for series in seen.series:
        unit, name = kind.properties[series.observed_property].unit, series.observed_property
        point = seen.latest.get(name)
        out[f"{name} ({unit})"] = point.value if point else None
        out[f"{name}_time"] = micros_text(series.last)
        out[f"{name}_observations"] = series.count
    out["licence"] = kind.licence
    out["page"] = f"{asked.base_url}/stations/{station.id}"
    return out


def _series_of(probed: Sequence[AnyProbed]) -> Iterator[Probed]:
    for probe in probed:
        if isinstance(probe, Probed) and probe.series:
            yield probe


def _json(probed: Sequence[AnyProbed], asked: Asked) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": found.heading,
            "geometry": {"type": "Point", "coordinates": list(found.place)},
            "properties": found.attributes,
        }
        for found in _each(probed, asked)
    ]
    document: dict[str, object] = {"type": "FeatureCollection", "features": features}
    series = [_series_json(probe, asked) for probe in _series_of(probed)]
    if series:
        document["series"] = series
    return json.dumps(document, ensure_ascii=False).encode()


def _series_json(probe: Probed, asked: Asked) -> dict[str, object]:
    """A foreign member (RFC 7946, 6.1): the series of what the layer's style shows, oldest first."""
    return {
        "layer": probe.query.kind.id,
        "style": probe.query.style.title.in_language(asked.language),
        "values": [
            {
                "time": micros_text(point.product.period.start),
                "value": _rounded(point.value),
                "clear": point.clear,
                "product": point.product.id,
            }
            for point in probe.series
        ],
    }


def _series_rows(probe: Probed, language: str) -> Iterator[tuple[str, str]]:
    """Day and value, a cloudy one marked."""
    cloudy = " (nuage ou ombre)" if language == "fr" else " (cloud or shadow)"
    for point in probe.series:
        yield day_text(point.product.day), f"{_rounded(point.value):g}{'' if point.clear else cloudy}"


def _text(probed: Sequence[AnyProbed], asked: Asked) -> bytes:
    lines = [f"{asked.latitude:.6f} N, {asked.longitude:.6f} E"]
    for found in _each(probed, asked):
        lines += ["", found.heading]
        lines += [
            f"  {name} = {'' if value is None else value}"
            for name, value in found.attributes.items()
            if name not in ("product", "version")
        ]
    for probe in _series_of(probed):
        lines += ["", f"{probe.query.kind.id}: {probe.query.style.title.in_language(asked.language)}"]
        lines += [f"  {day} = {value}" for day, value in _series_rows(probe, asked.language)]
    if len(lines) == 1:
        lines.append("aucune donnée" if asked.language == "fr" else "no data")
    return ("\n".join(lines) + "\n").encode()


def _html(probed: Sequence[AnyProbed], asked: Asked) -> bytes:
    parts = [f"<p>{asked.latitude:.6f} N, {asked.longitude:.6f} E</p>"]
    for found in _each(probed, asked):
        parts.append(f"<h2>{escape(found.heading)}</h2><table>")
        for name, value in found.attributes.items():
            if name not in ("product", "version"):
                parts.append(f"<tr><th>{escape(name)}</th><td>{_cell(value)}</td></tr>")
        parts.append("</table>")
    for probe in _series_of(probed):
        parts.append(f"<h2>{escape(probe.query.style.title.in_language(asked.language))}</h2><table>")
        rows = _series_rows(probe, asked.language)
        parts += [f"<tr><th>{day}</th><td>{escape(value)}</td></tr>" for day, value in rows]
        parts.append("</table>")
    head = f'<meta charset="utf-8"><title>GetFeatureInfo</title><style>{_CSS}</style>'
    page = f'<!DOCTYPE html>\n<html lang="{asked.language}"><head>{head}</head><body>{"".join(parts)}</body></html>'
    return clean(page).encode()


def _cell(value: Scalar) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f'<a href="{escape(value)}">{escape(value)}</a>'
    return "" if value is None else escape(str(value))


def _gml(probed: Sequence[AnyProbed], asked: Asked) -> bytes:
    """A GML 3.1.1 feature collection, one flat feature a product; names are made safe for XML."""
    root = etree.Element(f"{{{_WFS}}}FeatureCollection", nsmap={"wfs": _WFS, "gml": _GML, "hy": _HYSOPE})
    for found in _each(probed, asked):
        feature = el(el(root, f"{{{_GML}}}featureMember"), f"{{{_HYSOPE}}}{_safe(found.layer)}")
        feature.set(f"{{{_GML}}}id", _safe(found.id))
        point = el(
            el(feature, f"{{{_HYSOPE}}}geometry"), f"{{{_GML}}}Point", srsName="urn:ogc:def:crs:EPSG::4326"
        )
        el(point, f"{{{_GML}}}pos", f"{found.place[1]} {found.place[0]}")
        for name, value in found.attributes.items():
            if value is not None:
                el(feature, f"{{{_HYSOPE}}}{_safe(name)}", value)
    return document(root)


def _safe(name: str) -> str:
    """An XML name: letters, digits, `_`, `.`, `-`; it starts with a letter."""
    made = "".join(
        char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in name
    ).rstrip("_")
    return made if made[:1].isalpha() else f"n{made}"
