# SPDX-License-Identifier: Apache-2.0
"""The other legs: GetRecords of 10,000 records, a long series over SOS, and how long an order takes to become code on Slurm."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

from load import measure
from peers import free_port, hysope, wait_for
from support import SLURM_PATH, free_block, slurm_configuration

from catalog.generator.hydroweb import River, write_river
from catalog.generator.muscate import Tile, write_l2a
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest

ROOT = Path("bench-data").resolve()
SMALL = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 200)
PROBE = """
id: probe
version: "1"
title: {en: probe, fr: sonde}
abstract: {en: says when it runs, fr: dit quand elle tourne}
selection: {title: {en: products, fr: produits}, collections: [sentinel2-l2a], bands: [B3]}
result: {title: {en: none, fr: rien}, type: water-mask, prefix: PROBE_}
run: {command: [sh, -c, 'date +"code runs at %s.%N"; exit 1']}
resources: {memory_mb: 300}
software: sh
"""


def records() -> None:
    """GetRecords over 10,000 products, each with its record (made by the part `many`)."""
    data = ROOT / "many10000"
    if not (data / "hysope.db").is_file():
        print("run the part `many` first: it makes 10,000 products")
        return
    catalog = wire_catalog(Settings(data=data))
    catalog.reindex(OPERATOR)
    catalog.close()
    base = "service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&resulttype=results&elementsetname=summary&maxrecords=10"
    cases = {
        "all": "", "text": "&q=reflectance", "box": "&bbox=0.4,44.1,0.6,44.3", "box and text": "&bbox=0.4,44.1,0.6,44.3&q=reflectance",
        "nothing": "&q=glacier", "last page": "&startposition=9990",
    }  # fmt: skip
    with hysope(data, workers=1) as server:
        door = replace(server, address=server.address.replace("/wms", "/csw"))
        for name, more in cases.items():
            cost = measure(door, [base + more], connections=1, seconds=3)
            print(
                f"GetRecords {name:13s} {cost.p50_ms:6.1f} ms (p95 {cost.p95_ms:.1f}), {cost.kilobytes:.0f} kB; asked: below 60 ms",
                flush=True,
            )


def search() -> None:
    """The same question through the other catalogue doors, over the same 10,000 products."""
    data = ROOT / "many10000"
    if not (data / "hysope.db").is_file():
        print("run the part `many` first: it makes 10,000 products")
        return
    line = quote('{"type":"LineString","coordinates":[[0.4,44.1],[0.6,44.3]]}')
    cql2 = quote(
        "eo:cloud_cover < 20 AND S_INTERSECTS(geometry, POLYGON((0.4 44.1,0.6 44.1,0.6 44.3,0.4 44.1)))"
    )
    month = "datetime=2023-01-01/.."
    cases = {
        "STAC, a page": ("/stac/search", "limit=10"), "STAC, box, month, cloud": ("/stac/search", f"bbox=0.4,44.1,0.6,44.3&{month}&filter={quote('eo:cloud_cover < 20')}"),
        "STAC, CQL2 with a polygon": ("/stac/search", f"filter={cql2}"), "STAC, a line": ("/stac/search", f"intersects={line}"),
        "STAC, French text": ("/stac/search", "q=r%C3%A9flectance"), "Features, a page of 100": ("/ogcapi/collections/sentinel2-l2a/items", "limit=100"),
        "Records, French text": ("/ogcapi/collections/metadata/items", "q=r%C3%A9flectance"), "OpenSearch, text and box": ("/opensearch/search", "q=reflectance&bbox=0.4,44.1,0.6,44.3"),
        "OAI-PMH, a page of 100": ("/oai", "verb=ListRecords&metadataPrefix=oai_dc"),
    }  # fmt: skip
    with hysope(data, workers=1) as server:
        for name, (path, query) in cases.items():
            door = replace(server, address=server.address.replace("/wms", path))
            cost = measure(door, [query], connections=1, seconds=3)
            print(
                f"{name:26s} {cost.p50_ms:6.1f} ms (p95 {cost.p95_ms:.1f}), {cost.kilobytes:.0f} kB",
                flush=True,
            )


def series() -> None:
    """A series of 100,000 points as WaterML and O&M, and one of 1,000: time, and the server's memory afterwards."""
    data = ROOT / "series"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    settings = Settings(data=data / "store")
    for river, points in (
        (River("Long", "Long", 1, 1.0, 47.0, 1), 100_000),
        (River("Short", "Short", 1, 1.5, 47.0, 2), 1_000),
    ):
        write_river(data, river, points, step=timedelta(minutes=40))
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    start = time.perf_counter()
    worker.run(worker.find(sorted(data.glob("*.txt"))))
    print(f"ingest of 101,000 points: {time.perf_counter() - start:.1f} s")
    catalog.close()
    with hysope(settings.data, workers=1) as server:
        for station in ("R_SHORT_SHORT_KM0001", "R_LONG_LONG_KM0001"):
            for form in ("waterml/2.0", "om/2.0"):
                before = server.largest_mb()
                start = time.perf_counter()
                address = (
                    server.address.replace("/wms", "/sos")
                    + f"?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest={station}&responseFormat=http://www.opengis.net/{form}"
                )
                size = most = 0
                with urllib.request.urlopen(address, timeout=120) as answer:
                    while piece := answer.read(1 << 20):
                        size += len(piece)
                        most = max(most, server.largest_mb())
                print(
                    f"{station} {form}: {size / 1e6:.1f} MB in {time.perf_counter() - start:.2f} s; server {before:.0f} MB before, at most {most:.0f} MB",
                    flush=True,
                )


@contextmanager
def slurm(home: Path) -> Iterator[Path]:
    """An own Slurm of two nodes on this machine."""
    shutil.rmtree(home, ignore_errors=True)
    for name in ("state", "spool", "run", "log"):
        (home / name).mkdir(parents=True)
    conf = home / "slurm.conf"
    conf.write_text(slurm_configuration(home, free_block(4)))
    environment = {"PATH": SLURM_PATH, "SLURM_CONF": str(conf), "LANG": "C.UTF-8"}
    for command in (["slurmctld", "-c"], ["slurmd", "-N", "n1"], ["slurmd", "-N", "n2"]):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    time.sleep(3)
    try:
        yield conf
    finally:
        for pid in [*(home / "run").glob("slurmd-*.pid"), home / "run" / "slurmctld.pid"]:
            os.kill(int(pid.read_text()), signal.SIGTERM)


def jobs() -> None:
    """From the POST to the first line of the user's program on Slurm; web server and supervisor are processes of their own."""
    home = ROOT / "jobs"
    shutil.rmtree(home, ignore_errors=True)
    (home / "own" / "chains").mkdir(parents=True)
    (home / "own" / "chains" / "probe.yaml").write_text(PROBE)
    with slurm(home / "slurm") as conf:
        port = free_port()
        document = {
            "data": str(home / "data"), "server": {"port": port}, "product_types": [str(home / "own")],
            "processes": {"executor": "slurm", "supervisor": "separate", "slurm_conf": str(conf), "path": SLURM_PATH},
        }  # fmt: skip
        (home / "hysope.yaml").write_text(json.dumps(document))
        settings = Settings.model_validate(document)
        write_l2a(home / "inbox", SMALL, date(2023, 4, 14), 0.1)
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings, catalog)
        worker.run(worker.find([home / "inbox"]))
        _, key = catalog.keys.create(KeyRequest("bench", Role.USER), OPERATOR)
        catalog.close()
        command = [sys.executable, "-m", "hysope"]
        running = [
            subprocess.Popen(
                [*command, verb, "--config", str(home / "hysope.yaml")],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for verb in ("serve", "supervisor")
        ]
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready")
            time.sleep(1)
            replies, starts = zip(
                *(_order(f"http://127.0.0.1:{port}/ogcapi", key) for _ in range(15)), strict=True
            )
        finally:
            for process in running:
                process.terminate()
                process.wait(20)
    print(
        f"POST answered after {statistics.median(replies) * 1e3:.0f} ms; code on Slurm after {statistics.median(starts):.2f} s median, "
        f"{max(starts):.2f} s at most, 15 orders one by one; asked: below 1.5 s median"
    )


def _order(api: str, key: str) -> tuple[float, float]:
    """Seconds until the order was answered, and until its code ran."""
    headers = {"X-API-Key": key, "Prefer": "respond-async"}
    body = json.dumps({"inputs": {"products": {"collection": "sentinel2-l2a"}}}).encode()
    start, clock = time.perf_counter(), time.time()
    with urllib.request.urlopen(
        urllib.request.Request(f"{api}/processes/probe/execution", body, headers), timeout=20
    ) as answer:
        job = json.load(answer)["jobID"]
    reply = time.perf_counter() - start
    while True:
        time.sleep(0.2)
        with urllib.request.urlopen(
            urllib.request.Request(f"{api}/jobs/{job}/log", headers=headers), timeout=20
        ) as answer:
            found = re.search(r"code runs at ([0-9.]+)", answer.read().decode())
        if found:
            return reply, float(found[1]) - clock
