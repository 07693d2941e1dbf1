# SPDX-License-Identifier: Apache-2.0
"""`hysope archive migrate | stage | status | run`: files to tape and back."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import timedelta

from catalog.model.faults import Fault
from catalog.model.objects import ObjectError
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.product import Product
from catalog.model.time import now
from catalog.query import And, Compare, Filter, Order, Property, Relation, equal
from catalog.service import Catalog
from catalog.tape import TapeError
from config.settings import Settings, Tape
from hysope.wiring import wire_catalog

_MOST = 1_000_000
_BATCH = 500
"""Files that go to tape before the copies of all of them are dropped."""


def archive(settings: Settings, arguments: argparse.Namespace) -> int:
    """0, 1 when something failed, 2 without a tape library."""
    if arguments.what == "objects":
        return _objects(settings, arguments)
    if settings.tape is None:
        print("there is no tape library in the settings (tape.put, tape.get)", file=sys.stderr)
        return 2
    catalog = wire_catalog(settings)
    try:
        return _VERBS[arguments.what](catalog, settings.tape, arguments)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()


def _migrate(catalog: Catalog, tape: Tape, arguments: argparse.Namespace) -> int:
    stager, files, failed = catalog.stager(tape), 0, 0
    waiting: list[str] = []
    for product in _chosen(catalog, arguments):
        try:
            went = stager.migrate(product)
        except (TapeError, OSError) as error:
            print(f"failed   {product.id}: {error}", file=sys.stderr)
            failed += 1
            continue
        files += len(went)
        waiting += went
        if len(waiting) > _BATCH:
            stager.release(waiting)
            waiting.clear()
        print(f"{'on tape ' if went else 'nothing '} {product.id}: {len(went)} files")
    stager.release(waiting)
    print(f"{files} files went to tape, {failed} products failed")
    return 1 if failed else 0


def _objects(settings: Settings, arguments: argparse.Namespace) -> int:
    """Moves files of products to the object storage, or back."""
    from catalog.mover import Mover

    if settings.archive.objects is None:
        print("there is no object storage in the settings (archive.objects)", file=sys.stderr)
        return 2
    catalog = wire_catalog(settings)
    mover, files, failed = Mover(catalog, OPERATOR), 0, 0
    try:
        for product in _chosen(catalog, arguments):
            try:
                went = mover.back(product) if arguments.back else mover.away(product)
            except (ObjectError, OSError) as error:
                print(f"failed   {product.id}: {error}", file=sys.stderr)
                failed += 1
                continue
            files += len(went)
            print(f"{'moved   ' if went else 'nothing '} {product.id}: {len(went)} files")
        mover.release()
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()
    print(f"{files} files moved, {failed} products failed")
    return 1 if failed else 0


def _chosen(catalog: Catalog, arguments: argparse.Namespace) -> list[Product]:
    """The products of the command line. Raises Fault UNKNOWN_PRODUCT."""
    deadline = Deadline.after(600)
    if arguments.products:
        return [catalog.product(name, OPERATOR, deadline) for name in arguments.products]
    parts: list[Filter] = []
    if arguments.collection:
        parts.append(equal(Property.COLLECTION, arguments.collection))
    if arguments.older_than is not None:
        end = now() - int(timedelta(days=arguments.older_than).total_seconds() * 1_000_000)
        parts.append(Compare(Property.END, Relation.LESS, end))
    if not parts:
        print("name products, or give --collection or --older-than", file=sys.stderr)
        return []
    return list(catalog.search(And(tuple(parts)), OPERATOR, deadline, Order.OLDEST, _MOST))


def _stage(catalog: Catalog, _tape: Tape, arguments: argparse.Namespace) -> int:
    deadline = Deadline.after(60)
    for name in arguments.products:
        product = catalog.product(name, OPERATOR, deadline)
        missing = catalog.tape.ask(product.assets, OPERATOR)
        print(
            f"{product.id}: {len(missing)} files are asked for"
            if missing
            else f"{product.id}: everything is here"
        )
    return 0


def _status(catalog: Catalog, _tape: Tape, _arguments: argparse.Namespace) -> int:
    counts = catalog.tape.counts()
    for state, (files, size) in sorted(counts.items()):
        print(f"{state:8} {files:8} files {size / 1e9:10.3f} GB")
    if not counts:
        print("nothing is on tape")
    return 1 if "failed" in counts else 0


def _run(catalog: Catalog, tape: Tape, arguments: argparse.Namespace) -> int:
    """Until SIGTERM; one that a server started also ends with its server."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if arguments.parent:
        threading.Thread(target=_follow, args=(arguments.parent, stop), daemon=True).start()
    catalog.stager(tape).run(stop)
    return 0


def _follow(parent: int, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()


_VERBS = {"migrate": _migrate, "stage": _stage, "status": _status, "run": _run}
