# SPDX-License-Identifier: Apache-2.0
"""Sends requests over a few connections and measures what they cost the server; bounded in count and time.

By wrk where it is installed, since a client in Python takes a core from the servers; each query is asked once before, and its answer looked at.
"""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

from peers import Server

_LOOKED_AT = 200
_SCRIPT = """
local queries = {}
%s
local at = -1
request = function()
  at = (at + 1) %% %d
  return wrk.format("GET", queries[at])
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d %%f %%f\\n", summary.requests, e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(95)))
end
"""


@dataclass(frozen=True)
class Cost:
    """What one case cost."""

    cpu_ms: float
    per_second: float
    p50_ms: float
    p95_ms: float
    kilobytes: float


def measure(
    server: Server, queries: Sequence[str], *, connections: int = 2, seconds: float = 5.0, warm: int = 24
) -> Cost:
    """Cycles through the queries from several connections for some seconds, after a warm-up, unless that is 0."""
    _, sizes = _run(server, queries, 2, 1e9, max(warm, min(len(queries), _LOOKED_AT)) if warm else 2)
    before, start = server.cpu_seconds(), time.perf_counter()
    if shutil.which("wrk"):
        count, p50, p95 = _wrk(server, queries, connections, seconds)
    else:
        times = sorted(_run(server, queries, connections, seconds, 100_000)[0])
        count, p50, p95 = len(times), times[len(times) // 2] * 1_000, times[int(len(times) * 0.95)] * 1_000
    wall, cpu = time.perf_counter() - start, server.cpu_seconds() - before
    return Cost(cpu / count * 1_000, count / wall, p50, p95, statistics.mean(sizes) / 1_000)


def alternately(
    asked: Sequence[tuple[Server, Sequence[str]]], *, connections: int, rounds: int = 4, seconds: float = 2.0
) -> list[Cost]:
    """What each server costs, in turns, so that a machine whose speed changes changes it for all; the medians of the rounds."""
    found: list[list[Cost]] = [[] for _ in asked]
    for turn in range(rounds):
        for number, (server, queries) in enumerate(asked):
            warm = 0 if turn else 24
            found[number].append(
                measure(server, queries, connections=connections, seconds=seconds, warm=warm)
            )
    middle = [
        Cost(*(statistics.median(getattr(cost, one.name) for cost in costs) for one in fields(Cost)))
        for costs in found
    ]
    return [
        replace(one, kilobytes=costs[0].kilobytes) for one, costs in zip(middle, found, strict=True)
    ]  # the first warm-up looked at every answer


def _wrk(
    server: Server, queries: Sequence[str], connections: int, seconds: float
) -> tuple[int, float, float]:
    """How many answers came, and the 50th and 95th of 100 by their milliseconds."""
    parts = urlsplit(server.address)
    lines = "\n".join(
        f"queries[{number}] = {json.dumps(_path(server, query))}" for number, query in enumerate(queries)
    )
    script = _SCRIPT % (lines, len(queries))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "60s", "-s", file.name]
        said = subprocess.run(
            [*command, f"http://{parts.netloc}/"], capture_output=True, text=True, check=True
        ).stdout
    count, bad, p50, p95 = (float(one) for one in said.split("RESULT ")[1].split()[:4])
    if bad:
        raise RuntimeError(f"{bad:.0f} of {count:.0f} answers were errors")
    return int(count), p50 / 1_000, p95 / 1_000


def once(server: Server, query: str) -> tuple[float, bytes]:
    """Seconds and body of one request."""
    start = time.perf_counter()
    body = _get(_connect(server), server, query)
    return time.perf_counter() - start, body


def _run(
    server: Server, queries: Sequence[str], connections: int, seconds: float, most: int
) -> tuple[list[float], list[int]]:
    counter, times, sizes, errors = itertools.count(), [], [], []
    end = time.perf_counter() + seconds

    def work() -> None:
        connection = _connect(server)
        while time.perf_counter() < end:
            number = next(counter)
            if number >= most:
                return
            start = time.perf_counter()
            try:
                body = _get(connection, server, queries[number % len(queries)])
            except RuntimeError as error:
                errors.append(error)
                return
            times.append(time.perf_counter() - start)
            sizes.append(len(body))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return times, sizes


def _connect(server: Server) -> http.client.HTTPConnection:
    parts = urlsplit(server.address)
    assert parts.hostname == "127.0.0.1", "load goes to loopback only"
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)


def _path(server: Server, query: str) -> str:
    """A query of the server's door; one that begins with a stroke is a path of its own."""
    return query if query.startswith("/") else f"{urlsplit(server.address).path}?{query}"


def _get(connection: http.client.HTTPConnection, server: Server, query: str) -> bytes:
    connection.request("GET", _path(server, query))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or not answer.getheader("Content-Type", "").startswith(
        (
            "image/",
            "text/xml",
            "text/csv",
            "application/json",
            "application/xml",
            "application/geo+json",
            "application/atom+xml",
            "application/prs.coverage+json",
            "application/vnd.mapbox-vector-tile",
            "application/vnd.ogc.wms_xml",
        )
    ):
        raise RuntimeError(f"{query}: {answer.status} {body[:300]!r}")
    return body
