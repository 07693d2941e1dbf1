# SPDX-License-Identifier: Apache-2.0
"""What all resources of the STAC API answer with: documents, and faults as its error document."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from catalog.model.faults import Fault, Kind
from ogc.http.problem import PRIVATE, answering, refused

GEOJSON = "application/geo+json"
_STATUS = {
    Kind.UNKNOWN_LAYER: 404, Kind.UNKNOWN_PRODUCT: 404, Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403, Kind.TAKEN: 409, Kind.BUSY: 503, Kind.UNAVAILABLE: 503,
}  # fmt: skip
_CODES = {404: "NotFound", 401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 503: "ServiceUnavailable"}


def _refused(fault: Fault) -> Response:
    status = _STATUS.get(fault.kind, 400)
    said = {"code": _CODES.get(status, "InvalidParameterValue"), "description": fault.text}
    return refused(fault, status, json.dumps(said).encode())


answered = answering(_refused)
"""A handler whose faults leave as the STAC API's error document."""


def json_answer(document: Any, media_type: str = "application/json", status: int = 200) -> Response:
    """A document as what this service answers."""
    return Response(json.dumps(document, ensure_ascii=False).encode(), status, PRIVATE, media_type)
