# SPDX-License-Identifier: Apache-2.0
"""The documents of WCS 2.0.1 (09-110r4) with GMLCOV 1.0 (09-146r2); in the order of their schemas, axes in the order of the CRS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from catalog.crs import Crs, in_order_of
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.product import Grid
from catalog.model.time import Micros, Period, micros_text
from catalog.xml.build import document, el, root_element
from config.product_types import Band
from config.settings import Service
from ogc.wcs import timeaxis
from ogc.wcs.coverages import Coverage
from ogc.wcs.eometadata import EOP, OM, WCSEO, metadata, series_summaries

_WCS, _OWS, _GML = (
    "http://www.opengis.net/wcs/2.0",
    "http://www.opengis.net/ows/2.0",
    "http://www.opengis.net/gml/3.2",
)
_GMLCOV, _SWE, _XLINK = (
    "http://www.opengis.net/gmlcov/1.0",
    "http://www.opengis.net/swe/2.0",
    "http://www.w3.org/1999/xlink",
)
_INT, _CRSNS = "http://www.opengis.net/wcs/interpolation/1.0", "http://www.opengis.net/wcs/crs/1.0"
_XSI, _XML = "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace"
NAMESPACES: dict[str | None, str] = {
    "wcs": _WCS, "ows": _OWS, "gml": _GML, "gmlcov": _GMLCOV, "swe": _SWE, "xlink": _XLINK, "int": _INT, "crs": _CRSNS, "xsi": _XSI,
    "gmlrgrid": timeaxis.RGRID, "wcseo": WCSEO, "eop": EOP, "om": OM,
}  # fmt: skip
_PROFILES = (
    "http://www.opengis.net/spec/WCS/2.0/conf/core", "http://www.opengis.net/spec/WCS_protocol-binding_get-kvp/1.0/conf/get-kvp",
    "http://www.opengis.net/spec/WCS_service-extension_crs/1.0/conf/crs", "http://www.opengis.net/spec/WCS_service-extension_crs/1.0/conf/crs-gridded-coverage",
    "http://www.opengis.net/spec/WCS_service-extension_range-subsetting/1.0/conf/record-subsetting",
    "http://www.opengis.net/spec/WCS_protocol-binding_post-xml/1.0/conf/post-xml", "http://www.opengis.net/spec/WCS_service-extension_scaling/1.0/conf/scaling",
    "http://www.opengis.net/spec/WCS_service-extension_interpolation/1.0/conf/interpolation", "http://www.opengis.net/spec/GMLCOV/1.0/conf/gml-coverage",
    "http://www.opengis.net/spec/GMLCOV_geotiff-coverages/1.0/conf/geotiff-coverage", "http://www.opengis.net/spec/GMLCOV/1.0/conf/multipart",
    "http://www.opengis.net/spec/WCS_encoding_netcdf/1.0/conf/netcdf", "http://www.opengis.net/spec/WCS_application-profile_earth-observation/1.0/conf/eowcs",
    "http://www.opengis.net/spec/WCS_application-profile_earth-observation/1.0/conf/eowcs_get-kvp",
)  # fmt: skip
_METHODS = (
    "http://www.opengis.net/def/interpolation/OGC/1/nearest-neighbor",
    "http://www.opengis.net/def/interpolation/OGC/1/linear",
)
_CODES = {
    Kind.MISSING: ("MissingParameterValue", 400), Kind.INVALID_REQUEST: ("InvalidEncodingSyntax", 400),
    Kind.UNKNOWN_OPERATION: ("OperationNotSupported", 501), Kind.UNKNOWN_LAYER: ("NoSuchCoverage", 404),
    Kind.UNKNOWN_AXIS: ("InvalidAxisLabel", 404), Kind.BAD_SUBSET: ("InvalidSubsetting", 404), Kind.BAD_SCALE: ("InvalidScaleFactor", 404),
    Kind.UNKNOWN_BAND: ("NoSuchField", 404), Kind.BAD_METHOD: ("InterpolationMethodNotSupported", 404), Kind.UNKNOWN_VERSION: ("VersionNegotiationFailed", 400),
    Kind.BAD_UPDATE_SEQUENCE: ("InvalidUpdateSequence", 400), Kind.CURRENT_UPDATE_SEQUENCE: ("CurrentUpdateSequence", 400),
    Kind.BUSY: ("NoApplicableCode", 503), Kind.UNAVAILABLE: ("NoApplicableCode", 503), Kind.BAD_CREDENTIAL: ("NoApplicableCode", 401),
}  # fmt: skip
_SCALING_CODES = {
    Kind.UNKNOWN_AXIS: "ScaleAxisUndefined",
    Kind.BAD_SUBSET: "InvalidExtent",
    Kind.BAD_SCALE: "InvalidScaleFactor",
}
"""Of faults that a parameter of scaling has (12-039, table 8)."""


def status(fault: Fault) -> int:
    """The HTTP status of a fault (09-110r4, table 17)."""
    return _code(fault)[1]


def report(fault: Fault) -> bytes:
    """An ows:ExceptionReport 2.0."""
    root = root_element(f"{{{_OWS}}}ExceptionReport", {"ows": _OWS, "xsi": _XSI}, {"version": "2.0.1"})
    root.set(f"{{{_XML}}}lang", "en")
    root.set(f"{{{_XSI}}}schemaLocation", f"{_OWS} http://schemas.opengis.net/ows/2.0/owsExceptionReport.xsd")
    exception = el(root, f"{{{_OWS}}}Exception", exceptionCode=_code(fault)[0])
    if fault.locator:
        exception.set("locator", fault.locator)
    el(exception, f"{{{_OWS}}}ExceptionText", fault.text)
    return document(root)


def _code(fault: Fault) -> tuple[str, int]:
    if fault.kind is Kind.UNKNOWN_LAYER and fault.locator == "eoId":
        return "NoSuchDatasetSeriesOrCoverage", 404
    if fault.kind is Kind.INVALID and fault.locator == "rangeSubset":
        return "IllegalFieldSequence", 404
    scaling = fault.locator.lower().startswith("scale")
    if scaling and fault.kind in _SCALING_CODES:
        return _SCALING_CODES[fault.kind], 404
    if fault.kind is Kind.UNKNOWN_CRS:
        return (
            "OutputCrs-NotSupported"
            if fault.locator.lower() == "outputcrs"
            else "SubsettingCrs-NotSupported",
            404,
        )
    return _CODES.get(fault.kind, ("InvalidParameterValue", 400))


def capabilities(
    service: Service,
    base_url: str,
    coverages: Sequence[Coverage],
    update_sequence: str,
    sections: Sequence[str] | None,
    count_default: int,
) -> bytes:
    """A wcs:Capabilities document with some sections; None is all of them."""
    root = _root("Capabilities", "wcsGetCapabilities.xsd")
    root.set("version", "2.0.1")
    root.set("updateSequence", update_sequence)
    wanted = None if sections is None else {name.lower() for name in sections}

    def has(name: str) -> bool:
        return wanted is None or name.lower() in wanted

    if has("ServiceIdentification"):
        _identification(root, service)
    if has("ServiceProvider"):
        _provider(root, service)
    if has("OperationsMetadata"):
        _operations(root, base_url, count_default)
    if has("ServiceMetadata"):
        _service_metadata(root, coverages)
    if has("Contents") or has("CoverageSummary"):
        contents = _el(root, "Contents")
        for coverage in coverages:
            _summary(contents, coverage)
        if has("Contents") or has("DatasetSeriesSummary"):
            series_summaries(contents, coverages)
    elif has("DatasetSeriesSummary"):
        series_summaries(_el(root, "Contents"), coverages)
    return document(root)


def descriptions(coverages: Sequence[Coverage]) -> bytes:
    """A wcs:CoverageDescriptions document, in the order that was asked."""
    root = _root("CoverageDescriptions", "wcsDescribeCoverage.xsd")
    for number, coverage in enumerate(coverages):
        out = _el(root, "CoverageDescription")
        out.set(f"{{{_GML}}}id", f"c{number}_{coverage.id}")
        describe(out, coverage, number)
    return document(root)


def describe(out: etree._Element, coverage: Coverage, number: int) -> None:
    """What a wcs:CoverageDescription holds."""
    if coverage.days:
        timeaxis.bounds(out, coverage, _uri(coverage.crs), *_labels(coverage.crs))
    else:
        _bounds(out, coverage)
    _el(out, "CoverageId", coverage.id)
    if coverage.product:
        metadata(out, coverage.product)
    if coverage.days:
        timeaxis.grid(out, coverage, _uri(coverage.crs), number)
    else:
        _grid(out, coverage.crs, coverage.grid, number)
    _fields(out, coverage.bands)
    parameters = _el(out, "ServiceParameters")
    _el(parameters, "CoverageSubtype", _subtype(coverage))
    _el(parameters, "nativeFormat", "image/tiff")


def _subtype(coverage: Coverage) -> str:
    if coverage.days:
        return "ReferenceableGridCoverage"
    return "RectifiedDataset" if coverage.product else "RectifiedGridCoverage"


def coverage(
    one: Coverage,
    crs: Crs,
    grid: Grid,
    bands: Sequence[str],
    period: Period | None,
    reference: str,
    media: str,
) -> bytes:
    """A gmlcov:RectifiedGridCoverage whose values are elsewhere, as the first part of multipart/related has it."""
    name = f"{{{WCSEO}}}RectifiedDataset" if one.product else f"{{{_GMLCOV}}}RectifiedGridCoverage"
    root = root_element(name, NAMESPACES)
    root.set(f"{{{_XSI}}}schemaLocation", f"{_GMLCOV} http://schemas.opengis.net/gmlcov/1.0/gmlcovAll.xsd")
    root.set(f"{{{_GML}}}id", f"c_{one.id}")
    _envelope(root, crs, grid.box, period)
    _grid(root, crs, grid, 0)
    file = _gml(_gml(root, "rangeSet"), "File")
    _gml(file, "rangeParameters")
    _gml(file, "fileReference", reference)
    _gml(file, "fileStructure")
    _gml(file, "mimeType", media)
    _fields(root, {name: one.kind.bands[name] for name in bands})
    if one.product:
        metadata(root, one.product)
    return document(root)


def _root(name: str, schema: str) -> etree._Element:
    root = root_element(f"{{{_WCS}}}{name}", NAMESPACES)
    root.set(f"{{{_XSI}}}schemaLocation", f"{_WCS} http://schemas.opengis.net/wcs/2.0/{schema}")
    return root


def _el(parent: etree._Element, tag: str, text: str | float | None = None) -> etree._Element:
    return el(parent, f"{{{_WCS}}}{tag}", text)


def _ows(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    return el(parent, f"{{{_OWS}}}{tag}", text, **attributes)


def _gml(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str
) -> etree._Element:
    return el(parent, f"{{{_GML}}}{tag}", text, **attributes)


def _identification(root: etree._Element, service: Service) -> None:
    out = _ows(root, "ServiceIdentification")
    _ows(out, "Title", service.title.en)
    _ows(out, "Abstract", service.abstract.en)
    _ows(out, "ServiceType", "OGC WCS")
    for version in ("2.0.1", "1.0.0"):
        _ows(out, "ServiceTypeVersion", version)
    for profile in _PROFILES:
        _ows(out, "Profile", profile)
    _ows(out, "Fees", service.fees)
    _ows(out, "AccessConstraints", service.access_constraints)


def _provider(root: etree._Element, service: Service) -> None:
    contact = service.contact
    out = _ows(root, "ServiceProvider")
    _ows(out, "ProviderName", contact.organisation)
    _ows(out, "ProviderSite").set(f"{{{_XLINK}}}href", contact.website)
    person = _ows(out, "ServiceContact")
    _ows(person, "IndividualName", contact.person)
    _ows(_ows(_ows(person, "ContactInfo"), "Address"), "ElectronicMailAddress", contact.email)


def _operations(root: etree._Element, base_url: str, count_default: int) -> None:
    out = _ows(root, "OperationsMetadata")
    for name in ("GetCapabilities", "DescribeCoverage", "GetCoverage", "DescribeEOCoverageSet"):
        http = _ows(_ows(_ows(out, "Operation", name=name), "DCP"), "HTTP")
        _ows(http, "Get").set(f"{{{_XLINK}}}href", f"{base_url}/wcs?")
        post = _ows(http, "Post")
        post.set(f"{{{_XLINK}}}href", f"{base_url}/wcs")
        _ows(_ows(_ows(post, "Constraint", name="PostEncoding"), "AllowedValues"), "Value", "XML")
    default = _ows(out, "Constraint", name="CountDefault")
    _ows(default, "NoValues")
    _ows(default, "DefaultValue", str(count_default))


def _service_metadata(root: etree._Element, coverages: Sequence[Coverage]) -> None:
    out = _el(root, "ServiceMetadata")
    for media in ("image/tiff", "application/netcdf"):
        _el(out, "formatSupported", media)
    extension = _el(out, "Extension")
    methods = el(extension, f"{{{_INT}}}InterpolationMetadata")
    for method in _METHODS:
        el(methods, f"{{{_INT}}}InterpolationSupported", method)
    crs = el(extension, f"{{{_CRSNS}}}CrsMetadata")
    for one in dict.fromkeys(_uri(crs) for coverage in coverages for crs in coverage.crs_list):
        el(crs, f"{{{_CRSNS}}}crsSupported", one)


def _summary(contents: etree._Element, coverage: Coverage) -> None:
    extent = coverage.summary.extent
    assert extent
    out = _el(contents, "CoverageSummary")
    _ows(out, "Title", coverage.title)
    _ows(out, "Abstract", coverage.kind.abstract.en)
    box = _ows(out, "WGS84BoundingBox")
    _ows(box, "LowerCorner", f"{extent.west:.8f} {extent.south:.8f}")
    _ows(box, "UpperCorner", f"{extent.east:.8f} {extent.north:.8f}")
    _el(out, "CoverageId", coverage.id)
    _el(out, "CoverageSubtype", _subtype(coverage))


def _uri(crs: Crs) -> str:
    return (
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
        if crs.lon_lat
        else f"http://www.opengis.net/def/crs/EPSG/0/{crs.epsg}"
    )


def _labels(crs: Crs) -> tuple[str, str]:
    """Axis labels and units in the order of the CRS."""
    if crs.geographic:
        return ("Lat Long", "deg deg") if crs.north_first else ("Long Lat", "deg deg")
    return ("N E", "m m") if crs.north_first else ("E N", "m m")


def _bounds(parent: etree._Element, coverage: Coverage) -> None:
    """The envelope carries the time as a period, so that the grid keeps two axes (GDAL wants every other one sliced)."""
    summary = coverage.summary
    assert summary.first is not None and summary.last is not None
    _envelope(parent, coverage.crs, coverage.grid.box, Period(summary.first, summary.last))


def _envelope(parent: etree._Element, crs: Crs, box: Box, period: Period | None) -> None:
    labels, units = _labels(crs)
    envelope = _gml(
        _gml(parent, "boundedBy"),
        "EnvelopeWithTimePeriod" if period else "Envelope",
        srsName=_uri(crs),
        axisLabels=labels,
        uomLabels=units,
        srsDimension="2",
    )
    corners = in_order_of(box, crs)
    _gml(envelope, "lowerCorner", f"{corners[0]!r} {corners[1]!r}")
    _gml(envelope, "upperCorner", f"{corners[2]!r} {corners[3]!r}")
    if period:
        _gml(envelope, "beginPosition", micros_text(period.start))
        _gml(envelope, "endPosition", micros_text(Micros(period.end - 1)))


def _grid(parent: etree._Element, crs: Crs, grid: Grid, number: int) -> None:
    out = _gml(_gml(parent, "domainSet"), "RectifiedGrid", dimension="2")
    out.set(f"{{{_GML}}}id", f"g{number}")
    limits = _gml(_gml(out, "limits"), "GridEnvelope")
    _gml(limits, "low", "0 0")
    _gml(limits, "high", f"{grid.width - 1} {grid.height - 1}")
    _gml(out, "axisLabels", "i j")
    point = _gml(_gml(out, "origin"), "Point", srsName=_uri(crs))
    point.set(f"{{{_GML}}}id", f"o{number}")
    _gml(point, "pos", _pair(crs, grid.west + grid.pixel_width / 2, grid.north - grid.pixel_height / 2))
    _gml(out, "offsetVector", _pair(crs, grid.pixel_width, 0.0), srsName=_uri(crs))
    _gml(out, "offsetVector", _pair(crs, 0.0, -grid.pixel_height), srsName=_uri(crs))


def _pair(crs: Crs, x: float, y: float) -> str:
    return f"{y!r} {x!r}" if crs.north_first else f"{x!r} {y!r}"


def _fields(parent: etree._Element, bands: Mapping[str, Band]) -> None:
    record = el(el(parent, f"{{{_GMLCOV}}}rangeType"), f"{{{_SWE}}}DataRecord")
    for name, band in bands.items():
        quantity = el(el(record, f"{{{_SWE}}}field", name=name), f"{{{_SWE}}}Quantity")
        el(quantity, f"{{{_SWE}}}description", _described(band))
        if band.nodata:
            nil = el(el(quantity, f"{{{_SWE}}}nilValues"), f"{{{_SWE}}}NilValues")
            el(
                nil,
                f"{{{_SWE}}}nilValue",
                band.nodata[0],
                reason="http://www.opengis.net/def/nil/OGC/0/missing",
            )
        el(quantity, f"{{{_SWE}}}uom", code=_unit(band))


def _unit(band: Band) -> str:
    """A unit as swe:UomSymbol has it: without blanks or colons; 10^0 is a number without one (UCUM)."""
    return "10^0" if band.unit in ("", "1") else re.sub(r"[:\s]+", "_", band.unit)


def _described(band: Band) -> str:
    scaled = (
        ""
        if band.categorical or (band.scale == 1 and band.offset == 0)
        else f"; value = count x {band.scale:g} + {band.offset:g}"
    )
    return f"{band.title.en}{scaled}"
