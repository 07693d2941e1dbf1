# SPDX-License-Identifier: Apache-2.0
"""SOS 1.0.0 for old clients, for reading: capabilities (06-009r6, clause 8.2), SensorML 1.0.1 (07-000), observations as O&M 1.0 (07-022r1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from xml.sax.saxutils import quoteattr

from lxml import etree

from catalog.model.area import Box
from catalog.model.observation import Extent, Point
from catalog.model.time import Micros, micros_text
from catalog.xml.build import document, el, root_element
from ogc.sos import names
from ogc.sos.stream import DECLARATION, Told
from ogc.sos.v200 import OWS, Document, Offering, identification, parameter, provider

_SOS, _GML, _SWE = (
    "http://www.opengis.net/sos/1.0",
    "http://www.opengis.net/gml",
    "http://www.opengis.net/swe/1.0.1",
)
_SML, _XLINK = names.SENSORML_1, "http://www.w3.org/1999/xlink"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_HREF = f"{{{_XLINK}}}href"
_NAMESPACES: dict[str | None, str] = {
    "sos": _SOS, "ows": OWS, "gml": _GML, "swe": _SWE, "sml": _SML, "om": names.OM_1, "xlink": _XLINK, "xsi": _XSI,
}  # fmt: skip
_EPSG_4326 = "urn:ogc:def:crs:EPSG::4326"
_TIME = "urn:ogc:data:time:iso8601"
_NOTHING = "urn:ogc:def:nil:OGC:inapplicable"
_OBSERVATIONS = (
    f'xmlns:om="{names.OM_1}" xmlns:gml="{_GML}" xmlns:swe="{_SWE}" xmlns:xlink="{_XLINK}" xmlns:xsi="{_XSI}" '
    f'xsi:schemaLocation="{names.OM_1} http://schemas.opengis.net/om/1.0.0/om.xsd"'
)
HEAD = f'{DECLARATION}<om:ObservationCollection gml:id="collection" {_OBSERVATIONS}>'
EMPTY = f'<om:member xlink:href="{_NOTHING}"/>'
"""A collection must have a member: this one says that there is none."""
FOOT = "</om:ObservationCollection>\n"


def capabilities(doc: Document, sections: Sequence[str] | None) -> bytes:
    """A capabilities document with some sections; None is all of them."""
    root = root_element(f"{{{_SOS}}}Capabilities", _NAMESPACES, {"version": "1.0.0"})
    root.set("updateSequence", doc.update_sequence)
    root.set(f"{{{_XSI}}}schemaLocation", f"{_SOS} http://schemas.opengis.net/sos/1.0.0/sosAll.xsd")
    writers: dict[str, Callable[[etree._Element, Document], None]] = {
        "ServiceIdentification": partial(identification, version="1.0.0"),
        "ServiceProvider": provider,
        "OperationsMetadata": _operations,
        "Contents": _contents,
    }
    for name, write in writers.items():
        if sections is None or name in sections:
            write(root, doc)
    return document(root)


def _operations(root: etree._Element, doc: Document) -> None:
    out = el(root, f"{{{OWS}}}OperationsMetadata")
    base = doc.base_url
    procedures = [names.procedure(base, one.kind.id) for one in doc.offerings]
    properties = dict.fromkeys(
        names.observed_property(base, name) for one in doc.offerings for name in one.properties
    )
    operations: dict[str, dict[str, Sequence[str]]] = {
        "GetCapabilities": {"AcceptVersions": names.VERSIONS},
        "DescribeSensor": {"procedure": procedures, "outputFormat": [names.MEDIA_SENSORML_1]},
        "GetObservation": {
            "offering": [one.kind.id for one in doc.offerings],
            "procedure": procedures,
            "observedProperty": list(properties),
            "featureOfInterest": [names.feature(base, station) for station in doc.stations],
            "eventTime": [],
            "responseFormat": [names.MEDIA_OM_1],
        },
    }
    for name, parameters in operations.items():
        operation = el(out, f"{{{OWS}}}Operation", name=name)
        http = el(el(operation, f"{{{OWS}}}DCP"), f"{{{OWS}}}HTTP")
        el(http, f"{{{OWS}}}Get").set(_HREF, f"{base}/sos?")
        el(http, f"{{{OWS}}}Post").set(_HREF, f"{base}/sos")
        for key, values in parameters.items():
            parameter(operation, key, values)
    parameter(out, "service", ["SOS"])
    parameter(out, "version", ["1.0.0"])


def _contents(root: etree._Element, doc: Document) -> None:
    if not doc.offerings:
        return
    listed = el(el(root, f"{{{_SOS}}}Contents"), f"{{{_SOS}}}ObservationOfferingList")
    for number, offering in enumerate(doc.offerings):
        _offering(listed, offering, number, doc)


def _offering(listed: etree._Element, offering: Offering, number: int, doc: Document) -> None:
    kind, summary = offering.kind, offering.summary
    out = el(listed, f"{{{_SOS}}}ObservationOffering")
    out.set(f"{{{_GML}}}id", kind.id)
    el(out, f"{{{_GML}}}description", kind.abstract.en)
    el(out, f"{{{_GML}}}name", kind.title.en)
    box = summary.extent or Box(west=-180.0, south=-90.0, east=180.0, north=90.0)
    envelope = el(el(out, f"{{{_GML}}}boundedBy"), f"{{{_GML}}}Envelope", srsName=_EPSG_4326)
    el(envelope, f"{{{_GML}}}lowerCorner", f"{box.south} {box.west}")
    el(envelope, f"{{{_GML}}}upperCorner", f"{box.north} {box.east}")
    assert summary.first is not None and summary.last is not None
    _period(el(out, f"{{{_SOS}}}time"), f"time{number}", summary.first, summary.last)
    el(out, f"{{{_SOS}}}procedure").set(_HREF, names.procedure(doc.base_url, kind.id))
    for name in offering.properties:
        el(out, f"{{{_SOS}}}observedProperty").set(_HREF, names.observed_property(doc.base_url, name))
    features = [names.feature(doc.base_url, station) for station in doc.stations]
    for feature in features or [names.procedure(doc.base_url, kind.id)]:
        el(out, f"{{{_SOS}}}featureOfInterest").set(_HREF, feature)
    el(out, f"{{{_SOS}}}responseFormat", names.MEDIA_OM_1)
    el(out, f"{{{_SOS}}}resultModel", "om:Observation")
    el(out, f"{{{_SOS}}}responseMode", "inline")


def _period(parent: etree._Element, mark: str, first: Micros, last: Micros) -> None:
    period = el(parent, f"{{{_GML}}}TimePeriod")
    period.set(f"{{{_GML}}}id", mark)
    el(period, f"{{{_GML}}}beginPosition", micros_text(first))
    el(period, f"{{{_GML}}}endPosition", micros_text(last))


def sensor_ml(offering: Offering, base_url: str) -> etree._Element:
    """A SensorML 1.0.1 description of a chain."""
    kind, summary = offering.kind, offering.summary
    root = root_element(f"{{{_SML}}}SensorML", _NAMESPACES, {"version": "1.0.1"})
    root.set(f"{{{_XSI}}}schemaLocation", f"{_SML} http://schemas.opengis.net/sensorML/1.0.1/sensorML.xsd")
    system = el(el(root, f"{{{_SML}}}member"), f"{{{_SML}}}System")
    system.set(f"{{{_GML}}}id", "system")
    el(system, f"{{{_GML}}}description", kind.abstract.en)
    identifiers = el(el(system, f"{{{_SML}}}identification"), f"{{{_SML}}}IdentifierList")
    for name, definition, value in (
        ("uniqueID", "urn:ogc:def:identifier:OGC:1.0:uniqueID", names.procedure(base_url, kind.id)),
        ("longName", "urn:ogc:def:identifier:OGC:1.0:longName", kind.title.en),
        ("shortName", "urn:ogc:def:identifier:OGC:1.0:shortName", kind.id),
    ):
        term = el(
            el(identifiers, f"{{{_SML}}}identifier", name=name), f"{{{_SML}}}Term", definition=definition
        )
        el(term, f"{{{_SML}}}value", value)
    assert summary.first is not None and summary.last is not None
    _period(el(system, f"{{{_SML}}}validTime"), "valid", summary.first, summary.last)
    outputs = el(el(system, f"{{{_SML}}}outputs"), f"{{{_SML}}}OutputList")
    for name in offering.properties:
        quantity = el(
            el(outputs, f"{{{_SML}}}output", name=name),
            f"{{{_SWE}}}Quantity",
            definition=names.observed_property(base_url, name),
        )
        el(quantity, f"{{{_SWE}}}uom", code=kind.properties[name].unit)
    return root


def observation(told: Told, extent: Extent, pages: Iterable[Sequence[Point]]) -> Iterator[str]:
    """One om:Observation a series: its points are the values of a swe:DataArray of time, value and uncertainty."""
    base, series, unit = told.base_url, told.series, quoteattr(told.observed.unit)
    procedure, prop, feature = (
        quoteattr(address)
        for address in (
            names.procedure(base, told.kind.id),
            names.observed_property(base, series.observed_property),
            names.feature(base, series.station),
        )
    )
    wide = quoteattr(f"{names.observed_property(base, series.observed_property)}#uncertainty")
    yield (
        f'<om:member><om:Observation gml:id="o{told.number}"><om:samplingTime><gml:TimePeriod>'
        f"<gml:beginPosition>{micros_text(extent.first)}</gml:beginPosition><gml:endPosition>{micros_text(extent.last)}</gml:endPosition>"
        f"</gml:TimePeriod></om:samplingTime><om:procedure xlink:href={procedure}/><om:observedProperty xlink:href={prop}/>"
        f"<om:featureOfInterest xlink:href={feature}/><om:result><swe:DataArray><swe:elementCount><swe:Count><swe:value>{extent.count}</swe:value>"
        f'</swe:Count></swe:elementCount><swe:elementType name="point"><swe:DataRecord><swe:field name="time"><swe:Time definition="{_TIME}"/></swe:field>'
        f'<swe:field name="value"><swe:Quantity definition={prop}><swe:uom code={unit}/></swe:Quantity></swe:field>'
        f'<swe:field name="uncertainty"><swe:Quantity definition={wide}><swe:uom code={unit}/></swe:Quantity></swe:field>'
        '</swe:DataRecord></swe:elementType><swe:encoding><swe:TextBlock tokenSeparator="," blockSeparator=";" decimalSeparator="."/></swe:encoding>'
        "<swe:values>"
    )
    for page in pages:
        yield "".join(
            f"{micros_text(point.time)},{point.value!r},{'' if point.uncertainty is None else repr(point.uncertainty)};"
            for point in page
        )
    yield "</swe:values></swe:DataArray></om:result></om:Observation></om:member>"
