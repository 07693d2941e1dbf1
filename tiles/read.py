# SPDX-License-Identifier: Apache-2.0
"""Reads what a plan asks for. Counts of a product whose scale differs from its type's are brought to the type's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.product import Asset
from catalog.raster.blocks import Blocks, Source
from catalog.raster.files import Handles, Pixels, Unreadable
from catalog.raster.write import low_path
from config.product_types import ProductType
from tiles.loops import loops
from tiles.plan import FULL, Level, Read, resized

_SIDE = 64
_BLOCKS = 4_096
"""Of so many pixels a side: at most 64 MB of floats."""
_SIZES = 8_192
_LOW_ARRAYS = 2_048
"""At most 100 MB of 128-pixel visuals; the 32-pixel ones of a continent are kilobytes."""


class Reader:
    """Opens assets under the names that GDAL knows them by, low-zoom arrays under the archive folder; safe to share between threads.

    At most `kept_bytes` of decoded blocks are kept.
    """

    def __init__(self, archive: Path, name_of: Callable[[Asset], str], kept_bytes: int) -> None:
        self._archive, self._name_of = archive, name_of
        self._handles = Handles(loops.undo_differences)
        self._blocks = Blocks(self._handles, kept_bytes)
        self._low = lru_cache(_LOW_ARRAYS)(self._load_low)
        self._block = lru_cache(_BLOCKS)(self._load_block)
        self._size = lru_cache(_SIZES)(self._load_size)

    def exact(self, level: Level) -> Level:
        """An overview with the size that its file has: some programs round up, some down, and its pixels are as much wider or narrower. Raises Unreadable."""
        if level.overview == FULL or level.low:
            return level
        size = self._size(level.asset, level.overview)
        if size == (level.grid.width, level.grid.height):
            return level
        assert level.asset.grid
        return replace(level, grid=resized(level.asset.grid, *size))

    def read(self, read: Read, kind: ProductType) -> Pixels:
        """The pixels of a read, bands x rows x columns. Raises Unreadable."""
        asset = read.level.asset
        numbers = [asset.bands[band] for band in read.bands]
        if read.level.low:
            whole = self._low(asset.low, read.level.overview)
            pixels = whole[
                [number - 1 for number in numbers],
                read.row : read.row + read.height,
                read.column : read.column + read.width,
            ]
        else:
            grid = read.level.grid
            source = Source(self._name_of(asset), asset.driver, read.level.overview, grid.width, grid.height)
            pixels = self._blocks.read(source, numbers, read.column, read.row, read.width, read.height)
        return self._in_scale(pixels, read, kind)

    def pixel(self, asset: Asset, band: str, column: int, row: int, kind: ProductType) -> float:
        """One count of the full resolution, in the type's scale. Its surroundings are kept: a series asks hundreds of files for one pixel, again and again.

        Raises Unreadable.
        """
        block = self._block(asset, asset.bands[band], column // _SIDE, row // _SIDE)
        pixels = block[:, row % _SIDE : row % _SIDE + 1, column % _SIDE : column % _SIDE + 1]
        assert asset.grid
        read = Read(Level(asset, asset.grid, FULL), (band,), column, row, 1, 1)
        return float(self._in_scale(pixels, read, kind)[0, 0, 0])

    def _load_size(self, asset: Asset, overview: int) -> tuple[int, int]:
        return self._handles.size(self._name_of(asset), asset.driver, overview)

    def _load_block(self, asset: Asset, number: int, across: int, down: int) -> Pixels:
        assert asset.grid
        left, top = across * _SIDE, down * _SIDE
        width, height = min(_SIDE, asset.grid.width - left), min(_SIDE, asset.grid.height - top)
        return self._handles.read(
            self._name_of(asset), asset.driver, FULL, [number], left, top, width, height
        )

    def _load_low(self, low: str, side: int) -> NDArray[Any]:
        path = low_path(self._archive / low, side)
        try:
            loaded: NDArray[Any] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path.name}: cannot be read") from error
        return loaded

    @staticmethod
    def _in_scale(pixels: Pixels, read: Read, kind: ProductType) -> Pixels:
        band = kind.bands.get(read.bands[0])
        asset = read.level.asset
        if band is None or (asset.scale == band.scale and asset.offset == band.offset):
            return pixels
        counts = (pixels * np.float64(asset.scale) + asset.offset - band.offset) / band.scale
        if pixels.dtype.kind != "f":
            info = np.iinfo(pixels.dtype)
            counts = np.clip(np.round(counts), info.min, info.max)
        keep = np.isin(pixels, asset.nodata)
        return np.where(keep, pixels, counts.astype(pixels.dtype))
