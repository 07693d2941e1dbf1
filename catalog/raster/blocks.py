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
from catalog.raster.unpack import SIDE

_MOST_BLOCKS = 48
"""A window of more goes past what is kept: it is a map of its own, and would push out what tiles share."""
_Place = tuple[int, int]
"""Of a block among the blocks: how far across, how far down."""
_Key = tuple[str, int, tuple[int, ...], int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One level of a file, of so many columns and rows: -1 is the full resolution, else the overview's number."""

    path: str
    driver: str
    level: int
    width: int
    height: int


class _Window:
    """Columns and rows of a level, and the blocks that they lie in."""

    def __init__(self, column: int, row: int, width: int, height: int) -> None:
        self.bounds = (column, row, width, height)
        self.places = [
            (x, y)
            for y in range(row // SIDE, (row + height - 1) // SIDE + 1)
            for x in range(column // SIDE, (column + width - 1) // SIDE + 1)
        ]

    def empty(self, like: Pixels) -> Pixels:
        """What the window's pixels go into."""
        return np.empty((like.shape[0], self.bounds[3], self.bounds[2]), like.dtype)

    def put(self, block: Pixels, place: _Place, out: Pixels) -> None:
        """Copies what a block has of the window."""
        column, row, width, height = self.bounds
        left, top = place[0] * SIDE - column, place[1] * SIDE - row
        skip_x, skip_y = max(0, -left), max(0, -top)
        part = block[:, skip_y : height - top, skip_x : width - left]
        down, across = top + skip_y, left + skip_x
        out[:, down : down + part.shape[1], across : across + part.shape[2]] = part


class Blocks:
    """Windows of rasters, put together of kept blocks of 256 x 256, as our COGs have them, whatever a file has; least recently used go first.

    Paths are never written anew, so a block is never stale.
    """

    def __init__(self, handles: Handles, most_bytes: int) -> None:
        self._handles, self._most = handles, most_bytes
        self._kept: OrderedDict[_Key, Pixels] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def read(
        self, source: Source, bands: Sequence[int], column: int, row: int, width: int, height: int
    ) -> Pixels:
        """An integer window of some bands, bands x height x width, that the caller may keep. Raises Unreadable."""
        numbers, window = tuple(bands), _Window(column, row, width, height)
        if not self._most or len(window.places) > _MOST_BLOCKS:
            return self._from_file(source, numbers, *window.bounds)
        found = self._look_up(source, numbers, window.places)
        missing = [place for place, block in found.items() if block is None]
        if missing:
            found.update(self._load(source, numbers, missing))
        out: Pixels | None = None
        for place, block in found.items():
            assert block is not None
            if out is None:
                out = window.empty(block)
            window.put(block, place, out)
        assert out is not None
        return out

    def _look_up(
        self, source: Source, bands: tuple[int, ...], places: Sequence[_Place]
    ) -> dict[_Place, Pixels | None]:
        out: dict[_Place, Pixels | None] = {}
        with self._lock:
            for place in places:
                key = (source.path, source.level, bands, *place)
                block = out[place] = self._kept.get(key)
                if block is not None:
                    self._kept.move_to_end(key)
        return out

    def _load(
        self, source: Source, bands: tuple[int, ...], missing: Sequence[_Place]
    ) -> Iterator[tuple[_Place, Pixels]]:
        """Unpacks the missing blocks one by one, or has GDAL read them at once, with what lies between: a file that is far away is asked once."""
        for number, (x, y) in enumerate(missing):
            found = self._handles.block(source.path, source.driver, source.level, bands, x, y)
            if found is None:
                missing = missing[number:]
                break
            block = found[:, : source.height - y * SIDE, : source.width - x * SIDE]
            if block.shape != found.shape:
                block = block.copy()
            self._keep((source.path, source.level, bands, x, y), block)
            yield (x, y), block
        else:
            return
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
