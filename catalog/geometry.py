# SPDX-License-Identifier: Apache-2.0
"""Geometry of footprints in longitude and latitude."""

from __future__ import annotations

import threading
from functools import lru_cache
from struct import Struct, unpack_from

import shapely
from shapely.geometry.base import BaseGeometry

from catalog.model.area import Box

_HEAD = Struct("<BIII")
"""Of a polygon in WKB: byte order, kind of geometry, number of rings, number of corners of the first."""
_POLYGON, _FEW = 3, 100


def footprint_boxes(wkb: bytes) -> tuple[Box, ...]:
    """One box per part of a footprint that is split at the antimeridian, else one box for all parts."""
    shape = shapely.from_wkb(wkb)
    west, south, east, north = shapely.bounds(shape).tolist()
    if east - west <= 180.0:
        return (Box(west=west, south=south, east=east, north=north),)
    boxes = [
        Box(west=b[0], south=b[1], east=b[2], north=b[3])
        for b in shapely.bounds(shapely.get_parts(shape)).tolist()
    ]
    return tuple(boxes)


def footprint_meets(footprint: bytes, shape: bytes) -> bool:
    """Whether two geometries (WKB, longitude and latitude) share a point."""
    asked, box = _prepared(shape, threading.get_ident())
    # a search asks this of hundreds of rows: to read a geometry costs ten times what it costs to look at its corners
    if box is not None and _has_corner_in(footprint, box):
        return True
    return bool(shapely.intersects(asked, shapely.from_wkb(footprint)))


def box_meets(west: float, south: float, east: float, north: float, shape: bytes) -> bool:
    """Whether a box and a geometry (WKB) share a point, in longitude and latitude."""
    asked, _ = _prepared(shape, threading.get_ident())
    return bool(shapely.intersects(asked, shapely.box(west, south, east, north)))


def _has_corner_in(wkb: bytes, box: Box) -> bool:
    """Whether a corner of the outer ring of a polygon lies in a box or on its edge; never of what is no plain polygon of few corners."""
    order, kind, rings, count = _HEAD.unpack_from(wkb)
    if order != 1 or kind != _POLYGON or not rings or count > _FEW:
        return False
    corners = unpack_from(f"<{2 * count}d", wkb, _HEAD.size)
    west, south, east, north = box.west, box.south, box.east, box.north
    for at in range(0, 2 * count, 2):  # noqa: SIM110  (a generator would take twice as long)
        if west <= corners[at] <= east and south <= corners[at + 1] <= north:
            return True
    return False


@lru_cache(64)
def _prepared(shape: bytes, _thread: int) -> tuple[BaseGeometry, Box | None]:
    """The geometry of a search, indexed for many questions (one for each thread, as GEOS asks), and its box where it is nothing else."""
    found = shapely.from_wkb(shape)
    shapely.prepare(found)
    west, south, east, north = found.bounds
    whole = found.equals(shapely.box(west, south, east, north))
    return found, Box(west=west, south=south, east=east, north=north) if whole else None
