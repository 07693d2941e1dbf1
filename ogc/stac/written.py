# SPDX-License-Identifier: Apache-2.0
"""Items that clients write (STAC 1.1, item specification): what is wrong with one is said before anything is stored."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from catalog.model.faults import Fault, Kind
from catalog.model.time import read_instant
from ogc.filter.values import read_geometry
from ogc.stac.request import MOST

_ABSOLUTE = "^(https?|s3)://"
_ZONED = re.compile(r"[Tt].*(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII)
ITEM: dict[str, Any] = {
    "type": "object", "required": ["type", "stac_version", "id", "geometry", "properties", "links", "assets"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]}, "stac_version": {"type": "string", "pattern": r"^1\.[0-9]+\.[0-9]+"},
        "stac_extensions": {"type": "array", "items": {"type": "string"}}, "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}, "collection": {"type": "string"},
        "properties": {"type": "object", "required": ["datetime"]},
        "links": {"type": "array", "items": {
            "type": "object", "required": ["href", "rel"], "properties": {"href": {"type": "string", "minLength": 1}, "rel": {"type": "string"}},
        }},
        "assets": {"type": "object", "additionalProperties": {
            "type": "object", "required": ["href"], "properties": {"href": {"type": "string", "pattern": _ABSOLUTE}},
        }},
    },
}  # fmt: skip
"""What an item must have, in the words that JSON Schema and OpenAPI 3.0 share. Its files are elsewhere, so their addresses are absolute."""
_ITEM = Draft7Validator(ITEM)


def read_items(document: Any, collection: str) -> list[tuple[str, bytes]]:
    """The ids and bodies of an item, or of a FeatureCollection of items, for a collection. Raises Fault INVALID or TOO_LARGE."""
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        return [read_item(document, collection)]
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise Fault(Kind.INVALID, "a FeatureCollection has a list of features", "features")
    if len(features) > MOST:
        raise Fault(Kind.TOO_LARGE, f"at most {MOST} items at once", "features")
    return [read_item(one, collection) for one in features]


def read_item(document: Any, collection: str) -> tuple[str, bytes]:
    """The id and the body of an item for a collection. Raises Fault INVALID with the member that is wrong as the locator, or TOO_LARGE."""
    wrong = best_match(_ITEM.iter_errors(document))
    if wrong is not None:
        where = ".".join(str(part) for part in wrong.absolute_path) or "the item"
        raise Fault(Kind.INVALID, f"{where[:100]}: {wrong.message[:200]}", where[:60])
    if document.get("collection", collection) != collection:
        raise Fault(Kind.INVALID, f"the item says another collection than {collection}", "collection")
    if document["geometry"] is not None:
        read_geometry(document["geometry"], "geometry")
        if "bbox" not in document:
            raise Fault(Kind.INVALID, "an item with a geometry has a bbox", "bbox")
    _check_times(document["properties"])
    return document["id"], json.dumps({**document, "collection": collection}, ensure_ascii=False).encode()


def merged(original: bytes, patch: Any, collection: str) -> bytes:
    """An item after a merge patch (RFC 7396). Raises Fault INVALID for a patch that is none, or where no item is left."""
    if not isinstance(patch, dict):
        raise Fault(Kind.INVALID, "a merge patch is a JSON object")
    return read_item(_merged(json.loads(original), patch), collection)[1]


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396, 2."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = _merged(out.get(name), value)
    return out


def _check_times(properties: dict[str, Any]) -> None:
    """A moment, or null and both ends of a period."""
    names = ("datetime",) if properties["datetime"] is not None else ("start_datetime", "end_datetime")
    for name in names:
        value = properties.get(name)
        try:
            if not isinstance(value, str) or not _ZONED.search(value):
                raise Fault(Kind.BAD_TIME, "no time")
            read_instant(value)
        except Fault as fault:
            raise Fault(
                Kind.INVALID, f"properties.{name} is not a date and time (RFC 3339)", f"properties.{name}"
            ) from fault
