# SPDX-License-Identifier: Apache-2.0
"""Tiles that were drawn before, beside nginx, MapCache and MapProxy; and sixty-four clients at once, some of whom go away."""

from __future__ import annotations

import http.client
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from load import Cost, measure, once
from peers import Server, free_port, hysope, mapcache, mapproxy, wait_for

from catalog.model.area import Box
from tiles.matrix import matrix_sets

ROOT = Path("bench-data").resolve()
AREA = Box(west=0.7, south=43.5, east=1.2, north=43.9)
CLIENTS, SECONDS = 64, 120.0


def cached() -> None:
    """WMTS tiles from the memory of the workers, the same bytes as static files, and the same tiles from the caches of MapCache and MapProxy."""
    places = [
        tuple(int(query.split(f"&{name}=")[1].split("&")[0]) for name in ("TILEMATRIX", "TILECOL", "TILEROW"))
        for query in _tiles("13")[:48]
    ]
    queries = _tiles("13")[:48]
    with hysope(ROOT / "data", caches=True) as wms:
        mine = replace(wms, address=wms.address.replace("/wms", "/wmts"))
        bodies = [once(mine, query)[1] for query in queries]
        measure(mine, queries, seconds=2)
        ours = measure(mine, queries, connections=8)
        _told("Hysope", ours, ours, "")
        if shutil.which("/usr/sbin/nginx"):
            with static(ROOT / "static", bodies) as peer:
                theirs = measure(peer, [f"n={number}" for number in range(len(bodies))], connections=8)
                _told("nginx, files", ours, theirs, "asked: within half of its rate")
        if shutil.which("/usr/lib/cgi-bin/mapcache"):
            with mapcache(ROOT / "mapcache", _mapcache_config(wms.address)) as peer:
                paths = [f"/mc/wmts/1.0.0/l2a/default/bench/{z}/{y}/{x}.png" for z, x, y in places]
                theirs = measure(peer, paths, connections=8)
                _told("MapCache, files", ours, theirs, "asked: 2 times its rate")
        with mapproxy(ROOT / "mapproxy", _mapproxy_config(wms.address)) as peer:
            paths = [f"/tms/1.0.0/l2a/g/{z - 1}/{x}/{2**z - 1 - y}.png" for z, x, y in places]
            theirs = measure(peer, paths, connections=8)
            _told("MapProxy, files", ours, theirs, "asked: 3 times its rate")


def _told(name: str, ours: Cost, theirs: Cost, asked: str) -> None:
    print(
        f"tile of {theirs.kilobytes:.0f} kB from memory or cache, {name}: {theirs.per_second:.0f} req/s, CPU {theirs.cpu_ms:.3f} ms, p95 {theirs.p95_ms:.1f} ms; "
        f"ours {ours.per_second / theirs.per_second:.2f} times its rate ({asked})",
        flush=True,
    )


def _mapcache_config(wms: str) -> str:
    folder = ROOT / "mapcache"
    return (
        f'<mapcache><metadata><title>t</title><abstract>a</abstract><url>http://127.0.0.1/mc</url></metadata><cache name="disk" type="disk"><base>{folder}/tiles</base></cache>'
        '<grid name="bench"><metadata><title>bench</title></metadata><extent>-20037508.3427892480 -20037508.3427892480 20037508.3427892480 20037508.3427892480</extent><srs>EPSG:3857</srs>'
        "<units>m</units><size>256 256</size><origin>top-left</origin><resolutions>"
        + " ".join(f"{156543.0339280410 / 2**level:.13f}" for level in range(19))
        + f'</resolutions></grid><source name="s" type="wms"><getmap><params><FORMAT>image/png</FORMAT><LAYERS>sentinel2-l2a</LAYERS><STYLES>true-colour</STYLES><TIME>2023-04-14</TIME>'
        f"<TRANSPARENT>TRUE</TRANSPARENT></params></getmap><http><url>{wms}</url></http></source>"
        '<tileset name="l2a"><source>s</source><cache>disk</cache><grid>bench</grid><format>PNG</format><metatile>1 1</metatile></tileset>'
        '<service type="wmts" enabled="true"/><errors>report</errors></mapcache>'
    )


def _mapproxy_config(wms: str) -> str:
    return f"""services: {{tms: {{use_grid_names: true}}, wms: }}
layers: [{{name: l2a, title: l2a, sources: [c]}}]
caches: {{c: {{grids: [g], sources: [s], meta_size: [1, 1], meta_buffer: 0, cache: {{type: file, directory: {ROOT}/mapproxy/tiles}}}}}}
grids: {{g: {{base: GLOBAL_WEBMERCATOR}}}}
sources: {{s: {{type: wms, req: {{url: "{wms}?TIME=2023-04-14&", layers: sentinel2-l2a, styles: true-colour, transparent: true}}}}}}
globals: {{image: {{paletted: false}}}}
"""


@contextmanager
def static(folder: Path, bodies: list[bytes]) -> Iterator[Server]:
    """nginx over files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(parents=True)
    for number, body in enumerate(bodies):
        (folder / "files" / f"{number}.png").write_bytes(body)
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"worker_processes 2; daemon off; user root; pid {folder}/nginx.pid; error_log {folder}/nginx.err; events {{ worker_connections 256; }}\n"
        f"http {{ types {{ image/png png; }} sendfile on; access_log off; client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np; fastcgi_temp_path {folder}/nf;\n"
        f"uwsgi_temp_path {folder}/nu; scgi_temp_path {folder}/ns; server {{ listen 127.0.0.1:{port}; root {folder}/files; location = /tile {{ try_files /$arg_n.png =404; }} }} }}\n"
    )
    nginx = subprocess.Popen(
        ["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/tile?n=0")
        pids = tuple(child.pid for child in psutil.Process(nginx.pid).children())
        yield Server(f"http://127.0.0.1:{port}/tile", pids)
    finally:
        nginx.terminate()
        nginx.wait(10)


def crowd() -> None:
    """Sixty-four clients for two minutes, nothing kept; one request in ten is given up before its answer."""
    said, stop = Counter[int](), time.monotonic() + SECONDS
    queries = [query for level in ("11", "12", "13", "14") for query in _tiles(level)[:200]]
    with hysope(ROOT / "data") as wms:
        threads = [
            threading.Thread(target=_client, args=(wms, queries, said, stop, seed)) for seed in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        largest = wms.largest_mb()
    wrong = {status: count for status, count in said.items() if status >= 500 and status != 503}
    print(
        f"{CLIENTS} clients for {SECONDS:.0f} s: {dict(sorted(said.items()))} (0 is given up); other 5xx: {wrong or 'none'}; "
        f"largest worker {largest:.0f} MB (asked: below 450)",
        flush=True,
    )


def _client(server: Server, queries: list[str], said: Counter[int], stop: float, seed: int) -> None:
    parts, dice = urlsplit(server.address), random.Random(seed)
    while time.monotonic() < stop:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        connection.request("GET", f"/wmts?{dice.choice(queries)}")
        if dice.random() < 0.1:
            said[0] += 1
        else:
            answer = connection.getresponse()
            answer.read()
            said[answer.status] += 1
            assert answer.status != 503 or answer.getheader("Retry-After")
        connection.close()


def _tiles(level: str) -> list[str]:
    """GetTile for each tile of a level over the area, in a random order."""
    grid = matrix_sets()["WebMercatorQuad"]
    ((_, limits),) = [found for found in grid.limits(AREA) if found[0].id == level]
    out = [
        "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=sentinel2-l2a&STYLE=true-colour&FORMAT=image/png&TIME=2023-04-14"
        f"&TILEMATRIXSET=WebMercatorQuad&TILEMATRIX={level}&TILEROW={row}&TILECOL={column}"
        for row in range(limits.first_row, limits.last_row + 1)
        for column in range(limits.first_column, limits.last_column + 1)
    ]
    random.Random(7).shuffle(out)
    return out
