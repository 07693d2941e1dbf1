# SPDX-License-Identifier: Apache-2.0
"""`hysope supervisor` runs what users order, `hysope jobs` tells how that goes; `hysope space` shows what they made, and makes it official."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping

from catalog.model import spaces
from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.time import micros_text
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from config.settings import Settings
from hysope.wiring import wire_callbacks, wire_catalog, wire_distributor, wire_supervisor
from processes.model import Board, JobFilter, Phase
from processes.service import Processes

_MOST = 1_000


def supervisor(settings: Settings, arguments: argparse.Namespace) -> int:
    """Until SIGTERM; one that a server started also ends with its server."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    catalog = wire_catalog(settings)
    processes = Processes(catalog, settings)
    stop = threading.Event()

    def ended(_number: int, _frame: object) -> None:
        stop.set()
        processes.bell.ring()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    if arguments.parent:
        threading.Thread(target=_follow, args=(arguments.parent, stop), daemon=True).start()
    logging.getLogger("hysope.supervisor").info(
        "works with %s over %s", settings.processes.executor, settings.jobs_folder
    )
    boxes = (
        wire_callbacks(settings, catalog, processes).outbox(),
        wire_distributor(settings, catalog).outbox(),
    )
    senders = [threading.Thread(target=box.run, args=(stop,)) for box in boxes]
    for sender in senders:
        sender.start()
    try:
        wire_supervisor(settings, catalog, processes).run(stop)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    catalog.close()
    return 0


def _follow(parent: int, stop: threading.Event) -> None:
    """Stops when the process that started this one is gone."""
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()


def jobs(settings: Settings, arguments: argparse.Namespace) -> int:
    """How production stands, and the newest jobs of everybody."""
    catalog = wire_catalog(settings)
    try:
        processes = Processes(catalog, settings)
        _tell(processes.board())
        phases = tuple(phase for phase in Phase if phase.status == arguments.status)
        wanted = JobFilter(phases, tuple(arguments.process or ()))
        for job in processes.jobs(OPERATOR, wanted, arguments.limit, 0):
            why = f"  {job.error_class}: {job.message}" if job.error_class else ""
            print(
                f"{job.id}  {micros_text(job.created)[:19]}  {job.owner}  {job.process}  {job.phase.value} {job.progress}%{why}"
            )
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()
    return 0


def _tell(board: Board) -> None:
    def counted(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"

    waits = (
        f"; the oldest waits since {micros_text(board.oldest_waiting)[:19]}" if board.oldest_waiting else ""
    )
    print(f"now: {counted({phase.value: count for phase, count in board.unfinished.items()})}{waits}")
    ended = counted({phase.value: count for phase, count in board.finished.items()})
    print(f"last 24 hours: {ended}; {board.minutes:.1f} minutes from order to end")
    if board.failures:
        print(f"failures: {counted(board.failures)}")


def space(settings: Settings, arguments: argparse.Namespace) -> int:
    """Lists what is in spaces, or publishes one product of them."""
    catalog = wire_catalog(settings)
    try:
        if arguments.what == "publish":
            print(f"published: {catalog.make_official(arguments.product, OPERATOR)}")
        else:
            _list(catalog)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()
    return 0


def _list(catalog: Catalog) -> None:
    for collection in catalog.space_collections(OPERATOR, Deadline.after(60)):
        found = catalog.search(
            equal(Property.COLLECTION, collection), OPERATOR, Deadline.after(60), Order.NEWEST, _MOST
        )
        for product in found:
            shared = (
                "" if product.audience == spaces.split(product.id)[0] else f"  shared with {product.audience}"
            )
            print(f"{product.id}  {product.version}{shared}")
