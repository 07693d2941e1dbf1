# SPDX-License-Identifier: Apache-2.0
"""Records as DCAT 3 (W3C 2024) with the terms of GeoDCAT-AP 3, as JSON-LD whose context is in the document: a reader needs to fetch nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from catalog.model.area import Box
from catalog.model.record import Way
from catalog.model.time import ends_text, micros_text
from ogc.metadata.sheet import Sheet

MEDIA_TYPE = "application/ld+json"
Document = dict[str, Any]
_XSD = "http://www.w3.org/2001/XMLSchema#"
_WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
_AUTHORITY = "http://publications.europa.eu/resource/authority"
CONTEXT: Document = {
    "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/", "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": _XSD, "geodcatap": "http://data.europa.eu/930/", "adms": "http://www.w3.org/ns/adms#",
}  # fmt: skip
_CLASSES = {
    "series": "dcat:DatasetSeries",
    "dataset": "dcat:Dataset",
    "service": "dcat:DataService",
    "document": "dcat:Resource",
}
_LANGUAGES = {"en": "ENG", "fr": "FRA"}
_STANDARDS = {
    "OGC:WMS": "http://www.opengeospatial.org/standards/wms", "OGC:WMTS": "http://www.opengeospatial.org/standards/wmts", "OGC:WCS": "http://www.opengeospatial.org/standards/wcs",
    "OGC:WFS": "http://www.opengeospatial.org/standards/wfs", "OGC:SOS": "http://www.opengeospatial.org/standards/sos",
}  # fmt: skip
_TOPIC = "http://inspire.ec.europa.eu/metadata-codelist/TopicCategory"


def address(record: str, home: str) -> str:
    """The name of a record as a node: its address in the catalogue `home`."""
    return f"{home}/{quote(record, safe='')}"


def encode(sheet: Sheet, home: str) -> Document:
    """A record as a node, without a context. `home` is the address of the catalogue."""
    record, language = sheet.record, sheet.language
    out: Document = {
        "@id": address(record.id, home), "@type": _CLASSES[sheet.type], "dct:identifier": record.id, "dct:title": _text(record.title, language),
        "dct:description": _text(record.abstract or record.title, language), "dct:modified": _typed(micros_text(record.modified), "dateTime"),
        "dcat:keyword": [_text(word, language) for word in record.keywords], "dct:publisher": _agent(sheet.publisher), "dct:creator": _agent(sheet.producer),
    }  # fmt: skip
    if language in _LANGUAGES:
        out["dct:language"] = {"@id": f"{_AUTHORITY}/language/{_LANGUAGES[language]}"}
    if sheet.topic:
        out["geodcatap:topicCategory"] = {"@id": f"{_TOPIC}/{sheet.topic}"}
    if sheet.statement:
        out["dct:provenance"] = {
            "@type": "dct:ProvenanceStatement",
            "dct:description": _text(sheet.statement, language),
        }
    if sheet.rights:
        out["dct:rights"] = {"@type": "dct:RightsStatement", "dct:description": _text(sheet.rights, language)}
    if sheet.licence_url:
        out["dct:license"] = {"@id": sheet.licence_url}
    if sheet.doi:
        out["adms:identifier"] = {"@id": f"https://doi.org/{sheet.doi}"}
    if sheet.parent:
        out["dcat:inSeries"] = {"@id": address(sheet.parent, home)}
    return {**out, **_extent(sheet), **_ways(sheet)}


def _extent(sheet: Sheet) -> Document:
    out: Document = {}
    if sheet.record.box is not None:
        out["dct:spatial"] = {
            "@type": "dct:Location",
            "dcat:bbox": {"@value": _polygon(sheet.record.box), "@type": _WKT},
        }
    if sheet.record.period is not None:
        first, last = ends_text(sheet.record.period, "")
        ends = {"dcat:startDate": first, "dcat:endDate": last}
        told = {name: _typed(end, "dateTime") for name, end in ends.items() if end}
        out["dct:temporal"] = {"@type": "dct:PeriodOfTime", **told}
    return out


def _ways(sheet: Sheet) -> Document:
    """Each way to the data is a distribution; a service has an address instead."""
    pages = [way for way in sheet.ways if way.protocol.startswith("WWW:LINK")]
    rest = [way for way in sheet.ways if way not in pages]
    out: Document = {"dcat:landingPage": {"@id": pages[0].href}} if pages else {}
    if sheet.type == "service":
        return {**out, "dcat:endpointURL": [{"@id": way.href} for way in rest]} if rest else out
    licence = {"dct:license": {"@id": sheet.licence_url}} if sheet.licence_url else {}
    made = [{**_distribution(way), **licence} for way in (rest or pages)]
    return {**out, "dcat:distribution": made} if made and sheet.type != "document" else out


def _distribution(way: Way) -> Document:
    out: Document = {
        "@type": "dcat:Distribution",
        "dct:title": way.title,
        "dcat:accessURL": {"@id": way.href},
    }
    standard = _STANDARDS.get(way.protocol)
    return {**out, "dct:conformsTo": {"@id": standard}} if standard else out


def _text(value: str, language: str) -> Document:
    return {"@value": value, "@language": language} if language else {"@value": value}


def _typed(value: str, kind: str) -> Document:
    return {"@value": value, "@type": f"{_XSD}{kind}"}


def _agent(name: str) -> Document:
    return {"@type": "foaf:Organization", "foaf:name": name or "unknown"}


def _polygon(box: Box) -> str:
    """The box as WKT, longitude first (CRS84, the default of a WKT literal)."""
    west, south, east, north = box.west, box.south, box.east, box.north
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({', '.join(f'{x:g} {y:g}' for x, y in corners)}))"
