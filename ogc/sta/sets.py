# SPDX-License-Identifier: Apache-2.0
"""The entity sets over our stations and series: how each is found, written, and related to the others.

A station is a Thing with its Location and FeatureOfInterest, a chain a Sensor, a series a Datastream; a station never moved, so it has one
HistoricalLocation: where it is, since its first observation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Observed, Series, Station
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Micros, Period, ends_text, micros_text
from catalog.observations import observation_named, series_named
from catalog.query import Among, And, By, Compare, Filter, Or, Property, Relation, equal
from catalog.service import Catalog
from config.series_types import ObservedProperty, SeriesType
from ogc.filter.queryables import Queryable, Type
from ogc.sta.odata import Name

Document = dict[str, Any]
T = TypeVar("T")
Entity = Station | Series | Observed | SeriesType | tuple[str, ObservedProperty] | tuple[Station, Micros]
_SERIES = 20
"""Of a station, at most; there are one or two."""
_OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


@dataclass(frozen=True)
class Asking:
    """Who asks what of which catalogue."""

    catalog: Catalog
    who: Principal
    deadline: Deadline
    base: str
    """Address of the version, without a slash at the end."""
    server: str


@dataclass(frozen=True)
class Way:
    """A way from an entity to others: the set they are of, whether there is one only, and which they are."""

    target: str
    single: bool
    which: Callable[[Any], Filter]


@dataclass(frozen=True)
class EntitySet:
    """A set: how its entities are found and written."""

    name: str
    find: Callable[[Asking, Filter, Sequence[By], int, int], Sequence[Any]]
    """By filter, order, limit and offset."""
    count: Callable[[Asking, Filter], int]
    key: Callable[[Any], str]
    by_key: Callable[[str], Filter]
    write: Callable[[Any, Asking], Document]
    relations: Mapping[str, Way]
    names: Mapping[str, Name]
    places: frozenset[str] = frozenset()
    page: int = 100
    most: int = 1_000


def stream_id(station: str, collection: str, observed: str) -> str:
    """The id of a Datastream, which is that of the series."""
    return f"{station}.{collection}.{observed}"


def _text(prop: Property, title: str) -> Queryable:
    return Queryable(prop, Type.TEXT, title)


def _station_names(prefix: str, key: Property) -> dict[str, Name]:
    """What may be asked of a station, below a path."""
    return {
        f"{prefix}id": _text(key, "id"), f"{prefix}name": _text(Property.NAME, "name"), f"{prefix}properties/water": _text(Property.WATER, "river or lake"),
        f"{prefix}properties/basin": _text(Property.BASIN, "basin"), f"{prefix}properties/country": _text(Property.COUNTRY, "country"),
        f"{prefix}properties/body": _text(Property.BODY, "river or lake"),
    }  # fmt: skip


_SPAN = Queryable(Property.START, Type.TIME, "phenomenonTime", Property.END)
_THING = {
    **_station_names("", Property.ID), "Datastreams/phenomenonTime": _SPAN, "Datastreams/properties/points": Queryable(Property.POINTS, Type.NUMBER, "points"),
    "properties/updated": Queryable(Property.MODIFIED, Type.TIME, "updated"),
}  # fmt: skip
_STREAM = {
    "id": series_named, "name": _text(Property.NAME, "name"), **_station_names("Thing/", Property.STATION), "Sensor/id": _text(Property.COLLECTION, "Sensor"),
    "ObservedProperty/id": _text(Property.OBSERVED, "ObservedProperty"), "ObservedProperty/name": _text(Property.OBSERVED, "ObservedProperty"),
    "phenomenonTime": _SPAN, "resultTime": _SPAN, "properties/points": Queryable(Property.POINTS, Type.NUMBER, "points"),
    "properties/updated": Queryable(Property.MODIFIED, Type.TIME, "updated"),
}  # fmt: skip
_TIME = Queryable(Property.TIME, Type.TIME, "phenomenonTime")
_POINT = {
    "id": observation_named, "phenomenonTime": _TIME, "resultTime": _TIME, "result": Queryable(Property.VALUE, Type.NUMBER, "result"),
    "parameters/uncertainty": Queryable(Property.UNCERTAINTY, Type.NUMBER, "uncertainty"), "Datastream/id": series_named,
    **_station_names("Datastream/Thing/", Property.STATION), **_station_names("FeatureOfInterest/", Property.STATION),
    "Datastream/Sensor/id": _text(Property.COLLECTION, "Sensor"), "Datastream/ObservedProperty/id": _text(Property.OBSERVED, "ObservedProperty"),
    "Datastream/ObservedProperty/name": _text(Property.OBSERVED, "ObservedProperty"),
}  # fmt: skip


def _stations(ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int) -> Sequence[Station]:
    return ask.catalog.observations.things(tree, ask.who, limit, offset, ask.deadline, order=order)


def _count_stations(ask: Asking, tree: Filter) -> int:
    return ask.catalog.observations.count_things(tree, ask.who, ask.deadline)


def _histories(
    ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int
) -> Sequence[tuple[Station, Micros]]:
    """Stations with the moment of their first observation."""
    found = _stations(ask, tree, order, limit, offset)
    of_them = Among(Property.STATION, tuple(one.id for one in found))
    first: dict[str, Micros] = {}
    for one in ask.catalog.observations.streams(of_them, ask.who, len(found) * _SERIES, 0, ask.deadline):
        first[one.station] = min(one.first, first.get(one.station, one.first))
    return [(one, first[one.id]) for one in found if one.id in first]


def _streams(ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int) -> Sequence[Series]:
    return ask.catalog.observations.streams(tree, ask.who, limit, offset, ask.deadline, order=order)


def _count_streams(ask: Asking, tree: Filter) -> int:
    return ask.catalog.observations.count_streams(tree, ask.who, ask.deadline)


def _points(ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int) -> Sequence[Observed]:
    return ask.catalog.observations.observed(tree, ask.who, order, limit, offset, ask.deadline)


def _count_points(ask: Asking, tree: Filter) -> int:
    return ask.catalog.observations.count_observed(tree, ask.who, ask.deadline)


def _kinds(ask: Asking) -> list[SeriesType]:
    """The chains that have a station for who asks."""
    catalog = ask.catalog
    return [
        one
        for one in catalog.registry.series_types.values()
        if catalog.summary(one.id, ask.who, ask.deadline).products
    ]


def _sensors(ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int) -> Sequence[SeriesType]:
    found = [
        one
        for one in _kinds(ask)
        if matches(tree, {Property.COLLECTION: one.id, Property.NAME: one.title.en})
    ]
    return _few(found, order, lambda one: one.title.en)[offset : offset + limit]


def _observed(
    ask: Asking, tree: Filter, order: Sequence[By], limit: int, offset: int
) -> Sequence[tuple[str, ObservedProperty]]:
    every = {name: one for kind in _kinds(ask) for name, one in kind.properties.items()}
    found = [
        (name, one)
        for name, one in sorted(every.items())
        if matches(tree, {Property.OBSERVED: name, Property.NAME: name})
    ]
    return _few(found, order, lambda one: one[0])[offset : offset + limit]


def _few(found: list[T], order: Sequence[By], name: Callable[[T], str]) -> list[T]:
    """A short list, which has nothing but its own order and names to be sorted by."""
    for by in reversed(order):
        if by.property is Property.NAME:
            found = sorted(found, key=name, reverse=by.down)
        elif by.down:
            found = found[::-1]
    return found


def matches(tree: Filter, values: Mapping[Property, str]) -> bool:
    """A filter of comparisons over a few texts, asked of one thing."""
    if isinstance(tree, And):
        return all(matches(one, values) for one in tree.parts)
    if isinstance(tree, Or):
        return any(matches(one, values) for one in tree.parts)
    if (
        isinstance(tree, Compare)
        and tree.property in values
        and tree.relation in (Relation.EQUAL, Relation.NOT_EQUAL)
    ):
        return (values[tree.property] == tree.value) == (tree.relation is Relation.EQUAL)
    raise Fault(Kind.INVALID, "$filter: this set is asked by id and name, with eq, ne, and, or", "$filter")


def _title(station: Station) -> str:
    where = ", ".join(one for one in (station.basin and f"{station.basin} basin", station.country) if one)
    return f"{station.water or station.name}{f' ({where})' if where else ''}"


def _write_thing(one: Station, ask: Asking) -> Document:
    values = {
        "water": one.water, "basin": one.basin, "country": one.country, "body": one.body, "distance_km": one.distance_km,
        "aliases": list(one.aliases), "page": f"{ask.server}/stations/{one.id}",
    }  # fmt: skip
    return {
        "name": one.name,
        "description": _title(one),
        "properties": {name: value for name, value in values.items() if value not in (None, "")},
    }


def _write_location(one: Station, _ask: Asking) -> Document:
    return {
        "name": one.name, "description": f"Place of {_title(one)}", "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [one.longitude, one.latitude]}, "properties": {},
    }  # fmt: skip


def _write_history(one: tuple[Station, Micros], _ask: Asking) -> Document:
    return {"time": micros_text(one[1])}


def _write_feature(one: Station, _ask: Asking) -> Document:
    return {
        "name": one.name, "description": _title(one), "encodingType": "application/geo+json",
        "feature": {"type": "Point", "coordinates": [one.longitude, one.latitude]}, "properties": {},
    }  # fmt: skip


def _write_stream(one: Series, ask: Asking) -> Document:
    kind = ask.catalog.registry.series_types[one.collection]
    observed = kind.properties[one.observed_property]
    return {
        "name": f"{one.station}: {observed.title.en}", "description": f"{observed.title.en} at {one.station}, {kind.title.en}", "observationType": _OM,
        "unitOfMeasurement": {"name": observed.unit, "symbol": observed.unit, "definition": f"http://www.opengis.net/def/uom/UCUM/0/{observed.unit}"},
        **({"observedArea": {"type": "Point", "coordinates": list(one.place)}} if one.place else {}),
        "phenomenonTime": "/".join(ends_text(Period(one.first, Micros(one.last + 1)))), "resultTime": "/".join(ends_text(Period(one.first, Micros(one.last + 1)))),
        "properties": {
            "points": one.count, "updated": micros_text(one.modified), "producer": one.producer, "version": one.version, "quality": one.quality.value,
            **({"verticalDatum": one.datum} if one.datum else {}),
        },
    }  # fmt: skip


def _write_sensor(one: SeriesType, ask: Asking) -> Document:
    query = f"service=SOS&version=2.0.0&request=DescribeSensor&procedure={one.id}&procedureDescriptionFormat=http://www.opengis.net/sensorml/2.0"
    return {
        "name": one.title.en, "description": one.abstract.en, "encodingType": "http://www.opengis.net/sensorml/2.0", "metadata": f"{ask.server}/sos?{query}",
        "properties": {"producer": one.producer, "level": one.level, "licence": one.licence},
    }  # fmt: skip


def _write_property(one: tuple[str, ObservedProperty], ask: Asking) -> Document:
    name, about = one
    return {
        "name": name, "definition": about.definition or f"{ask.server}/properties/{name}", "description": about.title.en,
        "properties": {"title_fr": about.title.fr, "unit": about.unit},
    }  # fmt: skip


def write_point(one: Observed, _ask: Asking) -> Document:
    """An Observation; its result time is not known apart from the time of the phenomenon."""
    point = one.point
    at = micros_text(point.time)
    out: Document = {"phenomenonTime": at, "resultTime": at, "result": point.value}
    if point.quality:
        out["resultQuality"] = point.quality.value
    known = {"uncertainty": point.uncertainty, "mission": point.mission or None}
    parameters = {name: value for name, value in known.items() if value is not None}
    return {**out, "parameters": parameters} if parameters else out


def _of_station(one: Station) -> Filter:
    return equal(Property.ID, one.id)


def _series_key(one: Series) -> Filter:
    return series_named(one.id)


def _point_stream(one: Observed) -> str:
    return stream_id(one.station, one.collection, one.observed_property)


SETS: dict[str, EntitySet] = {
    one.name: one
    for one in (
        EntitySet(
            "Things", _stations, _count_stations, lambda one: one.id, lambda key: equal(Property.ID, key), _write_thing,
            {
                "Locations": Way("Locations", False, _of_station), "HistoricalLocations": Way("HistoricalLocations", False, _of_station),
                "Datastreams": Way("Datastreams", False, lambda one: equal(Property.STATION, one.id)),
            },
            _THING, frozenset({"Locations/location"}),
        ),
        EntitySet(
            "Locations", _stations, _count_stations, lambda one: one.id, lambda key: equal(Property.ID, key), _write_location,
            {"Things": Way("Things", False, _of_station), "HistoricalLocations": Way("HistoricalLocations", False, _of_station)},
            {**_station_names("", Property.ID), **_station_names("Things/", Property.ID)}, frozenset({"location"}),
        ),
        EntitySet(
            "HistoricalLocations", _histories, _count_stations, lambda one: one[0].id, lambda key: equal(Property.ID, key), _write_history,
            {"Thing": Way("Things", True, lambda one: _of_station(one[0])), "Locations": Way("Locations", False, lambda one: _of_station(one[0]))},
            {"id": _text(Property.ID, "id"), "time": Queryable(Property.START, Type.TIME, "time")},
        ),
        EntitySet(
            "Datastreams", _streams, _count_streams, lambda one: one.id, series_named, _write_stream,
            {
                "Thing": Way("Things", True, lambda one: equal(Property.ID, one.station)),
                "Sensor": Way("Sensors", True, lambda one: equal(Property.COLLECTION, one.collection)),
                "ObservedProperty": Way("ObservedProperties", True, lambda one: equal(Property.OBSERVED, one.observed_property)),
                "Observations": Way("Observations", False, _series_key),
            },
            _STREAM, frozenset({"observedArea", "Thing/Locations/location"}),
        ),
        EntitySet(
            "Sensors", _sensors, lambda ask, tree: len(_sensors(ask, tree, (), 10_000, 0)), lambda one: one.id,
            lambda key: equal(Property.COLLECTION, key), _write_sensor,
            {"Datastreams": Way("Datastreams", False, lambda one: equal(Property.COLLECTION, one.id))},
            {"id": _text(Property.COLLECTION, "id"), "name": _text(Property.NAME, "name")},
        ),
        EntitySet(
            "ObservedProperties", _observed, lambda ask, tree: len(_observed(ask, tree, (), 10_000, 0)), lambda one: one[0],
            lambda key: equal(Property.OBSERVED, key), _write_property,
            {"Datastreams": Way("Datastreams", False, lambda one: equal(Property.OBSERVED, one[0]))},
            {"id": _text(Property.OBSERVED, "id"), "name": _text(Property.NAME, "name")},
        ),
        EntitySet(
            "Observations", _points, _count_points, lambda one: f"{_point_stream(one)}.{one.point.time}", observation_named, write_point,
            {
                "Datastream": Way("Datastreams", True, lambda one: series_named(_point_stream(one))),
                "FeatureOfInterest": Way("FeaturesOfInterest", True, lambda one: equal(Property.ID, one.station)),
            },
            _POINT, frozenset({"FeatureOfInterest/feature"}), 1_000, 10_000,
        ),
        EntitySet(
            "FeaturesOfInterest", _stations, _count_stations, lambda one: one.id, lambda key: equal(Property.ID, key), _write_feature,
            {"Observations": Way("Observations", False, lambda one: equal(Property.STATION, one.id))},
            _station_names("", Property.ID), frozenset({"feature"}),
        ),
    )
}  # fmt: skip
