# SPDX-License-Identifier: Apache-2.0
"""`hysope serve` and `hysope demo`: from nothing to a map."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from catalog.generator.demo import demo_products
from config.settings import Settings
from hysope.commands.ingest import run_batch
from hysope.commands.progress import Progress
from hysope.wiring import wire_catalog, wire_ingest


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serves the store; with a folder, ingests what is in it first (originals stay where they are)."""
    if arguments.folder:
        plain = settings.ingest.model_copy(
            update={
                "policy": {name: "overview_sidecar" for name in _types(settings)}
                | dict(settings.ingest.policy)
            }
        )
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings.model_copy(update={"ingest": plain}), catalog)
        worker.repair()
        run_batch(worker, [arguments.folder])
        catalog.close()
    else:
        wire_catalog(settings).close()
    return _listen(settings, arguments.environment)


def demo(settings: Settings, arguments: argparse.Namespace) -> int:
    """Generates products, ingests them, and serves them."""
    settings.data.mkdir(parents=True, exist_ok=True)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.repair()
    done = settings.data / "demo-products"
    if not done.exists():
        made = Path(tempfile.mkdtemp(prefix="products-", dir=settings.data))
        products = list(demo_products(made))
        progress = Progress(len(products), "generate")
        for name, make in products:
            make()
            progress.step(name)
        progress.close()
        made.rename(done)
    run_batch(worker, [done])
    catalog.close()
    if arguments.no_serve:
        return 0
    return _listen(settings, arguments.environment)


def _types(settings: Settings) -> list[str]:
    catalog = wire_catalog(settings)
    names = list(catalog.registry.types)
    catalog.close()
    return names


def _listen(settings: Settings, environment: Mapping[str, str]) -> int:
    """Starts the workers; they read the same sources of settings again, with the flags as environment variables."""
    port = settings.server.port or _free_port(settings.server.host)
    os.environ.update({**environment, "HYSOPE_SERVER__PORT": str(port)})
    metrics = None
    if settings.server.workers > 1:
        metrics = tempfile.mkdtemp(prefix="hysope-metrics-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
    base = settings.server.public_url or f"http://{settings.server.host}:{port}"
    print(
        f"map page   {base}/\nWMS        {base}/wms\nQGIS       {base}/hysope.qlr  (drop this file on QGIS)",
        flush=True,
    )
    _write_qlr(settings, base)
    verbs: list[tuple[str, ...]] = [("supervisor",)] if settings.processes.supervisor == "embedded" else []
    verbs += [("harvest", "--watch")] if settings.fetched else []
    verbs += [("archive", "run")] if settings.tape else []
    helpers = [
        subprocess.Popen([sys.executable, "-m", "hysope", *verb, "--parent", str(os.getpid())])  # noqa: S603  (our own program)
        for verb in verbs
    ]
    try:
        uvicorn.run(
            "hysope.app:create", factory=True, host=settings.server.host, port=port, workers=settings.server.workers,
            access_log=False, log_level="warning", server_header=False, h11_max_incomplete_event_size=16_384, timeout_keep_alive=15,
        )  # fmt: skip
    except OSError as error:
        print(
            f"cannot listen on {settings.server.host}:{port}: {error.strerror}; give another port with --port",
            file=sys.stderr,
        )
        return 1
    finally:
        for helper in helpers:
            helper.terminate()
        for helper in helpers:
            helper.wait(10)
        if metrics:
            shutil.rmtree(metrics, ignore_errors=True)
    return 0


def _write_qlr(settings: Settings, base: str) -> None:
    from portal import qgis  # the map workers import it when they need it; here it is one call at the start

    catalog = wire_catalog(settings)
    path = (settings.data / "hysope.qlr").resolve()
    path.write_bytes(qgis.layer_definition(catalog, base, settings.limits.search_seconds))
    catalog.close()
    print(f".qlr file  {path}", flush=True)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
