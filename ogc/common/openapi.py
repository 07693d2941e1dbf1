# SPDX-License-Identifier: Apache-2.0
"""API documents: OpenAPI 3.0, self-contained, assembled from building blocks."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Service
from ogc.common.blocks import Block, Document, answer, operation, ref

_COMMON = "Common"
_PARAMETERS: dict[str, Document] = {
    "f": {
        "name": "f",
        "in": "query",
        "required": False,
        "description": "The form, before the Accept header.",
        "schema": {"type": "string", "enum": ["json", "html"]},
    },
    "collectionId": {
        "name": "collectionId",
        "in": "path",
        "required": True,
        "description": "Id of a collection.",
        "schema": {"type": "string"},
    },
}
_LINK: Document = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title", "hreflang")}
    | {"templated": {"type": "boolean"}},
}
_LINKS: Document = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_SHARED: dict[str, Document] = {
    "link": _LINK,
    "exception": {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "locator": {"type": "string"},
        },
    },
}
_SCHEMAS: dict[str, Document] = {
    "landingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS},
    },
    "confClasses": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
    },
    "collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            "id": {"type": "string"},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "links": _LINKS,
            "extent": {"type": "object"},
            "crs": {"type": "array", "items": {"type": "string"}},
        },
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
}
_PATHS: dict[str, Document] = {
    "/": {
        "get": operation(
            _COMMON,
            "getLandingPage",
            "The landing page",
            answer("links", "application/json", "text/html", schema="landingPage"),
            ref("f"),
        )
    },
    "/api": {
        "get": operation(
            _COMMON,
            "getApi",
            "This document",
            answer("OpenAPI 3.0", "application/vnd.oai.openapi+json;version=3.0", "text/html"),
            ref("f"),
        )
    },
    "/conformance": {
        "get": operation(
            _COMMON,
            "getConformance",
            "Conformance classes",
            answer("classes", "application/json", "text/html", schema="confClasses"),
            ref("f"),
        )
    },
    "/collections": {
        "get": operation(
            _COMMON,
            "getCollections",
            "All collections",
            answer("collections", "application/json", "text/html", schema="collections"),
            ref("f"),
        )
    },
    "/collections/{collectionId}": {
        "get": operation(
            _COMMON,
            "describeCollection",
            "A collection",
            answer("collection", "application/json", "text/html", schema="collection"),
            ref("collectionId"),
            ref("f"),
        ),
    },
}


COMMON = Block(_COMMON, (), _PATHS, _PARAMETERS, _SCHEMAS)
"""The building block that is there in any case."""


def api_document(service: Service, address: str, version: str, blocks: Sequence[Block]) -> Document:
    """The OpenAPI 3.0 document of some blocks below an address."""
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/exception"}}}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": service.title.en,
            "description": service.abstract.en,
            "version": version,
            "contact": {"name": service.contact.organisation, "url": service.contact.website},
        },
        "servers": [{"url": address}],
        "tags": [{"name": block.tag} for block in blocks],
        "paths": {path: item for block in blocks for path, item in block.paths.items()},
        "components": {
            "parameters": {name: one for block in blocks for name, one in block.parameters.items()},
            "schemas": {**_SHARED, **{name: one for block in blocks for name, one in block.schemas.items()}},
            "responses": {
                "InvalidParameter": {"description": "A parameter is wrong or unknown.", "content": refused},
                "NotFound": {"description": "There is no such resource.", "content": refused},
                "Unauthorized": {"description": "A key is needed.", "content": refused},
                "Forbidden": {"description": "For operators.", "content": refused},
                "Busy": {"description": "Come again after Retry-After seconds.", "content": refused},
            },
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "security": [{}, {"apiKey": []}, {"bearer": []}],
    }


def operations_document(document: Document) -> Document:
    """The API document as people read it: each operation with its parameters."""
    names = document["components"]["parameters"]
    rows = []
    for path, item in document["paths"].items():
        for method, one in item.items():
            parameters = [
                names[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in one.get("parameters", [])
            ]
            rows.append(
                {
                    "title": f"{method.upper()} {path}",
                    "description": one["summary"],
                    "operation": one["operationId"],
                    "parameters": {p["name"]: p.get("description", "") for p in parameters} or "none",
                }
            )
    return {
        "title": f"{document['info']['title']}: operations",
        "description": document["info"]["description"],
        "operations": rows,
    }
