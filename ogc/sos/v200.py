# SPDX-License-Identifier: Apache-2.0
"""The documents of SOS 2.0 that are trees: capabilities, sensor descriptions, features; in the order of their schemas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from catalog.model.area import Box
from catalog.model.observation import Series, Station
from catalog.model.product import Summary
from catalog.model.time import Micros, micros_text
from catalog.xml.build import document, el, root_element
from config.series_types import SeriesType
from config.settings import Service
from ogc.sos import names
from ogc.sos.request import OPERATIONS, SECTIONS

SOS, SWES, OWS = (
    "http://www.opengis.net/sos/2.0",
    "http://www.opengis.net/swes/2.0",
    "http://www.opengis.net/ows/1.1",
)
_GML, _FES, _SWE = (
    "http://www.opengis.net/gml/3.2",
    "http://www.opengis.net/fes/2.0",
    "http://www.opengis.net/swe/2.0",
)
_SML, _XLINK = "http://www.opengis.net/sensorml/2.0", "http://www.w3.org/1999/xlink"
_SF, _SAMS = "http://www.opengis.net/sampling/2.0", "http://www.opengis.net/samplingSpatial/2.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES: dict[str | None, str] = {
    "sos": SOS, "swes": SWES, "ows": OWS, "gml": _GML, "fes": _FES, "swe": _SWE, "sml": _SML, "sf": _SF, "sams": _SAMS, "xlink": _XLINK, "xsi": _XSI,
}  # fmt: skip
_EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
_PROFILES = (
    "http://www.opengis.net/spec/SOS/2.0/conf/core", "http://www.opengis.net/spec/SOS/2.0/conf/kvp-core", "http://www.opengis.net/spec/SOS/2.0/conf/pox",
    "http://www.opengis.net/spec/SOS/2.0/conf/soap", "http://www.opengis.net/spec/SOS/2.0/conf/obsByIdRetrieval",
    "http://www.opengis.net/spec/SOS/2.0/conf/resultRetrieval",
    "http://www.opengis.net/spec/SOS/2.0/conf/foiRetrieval", "http://www.opengis.net/spec/OMXML/2.0/conf/measurement",
    "http://www.opengis.net/spec/OMXML/2.0/conf/samplingPoint", "http://www.opengis.net/spec/waterml/2.0/conf/xsd-measurement-timeseries-tvp",
)  # fmt: skip
_OBSERVATION_TYPES = (
    "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "http://www.opengis.net/def/observationType/waterml/2.0/MeasurementTimeseriesTVPObservation",
)
_POINT = "http://www.opengis.net/def/samplingFeatureType/OGC-OM/2.0/SF_SamplingPoint"
_DESCRIPTIONS = (names.SENSORML, names.SENSORML_1)
_UNKNOWN = "http://www.opengis.net/def/nil/OGC/0/unknown"


@dataclass(frozen=True)
class Offering:
    """A collection of series as SOS offers it."""

    kind: SeriesType
    summary: Summary
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """What a capabilities document is made of."""

    service: Service
    base_url: str
    offerings: tuple[Offering, ...]
    stations: tuple[str, ...]
    """All ids where they are few; empty where a list would be too long."""
    update_sequence: str


def capabilities(doc: Document, sections: Sequence[str] | None) -> bytes:
    """A capabilities document with some sections; None is all of them (12-006, clause 8.1)."""
    root = _root(f"{{{SOS}}}Capabilities", f"{SOS} http://schemas.opengis.net/sos/2.0/sos.xsd")
    root.set("version", "2.0.0")
    root.set("updateSequence", doc.update_sequence)
    wanted = SECTIONS if sections is None else sections
    writers = {
        "ServiceIdentification": identification, "ServiceProvider": provider, "OperationsMetadata": _operations,
        "FilterCapabilities": _filters, "Contents": _contents,
    }  # fmt: skip
    for name in SECTIONS:
        if name in wanted:
            writers[name](root, doc)
    return document(root)


def _root(tag: str, location: str) -> etree._Element:
    root = root_element(tag, _NAMESPACES)
    root.set(f"{{{_XSI}}}schemaLocation", location)
    return root


def _ows(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    return el(parent, f"{{{OWS}}}{tag}", text)


def identification(root: etree._Element, doc: Document, version: str = "2.0.0") -> None:
    """The ows:ServiceIdentification of either version."""
    out = _ows(root, "ServiceIdentification")
    _ows(out, "Title", doc.service.title.en)
    _ows(out, "Abstract", doc.service.abstract.en)
    _ows(out, "ServiceType", "OGC:SOS")
    for one in names.VERSIONS:
        _ows(out, "ServiceTypeVersion", one)
    for profile in _PROFILES if version == "2.0.0" else ():
        _ows(out, "Profile", profile)
    _ows(out, "Fees", doc.service.fees)
    _ows(out, "AccessConstraints", doc.service.access_constraints)


def provider(root: etree._Element, doc: Document) -> None:
    """The ows:ServiceProvider."""
    contact = doc.service.contact
    out = _ows(root, "ServiceProvider")
    _ows(out, "ProviderName", contact.organisation)
    _ows(out, "ProviderSite").set(f"{{{_XLINK}}}href", contact.website)
    person = _ows(out, "ServiceContact")
    _ows(person, "IndividualName", contact.person)
    address = _ows(_ows(person, "ContactInfo"), "Address")
    _ows(address, "ElectronicMailAddress", contact.email)


def _operations(root: etree._Element, doc: Document) -> None:
    out = _ows(root, "OperationsMetadata")
    base = doc.base_url
    procedures = [names.procedure(base, one.kind.id) for one in doc.offerings]
    offerings = [one.kind.id for one in doc.offerings]
    properties = [
        names.observed_property(base, name)
        for name in dict.fromkeys(name for one in doc.offerings for name in one.properties)
    ]
    features = [names.feature(base, station) for station in doc.stations]
    common = {"procedure": procedures, "observedProperty": properties, "featureOfInterest": features}
    parameters: dict[str, dict[str, list[str]]] = {
        "GetCapabilities": {
            "AcceptVersions": list(names.VERSIONS),
            "Sections": [*SECTIONS, "All"],
            "AcceptFormats": ["application/xml", "text/xml"],
        },
        "DescribeSensor": {"procedure": procedures, "procedureDescriptionFormat": list(_DESCRIPTIONS)},
        "GetObservation": {"offering": offerings, **common, "responseFormat": list(names.RESPONSE_FORMATS)},
        "GetFeatureOfInterest": common,
        "GetDataAvailability": {"offering": offerings, **common, "responseFormat": [names.GDA, names.GDA_2]},
        "GetObservationById": {"observation": []},
        "GetResultTemplate": {"offering": offerings, "observedProperty": properties},
        "GetResult": {"offering": offerings, "observedProperty": properties, "featureOfInterest": features},
    }
    for name in OPERATIONS:
        operation = _ows(out, "Operation")
        operation.set("name", name)
        http = _ows(_ows(operation, "DCP"), "HTTP")
        for method, address, media in (
            ("Get", f"{base}/sos?", ("application/x-kvp",)),
            ("Post", f"{base}/sos", ("application/xml", "application/soap+xml")),
        ):
            link = _ows(http, method)
            link.set(f"{{{_XLINK}}}href", address)
            constraint = _ows(link, "Constraint")
            constraint.set("name", "Content-Type")
            allowed = _ows(constraint, "AllowedValues")
            for one in media:
                _ows(allowed, "Value", one)
        for key, values in parameters[name].items():
            parameter(operation, key, values)
    parameter(out, "service", ["SOS"])
    parameter(out, "version", list(names.VERSIONS))


def parameter(parent: etree._Element, name: str, values: Sequence[str]) -> None:
    """An ows:Parameter; without values, any."""
    out = _ows(parent, "Parameter")
    out.set("name", name)
    if not values:
        _ows(out, "AnyValue")
        return
    allowed = _ows(out, "AllowedValues")
    for value in values:
        _ows(allowed, "Value", value)


def _filters(root: etree._Element, _doc: Document) -> None:
    out = el(el(root, f"{{{SOS}}}filterCapabilities"), f"{{{_FES}}}Filter_Capabilities")
    conformance = el(out, f"{{{_FES}}}Conformance")
    supported = {"ImplementsMinSpatialFilter", "ImplementsMinTemporalFilter"}
    for name in (
        "ImplementsQuery", "ImplementsAdHocQuery", "ImplementsFunctions", "ImplementsResourceld", "ImplementsMinStandardFilter",
        "ImplementsStandardFilter", "ImplementsMinSpatialFilter", "ImplementsSpatialFilter", "ImplementsMinTemporalFilter",
        "ImplementsTemporalFilter", "ImplementsVersionNav", "ImplementsSorting", "ImplementsExtendedOperators", "ImplementsMinimumXPath",
        "ImplementsSchemaElementFunc",
    ):  # fmt: skip
        constraint = el(conformance, f"{{{_FES}}}Constraint", name=name)
        _ows(constraint, "NoValues")
        _ows(constraint, "DefaultValue", "true" if name in supported else "false")
    _filter_group(out, "Spatial", "Geometry", ("gml:Envelope",), ("BBOX",))
    _filter_group(out, "Temporal", "Temporal", ("gml:TimePeriod", "gml:TimeInstant"), ("During", "TEquals"))


def _filter_group(
    out: etree._Element, group: str, operand: str, operands: Sequence[str], operators: Sequence[str]
) -> None:
    capabilities = el(out, f"{{{_FES}}}{group}_Capabilities")

    def list_operands(parent: etree._Element) -> None:
        found = el(parent, f"{{{_FES}}}{operand}Operands")
        for name in operands:
            el(found, f"{{{_FES}}}{operand}Operand", name=name)

    list_operands(capabilities)
    found = el(capabilities, f"{{{_FES}}}{group}Operators")
    for name in operators:
        list_operands(el(found, f"{{{_FES}}}{group}Operator", name=name))


def _contents(root: etree._Element, doc: Document) -> None:
    """Everything of an offering inside of it: sos4R fails on any other child of Contents, OWSLib inherits nothing."""
    out = el(el(root, f"{{{SOS}}}contents"), f"{{{SOS}}}Contents")
    for number, offering in enumerate(doc.offerings):
        _offering(
            el(el(out, f"{{{SWES}}}offering"), f"{{{SOS}}}ObservationOffering"),
            offering,
            number,
            doc.base_url,
        )


def _offering(out: etree._Element, offering: Offering, number: int, base_url: str) -> None:
    kind, summary = offering.kind, offering.summary
    el(out, f"{{{SWES}}}description", kind.abstract.en)
    el(out, f"{{{SWES}}}identifier", kind.id)
    el(out, f"{{{SWES}}}name", kind.title.en)
    el(out, f"{{{SWES}}}procedure", names.procedure(base_url, kind.id))
    for form in _DESCRIPTIONS:
        el(out, f"{{{SWES}}}procedureDescriptionFormat", form)
    for name in offering.properties:
        el(out, f"{{{SWES}}}observableProperty", names.observed_property(base_url, name))
    box = summary.extent or Box(west=-180.0, south=-90.0, east=180.0, north=90.0)
    envelope = el(el(out, f"{{{SOS}}}observedArea"), f"{{{_GML}}}Envelope", srsName=_EPSG_4326)
    el(envelope, f"{{{_GML}}}lowerCorner", f"{box.south} {box.west}")
    el(envelope, f"{{{_GML}}}upperCorner", f"{box.north} {box.east}")
    assert summary.first is not None and summary.last is not None
    for name in ("phenomenonTime", "resultTime"):
        _period(el(out, f"{{{SOS}}}{name}"), f"{name}{number}", summary.first, summary.last)
    for form in names.RESPONSE_FORMATS:
        el(out, f"{{{SOS}}}responseFormat", form)
    for observation_type in _OBSERVATION_TYPES:
        el(out, f"{{{SOS}}}observationType", observation_type)
    el(out, f"{{{SOS}}}featureOfInterestType", _POINT)


def _period(parent: etree._Element, mark: str, first: Micros, last: Micros) -> None:
    period = el(parent, f"{{{_GML}}}TimePeriod")
    period.set(f"{{{_GML}}}id", mark)
    el(period, f"{{{_GML}}}beginPosition", micros_text(first))
    el(period, f"{{{_GML}}}endPosition", micros_text(last))


def sensor(described: etree._Element, description_format: str) -> bytes:
    """A DescribeSensorResponse around a description of a chain (12-006, clause 8.2)."""
    root = _root(f"{{{SWES}}}DescribeSensorResponse", f"{SWES} http://schemas.opengis.net/swes/2.0/swes.xsd")
    el(root, f"{{{SWES}}}procedureDescriptionFormat", description_format)
    description = el(el(root, f"{{{SWES}}}description"), f"{{{SWES}}}SensorDescription")
    el(description, f"{{{SWES}}}data").append(described)
    return document(root)


def sensor_ml(offering: Offering, stations: Sequence[str], base_url: str) -> etree._Element:
    """A SensorML 2.0 description of a chain (12-000)."""
    kind, summary = offering.kind, offering.summary
    system = root_element(f"{{{_SML}}}PhysicalSystem", _NAMESPACES)
    system.set(f"{{{_GML}}}id", "system")
    el(system, f"{{{_GML}}}description", kind.abstract.en)
    el(system, f"{{{_GML}}}identifier", names.procedure(base_url, kind.id), codeSpace="uniqueID")
    identifiers = el(el(system, f"{{{_SML}}}identification"), f"{{{_SML}}}IdentifierList")
    for label, value in (("longName", kind.title.en), ("shortName", kind.id)):
        term = el(
            el(identifiers, f"{{{_SML}}}identifier"),
            f"{{{_SML}}}Term",
            definition=f"http://mmisw.org/ont/ioos/definition/{label}",
        )
        el(term, f"{{{_SML}}}label", label)
        el(term, f"{{{_SML}}}value", value)
    assert summary.first is not None and summary.last is not None
    _period(el(system, f"{{{_SML}}}validTime"), "valid", summary.first, summary.last)
    capability_list = el(el(system, f"{{{_SML}}}capabilities", name="offerings"), f"{{{_SML}}}CapabilityList")
    text = el(
        el(capability_list, f"{{{_SML}}}capability", name=kind.id),
        f"{{{_SWE}}}Text",
        definition="http://www.opengis.net/def/offering/identifier",
    )
    el(text, f"{{{_SWE}}}label", kind.title.en)
    el(text, f"{{{_SWE}}}value", kind.id)
    if stations:
        features = el(
            el(system, f"{{{_SML}}}featuresOfInterest"),
            f"{{{_SML}}}FeatureList",
            definition="http://www.opengis.net/def/featureOfInterest/identifier",
        )
        el(features, f"{{{_SWE}}}label", "featuresOfInterest")
        for station in stations:
            el(features, f"{{{_SML}}}feature").set(f"{{{_XLINK}}}href", names.feature(base_url, station))
    outputs = el(el(system, f"{{{_SML}}}outputs"), f"{{{_SML}}}OutputList")
    for name in offering.properties:
        _output(outputs, name, kind, base_url)
    return system


def _output(outputs: etree._Element, name: str, kind: SeriesType, base_url: str) -> None:
    observed = kind.properties[name]
    quantity = el(
        el(outputs, f"{{{_SML}}}output", name=name),
        f"{{{_SWE}}}Quantity",
        definition=names.observed_property(base_url, name),
    )
    if observed.datum:
        quantity.set("referenceFrame", f"http://www.opengis.net/def/crs/EPSG/0/{observed.datum}")
    el(quantity, f"{{{_SWE}}}label", observed.title.en)
    el(quantity, f"{{{_SWE}}}uom", code=observed.unit)


def features(stations: Iterable[Station], base_url: str) -> bytes:
    """A GetFeatureOfInterestResponse: each station as a sampling point (10-025r1), latitude first as EPSG:4326 wants it."""
    root = _root(
        f"{{{SOS}}}GetFeatureOfInterestResponse", f"{SOS} http://schemas.opengis.net/sos/2.0/sos.xsd"
    )
    for number, station in enumerate(stations):
        feature = el(el(root, f"{{{SOS}}}featureMember"), f"{{{_SAMS}}}SF_SpatialSamplingFeature")
        feature.set(f"{{{_GML}}}id", f"f{number}")
        el(feature, f"{{{_GML}}}identifier", names.feature(base_url, station.id), codeSpace=_UNKNOWN)
        el(feature, f"{{{_GML}}}name", station.name)
        el(feature, f"{{{_SF}}}type").set(f"{{{_XLINK}}}href", _POINT)
        sampled = el(feature, f"{{{_SF}}}sampledFeature")
        sampled.set(f"{{{_XLINK}}}href", names.feature(base_url, station.id))
        sampled.set(f"{{{_XLINK}}}title", station.water or station.name)
        point = el(el(feature, f"{{{_SAMS}}}shape"), f"{{{_GML}}}Point")
        point.set(f"{{{_GML}}}id", f"f{number}p")
        el(point, f"{{{_GML}}}pos", f"{station.latitude} {station.longitude}", srsName=_EPSG_4326)
    return document(root)


def availability(found: Sequence[Series], base_url: str, version: str) -> bytes:
    """A GetDataAvailabilityResponse of 52°North's extension, which sos4R asks for: from when to when, and how many.

    `version` is its namespace; 2.0 names the offering too.
    """
    root = root_element(
        f"{{{version}}}GetDataAvailabilityResponse", {"gda": version, "gml": _GML, "xlink": _XLINK}
    )
    for number, series in enumerate(found):
        member = el(root, f"{{{version}}}dataAvailabilityMember")
        member.set(f"{{{_GML}}}id", f"m{number}")
        links = [
            ("procedure", names.procedure(base_url, series.collection), series.collection),
            (
                "observedProperty",
                names.observed_property(base_url, series.observed_property),
                series.observed_property,
            ),
            ("featureOfInterest", names.feature(base_url, series.station), series.station),
        ]
        if version == names.GDA_2:
            links.append(("offering", series.collection, series.collection))
        for name, address, title in links:
            link = el(member, f"{{{version}}}{name}")
            link.set(f"{{{_XLINK}}}href", address)
            link.set(f"{{{_XLINK}}}title", title)
        _period(el(member, f"{{{version}}}phenomenonTime"), f"m{number}t", series.first, series.last)
        el(member, f"{{{version}}}count", series.count)
    return document(root)


def result_template(offering: Offering, name: str, base_url: str) -> bytes:
    """A GetResultTemplateResponse: time, station, value and uncertainty, separated by commas and lines (12-006, clause 11.3.1)."""
    root = _root(f"{{{SOS}}}GetResultTemplateResponse", f"{SOS} http://schemas.opengis.net/sos/2.0/sos.xsd")
    record = el(el(root, f"{{{SOS}}}resultStructure"), f"{{{_SWE}}}DataRecord")
    address, observed = names.observed_property(base_url, name), offering.kind.properties[name]
    time = el(
        el(record, f"{{{_SWE}}}field", name="phenomenonTime"),
        f"{{{_SWE}}}Time",
        definition="http://www.opengis.net/def/property/OGC/0/PhenomenonTime",
    )
    el(time, f"{{{_SWE}}}uom").set(f"{{{_XLINK}}}href", "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian")
    el(
        el(record, f"{{{_SWE}}}field", name="featureOfInterest"),
        f"{{{_SWE}}}Text",
        definition="http://www.opengis.net/def/property/OGC/0/FeatureOfInterest",
    )
    _missing(el(record, f"{{{_SWE}}}field", name=name), address, observed.unit)
    _missing(el(record, f"{{{_SWE}}}field", name="uncertainty"), f"{address}#uncertainty", observed.unit)
    encoding = el(el(root, f"{{{SOS}}}resultEncoding"), f"{{{_SWE}}}TextEncoding")
    for key, value in (("tokenSeparator", ","), ("blockSeparator", "\n"), ("decimalSeparator", ".")):
        encoding.set(key, value)
    return document(root)


def _missing(field: etree._Element, definition: str, unit: str) -> None:
    """A quantity that may be NaN."""
    quantity = el(field, f"{{{_SWE}}}Quantity", definition=definition)
    nils = el(el(quantity, f"{{{_SWE}}}nilValues"), f"{{{_SWE}}}NilValues")
    el(nils, f"{{{_SWE}}}nilValue", "NaN", reason="http://www.opengis.net/def/nil/OGC/0/missing")
    el(quantity, f"{{{_SWE}}}uom", code=unit)
