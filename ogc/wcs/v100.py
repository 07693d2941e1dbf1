# SPDX-License-Identifier: Apache-2.0
"""The documents of WCS 1.0.0 (03-065r6), which QGIS speaks; in the order of its schemas."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from catalog.model.faults import Fault, Kind
from catalog.model.time import day_text
from catalog.xml.build import document, el, root_element
from config.settings import Service
from ogc.wcs.coverages import Coverage

_WCS, _GML, _XLINK = (
    "http://www.opengis.net/wcs",
    "http://www.opengis.net/gml",
    "http://www.w3.org/1999/xlink",
)
_OGC, _XSI = "http://www.opengis.net/ogc", "http://www.w3.org/2001/XMLSchema-instance"
_CRS84 = "urn:ogc:def:crs:OGC:1.3:CRS84"
_CODES = {
    Kind.MISSING: "MissingParameterValue", Kind.UNKNOWN_LAYER: "CoverageNotDefined", Kind.UNKNOWN_FORMAT: "InvalidFormat",
    Kind.BAD_UPDATE_SEQUENCE: "InvalidUpdateSequence", Kind.CURRENT_UPDATE_SEQUENCE: "CurrentUpdateSequence",
}  # fmt: skip
REPORT_TYPE = "application/vnd.ogc.se_xml"


def report(fault: Fault) -> bytes:
    """A ServiceExceptionReport 1.2.0."""
    root = root_element(f"{{{_OGC}}}ServiceExceptionReport", {None: _OGC, "xsi": _XSI}, {"version": "1.2.0"})
    root.set(f"{{{_XSI}}}schemaLocation", f"{_OGC} http://schemas.opengis.net/wcs/1.0.0/OGC-exception.xsd")
    child = el(
        root, f"{{{_OGC}}}ServiceException", fault.text, code=_CODES.get(fault.kind, "InvalidParameterValue")
    )
    if fault.locator:
        child.set("locator", fault.locator)
    return document(root)


def capabilities(
    service: Service,
    base_url: str,
    coverages: Sequence[Coverage],
    update_sequence: str,
    sections: Sequence[str] | None,
) -> bytes:
    """A WCS_Capabilities document, or one of its sections."""
    root = _root("WCS_Capabilities", "wcsCapabilities.xsd")
    root.set("version", "1.0.0")
    root.set("updateSequence", update_sequence)
    one = sections[0].rpartition("/")[2].lower() if sections else ""
    if one in ("", "service"):
        _service(root, service)
    if one in ("", "capability"):
        _capability(root, base_url)
    content = _el(root, "ContentMetadata")
    if one in ("", "contentmetadata"):
        for coverage in coverages:
            brief = _el(content, "CoverageOfferingBrief")
            _named(brief, coverage)
    return document(root)


def descriptions(coverages: Sequence[Coverage]) -> bytes:
    """A CoverageDescription document."""
    root = _root("CoverageDescription", "describeCoverage.xsd")
    root.set("version", "1.0.0")
    for coverage in coverages:
        out = _el(root, "CoverageOffering")
        _named(out, coverage)
        _domain(out, coverage)
        _range(out, coverage)
        crss = _el(out, "supportedCRSs")
        for crs in coverage.crs_list:
            _el(crss, "requestResponseCRSs", _CRS84 if crs.lon_lat else crs.name)
        _el(crss, "nativeCRSs", coverage.crs.name)
        formats = _el(out, "supportedFormats", nativeFormat="GeoTIFF")
        for form in ("GeoTIFF", "NetCDF"):
            _el(formats, "formats", form)
        methods = _el(out, "supportedInterpolations", default="nearest neighbor")
        _el(methods, "interpolationMethod", "nearest neighbor")
        if coverage.kind.continuous:
            _el(methods, "interpolationMethod", "bilinear")
    return document(root)


def _root(name: str, schema: str) -> etree._Element:
    root = root_element(f"{{{_WCS}}}{name}", {None: _WCS, "gml": _GML, "xlink": _XLINK, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{_WCS} http://schemas.opengis.net/wcs/1.0.0/{schema}")
    return root


def _el(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str
) -> etree._Element:
    return el(parent, f"{{{_WCS}}}{tag}", text, **attributes)


def _gml(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str
) -> etree._Element:
    return el(parent, f"{{{_GML}}}{tag}", text, **attributes)


def _service(root: etree._Element, service: Service) -> None:
    out = _el(root, "Service")
    _el(out, "description", service.abstract.en)
    _el(out, "name", "WCS")
    _el(out, "label", service.title.en)
    party = _el(out, "responsibleParty")
    _el(party, "individualName", service.contact.person)
    _el(party, "organisationName", service.contact.organisation)
    info = _el(party, "contactInfo")
    _el(_el(info, "address"), "electronicMailAddress", service.contact.email)
    _el(out, "fees", service.fees.upper() if service.fees == "none" else service.fees)
    _el(
        out,
        "accessConstraints",
        service.access_constraints.upper()
        if service.access_constraints == "none"
        else service.access_constraints,
    )


def _capability(root: etree._Element, base_url: str) -> None:
    out = _el(root, "Capability")
    request = _el(out, "Request")
    for name in ("GetCapabilities", "DescribeCoverage", "GetCoverage"):
        get = _el(_el(_el(_el(request, name), "DCPType"), "HTTP"), "Get")
        _el(get, "OnlineResource").set(f"{{{_XLINK}}}href", f"{base_url}/wcs?")
    _el(_el(out, "Exception"), "Format", REPORT_TYPE)


def _named(parent: etree._Element, coverage: Coverage) -> None:
    _el(parent, "description", coverage.kind.abstract.en)
    _el(parent, "name", coverage.id)
    _el(parent, "label", coverage.kind.title.en)
    extent, days = coverage.summary.extent, coverage.summary.days
    assert extent
    envelope = _el(parent, "lonLatEnvelope", srsName=_CRS84)
    _gml(envelope, "pos", f"{extent.west:.8f} {extent.south:.8f}")
    _gml(envelope, "pos", f"{extent.east:.8f} {extent.north:.8f}")
    _gml(envelope, "timePosition", day_text(days[0]))
    _gml(envelope, "timePosition", day_text(days[-1]))


def _domain(parent: etree._Element, coverage: Coverage) -> None:
    """The grid's origin is the centre of the first pixel (GDAL reads it so); times rise, and GDAL takes the last as its default."""
    grid, domain = coverage.grid, _el(parent, "domainSet")
    spatial = _el(domain, "spatialDomain")
    envelope = _gml(spatial, "Envelope", srsName=coverage.crs.name)
    box = grid.box
    _gml(envelope, "pos", f"{box.west!r} {box.south!r}")
    _gml(envelope, "pos", f"{box.east!r} {box.north!r}")
    rectified = _gml(spatial, "RectifiedGrid", srsName=coverage.crs.name, dimension="2")
    limits = _gml(_gml(rectified, "limits"), "GridEnvelope")
    _gml(limits, "low", "0 0")
    _gml(limits, "high", f"{grid.width - 1} {grid.height - 1}")
    _gml(rectified, "axisName", "x")
    _gml(rectified, "axisName", "y")
    _gml(
        _gml(rectified, "origin"),
        "pos",
        f"{grid.west + grid.pixel_width / 2!r} {grid.north - grid.pixel_height / 2!r}",
    )
    _gml(rectified, "offsetVector", f"{grid.pixel_width!r} 0")
    _gml(rectified, "offsetVector", f"0 {-grid.pixel_height!r}")
    times = _el(domain, "temporalDomain")
    for day in coverage.summary.days:
        _gml(times, "timePosition", day_text(day))


def _range(parent: etree._Element, coverage: Coverage) -> None:
    out = _el(_el(parent, "rangeSet"), "RangeSet")
    _el(out, "name", coverage.id)
    _el(out, "label", coverage.kind.title.en)
    axis = _el(_el(out, "axisDescription"), "AxisDescription")
    _el(axis, "name", "Bands")
    _el(axis, "label", ", ".join(coverage.bands))
    values = _el(axis, "values")
    for number in range(1, len(coverage.bands) + 1):
        _el(values, "singleValue", number)
    if coverage.nodata is not None:
        _el(_el(out, "nullValues"), "singleValue", coverage.nodata)
