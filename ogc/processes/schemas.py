# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of our files as Schema Objects of OpenAPI 3.0, which is what a process description has (18-062r2, schema.yaml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    if isinstance(schema.get("type"), list):
        out |= _one_type(out.pop("type"))
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in schema:
            out |= {bound: schema[exclusive], exclusive: True}
    return out | _within(schema)


def _one_type(kinds: Sequence[str]) -> dict[str, Any]:
    named = [one for one in kinds if one != "null"]
    told = {"type": named[0]} if len(named) == 1 else {"anyOf": [{"type": one} for one in named]}
    return {**told, "nullable": "null" in kinds}


def _within(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas in a schema."""
    out: dict[str, Any] = {
        name: oas30(schema[name]) for name in _PARTS if isinstance(schema.get(name), Mapping)
    }
    out |= {name: [oas30(one) for one in schema[name]] for name in _LISTS if name in schema}
    if "properties" in schema:
        out["properties"] = {name: oas30(one) for name, one in schema["properties"].items()}
    return out
