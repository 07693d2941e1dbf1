# SPDX-License-Identifier: Apache-2.0
"""The requests of SOS 2.0: one table of fields an operation. A POST in XML becomes the same parameters (12-006, clauses 13.2 and 13.4).

Of the bodies that real clients send, some have another child order or namespace version than the schema: local names decide,
and an element that nobody knows is InvalidRequest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lxml import etree

from catalog.crs import CRS84, box_from, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import Micros, read_instant
from catalog.xml.parse import parse
from config.limits import Limits
from ogc.http.fields import D, Field, T, list_of, number, plain, shown
from ogc.http.kvp import Kvp
from ogc.sos.names import OM, RESPONSE_FORMATS, SENSORML

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
)
_MOST_NAMES = 2_000
_TIMES = frozenset({"om:phenomenonTime", "om:resultTime", "phenomenonTime", "resultTime"})
_SHAPES = frozenset(
    {
        "om:featureOfInterest/*/sams:shape",
        "om:featureOfInterest/sams:SF_SpatialSamplingFeature/sams:shape",
        "sams:shape",
        "om:featureOfInterest",
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: from `start`, included, to `end`, excluded; None is open. Or an edge of each series."""

    start: Micros | None
    end: Micros | None
    edge: str = ""
    """`first` or `latest`, as 52°North's clients ask: of each series that observation alone."""


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """Which sections; None is all of them."""

    sections: tuple[str, ...] | None
    update_sequence: str


@dataclass(frozen=True, slots=True)
class DescribeSensor:
    """A chain."""

    procedure: str


@dataclass(frozen=True, slots=True)
class GetObservation:
    """Observations of some series; what is empty or None is not restricted."""

    offerings: tuple[str, ...]
    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]
    times: tuple[Span, ...]
    area: Box | None
    response_format: str


@dataclass(frozen=True, slots=True)
class GetFeatureOfInterest:
    """Stations."""

    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]
    area: Box | None


@dataclass(frozen=True, slots=True)
class GetDataAvailability:
    """From when to when there are how many observations of what, where."""

    offerings: tuple[str, ...]
    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]


SosRequest = GetCapabilities | DescribeSensor | GetObservation | GetFeatureOfInterest | GetDataAvailability


def read_request(kvp: Kvp) -> SosRequest:
    """The request of parameters. Raises Fault with the parameter as the locator; a parameter that is there but empty is missing."""
    _exactly(kvp, "SERVICE", "SOS")
    name = _NAME.read(kvp)
    operation = next((known for known in OPERATIONS if known.lower() == name.lower()), None)
    if operation is None:
        raise Fault(Kind.UNKNOWN_OPERATION, f"{shown(name)} is not an operation of this service", "request")
    if operation == "GetCapabilities":
        return _capabilities(kvp)
    _exactly(kvp, "VERSION", "2.0.0")
    if operation == "DescribeSensor":
        found = DescribeSensor(_PROCEDURE.read(kvp))
        _one_of(kvp, "PROCEDUREDESCRIPTIONFORMAT", (SENSORML,), required=True)
        return found
    procedures, properties, features = (
        _given(field, kvp, ()) for field in (_PROCEDURES, _PROPERTIES, _FEATURES)
    )
    if operation == "GetDataAvailability":
        return GetDataAvailability(_given(_OFFERINGS, kvp, ()), procedures, properties, features)
    area = _given(_AREA, kvp, None)
    if operation == "GetFeatureOfInterest":
        return GetFeatureOfInterest(procedures, properties, features, area)
    span = _given(_TIME, kvp, None)
    response_format = _one_of(kvp, "RESPONSEFORMAT", RESPONSE_FORMATS, required=False) or OM
    offerings = _given(_OFFERINGS, kvp, ())
    return GetObservation(
        offerings, procedures, properties, features, (span,) if span else (), area, response_format
    )


def from_xml(body: bytes, limits: Limits) -> Kvp:
    """The parameters that a body in XML states. Raises Fault INVALID_REQUEST."""
    try:
        root = parse(body, limits.body_bytes)
    except Fault as fault:
        if fault.kind is Kind.TOO_LARGE:
            raise
        raise Fault(Kind.INVALID_REQUEST, f"the body {fault.text}") from fault
    out = {"REQUEST": etree.QName(root).localname}
    for name in ("service", "version", "updateSequence"):
        if root.get(name) is not None:
            out[name.upper()] = root.get(name, "")
    if out["REQUEST"] != "GetCapabilities" and not {"SERVICE", "VERSION"} <= out.keys():
        raise Fault(Kind.INVALID_REQUEST, "the attributes service and version are required")
    for child in root:
        name = etree.QName(child).localname
        reader = _ELEMENTS.get(name)
        if reader is None:
            raise Fault(Kind.INVALID_REQUEST, f"{shown(name)} is not an element of this request")
        value = reader(child)
        if "," in value and reader is _text:
            raise invalid("a name holds a comma", name)
        key = name.upper()
        out[key] = f"{out[key]},{value}" if key in out and reader is _text else value
    return out


def _capabilities(kvp: Kvp) -> GetCapabilities:
    accepted = _given(_VERSIONS, kvp, ())
    if accepted and "2.0.0" not in accepted:
        raise Fault(Kind.UNKNOWN_VERSION, "this service speaks 2.0.0", "AcceptVersions")
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
    return GetCapabilities(sections, kvp.get("UPDATESEQUENCE", ""))


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
    """`om:phenomenonTime,<instant>` or `…,<start>/<end>`; an instant is as long as it is precise, both ends are in."""
    reference, _, rest = text.partition(",")
    if reference not in _TIMES:
        raise Fault(Kind.INVALID, f"{shown(reference)} is not om:phenomenonTime", "valueReference")
    if rest in ("first", "latest"):
        return Span(None, None, rest)
    first, slash, last = rest.partition("/")
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


_NAME = Field("REQUEST", plain)
_PROCEDURE = Field("PROCEDURE", _identifier)
_NAMES = list_of(_identifier, _MOST_NAMES)
_OFFERINGS, _PROCEDURES = Field("OFFERING", _NAMES), Field("PROCEDURE", _NAMES)
_PROPERTIES, _FEATURES = Field("OBSERVEDPROPERTY", _NAMES), Field("FEATUREOFINTEREST", _NAMES)
_VERSIONS, _FORMATS = Field("ACCEPTVERSIONS", list_of(plain, 20)), Field("ACCEPTFORMATS", list_of(plain, 20))
_TIME, _AREA = Field("TEMPORALFILTER", _span), Field("SPATIALFILTER", _box)


def _text(element: etree._Element) -> str:
    if len(element):
        raise Fault(
            Kind.INVALID_REQUEST, f"{shown(etree.QName(element).localname)} holds a text, not elements"
        )
    return (element.text or "").strip()


def _listed(element: etree._Element) -> str:
    """ows:AcceptVersions and its like: the texts of the children."""
    return ",".join((child.text or "").strip() for child in element)


def _temporal(element: etree._Element) -> str:
    """fes:During, fes:TEquals, fes:After, fes:Before over a gml:TimePeriod or TimeInstant, as the text of a KVP."""
    reference = _reference(element, "om:phenomenonTime")
    operator = etree.QName(next(iter(element))).localname
    if operator not in ("During", "TEquals"):
        raise Fault(Kind.INVALID, f"{shown(operator)} is not During or TEquals", "temporalFilter")
    times = [
        (found.text or "").strip()
        for name in ("timePosition", "beginPosition", "endPosition")
        for found in element.iter(f"{{*}}{name}")
    ]
    if len(times) not in (1, 2):
        raise Fault(Kind.INVALID_REQUEST, "a temporal filter holds a gml:TimeInstant or a gml:TimePeriod")
    return f"{reference},{'/'.join(times)}"


def _spatial(element: etree._Element) -> str:
    """fes:BBOX over a gml:Envelope, as the text of a KVP."""
    reference = _reference(element, "om:featureOfInterest/*/sams:shape")
    operator = etree.QName(next(iter(element))).localname
    if operator != "BBOX":
        raise Fault(Kind.INVALID, f"{shown(operator)} is not BBOX", "spatialFilter")
    corners = [
        part
        for name in ("lowerCorner", "upperCorner")
        for found in element.iter(f"{{*}}{name}")
        for part in (found.text or "").split()
    ]
    names = [name for found in element.iter("{*}Envelope") for name in [found.get("srsName")] if name]
    if len(corners) != 4:
        raise Fault(Kind.INVALID_REQUEST, "a spatial filter holds a gml:Envelope")
    return ",".join((reference, *corners, *names[:1]))


def _reference(element: etree._Element, default: str) -> str:
    if not len(element):
        raise Fault(Kind.INVALID_REQUEST, "a filter has no operator")
    found = next((item.text or "" for item in element.iter("{*}ValueReference")), None)
    return default if found is None else found.strip()


_ELEMENTS: Mapping[str, Callable[[etree._Element], str]] = {
    **dict.fromkeys(
        (
            "procedure",
            "procedureDescriptionFormat",
            "offering",
            "observedProperty",
            "featureOfInterest",
            "responseFormat",
        ),
        _text,
    ),
    **dict.fromkeys(("AcceptVersions", "AcceptFormats", "Sections"), _listed),
    "temporalFilter": _temporal,
    "spatialFilter": _spatial,
}
