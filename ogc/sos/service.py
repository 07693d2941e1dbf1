# SPDX-License-Identifier: Apache-2.0
"""SOS words to queries of observations, and their answers; the same for KVP and XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Series, SeriesQuery
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Micros
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.fields import shown
from ogc.sos import names, stream, v200
from ogc.sos.request import (
    DescribeSensor,
    GetCapabilities,
    GetDataAvailability,
    GetFeatureOfInterest,
    GetObservation,
    SosRequest,
)
from ogc.sos.v200 import Offering

_LISTED = 1_000
"""Stations that capabilities and sensor descriptions name one by one; more are found with GetFeatureOfInterest."""


class SosService:
    """Answers requests; safe to share between threads."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self._types = catalog.registry.series_types

    def answer(self, request: SosRequest, who: Principal, base_url: str) -> Iterator[bytes]:
        """The parts of an answer. Everything that can be wrong with a request is raised before the first one."""
        deadline = Deadline.after(self._settings.limits.search_seconds)
        match request:
            case GetCapabilities():
                return iter((self._capabilities(request, who, base_url, deadline),))
            case DescribeSensor():
                return iter((self._sensor(request, who, base_url, deadline),))
            case GetFeatureOfInterest():
                return iter((self._features(request, who, base_url, deadline),))
            case GetObservation():
                return self._observations(request, who, base_url, deadline)
            case GetDataAvailability():
                return iter((self._availability(request, who, base_url, deadline),))

    def _offerings(self, who: Principal, deadline: Deadline) -> tuple[Offering, ...]:
        """The collections of series that have a station and that `who` may see."""
        out = []
        for kind in self._types.values():
            summary = self._catalog.summary(kind.id, who, deadline)
            if summary.products:
                out.append(Offering(kind, summary, self._catalog.observations.properties(kind.id, deadline)))
        return tuple(out)

    def _capabilities(
        self, request: GetCapabilities, who: Principal, base_url: str, deadline: Deadline
    ) -> bytes:
        revision = self._catalog.revision()
        sequence, sections = request.update_sequence, request.sections
        if sequence:
            if (
                not (sequence.isascii() and sequence.isdigit() and len(sequence) < 19)
                or int(sequence) > revision
            ):
                raise Fault(Kind.BAD_UPDATE_SEQUENCE, f"the update sequence is {revision}", "updateSequence")
            sections = () if int(sequence) == revision else sections
        offerings = self._offerings(who, deadline)
        stations: tuple[str, ...] = ()
        if sum(offering.summary.products for offering in offerings) <= _LISTED:
            stations = tuple(
                one.id for one in self._catalog.observations.stations(SeriesQuery(), who, deadline)
            )
        doc = v200.Document(self._settings.service, base_url, offerings, stations, str(revision))
        return v200.capabilities(doc, sections)

    def _sensor(self, request: DescribeSensor, who: Principal, base_url: str, deadline: Deadline) -> bytes:
        wanted = names.bare(base_url, "collections", request.procedure)
        offering = next((one for one in self._offerings(who, deadline) if one.kind.id == wanted), None)
        if offering is None:
            raise Fault(Kind.INVALID, f"there is no procedure {shown(request.procedure)}", "procedure")
        stations: tuple[str, ...] = ()
        if offering.summary.products <= _LISTED:
            found = self._catalog.observations.stations(SeriesQuery(collections=(wanted,)), who, deadline)
            stations = tuple(one.id for one in found)
        return v200.sensor(offering, stations, base_url)

    def _features(
        self, request: GetFeatureOfInterest, who: Principal, base_url: str, deadline: Deadline
    ) -> bytes:
        query = SeriesQuery(
            self._collections(request.procedures, "procedure", who, base_url),
            self._properties(request.properties, base_url),
            self._stations(request.features, who, base_url, deadline),
            request.area,
        )
        return v200.features(self._catalog.observations.stations(query, who, deadline), base_url)

    def _observations(
        self, request: GetObservation, who: Principal, base_url: str, deadline: Deadline
    ) -> Iterator[bytes]:
        span = request.times[0] if request.times else None
        query = SeriesQuery(
            (), self._properties(request.properties, base_url), self._stations(request.features, who, base_url, deadline), request.area,
            span.start if span else None, span.end if span else None,
        )  # fmt: skip
        series = self._series(request, query, who, base_url, deadline)
        edge = span.edge if span else ""
        return self._streamed(series, query, request.response_format == names.WATERML, base_url, edge)

    def _series(
        self,
        request: GetObservation | GetDataAvailability,
        query: SeriesQuery,
        who: Principal,
        base_url: str,
        deadline: Deadline,
    ) -> Sequence[Series]:
        """The series of a query that are of the offerings and of the procedures."""
        offered = self._collections(request.offerings, "offering", who, base_url)
        made_by = self._collections(request.procedures, "procedure", who, base_url)
        both = (
            tuple(name for name in offered if name in made_by) if offered and made_by else offered or made_by
        )
        if offered and made_by and not both:
            return ()
        return self._catalog.observations.series(replace(query, collections=both), who, deadline)

    def _availability(
        self, request: GetDataAvailability, who: Principal, base_url: str, deadline: Deadline
    ) -> bytes:
        query = SeriesQuery(
            (),
            self._properties(request.properties, base_url),
            self._stations(request.features, who, base_url, deadline),
        )
        return v200.availability(self._series(request, query, who, base_url, deadline), base_url)

    def _streamed(
        self, found: Sequence[Series], asked: SeriesQuery, waterml: bool, base_url: str, edge: str
    ) -> Iterator[bytes]:
        deadline = Deadline.after(self._settings.limits.stream_seconds)
        yield stream.HEAD.encode()
        for number, series in enumerate(found):
            kind = self._types[series.collection]
            query = _at_edge(asked, series, edge)
            told = stream.Told(number, series, kind, kind.properties[series.observed_property], base_url)
            pages = self._catalog.observations.points(series, query, deadline)
            if not waterml:
                parts = stream.measurements(told, pages)
            else:
                bounds = self._catalog.observations.bounds(series, query, deadline)
                if bounds is None:
                    continue
                parts = stream.timeseries(told, *bounds, pages)
            for part in parts:
                yield part.encode()
        yield stream.FOOT.encode()

    def _collections(
        self, wanted: Sequence[str], locator: str, who: Principal, base_url: str
    ) -> tuple[str, ...]:
        out = tuple(names.bare(base_url, "collections", name) for name in wanted)
        for name, text in zip(out, wanted, strict=True):
            if name not in self._types or not self._catalog.may_see(name, who):
                raise Fault(Kind.INVALID, f"there is no {locator} {shown(text)}", locator)
        return out

    def _properties(self, wanted: Sequence[str], base_url: str) -> tuple[str, ...]:
        out = tuple(names.bare(base_url, "properties", name) for name in wanted)
        known = {name for kind in self._types.values() for name in kind.properties}
        for name, text in zip(out, wanted, strict=True):
            if name not in known:
                raise Fault(Kind.INVALID, f"there is no observed property {shown(text)}", "observedProperty")
        return out

    def _stations(
        self, wanted: Sequence[str], who: Principal, base_url: str, deadline: Deadline
    ) -> tuple[str, ...]:
        """The ids of stations by address, id or any alias."""
        given = [names.bare(base_url, "stations", name) for name in wanted]
        try:
            return self._catalog.observations.station_ids(given, who, deadline)
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
