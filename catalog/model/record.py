# SPDX-License-Identifier: Apache-2.0
"""Records: what the catalogue says of things, ours and those of the centres that it harvests."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.model.area import Box
from catalog.model.time import Micros, Period


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the data or to what is said of them."""

    name: str
    title: str
    protocol: str
    """`OGC:WMS`, `WWW:LINK-1.0-http--link`: the names that clients know."""
    href: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record of another centre: where it came from, and what the house's own records take from their product type."""

    source: str
    """Id of the source in the settings."""
    remote_id: str
    """Its name there."""
    url: str
    """Where it was fetched from; empty where it was sent."""
    form: str
    """Of the original: `iso19139`, `iso19115-3`, `dc`, `stac`, `record`."""
    language: str = "en"
    publisher: str = ""
    rights: str = ""
    ways: tuple[Way, ...] = ()
    original: bytes = b""
    """As it was received; empty unless it was asked for."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the catalogue says of a collection or a published product."""

    id: str
    kind: str
    """`collection`, `product` or `station`; of a foreign one `dataset`, `series`, `service` or `document`."""
    collection: str
    """Of a foreign record: its source."""
    title: str
    abstract: str
    keywords: tuple[str, ...]
    period: Period | None
    """None where nothing is known of it, as in records of other centres."""
    modified: Micros
    box: Box | None
    words: str = ""
    """What the text index holds (catalog.words); empty on records that were read."""
    product: int | None = None
    """The store's number of the product."""
    station: int | None = None
    """The store's number of the station."""
    audience: str = ""
    lineage: str = ""
    """How it was made, where that is known better than the collection says."""
    on_tape: bool = False
    """Whether a file of the product lies on tape alone."""
    foreign: Foreign | None = None
    """What is known of a record of another centre, besides."""
    key: int = field(default=0, compare=False)
    """The store's number of it, which says nothing; 0 on a record that is not stored."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """Which changes a harvester asks for."""

    ids: tuple[str, ...] = ()
    """These; all of them when empty."""
    start: Micros | None = None
    """Changed from here on."""
    end: Micros | None = None
    """Changed before this."""
    collection: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A record as harvesters see it; without a record it is gone."""

    id: str
    kind: str
    collection: str
    at: Micros
    """When it changed, or became visible."""
    record: Record | None
