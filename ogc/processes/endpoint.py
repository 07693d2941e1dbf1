# SPDX-License-Identifier: Apache-2.0
"""`/ogcapi` and below: HTTP to the service and back. A synchronous request waits for its job's row, not in a thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model import spaces
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from catalog.service import Catalog
from config.settings import Settings
from ogc.common.negotiate import language_of
from ogc.http.edge import Edge
from ogc.http.problem import PRIVATE, refused
from ogc.processes import documents, reports
from ogc.processes.request import read_audience, read_execute, read_job_query, read_prefer
from processes.model import Job, Phase
from processes.service import Processes

_LOOK_SECONDS = 0.1
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class ProcessesEndpoints:
    """The resources of OGC API Processes, and of spaces."""

    def __init__(self, processes: Processes, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._processes, self._catalog, self._edge, self._settings = processes, catalog, edge, settings

    def routes(self) -> list[Route]:
        """Every resource with its methods."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/ogcapi/processes", self._list),
            ("GET", "/ogcapi/processes/{process}", self._describe),
            ("POST", "/ogcapi/processes/{process}/execution", self._execute),
            ("GET", "/ogcapi/jobs", self._jobs),
            ("GET", "/ogcapi/jobs/{job}", self._job),
            ("DELETE", "/ogcapi/jobs/{job}", self._dismiss),
            ("GET", "/ogcapi/jobs/{job}/results", self._results),
            ("GET", "/ogcapi/jobs/{job}/log", self._log),
            ("GET", "/ogcapi/jobs/{job}/events", self._events),
            ("POST", "/spaces/{product}", self._share),
        ]
        return [Route(path, _answered(handler), methods=[method]) for method, path, handler in table]

    async def _list(self, request: Request) -> Response:
        return _json(
            documents.process_list(self._processes.offered(), self._api(request), language_of(request))
        )

    async def _describe(self, request: Request) -> Response:
        process = self._processes.process(request.path_params["process"])
        return _json(documents.description(process, self._api(request), language_of(request)))

    async def _execute(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        process = self._processes.process(request.path_params["process"])
        order, prefer = (
            read_execute(await self._edge.body(request)),
            read_prefer(request.headers.getlist("prefer")),
        )
        job = await self._run(partial(self._processes.execute, process.id, order.inputs, who))
        at_once = "sync-execute" in process.modes and not prefer.asynchronous
        if at_once or prefer.wait:
            wait = (
                self._settings.processes.sync_seconds
                if prefer.wait is None
                else min(prefer.wait, self._settings.processes.sync_seconds)
            )
            job = await self._waited(job, who, wait)
        if at_once and job.phase.final:
            return await self._answer(job, who, request, raw=order.raw)
        headers = {"Location": f"{self._api(request)}/jobs/{job.id}"}
        if prefer.asynchronous:
            headers["Preference-Applied"] = "respond-async"
        return _json(documents.status_info(job, self._api(request)), 201, headers)

    async def _waited(self, job: Job, who: Principal, seconds: float) -> Job:
        """The job as it is when it ends, or after some seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not job.phase.final and loop.time() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            job = await self._run(partial(self._processes.job, job.id, who))
        return job

    async def _answer(self, job: Job, who: Principal, request: Request, *, raw: bool) -> Response:
        found = await self._run(partial(self._processes.results, job.id, who))
        body = documents.results(found, self._catalog, self._edge.base_url(request))
        return _json(body["products"] if raw else body)

    async def _jobs(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        asked = read_job_query(request.query_params)
        work = partial(
            self._processes.jobs, who, asked.statuses, asked.processes, asked.limit + 1, asked.offset
        )
        query = {
            name: request.query_params[name]
            for name in ("status", "processID")
            if name in request.query_params
        }
        return _json(
            documents.job_list(await self._run(work), self._api(request), query, asked.limit, asked.offset)
        )

    async def _job(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.job, request.path_params["job"], who))
        return _json(documents.status_info(job, self._api(request)))

    async def _dismiss(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.dismiss, request.path_params["job"], who))
        shown = documents.status_info(job, self._api(request))
        return _json({**shown, "status": Phase.DISMISSED.status, "links": shown["links"][:1]})

    async def _results(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.job, request.path_params["job"], who))
        return await self._answer(job, who, request, raw=False)

    async def _log(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        text = await self._run(partial(self._processes.log, request.path_params["job"], who))
        return Response(text, media_type="text/plain; charset=utf-8", headers=PRIVATE)

    async def _events(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        return _json(
            documents.events(
                await self._run(partial(self._processes.events, request.path_params["job"], who))
            )
        )

    async def _share(self, request: Request) -> Response:
        """Gives a product to a group, takes it back, or (operators) makes it official."""
        who = await self._edge.principal(request)
        product, audience = request.path_params["product"], read_audience(await self._edge.body(request))
        if audience == "official":
            found = await self._run(partial(self._catalog.make_official, product, who))
            return _json({"id": found, "audience": "official"})
        space = spaces.split(product)[0] if audience == "private" else audience
        await self._run(partial(self._catalog.share, product, space, who))
        return _json({"id": product, "audience": audience})

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)

    def _api(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/ogcapi"


def _answered(handler: Handler) -> Handler:
    """Every fault of a handler as its document."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Fault as fault:
            return _refused(fault)

    return answer


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, {**PRIVATE, **(headers or {})}, "application/json")


def _refused(fault: Fault) -> Response:
    status = reports.status(fault)
    if fault.kind is Kind.UNKNOWN_PRODUCT and fault.locator == "id":
        status = 404
    return refused(fault, status, reports.report(fault))
