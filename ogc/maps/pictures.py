# SPDX-License-Identifier: Apache-2.0
"""Finished pictures: in memory for each worker, small ones also on disk for all of them and for the next start.

The name of a picture is a digest of everything that it depends on, so that it never grows stale: what is asked and the very files of the
products that it is made of. What nobody asks for any more is the first to go.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LARGEST = 1 << 20
"""Bytes of a picture that is kept on disk: tiles are, large maps are asked for once."""
_CHECK = 4
_SCANS = 16
"""A process looks how much there is after it wrote this part of the bound, and then leaves room for as much."""


class Memory:
    """Values by their name with their size; the least recently used go when the bytes are too many."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._entries: OrderedDict[Hashable, tuple[str, str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> tuple[str, str, bytes] | None:
        """Name, note and bytes of a picture."""
        with self._lock:
            found = self._entries.get(key)
            if found:
                self._entries.move_to_end(key)
            return found

    def put(self, key: Hashable, name: str, note: str, body: bytes) -> None:
        """Keeps a picture; one of more than an eighth of the whole is not."""
        if len(body) * 8 > self._most:
            return
        with self._lock:
            old = self._entries.pop(key, None)
            self._entries[key] = (name, note, body)
            self._bytes += len(body) - (len(old[2]) if old else 0)
            while self._bytes > self._most:
                _, (_, _, gone) = self._entries.popitem(last=False)
                self._bytes -= len(gone)


class Disk:
    """Files of pictures below a folder, shared by all processes; bounded within a sixteenth of the bound for each of them."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._written = most  # the first to write looks what there is
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """The bytes of a picture."""
        if not self._most:
            return None
        path = self._path(name)
        try:
            kept = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        body = kept[_CHECK:]
        return body if kept[:_CHECK] == _check(body) else None

    def has(self, name: str) -> bool:
        """Whether a picture is there."""
        return bool(self._most) and self._path(name).is_file()

    def put(self, name: str, body: bytes) -> None:
        """Keeps a small picture; a full disk keeps nothing."""
        if not self._most or len(body) > _LARGEST:
            return
        path = self._path(name)
        part = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_check(body) + body)
            part.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            return
        with self._lock:
            self._written += len(body)
            due = self._written * _SCANS >= self._most
            if due:
                self._written = 0
        if due:
            self._make_room()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _make_room(self) -> None:
        """Drops the longest unused until there is room for what is written before the next look."""
        found = []
        for folder in _listed(self._folder):
            for one in _listed(Path(folder.path)) if folder.is_dir() else ():
                with contextlib.suppress(OSError):
                    told = one.stat()
                    found.append((told.st_mtime, told.st_size, Path(one.path)))
        left, bound = sum(size for _, size, _ in found), self._most - self._most // _SCANS
        for _, size, path in sorted(found):
            if left <= bound:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            left -= size


def _check(body: bytes) -> bytes:
    """Stands before a picture on disk: after a power cut a name may be that of half a file."""
    return zlib.crc32(body).to_bytes(_CHECK, "big")


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


class Flights:
    """One thread of a process makes a picture, the others wait for it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Holds the name until the block ends."""
        with self._guard:
            lock, waiting = self._locks.get(name, (threading.Lock(), 0))
            self._locks[name] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._locks.pop(name)
                if waiting > 1:
                    self._locks[name] = (lock, waiting - 1)


class Pictures:
    """Memory before disk before making."""

    def __init__(self, memory: Memory, disk: Disk) -> None:
        self.memory, self.disk, self._flights = memory, disk, Flights()

    def made(self, name: str, make: Callable[[], bytes], *, lasting: bool) -> bytes:
        """The bytes of a picture, from the disk or made now, by one thread at a time; one that is not `lasting` is kept nowhere."""
        with self._flights.of(name):
            kept = self.disk.get(name) if lasting else None
            if kept is None:
                kept = make()
                if lasting:
                    self.disk.put(name, kept)
            return kept
