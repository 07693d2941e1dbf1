# SPDX-License-Identifier: Apache-2.0
"""A run: walk the source, stage what it sends, apply what changed, and delete only what a complete walk did not meet, and not too much of it."""

from __future__ import annotations

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from catalog.harvest.client import Client, Rules
from catalog.harvest.page import Page
from catalog.harvest.received import Received, Walk
from catalog.harvest.walks import walk_of
from catalog.model.faults import Fault, Kind
from catalog.model.principal import OPERATOR
from catalog.model.time import Micros, now
from catalog.service import Catalog
from catalog.store.harvests import Harvests, Run
from config.limits import Limits
from config.settings import HarvestSource

_LOG = logging.getLogger("hysope.harvest")
_BATCH = 200
_HOLD = timedelta(minutes=30) // timedelta(microseconds=1)
_HOUR = 3_600_000_000
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
        return [name for name, one in self._sources.items() if one.fetched and self.book.due(name) <= now()]

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
            self._apply(run, counts)
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

    def _apply(self, run: Run, counts: Counter[str]) -> None:
        after = ""
        while page := self.book.staged(run.key, after, _BATCH):
            with self._catalog.unit(OPERATOR) as unit:
                counts.update(Page(unit, run, self._sources, page, self._limits).apply())
            after = page[-1].remote_id
            self._hold(run.source)

    def _hold(self, name: str) -> bool:
        """Keeps a source for this process for a while."""
        return self.book.take(name, self._holder, now(), Micros(now() + _HOLD))

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
                gone = [Received(item.remote_id, "", gone=True) for item in missing[at : at + _BATCH]]
                counts.update(Page(unit, run, self._sources, gone, self._limits).apply())
        return "done", ""
