# SPDX-License-Identifier: Apache-2.0
"""`/titiler`: titiler's own application, made on first use; who asks and what is read come from us, addresses from the settings."""

from __future__ import annotations

import asyncio
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.model.area import WORLD
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.query import Property, equal
from catalog.service import Catalog
from config.product_types import ProductType
from config.settings import Settings
from config.styles import Outlines, Points
from ogc.http.edge import Edge
from ogc.http.fields import shown
from ogc.maps.layers import Layers
from ogc.mapsapi.request import DATETIME
from tiles.service import Tiles

if TYPE_CHECKING:
    from ogc.titiler.reader import Selection

_METRES_PER_DEGREE = 111_319.49


class TitilerApp:
    """An ASGI application that is another one after its first request."""

    def __init__(
        self, catalog: Catalog, tiles: Tiles, layers: Layers, edge: Edge, settings: Settings, version: str
    ) -> None:
        self._catalog, self._tiles, self._layers, self._edge, self._settings, self._version = (
            catalog, tiles, layers, edge, settings, version,
        )  # fmt: skip
        self._slots = BoundedSemaphore(settings.server.threads)
        self._lock = asyncio.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Links carry the public address, whatever the Host header says (THREATS T18)."""
        if self._app is None:
            async with self._lock:
                if self._app is None:
                    self._app = await asyncio.get_running_loop().run_in_executor(None, self._build)
        public = urlsplit(self._edge.base_url(Request(scope)))
        headers = [pair for pair in scope["headers"] if pair[0] != b"host"]
        await self._app(
            {
                **scope,
                "app_root_path": scope.get("root_path", ""),
                "scheme": public.scheme,
                "headers": [*headers, (b"host", public.netloc.encode())],
            },
            receive,
            send,
        )

    def select(self, name: str, style: str, datetime: str, who: Principal) -> Selection:
        """What is asked for. Raises Fault UNKNOWN_LAYER, UNKNOWN_STYLE or BAD_TIME."""
        from ogc.titiler.reader import Selection

        limits, deadline = self._settings.limits, Deadline.after(self._settings.limits.search_seconds)
        one = self._layers.one(name, who, deadline)
        chosen = self._layers.style(one.kind, one.layer, style)
        if not isinstance(one.kind, ProductType) or isinstance(chosen, Points | Outlines):
            raise Fault(Kind.UNKNOWN_LAYER, f"{shown(name)} has no pixels")
        time = DATETIME.read_or({"datetime": datetime} if datetime else {}, ())
        newest = self._catalog.search(equal(Property.COLLECTION, one.kind.id), who, deadline, limit=1)
        pixels = [
            asset.grid.pixel_width * (_METRES_PER_DEGREE if asset.grid.epsg == 4326 else 1.0)
            for product in newest
            for asset in product.assets
            if asset.grid is not None
        ]
        return Selection(
            one.kind,
            chosen,
            time,
            one.summary.extent or WORLD,
            min(pixels, default=10.0),
            who,
            self._tiles,
            limits,
            self._slots,
        )

    def _build(self) -> ASGIApp:
        from ogc.titiler.application import application

        return application(self.select, self._edge, self._version)
