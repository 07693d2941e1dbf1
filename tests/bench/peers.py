# SPDX-License-Identifier: Apache-2.0
"""Starts the servers that are compared, on loopback, with 2 workers each: Hysope; MapServer 8 and MapCache (Debian) behind spawn-fcgi and nginx; titiler and MapProxy."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

CACHE_MB = "128"
NEEDED = {
    "/usr/lib/cgi-bin/mapserv": "cgi-mapserver",
    "/usr/bin/spawn-fcgi": "spawn-fcgi",
    "/usr/sbin/nginx": "nginx-light",
    "/usr/bin/gdaltindex": "gdal-bin",
    "/usr/bin/gdalbuildvrt": "gdal-bin",
}


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, and the processes whose time counts."""

    address: str
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """User and system time of its workers so far."""
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in self.pids)

    def largest_mb(self) -> float:
        """Resident memory of its largest worker."""
        return max(psutil.Process(pid).memory_info().rss for pid in self.pids) / 1e6


@contextmanager
def hysope(
    data: Path,
    workers: int = 2,
    types: Path | None = None,
    *,
    caches: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """`hysope serve`, with its pictures kept nowhere, unless it is said, so that every request is drawn, and its own cache of pixels (72 MB, the others' has 128)."""
    port = free_port()
    environment = {
        **os.environ,
        **(environment or {}),
        **({"HYSOPE_PRODUCT_TYPES": f"[{types}]"} if types else {}),
        **({} if caches else {"HYSOPE_SERVER__TILE_CACHE_MB": "0", "HYSOPE_SERVER__TILE_DISK_MB": "0"}),
        "HYSOPE_SERVER__THREADS": "2",
    }
    command = [
        sys.executable,
        "-m",
        "hysope",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health/ready")
        time.sleep(1.0)
        children = psutil.Process(process.pid).children(recursive=True)
        workers_pids = [child.pid for child in children if "spawn_main" in _command(child)]
        yield Server(f"{address}/wms", tuple(workers_pids or [process.pid]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _command(process: psutil.Process) -> str:
    """Its command line; none of one that has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


@contextmanager
def mapserver(folder: Path, mapfile: str, workers: int = 2) -> Iterator[Server]:
    """mapserv under spawn-fcgi."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.map").write_text(mapfile)
    (folder / "mapserver.conf").write_text(
        f'CONFIG\n  ENV\n    MS_MAP_PATTERN "^{folder}/.*$"\n    MS_MAPFILE "{folder}/bench.map"\n  END\nEND\n'
    )
    environment = {
        "MAPSERVER_CONFIG_FILE": str(folder / "mapserver.conf"),
        "MS_MAPFILE": str(folder / "bench.map"),
        "GDAL_CACHEMAX": CACHE_MB,
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    }
    asked = "?SERVICE=WMS&REQUEST=GetCapabilities"
    with _fcgi(folder, "/usr/lib/cgi-bin/mapserv", environment, "/ms", asked, workers) as server:
        yield server


@contextmanager
def mapcache(folder: Path, config: str, workers: int = 2) -> Iterator[Server]:
    """MapCache under spawn-fcgi, its tiles in files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapcache.xml").write_text(config)
    environment = {"MAPCACHE_CONFIG_FILE": str(folder / "mapcache.xml")}
    asked = "/wmts/1.0.0/WMTSCapabilities.xml"
    with _fcgi(folder, "/usr/lib/cgi-bin/mapcache", environment, "/mc", asked, workers) as server:
        yield server


@contextmanager
def _fcgi(
    folder: Path, program: str, settings: dict[str, str], door: str, asked: str, workers: int
) -> Iterator[Server]:
    """A FastCGI program behind nginx, which is not counted: that flatters the program."""
    sock, port = folder / "fcgi.sock", free_port()
    sock.unlink(missing_ok=True)
    environment = {**os.environ, **settings}
    environment.pop("GDAL_SKIP", None)
    command = ["spawn-fcgi", "-s", str(sock), "-M", "0666", "-F", str(workers), "--", program]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    pids = tuple(int(found) for found in re.findall(r"PID: (\d+)", said))
    (folder / "nginx.conf").write_text(
        f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; events {{ worker_connections 256; }}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np; fastcgi_temp_path {folder}/nf; uwsgi_temp_path {folder}/nu; scgi_temp_path {folder}/ns;\n"
        f"upstream program {{ server unix:{sock}; }}\n"
        f"server {{ listen 127.0.0.1:{port}; location {door} {{ include /etc/nginx/fastcgi_params; fastcgi_split_path_info ^({door})(.*)$; fastcgi_param PATH_INFO $fastcgi_path_info;\n"
        f"fastcgi_param SCRIPT_NAME {door}; fastcgi_pass program; fastcgi_buffers 64 64k; fastcgi_buffer_size 64k; }} }} }}\n"
    )
    nginx = subprocess.Popen(
        ["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}{door}{asked}")
        yield Server(f"http://127.0.0.1:{port}{door}", pids)
    finally:
        nginx.terminate()
        nginx.wait(10)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


@contextmanager
def mapproxy(folder: Path, config: str) -> Iterator[Server]:
    """A stock MapProxy, its tiles in files, under uvicorn's bridge to WSGI."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapproxy.yaml").write_text(config)
    (folder / "proxy_app.py").write_text(
        f"from mapproxy.wsgiapp import make_wsgi_app\napplication = make_wsgi_app({str(folder / 'mapproxy.yaml')!r})\n"
    )
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "proxy_app:application", "--interface", "wsgi", "--app-dir", str(folder), "--port", str(port),
        "--workers", "2", "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    with _uvicorn(command, dict(os.environ), port, "/service?REQUEST=GetCapabilities&SERVICE=WMS") as server:
        yield server


def missing() -> list[str]:
    """The Debian packages that the comparison needs and this machine lacks."""
    return [package for path, package in NEEDED.items() if not shutil.which(path)]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(address: str) -> None:
    """Until it answers; at most half a minute."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


@contextmanager
def titiler(scenes: Sequence[Path]) -> Iterator[Server]:
    """titiler.core under uvicorn, as its documentation says, with the settings of GDAL that it recommends."""
    port = free_port()
    environment = {
        **os.environ,
        "PEER_SCENES": ":".join(map(str, scenes)),
        "GDAL_CACHEMAX": CACHE_MB,
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
        "VSI_CACHE": "TRUE",
        "VSI_CACHE_SIZE": "5000000",
    }
    environment.pop("GDAL_SKIP", None)
    command = [
        sys.executable, "-m", "uvicorn", "titiler_peer:app", "--app-dir", str(Path(__file__).parent), "--port", str(port),
        "--workers", "2", "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    with _uvicorn(command, environment, port, "/openapi.json") as server:
        yield Server(f"{server.address}/cog", server.pids)


@contextmanager
def _uvicorn(command: list[str], environment: dict[str, str], port: int, asked: str) -> Iterator[Server]:
    """An application of Python in two workers."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}{asked}")
        time.sleep(1.0)
        children = psutil.Process(process.pid).children(recursive=True)
        pids = [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
        yield Server(f"http://127.0.0.1:{port}", tuple(pids))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
