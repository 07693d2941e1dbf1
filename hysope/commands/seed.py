# SPDX-License-Identifier: Apache-2.0
"""`hysope seed`: tiles on disk before anybody asks for them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.time import Day, day_of, read_instant
from config.series_types import SeriesType
from config.settings import Settings
from hysope.commands.progress import Progress
from hysope.wiring import wire
from ogc.maps.layers import Offered
from ogc.maps.seed import Seeding
from ogc.maps.service import AskedLayer, Maps
from tiles.encode import Format
from tiles.frame import Frame
from tiles.matrix import matrix_sets

_WHITE = (255, 255, 255)
_AT_ONCE = 256


def seed(settings: Settings, arguments: argparse.Namespace) -> int:
    """Draws the tiles that are not on disk yet; 1 when one could not be drawn. Ended and begun again, it goes on."""
    if not settings.server.tile_disk_mb:
        print("server.tile_disk_mb is 0: there is no place for tiles", file=sys.stderr)
        return 1
    services = wire(settings)
    try:
        plan = _plan(services.maps.layers.one(arguments.layer, ANONYMOUS, Deadline.after(60)), arguments)
        return _run(services.maps, plan, Format(arguments.format), settings)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        services.close()


def _plan(offered: Offered, arguments: argparse.Namespace) -> Seeding:
    """What the command line asks for. Raises Fault."""
    extent = offered.summary.extent
    if isinstance(offered.kind, SeriesType) or extent is None:
        raise Fault(
            Kind.INVALID, f"{offered.name} is drawn anew when observations come; it has no tiles to keep"
        )
    area = _box(arguments.bbox, extent)
    if not area.meets(extent):
        raise Fault(Kind.INVALID, f"{offered.name} holds nothing there")
    known = tuple(style.id for style in offered.styles)
    wanted = tuple(arguments.style or known)
    for name in wanted:
        if name not in known:
            raise Fault(
                Kind.UNKNOWN_STYLE, f"{offered.name} has no style {name}; there are {', '.join(known)}"
            )
    return Seeding(
        offered.name, wanted, _days(arguments.dates, offered.summary.days), matrix_sets()[arguments.matrix_set],
        _levels(arguments.levels), area,
    )  # fmt: skip


def _box(text: str | None, extent: Box) -> Box:
    """An area in longitude and latitude, cut to what the layer holds."""
    if text is None:
        return extent
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        asked = Box(west=west, south=south, east=east, north=north)
    except ValueError as error:
        raise Fault(Kind.INVALID, "--bbox is WEST,SOUTH,EAST,NORTH in degrees") from error
    return Box(
        west=min(max(asked.west, extent.west), asked.east), south=min(max(asked.south, extent.south), asked.north),
        east=max(min(asked.east, extent.east), asked.west), north=max(min(asked.north, extent.north), asked.south),
    )  # fmt: skip


def _days(text: str, days: tuple[Day, ...]) -> tuple[Day, ...]:
    """`latest` is what no time draws, `all` every day, else a day or FROM/TO."""
    if text == "latest":
        return ()
    if text == "all":
        return days
    first, _, last = text.partition("/")
    low, high = day_of(read_instant(first).start), day_of(read_instant(last or first).start)
    found = tuple(day for day in days if low <= day <= high)
    if not found:
        raise Fault(Kind.BAD_TIME, f"there is no date in {text}")
    return found


def _levels(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise Fault(Kind.INVALID, "--levels is a number, or FROM-TO")
    return range(int(first), int(last or first) + 1)


def _run(maps: Maps, plan: Seeding, form: Format, settings: Settings) -> int:
    progress, counts = Progress(plan.count(), "seed"), {"drawn": 0, "there already": 0, "failed": 0}

    def one(tile: tuple[AskedLayer, Frame]) -> str:
        asked, frame = tile
        background = None if form.transparent else _WHITE
        try:
            deadline = Deadline.after(settings.limits.render_seconds)
            return (
                "drawn" if maps.seed(asked, frame, form, background, ANONYMOUS, deadline) else "there already"
            )
        except Fault as fault:
            print(fault.text, file=sys.stderr)
            return "failed"

    with ThreadPoolExecutor(settings.server.threads) as pool:
        for some in _parts(plan.tiles()):
            for outcome in pool.map(one, some):
                counts[outcome] += 1
                progress.step()
    progress.close()
    print(f"{plan.count()} tiles: {', '.join(f'{count} {name}' for name, count in counts.items())}")
    return 1 if counts["failed"] else 0


def _parts(tiles: Iterator[tuple[AskedLayer, Frame]]) -> Iterator[list[tuple[AskedLayer, Frame]]]:
    while some := list(islice(tiles, _AT_ONCE)):
        yield some
