# SPDX-License-Identifier: Apache-2.0
"""Simple Dublin Core of records, as OAI-PMH's `oai_dc` has it."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from catalog.model.record import Record
from catalog.model.time import ends_text, micros_text
from catalog.xml.build import el, root_element
from ogc.metadata.sheet import Sheet

OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_DC = "http://purl.org/dc/elements/1.1/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES = {"series": "Collection", "dataset": "Dataset", "service": "Service", "document": "Text"}
"""Of the DCMI type vocabulary."""


def encode(sheet: Sheet) -> etree._Element:
    """The `oai_dc:dc` of a record; the box west, south, east, north in degrees (DCMI Box)."""
    root = root_element(f"{{{OAI_DC}}}dc", {"oai_dc": OAI_DC, "dc": _DC, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{OAI_DC} {SCHEMA}")
    record = sheet.record
    values: list[tuple[str, str]] = [
        ("title", record.title),
        ("creator", sheet.producer),
        *(("subject", word) for word in record.keywords),
        ("description", record.abstract),
        ("description", sheet.availability),
        ("publisher", sheet.publisher),
        ("date", micros_text(record.modified)[:10]),
        ("type", _TYPES[sheet.type]),
        ("identifier", record.id),
        *(("identifier", way.href) for way in sheet.ways),
        ("relation", sheet.parent),
        ("source", record.lineage),
        ("language", sheet.language),
        *_coverage(record),
        ("rights", sheet.licence),
        ("rights", sheet.licence_url or ""),
    ]
    for name, value in values:
        if value:
            el(root, f"{{{_DC}}}{name}", value)
    return root


def _coverage(record: Record) -> Iterator[tuple[str, str]]:
    box, period = record.box, record.period
    if box is not None:
        sides = (("west", box.west), ("south", box.south), ("east", box.east), ("north", box.north))
        yield "coverage", "; ".join(f"{name}limit={value:.6f}" for name, value in sides)
    if period is not None:
        yield "coverage", "/".join(ends_text(period, ""))
