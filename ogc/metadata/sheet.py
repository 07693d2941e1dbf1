# SPDX-License-Identifier: Apache-2.0
"""A record with everything that its documents say: of our own from their product type, of other centres' as they say themselves."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model.record import Foreign, Record, Way
from config.published import Published
from config.series_types import SeriesType
from ogc.filter.terms import KINDS

TYPES = {kind: name for name, kinds in KINDS.items() for kind in kinds}
"""Kinds of records to dc:type."""
ON_TAPE = "Nearline: files lie on tape; a download asks for them and answers 202 until they are here."
_PAGES = {"product": "products", "station": "stations"}
"""Where the portal has the pages of things by their ids."""


@dataclass(frozen=True)
class Sheet:
    """What every metadata document is made of."""

    record: Record
    type: str
    """`dataset`, `series`, `service` or `document`."""
    parent: str
    """Id of the series that it belongs to; empty for none."""
    language: str
    producer: str
    publisher: str
    licence: str
    licence_url: str | None
    rights: str
    statement: str
    """How it was made."""
    level: str
    topic: str
    """Of ISO 19115's topic categories."""
    doi: str | None
    ways: tuple[Way, ...]
    availability: str = ""
    """What a download has to wait for; empty where it waits for nothing."""
    iso: bytes = b""
    """The ISO 19139 document that another centre wrote."""


def sheet_of(record: Record, kind: Published | None, base_url: str) -> Sheet:
    """The sheet of a record; `kind` is the type of its collection, which a foreign one does not have."""
    if record.foreign is not None:
        return _foreign(record, record.foreign, base_url)
    assert kind is not None
    made = f"{kind.level}, produced by {kind.producer}; expertise centre: {kind.centre}; maturity: {kind.maturity}"
    return Sheet(
        record, TYPES[record.kind], "" if record.kind == "collection" else kind.id, "en", kind.producer, kind.centre, kind.licence, kind.licence_url,
        f"{kind.licence}; {kind.attribution}", record.lineage or made, kind.level, kind.topic, kind.doi, _ways(record, kind, base_url), ON_TAPE if record.on_tape else "",
    )  # fmt: skip


def _foreign(record: Record, foreign: Foreign, base_url: str) -> Sheet:
    home = Way(record.id, f"Harvested from {foreign.source}", "WWW:LINK-1.0-http--link", foreign.url)
    return Sheet(
        record, TYPES[record.kind], "", foreign.language, foreign.publisher, foreign.publisher, foreign.rights, None, foreign.rights, record.lineage, "",
        "geoscientificInformation", None, (*foreign.ways, home) if foreign.url else foreign.ways, "", foreign.original if foreign.form == "iso19139" else b"",
    )  # fmt: skip


def _ways(record: Record, kind: Published, base_url: str) -> tuple[Way, ...]:
    """The names of protocols are those that QGIS looks for."""
    title = record.title.replace(",", " ")
    folder = _PAGES.get(record.kind)
    page = f"{base_url}/{folder}/{record.id}" if folder else f"{base_url}/collections/{kind.id}"
    sos = Way(kind.id, f"SOS offering of {title}", "OGC:SOS", f"{base_url}/sos")
    return (
        *((sos,) if isinstance(kind, SeriesType) else ()),
        Way(kind.id, f"WMS layer of {title}", "OGC:WMS", f"{base_url}/wms"),
        Way(kind.id, f"Page of {title}", "WWW:LINK-1.0-http--link", page),
    )
