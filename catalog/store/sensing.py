# SPDX-License-Identifier: Apache-2.0
"""Stations, series and observations by filters of any shape: what SensorThings asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from catalog.model.observation import Observed, Series, Station
from catalog.model.principal import Deadline
from catalog.query import And, By, Filter, Property
from catalog.store import compile as sql
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.stations import (
    POINT,
    aliases_of,
    point_of,
    series_of,
    station_of,
    stations_target,
    target_of,
)

_S, _R, _O = tables.station.c, tables.series.c, tables.observation.c
_SERIES: dict[Property, ColumnElement[Any]] = {
    Property.STATION: _S.id, Property.NAME: _S.name, Property.WATER: _S.water, Property.BASIN: _S.basin, Property.COUNTRY: _S.country,
    Property.BODY: _S.body, Property.COLLECTION: _R.collection, Property.OBSERVED: _R.property, Property.START: _R.first_us,
    Property.END: _R.last_us + 1, Property.POINTS: _R.points, Property.MODIFIED: _R.modified_us,
}  # fmt: skip
_STREAMS = stations_target(_SERIES)
_POINTS = stations_target(
    {**_SERIES, Property.TIME: _O.time_us, Property.VALUE: _O.value, Property.UNCERTAINTY: _O.uncertainty}
)
_STATION_KEY, _SERIES_KEY, _POINT_KEY = (_S.id,), (_S.id, _R.collection, _R.property), (_O.series, _O.time_us)
_PLACED = select(tables.series, _S.id.label("station_id"), _S.lon, _S.lat).join(
    tables.station, _S.key == _R.station
)
"""Series with what `series_of` needs of their stations."""


class Sensing:
    """Reading. `hidden` are the collections that do not exist for the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stations(
        self,
        tree: Filter,
        hidden: Sequence[str],
        order: Sequence[By],
        limit: int,
        offset: int,
        deadline: Deadline,
        *,
        collection: str = "",
    ) -> tuple[Station, ...]:
        """Stations that have a series."""
        target, held = target_of(
            _seen(hidden) if not collection else and_(_seen(hidden), _R.collection == collection)
        )
        query = select(tables.station).where(held, self._where(tree, target))
        query = query.order_by(*_sorted(order, target.columns, _STATION_KEY)).limit(limit).offset(offset)
        with self._database.reading(deadline) as connection:
            rows = connection.execute(query).all()
            aliases = aliases_of(connection, [row.key for row in rows])
        return tuple(station_of(row, aliases.get(row.key, ())) for row in rows)

    def count_stations(self, tree: Filter, hidden: Sequence[str], deadline: Deadline) -> int:
        """How many there are."""
        if tree == And(()):  # everything: the index of series knows without a look at each station
            return self._count(select(func.count(_R.station.distinct())).where(_seen(hidden)), deadline)
        target, held = target_of(_seen(hidden))
        query = select(func.count()).select_from(tables.station)
        return self._count(query.where(held, self._where(tree, target)), deadline)

    def series(
        self,
        tree: Filter,
        hidden: Sequence[str],
        order: Sequence[By],
        limit: int,
        offset: int,
        deadline: Deadline,
    ) -> tuple[Series, ...]:
        """Current series."""
        query = _PLACED.where(_seen(hidden), self._where(tree, _STREAMS))
        query = query.order_by(*_sorted(order, _STREAMS.columns, _SERIES_KEY)).limit(limit).offset(offset)
        with self._database.reading(deadline) as connection:
            return tuple(series_of(row) for row in connection.execute(query))

    def delivered(
        self, tree: Filter, hidden: Sequence[str], limit: int, deadline: Deadline
    ) -> tuple[Series, ...]:
        """Current series, that which changed last first."""
        query = _PLACED.where(_seen(hidden), self._where(tree, _STREAMS))
        query = query.order_by(_R.modified_us.desc(), _R.key.desc()).limit(limit)
        with self._database.reading(deadline) as connection:
            return tuple(series_of(row) for row in connection.execute(query))

    def size(self, tree: Filter, hidden: Sequence[str], deadline: Deadline) -> tuple[int, int]:
        """How many current series there are, and how many points they have."""
        columns: tuple[ColumnElement[Any], ...] = (func.count(), func.coalesce(func.sum(_R.points), 0))
        query = select(*columns).select_from(tables.series).join(tables.station, _S.key == _R.station)
        with self._database.reading(deadline) as connection:
            count, points = connection.execute(query.where(_seen(hidden), self._where(tree, _STREAMS))).one()
        return count, int(points)

    def count_series(self, tree: Filter, hidden: Sequence[str], deadline: Deadline) -> int:
        """How many there are."""
        query = select(func.count()).select_from(tables.series).join(tables.station, _S.key == _R.station)
        return self._count(query.where(_seen(hidden), self._where(tree, _STREAMS)), deadline)

    def observations(
        self,
        tree: Filter,
        hidden: Sequence[str],
        order: Sequence[By],
        limit: int,
        offset: int,
        deadline: Deadline,
    ) -> tuple[Observed, ...]:
        """Points of current series."""
        query = self._points(select(_S.id, _R.collection, _R.property, *POINT), tree, hidden)
        query = query.order_by(*_sorted(order, _POINTS.columns, _POINT_KEY)).limit(limit).offset(offset)
        with self._database.reading(deadline) as connection:
            return tuple(
                Observed(row[0], row[1], row[2], point_of(row[3:])) for row in connection.execute(query)
            )

    def count_observations(self, tree: Filter, hidden: Sequence[str], deadline: Deadline) -> int:
        """How many there are."""
        return self._count(self._points(select(func.count()), tree, hidden), deadline)

    def _points(self, query: Select[Any], tree: Filter, hidden: Sequence[str]) -> Select[Any]:
        joined = query.select_from(tables.observation).join(tables.series, _R.key == _O.series)
        return joined.join(tables.station, _S.key == _R.station).where(
            _seen(hidden), self._where(tree, _POINTS)
        )

    def _where(self, tree: Filter, target: sql.Target) -> ColumnElement[bool]:
        return sql.where(tree, self._database.dialect, target)

    def _count(self, query: Select[Any], deadline: Deadline) -> int:
        with self._database.reading(deadline) as connection:
            return int(connection.execute(query).scalar_one())


def _sorted(
    order: Sequence[By],
    columns: Mapping[Property, ColumnElement[Any]],
    key: tuple[ColumnElement[Any], ...],
) -> Iterator[ColumnElement[Any]]:
    """The columns of an order; the key comes last, so that it is total. A direction that nobody asked for is that of the first."""
    for by in order:
        for column in (columns[by.property],) if by.property else key:
            yield column.desc() if by.down else column
        if by.property is None:
            return
    yield from (one.desc() for one in key) if order and order[0].down else key


def _seen(hidden: Sequence[str]) -> ColumnElement[bool]:
    """Current series of collections that exist for the caller."""
    return and_(_R.current == 1, _R.collection.not_in(hidden)) if hidden else _R.current == 1
