# SPDX-License-Identifier: Apache-2.0
"""Records as GeoJSON, by the core of OGC API Records (20-004r1, 7)."""

from __future__ import annotations

from typing import Any

from catalog.model.record import Record
from catalog.model.tape import NEARLINE
from catalog.model.time import ends_text, micros_text
from ogc.metadata.sheet import Sheet

_MEDIA = {"OGC:WMS": "application/xml", "OGC:SOS": "application/xml"}


def encode(sheet: Sheet) -> dict[str, Any]:
    """The record's feature; its geometry is the box, longitude first, its links the ways to the data."""
    record = sheet.record
    properties: dict[str, Any] = {
        "type": sheet.type, "title": record.title, "description": record.abstract, "keywords": list(record.keywords),
        "updated": micros_text(record.modified), "language": {"code": sheet.language}, "license": "other", "rights": sheet.rights,
        "contacts": [
            {"organization": name, "roles": [role]} for name, role in ((sheet.producer, "producer"), (sheet.publisher, "processor")) if name
        ],
        "collection": record.collection,
    }  # fmt: skip
    if record.on_tape:
        properties |= {"storage:tier": NEARLINE, "availability": sheet.availability}
    links = [
        {"rel": "item", "href": way.href, "type": _MEDIA.get(way.protocol, "text/html"), "title": way.title, "protocol": way.protocol, "name": way.name}
        for way in sheet.ways
    ]  # fmt: skip
    if sheet.licence_url:
        links.append(
            {"rel": "license", "href": sheet.licence_url, "type": "text/html", "title": sheet.licence}
        )
    if record.foreign is not None and record.foreign.url:
        links.append({"rel": "via", "href": record.foreign.url, "title": record.foreign.source})
    return {
        "type": "Feature", "id": record.id, "conformsTo": ["http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"],
        "time": _time(record), "geometry": outline(record), "properties": properties, "links": links,
    }  # fmt: skip


def _time(record: Record) -> dict[str, Any] | None:
    if record.period is None:
        return None
    return {"interval": list(ends_text(record.period))}


def outline(record: Record) -> dict[str, Any] | None:
    """The box as a polygon, one without extent as a point."""
    box = record.box
    if box is None:
        return None
    if (box.west, box.south) == (box.east, box.north):
        return {"type": "Point", "coordinates": [box.west, box.south]}
    corners = ((box.west, box.south), (box.east, box.south), (box.east, box.north), (box.west, box.north))
    return {"type": "Polygon", "coordinates": [[[x, y] for x, y in (*corners, corners[0])]]}
