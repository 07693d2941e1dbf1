# SPDX-License-Identifier: Apache-2.0
"""What an operator sees: one JSON line a request, and Prometheus metrics. Secrets in addresses are masked (THREATS D12)."""

from __future__ import annotations

import json
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.model.time import Micros
from processes.model import Board, Phase

_SECRET = re.compile(r"(?i)((?:token|key|access_token|password|api_key|_bearer)=)[^&]*")
_REQUESTS = Counter("hysope_requests_total", "Requests by door and status", ["door", "status"])
_SECONDS = Histogram(
    "hysope_request_seconds",
    "Seconds from request to the answer's last part, by door",
    ["door"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_DOORS = frozenset(
    {
        "wms", "cascade", "csw", "oai", "wmts", "wcs", "stac", "files", "sos", "sta", "series", "opensearch", "hub", "dcat", "resto2", "services", "titiler", "ogcapi",
        "hydroweb", "spaces", "stations", "properties", "products", "collections", "orders", "search", "health", "metrics", "static", "hysope.qlr",
    }
)  # fmt: skip
_WORDS = ("token", "key", "password", "_bearer")
"""One of these is in each name that `_SECRET` looks for."""


def _say(line: dict[str, object]) -> None:
    """A line to standard error. (By the logging module it took a tenth of a small tile.)"""
    sys.stderr.write(json.dumps(line) + "\n")


@lru_cache(1_000)
def _children(door: str, status: int) -> tuple[Counter, Histogram]:
    """The metrics of a door and a status; doors are a closed list."""
    return _REQUESTS.labels(door, str(status)), _SECONDS.labels(door)


def _masked(query: str) -> str:
    """A query without the values that open doors."""
    lower = query.lower()
    return _SECRET.sub(r"\1***", query) if any(word in lower for word in _WORDS) else query


def metrics_text() -> bytes:
    """All metrics, of all workers when there are several."""
    if values.ValueClass.__name__ == "MutexValue":
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def board_text(board: Board, at: Micros) -> bytes:
    """How production stands, as gauges: asked of the store, and so the same from each worker."""
    registry = CollectorRegistry()
    jobs = Gauge("hysope_jobs", "Unfinished jobs by phase", ["phase"], registry=registry)
    ended = Gauge(
        "hysope_jobs_ended_last_day", "Jobs that ended within a day, by phase", ["phase"], registry=registry
    )
    failed = Gauge(
        "hysope_jobs_failed_last_day",
        "Jobs that failed within a day, by class",
        ["error_class"],
        registry=registry,
    )
    oldest = Gauge(
        "hysope_oldest_waiting_job_seconds",
        "Since when the oldest job waits that no run has begun of",
        registry=registry,
    )
    for phase in Phase:
        (ended if phase.final else jobs).labels(phase.value).set(
            (board.finished if phase.final else board.unfinished).get(phase, 0)
        )
    for name, count in board.failures.items():
        failed.labels(name).set(count)
    alive = Gauge("hysope_supervisor_works", "Whether a supervisor holds its lease", registry=registry)
    alive.set(int(board.supervised))
    oldest.set((at - board.oldest_waiting) / 1e6 if board.oldest_waiting else 0)
    return generate_latest(registry)


def _inert(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """XML, some of which other centres wrote, never runs in a browser: neither scripts in it nor stylesheets that it names."""
    media = next((value for name, value in headers if name == b"content-type"), b"")
    return [(b"content-security-policy", b"default-src 'none'; sandbox")] if b"xml" in media else []


class AccessLog:
    """The outermost layer: counts, logs, adds the safety headers, and turns what nobody expected into a 500 with an incident number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status, size, noted = time.perf_counter(), 0, 0, False

        async def watched(message: Message) -> None:
            nonlocal status, size, noted
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    *_inert(message["headers"]),
                ]
            else:
                size += len(message.get("body", b""))
                if not message.get("more_body") and not noted:
                    # before the last byte: who has the answer finds it counted, whichever worker it asks for the metrics
                    noted = True
                    self._note(scope, status, size, time.perf_counter() - start, incident)
            await send(message)

        incident = ""
        try:
            await self._app(scope, receive, watched)
        except Exception:  # noqa: BLE001  the outermost edge: whatever it is, the client gets a number and the log the rest
            incident = secrets.token_hex(6)
            _say({"incident": incident, "trace": traceback.format_exc()})
            if not status:
                await _failed(watched, incident)
        if not noted:
            self._note(scope, status or 500, size, time.perf_counter() - start, incident)

    @staticmethod
    def _note(scope: Scope, status: int, size: int, seconds: float, incident: str) -> None:
        first = scope["path"].split("/", 2)[1]
        door = first if first in _DOORS else "other" if first else "home"
        counter, histogram = _children(door, status)
        counter.inc()
        histogram.observe(seconds)
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"), "method": scope["method"], "path": scope["path"],
            "query": _masked(scope["query_string"][:2_000].decode("latin-1")), "status": status, "bytes": size,
            "ms": round(seconds * 1_000, 1), **({"incident": incident} if incident else {}),
        }  # fmt: skip
        _say(line)


async def _failed(send: Send, incident: str) -> None:
    body = f"The server failed; the operator finds it under incident {incident}.\n".encode()
    await send(
        {
            "type": "http.response.start",
            "status": 500,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")],
        }
    )
    await send({"type": "http.response.body", "body": body})
