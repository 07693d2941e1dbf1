# SPDX-License-Identifier: Apache-2.0
"""Faults as WMS exceptions: the one place that knows their codes (1.3.0, table E.1; 1.1.1, table A.1)."""

from __future__ import annotations

from lxml import etree

from catalog.model.faults import Fault, Kind
from catalog.xml.build import document, el, root_element
from ogc.wms.request import Version

_CODES = {
    Kind.UNKNOWN_LAYER: "LayerNotDefined",
    Kind.UNKNOWN_STYLE: "StyleNotDefined",
    Kind.UNKNOWN_CRS: "InvalidCRS",
    Kind.UNKNOWN_FORMAT: "InvalidFormat",
    Kind.UNKNOWN_OPERATION: "OperationNotSupported",
    Kind.NOT_QUERYABLE: "LayerNotQueryable",
    Kind.BAD_TIME: "InvalidDimensionValue",
    Kind.MISSING_TIME: "MissingDimensionValue",
    Kind.BAD_POINT: "InvalidPoint",
    Kind.BAD_UPDATE_SEQUENCE: "InvalidUpdateSequence",
    Kind.CURRENT_UPDATE_SEQUENCE: "CurrentUpdateSequence",
    Kind.MISSING: "MissingParameterValue",
    Kind.INVALID: "InvalidParameterValue",
    Kind.TOO_LARGE: "InvalidParameterValue",
    Kind.UNKNOWN_VERSION: "InvalidParameterValue",
    Kind.UNKNOWN_PRODUCT: "InvalidParameterValue",
}
_OGC = "http://www.opengis.net/ogc"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def code(fault: Fault, version: Version) -> str:
    """The code of a fault; NoApplicableCode where WMS has none."""
    if version == "1.1.1" and fault.kind is Kind.UNKNOWN_CRS:
        return "InvalidSRS"
    return _CODES.get(fault.kind, "NoApplicableCode")


def media_type(version: Version) -> str:
    """The Content-Type of a report: QGIS and OWSLib look at it before they look inside."""
    return "text/xml; charset=utf-8" if version == "1.3.0" else "application/vnd.ogc.se_xml"


def report(fault: Fault, version: Version) -> bytes:
    """A ServiceExceptionReport, valid against the version's schema."""
    if version == "1.1.1":
        root = etree.Element("ServiceExceptionReport", {"version": "1.1.1"})
        el(root, "ServiceException", fault.text, code=code(fault, version))
        return document(root)
    root = root_element(f"{{{_OGC}}}ServiceExceptionReport", {None: _OGC, "xsi": _XSI}, {"version": "1.3.0"})
    root.set(f"{{{_XSI}}}schemaLocation", f"{_OGC} http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd")
    child = el(root, f"{{{_OGC}}}ServiceException", fault.text, code=code(fault, version))
    if fault.locator:
        child.set("locator", fault.locator)
    return document(root)
