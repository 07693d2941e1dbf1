# SPDX-License-Identifier: Apache-2.0
"""`make soak`: a server under mixed load for a long time; memory and descriptors of its processes must not grow.

Twenty minutes, or as many as MINUTES says. The load: every address that a crawl finds, wrong requests, downloads that are broken off, and a
publication and withdrawal every half minute. The status is 1 for an answer 5xx that is not 503, and for a slope above its bound.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from crawler import crawl
from running import Server, running

from catalog.generator.muscate import Tile, write_l2a

MINUTES = float(os.environ.get("MINUTES", "20"))
CLIENTS = 6
SAMPLE_S = 5.0
WARM = 0.4
"""Share of the time whose samples are left out: caches fill."""
MB_AN_HOUR, DESCRIPTORS_AN_HOUR = 60.0, 20.0
"""What a process may grow by, as the line through its samples says."""
WRONG = (
    "/wms?request=GetMap",
    "/stac/search?bbox=1,2",
    "/sos?service=SOS&request=Nothing",
    "/ogcapi/collections/no/items",
    "/sta/v1.1/Things?$filter=x",
    "/nowhere",
)
TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 200)


@dataclass
class Samples:
    """Seconds, megabytes and descriptors of a process."""

    rows: list[tuple[float, float, int]] = field(default_factory=list)

    def slopes(self, begin: float) -> tuple[float, float]:
        """Megabytes and descriptors an hour."""
        kept = np.array([row for row in self.rows if row[0] >= begin])
        if len(kept) < 5:
            return 0.0, 0.0
        hours = kept[:, 0] / 3_600
        return float(np.polyfit(hours, kept[:, 1], 1)[0]), float(np.polyfit(hours, kept[:, 2], 1)[0])


def main() -> int:
    """Runs the load and judges it."""
    with tempfile.TemporaryDirectory(prefix="hysope-soak-") as folder:
        home = Path(folder)
        with running(["demo", "--data", str(home / "data")], home) as server:
            return _judged(server, home)


def _judged(server: Server, home: Path) -> int:
    address = server.address
    with httpx2.Client(base_url=address, timeout=60, follow_redirects=True) as client:
        visited, broken = crawl(client.get, address)
    print(f"{len(visited)} addresses, {len(broken)} of them broken", flush=True)
    said, samples, begin = Counter[int](), dict[int, Samples](), time.monotonic()
    stop = threading.Event()
    work = [
        threading.Thread(target=_ask, args=(address, visited, said, stop, number))
        for number in range(CLIENTS)
    ]
    work += [
        threading.Thread(target=_break_off, args=(address, visited, stop)),
        threading.Thread(target=_publish, args=(home, stop)),
    ]
    for thread in work:
        thread.start()
    while time.monotonic() - begin < MINUTES * 60:
        time.sleep(SAMPLE_S)
        for one in (psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)):
            try:
                if "hysope" in " ".join(one.cmdline()) and "ingest" not in one.cmdline():
                    samples.setdefault(one.pid, Samples()).rows.append(
                        (time.monotonic() - begin, one.memory_info().rss / 1e6, one.num_fds())
                    )
            except psutil.NoSuchProcess:
                continue
    stop.set()
    for thread in work:
        thread.join()
    return _told(said, samples, len(broken))


def _told(said: Counter[int], samples: dict[int, Samples], broken: int) -> int:
    print(f"{sum(said.values())} answers in {MINUTES:g} minutes: {dict(sorted(said.items()))}")
    good = not broken and not [status for status in said if status >= 500 and status != 503]
    for pid, one in samples.items():
        if len(one.rows) < 20:
            continue
        memory, descriptors = one.slopes(MINUTES * 60 * WARM)
        fits = memory <= MB_AN_HOUR and descriptors <= DESCRIPTORS_AN_HOUR
        good = good and fits
        first, last = one.rows[0], one.rows[-1]
        print(
            f"process {pid}: {first[1]:.0f} MB at first, {last[1]:.0f} at last, {max(row[1] for row in one.rows):.0f} at most, {memory:+.1f} MB/h (bound {MB_AN_HOUR:.0f}); "
            f"{first[2]} descriptors at first, {last[2]} at last, {descriptors:+.1f}/h (bound {DESCRIPTORS_AN_HOUR:.0f}){'' if fits else '  TOO MUCH'}"
        )
    return 0 if good else 1


def _ask(address: str, visited: list[str], said: Counter[int], stop: threading.Event, seed: int) -> None:
    dice = random.Random(seed)
    with httpx2.Client(base_url=address, timeout=120) as client:
        while not stop.is_set():
            path = dice.choice(WRONG) if dice.random() < 0.1 else dice.choice(visited)
            said[client.get(path).status_code] += 1


def _break_off(address: str, visited: list[str], stop: threading.Event) -> None:
    """Clients that go away in the middle of an answer."""
    dice, parts = random.Random(99), urlsplit(address)
    files = [
        one for one in visited if one.startswith(("/files/", "/series", "/wms", "/ogcapi/map"))
    ] or visited
    while not stop.wait(0.1):
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as asked:
            asked.sendall(f"GET {dice.choice(files)} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            asked.recv(300)


def _publish(home: Path, stop: threading.Event) -> None:
    """A product comes and one goes, so that caches and counts are made anew."""
    number = 0
    while not stop.wait(30):
        day = date(2022, 1, 1) + timedelta(days=number % 300)
        number += 1
        inbox = home / f"inbox-{number}"
        made = write_l2a(inbox, TILE, day, 0.1)
        for command in (
            ("ingest", str(inbox)),
            ("withdraw", made.name.partition("_V")[0], "--reason", "soak"),
        ):
            subprocess.run(
                [sys.executable, "-m", "hysope", *command, "--data", str(home / "data")],
                cwd=home,
                capture_output=True,
                check=False,
            )


if __name__ == "__main__":
    sys.exit(main())
