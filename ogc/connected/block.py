# SPDX-License-Identifier: Apache-2.0
"""Connected Systems as a building block: conformance classes, links of the landing page, operations."""

from __future__ import annotations

from typing import Any

from ogc.common.blocks import Block, Document, answer, link, operation, ref
from ogc.connected.documents import GEOJSON, OM, SML

_TAG = "Connected Systems"
_ONE, _TWO = (
    "http://www.opengis.net/spec/ogcapi-connectedsystems-1/1.0/conf",
    "http://www.opengis.net/spec/ogcapi-connectedsystems-2/1.0/conf",
)
_CONFORMANCE = (
    *(f"{_ONE}/{name}" for name in ("api-common", "system", "deployment", "procedure", "sf", "property", "geojson")),
    *(f"{_TWO}/{name}" for name in ("api-common", "datastream", "json")),
)  # fmt: skip
_TEXT: dict[str, Any] = {"type": "string"}
_LISTS = {"type": "array", "items": _TEXT}
_RESOURCES = {
    "systems": ("The chains that observe", GEOJSON, ("csId", "csQ"), ()),
    "deployments": ("Where and when chains observe", GEOJSON, ("csId", "csQ"), ("systems",)),
    "procedures": ("How chains observe", GEOJSON, ("csId", "csQ"), ()),
    "samplingFeatures": ("The stations", GEOJSON, ("csId", "csQ", "itemsBbox"), ("systems",)),
    "properties": ("What is observed", SML, ("csId", "csQ"), ()),
    "datastreams": (
        "The series", "application/json", ("csId", "csQ", "itemsBbox", "csFoi", "csProperty", "csSystem", "csTime"), ("systems",),
    ),
    "observations": ("The observations", OM, ("csId", "csFoi", "csProperty", "csSystem", "csTime"), ("datastreams",)),
}  # fmt: skip


def block() -> Block:
    """The building block."""
    return Block(_TAG, _CONFORMANCE, _paths(), _parameters(), landing_links=_links)


def _links(api: str) -> list[Document]:
    return [
        link(f"{api}/{name}", f"ogc-rel:{name}", title, media)
        for name, (title, media, _, _) in _RESOURCES.items()
    ]


def _parameters() -> dict[str, Document]:
    def query(name: str, about: str, schema: dict[str, Any]) -> Document:
        return {"name": name, "in": "query", "description": about, "schema": schema, "style": "form", "explode": False}  # fmt: skip

    path = {"in": "path", "required": True, "schema": _TEXT}
    return {
        "csId": query("id", "Only these ids.", _LISTS), "csQ": query("q", "Words that all occur.", _TEXT),
        "csFoi": query("foi", "Only of these stations.", _LISTS), "csProperty": query("observedProperty", "Only these properties.", _LISTS),
        "csSystem": query("system", "Only of these chains.", _LISTS), "csTime": query("phenomenonTime", "An instant or an interval.", _TEXT),
        "csLimit": query("limit", "Resources of a page.", {"type": "integer", "minimum": 1, "default": 100}),
        "csOffset": query("offset", "Resources before the page.", {"type": "integer", "minimum": 0, "default": 0}),
        "csName": {"name": "name", "description": "An id.", **path}, "csParent": {"name": "parent", "description": "The id of the parent.", **path},
        "obsFormat": query("obsFormat", "The form of the observations.", {**_TEXT, "enum": [OM]}),
    }  # fmt: skip


def _paths() -> dict[str, Document]:
    out: dict[str, Document] = {}
    for name, (title, media, parameters, parents) in _RESOURCES.items():
        taken = (*(ref(one) for one in parameters), ref("csLimit"), ref("csOffset"), ref("f"))
        upper = name[0].upper() + name[1:]
        out[f"/{name}"] = {
            "get": operation(_TAG, f"list{upper}", title, answer("A page", media, "text/html"), *taken)
        }
        out[f"/{name}/{{name}}"] = {
            "get": operation(_TAG, f"get{upper}", f"{title}: one", answer("One", media, "text/html"), ref("csName"), ref("f"))
        }  # fmt: skip
        for parent in parents:
            out[f"/{parent}/{{parent}}/{name}"] = {
                "get": operation(
                    _TAG, f"list{upper}Of{parent.title()}", title, answer("A page", media, "text/html"), ref("csParent"), *taken
                )
            }  # fmt: skip
    form = operation(
        _TAG, "getSchema", "The form of the observations of a series", answer("A schema"), ref("csName"), ref("obsFormat"), ref("f"),
    )  # fmt: skip
    return {**out, "/datastreams/{name}/schema": {"get": form}}
