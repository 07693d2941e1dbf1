# SPDX-License-Identifier: Apache-2.0
"""Protocol words to domain queries and back: the service behind both versions and both bindings (GET, form POST)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from isal import igzip
from PIL import Image, ImageDraw

from catalog.kept import Kept
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.identity import CHALLENGE
from ogc.http.kvp import Kvp
from ogc.http.ows import check_update_sequence
from ogc.maps.service import Answer, AskedLayer, Maps, etag, private
from ogc.maps.words import image_format
from ogc.wms import reports, v111, v130
from ogc.wms.capabilities import Document
from ogc.wms.request import (
    Envelope,
    GetCapabilities,
    GetFeatureInfo,
    GetLegendGraphic,
    GetMap,
    MapPart,
    OnError,
    read_request,
)
from tiles.encode import Format, blank, encode
from tiles.frame import Frame
from tiles.style import Coloured

_XML = "text/xml; charset=utf-8"
_DOCUMENTS = 64


_STATUS = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401}
"""Faults whose HTTP status is not the client's choice of words."""


class WmsService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, maps: Maps, settings: Settings) -> None:
        self._catalog, self._maps, self._settings = catalog, maps, settings
        self._documents = Kept[tuple[bytes, bytes]](_DOCUMENTS)

    def answer(
        self, kvp: Kvp, envelope: Envelope, who: Principal, base_url: str, *, gzip: bool, known_tag: str = ""
    ) -> Answer:
        """The answer to a request, or to its fault in the form that the client wants."""
        try:
            answered = self._answer(kvp, envelope, who, base_url, gzip=gzip, known_tag=known_tag)
        except Fault as fault:
            return self.report(fault, kvp, envelope)
        return private(answered) if who.role is not Role.PUBLIC else answered

    def _answer(
        self, kvp: Kvp, envelope: Envelope, who: Principal, base_url: str, *, gzip: bool, known_tag: str
    ) -> Answer:
        limits = self._settings.limits
        request = read_request(kvp, envelope, limits)
        deadline = Deadline.after(limits.render_seconds)
        match request:
            case GetMap():
                return self._get_map(request, who, deadline, known_tag)
            case GetFeatureInfo():
                return self._get_feature_info(request, envelope, who, deadline, base_url)
            case GetLegendGraphic():
                return self._get_legend(request, envelope, who)
            case GetCapabilities():
                return self._get_capabilities(request, envelope, who, deadline, base_url, gzip=gzip)

    def report(self, fault: Fault, kvp: Kvp, envelope: Envelope) -> Answer:
        """A fault as XML, as text in a picture, or as a blank picture (1.3.0, 7.3.3.11)."""
        status = _STATUS.get(fault.kind, self._settings.wms.exception_status)
        headers = {"Cache-Control": "no-store"}
        if status == 401:
            headers["WWW-Authenticate"] = CHALLENGE
            return Answer(
                reports.report(fault, envelope.version), reports.media_type(envelope.version), headers, status
            )
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if envelope.on_error is not OnError.XML and envelope.operation in ("getmap", "map"):
            try:
                return self._picture_report(fault, kvp, envelope, headers)
            except Fault:
                pass
        return Answer(
            reports.report(fault, envelope.version), reports.media_type(envelope.version), headers, status
        )

    def _get_map(self, request: GetMap, who: Principal, deadline: Deadline, known_tag: str) -> Answer:
        part = request.map
        self._known_crs(part, who, deadline)
        background = None if request.transparent and request.form.transparent else request.background
        return self._maps.picture(
            _asked(part), _frame(part), request.form, background, who, deadline, known_tag
        )

    def _get_feature_info(
        self, request: GetFeatureInfo, envelope: Envelope, who: Principal, deadline: Deadline, base_url: str
    ) -> Answer:
        part = request.map
        self._known_crs(part, who, deadline)
        drawn = {one.name: one for one in _asked(part)}
        for name in (*drawn, *request.query_layers):
            kind, layer = self._maps.layers.layer(name, who)
            if name in drawn:
                self._maps.layers.style(kind, layer, drawn[name].style)
            else:
                raise Fault(Kind.UNKNOWN_LAYER, f"the layer {name} is not among LAYERS", "QUERY_LAYERS")
        asked = [drawn[name] for name in request.query_layers]
        pixel = (request.column, request.row)
        return self._maps.values(
            asked,
            _frame(part),
            pixel,
            request.form,
            request.count,
            envelope.language,
            base_url,
            who,
            deadline,
        )

    def _get_legend(self, request: GetLegendGraphic, envelope: Envelope, who: Principal) -> Answer:
        return self._maps.legend(request.layer, request.style, envelope.language, who)

    def _get_capabilities(
        self,
        request: GetCapabilities,
        envelope: Envelope,
        who: Principal,
        deadline: Deadline,
        base_url: str,
        *,
        gzip: bool,
    ) -> Answer:
        revision = self._catalog.revision()
        check_update_sequence(request.update_sequence, revision)
        edition, key = self._catalog.edition(), (envelope.version, envelope.language, who.view, base_url)
        found = self._documents.get(edition, key)
        if found is None:
            found = self._document(envelope, who, deadline, base_url, revision)
            self._documents.put(edition, key, found)
        media_type = _XML if envelope.version == "1.3.0" else v111.MEDIA_TYPE
        headers = {
            "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}",
            "Vary": "Accept-Encoding",
            "ETag": etag((*key, edition, gzip)),
        }
        if gzip:
            return Answer(found[1], media_type, {**headers, "Content-Encoding": "gzip"})
        return Answer(found[0], media_type, headers)

    def _document(
        self, envelope: Envelope, who: Principal, deadline: Deadline, base_url: str, revision: int
    ) -> tuple[bytes, bytes]:
        offered = tuple(self._maps.layers.offered(who, deadline))
        crs_list = self._maps.layers.crs_list(who, deadline)
        doc = Document(
            self._settings.service,
            envelope.language,
            base_url,
            crs_list,
            offered,
            self._settings.limits,
            revision,
        )
        body = v130.encode(doc) if envelope.version == "1.3.0" else v111.encode(doc)
        return body, igzip.compress(body, 2)

    def _known_crs(self, part: MapPart, who: Principal, deadline: Deadline) -> None:
        if not self._maps.layers.has_crs(part.crs, who, deadline):
            raise Fault(
                Kind.UNKNOWN_CRS,
                f"{part.crs.name} is not among the coordinate reference systems of the layers",
                "CRS",
            )

    def _picture_report(
        self, fault: Fault, kvp: Kvp, envelope: Envelope, headers: Mapping[str, str]
    ) -> Answer:
        side = self._settings.limits.map_side
        width, height = (_bounded(kvp.get(name, ""), side) for name in ("WIDTH", "HEIGHT"))
        form = image_format(kvp.get("FORMAT", "image/png"))
        form = Format.PNG if form is Format.GEOTIFF else form
        transparent = kvp.get("TRANSPARENT", "").upper() == "TRUE" and form.transparent
        background = _background(kvp.get("BGCOLOR", ""))
        if envelope.on_error is OnError.BLANK:
            return Answer(
                encode(blank(width, height), form, None if transparent else background),
                form.media_type,
                headers,
            )
        image = Image.new("RGBA", (width, height), (0, 0, 0, 0) if transparent else (*background, 255))
        ImageDraw.Draw(image).multiline_text(
            (4, 4), _wrapped(fault.text, max(8, width // 7)), fill=(200, 0, 0, 255)
        )
        return Answer(
            encode(Coloured(np.asarray(image)), form, None if transparent else background),
            form.media_type,
            headers,
        )


def _asked(part: MapPart) -> list[AskedLayer]:
    return [AskedLayer(name, style, part.time, part.priority, part.max_cloud) for name, style in part.layers]


def _frame(part: MapPart) -> Frame:
    return Frame(part.crs, part.box, part.width, part.height)


def _bounded(text: str, most: int) -> int:
    return min(most, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 256


def _background(text: str) -> tuple[int, int, int]:
    try:
        value = (
            int(text[2:], 16)
            if len(text) == 8 and text[:2].lower() == "0x" and text[2:].isalnum()
            else 0xFFFFFF
        )
    except ValueError:
        value = 0xFFFFFF
    return value >> 16, value >> 8 & 255, value & 255


def _wrapped(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))
