# SPDX-License-Identifier: Apache-2.0
"""A real server process, from its start to its end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_S = 120


@dataclass(frozen=True)
class Server:
    """Where it answers, and its process."""

    address: str
    pid: int


@contextmanager
def running(command: Sequence[str], folder: Path, **environment: str) -> Iterator[Server]:
    """`hysope COMMAND --port 0` in a folder, which gets its log, until the block ends. Raises RuntimeError where it does not start."""
    log = folder / "log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "hysope", *command, "--port", "0"],
            stdout=sink, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip
    try:
        yield Server(_address(log, process), process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"WMS\s+(http://\S+)/wms", log.read_text())
        if found:
            try:
                with urllib.request.urlopen(f"{found[1]}/health/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return found[1]
            except urllib.error.HTTPError as early:
                early.close()
                time.sleep(0.1)
            except OSError:
                pass
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-3_000:]}")
