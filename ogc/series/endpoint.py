# SPDX-License-Identifier: Apache-2.0
"""`/series` (files and charts), `/series/feed` (what came last), `/series/stations` (the newest value of each series, for a map)."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Deadline, Principal, Role
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.links import hub_links
from ogc.http.problem import refused_plainly
from ogc.series import feed, forms
from ogc.series.request import Form, SeriesRequest, read_request
from ogc.series.rows import SeriesReader

_STATUS = {Kind.BAD_CREDENTIAL: 401, Kind.BUSY: 503, Kind.UNAVAILABLE: 503, Kind.TOO_LARGE: 413}
_FILES = {
    Form.PARQUET: ("application/vnd.apache.parquet", ".parquet"),
    Form.NETCDF: ("application/x-netcdf", ".nc"),
}


class SeriesEndpoints:
    """GET."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings
        self._limits = settings.limits

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/series", self._export),
            Route("/series/feed", self._feed),
            Route("/series/stations", self._stations),
        ]

    async def _export(self, request: Request) -> Response:
        try:
            who, asked = await self._asked(request)
            headers = _headers(who)
            if asked.form is Form.CSV:
                parts = forms.as_csv(
                    self._reader(asked, who, self._limits.stream_seconds), self._limits.export_series
                )
                first = await self._edge.pool.run(partial(next, parts))
                headers["Content-Disposition"] = 'attachment; filename="series.csv"'
                return StreamingResponse(
                    self._edge.sent(first, parts), 200, headers, "text/csv; charset=utf-8"
                )
            if asked.form is Form.JSON:
                body = await self._edge.pool.run(partial(self._chart, asked, who))
                return Response(body, 200, headers, "application/json")
            path = await self._edge.pool.run(partial(self._file, asked, who))
        except Fault as fault:
            return _refused(fault)
        media_type, ending = _FILES[asked.form]
        return FileResponse(
            path, 200, headers, media_type, BackgroundTask(path.unlink), filename=f"series{ending}"
        )

    async def _feed(self, request: Request) -> Response:
        try:
            who, asked = await self._asked(request)
            base = self._edge.base_url(request)
            query = request.url.query
            address = f"{base}/series/feed{'?' + query if query else ''}"
            body = await self._edge.pool.run(partial(self._fed, asked, who, base, address))
        except Fault as fault:
            return _refused(fault)
        return Response(body, 200, {**_headers(who), **hub_links(base, address)}, feed.MEDIA_TYPE)

    async def _stations(self, request: Request) -> Response:
        try:
            who, asked = await self._asked(request)
            body = await self._edge.pool.run(partial(self._newest, asked, who))
        except Fault as fault:
            return _refused(fault)
        return Response(body, 200, _headers(who), "application/json")

    async def _asked(self, request: Request) -> tuple[Principal, SeriesRequest]:
        who = await self._edge.principal(request)
        return who, read_request(await self._edge.kvp(request))

    def _reader(self, asked: SeriesRequest, who: Principal, seconds: float) -> SeriesReader:
        return SeriesReader(self._catalog, asked, who, Deadline.after(seconds))

    def _chart(self, asked: SeriesRequest, who: Principal) -> bytes:
        reader = self._reader(asked, who, self._limits.search_seconds)
        return forms.as_json(reader, self._limits.stations, self._limits.chart_points)

    def _file(self, asked: SeriesRequest, who: Principal) -> Path:
        """A file of its own, which the caller removes. The size is looked at first."""
        from ogc.series import files

        reader = self._reader(asked, who, self._limits.stream_seconds)
        series, points = reader.size()
        if points > self._limits.export_points and asked.period is None:
            raise too_large(f"{points} observations", self._limits.export_points, "limits.export_points")
        if series > self._limits.export_series:
            raise too_large(f"{series} series", self._limits.export_series, "limits.export_series")
        with tempfile.NamedTemporaryFile(prefix="series-", delete=False) as made:
            path = Path(made.name)
        with ExitStack() as unfinished:
            unfinished.callback(path.unlink)
            if asked.form is Form.PARQUET:
                files.write_parquet(reader, self._limits.export_series, path)
            else:
                files.write_netcdf(reader, self._limits.export_series, path, self._settings.service)
            unfinished.pop_all()
        return path

    def _fed(self, asked: SeriesRequest, who: Principal, server: str, address: str) -> bytes:
        most = self._limits.feed_entries
        reader = self._reader(asked, who, self._limits.search_seconds)
        found = reader.newest(min(asked.limit or most, most))
        organisation = self._settings.service.contact.organisation
        return feed.encode(found, reader.latest(found), address, server, organisation)

    def _newest(self, asked: SeriesRequest, who: Principal) -> bytes:
        """A row for each series: station, longitude, latitude, name, collection, property, unit, time (ms), value, anomaly."""
        reader = self._reader(asked, who, self._limits.search_seconds)
        series, _ = reader.size()
        if series > self._limits.stations:
            raise too_large(f"{series} series", self._limits.stations, "limits.stations")
        found = list(reader.series(self._limits.stations))
        latest = reader.latest(found)
        rows = []
        for one in found:
            point, station = latest.get(one.series.key), one.station
            if point is not None:
                above = one.series.anomaly(point.value)
                rows.append(
                    (
                        station.id, station.longitude, station.latitude, station.water or station.name, one.series.collection,
                        one.series.observed_property, one.observed.unit, point.time // 1000, point.value, None if above is None else round(above, 2),
                    )
                )  # fmt: skip
        columns = (
            "station",
            "longitude",
            "latitude",
            "name",
            "collection",
            "property",
            "unit",
            "time",
            "value",
            "anomaly",
        )
        return json.dumps(
            {"columns": columns, "rows": rows}, allow_nan=False, separators=(",", ":"), ensure_ascii=False
        ).encode()


def _headers(who: Principal) -> dict[str, str]:
    scope = "public" if who.role is Role.PUBLIC else "private"
    return {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}


def _refused(fault: Fault) -> Response:
    return refused_plainly(fault, _STATUS.get(fault.kind, 400))
