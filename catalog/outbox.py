# SPDX-License-Identifier: Apache-2.0
"""Works off what is due in a table, a few at a time, so that one slow receiver does not hold up the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from catalog.model.faults import Fault
from catalog.service import StoreDown

log = logging.getLogger("hysope.outbox")
T = TypeVar("T")
_AT_ONCE = 24
"""Three for each thread: what is taken is done before it would be taken again, however slow its receivers are."""
_THREADS = 8
_IDLE_SECONDS = 1.0


class Outbox(Generic[T]):
    """`take` gives at most so many that are due, and each again after a while unless `send` notes how it went."""

    def __init__(self, take: Callable[[int], Sequence[T]], send: Callable[[T], None]) -> None:
        self._take, self._send = take, send

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. A database that is away is waited for."""
        with ThreadPoolExecutor(_THREADS, "outbox") as pool:
            while not stop.is_set():
                try:
                    busy = self._step(pool)
                except (StoreDown, Fault) as error:
                    log.warning("the store does not answer: %s", error)
                    busy = False
                if not busy:
                    stop.wait(_IDLE_SECONDS)

    def step(self) -> bool:
        """Sends some; false when nothing was due."""
        with ThreadPoolExecutor(_THREADS, "outbox") as pool:
            return self._step(pool)

    def _step(self, pool: ThreadPoolExecutor) -> bool:
        due = self._take(_AT_ONCE)
        for _ in pool.map(self._sent, due):
            pass
        return bool(due)

    def _sent(self, one: T) -> None:
        """One of them; what goes wrong with it in a way that nobody foresaw is logged, and stops no other."""
        try:
            self._send(one)
        except (StoreDown, Fault) as error:
            log.warning("cannot note how %s went: %s", type(one).__name__, error)
        except Exception:  # the outermost edge of a thread that must go on, as the supervisor's
            log.exception("%s was not sent", type(one).__name__)
