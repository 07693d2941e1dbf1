# SPDX-License-Identifier: Apache-2.0
"""A real server process over the generated archive, for real clients."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role


@pytest.fixture(scope="session")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `hysope serve` over the data of `world`."""
    yield from _serve(world, tmp_path_factory.mktemp("server"), "limits: {harvest_page: 4}\n")


@pytest.fixture(scope="session")
def guarded_server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The same, with the land cover for the group `land`; and a key of a member."""
    _, key = world.services.catalog.keys.create(KeyRequest("bob", Role.USER, ("land",)), OPERATOR)
    for address in _serve(world, tmp_path_factory.mktemp("guarded-server"), "access: {oso-23: [land]}\n"):
        yield address, key


@pytest.fixture(scope="session")
def hydro_server(hydro: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `hysope serve` over stations."""
    yield from _serve(hydro, tmp_path_factory.mktemp("hydro-server"), "")


def _serve(world: World, folder: Path, configuration: str) -> Iterator[str]:
    log = folder / "log"
    (folder / "hysope.yaml").write_text(configuration)
    with log.open("w") as sink:
        command = [sys.executable, "-m", "hysope", "serve", "--data", str(world.settings.data), "--port", "0"]
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        yield _address(log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        found = re.search(r"WMS\s+(http://\S+)/wms", log.read_text())
        if found:
            try:
                with urllib.request.urlopen(f"{found[1]}/health/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return found[1]
            except OSError:
                pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
