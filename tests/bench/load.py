# SPDX-License-Identifier: Apache-2.0
"""Sends requests over a few connections and measures what they cost the server; bounded in count and time."""

from __future__ import annotations

import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from peers import Server


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
    """Cycles through the queries from several connections for some seconds, after a warm-up."""
    _run(server, queries, 2, 1e9, warm)
    before, start = server.cpu_seconds(), time.perf_counter()
    times, sizes = _run(server, queries, connections, seconds, 100_000)
    wall = time.perf_counter() - start
    cpu = server.cpu_seconds() - before
    times.sort()
    return Cost(
        cpu / len(times) * 1_000,
        len(times) / wall,
        times[len(times) // 2] * 1_000,
        times[int(len(times) * 0.95)] * 1_000,
        statistics.mean(sizes) / 1_000,
    )


def once(server: Server, query: str) -> tuple[float, bytes]:
    """Seconds and body of one request."""
    start = time.perf_counter()
    body = _get(_connect(server), server, query)
    return time.perf_counter() - start, body


def _run(
    server: Server, queries: Sequence[str], connections: int, seconds: float, most: int
) -> tuple[list[float], list[int]]:
    counter, times, sizes = itertools.count(), [], []
    end = time.perf_counter() + seconds

    def work() -> None:
        connection = _connect(server)
        while time.perf_counter() < end:
            number = next(counter)
            if number >= most:
                return
            start = time.perf_counter()
            body = _get(connection, server, queries[number % len(queries)])
            times.append(time.perf_counter() - start)
            sizes.append(len(body))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, sizes


def _connect(server: Server) -> http.client.HTTPConnection:
    parts = urlsplit(server.address)
    assert parts.hostname == "127.0.0.1", "load goes to loopback only"
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)


def _get(connection: http.client.HTTPConnection, server: Server, query: str) -> bytes:
    connection.request("GET", f"{urlsplit(server.address).path}?{query}")
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
        )
    ):
        raise RuntimeError(f"{answer.status} {body[:300]!r}")
    return body
