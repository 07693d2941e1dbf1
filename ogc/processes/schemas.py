# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of our files as Schema Objects of OpenAPI 3.0, which is what a process description has (18-062r2, schema.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PARTS = ("items", "additionalProperties", "not")
_LISTS = ("oneOf", "anyOf", "allOf")


def oas30(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the older words: `const`, several types, exclusive bounds and examples are told in other ways there."""
    out = {name: value for name, value in schema.items() if name not in ("const", "examples")}
    if "const" in schema:
        out["enum"] = [schema["const"]]
    if schema.get("examples"):
        out["example"] = schema["examples"][0]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        out["nullable"] = "null" in kinds
        named = [one for one in kinds if one != "null"]
        del out["type"]
        out |= {"type": named[0]} if len(named) == 1 else {"anyOf": [{"type": one} for one in named]}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in schema:
            out |= {bound: schema[exclusive], exclusive: True}
    for name in _PARTS:
        if isinstance(schema.get(name), Mapping):
            out[name] = oas30(schema[name])
    for name in _LISTS:
        if name in schema:
            out[name] = [oas30(one) for one in schema[name]]
    if "properties" in schema:
        out["properties"] = {name: oas30(one) for name, one in schema["properties"].items()}
    return out
