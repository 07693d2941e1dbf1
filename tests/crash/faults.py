# SPDX-License-Identifier: Apache-2.0
"""Makes the n-th write, fsync, rename or SQL statement of a piece of work fail, as a full disk or a lost database does (SQLite's own method)."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

WRITES = "wax+"


class Faults:
    """Counts what could fail, and lets one of it fail, or it and everything after it."""

    def __init__(self, at: int = 0, *, lasting: bool = False) -> None:
        self.at, self.lasting = at, lasting
        self.reached: list[str] = []

    def _fails(self, what: str) -> bool:
        self.reached.append(what)
        count = len(self.reached)
        return count == self.at or (self.lasting and 0 < self.at < count)

    def file(self, call: Callable[..., Any], what: str) -> Callable[..., Any]:
        """A function of files that may fail for want of space."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if self._fails(what):
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args, **kwargs)

        return wrapped

    def opening(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """`open`, which may fail where it is to write."""

        def wrapped(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if any(one in mode for one in WRITES) and self._fails(f"open {file}"):
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(file, mode, *args, **kwargs)

        return wrapped

    def statement(self, _c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        """Before each statement."""
        if self._fails(f"sql {statement[:60]}"):
            raise OperationalError(statement, parameters, sqlite3.OperationalError("disk I/O error"))

    def commit(self, _connection: Any) -> None:
        """Before each commit."""
        if self._fails("commit"):
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))


@contextmanager
def failing(at: int = 0, *, lasting: bool = False) -> Iterator[Faults]:
    """While it lasts, the n-th of these calls of this process fails; none with 0."""
    faults = Faults(at, lasting=lasting)
    with ExitStack() as stack:
        for module, name in (
            (os, "fsync"),
            (os, "rename"),
            (os, "replace"),
            (os, "mkdir"),
            (shutil, "copyfile"),
        ):
            stack.enter_context(mock.patch.object(module, name, faults.file(getattr(module, name), name)))
        stack.enter_context(mock.patch.object(io, "open", faults.opening(io.open)))
        event.listen(Engine, "before_cursor_execute", faults.statement)
        event.listen(Engine, "commit", faults.commit)
        try:
            yield faults
        finally:
            event.remove(Engine, "before_cursor_execute", faults.statement)
            event.remove(Engine, "commit", faults.commit)
