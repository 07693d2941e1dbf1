# SPDX-License-Identifier: Apache-2.0
"""The resources of Connected Systems: a chain is a system with one deployment and one procedure, a station a sampling feature, a series a datastream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from catalog.model.area import Box
from catalog.model.observation import Observed, Series, Station
from catalog.model.product import Summary
from catalog.model.time import micros_text
from config.series_types import ObservedProperty, SeriesType
from ogc.common.blocks import link

Document = dict[str, Any]
GEOJSON, SML, OM = "application/geo+json", "application/sml+json", "application/om+json"
_SOSA, _SSN = "http://www.w3.org/ns/sosa", "http://www.w3.org/ns/ssn"
_POINT = "http://www.opengis.net/def/samplingFeatureType/OGC-OM/2.0/SF_SamplingPoint"
_UCUM = "http://www.opengis.net/def/uom/UCUM/0/"


@dataclass(frozen=True)
class Chain:
    """A series type with what it holds for somebody."""

    kind: SeriesType
    summary: Summary


def system(one: Chain, api: str) -> Document:
    """A system (23-001, clause 9): the chain that makes a collection's series."""
    here = f"{api}/systems/{one.kind.id}"
    links = [
        link(here, "self", one.kind.title.en, GEOJSON),
        link(f"{here}/deployments", "ogc-rel:deployments", "Where and when it works", GEOJSON),
        link(f"{here}/samplingFeatures", "ogc-rel:samplingFeatures", "Its stations", GEOJSON),
        link(f"{here}/datastreams", "ogc-rel:datastreams", "Its series"),
        link(f"{api}/procedures/{one.kind.id}", "ogc-rel:procedures", "How it works", GEOJSON),
        link(f"{api}/collections/{one.kind.id}", "related", "The collection"),
    ]
    properties = {
        "featureType": f"{_SOSA}/Sensor", "uid": here, "name": one.kind.title.en, "description": one.kind.abstract.en, "validTime": _span(one.summary),
        "systemKind@link": {"href": f"{api}/procedures/{one.kind.id}", "title": one.kind.title.en},
    }  # fmt: skip
    return _feature(one.kind.id, _area(one.summary.extent), properties, links)


def deployment(one: Chain, api: str) -> Document:
    """A deployment (23-001, clause 11): a chain over the area and the time of its stations."""
    here = f"{api}/deployments/{one.kind.id}"
    properties = {
        "featureType": f"{_SSN}/Deployment", "uid": here, "name": one.kind.title.en, "description": one.kind.abstract.en, "validTime": _span(one.summary),
        "deployedSystems@link": [{"href": f"{api}/systems/{one.kind.id}", "title": one.kind.title.en}],
    }  # fmt: skip
    links = [
        link(here, "self", one.kind.title.en, GEOJSON),
        link(f"{api}/systems/{one.kind.id}", "ogc-rel:systems", "The system", GEOJSON),
    ]
    return _feature(one.kind.id, _area(one.summary.extent), properties, links)


def procedure(one: Chain, api: str) -> Document:
    """A procedure (23-001, clause 12), which has no place."""
    here = f"{api}/procedures/{one.kind.id}"
    properties = {
        "featureType": f"{_SOSA}/Procedure", "uid": here, "name": one.kind.title.en,
        "description": f"{one.kind.abstract.en} Producer: {one.kind.producer}. Level: {one.kind.level}.",
    }  # fmt: skip
    links = [
        link(here, "self", one.kind.title.en, GEOJSON),
        link(f"{api}/systems/{one.kind.id}", "ogc-rel:systems", "The system", GEOJSON),
    ]
    return _feature(one.kind.id, None, properties, links)


def sampling_feature(one: Station, api: str, server: str) -> Document:
    """A sampling feature (23-001, clause 14)."""
    name = quote(one.id, safe="")
    here = f"{api}/samplingFeatures/{name}"
    properties = {
        "featureType": _POINT, "uid": f"{server}/stations/{name}", "name": one.name,
        "description": ", ".join(part for part in (one.water, one.basin, one.country) if part) or one.name,
        "sampledFeature@link": {"href": f"{server}/stations/{name}", "title": one.water or one.name},
    }  # fmt: skip
    links = [
        link(here, "self", one.name, GEOJSON),
        link(f"{api}/datastreams?foi={name}", "ogc-rel:datastreams", "Its series"),
        link(f"{server}/stations/{name}", "alternate", "Its page", "text/html"),
    ]
    return _feature(
        one.id, {"type": "Point", "coordinates": [one.longitude, one.latitude]}, properties, links
    )


def observed_property(name: str, about: ObservedProperty, api: str, server: str) -> Document:
    """An observable property (23-001, clause 15)."""
    return {
        "id": name, "uniqueId": f"{server}/properties/{name}", "label": about.title.en, "description": f"{about.title.en}, in {about.unit}",
        "definition": about.definition or f"{server}/properties/{name}", "baseProperty": about.definition or f"{server}/properties/{name}",
        "links": [link(f"{api}/properties/{name}", "self", about.title.en, SML)],
    }  # fmt: skip


def datastream(one: Series, about: ObservedProperty, api: str, server: str) -> Document:
    """A datastream (23-002, clause 9)."""
    name = quote(one.id, safe="")
    here = f"{api}/datastreams/{name}"
    span = [micros_text(one.first), micros_text(one.last)]
    return {
        "id": one.id, "name": f"{one.station}: {about.title.en}", "description": f"{about.title.en} at {one.station}",
        "system@link": {"href": f"{api}/systems/{one.collection}", "title": one.collection}, "outputName": one.observed_property,
        "procedure@link": {"href": f"{api}/procedures/{one.collection}"},
        "samplingFeature@link": {"href": f"{api}/samplingFeatures/{quote(one.station, safe='')}", "title": one.station},
        "observedProperties": [{"definition": about.definition or f"{server}/properties/{one.observed_property}", "label": about.title.en}],
        "phenomenonTime": span, "resultTime": span, "type": "observation", "resultType": "measure", "live": False, "formats": [OM],
        "links": [
            link(here, "self", one.id), link(f"{here}/schema?obsFormat={quote(OM, safe='')}", "ogc-rel:schema", "The form of its observations"),
            link(f"{here}/observations", "ogc-rel:observations", "Its observations", OM),
        ],
    }  # fmt: skip


def schema(about: ObservedProperty, name: str, server: str) -> Document:
    """The form of the observations of a datastream, as SWE Common 3.0 JSON."""
    address = f"{server}/properties/{name}"
    unit = {"code": about.unit, "href": f"{_UCUM}{about.unit}"}
    quantity = {
        "type": "Quantity", "definition": about.definition or address, "label": about.title.en, "uom": unit,
    }  # fmt: skip
    wide = {
        "type": "Quantity", "name": "uncertainty", "definition": f"{address}#uncertainty", "label": "one standard deviation", "uom": unit,
    }  # fmt: skip
    return {
        "obsFormat": OM, "resultSchema": quantity,
        "parametersSchema": {"type": "DataRecord", "label": "About the value", "fields": [wide]},
    }  # fmt: skip


def observation(one: Observed, api: str) -> Document:
    """An observation (23-002, clause 10)."""
    stream = f"{one.station}.{one.collection}.{one.observed_property}"
    at = micros_text(one.point.time)
    known = {"uncertainty": one.point.uncertainty, "mission": one.point.mission or None, "quality": one.point.quality.value if one.point.quality else None}  # fmt: skip
    parameters = {name: value for name, value in known.items() if value is not None}
    identifier = f"{stream}.{one.point.time}"
    return {
        "id": identifier, "datastream@id": stream, "samplingFeature@id": one.station, "phenomenonTime": at, "resultTime": at, "result": one.point.value,
        **({"parameters": parameters} if parameters else {}), "links": [link(f"{api}/observations/{quote(identifier, safe='')}", "self", identifier, OM)],
    }  # fmt: skip


def listed(items: list[Document], links: list[Document], *, features: bool) -> Document:
    """A page of resources: a FeatureCollection, or items."""
    if features:
        return {"type": "FeatureCollection", "features": items, "links": links, "numberReturned": len(items)}
    return {"items": items, "links": links, "numberReturned": len(items)}


def _feature(name: str, geometry: Document | None, properties: Document, links: list[Document]) -> Document:
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": properties, "links": links}


def _span(summary: Summary) -> list[str]:
    assert summary.first is not None and summary.last is not None
    return [micros_text(summary.first), micros_text(summary.last)]


def _area(box: Box | None) -> Document | None:
    """The box of the stations as a polygon; a point where it has no extent."""
    if box is None:
        return None
    west, south, east, north = box.west, box.south, box.east, box.north
    if west == east and south == north:
        return {"type": "Point", "coordinates": [west, south]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
