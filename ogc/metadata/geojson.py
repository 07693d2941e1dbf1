# SPDX-License-Identifier: Apache-2.0
"""Records as GeoJSON, by the core of OGC API Records (20-004r1, 7)."""

from __future__ import annotations

from typing import Any

from catalog.model.product import Record
from catalog.model.time import Micros, micros_text
from config.product_types import Published
from ogc.filter.terms import KINDS
from ogc.metadata.iso19139 import links

TYPES = {kind: name for name, kinds in KINDS.items() for kind in kinds}
_MEDIA = {"OGC:WMS": "application/xml", "OGC:SOS": "application/xml"}


def encode(record: Record, kind: Published, base_url: str) -> dict[str, Any]:
    """The record's feature; its geometry is the box, longitude first, its links the ways to the data."""
    box = record.box
    ring = [
        [box.west, box.south],
        [box.east, box.south],
        [box.east, box.north],
        [box.west, box.north],
        [box.west, box.south],
    ]
    last = Micros(max(record.period.start, record.period.end - 1))
    properties: dict[str, Any] = {
        "type": TYPES[record.kind], "title": record.title, "description": record.abstract, "keywords": list(record.keywords),
        "updated": micros_text(record.modified), "language": {"code": "en"}, "license": "other", "rights": f"{kind.licence}; {kind.attribution}",
        "contacts": [{"organization": kind.producer, "roles": ["producer"]}, {"organization": kind.centre, "roles": ["processor"]}],
        "collection": record.collection,
    }  # fmt: skip
    ways = [
        {"rel": "item", "href": address, "type": _MEDIA.get(protocol, "text/html"), "title": text, "protocol": protocol, "name": name}
        for name, text, protocol, address in links(record, kind, base_url)
    ]  # fmt: skip
    if kind.licence_url:
        ways.append({"rel": "license", "href": kind.licence_url, "type": "text/html", "title": kind.licence})
    return {
        "type": "Feature", "id": record.id, "conformsTo": ["http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"],
        "time": {"interval": [micros_text(record.period.start), micros_text(last)]}, "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": properties, "links": ways,
    }  # fmt: skip
