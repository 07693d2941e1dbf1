# SPDX-License-Identifier: Apache-2.0
"""Pictures and values for every map door: the same layers, times, rights and bytes, whichever protocol asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catalog.crs import transform
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.series_types import SeriesType
from config.settings import Settings
from config.styles import Outlines, Points
from ogc.maps import info
from ogc.maps.layers import Layers
from ogc.maps.pictures import Disk, Memory, Pictures
from ogc.maps.words import InfoFormat
from tiles.encode import Format, encode
from tiles.frame import Frame
from tiles.legend import legend_png
from tiles.queries import FootprintQuery, LayerQuery, MapLayer, Priority
from tiles.service import Planned, Tiles
from tiles.stations import StationQuery
from tiles.times import TimeQuery, Used

_DRAWING = 2
"""Goes up when the same files are drawn otherwise than before: what lies on disk is then of no more use."""


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
        server = settings.server
        self._pictures = Pictures(
            Memory(server.tile_cache_mb << 19), Disk(settings.data / "pictures", server.tile_disk_mb << 20)
        )
        self._looks: dict[tuple[str, str], str] = {}

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
        """A map of layers, the first at the bottom; transparent without a background. Its strong ETag holds what was asked, the files that it
        was made of and, but for the public, who asks; a client that has it already gets 304.
        """
        queries = [self._query(one, who) for one in asked]
        quick = (tuple(asked), frame, form, background, who.view, self._catalog.edition())
        name, warning, body = self._pictures.memory.get(quick) or ("", "", b"")
        plan: tuple[Planned, ...] = ()
        if not name:
            plan = self._tiles.plan(queries, frame, who, deadline)
            name, warning = self._name(plan, frame, form, background), _warning(plan)
        tag = name if who.role is Role.PUBLIC else _digest((name, who.view))
        headers = {
            "ETag": f'"{tag}"', "Cache-Control": f"public, max-age={self._settings.wms.capabilities_max_age}",
            **({"Warning": warning} if warning else {}),
        }  # fmt: skip
        if known_tag == headers["ETag"]:
            return Answer(b"", form.media_type, headers, 304)
        if not body:

            def make() -> bytes:
                return encode(self._tiles.paint(plan, frame, who, deadline).picture, form, background, frame)

            body = self._pictures.made(name, make, lasting=_lasts(plan))
            self._pictures.memory.put(quick, name, warning, body)
        return Answer(body, form.media_type, headers)

    def seed(
        self,
        asked: AskedLayer,
        frame: Frame,
        form: Format,
        background: tuple[int, int, int] | None,
        who: Principal,
        deadline: Deadline,
    ) -> bool:
        """Puts a picture on disk; whether it was not there before."""
        plan = self._tiles.plan([self._query(asked, who)], frame, who, deadline)
        name = self._name(plan, frame, form, background)
        if self._pictures.disk.has(name):
            return False
        drawn = self._tiles.paint(plan, frame, who, deadline)
        self._pictures.disk.put(name, encode(drawn.picture, form, background, frame))
        return True

    def _name(
        self,
        plan: Sequence[Planned],
        frame: Frame,
        form: Format,
        background: tuple[int, int, int] | None,
    ) -> str:
        """A digest of everything that a picture depends on: the styles and types as they are configured, and the files of the products."""
        edition = self._catalog.edition()
        parts = [(self._look(one.query), _made_of(one, edition)) for one in plan]
        return _digest((_DRAWING, parts, frame, form, background))

    def _look(self, query: MapLayer) -> str:
        """A digest of a type and a style as they are configured."""
        key = (query.kind.id, query.style.id)
        if key not in self._looks:
            self._looks[key] = _digest((query.kind, query.style))
        return self._looks[key]

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


def etag(of: tuple[object, ...]) -> str:
    """A strong ETag of everything that an answer depends on."""
    return f'"{_digest(of)}"'


def _digest(of: tuple[object, ...]) -> str:
    return hashlib.blake2b(repr(of).encode(), digest_size=16).hexdigest()


def _made_of(planned: Planned, edition: tuple[int, int]) -> tuple[object, ...]:
    """The files that a layer is made of, in their order; of stations, the state of the catalogue."""
    query = planned.query
    if isinstance(query, StationQuery):
        return edition
    if isinstance(query, FootprintQuery):
        return tuple(one.footprint for one in planned.products)
    files = tuple(
        (one.id, one.version, [(asset.path, asset.sha256, asset.bytes, asset.tier) for asset in one.assets])
        for one in planned.products
    )
    return (query.priority, files)


def _lasts(plan: Sequence[Planned]) -> bool:
    """Whether a name means the same to another store: where there is a layer of stations, it holds a number of this one."""
    return not any(isinstance(one.query, StationQuery) for one in plan)


def private(answer: Answer) -> Answer:
    """The answer to somebody: for their own cache only."""
    kept = answer.headers.get("Cache-Control", "").replace("public", "private")
    return replace(answer, headers={**answer.headers, "Cache-Control": kept})


def _warning(plan: Sequence[Planned]) -> str:
    """The Warning header for a default or nearest time (1.3.0, C.4.1 and C.4.2), once for each value."""
    said = []
    for one in plan:
        when = one.resolved
        if when and when.used is not Used.ASKED:
            word = "Default" if when.used is Used.DEFAULT else "Nearest"
            said.append(f"99 {word} value used: time={when.text} units=ISO8601 layer={one.query.kind.id}")
    return ", ".join(dict.fromkeys(said))
