# SPDX-License-Identifier: Apache-2.0
"""The capabilities document of WMS 1.1.1 (OGC 01-068r3, annex A.1), in the order of its DTD. CRS:84 is never offered here:
QGIS would ask `SRS=CRS:84`, which 1.1.1 does not have, and show nothing.
"""

from __future__ import annotations

from lxml import etree

from catalog.model import spaces
from catalog.xml.build import clean, el
from config.styles import MapStyle
from ogc.maps.layers import Offered
from ogc.wms import capabilities as caps
from ogc.wms.capabilities import Document

_XLINK = "http://www.w3.org/1999/xlink"
MEDIA_TYPE = "application/vnd.ogc.wms_xml"
_DOCTYPE = (
    '<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/capabilities_1_1_1.dtd">'
)


def encode(doc: Document) -> bytes:
    """The document, valid against capabilities_1_1_1.dtd."""
    root = etree.Element(
        "WMT_MS_Capabilities", {"version": "1.1.1", "updateSequence": str(doc.update_sequence)}
    )
    _service(root, doc)
    capability = el(root, "Capability")
    request = el(capability, "Request")
    _operation(request, "GetCapabilities", (MEDIA_TYPE,), doc)
    _operation(request, "GetMap", caps.MAP_FORMATS, doc)
    _operation(request, "GetFeatureInfo", caps.INFO_FORMATS, doc)
    exception = el(capability, "Exception")
    for form in ("se_xml", "se_inimage", "se_blank"):
        el(exception, "Format", f"application/vnd.ogc.{form}")
    _root_layer(capability, doc)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", doctype=_DOCTYPE)


def _link(parent: etree._Element, url: str) -> None:
    """The DTD declares xmlns:xlink on this element, and nowhere else."""
    link = etree.SubElement(parent, "OnlineResource", nsmap={"xlink": _XLINK})
    link.attrib.update({f"{{{_XLINK}}}type": "simple", f"{{{_XLINK}}}href": clean(url)})


def _service(root: etree._Element, doc: Document) -> None:
    service = doc.service
    out = el(root, "Service")
    el(out, "Name", "OGC:WMS")
    el(out, "Title", service.title.in_language(doc.language))
    el(out, "Abstract", service.abstract.in_language(doc.language))
    _link(out, service.contact.website)
    contact = el(out, "ContactInformation")
    person = el(contact, "ContactPersonPrimary")
    el(person, "ContactPerson", service.contact.person)
    el(person, "ContactOrganization", service.contact.organisation)
    el(contact, "ContactElectronicMailAddress", service.contact.email)
    el(out, "Fees", service.fees)
    el(out, "AccessConstraints", service.access_constraints)


def _operation(parent: etree._Element, name: str, formats: tuple[str, ...], doc: Document) -> None:
    operation = el(parent, name)
    for form in formats:
        el(operation, "Format", form)
    http = el(el(operation, "DCPType"), "HTTP")
    for method in ("Get", "Post"):
        _link(el(http, method), doc.online_resource)


def _root_layer(capability: etree._Element, doc: Document) -> None:
    root = el(capability, "Layer")
    el(root, "Title", doc.service.title.in_language(doc.language))
    for crs in doc.crs_list:
        if not crs.lon_lat:
            el(root, "SRS", crs.name)
    for kind, members in doc.groups():
        if len(members) == 1:
            _layer(root, members[0], doc)
            continue
        group = el(root, "Layer")
        el(group, "Title", kind.title.in_language(doc.language))
        for offered in members:
            _layer(group, offered, doc)


def _layer(parent: etree._Element, offered: Offered, doc: Document) -> None:
    kind, language = offered.kind, doc.language
    layer = el(parent, "Layer", queryable="1", opaque="0")
    el(layer, "Name", offered.name)
    el(layer, "Title", offered.layer.title.in_language(language))
    el(layer, "Abstract", kind.abstract.in_language(language))
    if kind.keywords:
        keywords = el(layer, "KeywordList")
        for keyword in kind.keywords:
            el(keywords, "Keyword", keyword.in_language(language))
    box = caps.extent(offered)
    el(
        layer,
        "LatLonBoundingBox",
        minx=f"{box.west:.7f}",
        miny=f"{box.south:.7f}",
        maxx=f"{box.east:.7f}",
        maxy=f"{box.north:.7f}",
    )
    for crs, bounds in caps.boxes(offered, doc.crs_list):
        if not crs.lon_lat:
            corners = {"minx": bounds.west, "miny": bounds.south, "maxx": bounds.east, "maxy": bounds.north}
            el(
                layer,
                "BoundingBox",
                SRS=crs.name,
                **{name: f"{value:.7f}" for name, value in corners.items()},
            )
    if offered.summary.days:
        el(layer, "Dimension", name="time", units="ISO8601")
        el(
            layer, "Extent", caps.time_values(offered), name="time", default=caps.time_default(offered), multipleValues="1",
            nearestValue=caps.nearest(offered), current="1",
        )  # fmt: skip
    attribution = el(layer, "Attribution")
    el(attribution, "Title", kind.attribution)
    if kind.attribution_url:
        _link(attribution, kind.attribution_url)
    if not spaces.split(kind.id)[0]:
        data = el(layer, "DataURL")
        el(data, "Format", "text/html")
        _link(data, f"{doc.base_url}/collections/{kind.id}")
    for style in offered.styles:
        _style(layer, offered, style, doc)


def _style(layer: etree._Element, offered: Offered, style: MapStyle, doc: Document) -> None:
    out = el(layer, "Style")
    el(out, "Name", style.id)
    el(out, "Title", style.title.in_language(doc.language))
    if style.abstract:
        el(out, "Abstract", style.abstract.in_language(doc.language))
    url, width, height = doc.legend(offered, style)
    legend = el(out, "LegendURL", width=width, height=height)
    el(legend, "Format", "image/png")
    _link(legend, url)
