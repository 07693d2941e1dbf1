# SPDX-License-Identifier: Apache-2.0
"""WMTS words to the shared maps: a tile is a map of 256 x 256 pixels, so it is the same picture that the WMS draws."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from catalog.model.area import WORLD
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.fields import shown
from ogc.maps.service import Answer, AskedLayer, Maps, etag, private
from ogc.wmts import reports, v100
from ogc.wmts.request import GetCapabilities, GetFeatureInfo, GetTile, Place, WmtsRequest, tile_limits
from tiles.frame import Frame
from tiles.matrix import SIDE, Matrix, MatrixSet, matrix_sets

_WHITE = (255, 255, 255)
_DOCUMENTS = 64


class WmtsService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, maps: Maps, settings: Settings) -> None:
        self._catalog, self._maps, self._settings = catalog, maps, settings
        self._lock = Lock()
        self._documents: OrderedDict[str, bytes] = OrderedDict()

    def answer(
        self, request: WmtsRequest, who: Principal, base_url: str, language: str, known_tag: str = ""
    ) -> Answer:
        """The answer to a request. Raises Fault."""
        deadline = Deadline.after(self._settings.limits.render_seconds)
        match request:
            case GetCapabilities():
                found = self._capabilities(request, who, base_url, language, deadline, known_tag)
            case GetTile():
                asked, frame = self._tile(request.place, who, deadline, out_of_range=Kind.OUT_OF_RANGE)
                background = None if request.form.transparent else _WHITE
                found = self._maps.picture([asked], frame, request.form, background, who, deadline, known_tag)
            case GetFeatureInfo():
                asked, frame = self._tile(request.place, who, deadline, out_of_range=Kind.INVALID)
                for name, value in (("I", request.column), ("J", request.row)):
                    if value >= SIDE:
                        raise Fault(Kind.INVALID, f"{name}: {value} is not between 0 and {SIDE - 1}", name)
                pixel = (request.column, request.row)
                found = self._maps.values(
                    [asked], frame, pixel, request.form, 1, language, base_url, who, deadline
                )
        return found if who.role is Role.PUBLIC else private(found)

    def _capabilities(
        self,
        request: GetCapabilities,
        who: Principal,
        base_url: str,
        language: str,
        deadline: Deadline,
        known_tag: str,
    ) -> Answer:
        tag = etag((request, language, base_url, who.view, self._catalog.edition()))
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}"}
        if tag == known_tag:
            return Answer(b"", reports.MEDIA_TYPE, headers, 304)
        with self._lock:
            body = self._documents.get(tag)
        if body is None:
            layers = tuple(self._maps.layers.offered(who, deadline))
            doc = v100.Document(
                self._settings.service, language, base_url, layers, tuple(matrix_sets().values())
            )
            body = v100.encode(doc, request.sections)
            with self._lock:
                self._documents[tag] = body
                if len(self._documents) > _DOCUMENTS:
                    self._documents.popitem(last=False)
        return Answer(body, reports.MEDIA_TYPE, headers)

    def _tile(
        self, place: Place, who: Principal, deadline: Deadline, out_of_range: Kind
    ) -> tuple[AskedLayer, Frame]:
        """The layer and the frame of a tile, within the limits of its layer. Raises Fault for each parameter that is wrong, in order."""
        kind, layer = self._maps.layers.layer(place.layer, who)
        self._maps.layers.style(kind, layer, place.style)
        grid = matrix_sets().get(place.matrix_set)
        if grid is None:
            raise Fault(
                Kind.INVALID, f"there is no tile matrix set {shown(place.matrix_set)}", "TileMatrixSet"
            )
        matrix = grid.matrix(place.matrix)
        if matrix is None:
            raise Fault(Kind.INVALID, f"{grid.id} has no tile matrix {shown(place.matrix)}", "TileMatrix")
        extent = self._catalog.summary(kind.id, who, deadline).extent
        limits = tile_limits(grid, extent or WORLD).get(matrix.id)
        if limits is None:
            raise Fault(Kind.INVALID, f"the layer {place.layer} has no tiles in {grid.id}", "TileMatrixSet")
        for name, value, first, last in (
            ("TileRow", place.row, limits.first_row, limits.last_row),
            ("TileCol", place.column, limits.first_column, limits.last_column),
        ):
            if not first <= value <= last:
                raise Fault(out_of_range, f"{name}: {value} is not between {first} and {last}", name)
        return AskedLayer(place.layer, place.style, place.time), tile_frame(
            grid, matrix, place.column, place.row
        )


def tile_frame(grid: MatrixSet, matrix: Matrix, column: int, row: int) -> Frame:
    """The map that a tile is."""
    return Frame(grid.crs, matrix.box(column, row), SIDE, SIDE)


def accepts(header: str, media_type: str) -> bool:
    """Whether an Accept header takes a media type (RFC 9110, 12.5.1); an empty one takes everything."""
    wanted = [part.split(";")[0].strip().lower() for part in header.split(",") if part.strip()]
    main = media_type.split(";")[0]
    same = {main, f"{main.split('/')[0]}/*", "*/*", *(("application/xml",) if main == "text/xml" else ())}
    return not wanted or any(part in same for part in wanted)
