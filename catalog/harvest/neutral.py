# SPDX-License-Identifier: Apache-2.0
"""A foreign document as read, before it is judged: one form for all formats, and the judgement that makes a record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.record import Foreign, Record, Way
from catalog.model.time import EARLIEST, LATEST, Micros, Period, now, read_instant
from catalog.words import indexed

_KINDS = {"series": "series", "service": "service", "document": "document", "collection": "series"}
_FRENCH = frozenset({"fr", "fre", "fra", "french", "français"})
_LONGEST_ID = 250


@dataclass(frozen=True)
class Draft:
    """What a document says; times as written, the box west, south, east, north in degrees."""

    identifier: str
    title: str
    abstract: str
    kind: str
    form: str
    modified: str = ""
    keywords: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None
    period: tuple[str, str] | None = None
    language: str = "en"
    publisher: str = ""
    rights: str = ""
    lineage: str = ""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where a document came from."""

    source: str
    remote_id: str
    url: str
    prefix: str
    """Stands before the ids of a source whose own are not unique in the world."""
    original: bytes


def record_of(draft: Draft, origin: Origin) -> Record:
    """The record of a draft. Raises Fault INVALID where it says too little, or something that cannot be."""
    name = f"{origin.prefix}{draft.identifier}"
    if not draft.identifier or len(name) > _LONGEST_ID or not name.isprintable():
        raise Fault(Kind.INVALID, "has no identifier that can be one")
    title = draft.title or draft.abstract[:100] or draft.identifier
    kind = _KINDS.get(draft.kind.lower(), "dataset")
    box = (
        Box(west=draft.box[0], south=draft.box[1], east=draft.box[2], north=draft.box[3])
        if draft.box
        else None
    )
    foreign = Foreign(
        origin.source, origin.remote_id, origin.url, draft.form, draft.language, draft.publisher[:500], draft.rights, draft.ways, origin.original
    )  # fmt: skip
    words = (
        draft.title,
        draft.abstract,
        draft.identifier,
        draft.identifier.replace("_", " "),
        *draft.keywords,
        draft.publisher,
    )
    return Record(
        name, kind, origin.source, title[:1_000], draft.abstract[:20_000], draft.keywords[:200],
        period_of(*draft.period) if draft.period else None, _modified(draft.modified), box, indexed(" ".join(words)), lineage=draft.lineage[:5_000],
        foreign=foreign,
    )  # fmt: skip


def language(code: str) -> str:
    """`fr` or `en`."""
    return "fr" if code.strip().lower().split("-")[0] in _FRENCH else "en"


def lon_lat_box(values: Sequence[object]) -> tuple[float, float, float, float] | None:
    """West, south, east, north of four numbers or texts; one across the antimeridian becomes as wide as the world, one that is nowhere is none."""
    try:
        west, south, east, north = (float(str(value)) for value in values)
    except (ValueError, TypeError):
        return None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        return None
    return (west, south, east, north) if west <= east else (-180.0, south, 180.0, north)


def period_of(first: str, last: str) -> Period | None:
    """From the first moment to the last, each as long as it is precise; open ends reach far; None where neither can be read."""
    start, end = _ends(first), _ends(last)
    if start is None and end is None:
        return None
    begin = start[0] if start else EARLIEST
    finish = end[1] if end else LATEST
    return Period(begin, finish) if begin < finish else None


def _ends(text: str) -> tuple[Micros, Micros] | None:
    try:
        found = read_instant(text.strip())
    except Fault:
        return None
    return found.start, found.end


def _modified(text: str) -> Micros:
    """The document's own date; one that cannot be, or lies ahead, is now."""
    found, here = _ends(text), now()
    return here if found is None or found[0] > here else found[0]
