# SPDX-License-Identifier: Apache-2.0
"""An S3 server for tests and benchmarks, moto's in a process of its own, and a way to it that is as slow as a network and counts.

(rclone's answers a range with 200 instead of 206 in all its versions, which neither GDAL nor obstore takes.)
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MOTO = Path(__file__).parents[1] / ".venv-clients" / "bin" / "moto_server"
KEY, SECRET = "hysope-key", "hysope-secret-of-tests"
BUCKET = "archive"


@contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """A server with one empty bucket; its address."""
    port = _free()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with log.open("w") as sink:
        process = subprocess.Popen(
            [str(MOTO), "-H", "127.0.0.1", "-p", str(port)], stdout=sink, stderr=sink, env=environment
        )
    try:
        _wait(port)
        address = f"http://127.0.0.1:{port}"
        request = urllib.request.Request(f"{address}/{BUCKET}", method="PUT")
        request.add_header(
            "Authorization", f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("moto did not start")


def credentials(path: Path) -> Path:
    """The file with the key, as AWS's tools have it."""
    path.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n", "utf-8")
    return path


@dataclass
class Way:
    """A proxy: each piece toward the server waits; requests are counted."""

    address: str = ""
    requests: list[str] = field(default_factory=list)


@contextmanager
def slow_way(server: str, seconds: float) -> Iterator[Way]:
    """The same server, so many seconds away."""
    host, port = server.removeprefix("http://").split(":")
    way, loop = Way(), asyncio.new_event_loop()
    opened: set[asyncio.WriteTransport] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))

        async def toward() -> None:
            while piece := await reader.read(1 << 16):
                if piece.split(b" ", 1)[0] in (b"GET", b"HEAD", b"PUT", b"POST", b"DELETE"):
                    way.requests.append(piece.split(b"\r\n", 1)[0].decode("latin-1"))
                await asyncio.sleep(seconds)
                back.write(piece)
                await back.drain()

        async def fro() -> None:
            while piece := await there.read(1 << 18):
                writer.write(piece)
                await writer.drain()
            writer.close()

        opened.update((back.transport, writer.transport))
        await asyncio.gather(toward(), fro(), return_exceptions=True)
        for one in (back.transport, writer.transport):
            one.abort()
            opened.discard(one)

    started = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    way.address = f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        started.close()
        loop.run_until_complete(_ended(opened))
        loop.close()


async def _ended(opened: set[asyncio.WriteTransport]) -> None:
    """Every connection is over and its sockets are closed, so that none is found open by a test that comes later."""
    for one in opened:
        one.abort()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
    await asyncio.sleep(0)  # a transport closes its socket in the step that follows its abort


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
