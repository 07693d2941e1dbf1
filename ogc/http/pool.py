# SPDX-License-Identifier: Apache-2.0
"""The bounded pool that draws: a few threads, a queue with an end, and then "busy" (THREATS T30)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from catalog.model.faults import Fault, Kind

T = TypeVar("T")
_PATIENCE_SECONDS = 0.05


class RenderPool:
    """Runs blocking work off the event loop; GDAL and the kernels release the GIL."""

    def __init__(self, threads: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="draw")
        self._most = threads + queue
        self.running = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`. Raises Fault BUSY when the queue is full."""
        if self.running >= self._most:
            raise Fault(Kind.BUSY, "the server is busy; again in a moment", retry_after=2)
        self.running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self.running -= 1

    async def run_patiently(self, work: Callable[[], T]) -> T:
        """The same for an answer that has begun: it waits for room, since it cannot be refused any more."""
        while self.running >= self._most:
            await asyncio.sleep(_PATIENCE_SECONDS)
        return await self.run(work)

    def close(self) -> None:
        """Waits for nothing: what runs has a deadline."""
        self._executor.shutdown(wait=False, cancel_futures=True)
