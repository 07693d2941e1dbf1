# SPDX-License-Identifier: Apache-2.0
"""The bilinear warp of pictures, three bands of bytes: a pixel is one number, and one multiplication moves all its bands.

Here too is how a line of the output runs through the source, which the warps of all types share.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LANE, _LANES, _TOP, _NEXT = np.uint64(21), np.uint64(42), np.uint64(63), np.uint64(1)
"""Where the second and the third band, and the sign of "no value", stand in a packed pixel."""
_HALVES = np.uint64(2048 | 2048 << 21 | 2048 << 42)


@njit(nogil=True, cache=True, boundscheck=False, inline="always")
def stretch(
    columns: NDArray[Any], rows: NDArray[Any], iy: int, k: int, ty: float, wide: float
) -> tuple[float, float, float, float]:
    """Column and row of the source at output column 0 by the line of a cell, and their steps for each output pixel."""
    c0 = columns[iy, k] * (1 - ty) + columns[iy + 1, k] * ty
    r0 = rows[iy, k] * (1 - ty) + rows[iy + 1, k] * ty
    dc = (columns[iy, k + 1] * (1 - ty) + columns[iy + 1, k + 1] * ty - c0) / wide
    dr = (rows[iy, k + 1] * (1 - ty) + rows[iy + 1, k + 1] * ty - r0) / wide
    return c0 + dc * (0.5 - k * wide), dc, r0 + dr * (0.5 - k * wide), dr


@njit(nogil=True, cache=True, boundscheck=False, inline="always")
def reach(left: int, right: int, k: int, last: int, wide: float) -> tuple[int, int]:
    """First output column of a cell and the one after its last, within the part that is drawn."""
    start, stop = math.ceil(k * wide - 0.5), math.ceil((k + 1) * wide - 0.5)
    if start < left or k == 0:
        start = left
    if stop > right or k == last:
        stop = right
    return start, stop


@njit(nogil=True, cache=True, boundscheck=False)
def pack(src: NDArray[Any], marks: NDArray[Any], out: NDArray[Any]) -> None:
    """Three bands of bytes (3, h, w) as one number for each pixel (h, w): 21 bits a band, and the highest where a band says "no value"."""
    none, has = np.empty(3, src.dtype), np.empty(3, np.bool_)
    for b in range(3):
        none[b] = marks[b]
        has[b] = none[b] == marks[b]
    for i in range(src.shape[1]):
        for j in range(src.shape[2]):
            first, second, third = src[0, i, j], src[1, i, j], src[2, i, j]
            void = (
                ((first == none[0]) & has[0]) | ((second == none[1]) & has[1]) | ((third == none[2]) & has[2])
            )
            out[i, j] = (
                np.uint64(first)
                | (np.uint64(second) << _LANE)
                | (np.uint64(third) << _LANES)
                | (np.uint64(void) << _TOP)
            )


@njit(nogil=True, cache=True, boundscheck=False)
def warp_packed(
    src: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any], top: int, bottom: int, left: int, right: int, out: NDArray[Any], todo: NDArray[Any],
) -> int:  # fmt: skip
    """Bilinear of three bands that `pack` made one: four multiplications a pixel instead of eighteen, by weights of 12 bits."""
    height, width = src.shape
    tall, wide = todo.shape[0] / (rows.shape[0] - 1), todo.shape[1] / (rows.shape[1] - 1)
    last_row, last_column = rows.shape[0] - 2, rows.shape[1] - 2
    filled = 0
    for i in range(top, bottom):
        iy = min(int((i + 0.5) / tall), last_row)
        ty = (i + 0.5) / tall - iy
        empty, first, second, third = todo[i], out[0, i], out[1, i], out[2, i]
        for k in range(min(int(left / wide), last_column), last_column + 1):
            start, stop = reach(left, right, k, last_column, wide)
            if start >= right:
                break
            c0, dc, r0, dr = stretch(columns, rows, iy, k, ty, wide)
            c_a, c_b = c0 + dc * start - 0.5, c0 + dc * (stop - 1) - 0.5
            r_a, r_b = r0 + dr * start - 0.5, r0 + dr * (stop - 1) - 0.5
            inside = min(c_a, c_b, r_a, r_b) >= 0 and max(c_a, c_b) < width - 1 and max(r_a, r_b) < height - 1
            for j in range(start, stop):
                if not empty[j]:
                    continue
                c, r = c0 + dc * j, r0 + dr * j
                if not inside and not (c >= 0 and r >= 0 and c < width and r < height):
                    continue
                across, down = int((c + 0.5) * 4096.0) - 4096, int((r + 0.5) * 4096.0) - 4096
                x, y = np.uint64(across >> 12), np.uint64(down >> 12)
                if inside or (across >= 0 and down >= 0 and x + _NEXT < width and y + _NEXT < height):
                    a, b, d, e = src[y, x], src[y, x + _NEXT], src[y + _NEXT, x], src[y + _NEXT, x + _NEXT]
                    if not (a | b | d | e) >> _TOP:
                        wx, wy = np.uint64(across & 4095), np.uint64(down & 4095)
                        both = (wx * wy + np.uint64(2048)) >> np.uint64(12)
                        mean = a * (np.uint64(4096) - wx - wy + both) + b * (wx - both)
                        mean += d * (wy - both) + e * both + _HALVES
                        first[j] = np.uint8(mean >> np.uint64(12))
                        second[j] = np.uint8(mean >> np.uint64(33))
                        third[j] = np.uint8(mean >> np.uint64(54))
                        empty[j] = 0
                        filled += 1
                        continue
                nearest = src[np.uint64(r), np.uint64(c)]
                if not nearest >> _TOP:
                    first[j] = np.uint8(nearest)
                    second[j] = np.uint8(nearest >> _LANE)
                    third[j] = np.uint8(nearest >> _LANES)
                    empty[j] = 0
                    filled += 1
    return filled
