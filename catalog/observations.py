# SPDX-License-Identifier: Apache-2.0
"""The one way to observations for every protocol (SOS, SensorThings, EDR, Features): rights are applied here, as in `catalog.service`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.observation import (
    Extent,
    Mark,
    Observed,
    Point,
    Seen,
    Series,
    SeriesQuery,
    Station,
)
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Summary
from catalog.model.time import Micros
from catalog.query import And, By, Compare, Filter, Or, Property, Relation, equal, measure
from catalog.store.sensing import Sensing
from catalog.store.stations import Stations
from config.limits import Limits

_NOTHING = Or(())
Hidden = Callable[[Principal], tuple[str, ...]]
"""The collections that do not exist for somebody."""


class Observations:
    """Stations, series, points."""

    def __init__(self, table: Stations, sensing: Sensing, limits: Limits, hidden: Hidden) -> None:
        self._table, self._sensing, self._limits, self._hidden = table, sensing, limits, hidden

    def station_ids(self, names: Sequence[str], who: Principal, deadline: Deadline) -> tuple[str, ...]:
        """The ids of stations by any of their names. Raises Fault UNKNOWN_STATION for the first that nobody has."""
        found = self._table.named(names, self._hidden(who), deadline)
        for name in names:
            if name not in found:
                raise Fault(Kind.UNKNOWN_STATION, f"there is no station {name[:80]!r}")
        return tuple(dict.fromkeys(found[name] for name in names))

    def stations(self, query: SeriesQuery, who: Principal, deadline: Deadline) -> tuple[Station, ...]:
        """The stations of a query, by id. Raises Fault TOO_LARGE above the limit."""
        most = self._limits.stations
        found = self._table.stations(query, self._hidden(who), most + 1, deadline)
        if len(found) > most:
            raise too_large("more stations", most, "limits.stations")
        return found

    def series(self, query: SeriesQuery, who: Principal, deadline: Deadline) -> tuple[Series, ...]:
        """The series of a query, by station and property. Raises Fault TOO_LARGE above the limit."""
        most = self._limits.stations
        found = self._table.series(query, self._hidden(who), most + 1, deadline)
        if len(found) > most:
            raise too_large("more series", most, "limits.stations")
        return found

    def points(self, series: Series, query: SeriesQuery, deadline: Deadline) -> Iterator[Sequence[Point]]:
        """The points of a series in a query's time, oldest first, a page after the other.

        Each page is a query of its own, so a slow reader holds no connection and no snapshot; what is published in between may show.
        """
        start, page = query.start, self._limits.points_page
        while True:
            found = self._table.points(series.key, start, query.end, page, deadline)
            if found:
                yield found
            if len(found) < page:
                return
            start = Micros(found[-1].time + 1)

    def extent(self, series: Series, query: SeriesQuery, deadline: Deadline) -> Extent | None:
        """When a series' points in a query's time are, and how many; None when it has none there."""
        if (query.start is None or query.start <= series.first) and (
            query.end is None or series.last < query.end
        ):
            return Extent(series.first, series.last, series.count)
        return self._table.bounds(series.key, query.start, query.end, deadline)

    def latest(self, series: Sequence[Series], deadline: Deadline) -> dict[int, Point]:
        """The newest point of each series, by its key."""
        return self._table.latest(series, deadline)

    def seen(self, query: SeriesQuery, who: Principal, limit: int, deadline: Deadline) -> tuple[Seen, ...]:
        """At most `limit` stations of a query with their series and newest values."""
        hidden = self._hidden(who)
        stations = self._table.stations(query, hidden, limit, deadline)
        if not stations:
            return ()
        mine = replace(query, stations=tuple(station.id for station in stations), area=None)
        series = self._table.series(mine, hidden, self._limits.stations, deadline)
        latest = self._table.latest(series, deadline)
        having: dict[str, list[Series]] = {}
        for one in series:
            having.setdefault(one.station, []).append(one)
        return tuple(
            Seen(
                station,
                tuple(own := having.get(station.id, [])),
                {one.observed_property: latest[one.key] for one in own if one.key in latest},
            )
            for station in stations
        )

    def find(
        self, tree: Filter, collection: str, who: Principal, limit: int, after: str, deadline: Deadline
    ) -> tuple[Seen, ...]:
        """Stations of a collection by a filter, in the order of their ids, behind the station `after`; with their series of it."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        if collection in self._hidden(who):
            return ()
        ids = self._table.find(tree, collection, limit, after, deadline)
        if not ids:
            return ()
        return self.seen(SeriesQuery(collections=(collection,), stations=ids), who, limit, deadline)

    def count(self, tree: Filter, collection: str, who: Principal, deadline: Deadline) -> int:
        """How many stations `find` would find without a limit."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return 0 if collection in self._hidden(who) else self._table.count(tree, collection, deadline)

    def things(
        self,
        tree: Filter,
        who: Principal,
        limit: int,
        offset: int,
        deadline: Deadline,
        *,
        order: Sequence[By] = (),
        collection: str = "",
    ) -> tuple[Station, ...]:
        """Stations of all collections, or of one, by a filter; what `order` leaves open is by id."""
        return self._sensing.stations(
            self._measured(tree), self._hidden(who), order, limit, offset, deadline, collection=collection
        )

    def count_things(self, tree: Filter, who: Principal, deadline: Deadline) -> int:
        """How many there are."""
        return self._sensing.count_stations(self._measured(tree), self._hidden(who), deadline)

    def streams(
        self,
        tree: Filter,
        who: Principal,
        limit: int,
        offset: int,
        deadline: Deadline,
        *,
        order: Sequence[By] = (),
    ) -> tuple[Series, ...]:
        """Current series by a filter; what `order` leaves open is by station, collection and property."""
        return self._sensing.series(self._measured(tree), self._hidden(who), order, limit, offset, deadline)

    def delivered(self, tree: Filter, who: Principal, limit: int, deadline: Deadline) -> tuple[Series, ...]:
        """The series of a filter whose observations came last, the newest first."""
        return self._sensing.delivered(self._measured(tree), self._hidden(who), limit, deadline)

    def size(self, tree: Filter, who: Principal, deadline: Deadline) -> tuple[int, int]:
        """How many series a filter has, and how many points these have in all."""
        return self._sensing.size(self._measured(tree), self._hidden(who), deadline)

    def count_streams(self, tree: Filter, who: Principal, deadline: Deadline) -> int:
        """How many there are."""
        return self._sensing.count_series(self._measured(tree), self._hidden(who), deadline)

    def observed(
        self, tree: Filter, who: Principal, order: Sequence[By], limit: int, offset: int, deadline: Deadline
    ) -> tuple[Observed, ...]:
        """Points of current series by a filter; what `order` leaves open is by series and time."""
        return self._sensing.observations(
            self._measured(tree), self._hidden(who), order, limit, offset, deadline
        )

    def count_observed(self, tree: Filter, who: Principal, deadline: Deadline) -> int:
        """How many there are."""
        return self._sensing.count_observations(self._measured(tree), self._hidden(who), deadline)

    def _measured(self, tree: Filter) -> Filter:
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return tree

    def marks(
        self, collection: str, area: Box, shown: str, who: Principal, deadline: Deadline
    ) -> tuple[Mark, ...]:
        """The stations in an area with the newest value of a property, for a map."""
        return self._table.marks(collection, area, shown, self._hidden(who), self._limits.stations, deadline)

    def summary(self, collection: str, who: Principal, deadline: Deadline) -> Summary:
        """How many stations a collection has, where, and from when to when."""
        return self._table.summary(collection, self._hidden(who), deadline)

    def properties(self, collection: str, deadline: Deadline) -> tuple[str, ...]:
        """The properties that a collection has series of."""
        return self._table.properties(collection, deadline)


def series_named(name: str) -> Filter:
    """The series of an id; station ids may have dots, the two other parts have none."""
    parts = name.rsplit(".", 2)
    if len(parts) != 3:
        return _NOTHING
    properties = (Property.STATION, Property.COLLECTION, Property.OBSERVED)
    return And(tuple(equal(one, part) for one, part in zip(properties, parts, strict=True)))


def split_observation(name: str) -> tuple[str, Micros] | None:
    """The id of the series and the time of an observation's id; None where it is none."""
    series, _, time = name.rpartition(".")
    if not (time.lstrip("-").isascii() and time.lstrip("-").isdigit() and len(time) < 19):
        return None
    return series, Micros(int(time))


def observation_named(name: str) -> Filter:
    """The observation of an id: that of its series, and its time in microseconds."""
    found = split_observation(name)
    if found is None:
        return _NOTHING
    return And((series_named(found[0]), Compare(Property.TIME, Relation.EQUAL, found[1])))
