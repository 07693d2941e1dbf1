# SPDX-License-Identifier: Apache-2.0
"""The coordinate reference systems that we speak: a closed table. No text of a client ever reaches PROJ (a CRS name can be a URL)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind

Floats = NDArray[np.float64]

_EPSG = re.compile(
    r"(?:EPSG:|urn:ogc:def:crs:EPSG:[0-9.]*:|https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/)([0-9]{4,6})\Z",
    re.ASCII | re.IGNORECASE,
)
_CRS84 = frozenset(
    {
        "CRS:84",
        "OGC:CRS84",
        "URN:OGC:DEF:CRS:OGC:1.3:CRS84",
        "URN:OGC:DEF:CRS:OGC::CRS84",
        "HTTP://WWW.OPENGIS.NET/DEF/CRS/OGC/1.3/CRS84",
    }
)
_UTM = frozenset({*range(32601, 32661), *range(32701, 32761)})
_PLAIN = frozenset(
    {
        4326,
        3857,
        2154,
        4258,
        3035,
        2972,
        2975,
        5490,
        4471,
        6933,
        3395,
        4269,
        27572,
        2056,
        3763,
        25830,
        25831,
        25832,
        25833,
    }
)
KNOWN_EPSG = _PLAIN | _UTM
_UPRIGHT = frozenset({4326, 3857, 3395, 6933})
"""Of these, meridians and parallels are lines of equal x and equal y: two corners are enough of a box."""
_RADIUS = 6_378_137.0
_POLE = 30.0
"""Beyond so many radii a y of EPSG:3857 is the pole to twelve digits."""
_SAME_AS_3857 = frozenset({900913, 102100, 3785})


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS of the table. `lon_lat` is CRS:84: EPSG:4326 with longitude first."""

    epsg: int
    lon_lat: bool = False

    @property
    def name(self) -> str:
        """`EPSG:3857` or `CRS:84`."""
        return "CRS:84" if self.lon_lat else f"EPSG:{self.epsg}"

    @property
    def north_first(self) -> bool:
        """Whether its first axis points north (so that a WMS 1.3.0 BBOX starts with the south)."""
        return not self.lon_lat and _north_first(self.epsg)

    @property
    def geographic(self) -> bool:
        """Whether its unit is the degree."""
        return is_geographic(self.epsg)


WGS84 = Crs(4326)
CRS84 = Crs(4326, lon_lat=True)
WEB_MERCATOR = Crs(3857)


def read_crs(text: str, locator: str = "CRS") -> Crs:
    """The CRS of a client's text. Raises Fault UNKNOWN_CRS for anything outside of the table."""
    if text.upper() in _CRS84:
        return CRS84
    match = _EPSG.match(text)
    code = int(match[1]) if match else 0
    if code in _SAME_AS_3857:
        return WEB_MERCATOR
    if code not in KNOWN_EPSG:
        raise Fault(
            Kind.UNKNOWN_CRS, f"{text[:60]!r} is not a coordinate reference system of this server", locator
        )
    return Crs(code)


def in_order_of(box: Box, crs: Crs) -> tuple[float, float, float, float]:
    """Least first axis, least second, greatest first, greatest second: the only place that knows about latitude first."""
    if crs.north_first:
        return (box.south, box.west, box.north, box.east)
    return (box.west, box.south, box.east, box.north)


def box_from(values: tuple[float, float, float, float], crs: Crs) -> Box:
    """A box from four numbers in the axis order of the CRS."""
    if crs.north_first:
        return Box(south=values[0], west=values[1], north=values[2], east=values[3])
    return Box(west=values[0], south=values[1], east=values[2], north=values[3])


def transform(source: int, target: int, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coordinates of EPSG `source` in EPSG `target`, both x east, y north; infinite where there is no answer."""
    if source == target:
        return x, y
    out_x, out_y = _transformer(source, target).transform(x, y)
    return np.asarray(out_x), np.asarray(out_y)


def transform_box(box: Box, source: int, target: int) -> Box | None:
    """The least box in `target` that holds a box of `source`, sampled along a grid; None where nothing of it is valid."""
    if source == target:
        return box
    if source == WEB_MERCATOR.epsg and target == WGS84.epsg:
        return _unrolled(box)
    upright = source in _UPRIGHT and target in _UPRIGHT
    found = _held(*transform(source, target, *sampled(box, 2, 2))) if upright else None
    return found or _held(*transform(source, target, *sampled(box, 21, 21)), lost=True)


def _unrolled(box: Box) -> Box:
    """A box of EPSG:3857 in longitude and latitude: method 1024 of EPSG's guidance note 7-2, a tenth of the time of asking PROJ."""
    west, east = (math.degrees(x / _RADIUS) for x in (box.west, box.east))
    south, north = (
        math.degrees(math.atan(math.sinh(max(-_POLE, min(_POLE, y / _RADIUS)))))
        for y in (box.south, box.north)
    )
    return Box(west=west, south=south, east=east, north=north)


def sampled(box: Box, columns: int, rows: int) -> tuple[Floats, Floats]:
    """X and y (rows x columns) of points at equal distances over a box, its corners among them; the first row in the north."""
    x, y = np.empty((rows, columns)), np.empty((rows, columns))
    x[:] = box.west + np.arange(columns) * (box.width / (columns - 1))
    y[:] = (box.north - np.arange(rows) * (box.height / (rows - 1)))[:, None]
    x[:, -1], y[-1] = box.east, box.south
    return x, y


def _held(x: Floats, y: Floats, *, lost: bool = False) -> Box | None:
    """The box that holds points; None where none is finite, and with `lost` false where one is not."""
    good = np.isfinite(x) & np.isfinite(y)
    if not (good.any() if lost else good.all()):
        return None
    return Box(
        west=float(x[good].min()),
        south=float(y[good].min()),
        east=float(x[good].max()),
        north=float(y[good].max()),
    )


def is_geographic(epsg: int) -> bool:
    """Whether the axes of a CRS are degrees."""
    return bool(_pyproj(epsg).is_geographic)


def cf_attributes(epsg: int) -> dict[str, Any]:
    """The attributes of a grid mapping of CF for a CRS of the closed table; GDAL reads `spatial_ref`."""
    found: dict[str, Any] = _pyproj(epsg).to_cf()
    return {**found, "spatial_ref": found["crs_wkt"]}


def projjson(epsg: int) -> dict[str, Any]:
    """A CRS of the closed table as PROJJSON, as GeoParquet says it."""
    found: dict[str, Any] = _pyproj(epsg).to_json_dict()
    return found


@lru_cache(256)
def _pyproj(epsg: int) -> pyproj.CRS:
    return pyproj.CRS.from_epsg(epsg)


@lru_cache(256)
def area_of_use(epsg: int) -> Box:
    """Where a CRS is meant to be used, in longitude and latitude."""
    area = _pyproj(epsg).area_of_use
    if area is None or area.west > area.east:
        return Box(west=-180.0, south=-90.0, east=180.0, north=90.0)
    return Box(west=area.west, south=area.south, east=area.east, north=area.north)


@lru_cache(256)
def _north_first(epsg: int) -> bool:
    return _pyproj(epsg).axis_info[0].direction.lower() == "north"


@lru_cache(1_024)
def _transformer(source: int, target: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(_pyproj(source), _pyproj(target), always_xy=True)
