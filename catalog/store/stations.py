# SPDX-License-Identifier: Apache-2.0
"""Stations, series and observations: reading, and the writing that a unit of work does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    update,
)

from catalog.geometry import footprint_boxes
from catalog.model.area import Box, union
from catalog.model.faults import Fault, Kind
from catalog.model.observation import (
    Delivery,
    Extent,
    Mark,
    Point,
    Quality,
    Series,
    SeriesQuery,
    Station,
    anomaly_of,
)
from catalog.model.principal import Deadline
from catalog.model.product import Summary, version_order
from catalog.model.time import Micros
from catalog.query import Filter, Property
from catalog.store import compile as sql
from catalog.store import tables
from catalog.store.database import Database

_S, _R, _O, _A = tables.station.c, tables.series.c, tables.observation.c, tables.station_alias.c
_CHUNK = 500
POINT = (_O.time_us, _O.value, _O.uncertainty, _O.quality, _O.mission)
"""The columns of a point, as `point_of` reads them."""
_QUALITIES: Mapping[str, Quality | None] = {"": None, **{one.value: one for one in Quality}}
T = TypeVar("T")


class Stations:
    """Reading. `hidden` are the collections that do not exist for the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def named(self, names: Sequence[str], hidden: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """Station ids by any of their names."""
        out: dict[str, str] = {}
        with self._database.reading(deadline) as connection:
            for part in _parts(names):
                query = (
                    select(_A.alias, _S.id)
                    .join(tables.station, _S.key == _A.station)
                    .where(_A.alias.in_(part), _S.collection.not_in(hidden))
                )
                out.update({row.alias: row.id for row in connection.execute(query)})
        return out

    def stations(
        self, query: SeriesQuery, hidden: Sequence[str], limit: int, deadline: Deadline
    ) -> tuple[Station, ...]:
        """The stations that have a series of a query, by id."""
        mine = _having(_series_condition(query, hidden))
        statement = select(tables.station).where(mine, self._place(query)).order_by(_S.id).limit(limit)
        with self._database.reading(deadline) as connection:
            rows = connection.execute(statement).all()
            aliases = aliases_of(connection, [row.key for row in rows])
        return tuple(station_of(row, aliases.get(row.key, ())) for row in rows)

    def find(
        self, tree: Filter, collection: str, limit: int, after: str, deadline: Deadline
    ) -> tuple[str, ...]:
        """The ids of the stations of a collection that a filter holds for, by id; `after` goes on behind one."""
        target, held = _target(collection)
        query = select(_S.id).where(held, sql.where(tree, self._database.dialect, target), _S.id > after)
        with self._database.reading(deadline) as connection:
            return tuple(connection.execute(query.order_by(_S.id).limit(limit)).scalars())

    def count(self, tree: Filter, collection: str, deadline: Deadline) -> int:
        """How many stations `find` would find without a limit."""
        target, held = _target(collection)
        query = select(func.count()).select_from(tables.station).where(held)
        with self._database.reading(deadline) as connection:
            found = connection.execute(query.where(sql.where(tree, self._database.dialect, target)))
            return int(found.scalar_one())

    def series(
        self, query: SeriesQuery, hidden: Sequence[str], limit: int, deadline: Deadline
    ) -> tuple[Series, ...]:
        """The current series of a query, by station and property."""
        statement = (
            select(tables.series, _S.id.label("station_id"), _S.lon, _S.lat)
            .join(tables.station, _S.key == _R.station)
            .where(_series_condition(query, hidden), self._place(query))
            .where(*self._narrowed(query))
            .order_by(_S.id, _R.collection, _R.property)
            .limit(limit)
        )
        with self._database.reading(deadline) as connection:
            return tuple(series_of(row) for row in connection.execute(statement))

    def points(
        self, series: int, start: Micros | None, end: Micros | None, limit: int, deadline: Deadline
    ) -> tuple[Point, ...]:
        """The first points of a series from `start` (included) to `end` (excluded), oldest first."""
        query = select(*POINT).where(_O.series == series).order_by(_O.time_us).limit(limit)
        query = _spanned(query, start, end)
        with self._database.reading(deadline) as connection:
            return tuple(map(point_of, connection.execute(query).all()))

    def bounds(
        self, series: int, start: Micros | None, end: Micros | None, deadline: Deadline
    ) -> Extent | None:
        """The times of the first and last point of a series in a span, and how many it has there; None when there is none."""
        columns: tuple[ColumnElement[Any], ...] = (func.min(_O.time_us), func.max(_O.time_us), func.count())
        query = _spanned(select(*columns).where(_O.series == series), start, end)
        with self._database.reading(deadline) as connection:
            first, last, count = connection.execute(query).one()
        return None if first is None else Extent(first, last, count)

    def latest(self, series: Sequence[Series], deadline: Deadline) -> dict[int, Point]:
        """The newest point of each series, by its key."""
        out: dict[int, Point] = {}
        with self._database.reading(deadline) as connection:
            for part in _parts([one.key for one in series]):
                query = (
                    select(_O.series, *POINT)
                    .join(tables.series, and_(_R.key == _O.series, _R.last_us == _O.time_us))
                    .where(_R.key.in_(part))
                )
                out.update({row.series: point_of(row[1:]) for row in connection.execute(query)})
        return out

    def marks(
        self, collection: str, area: Box, shown: str, hidden: Sequence[str], limit: int, deadline: Deadline
    ) -> tuple[Mark, ...]:
        """The stations of a collection in an area, with the newest value of a property: what a map needs."""
        if collection in hidden:
            return ()
        query = SeriesQuery(collections=(collection,), area=area)
        mine = _having(_series_condition(query, hidden))
        series = tables.series.alias()
        r = series.c
        statement = (
            select(
                _S.id,
                _S.lon,
                _S.lat,
                _S.name,
                tables.station_outline.c.wkb,
                _S.water,
                _S.distance_km,
                _O.value,
                r.mean,
                r.variance,
                r.points,
            )
            .select_from(tables.station)
            .outerjoin(
                series,
                and_(r.station == _S.key, r.collection == collection, r.property == shown, r.current == 1),
            )
            .outerjoin(tables.observation, and_(_O.series == r.key, _O.time_us == r.last_us))
            .outerjoin(tables.station_outline, tables.station_outline.c.station == _S.key)
            .where(mine, _S.key.in_(self._indexed(area)))
            .order_by(_S.key)
            .limit(limit)
        )
        with self._database.reading(deadline) as connection:
            return tuple(
                Mark(
                    row.lon,
                    row.lat,
                    row.name,
                    _label(row.name, row.water, row.distance_km),
                    row.value,
                    anomaly_of(row.value, row.mean, math.sqrt(max(0.0, row.variance)), row.points)
                    if row.value is not None
                    else None,
                    row.id,
                    row.wkb or b"",
                )
                for row in connection.execute(statement)
            )

    def summary(self, collection: str, hidden: Sequence[str], deadline: Deadline) -> Summary:
        """How many stations a collection has, where they are, and from when to when they were observed."""
        if collection in hidden:
            return Summary(collection, (), None, (), 0, None, None)
        query = (
            select(
                func.count(_S.key.distinct()), func.min(_S.lon), func.min(_S.lat), func.max(_S.lon), func.max(_S.lat),
                func.min(_R.first_us), func.max(_R.last_us),
            )
            .join(tables.station, _S.key == _R.station)
            .where(_R.collection == collection, _R.current == 1)
        )  # fmt: skip
        with self._database.reading(deadline) as connection:
            count, west, south, east, north, first, last = connection.execute(query).one()
        extent = Box(west=west, south=south, east=east, north=north) if count else None
        return Summary(collection, (), extent, (), count, first, last)

    def properties(self, collection: str, deadline: Deadline) -> tuple[str, ...]:
        """The properties that a collection has series of."""
        least = select(func.min(_R.property)).where(_R.collection == collection, _R.current == 1)
        out: list[str] = []
        with self._database.reading(deadline) as connection:
            found = connection.execute(least).scalar()
            while found is not None:  # by the index from each to the next one: there are few, of many series
                out.append(found)
                found = connection.execute(least.where(_R.property > found)).scalar()
        return tuple(out)

    def _narrowed(self, query: SeriesQuery) -> Iterator[ColumnElement[bool]]:
        """The place once more, of series by their stations' numbers: what makes the index of them the nearest way."""
        if query.stations:
            yield _R.station.in_(select(_S.key).where(_named(query.stations)))
        if query.area is not None:
            yield _R.station.in_(self._indexed(query.area))

    def _place(self, query: SeriesQuery) -> ColumnElement[bool]:
        """Stations by id and area. The index of boxes finds a little too much (32-bit floats), the coordinates decide."""
        found: ColumnElement[bool] = true()
        if query.stations:
            found = _named(query.stations)
        box = query.area
        if box is None:
            return found
        inside = self._indexed(box)
        exact = and_(_S.lon.between(box.west, box.east), _S.lat.between(box.south, box.north))
        return and_(found, _S.key.in_(inside), exact)

    def _indexed(self, box: Box) -> Select[Any]:
        """The stations whose boxes meet an area, by the index: of those with an outline, the outline's."""
        if self._database.dialect == "sqlite":
            c = tables.station_rtree.c
            return select(c.station).where(
                c.west <= box.east, c.east >= box.west, c.south <= box.north, c.north >= box.south
            )
        envelope = func.ST_MakeEnvelope(
            literal(box.west), literal(box.south), literal(box.east), literal(box.north), 4326
        )
        return select(tables.station_area.c.station.cast(BigInteger)).where(
            tables.station_area.c.area.op("&&")(envelope)
        )


def _target(collection: str) -> tuple[sql.Target, ColumnElement[bool]]:
    """The stations of a collection as a filter asks them by what their series of it have together, and whether one has any."""
    return target_of(and_(_R.collection == collection, _R.current == 1))


def target_of(series: ColumnElement[bool]) -> tuple[sql.Target, ColumnElement[bool]]:
    """The stations that have some series, as a filter asks them by what these have together, and whether a station has any.

    Each is a subquery about one station, so that a page of a million of them costs what it shows.
    """

    def together(column: ColumnElement[Any]) -> ColumnElement[Any]:
        own = select(column).where(_R.station == _S.key, series)
        return own.correlate(tables.station).scalar_subquery()

    columns: dict[Property, ColumnElement[Any]] = {
        Property.ID: _S.id, Property.NAME: _S.name, Property.WATER: _S.water, Property.BASIN: _S.basin, Property.COUNTRY: _S.country,
        Property.BODY: _S.body, Property.START: together(func.min(_R.first_us)), Property.END: together(func.max(_R.last_us) + 1),
        Property.POINTS: together(func.sum(_R.points)), Property.MODIFIED: together(func.max(_R.modified_us)),
    }  # fmt: skip
    return stations_target(columns), _having(series)


def _having(series: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a station has a series of some kind."""
    return exists().where(_R.station == _S.key, series).correlate(tables.station)


def stations_target(columns: Mapping[Property, ColumnElement[Any]]) -> sql.Target:
    """Something that stations have, as a filter asks it: by its columns, and by the place of the station."""
    place = (_S.lon, _S.lat, _S.lon, _S.lat)
    record = tables.record.c.station
    return sql.Target(
        tables.station, columns, tables.station_rtree, tables.station_area, "station", place, record
    )


class StationWriter:
    """Writing, inside a unit of work."""

    def __init__(self, connection: Connection, dialect: str) -> None:
        self._connection, self._dialect = connection, dialect

    def put(
        self, delivery: Delivery, collection: str, producer: str, at: Micros, source: str
    ) -> tuple[Station, str]:
        """Stores a delivery: its points replace those of the same series in the time that it spans, and others stay.

        Returns the station as it is now, and new, updated, or skipped when everything was here already.
        """
        key = self._key_of(delivery.station.aliases)
        outcome = "skipped"
        if key is None:
            if not delivery.placed:
                raise Fault(
                    Kind.UNKNOWN_STATION, f"no station {delivery.station.id[:80]!r} is known, and this does not say where it is"
                )  # fmt: skip
            key, outcome = self._insert(delivery.station, collection), "new"
        elif delivery.placed:
            self._update(key, delivery.station)
        for prop, points in delivery.points.items():
            if self._put_series(key, delivery, collection, producer, prop, points, at, source):
                outcome = "new" if outcome == "new" else "updated"
        return self.station(key), outcome

    def station(self, key: int) -> Station:
        """A station by its number."""
        row = self._connection.execute(select(tables.station).where(_S.key == key)).one()
        return station_of(row, aliases_of(self._connection, [key]).get(key, ()))

    def all(self) -> Iterator[tuple[Station, Micros, Micros]]:
        """Every station with the time of its first and last observation."""
        spans = (
            select(_R.station, func.min(_R.first_us), func.max(_R.last_us))
            .where(_R.current == 1)
            .group_by(_R.station)
        )
        for key, first, last in self._connection.execute(spans).all():
            yield self.station(key), first, last

    def span(self, key: int) -> tuple[Micros, Micros]:
        """When a station was first and last observed."""
        query = select(func.min(_R.first_us), func.max(_R.last_us)).where(_R.station == key, _R.current == 1)
        first, last = self._connection.execute(query).one()
        return first, last

    def _key_of(self, aliases: Sequence[str]) -> int | None:
        """The station that has one of these names; the first name that is known decides."""
        found = {
            row.alias: row.station
            for row in self._connection.execute(select(tables.station_alias).where(_A.alias.in_(aliases)))
        }
        return next((found[alias] for alias in aliases if alias in found), None)

    def _insert(self, station: Station, collection: str) -> int:
        values = {
            "id": station.id, "collection": collection, "body": station.body, "name": station.name, "water": station.water, "basin": station.basin,
            "country": station.country, "lon": station.longitude, "lat": station.latitude, "distance_km": station.distance_km,
        }  # fmt: skip
        key: int = self._connection.execute(
            insert(tables.station).values(values).returning(_S.key)
        ).scalar_one()
        self._put_box(key, station)
        self._put_outline(key, station)
        self._put_aliases(key, (station.id, *station.aliases))
        return key

    def _update(self, key: int, station: Station) -> None:
        """What a delivery says of its station, where it says something."""
        said: dict[str, object] = {"name": station.name, "lon": station.longitude, "lat": station.latitude}
        texts = {
            "water": station.water,
            "basin": station.basin,
            "country": station.country,
            "distance_km": station.distance_km,
        }
        said.update({name: value for name, value in texts.items() if value not in ("", None)})
        self._connection.execute(update(tables.station).where(_S.key == key).values(said))
        station = replace(station, outline=station.outline or self._outline(key))
        if self._dialect == "sqlite":
            self._connection.execute(delete(tables.station_rtree).where(tables.station_rtree.c.key == key))
        else:
            self._connection.execute(text("DELETE FROM station_box WHERE station = :key"), {"key": key})
        self._put_box(key, station)
        self._put_outline(key, station)
        self._put_aliases(key, station.aliases)

    def _outline(self, key: int) -> bytes:
        c = tables.station_outline.c
        return self._connection.execute(select(c.wkb).where(c.station == key)).scalar() or b""

    def _put_outline(self, key: int, station: Station) -> None:
        """Of a lake, which is seen in another shape each time, the newest."""
        table = tables.station_outline
        self._connection.execute(delete(table).where(table.c.station == key))
        if station.outline:
            self._connection.execute(insert(table).values(station=key, wkb=station.outline))

    def _put_box(self, key: int, station: Station) -> None:
        box = union((station.box, *footprint_boxes(station.outline))) if station.outline else station.box
        assert box is not None
        corners = {"west": box.west, "south": box.south, "east": box.east, "north": box.north, "station": key}
        if self._dialect == "sqlite":
            self._connection.execute(insert(tables.station_rtree).values(key=key, **corners))
        else:
            self._connection.execute(
                text(
                    "INSERT INTO station_box VALUES (:station, ST_MakeEnvelope(:west, :south, :east, :north, 4326))"
                ),
                corners,
            )

    def _put_aliases(self, key: int, aliases: Iterable[str]) -> None:
        wanted = dict.fromkeys(aliases)
        known = set(self._connection.execute(select(_A.alias).where(_A.alias.in_(list(wanted)))).scalars())
        rows = [{"alias": alias, "station": key} for alias in wanted if alias not in known]
        if rows:
            self._connection.execute(insert(tables.station_alias), rows)

    def _put_series(
        self,
        station: int,
        delivery: Delivery,
        collection: str,
        producer: str,
        prop: str,
        points: Sequence[Point],
        at: Micros,
        source: str,
    ) -> bool:
        """Stores the points of one property; false when they were all here."""
        version, datum = self._unsaid(station, delivery, collection, prop)
        identity = {
            "station": station, "collection": collection, "property": prop, "producer": producer, "version": version, "datum": datum,
        }  # fmt: skip
        key = self._connection.execute(
            select(_R.key).where(
                and_(true(), *(tables.series.c[name] == value for name, value in identity.items()))
            )
        ).scalar()
        if key is None:
            facts = {
                "quality": delivery.quality.value, "first_us": points[0].time, "last_us": points[-1].time, "points": 0, "modified_us": at,
                "source": source, "current": 0,
            }  # fmt: skip
            key = self._connection.execute(
                insert(tables.series).values({**identity, **facts}).returning(_R.key)
            ).scalar_one()
            self._choose_current(station, collection, prop)
        inside = and_(_O.series == key, _O.time_us >= points[0].time, _O.time_us <= points[-1].time)
        stored = self._connection.execute(select(*POINT).where(inside).order_by(_O.time_us)).all()
        if [point_of(row) for row in stored] == list(points):
            return False
        self._connection.execute(delete(tables.observation).where(inside))
        self._connection.execute(
            insert(tables.observation),
            [
                {
                    "series": key,
                    "time_us": point.time,
                    "value": point.value,
                    "uncertainty": point.uncertainty,
                    "quality": point.quality.value if point.quality else "",
                    "mission": point.mission,
                }
                for point in points
            ],
        )
        count, first, last, mean, square = self._connection.execute(
            select(
                func.count(), func.min(_O.time_us), func.max(_O.time_us), func.avg(_O.value), func.avg(_O.value * _O.value),
            ).where(_O.series == key)
        ).one()  # fmt: skip
        facts = {
            "mean": mean, "variance": max(0.0, square - mean * mean), "points": count, "first_us": first, "last_us": last, "modified_us": at,
            "source": source, "quality": delivery.quality.value,
        }  # fmt: skip
        self._connection.execute(update(tables.series).where(_R.key == key).values(facts))
        return True

    def _unsaid(self, station: int, delivery: Delivery, collection: str, prop: str) -> tuple[str, str]:
        """Version and datum of a delivery; what it does not say is that of the current series."""
        said = delivery.version, delivery.datum if prop.endswith("height") else ""
        mine = and_(
            _R.station == station, _R.collection == collection, _R.property == prop, _R.current == 1
        )  # fmt: skip
        here = self._connection.execute(select(_R.version, _R.datum).where(mine)).one_or_none()
        return said if here is None else (said[0] or here.version, said[1] or here.datum)

    def _choose_current(self, station: int, collection: str, prop: str) -> None:
        """Of several versions of a series the newest is the one that everybody sees."""
        mine = and_(_R.station == station, _R.collection == collection, _R.property == prop)
        rows = self._connection.execute(select(_R.key, _R.version).where(mine)).all()
        newest = max(rows, key=lambda row: (version_order(row.version), row.key)).key
        self._connection.execute(update(tables.series).where(mine).values(current=0))
        self._connection.execute(update(tables.series).where(_R.key == newest).values(current=1))


def _series_condition(query: SeriesQuery, hidden: Sequence[str]) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [_R.current == 1]
    if hidden:
        parts.append(_R.collection.not_in(hidden))
    if query.collections:
        parts.append(_R.collection.in_(query.collections))
    if query.properties:
        # as an expression, so that its index (for `properties`) is not taken: a million series have the same one
        parts.append((_R.property + "").in_(query.properties))
    if query.start is not None:
        parts.append(_R.last_us >= query.start)
    if query.end is not None:
        parts.append(_R.first_us < query.end)
    return and_(*parts)


def _named(stations: Sequence[str]) -> ColumnElement[bool]:
    """Stations by their ids."""
    return or_(false(), *(_S.id.in_(part) for part in _parts(stations)))


def _spanned(query: Select[Any], start: Micros | None, end: Micros | None) -> Select[Any]:
    if start is not None:
        query = query.where(_O.time_us >= start)
    return query if end is None else query.where(_O.time_us < end)


def aliases_of(connection: Connection, keys: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
    """The other names of stations, by key."""
    out: dict[int, tuple[str, ...]] = {}
    for part in _parts(keys):
        for row in connection.execute(
            select(tables.station_alias).where(_A.station.in_(part)).order_by(_A.alias)
        ):
            out[row.station] = (*out.get(row.station, ()), row.alias)
    return out


def point_of(row: Sequence[Any]) -> Point:
    """A point from the columns of POINT."""
    at, value, spread, quality, mission = row
    return Point(at, value, spread, _QUALITIES[quality], mission)


def station_of(row: Row[Any], aliases: tuple[str, ...]) -> Station:
    """A station from its row."""
    return Station(
        row.id,
        row.collection,
        row.body,
        row.name,
        row.water,
        row.basin,
        row.country,
        row.lon,
        row.lat,
        row.distance_km,
        aliases,
        row.key,
    )


def series_of(row: Row[Any]) -> Series:
    """A series from its row, with its station's id and place."""
    return Series(
        row.station_id, row.collection, row.property, row.producer, row.version, row.datum, Quality(row.quality), row.first_us, row.last_us,
        row.points, row.modified_us, row.source, row.key, row.mean, math.sqrt(max(0.0, row.variance)), (row.lon, row.lat),
    )  # fmt: skip


def _label(name: str, water: str, distance_km: float | None) -> str:
    """What is written beside a station on a map: the water and how far it is to its mouth, where these are known."""
    if water and distance_km is not None:
        return f"{water.title()}, km {distance_km:g}"
    return water.title() if water else name


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), _CHUNK):
        yield items[at : at + _CHUNK]
