# SPDX-License-Identifier: Apache-2.0
"""Requests of SOS in XML, bare or in a SOAP envelope: they become the parameters of a KVP (12-006, clauses 13.4 and 13.5).

Of the bodies that real clients send, some have another child order or namespace version than the schema: local names decide,
and an element that nobody knows is InvalidRequest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from catalog.model.faults import Fault, Kind, invalid
from catalog.xml.parse import parse
from config.limits import Limits
from ogc.http.fields import shown
from ogc.http.kvp import Kvp
from ogc.http.soap import Posted, unwrapped


def read_body(body: bytes, limits: Limits) -> Posted:
    """A request in XML, out of its envelope if there is one. Raises Fault INVALID_REQUEST."""
    try:
        root = parse(body, limits.body_bytes)
    except Fault as fault:
        if fault.kind is Kind.TOO_LARGE:
            raise
        raise Fault(Kind.INVALID_REQUEST, f"the body {fault.text}") from fault
    return unwrapped(root)


def parameters(root: etree._Element) -> Kvp:
    """The parameters that a request in XML states. Raises Fault INVALID_REQUEST."""
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
    if operator not in ("During", "TEquals", "TM_During", "TM_Equals"):
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


def _event_time(element: etree._Element) -> str:
    """The time of SOS 1.0: an operator over an instant or a period, as the text of a KVP."""
    return _temporal(element).partition(",")[2]


_ELEMENTS: Mapping[str, Callable[[etree._Element], str]] = {
    **dict.fromkeys(
        (
            "procedure",
            "procedureDescriptionFormat",
            "offering",
            "observedProperty",
            "featureOfInterest",
            "responseFormat",
            "observation",
            "outputFormat",
            "resultModel",
            "responseMode",
        ),
        _text,
    ),
    **dict.fromkeys(("AcceptVersions", "AcceptFormats", "Sections"), _listed),
    "temporalFilter": _temporal,
    "spatialFilter": _spatial,
    "eventTime": _event_time,
}
