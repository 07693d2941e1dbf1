# SPDX-License-Identifier: Apache-2.0
"""What a page of received documents changes in the catalogue: decided document by document, written for all of them together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.harvest.neutral import Origin
from catalog.harvest.read import read_record
from catalog.harvest.received import Received
from catalog.model.faults import Fault
from catalog.model.record import Record
from catalog.model.time import EVER, now
from catalog.service import UnitOfWork
from catalog.store.harvests import Item, Run, demote, forget, keep, known, owners
from config.limits import Limits
from config.settings import HarvestSource

_NOT_UNIQUE = ("stac", "capabilities")
"""Sources whose ids are theirs alone: the source's own stands before them."""


@dataclass(frozen=True)
class _Read:
    """A document that came: what it was before, and its record or why it has none; neither where it is as it was, or gone."""

    received: Received
    before: Item | None
    digest: str
    record: Record | None = None
    refused: str = ""


class Page:
    """One page of a run, in one unit of work. What is decided for a document is known when the next one is judged."""

    def __init__(
        self, unit: UnitOfWork, run: Run, sources: Mapping[str, HarvestSource], found: Sequence[Received], limits: Limits
    ) -> None:  # fmt: skip
        self._unit, self._run, self._sources = unit, run, sources
        self._source = sources[run.source]
        before = known(unit.connection, run.source, [one.remote_id for one in found])
        self._found = [self._read(one, before.get(one.remote_id), limits) for one in found]
        ids = [one.record.id for one in self._found if one.record is not None]
        ids += [one.before.record_id for one in self._found if one.before is not None]
        self._there = unit.sources_of_records(ids)
        """Of each record whose it is, and when it changed."""
        self._owners = owners(unit.connection, run.source, ids)
        """Of each record of this source the document that it was made of."""
        self._put: dict[str, Record] = {}
        self._buried: set[str] = set()
        self._kept: dict[str, Item] = {}
        self._forgotten: list[str] = []

    def apply(self) -> list[str]:
        """Applies all documents and says what came of each: new, changed, same, gone, shadowed or refused."""
        outcomes = [self._one(one) for one in self._found]
        at = now()
        for name in sorted(self._buried):
            self._unit.bury_record(name, at)
        self._unit.put_records(list(self._put.values()), EVER, at)
        demote(self._unit.connection, list(self._put))
        forget(self._unit.connection, self._run.source, self._forgotten)
        keep(self._unit.connection, self._run.source, list(self._kept.values()))
        return outcomes

    def _read(self, one: Received, before: Item | None, limits: Limits) -> _Read:
        digest = "" if one.gone else hashlib.sha256(one.body).hexdigest()
        as_before = before is not None and before.sha256 == digest and before.state != "shadowed"
        if one.gone or as_before:
            return _Read(one, before, digest)
        own = f"{self._run.source}:" if self._source.type in _NOT_UNIQUE else ""
        prefix = own if self._source.prefix is None else self._source.prefix
        origin = Origin(self._run.source, one.remote_id, one.url, prefix, one.body)
        try:
            return _Read(one, before, digest, read_record(origin, limits.metadata_bytes))
        except Fault as fault:
            return _Read(one, before, digest, None, fault.text)

    def _one(self, one: _Read) -> str:
        name, before, record = one.received.remote_id, one.before, one.record
        was_here = before is not None and before.state == "here"
        if one.received.gone:
            return self._remove(before) if before else "same"
        if one.refused:
            if before is not None and was_here:
                self._remove(before)
            return self._keep(Item(name, "", one.digest, "refused", one.refused, self._run.key))
        if record is None:
            assert before is not None
            lost = was_here and self._owners.get(before.record_id) != name
            now_is = replace(before, run=self._run.key)
            state = self._keep(_shadowed(now_is) if lost else now_is)
            return "same" if state == "here" else state
        if before is not None and was_here and before.record_id != record.id:
            self._remove(before)
        better = self._better(record, name)
        if better:
            return self._keep(Item(name, record.id, one.digest, "shadowed", better, self._run.key))
        self._take(record, name)
        self._keep(Item(name, record.id, one.digest, "here", "", self._run.key))
        return "changed" if was_here else "new"

    def _take(self, record: Record, remote_id: str) -> None:
        """The record is this document's from here on; another document of this page that had it is in its shadow."""
        other = self._owners.get(record.id, "")
        if other != remote_id and other in self._kept:
            self._kept[other] = _shadowed(self._kept[other])
        self._put[record.id] = record
        self._buried.discard(record.id)
        self._there[record.id] = (self._run.source, record.modified)
        self._owners[record.id] = remote_id

    def _keep(self, item: Item) -> str:
        """Notes what a document became; returns its state."""
        self._kept[item.remote_id] = item
        return item.state

    def _remove(self, item: Item) -> str:
        """Forgets a document, and buries its record while that is its own."""
        own = self._there.get(item.record_id, ("", 0))[0] == self._run.source
        if own and item.state == "here" and self._owners.get(item.record_id) == item.remote_id:
            self._buried.add(item.record_id)
            del self._there[item.record_id], self._owners[item.record_id]
        self._forgotten.append(item.remote_id)
        return "gone"

    def _better(self, record: Record, remote_id: str) -> str:
        """Why a record of that id which is there already stays: ours always, else by the priority of the source, else the newer one."""
        there = self._there.get(record.id)
        if there is None:
            return ""
        source, modified = there
        if not source:
            return "our own record has this id"
        if source == self._run.source:
            other = self._owners.get(record.id, "")
            return f"{other} has this id" if other not in ("", remote_id) and modified >= record.modified else ""  # fmt: skip
        rival = self._sources.get(source)
        if rival is None or rival.priority < self._source.priority:
            return ""
        if rival.priority > self._source.priority or modified >= record.modified:
            return f"{source} has this record"
        return ""


def _shadowed(item: Item) -> Item:
    return replace(item, state="shadowed", message="another document has this id")
