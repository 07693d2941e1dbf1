# SPDX-License-Identifier: Apache-2.0
"""Faults as the exception document that the OGC API standards share (17-069r4, 7.5.1; RFC 7807 members)."""

from __future__ import annotations

import json

from starlette.responses import Response

from catalog.model.faults import Fault, Kind
from ogc.http.problem import refused

_STATUS = {
    Kind.UNKNOWN_LAYER: 404, Kind.UNKNOWN_STYLE: 404, Kind.UNKNOWN_PRODUCT: 404, Kind.UNKNOWN_STATION: 404, Kind.OUT_OF_RANGE: 404, Kind.GONE: 404,
    Kind.BAD_CREDENTIAL: 401, Kind.NOBODY: 401, Kind.FORBIDDEN: 403,
    Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.NOT_ACCEPTABLE: 406,
}  # fmt: skip
_PATH = frozenset({"TileMatrixSet", "TileMatrix", "TileRow", "TileCol"})
"""Locators that stand in the path: what they name does not exist."""
_NAMES = {"LAYERS": "collectionId", "STYLES": "styleId", "TIME": "datetime"}
"""What the shared maps call a parameter, and what it is called here."""


def exception(fault: Fault) -> Response:
    """The answer to a fault."""
    status = 404 if fault.locator in _PATH else _STATUS.get(fault.kind, 400)
    document = {"type": "about:blank", "title": fault.kind.value, "status": status, "detail": fault.text}
    if fault.locator:
        document["locator"] = _NAMES.get(fault.locator, fault.locator)
    return refused(fault, status, json.dumps(document, ensure_ascii=False).encode())
