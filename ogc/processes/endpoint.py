# SPDX-License-Identifier: Apache-2.0
"""`/ogcapi` and below: HTTP to the service and back. A synchronous request waits for its job's row, not in a thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from catalog.model import spaces
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from catalog.service import Catalog
from config.chains import Process
from config.settings import Settings
from ogc.common import html
from ogc.common.endpoint import page_of
from ogc.common.negotiate import language_of, wants_html
from ogc.http.edge import Edge
from ogc.http.problem import PRIVATE, Handler, answering, refused
from ogc.processes import documents, multipart, reports
from ogc.processes.request import (
    JOB_FILTERS,
    Execute,
    read_audience,
    read_execute,
    read_idempotency,
    read_job_query,
    read_list_query,
    read_prefer,
)
from processes.inputs import PRODUCTS
from processes.model import Job, Phase, Terms
from processes.service import Given, Processes

_LOOK_LEAST, _LOOK_SHARE, _LOOK_MOST = 0.008, 0.1, 0.25
"""The row of a waited job is looked at after a tenth of the time that it took so far: a short order waits little, a long one costs little."""
T = TypeVar("T")


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
            ("POST", "/ogcapi/processes/{process}/estimate", self._estimate),
            ("GET", "/ogcapi/jobs", self._jobs),
            ("GET", "/ogcapi/jobs/{job}", self._job),
            ("DELETE", "/ogcapi/jobs/{job}", self._dismiss),
            ("POST", "/ogcapi/jobs/{job}/resubmit", self._resubmit),
            ("GET", "/ogcapi/jobs/{job}/results", self._results),
            ("GET", "/ogcapi/jobs/{job}/results/{output}", self._output),
            ("GET", "/ogcapi/jobs/{job}/log", self._log),
            ("GET", "/ogcapi/jobs/{job}/events", self._events),
            ("POST", "/spaces/{product}", self._share),
        ]
        return [Route(path, answered(handler), methods=[method]) for method, path, handler in table]

    async def _list(self, request: Request) -> Response:
        limit, offset = read_list_query(request.query_params)
        page = self._processes.offered()[offset : offset + limit + 1]
        return self._shown(
            request, documents.process_list(page, self._api(request), language_of(request), limit, offset)
        )

    async def _describe(self, request: Request) -> Response:
        process = self._processes.process(request.path_params["process"])
        return self._shown(request, documents.description(process, self._api(request), language_of(request)))

    async def _execute(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        process = self._processes.process(request.path_params["process"])
        order, prefer = (
            read_execute(await self._edge.body(request)),
            read_prefer(request.headers.getlist("prefer")),
        )
        _check_outputs(process, order.outputs)
        key = read_idempotency(request.headers.get("idempotency-key"))
        job = await self._run(
            partial(self._processes.execute, process.id, order.inputs, who, _terms(order, request, key))
        )
        at_once = "sync-execute" in process.modes and not prefer.asynchronous
        if at_once or prefer.wait:
            wait = (
                self._settings.processes.sync_seconds
                if prefer.wait is None
                else min(prefer.wait, self._settings.processes.sync_seconds)
            )
            job = await self._waited(job, who, wait)
        if at_once and job.phase.final:
            return await self._answer(job, who, request, order)
        headers = {"Location": f"{self._api(request)}/jobs/{job.id}"}
        if prefer.asynchronous:
            headers["Preference-Applied"] = "respond-async"
        return as_json(documents.status_info(job, self._api(request)), 201, headers)

    async def _waited(self, job: Job, who: Principal, seconds: float) -> Job:
        """The job as it is when it ends, or after some seconds."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not job.phase.final and loop.time() < begun + seconds:
            await asyncio.sleep(min(max(_LOOK_LEAST, (loop.time() - begun) * _LOOK_SHARE), _LOOK_MOST))
            job = await self._run(partial(self._processes.job, job.id, who))
        return job

    async def _answer(self, job: Job, who: Principal, request: Request, order: Execute) -> Response:
        """The results: products as a document of them; else values in a document, or bare where one was asked raw (18-062r2, clause 7.13)."""
        process = self._catalog.registry.processes.get(job.process)
        if process is None or process.result:
            found = await self._run(partial(self._processes.results, job.id, who))
            body = documents.results(found, self._catalog, self._edge.base_url(request))
            return as_json(body["products"]) if order.raw else self._shown(request, body)
        given = await self._run(partial(self._processes.outputs, job.id, who))
        chosen = [one for one in given if not order.outputs or one.name in order.outputs]
        if order.raw and len(chosen) == 1 and not order.outputs.get(chosen[0].name):
            return _bare(chosen[0])
        here = f"{self._api(request)}/jobs/{job.id}"
        if order.raw and all(order.outputs.get(one.name) for one in chosen):
            return _referred([f"{here}/results/{one.name}" for one in chosen])
        if order.raw:
            parts = multipart.parts(chosen, here, order.outputs)
            return StreamingResponse(self._edge.sent(b"", parts), 200, PRIVATE, multipart.MEDIA_TYPE)
        return self._shown(request, documents.values(given, job, self._api(request), order.outputs))

    async def _output(self, request: Request) -> Response:
        """One output, bare."""
        who, name = await self._edge.principal(request), request.path_params["output"]
        given = await self._run(partial(self._processes.outputs, request.path_params["job"], who))
        found = next((one for one in given if one.name == name), None)
        if found is None:
            raise Fault(Kind.UNKNOWN_OPERATION, f"the job has no output {name[:60]!r}", "outputID")
        return _bare(found)

    async def _estimate(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        order = read_execute(await self._edge.body(request))
        work = partial(self._processes.estimate, request.path_params["process"], order.inputs, who)
        return as_json(documents.estimate(*await self._run(work)))

    async def _resubmit(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.again, request.path_params["job"], who))
        headers = {"Location": f"{self._api(request)}/jobs/{job.id}"}
        return as_json(documents.status_info(job, self._api(request)), 201, headers)

    async def _jobs(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        asked = read_job_query(request.query_params)
        work = partial(self._processes.jobs, who, asked.wanted, asked.limit + 1, asked.offset)
        query = {name: request.query_params[name] for name in JOB_FILTERS if name in request.query_params}
        return self._shown(
            request,
            documents.job_list(await self._run(work), self._api(request), query, asked.limit, asked.offset),
        )

    async def _job(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.job, request.path_params["job"], who))
        return self._shown(request, documents.status_info(job, self._api(request)))

    async def _dismiss(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.dismiss, request.path_params["job"], who))
        shown = documents.status_info(job, self._api(request))
        return as_json({**shown, "status": Phase.DISMISSED.status, "links": shown["links"][:1]})

    async def _results(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        job = await self._run(partial(self._processes.job, request.path_params["job"], who))
        told = json.loads(job.request).get("answer", {})
        return await self._answer(
            job, who, request, Execute({}, bool(told.get("raw")), told.get("outputs", {}))
        )

    async def _log(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        text = await self._run(partial(self._processes.log, request.path_params["job"], who))
        return Response(text, media_type="text/plain; charset=utf-8", headers=PRIVATE)

    async def _events(self, request: Request) -> Response:
        who = await self._edge.principal(request)
        return as_json(
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
            return as_json({"id": found, "audience": "official"})
        space = spaces.split(product)[0] if audience == "private" else audience
        await self._run(partial(self._catalog.share, product, space, who))
        return as_json({"id": product, "audience": audience})

    def _shown(self, request: Request, document: documents.Document) -> Response:
        """A document as JSON, or as a page for who prefers one, such as a browser."""
        if request.method != "GET" or not wants_html(request):
            return as_json(document)
        body = page_of(request, document, self._edge.base_url(request))
        return Response(body, 200, {**PRIVATE, **html.HEADERS}, "text/html; charset=utf-8")

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._edge.pool.run(work)

    def _api(self, request: Request) -> str:
        return f"{self._edge.base_url(request)}/ogcapi"


def _terms(order: Execute, request: Request, key: str) -> Terms:
    """`Cache-Control: no-cache` wants it made anew, as it does of any cache (RFC 9111, 5.2.1.4)."""
    anew = "no-cache" in request.headers.get("cache-control", "").lower()
    return Terms(key, order.subscriber, anew, answer={"raw": order.raw, "outputs": order.outputs})


def _check_outputs(process: Process, wanted: Mapping[str, bool]) -> None:
    known = [PRODUCTS] if process.result else list(process.outputs)
    for name, by_reference in wanted.items():
        if name not in known:
            raise Fault(
                Kind.INVALID, f"there is no output {name[:60]!r}; there are {', '.join(known)}", "outputs"
            )
        if by_reference and process.result:
            raise Fault(Kind.INVALID, "products are given by value", "outputs")


def _referred(addresses: Sequence[str]) -> Response:
    """Raw outputs that are all wanted by reference: no content, a link to each (18-062r2, requirement sync-raw-ref)."""
    response = Response(status_code=204, headers=PRIVATE)
    for address in addresses:
        response.headers.append("link", f'<{address}>; rel="item"')
    return response


def _bare(one: Given) -> Response:
    """An output as it is: a file, a text, or JSON."""
    if one.file is not None:
        return FileResponse(one.file, 200, PRIVATE, one.output.media_type, filename=one.output.file)
    if isinstance(one.value, str) and one.output.media_type.startswith("text/"):
        return Response(one.value, 200, PRIVATE, one.output.media_type)
    return as_json(one.value)


def as_json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document for one reader only."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, {**PRIVATE, **(headers or {})}, "application/json")


def _refused(fault: Fault) -> Response:
    status = reports.status(fault)
    if fault.kind is Kind.UNKNOWN_PRODUCT and fault.locator == "id":
        status = 404
    return refused(fault, status, reports.report(fault))


answered = answering(_refused)
"""A handler whose faults leave as their documents."""
