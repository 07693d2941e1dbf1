# SPDX-License-Identifier: Apache-2.0
"""Features and Records as a building block: conformance classes and operations."""

from __future__ import annotations

from typing import Any

from ogc.common.blocks import Block, Document, answer, link, operation, ref
from ogc.common.documents import EVERYWHERE, crs_uri
from ogc.features import documents, footprints, records, stations
from ogc.features.request import MOST, USUAL
from ogc.features.service import Features
from ogc.filter.cql2 import CONFORMANCE as CQL2

_TAG = "Features"
_CQL2 = {"oneOf": [{"type": "object"}, {"type": "boolean"}]}
"""A filter in CQL2 JSON: an expression, or the truth alone (OGC 21-065r2, 7.3)."""
_CONFORMANCE = (
    *(f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *CQL2,
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    *(f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{name}" for name in ("record-core", "records-api", "sorting", "json", "html", "oas30")),
)  # fmt: skip
_QUERYABLES = {
    name: one
    for name, one in {**footprints.NAMES, **stations.NAMES, **records.NAMES}.items()
    if name not in ("datetime", "type")
}


def block(features: Features) -> Block:
    """The building block."""
    return Block(
        _TAG,
        _CONFORMANCE,
        _paths(),
        _parameters(),
        {},
        _landing_links,
        documents.links_of_layer,
        more=features.own,
    )


def _landing_links(api: str) -> list[Document]:
    relation = "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog"
    search = f"{api.removesuffix('/ogcapi')}/opensearch"
    return [
        link(f"{api}/collections/{records.ID}", relation, "Metadata of everything"),
        link(search, "search", "OpenSearch description", "application/opensearchdescription+xml"),
    ]


def _parameters() -> dict[str, Document]:
    def query(name: str, about: str, schema: dict[str, Any]) -> Document:
        return {
            "name": name, "in": "query", "required": False, "description": about, "schema": schema, "style": "form", "explode": False,
        }  # fmt: skip

    text: dict[str, Any] = {"type": "string"}
    texts = {"type": "array", "items": text}
    uri = {"type": "string", "format": "uri", "enum": [crs_uri(crs) for crs in EVERYWHERE]}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    return {
        "featureId": {"name": "featureId", "in": "path", "required": True, "description": "Id of an item.", "schema": text},
        "itemsBbox": query("bbox", "What items meet: west, south, east, north in CRS84, or in the order of bbox-crs.", numbers),
        "itemsBboxCrs": query("bbox-crs", "CRS of bbox.", uri), "itemsCrs": query("crs", "CRS of the answer.", uri),
        "itemsDatetime": query("datetime", "An instant, or an interval with .. for an open end, or with a duration.", text),
        "itemsLimit": query("limit", "Most items of a page.", limit), "token": query("token", "Of the link to the next page.", text),
        "q": query("q", "Words that occur; a comma is or.", texts), "ids": query("ids", "Only these items.", texts),
        "filter": query("filter", "CQL2.", text), "filter-lang": query("filter-lang", "Of the filter.", {**text, "enum": ["cql2-text", "cql2-json"]}),
        "filter-crs": query("filter-crs", "CRS84 only.", {**text, "format": "uri"}), "sortby": query("sortby", "A sortable; - for downwards.", text),
        "type": query("type", "Of records: dataset, series.", texts), "externalIds": query("externalIds", "Of records: their ids.", texts),
        "fVector": query("f", "The form of a tile.", {**text, "enum": ["mvt"]}),
        "profile": query("profile", "Of records; there is one only.", text),
        **{
            f"property_{name}": query(name, f"Equal to this, where it is a queryable: {one.title}.", one.type.schema()) for name, one in _QUERYABLES.items()
        },
    }  # fmt: skip


def _paths() -> dict[str, Document]:
    where = ref("collectionId")
    names = (
        "itemsBbox", "itemsBboxCrs", "itemsCrs", "itemsDatetime", "itemsLimit", "token", "q", "ids", "filter", "filter-lang", "filter-crs",
        "sortby", "type", "externalIds", "profile", *(f"property_{name}" for name in _QUERYABLES),
    )  # fmt: skip
    page = tuple(ref(name) for name in names)
    forms = (documents.GEOJSON, "text/html")
    search = {
        **operation(
            _TAG, "searchItems", "Items by a CQL2 JSON body", answer("A page", *forms), where, *page, ref("f")
        ),
        "requestBody": {"required": True, "content": {"application/json": {"schema": _CQL2}}},
    }
    items = "/collections/{collectionId}/items"
    schema = (documents.SCHEMA, "text/html")
    tiles, grid = "/collections/{collectionId}/tiles", ref("tileMatrixSetId")
    shown = ("application/json", "text/html")
    return {
        tiles: {"get": operation(_TAG, "collection.vector.getTileSetsList", "Vector tilesets", answer("list", *shown), where, ref("f"))},
        f"{tiles}/{{tileMatrixSetId}}": {
            "get": operation(_TAG, "collection.vector.getTileSet", "A vector tileset", answer("metadata", *shown), where, grid, ref("f"))
        },
        f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {
            "get": operation(
                _TAG, "collection.vector.getTile", "A vector tile", answer("tile", "application/vnd.mapbox-vector-tile"), where, grid,
                ref("tileMatrix"), ref("tileRow"), ref("tileCol"), ref("itemsDatetime"), ref("fVector"),
            )
        },
        items: {
            "get": operation(_TAG, "getFeatures", "Items of a collection", answer("A page", *forms), where, *page, ref("f")),
            "post": search,
        },
        f"{items}/{{featureId}}": {
            "get": operation(
                _TAG, "getFeature", "An item", answer("An item", *forms, documents.ISO), where, ref("featureId"), ref("itemsCrs"), ref("f")
            )
        },
        "/collections/{collectionId}/queryables": {
            "get": operation(_TAG, "getQueryables", "What may be asked", answer("JSON Schema", *schema), where, ref("f"))
        },
        "/collections/{collectionId}/sortables": {
            "get": operation(_TAG, "getSortables", "What items may be sorted by", answer("JSON Schema", *schema), where, ref("f"))
        },
    }  # fmt: skip
