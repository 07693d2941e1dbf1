# SPDX-License-Identifier: Apache-2.0
"""`hysope harvest`: the records of other centres, now or when they are due; and what came of it."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import threading

import yaml

from catalog.harvest.run import Harvester
from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.record import Way
from catalog.model.time import micros_text
from catalog.query import Order, Property, equal
from catalog.service import Catalog, StoreDown
from catalog.store.harvests import Run
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_harvester

_LOOK_SECONDS = 30.0
_SHOWN = 20
_GROUPS = 1_000
_LAYERS = 10_000


def harvest(settings: Settings, arguments: argparse.Namespace) -> int:
    """Harvests the named sources (all of them without a name), shows the last runs, or watches for ever."""
    unknown = [name for name in arguments.sources if name not in settings.fetched]
    if unknown or not settings.fetched:
        there = ", ".join(settings.fetched) or "no sources (harvest in the settings)"
        print(f"{', '.join(unknown) or 'nothing to harvest'}: there are {there}", file=sys.stderr)
        return 2
    catalog = wire_catalog(settings)
    harvester = wire_harvester(settings, catalog)
    names = arguments.sources or list(settings.fetched)
    try:
        if arguments.watch:
            return _watch(harvester, arguments.parent)
        if arguments.duplicates:
            return _duplicates(catalog)
        if arguments.cascade:
            return _cascade(catalog, names, settings)
        if arguments.report:
            return _report(harvester, names)
        return max(_one(harvester, name, arguments) for name in names)
    finally:
        catalog.close()


def _one(harvester: Harvester, name: str, arguments: argparse.Namespace) -> int:
    try:
        run = harvester.run(name, full=arguments.full, accept_deletions=arguments.accept_deletions)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    print(_line(run))
    return 0 if run.status == "done" else 1


def _report(harvester: Harvester, names: list[str]) -> int:
    for name in names:
        print(f"{name}: {harvester.book.count_items(name)} records")
        for run in harvester.book.runs(name, 5):
            print(f"  {micros_text(run.started)[:19]}  {_line(run)}")
        for state in ("refused", "shadowed"):
            for item in harvester.book.items(name, state, _SHOWN):
                print(f"  {state}: {item.remote_id[:100]}: {item.message}")
    return 0


def _duplicates(catalog: Catalog) -> int:
    """Ids that may be one thing; which of them stays is for people to say."""
    groups = catalog.alike_records(OPERATOR, _GROUPS)
    for group in groups:
        print("  ".join(f"{name} ({source or 'ours'})" for name, source in group))
    print(f"{len(groups)} groups of records may be one thing each")
    return 0


def _cascade(catalog: Catalog, names: list[str], settings: Settings) -> int:
    """Map layers of the sources as YAML for `cascade`: nothing is drawn of others until an operator has put it there."""
    layers = {}
    for name in names:
        tree = equal(Property.COLLECTION, name)
        deadline = Deadline.after(settings.limits.search_seconds)
        for record in catalog.search_records(tree, OPERATOR, deadline, Order.TITLE, _LAYERS):
            way = next((one for one in record.foreign.ways if _is_map(one)), None) if record.foreign else None
            if way is None:
                continue
            box = record.box
            key = re.sub(r"[^A-Za-z0-9_-]", "-", f"{name}-{way.name}")[:60]
            layers[key] = {
                "title": {"en": record.title, "fr": record.title}, "type": "wms", "url": way.href, "layers": way.name,
                **({"bbox": [box.west, max(box.south, -85.0), box.east, min(box.north, 85.0)]} if box else {}),
            }  # fmt: skip
    print(yaml.safe_dump({"cascade": layers}, allow_unicode=True, sort_keys=False), end="")
    return 0 if layers else 1


def _is_map(way: Way) -> bool:
    return way.protocol.upper().startswith("OGC:WMS") and bool(way.name)


def _line(run: Run) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(run.counts.items())) or "nothing"
    return f"{run.source}: {run.mode} {run.status}: {counts}{f'; {run.message}' if run.message else ''}"


def _watch(harvester: Harvester, parent: int | None) -> int:
    """Harvests what is due until SIGTERM; one that a server started also ends with its server."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        run_due(harvester, stop)
        for _ in range(int(_LOOK_SECONDS)):
            if stop.wait(1.0) or (parent and os.getppid() != parent):
                return 0
    return 0


def run_due(harvester: Harvester, stop: threading.Event) -> None:
    """Harvests what is due, until it is told to stop; while the store is down there is nothing to do but wait."""
    log = logging.getLogger("hysope.harvest")
    try:
        for name in harvester.due():
            if stop.is_set():
                return
            try:
                harvester.run(name)
            except Fault as fault:
                log.info("%s", fault.text)
    except (StoreDown, Fault) as error:
        log.warning("the store does not answer: %s", type(error).__name__)
