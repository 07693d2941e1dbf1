# SPDX-License-Identifier: Apache-2.0
"""Stations and series in both databases: names that change, slices that merge, versions, rights, records."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.observation import Delivery, Point, Quality, SeriesQuery, Station
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Principal, Role
from catalog.model.time import Micros, Period
from catalog.query import (
    And,
    Compare,
    During,
    Filter,
    Intersects,
    Missing,
    Order,
    Property,
    Relation,
    Text,
    equal,
)
from catalog.service import Catalog, open_catalog
from catalog.words import asked
from config.limits import Limits
from config.registry import load_registry

RIVERS = "hydroweb-rivers-operational"
HEIGHT = "water_surface_height"
BOB = Principal("bob", Role.USER, frozenset({"hydro"}))


@pytest.fixture
def catalog(database_url: str, tmp_path: Path) -> Iterator[Catalog]:
    made = open_catalog(
        database_url,
        load_registry(),
        Limits(points_page=2),
        tmp_path,
        {"hydroweb-rivers-research": ("hydro",)},
    )
    yield made
    made.close()


def station(
    name: str = "R_LOIRE_LOIRE_KM0617", number: str = "0000000000617", lon: float = 1.905, lat: float = 47.894
) -> Station:
    return Station(name, "", "river", name, "Loire", "Loire", "France", lon, lat, 617.0, (number, name))


def delivery(*values: tuple[int, float], at: Station | None = None, version: str = "") -> Delivery:
    points = tuple(Point(Micros(time * 60_000_000), value, 0.1) for time, value in values)
    return Delivery(
        at or station(), "hydroweb", "operational", version, "3855", Quality.UNCHECKED, {HEIGHT: points}
    )


def deliver(catalog: Catalog, found: Delivery, collection: str = RIVERS) -> str:
    return catalog.deliver(found, catalog.registry.series_types[collection], OPERATOR, "test")


def series(catalog: Catalog, who: Principal = ANONYMOUS, **query: object) -> list[list[tuple[int, float]]]:
    wanted, deadline = SeriesQuery(**query), Deadline.after(10)
    return [
        [
            (point.time // 60_000_000, point.value)
            for page in catalog.observations.points(one, wanted, deadline)
            for point in page
        ]
        for one in catalog.observations.series(wanted, who, deadline)
    ]


def test_what_was_delivered_is_read_page_by_page(catalog: Catalog) -> None:
    values = [(minute, float(minute)) for minute in range(7)]
    assert deliver(catalog, delivery(*values)) == "new"
    assert series(catalog) == [values]
    assert series(catalog, start=Micros(2 * 60_000_000), end=Micros(5 * 60_000_000)) == [values[2:5]]
    assert deliver(catalog, delivery(*values)) == "skipped"


def test_a_slice_replaces_its_own_span_and_leaves_the_rest(catalog: Catalog) -> None:
    deliver(catalog, delivery((1, 1.0), (3, 3.0), (5, 5.0), (9, 9.0)))
    assert deliver(catalog, delivery((3, 30.0), (4, 40.0), (5, 50.0))) == "updated"
    assert series(catalog) == [[(1, 1.0), (3, 30.0), (4, 40.0), (5, 50.0), (9, 9.0)]]
    one = catalog.observations.series(SeriesQuery(), ANONYMOUS, Deadline.after(10))[0]
    assert (one.count, one.first // 60_000_000, one.last // 60_000_000) == (5, 1, 9)


def test_a_station_keeps_its_id_when_it_is_renamed(catalog: Catalog) -> None:
    deliver(catalog, delivery((1, 1.0)))
    deliver(catalog, delivery((2, 2.0), at=station("R_LOIRE_LOIRE_KM0620")))
    deadline = Deadline.after(10)
    found = catalog.observations.stations(SeriesQuery(), ANONYMOUS, deadline)
    assert [(one.id, one.name) for one in found] == [("R_LOIRE_LOIRE_KM0617", "R_LOIRE_LOIRE_KM0620")]
    names = ["R_LOIRE_LOIRE_KM0617", "R_LOIRE_LOIRE_KM0620", "0000000000617"]
    assert catalog.observations.station_ids(names, ANONYMOUS, deadline) == ("R_LOIRE_LOIRE_KM0617",)
    assert series(catalog) == [[(1, 1.0), (2, 2.0)]]
    with pytest.raises(Fault) as caught:
        catalog.observations.station_ids(["R_LOIRE"], ANONYMOUS, deadline)
    assert caught.value.kind is Kind.UNKNOWN_STATION


def test_the_newest_version_is_the_one_that_is_seen_whatever_came_last(catalog: Catalog) -> None:
    deliver(catalog, delivery((1, 2.0), version="2.0"))
    deliver(catalog, delivery((1, 10.0), version="10.0"))
    deliver(catalog, delivery((1, 9.0), version="9.1"))
    assert series(catalog) == [[(1, 10.0)]]


def test_stations_are_found_by_area_to_the_last_digit(catalog: Catalog) -> None:
    deliver(catalog, delivery((1, 1.0)))
    deliver(catalog, delivery((1, 1.0), at=station("R_B_B_KM0001", "0000000000001", lon=179.99, lat=-1.0)))
    deadline = Deadline.after(10)

    def inside(**box: float) -> list[str]:
        return [
            one.id for one in catalog.observations.stations(SeriesQuery(area=Box(**box)), ANONYMOUS, deadline)
        ]

    assert inside(west=1.9, south=47.8, east=1.91, north=47.9) == ["R_LOIRE_LOIRE_KM0617"]
    assert inside(west=1.905, south=47.894, east=1.905, north=47.894) == ["R_LOIRE_LOIRE_KM0617"]
    assert inside(west=1.905001, south=47.8, east=1.91, north=47.9) == []
    assert inside(west=179.0, south=-2.0, east=180.0, north=0.0) == ["R_B_B_KM0001"]


def test_a_collection_for_some_does_not_exist_for_others(catalog: Catalog) -> None:
    private = replace(delivery((1, 1.0)), status="research")
    deliver(catalog, private, "hydroweb-rivers-research")
    deadline = Deadline.after(10)
    assert series(catalog) == []
    assert series(catalog, BOB) == [[(1, 1.0)]]
    assert catalog.summary("hydroweb-rivers-research", ANONYMOUS, deadline).products == 0
    assert catalog.summary("hydroweb-rivers-research", BOB, deadline).products == 1
    with pytest.raises(Fault):
        catalog.observations.station_ids(["0000000000617"], ANONYMOUS, deadline)
    everything = And(())
    assert catalog.count_records(everything, ANONYMOUS, deadline) == 0
    assert catalog.count_records(everything, BOB, deadline) == 2


def test_a_station_is_found_by_the_town_beside_it_and_by_its_river(catalog: Catalog) -> None:
    deliver(catalog, delivery((1, 1.0), (9, 2.0)))
    for words in (
        "orleans",
        "Orléans",
        "loire 617",
        "niveau d'eau",
        "water levels of rivers",
        "0000000000617",
    ):
        found = catalog.search_records(Text(asked(words)), ANONYMOUS, Deadline.after(10), Order.TITLE, 10)
        assert "R_LOIRE_LOIRE_KM0617" in [record.id for record in found], words
    tree = equal(Property.KIND, "station")
    (record,) = catalog.search_records(tree, ANONYMOUS, Deadline.after(10), Order.TITLE, 10)
    assert (record.collection, record.box.west, record.period.start) == (RIVERS, 1.905, 60_000_000)
    before = record
    assert catalog.reindex(OPERATOR) == 1
    (record,) = catalog.search_records(tree, ANONYMOUS, Deadline.after(10), Order.TITLE, 10)
    assert replace(record, modified=before.modified) == before


def test_stations_are_filtered_by_what_their_series_hold(catalog: Catalog) -> None:
    """Of each collection for itself: what another one has of the same station does not count."""
    other = replace(station("R_RHONE_RHONE_KM0100", "0000000000100", 4.8, 44.9), water="Rhône", basin="Rhône")
    deliver(catalog, delivery((1, 1.0), (3, 3.0), (5, 5.0)))
    deliver(catalog, delivery((9, 9.0), at=other))
    deliver(catalog, delivery((1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), at=other), "hydroweb-rivers-research")

    def found(*parts: Filter, collection: str = RIVERS, who: Principal = ANONYMOUS) -> list[str]:
        deadline = Deadline.after(10)
        seen = catalog.observations.find(And(parts), collection, who, 10, "", deadline)
        assert catalog.observations.count(And(parts), collection, who, deadline) == len(seen)
        return [one.station.water for one in seen]

    point = shapely.Point(4.8, 44.9)
    near = Intersects(shapely.to_wkb(point), (Box(west=4.8, south=44.9, east=4.8, north=44.9),))
    assert found() == ["Loire", "Rhône"]
    assert found(near) == found(equal(Property.BASIN, "Rhône")) == found(Text(asked("rhone"))) == ["Rhône"]
    assert found(Compare(Property.POINTS, Relation.AT_LEAST, 3)) == ["Loire"]
    assert found(During(Period(Micros(6 * 60_000_000), Micros(10 * 60_000_000)))) == ["Rhône"]
    assert found(During(Period(Micros(5 * 60_000_000), Micros(6 * 60_000_000)))) == ["Loire"]
    assert found(Missing(Property.COUNTRY)) == []
    assert found(collection="hydroweb-rivers-research") == []
    assert (
        len(
            found(Compare(Property.POINTS, Relation.EQUAL, 4), collection="hydroweb-rivers-research", who=BOB)
        )
        == 1
    )
    first = catalog.observations.find(And(()), RIVERS, ANONYMOUS, 1, "", Deadline.after(10))[0].station.id
    rest = catalog.observations.find(And(()), RIVERS, ANONYMOUS, 5, first, Deadline.after(10))
    assert [one.station.water for one in rest] == ["Rhône"]


def test_only_operators_deliver(catalog: Catalog) -> None:
    with pytest.raises(Fault) as caught:
        catalog.deliver(delivery((1, 1.0)), catalog.registry.series_types[RIVERS], BOB, "test")
    assert caught.value.kind is Kind.FORBIDDEN
