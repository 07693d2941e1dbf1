# SPDX-License-Identifier: Apache-2.0
"""`hysope key create | list | revoke`."""

from __future__ import annotations

import argparse
import sys

from catalog.keys import KeyRequest
from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Role
from catalog.model.time import Micros, micros_text
from catalog.service import Catalog
from config.settings import Settings
from hysope.wiring import wire_catalog


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Runs one of the three."""
    catalog = wire_catalog(settings)
    try:
        actions = {"create": _create, "list": _list, "revoke": _revoke}
        return actions[arguments.what](catalog, arguments)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()


def _create(catalog: Catalog, arguments: argparse.Namespace) -> int:
    request = KeyRequest(
        arguments.owner, Role[arguments.role.upper()], tuple(arguments.group), arguments.label, arguments.days
    )
    key_id, key = catalog.keys.create(request, OPERATOR)
    print(
        f"id   {key_id}\nkey  {key}\nThe key is shown this once. Give it as X-API-Key, as Bearer token, or as the password of Basic."
    )
    return 0


def _list(catalog: Catalog, _arguments: argparse.Namespace) -> int:
    for row in catalog.keys.list(OPERATOR):
        state = "revoked" if row.revoked else f"until {_day(row.expires)}" if row.expires else "works"
        used = f"used {_day(row.last_used)}" if row.last_used else "never used"
        print(
            f"{row.id}  {row.owner:20s} {row.role.lower():9s} {','.join(row.groups) or '-':20s} {state:18s} {used:16s} {row.label}"
        )
    return 0


def _revoke(catalog: Catalog, arguments: argparse.Namespace) -> int:
    if not catalog.keys.revoke(arguments.id, OPERATOR):
        print(f"there is no working key {arguments.id}", file=sys.stderr)
        return 1
    print(f"revoked: {arguments.id}")
    return 0


def _day(at: Micros) -> str:
    return micros_text(at)[:10]
