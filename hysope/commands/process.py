# SPDX-License-Identifier: Apache-2.0
"""`hysope process list`, `hysope process run ID`: orders from the machine itself, followed to their end."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR
from catalog.service import Catalog
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_supervisor
from processes.model import Job, Phase, Terms
from processes.service import Processes

_LOOK_SECONDS = 0.3


def process(settings: Settings, arguments: argparse.Namespace) -> int:
    """What can be run here, or one run of it."""
    catalog = wire_catalog(settings)
    try:
        processes = Processes(catalog, settings)
        if arguments.what == "list":
            for one in processes.offered():
                print(f"{one.id:20s} {one.title.en}")
            return 0
        return _run(settings, catalog, processes, arguments)
    except (Fault, ValueError, OSError) as error:
        print(error.text if isinstance(error, Fault) else error, file=sys.stderr)
        return 1
    finally:
        catalog.close()


def _run(settings: Settings, catalog: Catalog, processes: Processes, arguments: argparse.Namespace) -> int:
    job = processes.execute(arguments.process, _inputs(arguments), OPERATOR, Terms(anew=arguments.anew))
    print(f"job {job.id}")
    with _supervised(settings, catalog, processes):
        job = _followed(processes, job)
    if job.phase is not Phase.SUCCESSFUL:
        print(
            f"{job.phase.value}: {job.error or job.message}\n{processes.log(job.id, OPERATOR)}",
            file=sys.stderr,
        )
        return 1
    for product in processes.results(job.id, OPERATOR):
        print(f"product {product.id}@{product.version}")
    if processes.process(job.process).outputs:
        for given in processes.outputs(job.id, OPERATOR):
            if given.file is None:
                print(f"{given.name}: {json.dumps(given.value, ensure_ascii=False)}")
                continue
            arguments.out.mkdir(parents=True, exist_ok=True)
            print(f"{given.name}: {shutil.copy(given.file, arguments.out / given.file.name)}")
    return 0


def _inputs(arguments: argparse.Namespace) -> dict[str, Any]:
    """Those of a file, and those of the command line, which are JSON where they can be read as such, else text."""
    found: dict[str, Any] = {}
    if arguments.inputs:
        found = json.loads(arguments.inputs.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"{arguments.inputs}: the inputs are an object")
    for one in arguments.input or ():
        name, sign, value = one.partition("=")
        if not sign:
            raise ValueError(f"{one!r}: an input is NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


@contextmanager
def _supervised(settings: Settings, catalog: Catalog, processes: Processes) -> Iterator[None]:
    """With a supervisor: the one that works, or one of our own, which gives its lease back."""
    stop = threading.Event()
    supervisor = threading.Thread(target=wire_supervisor(settings, catalog, processes).run, args=(stop,))
    supervisor.start()
    try:
        yield
    finally:
        stop.set()
        processes.bell.ring()
        supervisor.join()


def _followed(processes: Processes, job: Job) -> Job:
    said = ""
    while not job.phase.final:
        time.sleep(_LOOK_SECONDS)
        job = processes.job(job.id, OPERATOR)
        told = f"{job.progress:3d} % {job.message}"
        if told != said:
            print(told, file=sys.stderr)
            said = told
    return job
