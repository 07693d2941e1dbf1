# SPDX-License-Identifier: Apache-2.0
"""WMTS words to the shared maps: a tile is a map of 256 x 256 pixels, so it is the same picture that the WMS draws."""

from __future__ import annotations

from catalog.kept import Kept
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.maps.service import Answer, Maps, etag, private
from ogc.maps.tiles import placed
from ogc.wmts import reports, v100
from ogc.wmts.request import GetCapabilities, GetFeatureInfo, GetTile, WmtsRequest
from tiles.matrix import SIDE, matrix_sets

_WHITE = (255, 255, 255)
_DOCUMENTS = 64


class WmtsService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, maps: Maps, settings: Settings) -> None:
        self._catalog, self._maps, self._settings = catalog, maps, settings
        self._documents = Kept[bytes](_DOCUMENTS)

    def answer(
        self, request: WmtsRequest, who: Principal, base_url: str, language: str, known_tag: str = ""
    ) -> Answer:
        """The answer to a request. Raises Fault."""
        deadline = Deadline.after(self._settings.limits.render_seconds)
        match request:
            case GetCapabilities():
                found = self._capabilities(request, who, base_url, language, deadline, known_tag)
            case GetTile():
                asked, frame = placed(
                    request.place, self._maps.layers, self._catalog, who, deadline, Kind.OUT_OF_RANGE
                )
                background = None if request.form.transparent else _WHITE
                found = self._maps.picture([asked], frame, request.form, background, who, deadline, known_tag)
            case GetFeatureInfo():
                asked, frame = placed(
                    request.place, self._maps.layers, self._catalog, who, deadline, Kind.INVALID
                )
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
        edition, key = self._catalog.edition(), (request, language, base_url, who.view)
        tag = etag((*key, edition))
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}"}
        if tag == known_tag:
            return Answer(b"", reports.MEDIA_TYPE, headers, 304)
        body = self._documents.get(edition, key)
        if body is None:
            layers = tuple(self._maps.layers.offered(who, deadline))
            doc = v100.Document(
                self._settings.service, language, base_url, layers, tuple(matrix_sets().values())
            )
            body = v100.encode(doc, request.sections)
            self._documents.put(edition, key, body)
        return Answer(body, reports.MEDIA_TYPE, headers)


def accepts(header: str, media_type: str) -> bool:
    """Whether an Accept header takes a media type (RFC 9110, 12.5.1); an empty one takes everything."""
    wanted = [part.split(";")[0].strip().lower() for part in header.split(",") if part.strip()]
    main = media_type.split(";")[0]
    same = {main, f"{main.split('/')[0]}/*", "*/*", *(("application/xml",) if main == "text/xml" else ())}
    return not wanted or any(part in same for part in wanted)
