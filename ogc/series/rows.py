# SPDX-License-Identifier: Apache-2.0
"""Series with their stations and points, a page after the other: what every form of an export is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.model.faults import too_large
from catalog.model.observation import Point, Series, SeriesQuery, Station
from catalog.model.principal import Deadline, Principal
from catalog.query import By, Property
from catalog.service import Catalog
from config.series_types import ObservedProperty
from ogc.series.request import SeriesRequest

_PAGE = 500
"""Series that are read at a time."""


@dataclass(frozen=True)
class Told:
    """A series, what it measures and where."""

    series: Series
    station: Station
    observed: ObservedProperty


class SeriesReader:
    """Reads what a request asks for, for somebody, until a deadline."""

    def __init__(self, catalog: Catalog, request: SeriesRequest, who: Principal, deadline: Deadline) -> None:
        self._catalog, self._request, self._who, self._deadline = catalog, request, who, deadline

    def size(self) -> tuple[int, int]:
        """How many series there are, and how many points these have at all times."""
        return self._catalog.observations.size(self._request.tree, self._who, self._deadline)

    def series(self, most: int) -> Iterator[Told]:
        """The series, by station, collection and property. Raises Fault TOO_LARGE behind the first `most`."""
        offset = 0
        while True:
            found = self._catalog.observations.streams(
                self._request.tree, self._who, _PAGE, offset, self._deadline
            )
            yield from self._with_stations(found)
            offset += len(found)
            if len(found) < _PAGE:
                return
            if offset >= most:
                raise too_large("more series", most, "limits.export_series")

    def newest(self, limit: int) -> list[Told]:
        """The series whose observations came last."""
        found = self._catalog.observations.delivered(self._request.tree, self._who, limit, self._deadline)
        return list(self._with_stations(found))

    def first(self, limit: int) -> list[Told]:
        """The series whose observations came first."""
        found = self._catalog.observations.streams(
            self._request.tree, self._who, limit, 0, self._deadline, order=(By(Property.MODIFIED),)
        )
        return list(self._with_stations(found))

    def points(self, series: Series) -> Iterator[Sequence[Point]]:
        """The points of a series in the time that is asked for."""
        return self._catalog.observations.points(series, self._request.span, self._deadline)

    def latest(self, told: Sequence[Told]) -> dict[int, Point]:
        """The newest points of series, by their keys."""
        return self._catalog.observations.latest([one.series for one in told], self._deadline)

    def _with_stations(self, found: Sequence[Series]) -> Iterator[Told]:
        if not found:
            return
        ids = tuple(dict.fromkeys(one.station for one in found))
        stations = {
            one.id: one
            for one in self._catalog.observations.stations(
                SeriesQuery(stations=ids), self._who, self._deadline
            )
        }
        types = self._catalog.registry.series_types
        for one in found:
            yield Told(one, stations[one.station], types[one.collection].properties[one.observed_property])
