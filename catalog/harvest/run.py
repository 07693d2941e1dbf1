# SPDX-License-Identifier: Apache-2.0
"""A run: walk the source, stage what it sends, apply what changed, and delete only what a complete walk did not meet, and not too much of it."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from catalog.harvest.client import Client, Rules
from catalog.harvest.neutral import Origin
from catalog.harvest.read import read_record
from catalog.harvest.received import Received, Walk
from catalog.harvest.walks import walk_of
from catalog.model.faults import Fault, Kind
from catalog.model.principal import OPERATOR
from catalog.model.record import Record
from catalog.model.time import Micros, now
from catalog.service import Catalog, UnitOfWork
from catalog.store.harvests import Harvests, Item, Run, demote, forget, keep, known, owner
from config.limits import Limits
from config.settings import HarvestSource

_LOG = logging.getLogger("hysope.harvest")
_BATCH = 200
_HOLD = timedelta(minutes=30) // timedelta(microseconds=1)
_HOUR = 3_600_000_000
_ALWAYS = Micros(-(2**62))
_NOT_UNIQUE = ("stac", "capabilities")
"""Sources whose ids are theirs alone: the source's own stands before them."""
_FEW = 5
"""Fewer deletions than this are never suspicious."""
Open = Callable[[HarvestSource], Walk]


class Harvester:
    """Harvests the sources of the settings into the catalogue."""

    def __init__(
        self,
        catalog: Catalog,
        sources: Mapping[str, HarvestSource],
        limits: Limits,
        open_walk: Open | None = None,
    ) -> None:
        self._catalog, self._sources, self._limits = catalog, sources, limits
        self.book = Harvests(catalog.database)
        self._open = open_walk or self._walk
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    def due(self) -> list[str]:
        """The sources whose time has come."""
        return [name for name, one in self._sources.items() if one.walked and self.book.due(name) <= now()]

    def run(self, name: str, *, full: bool = False, accept_deletions: bool = False) -> Run:
        """Harvests a source, or goes on with a walk that was cut off. Raises Fault BUSY while another process does.

        What the source does wrong is in the run that is returned, not raised.
        """
        source = self._sources[name]
        walk = self._open(source)
        if not self._hold(name):
            raise Fault(Kind.BUSY, f"{name} is being harvested")
        since, complete = self.book.stamps(name)
        stale = complete is None or now() - complete > source.full_hours * _HOUR
        incremental = (
            walk.incremental and since is not None and not full and not (stale and not walk.tells_gone)
        )
        run = self.book.begin(name, "incremental" if incremental else "full", now())
        counts: Counter[str] = Counter()
        try:
            self._stage(run, walk, since if run.mode == "incremental" else None)
            self._apply(run, source, counts)
            status, message = self._delete(run, source, counts, accept=accept_deletions)
        except Fault as fault:
            status, message = "failed", fault.text
        finally:
            self.book.release(name, self._holder, Micros(now() + int(source.every_hours * _HOUR)))
        self.book.end(run, status, now(), counts, message, complete=run.mode == "full")
        _LOG.info("%s: %s %s %s %s", name, run.mode, status, dict(counts), message)
        return self.book.runs(name, 1)[0]

    def _walk(self, source: HarvestSource) -> Walk:
        headers = {name: value.get_secret_value() for name, value in source.headers.items()}
        rules = Rules(
            source.private,
            self._limits.harvest_bytes,
            source.timeout_seconds,
            pause=source.pause_seconds,
            headers=headers,
        )
        return walk_of(source, Client(source.url, rules), self._limits.harvest_bytes)

    def _stage(self, run: Run, walk: Walk, since: Micros | None) -> None:
        """All pages, each kept with the place behind it. Raises Fault INVALID where the source sends fewer than it says that it has."""
        seen, matched = self.book.count_staged(run.key), None
        for step in walk.steps(since, run.cursor):
            self.book.stage(run.key, step.found, step.cursor)
            self._hold(run.source)
            seen += len(step.found)
            matched = step.matched if step.matched is not None else matched
            if seen > self._limits.harvest_records:
                raise Fault(
                    Kind.TOO_LARGE,
                    f"more than {self._limits.harvest_records} records (limits.harvest_records)",
                )
        if matched is not None and self.book.count_staged(run.key) < matched:
            raise Fault(
                Kind.INVALID,
                f"sent {self.book.count_staged(run.key)} of the {matched} records that it says it has",
            )

    def _apply(self, run: Run, source: HarvestSource, counts: Counter[str]) -> None:
        after = ""
        while page := self.book.staged(run.key, after, _BATCH):
            with self._catalog.unit(OPERATOR) as unit:
                before = known(unit.connection, run.source, [one.remote_id for one in page])
                for one in page:
                    counts[self._one(unit, run, source, one, before.get(one.remote_id))] += 1
            after = page[-1].remote_id
            self._hold(run.source)

    def _hold(self, name: str) -> bool:
        """Keeps a source for this process for a while."""
        return self.book.take(name, self._holder, now(), Micros(now() + _HOLD))

    def _one(
        self, unit: UnitOfWork, run: Run, source: HarvestSource, one: Received, item: Item | None
    ) -> str:
        """Applies one document and says what came of it: new, changed, same, gone, shadowed or refused."""
        if one.gone:
            return self._remove(unit, run.source, item) if item else "same"
        digest = hashlib.sha256(one.body).hexdigest()
        if item is not None and item.sha256 == digest and item.state != "shadowed":
            keep(unit.connection, run.source, replace(item, run=run.key))
            return "same" if item.state == "here" else item.state
        own = f"{run.source}:" if source.type in _NOT_UNIQUE else ""
        prefix = own if source.prefix is None else source.prefix
        try:
            record = read_record(
                Origin(run.source, one.remote_id, one.url, prefix, one.body), self._limits.metadata_bytes
            )
        except Fault as fault:
            if item is not None and item.state == "here":
                self._remove(unit, run.source, item)
            keep(unit.connection, run.source, Item(one.remote_id, "", digest, "refused", fault.text, run.key))
            return "refused"
        if item is not None and item.state == "here" and item.record_id != record.id:
            self._remove(unit, run.source, item)
        better = self._better(unit, run.source, source, record, one.remote_id)
        if better:
            keep(
                unit.connection,
                run.source,
                Item(one.remote_id, record.id, digest, "shadowed", better, run.key),
            )
            return "shadowed"
        unit.put_record(record, _ALWAYS, now())
        demote(unit.connection, record.id)
        keep(unit.connection, run.source, Item(one.remote_id, record.id, digest, "here", "", run.key))
        return "changed" if item is not None and item.state == "here" else "new"

    def _better(
        self, unit: UnitOfWork, name: str, source: HarvestSource, record: Record, remote_id: str
    ) -> str:
        """Why a record of that id which is there already stays: ours always, else by the priority of the source, else the newer one."""
        there = unit.source_of_record(record.id)
        if there is None:
            return ""
        if not there[0]:
            return "our own record has this id"
        if there[0] == name:
            other = owner(unit.connection, name, record.id)
            return (
                f"{other} has this id" if other not in ("", remote_id) and there[1] >= record.modified else ""
            )
        rival = self._sources.get(there[0])
        if rival is None or rival.priority < source.priority:
            return ""
        if rival.priority > source.priority or there[1] >= record.modified:
            return f"{there[0]} has this record"
        return ""

    def _remove(self, unit: UnitOfWork, name: str, item: Item) -> str:
        there = unit.source_of_record(item.record_id)
        if item.state == "here" and there is not None and there[0] == name:
            unit.bury_record(item.record_id, now())
        forget(unit.connection, name, item.remote_id)
        return "gone"

    def _delete(
        self, run: Run, source: HarvestSource, counts: Counter[str], *, accept: bool
    ) -> tuple[str, str]:
        """Deletes what a complete walk did not meet, unless that is suspiciously much."""
        if run.mode != "full":
            return "done", ""
        missing = self.book.unseen(run.source, run.key)
        share = len(missing) / max(1, self.book.count_items(run.source))
        if len(missing) >= _FEW and share > source.most_deletions and not accept:
            return (
                "suspicious",
                f"{len(missing)} records ({share:.0%}) are not there any more; nothing was deleted (--accept-deletions deletes them)",
            )
        for at in range(0, len(missing), _BATCH):
            with self._catalog.unit(OPERATOR) as unit:
                for item in missing[at : at + _BATCH]:
                    counts[self._remove(unit, run.source, item)] += 1
        return "done", ""
