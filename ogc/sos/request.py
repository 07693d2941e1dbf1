# SPDX-License-Identifier: Apache-2.0
"""The requests of SOS 2.0 and, for reading, 1.0: one table of fields an operation (12-006, clause 13.2; 06-009r6).

A POST in XML becomes the same parameters (`ogc.sos.bodies`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from catalog.crs import CRS84, box_from, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import read_instant
from ogc.http.fields import D, Field, T, list_of, number, plain, shown
from ogc.http.kvp import Kvp
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
from ogc.sos.names import (
    GDA,
    GDA_2,
    MEDIA_OM_1,
    MEDIA_SENSORML_1,
    OM,
    OM_1,
    RESPONSE_FORMATS,
    SENSORML,
    SENSORML_1,
    VERSIONS,
)

SECTIONS = (
    "ServiceIdentification",
    "ServiceProvider",
    "OperationsMetadata",
    "FilterCapabilities",
    "Contents",
)
OPERATIONS = (
    "GetCapabilities",
    "DescribeSensor",
    "GetObservation",
    "GetFeatureOfInterest",
    "GetDataAvailability",
    "GetObservationById",
    "GetResultTemplate",
    "GetResult",
)
_MOST_NAMES = 2_000
_MOST_IDS = 50
"""Observations of one GetObservationById."""
_TIMES = frozenset({"om:phenomenonTime", "om:resultTime", "phenomenonTime", "resultTime"})
_SHAPES = frozenset(
    {
        "om:featureOfInterest/*/sams:shape",
        "om:featureOfInterest/sams:SF_SpatialSamplingFeature/sams:shape",
        "sams:shape",
        "om:featureOfInterest",
    }
)


def read_request(kvp: Kvp) -> SosRequest:
    """The request of parameters. Raises Fault with the parameter as the locator; a parameter that is there but empty is missing."""
    _exactly(kvp, "SERVICE", "SOS")
    name = _NAME.read(kvp)
    operation = next((known for known in OPERATIONS if known.lower() == name.lower()), None)
    if operation is None:
        raise Fault(Kind.UNKNOWN_OPERATION, f"{shown(name)} is not an operation of this service", "request")
    if operation == "GetCapabilities":
        return _capabilities(kvp)
    if kvp.get("VERSION") == "1.0.0" and operation in _READERS_1:
        return _READERS_1[operation](kvp)
    _exactly(kvp, "VERSION", "2.0.0")
    return _READERS[operation](kvp)


def _sensor(kvp: Kvp) -> DescribeSensor:
    procedure = _PROCEDURE.read(kvp)
    form = _one_of(kvp, "PROCEDUREDESCRIPTIONFORMAT", (SENSORML, SENSORML_1), required=True)
    return DescribeSensor(procedure, form or SENSORML)


def _observations(kvp: Kvp) -> GetObservation:
    return GetObservation(
        _given(_OFFERINGS, kvp, ()), *_three(kvp), _spans(kvp, _TIME), _given(_AREA, kvp, None),
        _one_of(kvp, "RESPONSEFORMAT", RESPONSE_FORMATS, required=False) or OM,
    )  # fmt: skip


def _features(kvp: Kvp) -> GetFeatureOfInterest:
    return GetFeatureOfInterest(*_three(kvp), _given(_AREA, kvp, None))


def _availability(kvp: Kvp) -> GetDataAvailability:
    form = _one_of(kvp, "RESPONSEFORMAT", (GDA, GDA_2), required=False) or GDA
    return GetDataAvailability(_given(_OFFERINGS, kvp, ()), *_three(kvp), form)


def _by_id(kvp: Kvp) -> GetObservationById:
    return GetObservationById(_OBSERVATIONS.read(kvp))


def _template(kvp: Kvp) -> GetResultTemplate:
    return GetResultTemplate(_OFFERING.read(kvp), _PROPERTY.read(kvp))


def _result(kvp: Kvp) -> GetResult:
    offering, observed = _OFFERING.read(kvp), _PROPERTY.read(kvp)
    return GetResult(
        offering, observed, _given(_FEATURES, kvp, ()), _spans(kvp, _TIME), _given(_AREA, kvp, None)
    )


def _three(kvp: Kvp) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """procedure, observedProperty and featureOfInterest."""
    return _given(_PROCEDURES, kvp, ()), _given(_PROPERTIES, kvp, ()), _given(_FEATURES, kvp, ())


def _spans(kvp: Kvp, field: Field[Span]) -> tuple[Span, ...]:
    span = _given(field, kvp, None)
    return (span,) if span else ()


def _sensor_1(kvp: Kvp) -> DescribeSensor:
    """06-009r6, clause 8.3: the format is required."""
    procedure = _PROCEDURE.read(kvp)
    _one_of(kvp, "OUTPUTFORMAT", (MEDIA_SENSORML_1,), required=True)
    return DescribeSensor(procedure, SENSORML_1, alone=True)


def _observations_1(kvp: Kvp) -> GetObservation:
    """06-009r6, clause 8.4: one offering, at least one property, and the format are required."""
    offering = _OFFERING.read(kvp)
    properties = _PROPERTIES.read(kvp)
    _one_of(kvp, "RESPONSEFORMAT", (MEDIA_OM_1,), required=True)
    _one_of(kvp, "RESULTMODEL", ("om:Observation",), required=False)
    _one_of(kvp, "RESPONSEMODE", ("inline",), required=False)
    procedures, _, features = _three(kvp)
    return GetObservation(
        (offering,), procedures, properties, features, _spans(kvp, _EVENT_TIME), _given(_BBOX, kvp, None), OM_1
    )  # fmt: skip


def _capabilities(kvp: Kvp) -> GetCapabilities:
    accepted = _given(_VERSIONS, kvp, ())
    version = next((one for one in accepted if one in VERSIONS), "")
    if accepted and not version:
        raise Fault(Kind.UNKNOWN_VERSION, "this service speaks 2.0.0 and 1.0.0", "AcceptVersions")
    if not accepted:
        version = "1.0.0" if kvp.get("VERSION") == "1.0.0" else "2.0.0"
    formats = _given(_FORMATS, kvp, ())
    if formats and not {"application/xml", "text/xml"} & set(formats):
        raise Fault(Kind.INVALID, "capabilities are application/xml", "AcceptFormats")
    sections: tuple[str, ...] | None = None
    if "SECTIONS" in kvp:
        named = tuple(part for part in kvp["SECTIONS"].split(",") if part)
        known = {name.lower(): name for name in (*SECTIONS, "All")}
        wrong = next((name for name in named if name.lower() not in known), None)
        if wrong is not None:
            raise Fault(Kind.INVALID, f"{shown(wrong)} is not a section", "section")
        sections = (
            None
            if any(name.lower() == "all" for name in named)
            else tuple(known[name.lower()] for name in named)
        )
    return GetCapabilities(sections, kvp.get("UPDATESEQUENCE", ""), version)


def _given(field: Field[T], kvp: Kvp, default: D) -> T | D:
    """The value of a parameter that is there, though it may be empty (which is a fault); else the default."""
    return field.read(kvp) if field.name in kvp else default


def _exactly(kvp: Kvp, name: str, value: str) -> None:
    found = Field(name, plain).read(kvp)
    if found != value:
        raise Fault(Kind.INVALID, f"{shown(found)} is not {value}", name)


def _one_of(kvp: Kvp, name: str, values: tuple[str, ...], *, required: bool) -> str | None:
    if name not in kvp and not required:
        return None
    found = Field(name, plain).read(kvp)
    if found not in values:
        raise Fault(Kind.INVALID, f"{shown(found)} is not one of {', '.join(values)}", name)
    return found


def _identifier(text: str) -> str:
    if not text:
        raise Fault(Kind.MISSING, "an identifier is empty")
    return plain(text)


def _span(text: str) -> Span:
    """`om:phenomenonTime,<instant>` or `…,<start>/<end>`."""
    reference, _, rest = text.partition(",")
    if reference not in _TIMES:
        raise Fault(Kind.INVALID, f"{shown(reference)} is not om:phenomenonTime", "valueReference")
    return _moments(rest)


def _moments(text: str) -> Span:
    """`first`, `latest`, an instant or `<start>/<end>`; an instant is as long as it is precise, both ends are in."""
    if text in ("first", "latest"):
        return Span(None, None, text)
    first, slash, last = text.partition("/")
    start = read_instant(first.replace(" ", "+"))
    end = read_instant(last.replace(" ", "+")) if slash else start
    if end.end <= start.start:
        raise Fault(Kind.BAD_TIME, "a period must end after it starts")
    return Span(start.start, end.end)


def _box(text: str) -> Box:
    """`om:featureOfInterest/*/sams:shape,low1,low2,high1,high2[,crs]` in the axis order of the CRS; without one, latitude first."""
    reference, _, rest = text.partition(",")
    if reference not in _SHAPES:
        raise Fault(
            Kind.INVALID, f"{shown(reference)} is not om:featureOfInterest/*/sams:shape", "ValueReference"
        )
    parts = rest.split(",", 4)
    if len(parts) < 4:
        raise invalid("a box needs four numbers")
    crs = read_crs(parts[4] if len(parts) > 4 else "urn:ogc:def:crs:EPSG::4326", "spatialFilter")
    if crs.epsg != 4326 and crs != CRS84:
        raise Fault(Kind.INVALID, "a spatial filter is in EPSG:4326 or CRS84", "spatialFilter")
    return box_from((number(parts[0]), number(parts[1]), number(parts[2]), number(parts[3])), crs)


def _bbox_1(text: str) -> Box:
    """`low1,low2,high1,high2[,crs]`, as 06-009r6 leaves it to OWS Common; without a CRS, latitude first."""
    return _box(f"om:featureOfInterest,{text}")


_NAME = Field("REQUEST", plain)
_PROCEDURE, _OFFERING = Field("PROCEDURE", _identifier), Field("OFFERING", _identifier)
_PROPERTY = Field("OBSERVEDPROPERTY", _identifier)
_NAMES = list_of(_identifier, _MOST_NAMES)
_OFFERINGS, _PROCEDURES = Field("OFFERING", _NAMES), Field("PROCEDURE", _NAMES)
_PROPERTIES, _FEATURES = Field("OBSERVEDPROPERTY", _NAMES), Field("FEATUREOFINTEREST", _NAMES)
_VERSIONS, _FORMATS = Field("ACCEPTVERSIONS", list_of(plain, 20)), Field("ACCEPTFORMATS", list_of(plain, 20))
_OBSERVATIONS = Field("OBSERVATION", list_of(_identifier, _MOST_IDS))
_EVENT_TIME, _BBOX = Field("EVENTTIME", _moments), Field("BBOX", _bbox_1)
_TIME, _AREA = Field("TEMPORALFILTER", _span), Field("SPATIALFILTER", _box)
_READERS: Mapping[str, Callable[[Kvp], SosRequest]] = {
    "DescribeSensor": _sensor, "GetObservation": _observations, "GetFeatureOfInterest": _features, "GetDataAvailability": _availability,
    "GetObservationById": _by_id, "GetResultTemplate": _template, "GetResult": _result,
}  # fmt: skip
_READERS_1: Mapping[str, Callable[[Kvp], SosRequest]] = {
    "DescribeSensor": _sensor_1, "GetObservation": _observations_1,
}  # fmt: skip
