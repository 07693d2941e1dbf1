# SPDX-License-Identifier: Apache-2.0
"""What is taken away: counted in memory, and added to the store every few seconds, so that a request of a range writes nothing."""

from __future__ import annotations

import logging
import threading

from catalog.model.faults import Fault
from catalog.model.principal import Principal
from catalog.model.time import day_of, now
from catalog.store.usage import Taken, UsageTable

_EVERY_S = 10.0
_MOST = 10_000
log = logging.getLogger("hysope.usage")


class Usage:
    """Counts by day, person, product and asset; what a killed process counted in its last seconds is lost."""

    def __init__(self, table: UsageTable) -> None:
        self._table, self._lock, self._stop = table, threading.Lock(), threading.Event()
        self._taken: dict[Taken, tuple[int, int]] = {}
        self._thread: threading.Thread | None = None

    def note(self, who: Principal, product: str, asset: str, size: int) -> None:
        """So many bytes of an asset were sent to somebody."""
        key = (day_of(now()), who.name, product, asset)
        with self._lock:
            requests, before = self._taken.get(key, (0, 0))
            if key in self._taken or len(self._taken) < _MOST:
                self._taken[key] = (requests + 1, before + size)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Adds what was counted to the store; keeps it where that does not answer."""
        with self._lock:
            taken, self._taken = self._taken, {}
        if not taken:
            return
        try:
            self._table.add(taken)
        except Fault as fault:
            log.warning("usage is kept back: %s", fault.text)
            with self._lock:
                for key, (requests, size) in taken.items():
                    more = self._taken.get(key, (0, 0))
                    self._taken[key] = (requests + more[0], size + more[1])

    def close(self) -> None:
        """Ends the thread and writes the rest."""
        self._stop.set()
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self.flush()
