# SPDX-License-Identifier: Apache-2.0
"""`hysope export mapproxy`: the configuration of a MapProxy before us."""

from __future__ import annotations

import argparse
import sys

from config.settings import Settings
from hysope.wiring import wire_catalog


def export(settings: Settings, arguments: argparse.Namespace) -> int:
    """Writes the file, or prints it."""
    from portal import mapproxy

    base = (
        arguments.url or settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"
    )
    catalog = wire_catalog(settings)
    try:
        found = mapproxy.configuration(
            catalog, settings.service, base.rstrip("/"), settings.limits.search_seconds
        )
    finally:
        catalog.close()
    if not settings.wms.strict_time:
        print(
            "set wms.strict_time: true here, or anybody may fill MapProxy's cache with dates that there are not",
            file=sys.stderr,
        )
    if arguments.file is None:
        sys.stdout.write(found.decode())
        return 0
    arguments.file.write_bytes(found)
    print(
        f"{arguments.file}: over {base}; written anew when dates come (then `mapproxy-util` or a touch reloads it)"
    )
    return 0
