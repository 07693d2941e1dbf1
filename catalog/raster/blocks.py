# SPDX-License-Identifier: Apache-2.0
"""Decoded blocks that all threads of a process share. GDAL keeps its own by dataset, and each thread has datasets of its own: the neighbours of a tile,
drawn by another thread, would be decoded again there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from catalog.raster.files import Handles, Pixels

SIDE = 256
"""Of a block, as in our COGs (ADR 4); files with other blocks are kept in these all the same."""
_MOST_BLOCKS = 48
"""A window of more is read past what is kept: it is a map of its own, and would push out what tiles share."""
_Key = tuple[str, int, tuple[int, ...], int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One level of a file, of so many columns and rows: -1 is the full resolution, else the overview's number."""

    path: str
    driver: str
    level: int
    width: int
    height: int


class Blocks:
    """Windows of rasters, put together of kept blocks; least recently used go first. Paths are never written anew, so a block is never stale."""

    def __init__(self, handles: Handles, most_bytes: int) -> None:
        self._handles, self._most = handles, most_bytes
        self._kept: OrderedDict[_Key, Pixels] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def read(
        self, source: Source, bands: Sequence[int], column: int, row: int, width: int, height: int
    ) -> Pixels:
        """An integer window of some bands, bands x height x width, that the caller may keep. Raises Unreadable."""
        across = range(column // SIDE, (column + width - 1) // SIDE + 1)
        down = range(row // SIDE, (row + height - 1) // SIDE + 1)
        if len(across) * len(down) > _MOST_BLOCKS or not self._most:
            return self._from_file(source, bands, column, row, width, height)
        numbers = tuple(bands)
        found = self._look_up(source, numbers, across, down)
        missing = [(x, y) for (x, y), block in found.items() if block is None]
        if missing:
            found.update(self._load(source, numbers, missing))
        out: Pixels | None = None
        for (x, y), block in found.items():
            assert block is not None
            if out is None:
                out = np.empty((len(numbers), height, width), block.dtype)
            left, top = x * SIDE - column, y * SIDE - row
            skip_x, skip_y = max(0, -left), max(0, -top)
            part = block[:, skip_y : height - top, skip_x : width - left]
            out[:, top + skip_y : top + skip_y + part.shape[1], left + skip_x : left + skip_x + part.shape[2]] = part  # fmt: skip
        assert out is not None
        return out

    def _look_up(
        self, source: Source, bands: tuple[int, ...], across: range, down: range
    ) -> dict[tuple[int, int], Pixels | None]:
        out: dict[tuple[int, int], Pixels | None] = {}
        with self._lock:
            for y in down:
                for x in across:
                    key = (source.path, source.level, bands, x, y)
                    block = out[x, y] = self._kept.get(key)
                    if block is not None:
                        self._kept.move_to_end(key)
        return out

    def _load(
        self, source: Source, bands: tuple[int, ...], missing: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], Pixels]]:
        """Reads the missing blocks at once, with what lies between: a file that is far away is asked once."""
        columns, rows = [x for x, _ in missing], [y for _, y in missing]
        left, top = min(columns) * SIDE, min(rows) * SIDE
        right = min(source.width, (max(columns) + 1) * SIDE)
        bottom = min(source.height, (max(rows) + 1) * SIDE)
        pixels = self._from_file(source, bands, left, top, right - left, bottom - top)
        for x, y in missing:
            column, row = x * SIDE - left, y * SIDE - top
            block = pixels[:, row : row + SIDE, column : column + SIDE].copy()
            self._keep((source.path, source.level, bands, x, y), block)
            yield (x, y), block

    def _keep(self, key: _Key, block: Pixels) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._kept[key] = block
            self._bytes += block.nbytes - (0 if before is None else before.nbytes)
            while self._bytes > self._most:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes

    def _from_file(
        self, source: Source, bands: Sequence[int], column: int, row: int, width: int, height: int
    ) -> Pixels:
        return self._handles.read(source.path, source.driver, source.level, bands, column, row, width, height)
