# SPDX-License-Identifier: Apache-2.0
"""`/cascade`: MapProxy over the services of the setting `cascade`, made on first use.

It has threads of its own, so that an upstream that hangs takes nobody else's; times are compared with the list before it sees them, because its WMS
takes any (7.0); what it fails at leaves as a report, never as a 5xx of its own.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import secrets
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.model.faults import Fault, Kind
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.fields import shown
from ogc.http.kvp import Kvp
from ogc.http.pool import RenderPool
from ogc.wms import reports
from ogc.wms.request import Version

_THREADS, _QUEUE = 4, 32
_DRAWN = frozenset({"getmap", "map", "getfeatureinfo", "feature_info", "gettile"})
_WMTS_CAPABILITIES = "/wmts/1.0.0/WMTSCapabilities.xml"
"""MapProxy 7.0 fails at the same by KVP where a layer has dimensions."""
_STATUS = {Kind.BUSY: 503, Kind.UNAVAILABLE: 503}
log = logging.getLogger("hysope.cascade")
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class CascadeApp:
    """An ASGI application over MapProxy's WSGI one."""

    def __init__(self, edge: Edge, settings: Settings) -> None:
        self._edge, self._settings = edge, settings
        self._pool = RenderPool(_THREADS, _QUEUE)
        self._lock = asyncio.Lock()
        self._app: Wsgi | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        response: ASGIApp = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        version: Version = "1.3.0"
        try:
            if request.method not in ("GET", "HEAD"):
                raise Fault(Kind.UNKNOWN_OPERATION, "this service is asked with GET", "request")
            kvp = await self._edge.kvp(request)
            version = "1.1.1" if kvp.get("VERSION", "").startswith("1.1") else "1.3.0"
            self._check(kvp, request.scope["path"].removeprefix(request.scope.get("root_path", "")))
            app = await self._made()
            environ = self._environ(request, kvp)
            status, headers, body = await self._pool.run(partial(_called, app, environ))
        except Fault as fault:
            return _refused(fault, version)
        if status >= 500:
            incident = secrets.token_hex(6)
            log.error(json.dumps({"incident": incident, "cascade": environ["QUERY_STRING"][:500]}))
            return _refused(Fault(Kind.INVALID, f"this cannot be answered (incident {incident})"), version)
        response = Response(body, status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection"):
                response.headers[name] = value
        return response

    def _check(self, kvp: Kvp, path: str) -> None:
        """Layers are of the list, and times of the layer's list. Raises Fault UNKNOWN_LAYER or BAD_TIME."""
        known = self._settings.cascade
        parts = [part for part in path.split("/") if part]
        if ".." in parts:
            raise Fault(Kind.INVALID, "this is no address of a tile")
        if kvp.get("REQUEST", "").lower() not in _DRAWN:
            return
        names = kvp.get("LAYERS", kvp.get("LAYER", "")).split(",")
        for name in names:
            if name not in known:
                raise Fault(Kind.UNKNOWN_LAYER, f"there is no layer {shown(name)}", "LAYERS")
        time = kvp.get("TIME", "")
        dated = [known[name] for name in names if known[name].times]
        if time and time != "default" and any(time not in one.times for one in dated):
            raise Fault(Kind.BAD_TIME, f"{shown(time)} is none of the layer's times", "TIME")

    async def _made(self) -> Wsgi:
        if self._app is None:
            async with self._lock:
                if self._app is None:
                    self._app = await asyncio.get_running_loop().run_in_executor(None, self._build)
        return self._app

    def _build(self) -> Wsgi:
        from mapproxy.config.loader import ProxyConfiguration
        from mapproxy.wsgiapp import MapProxyApp

        from ogc.cascade.configuration import configuration

        document = configuration(self._settings)
        loaded = ProxyConfiguration(document, conf_base_dir=str(self._settings.data.resolve()))
        made: Wsgi = MapProxyApp(loaded.configured_services(), loaded.base_config)
        return made

    def _environ(self, request: Request, kvp: Kvp) -> dict[str, Any]:
        """What WSGI knows of the request; addresses are the public one's, whatever the Host header says (THREATS T18)."""
        public = urlsplit(self._edge.base_url(request))
        root = request.scope.get("root_path", "")
        dated = any(len(one.times) > 1 for one in self._settings.cascade.values())
        told = {name: value for name, value in kvp.items() if name != "TIME" or dated}
        path = request.scope["path"].removeprefix(root) or "/"
        asked = (kvp.get("SERVICE", "").upper(), kvp.get("REQUEST", "").lower())
        if dated and asked == ("WMTS", "getcapabilities"):
            path, told = _WMTS_CAPABILITIES, {}
        return {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": f"{public.path.rstrip('/')}{root}", "PATH_INFO": path,
            "QUERY_STRING": urlencode(told), "SERVER_NAME": public.hostname or "localhost", "SERVER_PORT": str(public.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": public.netloc, "wsgi.url_scheme": public.scheme, "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip


def _called(app: Wsgi, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of a WSGI application."""
    told: list[tuple[int, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _info: object = None) -> Callable[[bytes], object]:
        told.append((int(status.split()[0]), headers))
        return lambda _: None

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    return (*told[-1], body)


def _refused(fault: Fault, version: Version) -> Response:
    headers = {"Cache-Control": "no-store"}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    response = Response(reports.report(fault, version), _STATUS.get(fault.kind, 200), headers)
    response.headers["content-type"] = reports.media_type(version)
    return response
