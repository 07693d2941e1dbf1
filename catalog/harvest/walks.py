# SPDX-License-Identifier: Apache-2.0
"""The way through a source, by its protocol. A cursor is a text of ours, so that a walk that was cut off goes on where it was."""

from __future__ import annotations

from catalog.harvest.capabilities import CapabilitiesWalk
from catalog.harvest.client import Client
from catalog.harvest.csw import CswWalk
from catalog.harvest.links import JsonWalk
from catalog.harvest.oai import OaiWalk
from catalog.harvest.pivot import PivotWalk
from catalog.harvest.received import Walk
from catalog.harvest.waf import WafWalk
from config.settings import HarvestSource


def walk_of(source: HarvestSource, client: Client, largest: int) -> Walk:
    """The way of a source's protocol."""
    if source.type == "csw":
        return CswWalk(client, source.url, largest)
    if source.type == "oai":
        return OaiWalk(client, source.url, largest, source.set)
    if source.type == "waf":
        return WafWalk(client, source.url)
    if source.type == "capabilities":
        return CapabilitiesWalk(client, source.url, largest)
    if source.type == "pivot":
        return PivotWalk(client, source.url)
    return JsonWalk(client, source.url, items=source.items or source.type != "stac")
