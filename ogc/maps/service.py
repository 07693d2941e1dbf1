# SPDX-License-Identifier: Apache-2.0
"""Pictures and values for every map door: the same layers, times, rights and bytes, whichever protocol asked."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np

from catalog.crs import transform
from catalog.model.principal import Deadline, Principal
from catalog.service import Catalog
from config.series_types import SeriesType
from config.settings import Settings
from config.styles import Outlines, Points
from ogc.maps import info
from ogc.maps.layers import Layers
from ogc.maps.words import InfoFormat
from tiles.encode import Format, encode
from tiles.frame import Frame
from tiles.legend import legend_png
from tiles.service import Drawn, FootprintQuery, LayerQuery, MapLayer, Priority, Tiles
from tiles.stations import StationQuery
from tiles.times import TimeQuery, Used


@dataclass(frozen=True, slots=True)
class AskedLayer:
    """A layer as a client names it."""

    name: str
    style: str = ""
    """Empty is the default style."""
    time: TimeQuery = ()
    priority: Priority = Priority.NEWEST
    max_cloud: float | None = None


@dataclass(frozen=True)
class Answer:
    """Bytes with what HTTP has to say of them."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


class Maps:
    """Draws and probes for the doors of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, tiles: Tiles, settings: Settings) -> None:
        self._catalog, self._tiles, self._settings = catalog, tiles, settings
        self.layers = Layers(catalog)
        self._pictures = _ByteCache(settings.server.tile_cache_mb << 20)

    def picture(
        self,
        asked: Sequence[AskedLayer],
        frame: Frame,
        form: Format,
        background: tuple[int, int, int] | None,
        who: Principal,
        deadline: Deadline,
        known_tag: str = "",
    ) -> Answer:
        """A map of layers, the first at the bottom; transparent without a background. Its strong ETag holds the request as it was
        understood and the state of the catalogue; a client that has it already gets 304.
        """
        queries = [self._query(one, who) for one in asked]
        tag = etag((tuple(asked), frame, form, background, who.view, self._catalog.edition()))
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}"}
        if known_tag == tag:
            return Answer(b"", form.media_type, headers, 304)
        kept = self._pictures.get(tag)
        if kept is None:
            drawn = self._tiles.draw(queries, frame, who, deadline)
            kept = (encode(drawn.picture, form, background, frame), _warning(drawn))
            self._pictures.put(tag, kept)
        body, warning = kept
        return Answer(body, form.media_type, {**headers, **({"Warning": warning} if warning else {})})

    def values(
        self,
        asked: Sequence[AskedLayer],
        frame: Frame,
        pixel: tuple[int, int],
        form: InfoFormat,
        count: int,
        language: str,
        base_url: str,
        who: Principal,
        deadline: Deadline,
    ) -> Answer:
        """What the layers hold under a pixel (column, row) of a map."""
        queries = [self._query(one, who) for one in asked]
        x, y = frame.point(pixel[0] + 0.5, pixel[1] + 0.5)
        probed = [
            self._tiles.stations_at(query, frame, x, y, count, who, deadline)
            if isinstance(query, StationQuery)
            else self._tiles.footprints_at(query, x, y, frame.crs.epsg, count, who, deadline)
            if isinstance(query, FootprintQuery)
            else self._tiles.values_at(query, x, y, frame.crs.epsg, count, who, deadline)
            for query in queries
        ]
        lon, lat = transform(frame.crs.epsg, 4326, np.array([x]), np.array([y]))
        finite = np.isfinite(lon[0]) and np.isfinite(lat[0])
        place = info.Asked(
            float(lon[0]) if finite else 0.0, float(lat[0]) if finite else 0.0, language, base_url
        )
        body = info.encode(form, probed, place)
        charset = "" if form.value in ("application/json", "application/vnd.ogc.gml") else "; charset=utf-8"
        headers = {"Cache-Control": "public, max-age=60"}
        if form is InfoFormat.HTML:
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return Answer(body, form.value + charset, headers)

    def legend(self, name: str, style: str, language: str, who: Principal) -> Answer:
        """The legend of a layer's style."""
        kind, layer = self.layers.layer(name, who)
        found = self.layers.style(kind, layer, style)
        return Answer(
            legend_png(kind, found, language), "image/png", {"Cache-Control": "public, max-age=3600"}
        )

    def _query(self, asked: AskedLayer, who: Principal) -> MapLayer:
        """A layer to draw. Raises Fault UNKNOWN_LAYER or UNKNOWN_STYLE."""
        kind, layer = self.layers.layer(asked.name, who)
        style = self.layers.style(kind, layer, asked.style)
        if isinstance(kind, SeriesType) or isinstance(style, Points):
            assert isinstance(kind, SeriesType) and isinstance(style, Points)
            return StationQuery(kind, style)
        strict = self._settings.wms.strict_time
        if isinstance(style, Outlines):
            return FootprintQuery(kind, style, asked.time, asked.max_cloud, strict)
        return LayerQuery(kind, style, asked.time, asked.priority, asked.max_cloud, strict)


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


def etag(of: tuple[object, ...]) -> str:
    """A strong ETag of everything that an answer depends on."""
    return f'"{hashlib.blake2b(repr(of).encode(), digest_size=16).hexdigest()}"'


def private(answer: Answer) -> Answer:
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
