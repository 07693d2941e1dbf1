# SPDX-License-Identifier: Apache-2.0
"""The stations of a collection as features, with what their series hold and their newest values."""

from __future__ import annotations

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Seen, SeriesQuery
from catalog.model.principal import Deadline, Principal
from catalog.model.time import micros_text
from catalog.query import Order, Property
from catalog.service import Catalog
from config.series_types import SeriesType
from ogc.common.blocks import link
from ogc.features.source import Asked, Document, Page, Where
from ogc.filter.queryables import Queryable, Type, Vocabulary

NAMES: Vocabulary = {
    "id": Queryable(Property.ID, Type.TEXT, "Id"), "name": Queryable(Property.NAME, Type.TEXT, "Name"),
    "water": Queryable(Property.WATER, Type.TEXT, "River or lake"), "basin": Queryable(Property.BASIN, Type.TEXT, "Basin"),
    "country": Queryable(Property.COUNTRY, Type.TEXT, "Country"), "body": Queryable(Property.BODY, Type.TEXT, "river or lake"),
    "datetime": Queryable(Property.START, Type.TIME, "From the first to the last observation", Property.END),
    "points": Queryable(Property.POINTS, Type.NUMBER, "Number of observations"), "updated": Queryable(Property.MODIFIED, Type.TIME, "Last delivery"),
}  # fmt: skip


class StationFeatures:
    """The stations that have a series of a collection."""

    item_type = "feature"
    names = NAMES
    filters = True

    def __init__(self, catalog: Catalog, kind: SeriesType) -> None:
        self._catalog, self._kind = catalog, kind
        self.sorts: dict[str, tuple[Order, Order]] = {}

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next stations, by id."""
        stations = self._catalog.observations
        rows = stations.find(asked.tree, self._kind.id, who, asked.limit + 1, asked.token, deadline)
        page = rows[: asked.limit]
        return Page(
            [self._feature(one, where) for one in page],
            stations.count(asked.tree, self._kind.id, who, deadline),
            page[-1].station.id if len(rows) > asked.limit else "",
        )

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """A station, by any of its names. Raises Fault UNKNOWN_STATION."""
        ids = self._catalog.observations.station_ids((name,), who, deadline)
        query = SeriesQuery(collections=(self._kind.id,), stations=ids)
        found = self._catalog.observations.seen(query, who, 1, deadline)
        if not found:
            raise Fault(
                Kind.UNKNOWN_STATION, f"there is no station {name[:80]!r} in {self._kind.id}", "featureId"
            )
        return self._feature(found[0], where)

    def _feature(self, seen: Seen, where: Where) -> Document:
        station, series = seen.station, seen.series
        values: Document = {
            "title": station.water or station.name, "name": station.name, "water": station.water, "basin": station.basin, "country": station.country,
            "body": station.body, "distance_km": station.distance_km,
        }  # fmt: skip
        if series:
            values |= {
                "start_datetime": micros_text(min(one.first for one in series)), "end_datetime": micros_text(max(one.last for one in series)),
                "points": sum(one.count for one in series), "updated": micros_text(max(one.modified for one in series)),
            }  # fmt: skip
        for name, point in seen.latest.items():
            values |= {name: point.value, f"{name}_time": micros_text(point.time)}
        page = f"{where.server}/stations/{station.id}"
        return {
            "type": "Feature", "id": station.id, "geometry": {"type": "Point", "coordinates": [station.longitude, station.latitude]},
            "properties": {name: value for name, value in values.items() if value not in (None, "")},
            "links": [link(page, "related", "Page of the station", "text/html")],
        }  # fmt: skip
