# SPDX-License-Identifier: Apache-2.0
"""Times and formats as the map doors read them."""

from __future__ import annotations

from enum import Enum

from catalog.model.faults import Fault, Kind
from catalog.model.time import Instant, read_instant, read_step
from ogc.http.fields import shown
from tiles.encode import Format
from tiles.times import Current, Interval, TimeQuery

_FORMATS = {
    "image/png": Format.PNG, "image/png; mode=24bit": Format.PNG, "image/png;mode=24bit": Format.PNG, "image/png; mode=32bit": Format.PNG,
    "image/png; mode=8bit": Format.PNG8, "image/png;mode=8bit": Format.PNG8, "image/png8": Format.PNG8,
    "image/jpeg": Format.JPEG, "image/jpg": Format.JPEG, "image/webp": Format.WEBP, "image/tiff": Format.GEOTIFF, "image/geotiff": Format.GEOTIFF,
}  # fmt: skip


class InfoFormat(Enum):
    """What GetFeatureInfo answers with."""

    JSON = "application/json"
    TEXT = "text/plain"
    HTML = "text/html"
    GML = "application/vnd.ogc.gml"


def time_query(text: str) -> TimeQuery:
    """Instants, intervals and lists of both (1.3.0, annex D; C.3), and `current`."""
    return tuple(_time_part(part) for part in text.split(","))


def image_format(text: str) -> Format:
    """A picture format by its media type."""
    found = _FORMATS.get(text.lower())
    if found is None:
        raise Fault(Kind.UNKNOWN_FORMAT, f"{shown(text)} is not a format of this server")
    return found


def info_format(text: str) -> InfoFormat:
    """A format of GetFeatureInfo by its media type."""
    media = text.lower().split(";")[0].strip()
    alias = {
        "application/geo+json": InfoFormat.JSON,
        "application/geojson": InfoFormat.JSON,
        "text/xml": InfoFormat.GML,
        "application/vnd.ogc.gml/3.1.1": InfoFormat.GML,
    }
    found = alias.get(media) or next((form for form in InfoFormat if form.value == media), None)
    if found is None:
        raise Fault(Kind.UNKNOWN_FORMAT, f"{shown(text)} is not a format of this operation")
    return found


def _time_part(text: str) -> Instant | Interval | Current:
    text = text.strip()
    if text.lower() == "current":
        return Current.CURRENT
    parts = text.split("/")
    if len(parts) == 1:
        return read_instant(text)
    if len(parts) > 3:
        raise Fault(Kind.BAD_TIME, f"{shown(text)} is not a time, nor an interval", "TIME")
    return Interval(
        read_instant(parts[0]), read_instant(parts[1]), read_step(parts[2]) if len(parts) == 3 else None
    )
