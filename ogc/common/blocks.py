# SPDX-License-Identifier: Apache-2.0
"""A building block: what one standard adds to the landing page, the conformance, the collections and the API document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.model.principal import Principal
from ogc.maps.layers import Offered

Document = dict[str, Any]


def _none(*_: object) -> list[Document]:
    return []


def _nothing(*_: object) -> Document:
    return {}


@dataclass(frozen=True)
class Block:
    """One standard under `/ogcapi`; addresses are given the base of the API, without a slash at the end."""

    tag: str
    conformance: tuple[str, ...]
    paths: Mapping[str, Document]
    """OpenAPI path items; `ref("name")` points into the components."""
    parameters: Mapping[str, Document] = field(default_factory=dict)
    schemas: Mapping[str, Document] = field(default_factory=dict)
    landing_links: Callable[[str], list[Document]] = _none
    collection_links: Callable[[str, Offered], list[Document]] = _none
    collection_members: Callable[[str, Offered], Document] = _nothing
    """What a collection says besides."""
    more: Callable[[Principal, str, str], list[Document]] = _none
    """Collections that are no layers of a map, for somebody, with the base of the API and a language; asked off the event loop."""


QUERYABLES_REL = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


def link(href: str, rel: str, title: str, media_type: str = "application/json") -> Document:
    """A link object."""
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def ref(parameter: str) -> Document:
    """A parameter of the components."""
    return {"$ref": f"#/components/parameters/{parameter}"}


def answer(description: str, *media_types: str, schema: str = "") -> Document:
    """A 200 of an operation."""
    body: Document = {"schema": {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}}
    picture: Document = {"schema": {"type": "string", "format": "binary"}}
    content = {
        one: picture
        if one.startswith("image/")
        else {"schema": {"type": "string"}}
        if one.startswith("text/")
        else body
        for one in media_types or ("application/json",)
    }
    return {"200": {"description": description, "content": content}, **refusals()}


def refusals() -> Document:
    """What every operation may refuse with."""
    return {
        code: {"$ref": f"#/components/responses/{name}"}
        for code, name in (("400", "InvalidParameter"), ("404", "NotFound"), ("503", "Busy"))
    }


def operation(tag: str, name: str, summary: str, responses: Document, *parameters: Document) -> Document:
    """An operation object with its id."""
    out: Document = {"tags": [tag], "operationId": name, "summary": summary, "responses": responses}
    if parameters:
        out["parameters"] = list(parameters)
    return out
