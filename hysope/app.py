# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: routes, access log, metrics, health. `create` is what each worker calls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from catalog.harvest.pushed import Pushed
from catalog.model.faults import Fault
from catalog.model.time import now
from catalog.raster.environment import give_back
from config.load import load
from config.settings import Settings
from hysope import __version__
from hysope.observe import AccessLog, board_text, metrics_text
from hysope.wiring import Services, wire
from ogc.cascade.endpoint import CascadeApp
from ogc.common.endpoint import CommonEndpoints
from ogc.connected import block as connected
from ogc.connected.endpoint import ConnectedEndpoints
from ogc.csw.endpoint import CswEndpoint
from ogc.csw.service import CswService
from ogc.dcat.endpoint import DcatEndpoints
from ogc.edr import block as edr
from ogc.edr.endpoint import EdrEndpoints
from ogc.edr.service import EdrService
from ogc.features import block as features
from ogc.features.endpoint import FeaturesEndpoints
from ogc.features.service import Features
from ogc.features.tiles import VectorTilesEndpoints
from ogc.files.endpoint import FilesEndpoint
from ogc.http.edge import Edge
from ogc.http.guard import Guard
from ogc.http.identity import Identity
from ogc.http.pool import RenderPool
from ogc.http.problem import unrouted
from ogc.http.ready import Ready
from ogc.hub.endpoint import HubEndpoint
from ogc.hydroweb.endpoint import HydrowebEndpoints
from ogc.mapsapi import block as mapsapi
from ogc.mapsapi.endpoint import MapsApiEndpoints
from ogc.oai.endpoint import OaiEndpoint
from ogc.oai.service import OaiService
from ogc.opensearch.endpoint import OpenSearchEndpoints
from ogc.processes import block as processes
from ogc.processes.campaigns import CampaignEndpoints
from ogc.processes.endpoint import ProcessesEndpoints
from ogc.resto.endpoint import RestoEndpoints
from ogc.series.endpoint import SeriesEndpoints
from ogc.sos.endpoint import SosEndpoint
from ogc.sos.service import SosService
from ogc.sta.endpoint import StaEndpoint
from ogc.stac.endpoint import StacEndpoints
from ogc.stac.service import StacService
from ogc.titiler.endpoint import TitilerApp
from ogc.wcs.endpoint import WcsEndpoint
from ogc.wcs.service import WcsService
from ogc.wms.endpoint import WmsEndpoint
from ogc.wmts.endpoint import WmtsEndpoint
from ogc.wmts.service import WmtsService
from portal.pages import STATIC, Pages
from processes.campaigns import Campaigns

if TYPE_CHECKING:
    from ogc.http.oidc import Tokens

_TIDY_SECONDS = 30.0


def create() -> Starlette:
    """The application of a worker process, from the environment that `hysope serve` left."""
    file = os.environ.get("HYSOPE_CONFIG")
    return build(load(Path(file) if file else None, os.environ).settings)


def build(settings: Settings) -> Starlette:
    """The application over its services."""
    services = wire(settings)
    pool = RenderPool(settings.server.threads, settings.limits.render_queue)
    edge = Edge(settings, pool, Identity(services.catalog.keys, _tokens(settings)))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tidying = asyncio.create_task(_tidy())
        yield
        tidying.cancel()
        pool.close()
        services.close()

    return Starlette(
        routes=[
            *_services(services, edge),
            *_catalogues(services, edge),
            *_apis(services, edge),
            *_pages(services),
        ],
        middleware=[
            Middleware(AccessLog),
            Middleware(Guard, settings=settings),
            _CORS,
            Middleware(
                Ready, most=settings.server.tile_cache_mb << 19, edition=services.catalog.known_edition
            ),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: unrouted},
    )


async def _tidy() -> None:
    """Gives freed memory back now and then, off the event loop."""
    while True:
        await asyncio.sleep(_TIDY_SECONDS)
        await asyncio.get_running_loop().run_in_executor(None, give_back)


_CORS = Middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "POST", "DELETE"],
    allow_headers=["Authorization", "X-API-Key", "Content-Type", "Prefer", "Idempotency-Key", "Range", "If-None-Match"],
    expose_headers=[
        "Warning", "ETag", "Location", "Retry-After", "Link", "Content-Crs", "Content-Bbox", "Content-Range", "Preference-Applied",
    ],
    max_age=600,
)  # fmt: skip
_BOTH = ["GET", "POST"]


def _services(services: Services, edge: Edge) -> list[BaseRoute]:
    """The doors of OGC's web services, and titiler's."""
    catalog, settings = services.catalog, services.settings
    wmts = WmtsEndpoint(WmtsService(catalog, services.maps, settings), edge)
    return [
        Route("/wms", WmsEndpoint(services.wms, edge).__call__, methods=_BOTH),
        Route("/wmts", wmts.kvp, methods=_BOTH),
        Route("/wmts/1.0.0/{resource:path}", wmts.rest),
        Route(
            "/wcs", WcsEndpoint(WcsService(catalog, services.tiles, settings), edge).__call__, methods=_BOTH
        ),
        Route("/sos", SosEndpoint(SosService(catalog, settings), edge).__call__, methods=_BOTH),
        Mount(
            "/titiler", TitilerApp(catalog, services.tiles, services.maps.layers, edge, settings, __version__)
        ),
        *([Mount("/cascade", CascadeApp(edge, settings))] if settings.cascade else []),
        *SeriesEndpoints(catalog, edge, settings).routes(),
        *HydrowebEndpoints(catalog, edge, settings).routes(),
        *StaEndpoint(catalog, edge, settings).routes(),
    ]


def _catalogues(services: Services, edge: Edge) -> list[BaseRoute]:
    """What finds products and records, and gives their files."""
    catalog, settings = services.catalog, services.settings
    files = FilesEndpoint(catalog, edge, settings)
    return [
        Route("/csw", CswEndpoint(CswService(catalog, settings), edge).__call__, methods=_BOTH),
        Route("/oai", OaiEndpoint(OaiService(catalog, settings), edge).__call__, methods=_BOTH),
        *StacEndpoints(
            StacService(catalog, settings),
            Pushed(catalog, settings.harvest, settings.limits),
            edge,
            settings,
            __version__,
        ).routes(),
        *OpenSearchEndpoints(catalog, edge, settings).routes(),
        *DcatEndpoints(catalog, edge, settings).routes(),
        *HubEndpoint(catalog, edge, settings).routes(),
        *RestoEndpoints(catalog, files, edge, settings).routes(),
        Route("/files", files.selection),
        Route("/files/{product}/{asset}", files.__call__),
        Route("/files/{product}/{asset}/link", files.link, methods=["POST"]),
    ]


def _apis(services: Services, edge: Edge) -> list[BaseRoute]:
    """OGC API: its building blocks under `/ogcapi`."""
    catalog, settings, layers = services.catalog, services.settings, services.maps.layers
    items = Features(catalog, layers, settings)
    data = EdrService(catalog, services.tiles, settings, items.place)
    blocks = (
        mapsapi.block(settings.limits), features.block(items), edr.block(places=bool(settings.places)), connected.block(), processes.block(),
    )  # fmt: skip
    return [
        *CommonEndpoints(layers, blocks, edge, settings, __version__).routes(),
        *FeaturesEndpoints(items, edge, settings).routes(),
        *VectorTilesEndpoints(items, layers, catalog, edge, settings).routes(),
        *EdrEndpoints(data, items.named, layers, edge, settings).routes(),
        *ConnectedEndpoints(catalog, edge, settings).routes(),
        *MapsApiEndpoints(catalog, services.maps, edge, settings).routes(),
        *ProcessesEndpoints(services.processes, catalog, edge, settings).routes(),
        *CampaignEndpoints(Campaigns(services.processes, settings), services.processes, edge).routes(),
    ]


def _pages(services: Services) -> list[BaseRoute]:
    """Pages for people, and what operators watch."""
    pages, health = Pages(services.catalog, services.settings), _Health(services)
    table = {
        "/": pages.home, "/search": pages.search, "/stations": pages.stations, "/orders": pages.orders, "/hysope.qlr": pages.layers_file,
        "/collections/{collection}": pages.collection, "/products/{product}": pages.product, "/stations/{station}": pages.station,
        "/properties/{name}": pages.observed_property, "/health/live": health.live, "/health/ready": health.ready, "/metrics": health.metrics,
    }  # fmt: skip
    routes: list[BaseRoute] = [Route(path, page) for path, page in table.items()]
    return [*routes, Mount("/static", StaticFiles(directory=STATIC))] if STATIC.is_dir() else routes


def _tokens(settings: Settings) -> Tokens | None:
    """The reader of OpenID Connect tokens, whose library is loaded where a provider is set."""
    if settings.oidc is None:
        return None
    from ogc.http.oidc import Tokens

    return Tokens(settings.oidc)


class _Health:
    """Liveness: the process answers. Readiness: the store answers; asked off the event loop, so that a slow store stops nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def live(self, _request: Request) -> Response:
        return PlainTextResponse("alive\n")

    def metrics(self, _request: Request) -> Response:
        """Prometheus text format; without what the store knows where it does not answer."""
        try:
            board = board_text(self._services.processes.board(), now())
        except Fault:
            board = b""
        return Response(metrics_text() + board, media_type="text/plain; version=0.0.4")

    def ready(self, _request: Request) -> Response:
        try:
            revision = self._services.catalog.revision()
        except Fault as fault:
            return JSONResponse({"ready": False, "store": fault.text}, 503)
        return JSONResponse({"ready": True, "revision": revision})
