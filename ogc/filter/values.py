# SPDX-License-Identifier: Apache-2.0
"""The values that JSON filters and searches share: boxes, GeoJSON geometries, RFC 3339 times and intervals. Longitude first everywhere."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import Micros, Period, read_instant, read_step, stepped
from catalog.query import Intersects
from ogc.http.fields import shown

FOREVER = (Micros(-(2**60)), Micros(2**60))
"""Open ends."""
_VERTICES = 10_000
_PARTS = 8
_LONGEST_WKT = 100_000
_WKT = re.compile(
    r"\s*(?:POINT|MULTIPOINT|LINESTRING|POLYGON|MULTIPOLYGON)(?:\s+Z)?\s*\([-+0-9.eE,()\s]+\)\s*\Z",
    re.ASCII | re.IGNORECASE,
)
_OPEN = ("", "..")


def read_box(values: Any, locator: str = "bbox") -> BaseGeometry:
    """West, south, east, north (six numbers: heights are ignored); a west that is east of the east crosses the antimeridian.

    Raises Fault INVALID.
    """
    if (
        not isinstance(values, list | tuple)
        or len(values) not in (4, 6)
        or not all(type(one) in (int, float) for one in values)
    ):
        raise Fault(Kind.INVALID, f"{locator} is four or six numbers", locator)
    west, south, east, north = (
        float(values[at]) for at in ((0, 1, 2, 3) if len(values) == 4 else (0, 1, 3, 4))
    )
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Fault(Kind.INVALID, f"{locator} is west, south, east, north in degrees", locator)
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon(
        [shapely.box(west, south, 180.0, north), shapely.box(-180.0, south, east, north)]
    )


def read_geometry(document: Any, locator: str) -> BaseGeometry:
    """A GeoJSON geometry of at most 10,000 vertices in longitude and latitude, in either ring order. Raises Fault INVALID or TOO_LARGE."""
    try:
        found: BaseGeometry = shape(document)
        count = shapely.count_coordinates(found)
        west, south, east, north = found.bounds if count else (0.0, 0.0, 0.0, 0.0)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        RecursionError,
        shapely.errors.ShapelyError,
    ) as error:
        raise Fault(Kind.INVALID, f"{locator} is not a GeoJSON geometry", locator) from error
    if count > _VERTICES:
        raise Fault(Kind.TOO_LARGE, f"{locator} has more than {_VERTICES} vertices", locator)
    inside = west >= -180 and south >= -90 and east <= 180 and north <= 90
    if not count or not inside or not found.is_valid:
        raise Fault(Kind.INVALID, f"{locator} is not a valid geometry in longitude and latitude", locator)
    return found


def read_wkt(text: str) -> BaseGeometry:
    """Points, lines or polygons as WKT, without heights, in the coordinates that stand there.

    The text is checked to be one of the kinds with numbers before it is parsed. Raises Fault INVALID.
    """
    match = _WKT.match(text) if len(text) <= _LONGEST_WKT else None
    if match is None:
        raise invalid(f"{shown(text)} is not WKT of points, lines or polygons")
    try:
        with np.errstate(over="ignore"):
            found = shapely.force_2d(shapely.from_wkt(text))
    except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
        raise invalid(f"{shown(text)} is not WKT of points, lines or polygons") from error
    if found is None or found.is_empty:
        raise invalid("the geometry is empty")
    if not np.isfinite(shapely.get_coordinates(found)).all():
        raise invalid(f"{shown(text)} has a number that is too large")
    return found


def intersects(area: BaseGeometry) -> Intersects:
    """The filter that a footprint meets an area."""
    parts = shapely.get_parts(area)
    bounds = shapely.bounds(parts).tolist()
    if len(bounds) > _PARTS:
        bounds = [list(area.bounds)]
    rectangular = len(bounds) == len(parts) and all(
        one.geom_type == "Polygon" and one.equals(shapely.box(*box))
        for one, box in zip(parts, bounds, strict=True)
    )
    boxes = tuple(Box(west=one[0], south=one[1], east=one[2], north=one[3]) for one in bounds)
    return Intersects(shapely.to_wkb(area, output_dimension=2), boxes, rectangular)


def around(longitude: float, latitude: float, metres: float) -> BaseGeometry:
    """A box that holds everything within a distance; all longitudes near a pole or the antimeridian."""
    up = metres / 110_000.0
    low, high = max(-90.0, latitude - up), min(90.0, latitude + up)
    widest = max(abs(low), abs(high))
    across = up / max(0.01, math.cos(math.radians(min(widest, 89.9))))
    west, east = longitude - across, longitude + across
    if west < -180 or east > 180:
        west, east = -180.0, 180.0
    return shapely.box(west, low, east, high)


def read_period(text: Any, locator: str = "datetime") -> Period:
    """RFC 3339: a time as long as it is precise, or an interval whose ends may be open (`..` or empty), or one of them a duration (`P2D`).

    Raises Fault INVALID.
    """
    if not isinstance(text, str):
        raise Fault(Kind.INVALID, f"{locator} is a text", locator)
    first, slash, last = text.partition("/")
    try:
        if first in _OPEN and last in _OPEN:
            raise invalid("both ends are open")
        if slash and first.startswith("P"):
            end = read_instant(last).end
            return Period(stepped(end, read_step(first), back=True), end)
        start = FOREVER[0] if first in _OPEN else read_instant(first).start
        if last.startswith("P") and first not in _OPEN:
            return Period(start, stepped(start, read_step(last)))
        if slash and last in _OPEN:
            return Period(start, FOREVER[1])
        return Period(start, read_instant(last if slash else first).end)
    except Fault as fault:
        raise Fault(Kind.INVALID, f"{locator}: {fault.text}", locator) from fault
