# SPDX-License-Identifier: Apache-2.0
"""`hysope usage` tells what was taken away; `hysope archive fixity` compares the archive with its checksums, and keeps a second copy."""

from __future__ import annotations

import argparse
from collections import Counter

from catalog.fixity import CHANGED, MISSING, Fixity, since
from catalog.model.faults import Fault
from catalog.model.time import day_of, now
from config.settings import Settings
from hysope.wiring import wire_catalog

_MEGA = 1e6


def usage(settings: Settings, arguments: argparse.Namespace) -> int:
    """Requests and megabytes by product, person, asset or day."""
    catalog = wire_catalog(settings)
    try:
        first = day_of(since(arguments.days))
        for name, requests, size in catalog.taken(arguments.by, first, arguments.limit):
            print(f"{size / _MEGA:12.1f} MB  {requests:8} requests  {name}")
    finally:
        catalog.close()
    return 0


def fixity(settings: Settings, arguments: argparse.Namespace) -> int:
    """One campaign: 0 when every file is what was written, or was repaired; 1 otherwise."""
    catalog = wire_catalog(settings)
    found, copies = Counter[str](), Counter[str]()
    try:
        campaign = Fixity(catalog, settings.archive.second_copy)
        older = since(arguments.older_than) if arguments.older_than else now()
        for one in campaign.run(older, arguments.limit, repair=arguments.repair):
            found[one.outcome] += 1
            copies[one.copy] += bool(one.copy)
            if one.outcome != "good" or one.copy == "repaired":
                print(f"{one.outcome:8} {one.product}: {one.path}{f', copy {one.copy}' if one.copy else ''}")
    except (OSError, Fault) as error:
        print(f"ended: {error}")
        return 1
    finally:
        catalog.close()
    told = ", ".join(f"{count} {name}" for name, count in sorted(found.items())) or "nothing to check"
    second = ", ".join(f"{count} {name}" for name, count in sorted(copies.items()) if name)
    print(f"{told}{f'; second copies: {second}' if second else ''}")
    return 1 if found[CHANGED] or found[MISSING] else 0
