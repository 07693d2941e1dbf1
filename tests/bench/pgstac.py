# SPDX-License-Identifier: Apache-2.0
"""stac-fastapi-pgstac (`.venv-pgstac`) with the very items that our own STAC API gives, beside it: searches a second, over one connection and over four.

pgstac does its work in PostgreSQL, so what is compared is requests a second of the whole, each with its server process and, of theirs, a cluster of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from load import measure, once
from peers import Server, free_port, wait_for
from support import postgres_cluster

BIN = Path(".venv-pgstac/bin").resolve()
_OPTIONS = {
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "random_page_cost": "1.1",
    "effective_cache_size": "4GB",
}
"""As pgstac's documentation advises for a database that fits into memory."""


def beside(size: int, ours: Server, folder: Path, questions: Sequence[tuple[str, list[str]]]) -> None:
    """The questions, asked of both in turn, over the items of ours; skipped where pgstac is not installed (make peers)."""
    if not (BIN / "pypgstac").is_file():
        print("pgstac is not there (make peers)", flush=True)
        return
    with postgres_cluster(_OPTIONS) as cluster, _loaded(cluster.url, size, ours, folder) as theirs:
        for name, queries in questions:
            mine = replace(ours, address=ours.address.replace("/wms", "/stac/search"))
            alike(name, mine, theirs, queries[:5])
            for connections in (1, 4):
                a = measure(mine, queries, connections=connections, seconds=6, warm=40)
                b = measure(theirs, queries, connections=connections, seconds=6, warm=40)
                print(
                    f"{size:9,} STAC {name}, {connections} connections: {a.per_second:.1f} | pgstac {b.per_second:.1f} req/s, ratio {a.per_second / b.per_second:.2f}; p95 {a.p95_ms:.1f} | {b.p95_ms:.1f} ms",
                    flush=True,
                )


def alike(name: str, ours: Server, theirs: Server, queries: Sequence[str]) -> None:
    """Both find the same items, of one moment in any order, or the numbers mean nothing."""
    for query in queries:
        found = [sorted(one["properties"]["datetime"] for one in json.loads(once(server, query)[1])["features"]) for server in (ours, theirs)]  # fmt: skip
        if found[0] != found[1]:
            raise RuntimeError(f"{name}: {query}: {found[0]} | {found[1]}")


@contextmanager
def _loaded(url: str, size: int, ours: Server, folder: Path) -> Iterator[Server]:
    parts, port = urlsplit(url), free_port()
    environment = {
        **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(parts.port), "PGUSER": str(parts.username), "PGPASSWORD": "none", "PGDATABASE": "postgres",
        "DB_MIN_CONN_SIZE": "1", "DB_MAX_CONN_SIZE": "10",
    }  # fmt: skip
    items, collection = _documents(size, ours, folder)
    start = time.perf_counter()
    for words in (("migrate",), ("load", "collections", str(collection)), ("load", "items", str(items))):
        subprocess.run([BIN / "pypgstac", *words], env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["psql", "-q", "-c", "VACUUM ANALYZE"], env=environment, check=True)
    print(f"{size:9,} items in pgstac: {size / (time.perf_counter() - start):.0f} a second", flush=True)
    command = [BIN / "uvicorn", "--factory", "stac_fastapi.pgstac.app:create_app", "--port", str(port), "--log-level", "error", "--no-access-log"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/_mgmt/ping")
        yield Server(f"http://127.0.0.1:{port}/search", (process.pid,))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)


def _documents(size: int, ours: Server, folder: Path) -> tuple[Path, Path]:
    """Our items a line each, and their collection, as files; written once."""
    home = ours.address.removesuffix("/wms")
    items, collection = folder / "items.ndjson", folder / "collection.json"
    if not items.is_file():
        with urllib.request.urlopen(f"{home}/stac/collections/sentinel2-l2a") as answer:
            collection.write_bytes(answer.read())
        part = items.with_suffix(".part")
        with part.open("w") as out:
            address = f"{home}/stac/search?limit=1000"
            while address:
                with urllib.request.urlopen(address) as answer:
                    page = json.load(answer)
                for one in page["features"]:
                    out.write(json.dumps(one) + "\n")
                address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        part.rename(items)
    if (count := sum(1 for _ in items.open())) != size:
        raise RuntimeError(f"{count} items instead of {size}")
    return items, collection
