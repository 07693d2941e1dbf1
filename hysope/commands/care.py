# SPDX-License-Identifier: Apache-2.0
"""Where files are (`hysope paths`), what was taken away (`hysope usage`), whether the archive is what was written (`hysope archive fixity`)."""

from __future__ import annotations

import argparse
from collections import Counter

from catalog.fixity import CHANGED, MISSING, Fixity
from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.time import DAY_MICROS, Micros, day_of, now
from config.settings import Settings
from hysope.wiring import wire_catalog

_MEGA = 1e6


def paths(settings: Settings, arguments: argparse.Namespace) -> int:
    """Each file of some products: here, and by the other ways to the archive."""
    catalog = wire_catalog(settings)
    try:
        for name in arguments.products:
            product = catalog.product(name, OPERATOR, Deadline.after(60))
            for asset in product.assets:
                ways = [] if asset.path.startswith("/") else settings.archive.addresses.values()
                others = "".join(f"  {way.rstrip('/')}/{asset.path}" for way in ways)
                stored = catalog.objects if asset.in_bucket else None
                here = stored.address(asset.path) if stored else catalog.archive / asset.path
                print(f"{product.id}  {asset.key}  {here}{others}")
    except Fault as fault:
        print(fault.text)
        return 1
    finally:
        catalog.close()
    return 0


def usage(settings: Settings, arguments: argparse.Namespace) -> int:
    """Requests and megabytes by product, person, asset or day."""
    catalog = wire_catalog(settings)
    try:
        first = day_of(_ago(arguments.days))
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
        older = _ago(arguments.older_than) if arguments.older_than else now()
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


def _ago(days: float) -> Micros:
    return Micros(now() - int(days * DAY_MICROS))
