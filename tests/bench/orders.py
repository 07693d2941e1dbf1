# SPDX-License-Identifier: Apache-2.0
"""The queue of orders, on this machine: a thousand at once, a short one waited for, the newest of a hundred thousand, how soon one is gone, and what maps notice of eight that run."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from load import measure
from peers import Server, free_port, wait_for
from sqlalchemy import text

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import Settings
from hysope.wiring import wire_catalog

ROOT = Path("bench-data").resolve()


def orders() -> None:
    """All of it, over HTTP, with the local executor and SQLite."""
    home = ROOT / "queue"
    shutil.rmtree(home, ignore_errors=True)
    (home / "own" / "chains").mkdir(parents=True)
    port = free_port()
    document: dict[str, Any] = {
        "data": str(home / "data"), "server": {"port": port, "tile_cache_mb": 0, "tile_disk_mb": 0},
        "processes": {"supervisor": "separate", "slots": 8, "jobs_of_user": 5_000},
    }  # fmt: skip
    (home / "hysope.yaml").write_text(json.dumps(document))
    settings = Settings.model_validate(document)
    if (ROOT / "data" / "hysope.db").is_file():  # the maps of the part `maps`
        shutil.copytree(ROOT / "data", home / "data", symlinks=True, copy_function=_linked)
    catalog = wire_catalog(settings)
    _, key = catalog.keys.create(KeyRequest("bench", Role.USER), OPERATOR)
    command = [sys.executable, "-m", "hysope"]
    running = [
        subprocess.Popen(
            [*command, verb, "--config", str(home / "hysope.yaml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for verb in ("serve", "supervisor")
    ]  # fmt: skip
    api = f"http://127.0.0.1:{port}/ogcapi"
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready")
        time.sleep(1)
        _short(api, key)
        _gone(api, key)
        _maps(api, key, Server(f"http://127.0.0.1:{port}/wms", (running[0].pid,)))
        _thousand(api, key)
        _newest(catalog, api, key)
    finally:
        for process in running:
            process.terminate()
            process.wait(30)
        catalog.close()
        shutil.rmtree(home, ignore_errors=True)


def _linked(source: str, target: str) -> None:
    """Rasters are linked, the database is copied."""
    if source.endswith((".db", ".db-wal", ".db-shm")):
        shutil.copy2(source, target)
    else:
        Path(target).hardlink_to(source)


def _ask(url: str, key: str, body: Any = None, method: str | None = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"X-API-Key": key, **headers}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _order(api: str, key: str, prefer: str = "respond-async", **inputs: Any) -> Any:
    return _ask(f"{api}/processes/echo/execution", key, {"inputs": {"message": "x", **inputs}}, Prefer=prefer)


def _short(api: str, key: str) -> None:
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        _order(api, key, "wait=20")
        times.append(time.perf_counter() - begun)
    print(f"echo, waited for: {statistics.median(times) * 1e3:.0f} ms median (asked: 30 ms)", flush=True)


def _gone(api: str, key: str) -> None:
    times = []
    for _ in range(5):
        job = _order(api, key, pause=60)["jobID"]
        while _ask(f"{api}/jobs/{job}", key)["status"] != "running":
            time.sleep(0.05)
        (runner,) = _runners(job)
        begun = time.perf_counter()
        _ask(f"{api}/jobs/{job}", key, method="DELETE")
        while runner.is_running() and runner.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        times.append(time.perf_counter() - begun)
    print(f"a dismissed job's process is gone after {statistics.median(times):.2f} s median, {max(times):.2f} s at most (asked: 1 s)", flush=True)  # fmt: skip


def _runners(job: str) -> list[psutil.Process]:
    return [
        one
        for one in psutil.process_iter(["cmdline"])
        if "processes.runner" in (words := " ".join(one.info["cmdline"] or [])) and job in words
    ]


def _maps(api: str, key: str, server: Server) -> None:
    """Statistics over whole scenes keep eight runs busy meanwhile."""
    layer = "service=WMS&version=1.3.0&request=GetMap&layers=sentinel2-l2a&styles=&crs=CRS:84&width=512&height=512&format=image/png"
    queries = [
        f"{layer}&bbox={0.55 + n / 100},{44.0 + n / 100},{0.85 + n / 100},{44.2 + n / 100}" for n in range(12)
    ]
    alone = measure(server, queries, connections=2, seconds=10)
    found = _ask(f"{api.removesuffix('/ogcapi')}/stac/search?collections=sentinel2-l2a&limit=1", key)[
        "features"
    ]
    if not found:
        print("maps beside eight jobs: run the part `maps` first")
        return
    west, south, east, north = found[0]["bbox"]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    zones = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        ]
        * 6,
    }
    jobs = [
        _ask(
            f"{api}/processes/zonal-statistics/execution", key, {"inputs": {"products": [found[0]["id"]], "band": "B4", "polygons": zones, "classes": False}},
            Prefer="respond-async", **{"Cache-Control": "no-cache"},
        )["jobID"]
        for _ in range(8)
    ]  # fmt: skip
    time.sleep(2)
    beside = measure(server, queries, connections=2, seconds=10)
    states = [_ask(f"{api}/jobs/{job}", key)["status"] for job in jobs]
    print(
        f"maps: p95 {alone.p95_ms:.0f} ms alone, {beside.p95_ms:.0f} ms beside 8 jobs: {beside.p95_ms / alone.p95_ms:.2f} times (asked: 1.5); jobs then {', '.join(sorted(set(states)))}", flush=True
    )  # fmt: skip
    for job in jobs:
        _ask(f"{api}/jobs/{job}", key, method="DELETE")
    time.sleep(2)


def _thousand(api: str, key: str) -> None:
    begun, times = time.perf_counter(), []

    def one(_: int) -> None:
        start = time.perf_counter()
        _order(api, key)
        times.append(time.perf_counter() - start)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(1_000)))
    accepted = time.perf_counter() - begun
    while _ask(f"{api}/jobs?status=accepted,running&limit=1", key)["jobs"]:
        time.sleep(0.5)
    print(
        f"1,000 orders: accepted {1_000 / accepted:.0f} a second (asked: 100), {statistics.median(times) * 1e3:.0f} ms each; all done after {time.perf_counter() - begun:.0f} s", flush=True
    )  # fmt: skip


def _newest(catalog: Any, api: str, key: str) -> None:
    with catalog.database.writing() as connection:
        columns = [row[1] for row in connection.execute(text("PRAGMA table_info(job)"))]
        rest = ", ".join(name for name in columns if name != "id")
        connection.execute(
            text(
                f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) INSERT INTO job (id, {rest}) SELECT 'many-' || c.n || '-' || id, {rest} FROM job, c WHERE phase = 'successful' LIMIT 100000"
            )
        )
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        found = _ask(f"{api}/jobs?limit=20", key)["jobs"]
        times.append(time.perf_counter() - begun)
    assert len(found) == 20
    print(
        f"the newest 20 of 100,000 jobs: {statistics.median(times) * 1e3:.1f} ms (asked: 10 ms)", flush=True
    )
