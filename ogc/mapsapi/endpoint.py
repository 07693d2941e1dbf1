# SPDX-License-Identifier: Apache-2.0
"""Maps and tiles under `/ogcapi`: of a collection, in one of its styles, or of several collections; pictures are those of every map door."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.crs import in_order_of
from catalog.model.area import WORLD, Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.common.blocks import Document
from ogc.common.documents import crs_uri
from ogc.common.endpoint import answered, shown_document
from ogc.common.negotiate import check_parameters, language_of
from ogc.http.edge import Edge
from ogc.http.problem import Handler
from ogc.maps.layers import Offered
from ogc.maps.service import Answer, AskedLayer, Maps, private
from ogc.maps.tiles import Place, matrix_of, matrix_set_of, placed, read_index, tile_frame
from ogc.mapsapi import documents
from ogc.mapsapi.request import (
    COLLECTIONS,
    MAP_FORMS,
    MAP_PARAMETERS,
    TILE_FORMS,
    TILE_PARAMETERS,
    Look,
    frame_of,
    read_look,
    read_space,
)
from tiles.frame import Frame
from tiles.matrix import matrix_sets

T = TypeVar("T")
_TILE = "/map/tiles/{matrix_set}/{matrix}/{row}/{column}"


class MapsApiEndpoints:
    """The resources of Maps, Tiles and Styles."""

    def __init__(self, catalog: Catalog, maps: Maps, edge: Edge, settings: Settings) -> None:
        self._catalog, self._maps, self._edge, self._settings = catalog, maps, edge, settings

    def routes(self) -> list[Route]:
        """Every resource; a style stands before a collection because ids are one part of the path each."""
        table: list[tuple[str, Handler]] = [
            ("/ogcapi/tileMatrixSets", self._matrix_sets),
            ("/ogcapi/tileMatrixSets/{matrix_set}", self._matrix_set),
            ("/ogcapi/collections/{collection}/styles", self._styles),
            ("/ogcapi/collections/{collection}/styles/{style}", self._style),
        ]
        for prefix in (
            "/ogcapi",
            "/ogcapi/collections/{collection}",
            "/ogcapi/collections/{collection}/styles/{style}",
        ):
            table += [
                (f"{prefix}/map", self._map),
                (f"{prefix}/map/tiles", self._tilesets),
                (f"{prefix}/map/tiles/{{matrix_set}}", self._tileset),
                (f"{prefix}{_TILE}", self._tile),
            ]
        return [Route(path, answered(handler)) for path, handler in table]

    async def _matrix_sets(self, request: Request) -> Response:
        check_parameters(request, ())
        return self._document(request, documents.matrix_set_list(self._api(request), matrix_sets().values()))

    async def _matrix_set(self, request: Request) -> Response:
        check_parameters(request, ())
        return self._document(
            request,
            documents.matrix_set(matrix_set_of(request.path_params["matrix_set"]), self._api(request)),
        )

    async def _styles(self, request: Request) -> Response:
        check_parameters(request, ())
        who, one = await self._one(request)
        assert one
        found = documents.styles(one, self._api(request), self._edge.base_url(request), language_of(request))
        return self._document(request, found, who)

    async def _style(self, request: Request) -> Response:
        check_parameters(request, ())
        who, one = await self._one(request)
        assert one
        chosen = self._maps.layers.style(one.kind, one.layer, request.path_params["style"])
        api, base = self._api(request), self._edge.base_url(request)
        document = documents.style(chosen, one, api, base, language_of(request))
        picture = f"{api}/collections/{one.name}/styles/{chosen.id}/map?f=png&width=640"
        return shown_document(request, document, base, who, picture)

    async def _tilesets(self, request: Request) -> Response:
        check_parameters(request, ())
        who, one = await self._one(request)
        found = documents.tilesets(
            self._here(request), self._api(request), self._title(request, one), matrix_sets().values()
        )
        return self._document(request, found, who)

    async def _tileset(self, request: Request) -> Response:
        check_parameters(request, ())
        grid = matrix_set_of(request.path_params["matrix_set"])
        who, one = await self._one(request)
        found = documents.tileset(
            self._here(request), self._api(request), self._title(request, one), grid, one
        )
        return self._document(request, found, who)

    async def _map(self, request: Request) -> Response:
        whole = "collection" not in request.path_params
        parameters = check_parameters(request, (*MAP_PARAMETERS, *(("collections",) if whole else ())))
        look = read_look(parameters, request.headers.get("accept", ""), MAP_FORMS)
        space = read_space(parameters, self._settings.limits)
        chosen = COLLECTIONS.read_or(parameters, ())

        def draw(who: Principal, deadline: Deadline, tag: str) -> tuple[Answer, Frame]:
            names = self._names(request, chosen, who, deadline)
            frame = frame_of(space, self._extent(names, who, deadline), self._settings.limits)
            return self._picture(names, request, look, frame, who, deadline, tag), frame

        return await self._drawn(request, draw)

    async def _tile(self, request: Request) -> Response:
        path = request.path_params
        whole = "collection" not in path
        parameters = check_parameters(request, (*TILE_PARAMETERS, *(("collections",) if whole else ())))
        look = read_look(parameters, request.headers.get("accept", ""), TILE_FORMS)
        chosen = COLLECTIONS.read_or(parameters, ())
        row, column = read_index(path["row"], "TileRow"), read_index(path["column"], "TileCol")

        def draw(who: Principal, deadline: Deadline, tag: str) -> tuple[Answer, Frame]:
            names = self._names(request, chosen, who, deadline)
            if whole:
                frame = _whole_tile(path["matrix_set"], path["matrix"], row, column)
            else:
                place = Place(
                    names[0],
                    path.get("style", ""),
                    look.time,
                    path["matrix_set"],
                    path["matrix"],
                    row,
                    column,
                )
                frame = placed(place, self._maps.layers, self._catalog, who, deadline, Kind.OUT_OF_RANGE)[1]
            return self._picture(names, request, look, frame, who, deadline, tag), frame

        return await self._drawn(request, draw)

    def _picture(
        self,
        names: tuple[str, ...],
        request: Request,
        look: Look,
        frame: Frame,
        who: Principal,
        deadline: Deadline,
        tag: str,
    ) -> Answer:
        style = request.path_params.get("style", "")
        asked = [AskedLayer(name, style, look.time) for name in names]
        return self._maps.picture(asked, frame, look.form, look.background, who, deadline, tag)

    async def _drawn(
        self, request: Request, draw: Callable[[Principal, Deadline, str], tuple[Answer, Frame]]
    ) -> Response:
        """A picture with the headers of 20-058, 7.2: Content-Crs and Content-Bbox, in the axis order of the CRS."""
        who = await self._edge.principal(request)
        deadline = Deadline.after(self._settings.limits.render_seconds)
        found, frame = await self._run(partial(draw, who, deadline, request.headers.get("if-none-match", "")))
        found = found if who.role is Role.PUBLIC else private(found)
        response = Response(found.body, found.status, dict(found.headers), found.media_type)
        response.headers["content-crs"] = f"<{crs_uri(frame.crs)}>"
        response.headers["content-bbox"] = ",".join(
            f"{value:.10g}" for value in in_order_of(frame.box, frame.crs)
        )
        response.headers["vary"] = "Accept, Authorization, X-API-Key"
        return response

    def _names(
        self, request: Request, chosen: tuple[str, ...], who: Principal, deadline: Deadline
    ) -> tuple[str, ...]:
        """The layers to draw: that of the path, those that were chosen, else the first layer of each official collection of rasters."""
        if "collection" in request.path_params:
            return (request.path_params["collection"],)
        most = self._settings.limits.map_layers
        if len(chosen) > most:
            raise Fault(
                Kind.TOO_LARGE,
                f"{len(chosen)} collections, the limit is {most} (limits.map_layers)",
                "collections",
            )
        if chosen:
            for name in chosen:
                self._maps.layers.layer(name, who)
            return chosen
        official = self._catalog.registry.types
        found = [
            one
            for one in self._maps.layers.offered(who, deadline)
            if one.kind.id in official and not one.layer.suffix
        ]
        return tuple(one.name for one in reversed(found))[-most:]

    def _extent(self, names: tuple[str, ...], who: Principal, deadline: Deadline) -> Box | None:
        """What the layers cover together, in longitude and latitude."""
        kinds = [self._maps.layers.layer(name, who)[0].id for name in names]
        boxes = [
            one.extent for one in (self._catalog.summary(kind, who, deadline) for kind in kinds) if one.extent
        ]
        return _around(boxes) if boxes else None

    async def _one(self, request: Request) -> tuple[Principal, Offered | None]:
        """The collection of the path as it is offered, with the style, if one stands there; None for the resource of all collections."""
        who = await self._edge.principal(request)
        name = request.path_params.get("collection")
        if name is None:
            return who, None
        return who, await self._run(partial(self._offered, name, request.path_params.get("style", ""), who))

    def _offered(self, name: str, style: str, who: Principal) -> Offered:
        deadline = Deadline.after(self._settings.limits.search_seconds)
        found = self._maps.layers.one(name, who, deadline)
        self._maps.layers.style(found.kind, found.layer, style)
        return found

    def _title(self, request: Request, one: Offered | None) -> str:
        if one is None:
            return self._settings.service.title.in_language(language_of(request))
        style = request.path_params.get("style")
        title = one.layer.title.in_language(language_of(request))
        return f"{title}, {style}" if style else title

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)

    def _document(self, request: Request, document: Document, who: Principal | None = None) -> Response:
        return shown_document(request, document, self._edge.base_url(request), who)

    def _api(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/ogcapi"

    def _here(self, request: Request) -> str:
        """The address of the tilesets that a path is about."""
        path = request.path_params
        collection = f"/collections/{path['collection']}" if "collection" in path else ""
        style = f"/styles/{path['style']}" if "style" in path else ""
        return f"{self._api(request)}{collection}{style}/map/tiles"


def _whole_tile(matrix_set: str, matrix: str, row: int, column: int) -> Frame:
    grid, level = matrix_of(matrix_set, matrix)
    for name, value, most in (("TileRow", row, level.rows), ("TileCol", column, level.columns)):
        if not 0 <= value < most:
            raise Fault(Kind.OUT_OF_RANGE, f"{name}: {value} is not between 0 and {most - 1}", name)
    return tile_frame(grid, level, column, row)


def _around(boxes: list[Box]) -> Box:
    found = Box(
        west=min(box.west for box in boxes), south=min(box.south for box in boxes),
        east=max(box.east for box in boxes), north=max(box.north for box in boxes),
    )  # fmt: skip
    return found if found.width and found.height else WORLD
