# SPDX-License-Identifier: Apache-2.0
"""The STAC API as a building block of an API document: operations with their parameters."""

from __future__ import annotations

from typing import Any

from ogc.common.blocks import Block, Document, operation, ref, refusals
from ogc.stac.request import MOST
from ogc.stac.written import ITEM

_TAG = "STAC"
_GEOJSON = "application/geo+json"
_TEXT: Document = {"type": "string"}
_TEXTS: Document = {"type": "array", "items": _TEXT}
_EXCEPTION: Document = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": _TEXT, "description": _TEXT},
}
"""The error of the STAC API, which is not the one that the OGC API standards share."""


def block() -> Block:
    """The building block."""
    schemas = {
        "exception": _EXCEPTION,
        "search": _search_body(),
        "collectionSearch": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "limit": {"type": "integer", "minimum": 1},
                "q": {"oneOf": [_TEXT, _TEXTS]},
                "datetime": _TEXT,
                "page": {"enum": [1, "1"]},
            },
        },
        "item": ITEM,
        "itemCollection": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/item"}},
            },
        },
        "counting": _search_body({"aggregations": _TEXTS}),
    }
    return Block(_TAG, (), _paths(), _parameters(), schemas)


def _parameters() -> dict[str, Document]:
    def query(name: str, about: str, schema: dict[str, Any]) -> Document:
        return {
            "name": name,
            "in": "query",
            "required": False,
            "description": about,
            "schema": schema,
            "style": "form",
            "explode": False,
        }

    def path(name: str, about: str) -> Document:
        return {
            "name": name,
            "in": "path",
            "required": True,
            "description": about,
            "schema": {"type": "string"},
        }

    text, numbers = (
        {"type": "string"},
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
    )
    texts = {"type": "array", "items": text}
    return {
        "collectionId": path("collectionId", "Id of a collection."),
        "featureId": path("featureId", "Id of an item."),
        "bbox": query("bbox", "West, south, east, north in CRS84.", numbers),
        "datetime": query("datetime", "An instant, or an interval with .. for an open end.", text),
        "limit": query(
            "limit",
            "Most items of a page.",
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": 10},
        ),
        "ids": query("ids", "Only these items.", texts),
        "collections": query("collections", "Only of these collections.", texts),
        "intersects": query("intersects", "A GeoJSON geometry.", text),
        "query": query("query", "Conditions on properties, as a JSON object.", text),
        "sortby": query(
            "sortby", "-properties.datetime, + for the oldest first, or properties.eo:cloud_cover.", text
        ),
        "filter": query("filter", "CQL2, text or JSON.", text),
        "filter-lang": query(
            "filter-lang", "Of the filter.", {"type": "string", "enum": ["cql2-text", "cql2-json"]}
        ),
        "filter-crs": query("filter-crs", "CRS84 only.", {"type": "string", "format": "uri"}),
        "q": query("q", "Words that occur; a comma is or.", texts),
        "fields": query("fields", "Members to answer, or with - to leave out.", texts),
        "page": query("page", "Its number from 1, instead of a token.", {"type": "integer", "minimum": 1}),
        "token": query("token", "Of the link to the next page.", text),
        "aggregations": query("aggregations", "What to count by, the names of /aggregations.", texts),
    }


def _search_body(further: Document | None = None) -> Document:
    box = {"type": "array", "items": {"type": "number"}}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "bbox": {"oneOf": [{**box, "minItems": n, "maxItems": n} for n in (4, 6)]},
            "datetime": _TEXT,
            "intersects": {"type": "object"},
            "ids": _TEXTS,
            "collections": _TEXTS,
            "limit": {"type": "integer", "minimum": 1},
            "query": {"type": "object"},
            "filter": {"oneOf": [{"type": "object"}, _TEXT]},
            "filter-lang": _TEXT,
            "filter-crs": _TEXT,
            "q": _TEXTS,
            "fields": {"type": "object"},
            "sortby": {"type": "array", "items": {"type": "object"}},
            "token": _TEXT,
            "page": {"oneOf": [{"type": "integer", "minimum": 1}, _TEXT]},
            "sortBy": {"type": "array", "items": {"type": "object"}},
            **(further or {}),
        },
    }


def _body(schema: str) -> Document:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"required": True, "content": content}


def _answer(description: str, media_type: str = "application/json") -> Document:
    return {
        "200": {"description": description, "content": {media_type: {"schema": {"type": "object"}}}},
        **refusals(),
    }


_WRITER: Document = {
    code: {
        "description": said,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/exception"}}},
    }
    for code, said in (
        ("401", "say who you are"),
        ("403", "not an operator, or a collection that takes no items"),
        ("409", "the id is taken"),
    )
}
"""What only who writes is answered."""


def _written(name: str, about: str, code: str, *schemas: str) -> Document:
    """An operation that writes items: of these schemas, or any object."""
    given: Document = {"oneOf": [{"$ref": f"#/components/schemas/{one}"} for one in schemas]} if schemas else {"type": "object"}  # fmt: skip
    ids = (ref("collectionId"),) if code == "201" else (ref("collectionId"), ref("featureId"))
    done = {code: {"description": "the item", "content": {_GEOJSON: {"schema": {"type": "object"}}}}}
    out = operation(_TAG, name, about, {**done, **_WRITER, **refusals()}, *ids)
    return {**out, "requestBody": {"required": True, "content": {"application/json": {"schema": given}}}}


def _paths() -> dict[str, Document]:
    where, one = ref("collectionId"), ref("featureId")
    page = tuple(
        ref(name)
        for name in (
            "bbox", "datetime", "limit", "ids", "intersects", "query", "filter", "filter-lang", "filter-crs", "q", "fields", "sortby", "token", "page",
        )
    )  # fmt: skip
    items = "/collections/{collectionId}/items"
    searched = {
        **operation(_TAG, "postItemSearch", "Search items", _answer("a page", _GEOJSON)),
        "requestBody": _body("search"),
    }
    return {
        "/": {"get": operation(_TAG, "getLandingPage", "The catalog", _answer("catalog"))},
        "/api": {
            "get": operation(
                _TAG,
                "getApi",
                "This document",
                _answer("OpenAPI 3.0", "application/vnd.oai.openapi+json;version=3.0"),
            )
        },
        "/conformance": {
            "get": operation(_TAG, "getConformanceDeclaration", "Conformance classes", _answer("classes"))
        },
        "/collections": {
            "get": operation(
                _TAG,
                "getCollections",
                "All collections, or those of a search",
                _answer("collections"),
                *(ref(name) for name in ("bbox", "datetime", "q", "limit")),
            ),
            "post": {
                **operation(_TAG, "postCollections", "Collections of a search", _answer("collections")),
                "requestBody": _body("collectionSearch"),
            },
        },
        "/queryables": {
            "get": operation(
                _TAG,
                "getQueryables",
                "What a filter may ask",
                _answer("JSON Schema", "application/schema+json"),
            )
        },
        "/collections/{collectionId}/queryables": {
            "get": operation(
                _TAG,
                "getCollectionQueryables",
                "What a filter may ask",
                _answer("JSON Schema", "application/schema+json"),
                where,
            )
        },
        "/collections/{collectionId}": {
            "get": operation(_TAG, "describeCollection", "A collection", _answer("collection"), where)
        },
        items: {
            "get": operation(
                _TAG, "getFeatures", "Items of a collection", _answer("a page", _GEOJSON), where, *page
            ),
            "post": _written(
                "postFeature", "New items, all or none (operators)", "201", "item", "itemCollection"
            ),
        },
        f"{items}/{{featureId}}": {
            "get": operation(_TAG, "getFeature", "An item", _answer("item", _GEOJSON), where, one),
            "put": _written(
                "putFeature", "An item instead of the one that is there (operators)", "200", "item"
            ),
            "patch": _written("patchFeature", "A merge patch, RFC 7396 (operators)", "200"),
            "delete": operation(
                _TAG,
                "deleteFeature",
                "Removes an item; withdraws a product (operators)",
                {"204": {"description": "it is gone"}, **_WRITER, **refusals()},
                where,
                one,
            ),
        },
        "/aggregations": {
            "get": operation(_TAG, "getAggregations", "What a search may be counted by", _answer("names"))
        },
        "/aggregate": {
            "get": operation(
                _TAG,
                "getAggregate",
                "The counts of a search",
                _answer("counts"),
                *page,
                ref("collections"),
                ref("aggregations"),
            ),
            "post": {
                **operation(_TAG, "postAggregate", "The counts of a search", _answer("counts")),
                "requestBody": _body("counting"),
            },
        },
        "/collections/{collectionId}/aggregations": {
            "get": operation(
                _TAG, "getCollectionAggregations", "What a search may be counted by", _answer("names"), where
            )
        },
        "/collections/{collectionId}/aggregate": {
            "get": operation(
                _TAG,
                "getCollectionAggregate",
                "The counts of a search",
                _answer("counts"),
                where,
                *page,
                ref("aggregations"),
            )
        },
        "/search": {
            "get": operation(
                _TAG, "getItemSearch", "Search items", _answer("a page", _GEOJSON), *page, ref("collections")
            ),
            "post": searched,
        },
    }
