# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: routes, access log, metrics, health. `create` is what each worker calls."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from catalog.model.faults import Fault
from catalog.model.time import now
from config.load import load
from config.settings import Settings
from hysope import __version__
from hysope.observe import AccessLog, board_text, metrics_text, start_logging
from hysope.wiring import Services, wire
from ogc.common.endpoint import CommonEndpoints
from ogc.connected import block as connected
from ogc.connected.endpoint import ConnectedEndpoints
from ogc.csw.endpoint import CswEndpoint
from ogc.csw.service import CswService
from ogc.edr import block as edr
from ogc.edr.endpoint import EdrEndpoints
from ogc.edr.service import EdrService
from ogc.features import block as features
from ogc.features.endpoint import FeaturesEndpoints
from ogc.features.service import Features
from ogc.files.endpoint import FilesEndpoint
from ogc.http.edge import Edge
from ogc.http.guard import Guard
from ogc.http.identity import Identity
from ogc.http.oidc import Tokens
from ogc.http.pool import RenderPool
from ogc.http.problem import unrouted
from ogc.hydroweb.endpoint import HydrowebEndpoints
from ogc.mapsapi import block as mapsapi
from ogc.mapsapi.endpoint import MapsApiEndpoints
from ogc.oai.endpoint import OaiEndpoint
from ogc.oai.service import OaiService
from ogc.opensearch.endpoint import OpenSearchEndpoints
from ogc.processes import block as processes
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


def create() -> Starlette:
    """The application of a worker process, from the environment that `hysope serve` left."""
    start_logging()
    file = os.environ.get("HYSOPE_CONFIG")
    return build(load(Path(file) if file else None, os.environ).settings)


def build(settings: Settings) -> Starlette:
    """The application over its services."""
    services = wire(settings)
    pool = RenderPool(settings.server.threads, settings.limits.render_queue)
    tokens = Tokens(settings.oidc) if settings.oidc else None
    edge = Edge(settings, pool, Identity(services.catalog.keys, tokens))
    pages = Pages(services.catalog, settings)
    health = _Health(services)
    wmts = WmtsEndpoint(WmtsService(services.catalog, services.maps, settings), edge)

    files = FilesEndpoint(services.catalog, edge, settings)
    items = Features(services.catalog, services.maps.layers, settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        pool.close()
        services.close()

    routes = [
        Route("/wms", WmsEndpoint(services.wms, edge).__call__, methods=["GET", "POST"]),
        Route(
            "/csw",
            CswEndpoint(CswService(services.catalog, settings), edge).__call__,
            methods=["GET", "POST"],
        ),
        Route(
            "/oai",
            OaiEndpoint(OaiService(services.catalog, settings), edge).__call__,
            methods=["GET", "POST"],
        ),
        *StacEndpoints(StacService(services.catalog, settings), edge, settings, __version__).routes(),
        *OpenSearchEndpoints(services.catalog, edge, settings).routes(),
        *RestoEndpoints(services.catalog, files, edge, settings).routes(),
        *SeriesEndpoints(services.catalog, edge, settings).routes(),
        *HydrowebEndpoints(services.catalog, edge, settings).routes(),
        *StaEndpoint(services.catalog, edge, settings).routes(),
        Route("/files", files.selection),
        Route("/files/{product}/{asset}", files.__call__),
        Route("/files/{product}/{asset}/link", files.link, methods=["POST"]),
        Route(
            "/wcs",
            WcsEndpoint(WcsService(services.catalog, services.tiles, settings), edge).__call__,
            methods=["GET", "POST"],
        ),
        Route("/wmts", wmts.kvp, methods=["GET", "POST"]),
        Route("/wmts/1.0.0/{resource:path}", wmts.rest),
        Route(
            "/sos",
            SosEndpoint(SosService(services.catalog, settings), edge).__call__,
            methods=["GET", "POST"],
        ),
        *CommonEndpoints(
            services.maps.layers,
            (
                mapsapi.block(settings.limits),
                features.block(items),
                edr.block(places=bool(settings.places)),
                connected.block(),
                processes.block(),
            ),
            edge,
            settings,
            __version__,
        ).routes(),
        *FeaturesEndpoints(items, edge, settings).routes(),
        *EdrEndpoints(
            EdrService(services.catalog, services.tiles, settings, items.place),
            items.named,
            services.maps.layers,
            edge,
            settings,
        ).routes(),
        *ConnectedEndpoints(services.catalog, edge, settings).routes(),
        *MapsApiEndpoints(services.catalog, services.maps, edge, settings).routes(),
        *ProcessesEndpoints(services.processes, services.catalog, edge, settings).routes(),
        Mount(
            "/titiler",
            TitilerApp(services.catalog, services.tiles, services.maps.layers, edge, settings, __version__),
        ),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/metrics", health.metrics),
        Route("/", pages.home),
        Route("/hysope.qlr", pages.layers_file),
        Route("/collections/{collection}", pages.collection),
        Route("/products/{product}", pages.product),
        Route("/stations", pages.stations),
        Route("/orders", pages.orders),
        Route("/search", pages.search),
        Route("/stations/{station}", pages.station),
        Route("/properties/{name}", pages.observed_property),
    ]
    if STATIC.is_dir():
        routes.append(Mount("/static", StaticFiles(directory=STATIC)))
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=[
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Prefer",
            "Idempotency-Key",
            "Range",
            "If-None-Match",
        ],
        expose_headers=[
            "Warning",
            "ETag",
            "Location",
            "Retry-After",
            "Link",
            "Content-Crs",
            "Content-Bbox",
            "Content-Range",
            "Preference-Applied",
        ],
        max_age=600,
    )
    return Starlette(
        routes=routes,
        middleware=[Middleware(AccessLog), Middleware(Guard, settings=settings), cors],
        lifespan=lifespan,
        exception_handlers={HTTPException: unrouted},
    )


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
