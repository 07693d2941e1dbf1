# SPDX-License-Identifier: Apache-2.0
"""Records as an Atom feed (RFC 4287) with OpenSearch's counts and GeoRSS boxes, which have latitude first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from lxml import etree

from catalog.model.time import ends_text, micros_text, now
from catalog.xml.build import document, el, root_element
from ogc.metadata.sheet import Sheet

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_GEORSS = "http://www.georss.org/georss"
_DC = "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True)
class Feed:
    """What a feed says of itself."""

    title: str
    address: str
    """Of this page."""
    author: str
    total: int
    start: int
    """Number of the first entry, from 1."""
    size: int
    links: Mapping[str, tuple[str, str]]
    """Relations with address and media type."""


def encode(feed: Feed, sheets: Sequence[Sheet], home: str) -> bytes:
    """The document; `home` is the address under which each record is found by its id."""
    root = root_element(f"{{{_ATOM}}}feed", {None: _ATOM, "os": _OPENSEARCH, "georss": _GEORSS, "dc": _DC})
    newest = max((one.record.modified for one in sheets), default=now())
    _el(root, "id", feed.address)
    _el(root, "title", feed.title)
    _el(root, "updated", micros_text(newest))
    _el(_el(root, "author"), "name", feed.author)
    for name, value in (
        ("totalResults", feed.total),
        ("startIndex", feed.start),
        ("itemsPerPage", feed.size),
    ):
        el(root, f"{{{_OPENSEARCH}}}{name}", value)
    for relation, (address, media_type) in feed.links.items():
        _el(root, "link", rel=relation, href=address, **({"type": media_type} if media_type else {}))
    for sheet in sheets:
        _entry(_el(root, "entry"), sheet, home)
    return document(root)


def _entry(out: etree._Element, sheet: Sheet, home: str) -> None:
    record = sheet.record
    address = f"{home}/{quote(record.id, safe='')}"
    _el(out, "id", address)
    _el(out, "title", record.title)
    _el(out, "updated", micros_text(record.modified))
    _el(
        out,
        "summary",
        " ".join(part for part in (record.abstract or record.title, sheet.availability) if part),
    )
    if sheet.producer:
        _el(_el(out, "author"), "name", sheet.producer)
    for word in record.keywords:
        _el(out, "category", term=word)
    _el(out, "link", rel="alternate", href=f"{address}?f=html", type="text/html")
    _el(out, "link", rel="self", href=f"{address}?f=json", type="application/geo+json")
    for way in sheet.ways:
        _el(out, "link", rel="related", href=way.href, title=way.title)
    el(out, f"{{{_DC}}}identifier", record.id)
    if record.period is not None:
        el(out, f"{{{_DC}}}date", "/".join(ends_text(record.period, "")))
    box = record.box
    if box is not None:
        el(out, f"{{{_GEORSS}}}box", f"{box.south:.6f} {box.west:.6f} {box.north:.6f} {box.east:.6f}")


def _el(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    return el(parent, f"{{{_ATOM}}}{name}", text, **attributes)
