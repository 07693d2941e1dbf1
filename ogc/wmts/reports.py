# SPDX-License-Identifier: Apache-2.0
"""Faults as ows:ExceptionReport 1.0.0: the one place that knows WMTS's codes (07-057r7, tables 9, 24, 29)."""

from __future__ import annotations

from catalog.model.faults import Fault, Kind
from ogc.http.ows import exception_report

MEDIA_TYPE = "text/xml; charset=utf-8"
_CODES = {
    Kind.MISSING: "MissingParameterValue", Kind.UNKNOWN_VERSION: "VersionNegotiationFailed", Kind.OUT_OF_RANGE: "TileOutOfRange",
    Kind.NOT_QUERYABLE: "OperationNotSupported", Kind.BUSY: "NoApplicableCode", Kind.UNAVAILABLE: "NoApplicableCode",
    Kind.BAD_CREDENTIAL: "NoApplicableCode", Kind.FORBIDDEN: "NoApplicableCode", Kind.GONE: "NoApplicableCode",
}  # fmt: skip
_STATUS = {
    Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403, Kind.NOT_QUERYABLE: 501, Kind.UNKNOWN_FORMAT: 400,
    Kind.GONE: 404, Kind.NOT_ACCEPTABLE: 406,
}  # fmt: skip
_LOCATORS = {
    name.upper(): name
    for name in (
        "service", "version", "request", "Layer", "Style", "Format", "TileMatrixSet", "TileMatrix", "TileRow", "TileCol", "InfoFormat", "AcceptVersions",
        "I", "J", "Time", "sections",
    )
}  # fmt: skip
_ALIASES = {"LAYERS": "Layer", "STYLES": "Style", "INFO_FORMAT": "InfoFormat"}
"""What the shared room of maps calls a parameter."""


def status(fault: Fault) -> int:
    """The HTTP status of a fault."""
    return _STATUS.get(fault.kind, 400)


def report(fault: Fault) -> bytes:
    """The report; everything that is wrong with a value is InvalidParameterValue with the parameter's name."""
    upper = fault.locator.upper()
    locator = _ALIASES.get(upper) or _LOCATORS.get(upper, fault.locator)
    return exception_report(_CODES.get(fault.kind, "InvalidParameterValue"), fault.text, locator, "1.0.0")
