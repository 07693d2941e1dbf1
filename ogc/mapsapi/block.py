# SPDX-License-Identifier: Apache-2.0
"""Maps, Tiles and Styles as a building block: conformance classes and operations."""

from __future__ import annotations

from typing import Any

from config.limits import Limits
from ogc.common.blocks import Block, Document, answer, operation, ref
from ogc.mapsapi.documents import collection_links, landing_links
from ogc.mapsapi.request import MAP_FORMS, SHORT, TILE_FORMS
from tiles.matrix import matrix_sets

_MAPS, _TILES = "Maps", "Tiles"
_CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/dataset-map",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/collection-map",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/styled-map",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/collections-selection",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/datetime",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/tilesets",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/png",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/jpeg",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/tiff",
    "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/cors",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/collections-selection",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/datetime",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/png",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/jpeg",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixsetlimits",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixsetlimits",
)


def block(limits: Limits) -> Block:
    """The building block with the limits of this server in its parameters."""
    return Block(_MAPS, _CONFORMANCE, _paths(), _parameters(limits), {}, landing_links, collection_links)


def _parameters(limits: Limits) -> dict[str, Document]:
    def query(name: str, about: str, schema: dict[str, Any], **more: Any) -> Document:
        return {
            "name": name,
            "in": "query",
            "required": False,
            "description": about,
            "schema": schema,
            **more,
        }

    def path(name: str, about: str, schema: dict[str, Any]) -> Document:
        return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}

    text, side = {"type": "string"}, {"type": "integer", "minimum": 1, "maximum": limits.map_side}
    row = {"type": "integer", "minimum": 0}
    return {
        "bbox": query(
            "bbox",
            "Four numbers in the axis order of bbox-crs.",
            {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
            style="form",
            explode=False,
        ),
        "bbox-crs": query("bbox-crs", "CRS of bbox: a URI or a safe CURIE; CRS84 by default.", text),
        "crs": query("crs", "CRS of the map; CRS84 by default.", text),
        "width": query("width", "Pixels.", side),
        "height": query("height", "Pixels.", side),
        "datetime": query(
            "datetime",
            "An instant, or an interval with .. for an open end.",
            text,
            style="form",
            explode=False,
        ),
        "bgcolor": query("bgcolor", "0xRRGGBB.", {"type": "string", "default": "0xFFFFFF"}),
        "transparent": query("transparent", "True unless there is a bgcolor.", {"type": "boolean"}),
        "collections": query(
            "collections",
            f"At most {limits.map_layers} ids, the first at the bottom.",
            {"type": "array", "items": text},
            style="form",
            explode=False,
        ),
        "fMap": query(
            "f", "Before the Accept header.", {"type": "string", "enum": [SHORT[form] for form in MAP_FORMS]}
        ),
        "fTile": query(
            "f", "Before the Accept header.", {"type": "string", "enum": [SHORT[form] for form in TILE_FORMS]}
        ),
        "styleId": path("styleId", "Id of a style of the collection.", text),
        "tileMatrixSetId": path(
            "tileMatrixSetId", "Id of a tile matrix set.", {"type": "string", "enum": list(matrix_sets())}
        ),
        "tileMatrix": path("tileMatrix", "Id of a level.", text),
        "tileRow": path("tileRow", "Row, from the north.", row),
        "tileCol": path("tileCol", "Column, from the west.", row),
    }


def _paths() -> dict[str, Document]:
    out: dict[str, Document] = {
        "/tileMatrixSets": {
            "get": operation(
                _TILES,
                "getTileMatrixSetsList",
                "Tile matrix sets",
                answer("list", "application/json", "text/html"),
                ref("f"),
            )
        },
        "/tileMatrixSets/{tileMatrixSetId}": {
            "get": operation(
                _TILES,
                "getTileMatrixSet",
                "A tile matrix set",
                answer("definition", "application/json", "text/html"),
                ref("tileMatrixSetId"),
                ref("f"),
            ),
        },
        "/collections/{collectionId}/styles": {
            "get": operation(
                _MAPS,
                "collection.getStyles",
                "Styles of a collection",
                answer("list", "application/json", "text/html"),
                ref("collectionId"),
                ref("f"),
            ),
        },
        "/collections/{collectionId}/styles/{styleId}": {
            "get": operation(
                _MAPS,
                "collection.getStyle",
                "A style, its legend, maps and tiles",
                answer("links", "application/json", "text/html"),
                ref("collectionId"),
                ref("styleId"),
                ref("f"),
            ),
        },
    }
    where = (
        ("", "dataset", (ref("collections"),)),
        ("/collections/{collectionId}", "collection", (ref("collectionId"),)),
        (
            "/collections/{collectionId}/styles/{styleId}",
            "collection.style",
            (ref("collectionId"), ref("styleId")),
        ),
    )
    for prefix, name, parameters in where:
        out |= _pictures(prefix, name, parameters)
    return out


def _pictures(prefix: str, name: str, where: tuple[Document, ...]) -> dict[str, Document]:
    """Map, tilesets, tileset and tile at one place."""
    tile = f"{prefix}/map/tiles/{{tileMatrixSetId}}"
    grid, selected = ref("tileMatrixSetId"), tuple(one for one in where if one != ref("collections"))
    return {
        f"{prefix}/map": {
            "get": operation(
                _MAPS,
                f"{name}.getMap",
                "A map",
                answer("picture", *(form.media_type for form in MAP_FORMS)),
                *where,
                ref("bbox"),
                ref("bbox-crs"),
                ref("crs"),
                ref("width"),
                ref("height"),
                ref("datetime"),
                ref("bgcolor"),
                ref("transparent"),
                ref("fMap"),
            )
        },
        f"{prefix}/map/tiles": {
            "get": operation(
                _TILES,
                f"{name}.map.getTileSetsList",
                "Tilesets",
                answer("list", "application/json", "text/html"),
                *selected,
                ref("f"),
            )
        },
        tile: {
            "get": operation(
                _TILES,
                f"{name}.map.getTileSet",
                "A tileset",
                answer("metadata", "application/json", "text/html"),
                *selected,
                grid,
                ref("f"),
            )
        },
        f"{tile}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {
            "get": operation(
                _TILES,
                f"{name}.map.getTile",
                "A tile",
                answer("picture", *(form.media_type for form in TILE_FORMS)),
                *where,
                grid,
                ref("tileMatrix"),
                ref("tileRow"),
                ref("tileCol"),
                ref("datetime"),
                ref("bgcolor"),
                ref("transparent"),
                ref("fTile"),
            )
        },
    }
