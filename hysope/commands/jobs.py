# SPDX-License-Identifier: Apache-2.0
"""`hysope supervisor` runs what users order; `hysope space` shows what they made, and makes it official."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

from catalog.model import spaces
from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_supervisor
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
        processes.ordered.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    if arguments.parent:
        threading.Thread(target=_follow, args=(arguments.parent, stop), daemon=True).start()
    logging.getLogger("hysope.supervisor").info(
        "works with %s over %s", settings.processes.executor, settings.jobs_folder
    )
    wire_supervisor(settings, catalog, processes).run(stop)
    catalog.close()
    return 0


def _follow(parent: int, stop: threading.Event) -> None:
    """Stops when the process that started this one is gone."""
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()


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
