# SPDX-License-Identifier: Apache-2.0
"""Tilesets, tile matrix sets and styles as documents (20-057, 17-083r4, 20-009)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from catalog.crs import in_order_of
from catalog.model.area import WORLD, Box
from config.styles import MapStyle
from ogc.common.blocks import Document, link
from ogc.common.documents import both, crs_uri
from ogc.maps.layers import Offered
from ogc.maps.tiles import tile_limits
from ogc.mapsapi.request import MAP_FORMS, SHORT, TILE_FORMS
from tiles.matrix import SIDE, Matrix, MatrixSet

MAP_REL = "http://www.opengis.net/def/rel/ogc/1.0/map"
TILESETS_REL = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map"
SETS_REL = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
SCHEME_REL = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
STYLES_REL = "http://www.opengis.net/def/rel/ogc/1.0/styles"


def collection_links(api: str, one: Offered) -> list[Document]:
    """What Maps, Tiles and Styles add to a collection."""
    here = f"{api}/collections/{one.name}"
    return [
        *(
            link(f"{here}/map?f={SHORT[form]}", MAP_REL, f"Map as {form.media_type}", form.media_type)
            for form in MAP_FORMS
        ),
        link(f"{here}/map/tiles?f=json", TILESETS_REL, "Tilesets"),
        link(f"{here}/styles?f=json", STYLES_REL, "Styles"),
    ]


def landing_links(api: str) -> list[Document]:
    """What they add to the landing page."""
    return [
        link(f"{api}/map?f=png", MAP_REL, "Map of all collections", "image/png"),
        link(f"{api}/map/tiles?f=json", TILESETS_REL, "Tilesets of all collections"),
        link(f"{api}/tileMatrixSets?f=json", SETS_REL, "Tile matrix sets"),
    ]


def styles(one: Offered, api: str, base_url: str, language: str) -> Document:
    """The styles of a collection; the first is the default."""
    return {
        "title": f"Styles of {one.layer.title.in_language(language)}",
        "default": one.styles[0].id,
        "styles": [_style(style, one, api, base_url, language) for style in one.styles],
        "links": both(f"{api}/collections/{one.name}/styles", "This document"),
    }


def style(chosen: MapStyle, one: Offered, api: str, base_url: str, language: str) -> Document:
    """A style of a collection."""
    found = _style(chosen, one, api, base_url, language)
    here = f"{api}/collections/{one.name}/styles/{chosen.id}"
    return {**found, "links": [*both(here, "This document"), *found["links"]]}


def _style(style: MapStyle, one: Offered, api: str, base_url: str, language: str) -> dict[str, Any]:
    here = f"{api}/collections/{one.name}/styles/{style.id}"
    legend = f"{base_url}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER={one.name}&STYLE={style.id}&FORMAT=image/png"
    return {
        "id": style.id,
        "title": style.title.in_language(language),
        "links": [
            link(f"{here}/map?f=png", MAP_REL, "Map", "image/png"),
            link(f"{here}/map/tiles?f=json", TILESETS_REL, "Tilesets"),
            link(legend, "http://www.opengis.net/def/rel/ogc/1.0/legend", "Legend", "image/png"),
        ],
    }


def tilesets(here: str, api: str, title: str, sets: Iterable[MatrixSet], holds: str = "map") -> Document:
    """The tilesets of a collection, or of all; what they hold is `map` or `vector`."""
    return {
        "title": title,
        "tilesets": [_summary(here, api, title, one, holds) for one in sets],
        "links": both(here, "This document"),
    }


def tileset(here: str, api: str, title: str, grid: MatrixSet, one: Offered | None) -> Document:
    """A tileset with its limits and the template of its tiles."""
    box = (one.summary.extent if one else None) or WORLD
    forms = [(SHORT[form], form.media_type) for form in TILE_FORMS]
    return _tileset(here, api, title, grid, box, "map", forms)


def vector_tileset(here: str, api: str, title: str, grid: MatrixSet, box: Box, media_type: str) -> Document:
    """A tileset of vectors; its one layer has the collection's id (20-057, 7.2)."""
    found = _tileset(here, api, title, grid, box, "vector", [("mvt", media_type)])
    return {**found, "layers": [{"id": title, "dataType": "vector"}]}


def _tileset(
    here: str,
    api: str,
    title: str,
    grid: MatrixSet,
    box: Box,
    holds: str,
    forms: Iterable[tuple[str, str]],
) -> Document:
    limits = [
        {
            "tileMatrix": name,
            "minTileRow": found.first_row,
            "maxTileRow": found.last_row,
            "minTileCol": found.first_column,
            "maxTileCol": found.last_column,
        }
        for name, found in tile_limits(grid, box).items()
    ]
    template = f"{here}/{grid.id}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    items = [
        {
            **link(f"{template}?f={short}", "item", f"Tiles as {media_type}", media_type),
            "templated": True,
        }
        for short, media_type in forms
    ]
    summary = _summary(here, api, title, grid, holds)
    return {
        **summary,
        "tileMatrixSetLimits": limits,
        "boundingBox": {
            "lowerLeft": [box.west, box.south],
            "upperRight": [box.east, box.north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "links": [*both(f"{here}/{grid.id}", title), summary["links"][1], *items],
    }


def _summary(here: str, api: str, title: str, grid: MatrixSet, holds: str) -> Document:
    uri = grid.uri or f"{api}/tileMatrixSets/{grid.id}"
    return {
        "title": f"{title}, {grid.id}",
        "dataType": holds,
        "crs": crs_uri(grid.crs),
        "tileMatrixSetURI": uri,
        "tileMatrixSetId": grid.id,
        "links": [
            link(f"{here}/{grid.id}?f=json", "self", f"{title}, {grid.id}"),
            link(f"{api}/tileMatrixSets/{grid.id}?f=json", SCHEME_REL, grid.id),
        ],
    }


def matrix_set_list(api: str, sets: Iterable[MatrixSet]) -> Document:
    """All tile matrix sets."""
    return {
        "title": "Tile matrix sets",
        "links": both(f"{api}/tileMatrixSets", "This document"),
        "tileMatrixSets": [
            {
                "id": one.id,
                "title": one.id,
                **({"uri": one.uri} if one.uri else {}),
                "crs": crs_uri(one.crs),
                "links": [link(f"{api}/tileMatrixSets/{one.id}?f=json", "self", one.id)],
            }
            for one in sets
        ],
    }


def matrix_set(grid: MatrixSet, api: str) -> Document:
    """A tile matrix set (17-083r4, 7.1): corners in the axis order of the CRS."""
    return {
        "id": grid.id,
        "title": grid.id,
        **({"uri": grid.uri} if grid.uri else {}),
        "crs": crs_uri(grid.crs),
        "orderedAxes": ["N", "E"] if grid.crs.north_first else ["E", "N"],
        **({"wellKnownScaleSet": grid.well_known_scale_set} if grid.well_known_scale_set else {}),
        "boundingBox": _bounds(grid),
        "tileMatrices": [_matrix(one, north_first=grid.crs.north_first) for one in grid.matrices],
        "links": both(f"{api}/tileMatrixSets/{grid.id}", grid.id),
    }


def _bounds(grid: MatrixSet) -> Document:
    """Of the coarsest level; GDAL 3.6 takes a set without one for a file name."""
    coarsest = grid.matrices[0]
    low, high = coarsest.box(0, coarsest.rows - 1), coarsest.box(coarsest.columns - 1, 0)
    box = in_order_of(Box(west=low.west, south=low.south, east=high.east, north=high.north), grid.crs)
    return {"lowerLeft": list(box[:2]), "upperRight": list(box[2:]), "crs": crs_uri(grid.crs)}


def _matrix(one: Matrix, *, north_first: bool) -> Document:
    return {
        "id": one.id,
        "scaleDenominator": one.scale_denominator,
        "cellSize": one.cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [one.north, one.west] if north_first else [one.west, one.north],
        "tileWidth": SIDE,
        "tileHeight": SIDE,
        "matrixWidth": one.columns,
        "matrixHeight": one.rows,
    }
