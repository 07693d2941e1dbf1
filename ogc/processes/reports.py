# SPDX-License-Identifier: Apache-2.0
"""Faults as exception documents (18-062r2, clause 7.5 and requirement classes job-list, dismiss; RFC 7807 members).

The media type is application/json: clients and the conformance suite take problem+json in places only.
"""

from __future__ import annotations

import json

from catalog.model.faults import Fault, Kind

_BASE = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
_TYPES = {
    Kind.UNKNOWN_PROCESS: f"{_BASE}no-such-process", Kind.UNKNOWN_JOB: f"{_BASE}no-such-job", Kind.NOT_READY: f"{_BASE}result-not-ready",
}  # fmt: skip
_STATUS = {
    Kind.UNKNOWN_PROCESS: 404, Kind.UNKNOWN_JOB: 404, Kind.NOT_READY: 404, Kind.FAILED: 500, Kind.GONE: 410, Kind.NOBODY: 401, Kind.BAD_CREDENTIAL: 401,
    Kind.FORBIDDEN: 403, Kind.QUOTA: 429, Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.TOO_LARGE: 413, Kind.UNKNOWN_OPERATION: 404,
}  # fmt: skip


def status(fault: Fault) -> int:
    """The HTTP status of a fault."""
    return _STATUS.get(fault.kind, 400)


def report(fault: Fault) -> bytes:
    """The exception document; `locator` names the input or parameter."""
    document = {
        "type": _TYPES.get(fault.kind, "about:blank"), "title": fault.kind.value, "status": status(fault), "detail": fault.text,
    }  # fmt: skip
    if fault.locator:
        document["locator"] = fault.locator
    return json.dumps(document, ensure_ascii=False).encode()
