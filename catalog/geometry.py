# SPDX-License-Identifier: Apache-2.0
"""Geometry of footprints in longitude and latitude."""

from __future__ import annotations

import threading
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from catalog.model.area import Box


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
    return bool(shapely.intersects(_prepared(shape, threading.get_ident()), shapely.from_wkb(footprint)))


def box_meets(west: float, south: float, east: float, north: float, shape: bytes) -> bool:
    """Whether a box and a geometry (WKB) share a point, in longitude and latitude."""
    return bool(
        shapely.intersects(_prepared(shape, threading.get_ident()), shapely.box(west, south, east, north))
    )


@lru_cache(64)
def _prepared(shape: bytes, _thread: int) -> BaseGeometry:
    """The geometry of a search, indexed for many questions; one for each thread, as GEOS asks."""
    found = shapely.from_wkb(shape)
    shapely.prepare(found)
    return found
