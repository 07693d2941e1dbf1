# SPDX-License-Identifier: Apache-2.0
"""Blocks of COGs as we write them (ADR 4: 256 x 256, ZSTD, predictor 2), unpacked without GDAL, which takes twice as long over it.

GDAL still reads the file's directory and says where a block is; whatever is otherwise with a file, GDAL reads its pixels, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SIDE = 256
"""Of a block."""
_DTYPES = ("uint8", "int16", "uint16")
_LARGEST = 2
"""A packed block has fewer than so many times the bytes of the block: what says otherwise is damaged."""
Undo = Callable[[NDArray[np.generic], NDArray[np.generic]], None]
"""Differences along rows (H, W, bands) to values (bands, H, W): TIFF 6.0, section 14."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What all blocks of a file have in common."""

    bands: int
    dtype: np.dtype[np.generic]

    @property
    def bytes(self) -> int:
        """Of an unpacked block."""
        return SIDE * SIDE * self.bands * self.dtype.itemsize


def layout_of(dataset: rasterio.DatasetReader) -> Layout | None:
    """The layout of a file whose blocks can be unpacked here, else None."""
    facts = dataset.tags(ns="IMAGE_STRUCTURE")
    plain = (
        dataset.driver == "GTiff"
        and facts.get("COMPRESSION") == "ZSTD"
        and facts.get("PREDICTOR") == "2"
        and (facts.get("INTERLEAVE") == "PIXEL" or dataset.count == 1)
        and set(dataset.block_shapes) == {(SIDE, SIDE)}
        and len(set(dataset.dtypes)) == 1
        and dataset.dtypes[0] in _DTYPES
        and not dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
        and sys.byteorder == "little"
    )
    return Layout(dataset.count, np.dtype(dataset.dtypes[0])) if plain else None


class Raw:
    """The bytes of a local file; closed when nobody has it any more."""

    def __init__(self, path: str) -> None:
        self._handle = -1
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.little = os.pread(self._handle, 2, 0) == b"II"

    def __del__(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def at(self, offset: int, count: int) -> bytes:
        """So many bytes, or fewer at the end. Raises OSError."""
        return os.pread(self._handle, count, offset)


def unpacked(
    dataset: rasterio.DatasetReader, raw: Raw, layout: Layout, x: int, y: int, undo: Undo
) -> NDArray[np.generic] | None:
    """A whole block (bands x 256 x 256), what lies beyond the edge of the image included; None where it is not as it should be, which GDAL then says."""
    place, size = (
        dataset.get_tag_item(f"BLOCK_{what}_{x}_{y}", "TIFF", bidx=1) for what in ("OFFSET", "SIZE")
    )
    if not place or not size or not 0 < int(size) < _LARGEST * layout.bytes:
        return None
    try:
        unpacker = zstd.ZstdDecompressor()
        flat = unpacker.decompress(raw.at(int(place), int(size)), layout.bytes + 1)
    except (zstd.ZstdError, OSError):
        return None
    if len(flat) != layout.bytes or not unpacker.eof:
        return None
    out = np.empty((layout.bands, SIDE, SIDE), layout.dtype)
    undo(np.frombuffer(flat, layout.dtype).reshape(SIDE, SIDE, layout.bands), out)
    return out
