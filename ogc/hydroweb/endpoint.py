# SPDX-License-Identifier: Apache-2.0
"""`/hydroweb/api/download/workflows`: baskets are kept, checked when they come, and made into a zip while they are fetched."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from catalog import hydroweb_text as text
from catalog.ingest.readers.hydroweb import HEIGHT
from catalog.model.faults import Fault, Kind
from catalog.model.observation import Point
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.time import Micros, micros_text, read_instant
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.fields import Field, at_least
from ogc.http.problem import PRIVATE, read_json, refused
from ogc.http.zipped import Entry, streamed
from ogc.hydroweb.basket import Part, read_basket
from ogc.series.rows import SeriesReader, Told

_STATUS = {Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 401, Kind.UNKNOWN_PRODUCT: 404, Kind.TOO_LARGE: 413, Kind.BUSY: 503, Kind.UNAVAILABLE: 503}  # fmt: skip
_PAGE, _SIZE = Field("PAGE", at_least(0)), Field("SIZE", at_least(1))
_SINCE = Field(
    "LASTUPDATE", lambda value: read_instant(value.removesuffix("Z") if len(value) == 11 else value)
)


class HydrowebEndpoints:
    """POST, GET and DELETE; an API key is needed, as at hydroweb.next."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._limits = catalog, edge, settings.limits

    def routes(self) -> list[Route]:
        """The addresses."""
        base = "/hydroweb/api/download/workflows"
        return [
            Route(base, self._submit, methods=["POST"]),
            Route(base, self._list),
            Route(f"{base}/{{basket}}/status", self._state),
            Route(f"{base}/{{basket}}/zip", self._zip),
            Route(f"{base}/{{basket}}", self._remove, methods=["DELETE"]),
        ]

    async def _submit(self, request: Request) -> Response:
        try:
            who = await self._known(request)
            document = read_json(await self._edge.body(request))
            name, _ = read_basket(document, self._catalog.registry, self._limits.basket_parts)
            basket_id = str(uuid.uuid4())
            add = partial(
                self._catalog.add_basket, basket_id, who, name, json.dumps(document), self._limits.baskets
            )
            await self._edge.pool.run(add)
        except Fault as fault:
            return _refused(fault)
        return JSONResponse({"workflowId": basket_id, "workflowName": name}, 201, PRIVATE)

    async def _list(self, request: Request) -> Response:
        try:
            who = await self._known(request)
            kvp = await self._edge.kvp(request)
            since = _SINCE.read_or(kvp, None)
            size = min(_SIZE.read_or(kvp, self._limits.baskets), self._limits.baskets)
            page = _PAGE.read_or(kvp, 0)
            ask = partial(self._catalog.baskets, who, since.start if since else Micros(0), size, page * size)
            found, total = await self._edge.pool.run(ask)
        except Fault as fault:
            return _refused(fault)
        content = [
            {
                "workflowId": one.id, "workflowName": one.name, "status": "COMPLETED", "progress": 100, "lastUpdate": micros_text(one.created),
            }
            for one in found
        ]  # fmt: skip
        return JSONResponse(
            {"content": content, "totalElements": total, "number": page, "size": size}, 200, PRIVATE
        )

    async def _state(self, request: Request) -> Response:
        try:
            who = await self._known(request)
            await self._edge.pool.run(partial(self._parts, request, who))
        except Fault as fault:
            return _refused(fault)
        return JSONResponse({"status": "COMPLETED", "progress": 100, "message": None}, 200, PRIVATE)

    async def _zip(self, request: Request) -> Response:
        try:
            who = await self._known(request)
            name, parts = await self._edge.pool.run(partial(self._parts, request, who))
            chunks = streamed(self._entries(parts, who))
            first = await self._edge.pool.run(partial(next, chunks))
        except Fault as fault:
            return _refused(fault)
        safe = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)[:80]
        headers = {**PRIVATE, "Content-Disposition": f"attachment; filename={safe}.zip"}
        return StreamingResponse(self._edge.sent(first, chunks), 200, headers, "application/zip")

    async def _remove(self, request: Request) -> Response:
        try:
            who = await self._known(request)
            gone = partial(self._catalog.remove_basket, request.path_params["basket"], who)
            if not await self._edge.pool.run(gone):
                raise _nothing()
        except Fault as fault:
            return _refused(fault)
        return JSONResponse({"status": "DELETED"}, 200, PRIVATE)

    async def _known(self, request: Request) -> Principal:
        """Who asks. Raises Fault FORBIDDEN for nobody."""
        who = await self._edge.principal(request)
        if who.role is Role.PUBLIC:
            raise Fault(Kind.FORBIDDEN, "an API key is needed")
        return who

    def _parts(self, request: Request, who: Principal) -> tuple[str, tuple[Part, ...]]:
        """Name and parts of a basket of one's own. Raises Fault UNKNOWN_PRODUCT."""
        basket = self._catalog.basket(request.path_params["basket"], who)
        if basket is None:
            raise _nothing()
        return read_basket(json.loads(basket.body), self._catalog.registry, self._limits.basket_parts)

    def _entries(self, parts: tuple[Part, ...], who: Principal) -> Iterator[Entry]:
        for part in parts:
            reader = SeriesReader(
                self._catalog, part.request, who, Deadline.after(self._limits.stream_seconds)
            )
            status = self._catalog.registry.series_types[part.collection].status
            station: list[Told] = []
            for told in reader.series(self._limits.export_series):
                if station and station[0].station.id != told.station.id:
                    yield from _entry(reader, station, part.folder, status)
                    station = []
                station.append(told)
            if station:
                yield from _entry(reader, station, part.folder, status)


def _entry(reader: SeriesReader, told: list[Told], folder: str, status: str) -> Iterator[Entry]:
    """The file of a station that has heights."""
    points: dict[str, list[Point]] = {
        one.series.observed_property: [point for page in reader.points(one.series) for point in page]
        for one in told
    }
    if not points.get(HEIGHT):
        return
    first = next(one for one in told if one.series.observed_property == HEIGHT)
    modified = max(one.series.modified for one in told)
    if first.station.body == "lake":
        lines, ending = text.lake(first.station, status, points, modified), ""
    else:
        lines, ending = text.river(first.station, first.series, status, points[HEIGHT]), "_exp"
    body = "".join(f"{line}\n" for line in lines).encode()
    name = f"{folder}/hydroprd_{first.station.id}{ending}.txt"
    yield Entry(name, datetime.fromtimestamp(modified / 1e6, UTC), (body,))


def _nothing() -> Fault:
    return Fault(Kind.UNKNOWN_PRODUCT, "there is no such download")


def _refused(fault: Fault) -> Response:
    body: dict[str, Any] = {"code": fault.kind.name, "message": fault.text}
    return refused(fault, _STATUS.get(fault.kind, 400), json.dumps(body).encode())
