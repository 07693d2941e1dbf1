# SPDX-License-Identifier: Apache-2.0
"""The capabilities document of WMS 1.3.0 (OGC 06-042, annex E.1), in the order of its schema."""

from __future__ import annotations

from lxml import etree

from catalog.crs import Crs, in_order_of
from catalog.model import spaces
from catalog.xml.build import document, el, root_element
from config.styles import MapStyle
from ogc.maps.layers import Offered
from ogc.wms import capabilities as caps
from ogc.wms.capabilities import Document

_WMS = "http://www.opengis.net/wms"
_XLINK = "http://www.w3.org/1999/xlink"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def encode(doc: Document) -> bytes:
    """The document, valid against capabilities_1_3_0.xsd."""
    root = root_element(
        f"{{{_WMS}}}WMS_Capabilities",
        {None: _WMS, "xlink": _XLINK, "xsi": _XSI},
        {"version": "1.3.0", "updateSequence": str(doc.update_sequence)},
    )
    root.set(
        f"{{{_XSI}}}schemaLocation", f"{_WMS} http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd"
    )
    _service(root, doc)
    capability = _el(root, "Capability")
    request = _el(capability, "Request")
    _operation(request, "GetCapabilities", ("text/xml",), doc)
    _operation(request, "GetMap", caps.MAP_FORMATS, doc)
    _operation(request, "GetFeatureInfo", caps.INFO_FORMATS, doc)
    exception = _el(capability, "Exception")
    for form in ("XML", "INIMAGE", "BLANK"):
        _el(exception, "Format", form)
    _root_layer(capability, doc)
    return document(root)


def _el(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str | float
) -> etree._Element:
    return el(parent, f"{{{_WMS}}}{tag}", text, **attributes)


def _link(parent: etree._Element, url: str) -> None:
    _el(parent, "OnlineResource").attrib.update({f"{{{_XLINK}}}type": "simple", f"{{{_XLINK}}}href": url})


def _service(root: etree._Element, doc: Document) -> None:
    service, language = doc.service, doc.language
    out = _el(root, "Service")
    _el(out, "Name", "WMS")
    _el(out, "Title", service.title.in_language(language))
    _el(out, "Abstract", service.abstract.in_language(language))
    keywords = _el(out, "KeywordList")
    for keyword in sorted(
        {word.in_language(language) for kind, _ in doc.groups() for word in kind.keywords} | {"Sentinel-2"}
    ):
        _el(keywords, "Keyword", keyword)
    _link(out, service.contact.website)
    contact = _el(out, "ContactInformation")
    person = _el(contact, "ContactPersonPrimary")
    _el(person, "ContactPerson", service.contact.person)
    _el(person, "ContactOrganization", service.contact.organisation)
    _el(contact, "ContactElectronicMailAddress", service.contact.email)
    _el(out, "Fees", service.fees)
    _el(out, "AccessConstraints", service.access_constraints)
    _el(out, "LayerLimit", doc.limits.map_layers)
    _el(out, "MaxWidth", doc.limits.map_side)
    _el(out, "MaxHeight", doc.limits.map_side)


def _operation(parent: etree._Element, name: str, formats: tuple[str, ...], doc: Document) -> None:
    operation = _el(parent, name)
    for form in formats:
        _el(operation, "Format", form)
    http = _el(_el(operation, "DCPType"), "HTTP")
    for method in ("Get", "Post"):
        _link(_el(http, method), doc.online_resource)


def _root_layer(capability: etree._Element, doc: Document) -> None:
    root = _el(capability, "Layer")
    _el(root, "Title", doc.service.title.in_language(doc.language))
    for crs in doc.crs_list:
        _el(root, "CRS", crs.name)
    for kind, members in doc.groups():
        if len(members) == 1:
            _layer(root, members[0], doc)
            continue
        group = _el(root, "Layer")
        _el(group, "Title", kind.title.in_language(doc.language))
        for offered in members:
            _layer(group, offered, doc)


def _layer(parent: etree._Element, offered: Offered, doc: Document) -> None:
    kind, language = offered.kind, doc.language
    layer = _el(parent, "Layer", queryable="1", opaque="0")
    _el(layer, "Name", offered.name)
    _el(layer, "Title", offered.layer.title.in_language(language))
    _el(layer, "Abstract", kind.abstract.in_language(language))
    if kind.keywords:
        keywords = _el(layer, "KeywordList")
        for keyword in kind.keywords:
            _el(keywords, "Keyword", keyword.in_language(language))
    box = caps.extent(offered)
    geographic = _el(layer, "EX_GeographicBoundingBox")
    for name, value in (
        ("westBoundLongitude", box.west),
        ("eastBoundLongitude", box.east),
        ("southBoundLatitude", box.south),
        ("northBoundLatitude", box.north),
    ):
        _el(geographic, name, f"{value:.7f}")
    for crs, bounds in caps.boxes(offered, doc.crs_list):
        _bounding_box(layer, crs, in_order_of(bounds, crs))
    if offered.summary.days:
        _el(
            layer, "Dimension", caps.time_values(offered), name="time", units="ISO8601", default=caps.time_default(offered), multipleValues="1",
            nearestValue=caps.nearest(offered), current="1",
        )  # fmt: skip
    attribution = _el(layer, "Attribution")
    _el(attribution, "Title", kind.attribution)
    if kind.attribution_url:
        _link(attribution, kind.attribution_url)
    if not spaces.split(kind.id)[0]:
        metadata = _el(layer, "MetadataURL", type="other")
        _el(metadata, "Format", "text/html")
        _link(metadata, f"{doc.base_url}/collections/{kind.id}")
    for style in offered.styles:
        _style(layer, offered, style, doc)


def _bounding_box(layer: etree._Element, crs: Crs, corners: tuple[float, float, float, float]) -> None:
    low_first, low_second, high_first, high_second = (f"{value:.7f}" for value in corners)
    _el(
        layer, "BoundingBox", CRS=crs.name, minx=low_first, miny=low_second, maxx=high_first, maxy=high_second
    )


def _style(layer: etree._Element, offered: Offered, style: MapStyle, doc: Document) -> None:
    out = _el(layer, "Style")
    _el(out, "Name", style.id)
    _el(out, "Title", style.title.in_language(doc.language))
    if style.abstract:
        _el(out, "Abstract", style.abstract.in_language(doc.language))
    url, width, height = doc.legend(offered, style)
    legend = _el(out, "LegendURL", width=width, height=height)
    _el(legend, "Format", "image/png")
    _link(legend, url)
