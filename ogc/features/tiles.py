# SPDX-License-Identifier: Apache-2.0
"""Vector tiles (OGC API Tiles 20-057, Mapbox Vector Tile 2.1) of every collection of features: the items of a page, cut to a tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.crs import Floats, transform, transform_box
from catalog.model.area import WORLD, Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.query import And, During
from catalog.service import Catalog
from config.settings import Settings
from ogc.common.endpoint import answered, shown_document
from ogc.common.negotiate import check_parameters
from ogc.features.request import DATETIME
from ogc.features.service import Features
from ogc.features.source import Asked, Document, Source, Where
from ogc.filter.values import intersects
from ogc.http.edge import Edge
from ogc.http.fields import shown
from ogc.http.problem import Handler
from ogc.maps.layers import Layers
from ogc.maps.service import etag
from ogc.maps.tiles import matrix_of, matrix_set_of, read_index
from ogc.mapsapi import documents
from tiles.matrix import SIDE, matrix_sets

MVT = "application/vnd.mapbox-vector-tile"
TILESETS_REL = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_EXTENT = 4_096
"""Units of a side of a tile."""
_MARGIN = 64
"""Units around it that are kept, so that outlines do not show at its edge."""
_PAGE = 1_000
T = TypeVar("T")


class VectorTilesEndpoints:
    """The tilesets of vectors of a collection, and their tiles."""

    def __init__(
        self, features: Features, layers: Layers, catalog: Catalog, edge: Edge, settings: Settings
    ) -> None:
        self._features, self._layers, self._catalog, self._edge, self._settings = (
            features,
            layers,
            catalog,
            edge,
            settings,
        )

    def routes(self) -> list[Route]:
        """Every resource."""
        home = "/ogcapi/collections/{collection}/tiles"
        table: list[tuple[str, Handler]] = [
            (home, self._tilesets),
            (f"{home}/{{matrix_set}}", self._tileset),
            (f"{home}/{{matrix_set}}/{{matrix}}/{{row}}/{{column}}", self._tile),
        ]
        return [Route(path, answered(handler)) for path, handler in table]

    async def _tilesets(self, request: Request) -> Response:
        check_parameters(request, ())
        who, _ = await self._source(request)
        here, api = self._here(request)
        name = request.path_params["collection"]
        found = documents.tilesets(here, api, name, matrix_sets().values(), "vector")
        return shown_document(request, found, self._edge.base_url(request), who)

    async def _tileset(self, request: Request) -> Response:
        check_parameters(request, ())
        grid = matrix_set_of(request.path_params["matrix_set"])
        who, _ = await self._source(request)
        here, api = self._here(request)
        name = request.path_params["collection"]
        box = await self._run(partial(self._extent, name, who))
        found = documents.vector_tileset(here, api, name, grid, box, MVT)
        return shown_document(request, found, self._edge.base_url(request), who)

    async def _tile(self, request: Request) -> Response:
        path = request.path_params
        parameters = check_parameters(request, ("datetime",))
        if parameters.get("f", "mvt") not in ("mvt", MVT):
            raise Fault(Kind.UNKNOWN_FORMAT, f"{shown(parameters['f'])} is not offered; there is mvt", "f")
        grid, level = matrix_of(path["matrix_set"], path["matrix"])
        row, column = read_index(path["row"], "TileRow"), read_index(path["column"], "TileCol")
        for name, value, most in (("TileRow", row, level.rows), ("TileCol", column, level.columns)):
            if not 0 <= value < most:
                raise Fault(Kind.OUT_OF_RANGE, f"{name}: {value} is not between 0 and {most - 1}", name)
        who, source = await self._source(request)
        tag = etag((str(request.url.path), parameters, who.view, self._catalog.edition()))
        headers = {
            "ETag": tag,
            "Cache-Control": f"{'public' if who.role is Role.PUBLIC else 'private'}, max-age=60",
            "Vary": "Authorization, X-API-Key",
        }
        if request.headers.get("if-none-match", "") == tag:
            return Response(status_code=304, headers=headers)
        box = level.box(column, row)
        period = DATETIME.read_or(dict(parameters), None)

        def make() -> bytes:
            margin = level.cell * SIDE * _MARGIN / _EXTENT
            degrees = _degrees(box.grown(margin, margin), grid.crs.epsg)
            if degrees is None:
                return b""
            near = intersects(shapely.box(degrees.west, degrees.south, degrees.east, degrees.north))
            parts = (near, *((During(period),) if period else ()))
            asked = Asked(And(parts), near.boxes, period, limit=_PAGE)
            found = self._items(source, asked, who, Where("", ""))
            return encoded(path["collection"], found, grid.crs.epsg, box)

        return Response(await self._run(make), 200, headers, MVT)

    def _items(self, source: Source, asked: Asked, who: Principal, where: Where) -> Iterator[Document]:
        """Items, a page after the other, at most `limits.tile_features`."""
        deadline = Deadline.after(self._settings.limits.search_seconds)
        left = self._settings.limits.tile_features
        while left > 0:
            page = source.page(asked, who, deadline, where)
            yield from page.features[:left]
            left -= len(page.features)
            if not page.token:
                return
            asked = Asked(
                asked.tree, asked.boxes, asked.period, asked.equal, asked.order, asked.limit, page.token
            )

    def _extent(self, name: str, who: Principal) -> Box:
        deadline = Deadline.after(self._settings.limits.search_seconds)
        try:
            return self._layers.one(name, who, deadline).summary.extent or WORLD
        except Fault:
            return WORLD

    async def _source(self, request: Request) -> tuple[Principal, Source]:
        who = await self._edge.principal(request)
        name = request.path_params["collection"]
        return who, await self._run(partial(self._features.source, name, who))

    def _here(self, request: Request) -> tuple[str, str]:
        api = f"{self._edge.base_url(request)}/ogcapi"
        return f"{api}/collections/{request.path_params['collection']}/tiles", api

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)


def _degrees(box: Box, epsg: int) -> Box | None:
    """A box of a CRS in longitude and latitude, within the world."""
    found = box if epsg == 4326 else transform_box(box, epsg, 4326)
    if found is None or not found.meets(WORLD):
        return None
    return Box(
        west=max(found.west, WORLD.west), south=max(found.south, WORLD.south),
        east=min(found.east, WORLD.east), north=min(found.north, WORLD.north),
    )  # fmt: skip


def encoded(name: str, features: Iterable[Document], epsg: int, box: Box) -> bytes:
    """A tile with one layer: GeoJSON features (longitude, latitude) in the CRS of the tile, cut and simplified to its units."""
    import mapbox_vector_tile
    from mapbox_vector_tile.encoder import on_invalid_geometry_make_valid

    cut = []
    for feature in features:
        geometry = _on_tile(feature.get("geometry"), epsg, box)
        if geometry is not None:
            properties = {"id": str(feature.get("id", "")), **(feature.get("properties") or {})}
            cut.append({"geometry": geometry, "properties": _plain(properties)})
    made: bytes = mapbox_vector_tile.encode(
        [{"name": name, "features": cut}],
        default_options={
            "extents": _EXTENT,
            "on_invalid_geometry": on_invalid_geometry_make_valid,
        },
    )
    return made


def _on_tile(geometry: Any, epsg: int, box: Box) -> BaseGeometry | None:
    """A geometry in the units of a tile, from its lower left corner; None where it does not reach it."""
    if not geometry:
        return None

    def place(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
        x, y = transform(4326, epsg, longitude, latitude)
        return (x - box.west) / box.width * _EXTENT, (y - box.south) / box.height * _EXTENT

    moved = shapely.transform(shape(geometry), place, interleaved=False)
    if not moved.is_valid:
        moved = shapely.make_valid(moved)
    low, high = -_MARGIN, _EXTENT + _MARGIN
    found = shapely.clip_by_rect(moved.simplify(1.0), low, low, high, high)
    return None if found.is_empty else found


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    """What a tile can hold: texts, numbers, truths."""
    return {name: value for name, value in properties.items() if isinstance(value, str | int | float | bool)}
