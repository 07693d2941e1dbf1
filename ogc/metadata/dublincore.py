# SPDX-License-Identifier: Apache-2.0
"""Simple Dublin Core of records, as OAI-PMH's `oai_dc` has it."""

from __future__ import annotations

from lxml import etree

from catalog.model.product import Record
from catalog.model.time import Micros, micros_text
from catalog.xml.build import el, root_element
from config.product_types import Published
from ogc.metadata.iso19139 import links

OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_DC = "http://purl.org/dc/elements/1.1/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES = {"collection": "Collection", "product": "Dataset", "station": "Dataset"}
"""Of the DCMI type vocabulary."""


def encode(record: Record, kind: Published, base_url: str) -> etree._Element:
    """The `oai_dc:dc` of a record; the box west, south, east, north in degrees (DCMI Box)."""
    root = root_element(f"{{{OAI_DC}}}dc", {"oai_dc": OAI_DC, "dc": _DC, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{OAI_DC} {SCHEMA}")
    box = record.box
    first, last = record.period.start, max(record.period.start, record.period.end - 1)
    values: list[tuple[str, str]] = [
        ("title", record.title),
        ("creator", kind.producer),
        *(("subject", word) for word in record.keywords),
        ("description", record.abstract),
        ("publisher", kind.centre),
        ("date", micros_text(record.modified)[:10]),
        ("type", _TYPES[record.kind]),
        ("identifier", record.id),
        *(("identifier", address) for _, _, _, address in links(record, kind, base_url)),
        *((("relation", kind.id),) if record.kind != "collection" else ()),
        *((("source", record.lineage),) if record.lineage else ()),
        ("language", "en"),
        (
            "coverage",
            f"westlimit={box.west:.6f}; southlimit={box.south:.6f}; eastlimit={box.east:.6f}; northlimit={box.north:.6f}",
        ),
        ("coverage", f"{micros_text(first)}/{micros_text(Micros(last))}"),
        ("rights", kind.licence),
        *((("rights", kind.licence_url),) if kind.licence_url else ()),
    ]
    for name, value in values:
        el(root, f"{{{_DC}}}{name}", value)
    return root
