# SPDX-License-Identifier: Apache-2.0
"""Protocol words to domain queries and back: the service behind both versions and both bindings (GET, form POST)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
from isal import igzip
from PIL import Image, ImageDraw

from catalog.crs import transform
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.product_types import SeriesType
from config.settings import Settings
from config.styles import Points
from ogc.http.identity import CHALLENGE
from ogc.http.kvp import Kvp
from ogc.wms import info, reports, v111, v130
from ogc.wms.capabilities import Document
from ogc.wms.layers import Layers
from ogc.wms.request import (
    Envelope,
    GetCapabilities,
    GetFeatureInfo,
    GetLegendGraphic,
    GetMap,
    InfoFormat,
    MapPart,
    OnError,
    image_format,
    read_request,
)
from tiles.encode import Format, blank, encode
from tiles.frame import Frame
from tiles.legend import legend_png
from tiles.service import Drawn, LayerQuery, MapLayer, Tiles
from tiles.stations import StationQuery
from tiles.style import Coloured
from tiles.times import Used

_XML = "text/xml; charset=utf-8"
_DOCUMENTS = 64


_STATUS = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.BAD_CREDENTIAL: 401}
"""Faults whose HTTP status is not the client's choice of words."""


@dataclass(frozen=True)
class Answer:
    """Bytes with what HTTP has to say of them."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


class WmsService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, tiles: Tiles, settings: Settings) -> None:
        self._catalog, self._tiles, self._settings = catalog, tiles, settings
        self._layers = Layers(catalog)
        self._lock = Lock()
        self._documents: OrderedDict[tuple[object, ...], tuple[bytes, bytes]] = OrderedDict()
        self._pictures = _ByteCache(settings.server.tile_cache_mb << 20)

    def answer(
        self, kvp: Kvp, envelope: Envelope, who: Principal, base_url: str, *, gzip: bool, known_tag: str = ""
    ) -> Answer:
        """The answer to a request, or to its fault in the form that the client wants."""
        try:
            answered = self._answer(kvp, envelope, who, base_url, gzip=gzip, known_tag=known_tag)
        except Fault as fault:
            return self.report(fault, kvp, envelope)
        return _private(answered) if who.role is not Role.PUBLIC else answered

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
        layers = [query for _, query in self._queries(request.map, who, deadline)]
        tag = self._tag(request, who)
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}"}
        if known_tag == tag:
            return Answer(b"", request.form.media_type, headers, 304)
        kept = self._pictures.get(tag)
        if kept is None:
            part = request.map
            frame = Frame(part.crs, part.box, part.width, part.height)
            drawn = self._tiles.draw(layers, frame, who, deadline)
            background = None if request.transparent and request.form.transparent else request.background
            kept = (encode(drawn.picture, request.form, background, frame), _warning(drawn))
            self._pictures.put(tag, kept)
        body, warning = kept
        return Answer(body, request.form.media_type, {**headers, **({"Warning": warning} if warning else {})})

    def _get_feature_info(
        self, request: GetFeatureInfo, envelope: Envelope, who: Principal, deadline: Deadline, base_url: str
    ) -> Answer:
        part = request.map
        drawn = dict(self._queries(part, who, deadline))
        for name in request.query_layers:
            self._layers.layer(name, who)
            if name not in drawn:
                raise Fault(Kind.UNKNOWN_LAYER, f"the layer {name} is not among LAYERS", "QUERY_LAYERS")
        queries = [drawn[name] for name in request.query_layers]
        frame = Frame(part.crs, part.box, part.width, part.height)
        x, y = frame.point(request.column + 0.5, request.row + 0.5)
        probed = [
            self._tiles.stations_at(query, frame, x, y, request.count, who, deadline)
            if isinstance(query, StationQuery)
            else self._tiles.values_at(query, x, y, part.crs.epsg, request.count, who, deadline)
            for query in queries
        ]
        lon, lat = transform(part.crs.epsg, 4326, np.array([x]), np.array([y]))
        finite = np.isfinite(lon[0]) and np.isfinite(lat[0])
        asked = info.Asked(
            float(lon[0]) if finite else 0.0, float(lat[0]) if finite else 0.0, envelope.language, base_url
        )
        body = info.encode(request.form, probed, asked)
        charset = (
            "" if request.form.value in ("application/json", "application/vnd.ogc.gml") else "; charset=utf-8"
        )
        headers = {"Cache-Control": "public, max-age=60"}
        if request.form is InfoFormat.HTML:
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return Answer(body, request.form.value + charset, headers)

    def _get_legend(self, request: GetLegendGraphic, envelope: Envelope, who: Principal) -> Answer:
        kind, layer = self._layers.layer(request.layer, who)
        style = self._layers.style(kind, layer, request.style)
        return Answer(
            legend_png(kind, style, envelope.language), "image/png", {"Cache-Control": "public, max-age=3600"}
        )

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
        _check_update_sequence(request.update_sequence, revision)
        key = (envelope.version, envelope.language, who.view, base_url, self._catalog.edition())
        with self._lock:
            found = self._documents.get(key)
        if found is None:
            found = self._document(envelope, who, deadline, base_url, revision)
            with self._lock:
                self._documents[key] = found
                if len(self._documents) > _DOCUMENTS:
                    self._documents.popitem(last=False)
        media_type = _XML if envelope.version == "1.3.0" else v111.MEDIA_TYPE
        headers = {
            "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}",
            "Vary": "Accept-Encoding",
            "ETag": _etag((*key, gzip)),
        }
        if gzip:
            return Answer(found[1], media_type, {**headers, "Content-Encoding": "gzip"})
        return Answer(found[0], media_type, headers)

    def _document(
        self, envelope: Envelope, who: Principal, deadline: Deadline, base_url: str, revision: int
    ) -> tuple[bytes, bytes]:
        offered = tuple(self._layers.offered(who, deadline))
        crs_list = self._layers.crs_list(who, deadline)
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

    def _queries(self, part: MapPart, who: Principal, deadline: Deadline) -> list[tuple[str, MapLayer]]:
        """The layers to draw, by name; one may stand twice, in two styles. Faults for an unknown layer, style or CRS in any position."""
        if part.crs not in self._layers.crs_list(who, deadline):
            raise Fault(
                Kind.UNKNOWN_CRS,
                f"{part.crs.name} is not among the coordinate reference systems of the layers",
                "CRS",
            )
        strict = self._settings.wms.strict_time
        out: list[tuple[str, MapLayer]] = []
        for name, style_name in part.layers:
            kind, layer = self._layers.layer(name, who)
            style = self._layers.style(kind, layer, style_name)
            if isinstance(kind, SeriesType):
                out.append((name, StationQuery(kind, kind.point)))
            elif not isinstance(style, Points):
                out.append((name, LayerQuery(kind, style, part.time, part.priority, part.max_cloud, strict)))
        return out

    def _tag(self, request: GetMap, who: Principal) -> str:
        """A strong ETag: the request as it was understood, and the state of the catalogue."""
        return _etag((request, who.view, self._catalog.edition()))

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


class _ByteCache:
    """Pictures by their tag; the least recently used go when the bytes are too many."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._entries: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = Lock()

    def get(self, tag: str) -> tuple[bytes, str] | None:
        with self._lock:
            found = self._entries.get(tag)
            if found:
                self._entries.move_to_end(tag)
            return found

    def put(self, tag: str, entry: tuple[bytes, str]) -> None:
        if len(entry[0]) * 8 > self._most:
            return
        with self._lock:
            old = self._entries.pop(tag, None)
            self._entries[tag] = entry
            self._bytes += len(entry[0]) - (len(old[0]) if old else 0)
            while self._bytes > self._most:
                _, (body, _) = self._entries.popitem(last=False)
                self._bytes -= len(body)


def _etag(of: tuple[object, ...]) -> str:
    """A strong ETag of everything that an answer depends on."""
    return f'"{hashlib.blake2b(repr(of).encode(), digest_size=16).hexdigest()}"'


def _private(answer: Answer) -> Answer:
    """The answer to somebody: for their own cache only."""
    kept = answer.headers.get("Cache-Control", "").replace("public", "private")
    return replace(answer, headers={**answer.headers, "Cache-Control": kept})


def _warning(drawn: Drawn) -> str:
    """The Warning header for a default or nearest time (1.3.0, C.4.1 and C.4.2), once for each value."""
    said = []
    for layer, when in drawn.resolved:
        if when and when.used is not Used.ASKED:
            word = "Default" if when.used is Used.DEFAULT else "Nearest"
            said.append(f"99 {word} value used: time={when.text} units=ISO8601 layer={layer.kind.id}")
    return ", ".join(dict.fromkeys(said))


def _check_update_sequence(asked: str, here: int) -> None:
    """1.3.0, table 5: equal is CurrentUpdateSequence, higher is InvalidUpdateSequence, lower is the document."""
    if not asked:
        return
    if not asked.isascii() or not asked.isdigit() or len(asked) > 18 or int(asked) > here:
        raise Fault(Kind.BAD_UPDATE_SEQUENCE, f"the update sequence is {here}", "UPDATESEQUENCE")
    if int(asked) == here:
        raise Fault(Kind.CURRENT_UPDATE_SEQUENCE, "the capabilities have not changed", "UPDATESEQUENCE")


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
