# SPDX-License-Identifier: Apache-2.0
"""Data queries (19-086r6, clause 8): the same few parameters for all, read once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catalog.crs import CRS84, Crs, box_from, read_crs, transform, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.time import Period
from ogc.filter.values import read_box, read_geometry, read_period, read_wkt
from ogc.http.fields import Field, at_least, boolean, list_of, number, plain, shown

_UNITS = {
    "m": 1.0,
    "meter": 1.0,
    "metre": 1.0,
    "meters": 1.0,
    "metres": 1.0,
    "km": 1_000.0,
    "kilometer": 1_000.0,
    "kilometre": 1_000.0,
    "mi": 1_609.344,
    "miles": 1_609.344,
}
COORDS = Field("coords", read_wkt)
BBOX = Field("bbox", list_of(number, 6))
DATETIME = Field("datetime", read_period)
NAMES = Field("parameter-name", list_of(plain, 100))
CRS = Field("crs", lambda text: read_crs("OGC:CRS84" if text.upper() == "CRS84" else text, "crs"))
WITHIN = Field("within", number)
WITHIN_UNITS = Field("within-units", plain)
COLUMNS = Field("resolution-x", at_least(1))
ROWS = Field("resolution-y", at_least(1))
CLEAR = Field("clear", boolean)
LIMIT = Field("limit", at_least(1))
OTHER_NAMES = Field("parameter_names", list_of(plain, 100))
"""As OWSLib writes it."""
COMMON = ("datetime", "parameter-name", "parameter_names", "crs", "clear")


class Query(Enum):
    """The queries, each with the parameters of its own."""

    POSITION = "position"
    RADIUS = "radius"
    AREA = "area"
    CUBE = "cube"
    LOCATIONS = "locations"

    @property
    def parameters(self) -> tuple[str, ...]:
        """What it takes besides `f`."""
        own = {
            Query.POSITION: ("coords",), Query.AREA: ("coords", "resolution-x", "resolution-y"), Query.RADIUS: ("coords", "within", "within-units"),
            Query.CUBE: ("bbox", "resolution-x", "resolution-y"), Query.LOCATIONS: (),
        }[self]  # fmt: skip
        return (*own, *COMMON)


class Form(Enum):
    """The forms of an answer, as `f` calls them."""

    COVERAGE_JSON = "CoverageJSON"
    GEOJSON = "GeoJSON"
    CSV = "CSV"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return {
            Form.COVERAGE_JSON: "application/prs.coverage+json",
            Form.GEOJSON: "application/geo+json",
            Form.CSV: "text/csv",
        }[self]


@dataclass(frozen=True)
class DataRequest:
    """What is asked of a collection."""

    query: Query
    area: BaseGeometry | None
    """In longitude and latitude; None for a location, which is named."""
    period: Period | None
    names: tuple[str, ...]
    """Parameters; all of them when empty."""
    crs: Crs
    """Of the coordinates of question and answer."""
    clear: bool
    """Only values that the product's own mask calls clear."""
    within: float = 0.0
    """Metres."""
    box: Box | None = None
    """What an area or a cube covers, in the CRS."""
    size: tuple[int, int] | None = None
    """Columns and rows."""


_KINDS = {
    Query.POSITION: ("Point", "MultiPoint"), Query.RADIUS: ("Point",), Query.AREA: ("Polygon", "MultiPolygon"),
}  # fmt: skip


def read_request(query: Query, kvp: dict[str, str]) -> DataRequest:
    """The request of a query string. Raises Fault MISSING or INVALID with the parameter as the locator."""
    crs = CRS.read_or(kvp, CRS84)
    within = 0.0
    area: BaseGeometry | None = None
    box: Box | None = None
    if query is Query.CUBE:
        box = _corners(BBOX.read(kvp), crs)
        area = read_box(_bounds_in_degrees(box, crs))
    elif query is not Query.LOCATIONS:
        given = COORDS.read(kvp)
        kinds = _KINDS[query]
        if given.geom_type not in kinds:
            wanted = " or ".join(kinds).upper()
            raise Fault(Kind.INVALID, f"coords: a {query.value} is asked with {wanted}", "coords")
        box, area = _corners(given.bounds, crs), _in_degrees(given, crs)
    if query is Query.RADIUS:
        unit = WITHIN_UNITS.read(kvp)
        if unit.lower() not in _UNITS:
            raise Fault(
                Kind.INVALID, f"within-units: {shown(unit)} is none of {', '.join(_UNITS)}", "within-units"
            )
        within = WITHIN.read(kvp) * _UNITS[unit.lower()]
        if not 0 < within <= 2_000_000:
            raise Fault(Kind.INVALID, "within: is more than nothing and at most 2,000 km", "within")
    names = tuple(dict.fromkeys((*NAMES.read_or(kvp, ()), *OTHER_NAMES.read_or(kvp, ()))))
    columns, rows = COLUMNS.read_or(kvp, 0), ROWS.read_or(kvp, 0)
    if bool(columns) != bool(rows):
        raise Fault(Kind.INVALID, "resolution-x and resolution-y come together", "resolution-x")
    return DataRequest(
        query, area, DATETIME.read_or(kvp, None), names, crs, CLEAR.read_or(kvp, False), within, box,
        (columns, rows) if columns else None,
    )  # fmt: skip


def read_form(text: str | None, accept: str) -> Form:
    """`f`, else the Accept header, else CoverageJSON. Raises Fault INVALID."""
    if text is None:
        wanted = {part.split(";")[0].strip().lower() for part in accept.split(",")}
        return next((one for one in Form if one.media_type in wanted), Form.COVERAGE_JSON)
    for one in Form:
        if text.lower() in (one.value.lower(), one.media_type) or (
            text.lower() == "json" and one is Form.COVERAGE_JSON
        ):
            return one
    raise Fault(Kind.INVALID, f"f: {shown(text)} is none of {', '.join(one.value for one in Form)}", "f")


def _in_degrees(shape: BaseGeometry, crs: Crs) -> BaseGeometry:
    """A geometry in the axis order of its CRS to longitude and latitude. Raises Fault INVALID outside of the world."""

    def move(
        x: np.ndarray[tuple[int], np.dtype[np.float64]], y: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> tuple[object, object]:
        east, north = (y, x) if crs.north_first else (x, y)
        return transform(crs.epsg, 4326, east, north)

    found = shape if crs == CRS84 else shapely.transform(shape, move, interleaved=False)
    return read_geometry(shapely.geometry.mapping(found), "coords")


def _corners(values: tuple[float, ...], crs: Crs) -> Box:
    """A box of four or six numbers in the axis order of its CRS. Raises Fault INVALID."""
    if len(values) not in (4, 6):
        raise Fault(Kind.INVALID, "bbox: is four or six numbers", "bbox")
    low, high = values[:2], values[len(values) // 2 : len(values) // 2 + 2]
    return box_from((low[0], low[1], high[0], high[1]), crs)


def _bounds_in_degrees(box: Box, crs: Crs) -> list[float]:
    """West, south, east, north in degrees. Raises Fault INVALID for a box outside of its CRS."""
    if crs.epsg == CRS84.epsg:
        return [box.west, box.south, box.east, box.north]
    found = transform_box(box, crs.epsg, 4326)
    if found is None:
        raise Fault(Kind.INVALID, "bbox: does not lie in its CRS", "bbox")
    return [found.west, found.south, found.east, found.north]
