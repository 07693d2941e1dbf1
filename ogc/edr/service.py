# SPDX-License-Identifier: Apache-2.0
"""Data queries to values: pixel series and grids of rasters, series of stations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.crs import CRS84, Crs, transform, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.observation import Series, SeriesQuery, Station
from catalog.model.principal import Deadline, Principal
from catalog.model.time import DAY_MICROS, Day, Micros, Period, day_of, day_text, read_instant
from catalog.query import And, Filter, Property, equal
from catalog.service import Catalog
from config.collections import Collection
from config.product_types import ProductType
from config.series_types import SeriesType
from config.settings import Settings
from ogc.edr.request import DataRequest, Query
from ogc.edr.values import Found, GridStack, Parameter, PointSeries
from ogc.filter.values import FOREVER, around, intersects
from ogc.http.fields import shown
from tiles.frame import Frame
from tiles.queries import ExtractQuery
from tiles.service import Tiles

_METRES_PER_DEGREE = 111_319.49
_NEAR = 5_000.0
"""Metres: a station this near to a position answers for it."""
_EARTH = Geod(ellps="WGS84")
_MOST_STATIONS = 1_000


def queries_of(kind: Collection, *, places: bool) -> tuple[Query, ...]:
    """The queries that a collection answers; rasters have locations where there are named places."""
    if isinstance(kind, ProductType):
        return (Query.POSITION, Query.AREA, Query.CUBE, *((Query.LOCATIONS,) if places else ()))
    return (Query.POSITION, Query.RADIUS, Query.AREA, Query.CUBE, Query.LOCATIONS)


def parameters_of(kind: Collection) -> tuple[Parameter, ...]:
    """The bands that are data, or the observed properties."""
    if isinstance(kind, ProductType):
        return tuple(
            Parameter(name, band.title.en, band.unit)
            for name, band in kind.bands.items()
            if band.role == "data"
        )
    return tuple(
        Parameter(name, one.title.en, one.unit, one.definition) for name, one in kind.properties.items()
    )


PlaceOf = Callable[[str, Principal, Deadline], Mapping[str, Any]]
"""The feature of a named place, by its id. Raises Fault UNKNOWN_PRODUCT."""


class EdrService:
    """Answers data queries; safe to share between threads."""

    def __init__(self, catalog: Catalog, tiles: Tiles, settings: Settings, place: PlaceOf) -> None:
        self._catalog, self._tiles, self._settings, self._place = catalog, tiles, settings, place

    def answer(self, kind: Collection, request: DataRequest, who: Principal, location: str = "") -> Found:
        """The values of a request. Raises Fault."""
        deadline = Deadline.after(self._settings.limits.render_seconds)
        if request.query not in queries_of(kind, places=bool(self._settings.places)):
            raise Fault(Kind.UNKNOWN_LAYER, f"{kind.id} has no {request.query.value} query", "query")
        parts, most = shapely.get_num_geometries(request.area), self._settings.limits.edr_parts
        if request.area is not None and parts > most:
            raise too_large(f"coords: {parts} points or polygons", most, "limits.edr_parts", "coords")
        parameters = _chosen(kind, request.names)
        if isinstance(kind, SeriesType):
            return self._stations(kind, parameters, request, who, deadline, location)
        if request.query is Query.LOCATIONS:
            request = self._placed(location, request, who, deadline)
        if request.query is Query.POSITION:
            return self._pixels(kind, parameters, request, who, deadline)
        return self._grid(kind, parameters, request, who, deadline)

    def _placed(self, location: str, request: DataRequest, who: Principal, deadline: Deadline) -> DataRequest:
        """The area of a named place. Raises Fault UNKNOWN_PRODUCT for one that there is not, TOO_LARGE, INVALID."""
        found = self._place(location, who, deadline)
        geometry = found.get("geometry") or {}
        if geometry.get("type") not in ("Polygon", "MultiPolygon"):
            raise Fault(Kind.INVALID, f"{shown(location)} is not a polygon", "locationId")
        area = shapely.force_2d(shape(geometry))
        parts, most = shapely.get_num_geometries(area), self._settings.limits.edr_parts
        if parts > most:
            raise too_large(f"{shown(location)}: {parts} polygons", most, "limits.edr_parts", "locationId")
        west, south, east, north = area.bounds
        if west < -180 or south < -90 or east > 180 or north > 90:
            raise Fault(
                Kind.UNAVAILABLE,
                f"{shown(location)} is not in longitude and latitude; the operator can mend it",
            )
        degrees = Box(west=west, south=south, east=east, north=north)
        box = (
            degrees
            if request.crs.epsg == CRS84.epsg
            else transform_box(degrees, CRS84.epsg, request.crs.epsg)
        )
        if box is None:
            raise Fault(Kind.INVALID, f"{shown(location)} does not lie in {request.crs.name}", "crs")
        return replace(request, query=Query.AREA, area=area, box=box)

    def _pixels(
        self,
        kind: ProductType,
        parameters: tuple[Parameter, ...],
        request: DataRequest,
        who: Principal,
        deadline: Deadline,
    ) -> Found:
        """The series of the pixels under the points."""
        assert request.area is not None
        names = tuple(one.name for one in parameters)
        series = []
        for number, point in enumerate(shapely.get_parts(request.area)):
            found = self._tiles.series_at(
                kind, names, point.x, point.y, request.period, who, deadline, clear=request.clear
            )
            x, y = _moved(point.x, point.y, request.crs)
            series.append(
                PointSeries(
                    f"{kind.id}.{number}", x, y, [one.product.period.start for one in found],
                    {name: [one.values.get(name) for one in found] for name in names}, [one.product.id for one in found],
                )
            )  # fmt: skip
        return Found(parameters, request.crs, tuple(one for one in series if one.times) or tuple(series[:1]))

    def _grid(
        self,
        kind: ProductType,
        parameters: tuple[Parameter, ...],
        request: DataRequest,
        who: Principal,
        deadline: Deadline,
    ) -> Found:
        """A layer for each day that has a product there; without a time that of the latest one."""
        assert request.area is not None
        frame, days = self._frame(kind, request, who, deadline), self._days(kind, request, who, deadline)
        cost, most = (
            frame.width * frame.height * len(days) * len(parameters),
            self._settings.limits.edr_values,
        )
        if cost > most:
            raise too_large(
                f"{cost} values; ask for less, or for a coverage of the WCS", most, "limits.edr_values"
            )
        x, y = _centres(frame)
        inside = _inside(request.area, frame, x, y) if request.query is Query.AREA else None
        values = {
            one.name: np.stack([self._layer(kind, one.name, day, frame, who, deadline) for day in days])
            if days
            else np.empty((0, frame.height, frame.width))
            for one in parameters
        }
        if inside is not None:
            for layer in values.values():
                layer[:, ~inside] = np.nan
        times = [Micros(day * DAY_MICROS) for day in days]
        return Found(parameters, request.crs, grid=GridStack(x, y, times, values))

    def _layer(
        self, kind: ProductType, name: str, day: Day, frame: Frame, who: Principal, deadline: Deadline
    ) -> NDArray[np.float64]:
        """A band of a day in its unit."""
        band = kind.bands[name]
        found = self._tiles.extract(
            ExtractQuery(kind, (name,), (read_instant(day_text(day)),)), frame, who, deadline
        )
        counts = found.counts[0].astype(np.float64)
        values: NDArray[np.float64] = counts * band.scale + band.offset
        for none in (*(band.nodata or ()), found.nodata[0]):
            values[counts == none] = np.nan
        return values

    def _frame(self, kind: ProductType, request: DataRequest, who: Principal, deadline: Deadline) -> Frame:
        """The grid of an answer: the box in the CRS of the answer, in pixels of about the size of the product's own."""
        box = request.box
        assert box is not None
        step = self._pixel(kind, who, deadline) / (_METRES_PER_DEGREE if request.crs.geographic else 1.0)
        if not (box.width and box.height):
            box = box.grown(step / 2, step / 2)
        if request.size:
            return Frame(request.crs, box, *request.size)
        most = self._settings.limits.coverage_side
        return Frame(
            request.crs, box, *(max(1, min(most, round(side / step))) for side in (box.width, box.height))
        )

    def _pixel(self, kind: ProductType, who: Principal, deadline: Deadline) -> float:
        """The side of the finest pixel of the newest product, in metres."""
        sizes = [
            asset.grid.pixel_width * (_METRES_PER_DEGREE if asset.grid.epsg == 4326 else 1.0)
            for product in self._catalog.search(equal(Property.COLLECTION, kind.id), who, deadline, limit=1)
            for asset in product.assets
            if asset.grid is not None
            and any(kind.bands[name].role == "data" for name in asset.bands if name in kind.bands)
        ]
        return min(sizes, default=10.0)

    def _days(self, kind: ProductType, request: DataRequest, who: Principal, deadline: Deadline) -> list[Day]:
        """The days of the products that meet the area in the time."""
        assert request.area is not None
        days = self._catalog.summary(kind.id, who, deadline).days
        if request.period is None:
            return [days[-1]] if days else []
        first, last = _first_day(request.period), _last_day(request.period)
        wanted = [day for day in days if first <= day <= last]
        if len(wanted) > self._settings.limits.series_products:
            raise too_large(
                f"{len(wanted)} days",
                self._settings.limits.series_products,
                "limits.series_products",
                "datetime",
            )
        met = {
            one.day
            for one in self._tiles.meeting(kind, intersects(request.area), request.period, who, deadline)
        }
        return [day for day in wanted if day in met]

    def _stations(
        self,
        kind: SeriesType,
        parameters: tuple[Parameter, ...],
        request: DataRequest,
        who: Principal,
        deadline: Deadline,
        location: str,
    ) -> Found:
        observations, period = self._catalog.observations, request.period
        stations = tuple(self._located(kind, request, who, deadline, location))
        query = SeriesQuery(
            (kind.id,), tuple(one.name for one in parameters), tuple(one.id for one in stations), None,
            period.start if period else None, period.end if period else None,
        )  # fmt: skip
        found = observations.series(query, who, deadline) if stations else ()
        most, count = self._settings.limits.edr_values, 0
        places, series = {one.id: one for one in stations}, []
        for one in found:
            made = self._series(one, places[one.station], query, request.crs, deadline)
            count += len(made.times)
            if count > most:
                raise too_large("more observations", most, "limits.edr_values", "datetime")
            if made.times:
                series.append(made)
        return Found(parameters, request.crs, tuple(series))

    def _series(
        self, series: Series, station: Station, query: SeriesQuery, crs: Crs, deadline: Deadline
    ) -> PointSeries:
        points = [
            point for page in self._catalog.observations.points(series, query, deadline) for point in page
        ]
        x, y = _moved(station.longitude, station.latitude, crs)
        values = {series.observed_property: [point.value for point in points]}
        return PointSeries(series.id, x, y, [point.time for point in points], values)

    def _located(
        self, kind: SeriesType, request: DataRequest, who: Principal, deadline: Deadline, location: str
    ) -> Iterator[Station]:
        """The stations of a query: the named one, the nearest one, those in an area or a distance."""
        observations = self._catalog.observations
        if request.query is Query.LOCATIONS:
            ids = observations.station_ids((location,), who, deadline)
            yield from observations.stations(SeriesQuery((kind.id,), (), ids), who, deadline)
            return
        assert request.area is not None
        if request.query in (Query.AREA, Query.CUBE):
            yield from self._found(kind, intersects(request.area), who, deadline)
            return
        reach = request.within if request.query is Query.RADIUS else _NEAR
        for point in shapely.get_parts(request.area):
            near = self._found(kind, intersects(around(point.x, point.y, reach)), who, deadline)
            away = {one.id: _EARTH.inv(point.x, point.y, one.longitude, one.latitude)[2] for one in near}
            close = sorted((one for one in near if away[one.id] <= reach), key=lambda one: away[one.id])
            yield from close if request.query is Query.RADIUS else close[:1]

    def _found(self, kind: SeriesType, tree: Filter, who: Principal, deadline: Deadline) -> list[Station]:
        rows = self._catalog.observations.find(And((tree,)), kind.id, who, _MOST_STATIONS + 1, "", deadline)
        if len(rows) > _MOST_STATIONS:
            raise too_large("more stations", _MOST_STATIONS, "a data query", "coords")
        return [one.station for one in rows]


def _chosen(kind: Collection, names: tuple[str, ...]) -> tuple[Parameter, ...]:
    """The parameters of a request. Raises Fault INVALID for one that there is not."""
    known = {one.name: one for one in parameters_of(kind)}
    if isinstance(kind, ProductType):
        known |= {
            name: Parameter(name, band.title.en, band.unit)
            for name, band in kind.bands.items()
            if name not in known
        }
    for name in names:
        if name not in known:
            raise Fault(
                Kind.INVALID,
                f"{kind.id} has no parameter {shown(name)}; there are {', '.join(known)}",
                "parameter-name",
            )
    return tuple(known[name] for name in names) if names else parameters_of(kind)


def _moved(longitude: float, latitude: float, crs: Crs) -> tuple[float, float]:
    """East and north of a place in a CRS."""
    if crs.epsg == CRS84.epsg:
        return longitude, latitude
    x, y = transform(4326, crs.epsg, np.array([longitude]), np.array([latitude]))
    if not (np.isfinite(x[0]) and np.isfinite(y[0])):
        raise Fault(Kind.INVALID, f"the place does not lie in {crs.name}", "crs")
    return float(x[0]), float(y[0])


def _centres(
    frame: Frame,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    across, down = frame.box.width / frame.width, frame.box.height / frame.height
    return (
        frame.box.west + (np.arange(frame.width, dtype=np.float64) + 0.5) * across,
        frame.box.north - (np.arange(frame.height, dtype=np.float64) + 0.5) * down,
    )


def _inside(
    area: BaseGeometry,
    frame: Frame,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """The pixels whose centres lie in an area."""
    across, down = np.meshgrid(x, y)
    longitude, latitude = transform(frame.crs.epsg, 4326, across, down)
    shapely.prepare(area)
    return np.asarray(shapely.contains_xy(area, longitude, latitude)).reshape(frame.height, frame.width)


def _first_day(period: Period) -> int:
    return -(2**40) if period.start <= FOREVER[0] else int(day_of(period.start))


def _last_day(period: Period) -> int:
    return 2**40 if period.end >= FOREVER[1] else int(day_of(Micros(period.end - 1)))
