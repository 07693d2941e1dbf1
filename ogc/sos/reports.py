# SPDX-License-Identifier: Apache-2.0
"""Faults as ows:ExceptionReport 2.0.0: the one place that knows SOS's codes (12-006, clause 7.6; 09-001, clause 15).

Status 400: OWSLib loses the text of a 404 or 500, and takes a 200 with a charset for something else.
"""

from __future__ import annotations

from catalog.model.faults import Fault, Kind
from ogc.http.ows import exception_report

MEDIA_TYPE = "application/xml"
_CODES = {
    Kind.MISSING: "MissingParameterValue", Kind.UNKNOWN_OPERATION: "OperationNotSupported", Kind.UNKNOWN_VERSION: "VersionNegotiationFailed",
    Kind.BAD_UPDATE_SEQUENCE: "InvalidUpdateSequence", Kind.INVALID_REQUEST: "InvalidRequest", Kind.TOO_LARGE: "ResponseExceedsSizeLimit",
    Kind.BUSY: "NoApplicableCode", Kind.UNAVAILABLE: "NoApplicableCode", Kind.BAD_CREDENTIAL: "NoApplicableCode", Kind.FORBIDDEN: "NoApplicableCode",
}  # fmt: skip
_STATUS = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403}
_LOCATORS = {
    name.upper(): name
    for name in (
        "service", "version", "request", "offering", "procedure", "observedProperty", "featureOfInterest", "responseFormat", "temporalFilter",
        "spatialFilter", "procedureDescriptionFormat", "AcceptVersions", "AcceptFormats", "updateSequence", "valueReference",
        "observation", "outputFormat", "eventTime", "resultModel", "responseMode", "bbox",
    )
}  # fmt: skip


def code(fault: Fault) -> str:
    """The exception code of a fault."""
    return _CODES.get(fault.kind, "InvalidParameterValue")


def status(fault: Fault) -> int:
    """The HTTP status of a fault."""
    return _STATUS.get(fault.kind, 400)


def report(fault: Fault, version: str = "2.0.0") -> bytes:
    """The report, valid against owsExceptionReport.xsd; `version` is SOS's."""
    named = fault.locator and fault.kind not in (Kind.TOO_LARGE, Kind.INVALID_REQUEST)
    locator = _LOCATORS.get(fault.locator.upper(), fault.locator) if named else ""
    return exception_report(code(fault), fault.text, locator, version)
