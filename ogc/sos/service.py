# SPDX-License-Identifier: Apache-2.0
"""SOS words to queries of observations, and their answers; the same for KVP and XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Series, SeriesQuery
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Micros
from catalog.observations import series_named, split_observation
from catalog.service import Catalog
from catalog.xml.build import document
from config.settings import Settings
from ogc.http.fields import shown
from ogc.sos import names, stream, v100, v200
from ogc.sos.asked import (
    DescribeSensor,
    GetCapabilities,
    GetDataAvailability,
    GetFeatureOfInterest,
    GetObservation,
    GetObservationById,
    GetResult,
    GetResultTemplate,
    SosRequest,
    Span,
)
from ogc.sos.reports import MEDIA_TYPE
from ogc.sos.stream import Found
from ogc.sos.v200 import Offering

_LISTED = 1_000
"""Stations that capabilities and sensor descriptions name one by one; more are found with GetFeatureOfInterest."""


_BY_ID, _RESULT = "GetObservationByIdResponse", "GetResultResponse"
_ALWAYS = Span(None, None)


@dataclass(frozen=True)
class Answer:
    """What goes out, a part at a time."""

    media_type: str
    parts: Iterator[bytes]


@dataclass(frozen=True)
class _Asking:
    """Who asks, below which address, until when."""

    who: Principal
    base_url: str
    deadline: Deadline


class SosService:
    """Answers requests; safe to share between threads."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self._types = catalog.registry.series_types

    def answer(self, request: SosRequest, who: Principal, base_url: str) -> Answer:
        """An answer. Everything that can be wrong with a request is raised before its first part."""
        ask = _Asking(who, base_url, Deadline.after(self._settings.limits.search_seconds))
        match request:
            case GetCapabilities():
                return _whole(self._capabilities(request, ask))
            case DescribeSensor():
                return self._sensor(request, ask)
            case GetFeatureOfInterest():
                return _whole(self._features(request, ask))
            case GetObservation():
                return self._observations(request, ask)
            case GetDataAvailability():
                return _whole(self._availability(request, ask))
            case GetObservationById():
                return Answer(MEDIA_TYPE, self._by_id(request, ask))
            case GetResultTemplate():
                offering, name = self._offered(request, ask)
                return _whole(v200.result_template(offering, name, base_url))
            case GetResult():
                return Answer(MEDIA_TYPE, self._result(request, ask))

    def _offerings(self, ask: _Asking) -> tuple[Offering, ...]:
        """The collections of series that have a station and that one may see."""
        out = []
        for kind in self._types.values():
            summary = self._catalog.summary(kind.id, ask.who, ask.deadline)
            if summary.products:
                out.append(
                    Offering(kind, summary, self._catalog.observations.properties(kind.id, ask.deadline))
                )
        return tuple(out)

    def _capabilities(self, request: GetCapabilities, ask: _Asking) -> bytes:
        revision = self._catalog.revision()
        sequence, sections = request.update_sequence, request.sections
        if sequence:
            if (
                not (sequence.isascii() and sequence.isdigit() and len(sequence) < 19)
                or int(sequence) > revision
            ):
                raise Fault(Kind.BAD_UPDATE_SEQUENCE, f"the update sequence is {revision}", "updateSequence")
            sections = () if int(sequence) == revision else sections
        offerings = self._offerings(ask)
        stations: tuple[str, ...] = ()
        if sum(offering.summary.products for offering in offerings) <= _LISTED:
            stations = self._ids(SeriesQuery(), ask)
        doc = v200.Document(self._settings.service, ask.base_url, offerings, stations, str(revision))
        write = v100.capabilities if request.version == "1.0.0" else v200.capabilities
        return write(doc, sections)

    def _sensor(self, request: DescribeSensor, ask: _Asking) -> Answer:
        offering = self._offering(request.procedure, "procedure", ask)
        if request.description_format == names.SENSORML_1:
            described = v100.sensor_ml(offering, ask.base_url)
            if request.alone:
                return Answer(names.MEDIA_SENSORML_1, iter((document(described),)))
        else:
            stations: tuple[str, ...] = ()
            if offering.summary.products <= _LISTED:
                stations = self._ids(SeriesQuery(collections=(offering.kind.id,)), ask)
            described = v200.sensor_ml(offering, stations, ask.base_url)
        return _whole(v200.sensor(described, request.description_format))

    def _ids(self, query: SeriesQuery, ask: _Asking) -> tuple[str, ...]:
        return tuple(one.id for one in self._catalog.observations.stations(query, ask.who, ask.deadline))

    def _offering(self, wanted: str, locator: str, ask: _Asking) -> Offering:
        name = names.bare(ask.base_url, "collections", wanted)
        offering = next((one for one in self._offerings(ask) if one.kind.id == name), None)
        if offering is None:
            raise Fault(Kind.INVALID, f"there is no {locator} {shown(wanted)}", locator)
        return offering

    def _offered(self, request: GetResult | GetResultTemplate, ask: _Asking) -> tuple[Offering, str]:
        """The offering and the property of a request for results."""
        offering = self._offering(request.offering, "offering", ask)
        name = self._properties((request.observed_property,), ask)[0]
        if name not in offering.properties:
            raise Fault(
                Kind.INVALID,
                f"{offering.kind.id} has no {shown(request.observed_property)}",
                "observedProperty",
            )
        return offering, name

    def _features(self, request: GetFeatureOfInterest, ask: _Asking) -> bytes:
        query = SeriesQuery(
            self._collections(request.procedures, "procedure", ask), self._properties(request.properties, ask),
            self._stations(request.features, ask), request.area,
        )  # fmt: skip
        return v200.features(self._catalog.observations.stations(query, ask.who, ask.deadline), ask.base_url)

    def _observations(self, request: GetObservation, ask: _Asking) -> Answer:
        span = request.times[0] if request.times else _ALWAYS
        query = SeriesQuery(
            (), self._properties(request.properties, ask), self._stations(request.features, ask), request.area, span.start, span.end,
        )  # fmt: skip
        series = self._series(request, query, ask)
        found = self._told(series, query, span.edge, ask.base_url)
        match request.response_format:
            case names.CSV:
                return Answer("text/csv; charset=utf-8", _rows(found))
            case names.OM_1:
                return Answer(names.MEDIA_OM_1, _old(found))
            case _:
                return Answer(MEDIA_TYPE, _told(found, request.response_format == names.WATERML))

    def _series(
        self, request: GetObservation | GetDataAvailability, query: SeriesQuery, ask: _Asking
    ) -> Sequence[Series]:
        """The series of a query that are of the offerings and of the procedures."""
        offered = self._collections(request.offerings, "offering", ask)
        made_by = self._collections(request.procedures, "procedure", ask)
        both = (
            tuple(name for name in offered if name in made_by) if offered and made_by else offered or made_by
        )
        if offered and made_by and not both:
            return ()
        return self._catalog.observations.series(replace(query, collections=both), ask.who, ask.deadline)

    def _availability(self, request: GetDataAvailability, ask: _Asking) -> bytes:
        query = SeriesQuery(
            (), self._properties(request.properties, ask), self._stations(request.features, ask)
        )
        return v200.availability(self._series(request, query, ask), ask.base_url, request.response_format)

    def _by_id(self, request: GetObservationById, ask: _Asking) -> Iterator[bytes]:
        """Points by their ids as O&M, whole series by theirs as WaterML; an id that nobody has brings nothing (12-006, clause 10.1)."""
        yield stream.head(_BY_ID).encode()
        number = 0
        for text in request.observations:
            name = names.entity(ask.base_url, text)
            point = split_observation(name)
            start, end = (point[1], Micros(point[1] + 1)) if point else (None, None)
            tree = series_named(point[0] if point else name)
            series = self._catalog.observations.streams(tree, ask.who, 1, 0, ask.deadline)
            for found in self._told(series, SeriesQuery(start=start, end=end), "", ask.base_url):
                told = replace(found.told, number=number, member="observation")
                number += 1
                parts = (
                    stream.measurements(told, found.pages)
                    if point
                    else stream.timeseries(told, found.extent, found.pages)
                )
                yield "".join(parts).encode()
        yield stream.foot(_BY_ID).encode()

    def _result(self, request: GetResult, ask: _Asking) -> Iterator[bytes]:
        offering, name = self._offered(request, ask)
        span = request.times[0] if request.times else _ALWAYS
        query = SeriesQuery(
            (offering.kind.id,), (name,), self._stations(request.features, ask), request.area, span.start, span.end,
        )  # fmt: skip
        series = self._catalog.observations.series(query, ask.who, ask.deadline)
        yield f"{stream.head(_RESULT)}<sos:resultValues>".encode()
        for found in self._told(series, query, span.edge, ask.base_url):
            for part in stream.results(found.told, found.pages):
                yield part.encode()
        yield f"</sos:resultValues>{stream.foot(_RESULT)}".encode()

    def _told(self, found: Sequence[Series], asked: SeriesQuery, edge: str, base_url: str) -> Iterator[Found]:
        """The series that have points in the time of a query, with these."""
        deadline = Deadline.after(self._settings.limits.stream_seconds)
        for number, series in enumerate(found):
            kind = self._types[series.collection]
            query = _at_edge(asked, series, edge)
            extent = self._catalog.observations.extent(series, query, deadline)
            if extent is None:
                continue
            told = stream.Told(number, series, kind, kind.properties[series.observed_property], base_url)
            yield Found(told, extent, self._catalog.observations.points(series, query, deadline))

    def _collections(self, wanted: Sequence[str], locator: str, ask: _Asking) -> tuple[str, ...]:
        out = tuple(names.bare(ask.base_url, "collections", name) for name in wanted)
        for name, text in zip(out, wanted, strict=True):
            if name not in self._types or not self._catalog.may_see(name, ask.who):
                raise Fault(Kind.INVALID, f"there is no {locator} {shown(text)}", locator)
        return out

    def _properties(self, wanted: Sequence[str], ask: _Asking) -> tuple[str, ...]:
        out = tuple(names.bare(ask.base_url, "properties", name) for name in wanted)
        known = {name for kind in self._types.values() for name in kind.properties}
        for name, text in zip(out, wanted, strict=True):
            if name not in known:
                raise Fault(Kind.INVALID, f"there is no observed property {shown(text)}", "observedProperty")
        return out

    def _stations(self, wanted: Sequence[str], ask: _Asking) -> tuple[str, ...]:
        """The ids of stations by address, id or any alias."""
        given = [names.bare(ask.base_url, "stations", name) for name in wanted]
        try:
            return self._catalog.observations.station_ids(given, ask.who, ask.deadline)
        except Fault as fault:
            if fault.kind is not Kind.UNKNOWN_STATION:
                raise
            raise Fault(Kind.INVALID, fault.text, "featureOfInterest") from fault


def _at_edge(query: SeriesQuery, series: Series, edge: str) -> SeriesQuery:
    """The first or the latest observation of a series alone, where that is asked."""
    if not edge:
        return query
    at = series.first if edge == "first" else series.last
    return replace(query, start=at, end=Micros(at + 1))


def _whole(body: bytes) -> Answer:
    return Answer(MEDIA_TYPE, iter((body,)))


def _told(found: Iterator[Found], waterml: bool) -> Iterator[bytes]:
    """A GetObservationResponse in O&M 2.0 or WaterML 2.0."""
    yield stream.head("GetObservationResponse").encode()
    for one in found:
        parts = (
            stream.timeseries(one.told, one.extent, one.pages)
            if waterml
            else stream.measurements(one.told, one.pages)
        )
        for part in parts:
            yield part.encode()
    yield stream.foot("GetObservationResponse").encode()


def _old(found: Iterator[Found]) -> Iterator[bytes]:
    """An ObservationCollection of O&M 1.0."""
    yield v100.HEAD.encode()
    none = True
    for one in found:
        none = False
        for part in v100.observation(one.told, one.extent, one.pages):
            yield part.encode()
    yield ((v100.EMPTY if none else "") + v100.FOOT).encode()


def _rows(found: Iterator[Found]) -> Iterator[bytes]:
    """Observations as CSV."""
    yield stream.CSV_HEAD.encode()
    for one in found:
        for part in stream.rows(one.told, one.pages):
            yield part.encode()
