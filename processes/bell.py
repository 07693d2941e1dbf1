# SPDX-License-Identifier: Apache-2.0
"""A supervisor hears at once of an order, a dismissal or the end of a run: whoever has news writes a byte into a pipe that has a name.

It only hurries: a supervisor of another host, or one that missed it, looks for itself a moment later.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from pathlib import Path

BELL = "bell"
"""Its name in the folder of all jobs."""
_MANY = 65_536


class Bell:
    """One pipe (fifo(7)); safe to share between threads, but one supervisor listens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def ring(self) -> None:
        """Wakes the listener, if there is one on this machine; never waits, never fails."""
        with suppress(OSError):  # nobody listens (ENXIO, ENOENT), or it has been rung enough (EAGAIN)
            handle = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(handle, b"!")
            finally:
                os.close(handle)

    def listen(self) -> None:
        """From here on rings are kept for `wait`. Raises OSError where the file system has no pipes."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.mkfifo(self._path, 0o600)
        self._handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> bool:
        """Whether it rang, before or within so many seconds; all rings so far are one. Sleeps where it could not listen."""
        if self._handle is None:
            time.sleep(seconds)
            return False
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        if not poll.poll(seconds * 1_000):
            return False
        with suppress(BlockingIOError):
            os.read(self._handle, _MANY)
        return True

    def close(self) -> None:
        """Listens no more; the pipe stays, because another supervisor may hear it already."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
