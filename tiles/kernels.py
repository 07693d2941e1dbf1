# SPDX-License-Identifier: Apache-2.0
"""The inner loops, compiled by numba; `tiles.plain` has the same in numpy for machines without it (docs/adr/0006).

All kernels release the GIL. They are compiled once, on `python -m tiles.kernels`, and kept in numba's cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tiles.packed import pack, reach, stretch, warp_packed

_BITS = 14
_ONE = 1 << _BITS
_HALF = 1 << (2 * _BITS - 1)
_FINE = float(1 << 32)
_SLACK = 1e-3
"""Of a pixel: by how much a line may be off and still be pixel on pixel."""


@njit(nogil=True, cache=True, boundscheck=False, inline="always")
def _mixed(src: NDArray[Any], band: int, y: int, x: int, across: int, down: int) -> int:
    """The bilinear mean of four integer pixels by weights of 14 bits; places without a sign spare the question whether they are below 0."""
    row, below, left, right = np.uint64(y), np.uint64(y + 1), np.uint64(x), np.uint64(x + 1)
    upper = int(src[band, row, left]) * (_ONE - across) + int(src[band, row, right]) * across
    lower = int(src[band, below, left]) * (_ONE - across) + int(src[band, below, right]) * across
    mean: int = (upper * (_ONE - down) + lower * down + _HALF) >> (2 * _BITS)
    return mean


@njit(nogil=True, cache=True, boundscheck=False, inline="always")
def _all(marks: NDArray[Any]) -> bool:
    """Whether none is 0; looked at whole, which the compiler does many at once."""
    least = np.uint8(1)
    for mark in marks:
        least &= mark
    return bool(least)


def _make_warp(count: int, smooth: bool, floating: bool) -> Callable[..., int]:
    """The warp of a number of bands (0: any), nearest or bilinear, of integers or floats.

    These are constants to the compiler, which unrolls the loops over bands: a third of the time of one general loop.
    """

    @njit(nogil=True, cache=True, boundscheck=False)
    def warp_one(src, columns, rows, top, bottom, left, right, marks, unmarked, out, todo):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        bands = count if count else src.shape[0]
        height, width = src.shape[1], src.shape[2]
        tall, wide = todo.shape[0] / (rows.shape[0] - 1), todo.shape[1] / (rows.shape[1] - 1)
        last_row, last_column = rows.shape[0] - 2, rows.shape[1] - 2
        filled = 0
        for i in range(top, bottom):
            fy = (i + 0.5) / tall
            iy = min(int(fy), last_row)
            ty = fy - iy
            for k in range(min(int(left / wide), last_column), last_column + 1):
                start, stop = reach(left, right, k, last_column, wide)
                if start >= right:
                    break
                c0, dc, r0, dr = stretch(columns, rows, iy, k, ty, wide)
                if count == 1 and not smooth and abs(dc - 1) * wide < _SLACK and abs(dr) * wide < _SLACK:
                    # pixel on pixel: a line is a copy, which the compiler makes of many pixels at once
                    y, shift = math.floor(r0 + dr * start), math.floor(c0 + dc * start) - start
                    if 0 <= y < height and -shift <= start and stop + shift <= width:
                        line, made, left_over = (
                            src[0, y, start + shift : stop + shift],
                            out[0, i, start:stop],
                            todo[i, start:stop],
                        )
                        none = np.empty(1, line.dtype)
                        none[0] = marks[0]
                        never = none[0] != marks[0]
                        for j in range(stop - start):
                            value = line[j]
                            good = (left_over[j] != 0) & ((value != none[0]) | never) & (value == value)
                            made[j] = value if good else made[j]
                            left_over[j] = 0 if good else left_over[j]
                            filled += good
                        continue
                if not floating and unmarked:
                    half = 0.5 if smooth else 0.0
                    c_a, c_b = c0 + dc * start - half, c0 + dc * (stop - 1) - half
                    r_a, r_b = r0 + dr * start - half, r0 + dr * (stop - 1) - half
                    edge = 1 if smooth else 0
                    if (
                        min(c_a, c_b, r_a, r_b) >= 0
                        and max(c_a, c_b) < width - edge
                        and max(r_a, r_b) < height - edge
                    ):
                        # every neighbour is there and has a value: nothing to ask, half of the time
                        left_over = todo[i, start:stop]
                        first_c, first_r = int((c0 + dc * start) * _FINE), int((r0 + dr * start) * _FINE)
                        step_c, step_r, last = int(dc * _FINE), int(dr * _FINE), stop - start - 1
                        within = first_c + step_c * last >= 0 and first_r + step_r * last >= 0
                        if not smooth and within and _all(left_over):
                            # and nothing is drawn yet: places as whole numbers of 2**-32 pixels, a third to two thirds of the time;
                            # these are cut, so that they are never too large, and just below 0 at the end of a line that runs to it
                            for b in range(bands):
                                made = out[b, i, start:stop]
                                across, down = first_c, first_r
                                for j in range(stop - start):
                                    made[j] = src[b, np.uint64(down >> 32), np.uint64(across >> 32)]
                                    across += step_c
                                    down += step_r
                            left_over[:] = 0
                            filled += stop - start
                            continue
                        for j in range(start, stop):
                            if not todo[i, j]:
                                continue
                            if smooth:
                                across, down = (
                                    int((c0 + dc * j - 0.5) * _ONE),
                                    int((r0 + dr * j - 0.5) * _ONE),
                                )
                                for b in range(bands):
                                    out[b, i, j] = _mixed(
                                        src,
                                        b,
                                        down >> _BITS,
                                        across >> _BITS,
                                        across & (_ONE - 1),
                                        down & (_ONE - 1),
                                    )
                            else:
                                x_at, y_at = np.uint64(c0 + dc * j), np.uint64(r0 + dr * j)
                                for b in range(bands):
                                    out[b, i, j] = src[b, y_at, x_at]
                            todo[i, j] = 0
                            filled += 1
                        continue
                for j in range(start, stop):
                    if not todo[i, j]:
                        continue
                    c, r = c0 + dc * j, r0 + dr * j
                    if not (c >= 0 and r >= 0 and c < width and r < height):
                        continue
                    if smooth:
                        x0, y0 = int(c + 0.5) - 1, int(r + 0.5) - 1
                        if x0 >= 0 and y0 >= 0 and x0 + 1 < width and y0 + 1 < height:
                            whole = True
                            for b in range(bands):
                                m = marks[b]
                                if (
                                    src[b, y0, x0] == m
                                    or src[b, y0, x0 + 1] == m
                                    or src[b, y0 + 1, x0] == m
                                    or src[b, y0 + 1, x0 + 1] == m
                                ):
                                    whole = False
                            if whole:
                                wx, wy = c - 0.5 - x0, r - 0.5 - y0
                                if floating:
                                    clean = True
                                    for b in range(bands):
                                        upper = src[b, y0, x0] * (1 - wx) + src[b, y0, x0 + 1] * wx
                                        lower = src[b, y0 + 1, x0] * (1 - wx) + src[b, y0 + 1, x0 + 1] * wx
                                        mixed = upper * (1 - wy) + lower * wy
                                        out[b, i, j] = mixed
                                        clean = clean and mixed == mixed
                                    if clean:
                                        todo[i, j] = 0
                                        filled += 1
                                        continue
                                else:
                                    for b in range(bands):
                                        out[b, i, j] = _mixed(src, b, y0, x0, int(wx * _ONE), int(wy * _ONE))
                                    todo[i, j] = 0
                                    filled += 1
                                    continue
                    x, y = int(c), int(r)
                    good = True
                    for b in range(bands):
                        value = src[b, y, x]
                        if value == marks[b] or value != value:
                            good = False
                    if good:
                        for b in range(bands):
                            out[b, i, j] = src[b, y, x]
                        todo[i, j] = 0
                        filled += 1
        return filled

    made: Callable[..., int] = warp_one
    return made


_WARPS = {
    (count, smooth, floating): _make_warp(count, smooth, floating)
    for count in (0, 1, 2, 3)
    for smooth in (False, True)
    for floating in (False, True)
}


def warp(
    src: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any], top: int, bottom: int, left: int, right: int,
    marks: NDArray[Any], bilinear: bool, out: NDArray[Any], todo: NDArray[Any],
) -> int:  # fmt: skip
    """Fills the pixels of `out` (bands, H, W) that are `todo` from `src` (bands, h, w); returns how many it filled.

    `columns`, `rows`: source pixel coordinates (pixel k covers k to k + 1) at the corners of equal cells of the whole output.
    `marks`: for each band the count that means "no value" (int64, or float64 for floats), or one that no pixel has; a pixel
    with any band at its mark, or NaN, is not valid. Bilinear falls back to the nearest pixel beside invalid ones.
    Weights have 14 bits, of three bands of bytes 12: a count of integers is within one of the exact mean.
    """
    if bilinear and src.dtype == np.uint8 and src.shape[0] == 3:
        packed = np.empty(src.shape[1:], np.uint64)
        pack(src, marks, packed)
        return int(warp_packed(packed, columns, rows, top, bottom, left, right, out, todo))
    count = src.shape[0] if src.shape[0] <= 3 else 0
    floating = src.dtype.kind == "f"
    chosen = _WARPS[count, bilinear, floating]
    unmarked = not floating and not _has_marks(src, marks)
    return chosen(src, columns, rows, top, bottom, left, right, marks, unmarked, out, todo)


@njit(nogil=True, cache=True, boundscheck=False)
def _has_marks(src: NDArray[Any], marks: NDArray[Any]) -> bool:
    """Whether any count says "no value"; a row at a time, so that the compiler takes many pixels at once."""
    for b in range(src.shape[0]):
        none = np.empty(1, src.dtype)
        none[0] = marks[b]
        if none[0] != marks[b]:
            continue
        for i in range(src.shape[1]):
            hit = False
            for j in range(src.shape[2]):
                hit |= src[b, i, j] == none[0]
            if hit:
                return True
    return False


@njit(nogil=True, cache=True, boundscheck=False)
def commit(values: NDArray[Any], got: NDArray[Any], out: NDArray[Any], todo: NDArray[Any]) -> int:
    """Copies the pixels that are `got` and still `todo` from `values` to `out` (bands, H, W); returns how many."""
    filled = 0
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            if todo[i, j] and got[i, j]:
                for b in range(out.shape[0]):
                    out[b, i, j] = values[b, i, j]
                todo[i, j] = 0
                filled += 1
    return filled


@njit(nogil=True, cache=True, boundscheck=False)
def look_up(
    values: NDArray[Any], todo: NDArray[Any], table: NDArray[Any], mask: int, out: NDArray[Any]
) -> None:
    """Counts (H, W) to palette entries (H, W) through a table; pixels without a value are 0."""
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            out[i, j] = 0 if todo[i, j] else table[int(values[i, j]) & mask]


@njit(nogil=True, cache=True, boundscheck=False)
def grade(values: NDArray[Any], todo: NDArray[Any], bounds: NDArray[Any], out: NDArray[Any]) -> None:
    """Values (H, W) to 1 + the number of the rising `bounds` that lie below them; pixels without a value are 0."""
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            if todo[i, j]:
                out[i, j] = 0
                continue
            value, low, high = values[i, j], 0, bounds.shape[0]
            while low < high:
                middle = (low + high) >> 1
                if bounds[middle] < value:
                    low = middle + 1
                else:
                    high = middle
            out[i, j] = low + 1


@njit(nogil=True, cache=True, boundscheck=False)
def look_up_rgb(
    values: NDArray[Any], todo: NDArray[Any], tables: NDArray[Any], mask: int, out: NDArray[Any]
) -> None:
    """Counts (3, H, W) to red, green, blue (H, W, 3 or 4) through a table each; pixels without a value are all 0."""
    alpha = out.shape[2] == 4
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            if todo[i, j]:
                for b in range(out.shape[2]):
                    out[i, j, b] = 0
                continue
            for b in range(3):
                out[i, j, b] = tables[b, int(values[b, i, j]) & mask]
            if alpha:
                out[i, j, 3] = 255


@njit(nogil=True, cache=True, boundscheck=False)
def interleave(values: NDArray[Any], todo: NDArray[Any], out: NDArray[Any]) -> None:
    """Bytes (3, H, W) to pixels (H, W, 3 or 4); pixels without a value are all 0."""
    alpha = out.shape[2] == 4
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            if todo[i, j]:
                for b in range(out.shape[2]):
                    out[i, j, b] = 0
                continue
            out[i, j, 0] = values[0, i, j]
            out[i, j, 1] = values[1, i, j]
            out[i, j, 2] = values[2, i, j]
            if alpha:
                out[i, j, 3] = 255


@njit(nogil=True, cache=True, boundscheck=False)
def lay_on(pixels: NDArray[Any], background: NDArray[Any], out: NDArray[Any]) -> None:
    """Pixels (H, W, 4) on an opaque background of three bytes, to (H, W, 3)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            alpha = pixels[i, j, 3]
            if alpha == 255:
                for b in range(3):
                    out[i, j, b] = pixels[i, j, b]
            elif alpha == 0:
                for b in range(3):
                    out[i, j, b] = background[b]
            else:
                share = np.float32(alpha) / np.float32(255)
                for b in range(3):
                    under = np.float32(background[b]) * (np.float32(1) - share)
                    out[i, j, b] = np.uint8(np.float32(pixels[i, j, b]) * share + under + np.float32(0.5))


@njit(nogil=True, cache=True, boundscheck=False)
def normalised_difference(
    values: NDArray[Any],
    todo: NDArray[Any],
    offset: float,
    low: float,
    high: float,
    steps: int,
    out: NDArray[Any],
) -> None:
    """(a - b) / (a + b) of two bands as 1…steps between low and high; `offset` is in counts. 0 where there is no value or no sum."""
    for i in range(todo.shape[0]):
        for j in range(todo.shape[1]):
            out[i, j] = 0
            if todo[i, j]:
                continue
            a, b = values[0, i, j] + offset, values[1, i, j] + offset
            if a + b == 0:
                continue
            share = ((a - b) / (a + b) - low) / (high - low)
            out[i, j] = 1 + int(min(max(share, 0.0), 1.0) * (steps - 1) + 0.5)


@njit(nogil=True, cache=True, boundscheck=False)
def filter_up(rows: NDArray[Any], out: NDArray[Any]) -> None:
    """PNG filter 2 (each byte less the one above; PNG, clause 9.2) of rows (H, N) into (H, 1 + N)."""
    for i in range(rows.shape[0]):
        out[i, 0] = 2 if i else 0
        if i == 0:
            for j in range(rows.shape[1]):
                out[0, 1 + j] = rows[0, j]
        else:
            for j in range(rows.shape[1]):
                out[i, 1 + j] = rows[i, j] - rows[i - 1, j]


@njit(nogil=True, cache=True, boundscheck=False)
def cells_within(
    x: NDArray[Any], y: NDArray[Any], west: float, south: float, east: float, north: float
) -> tuple[int, int, int, int]:
    """First and last row, first and last column of the cells between nodes (H + 1, W + 1) whose extent meets a box; NaN nodes are left out.

    Where none does, the last row is less than the first.
    """
    top, bottom, left, right = x.shape[0], -1, x.shape[1], -1
    for i in range(x.shape[0] - 1):
        for j in range(x.shape[1] - 1):
            low_x, high_x, low_y, high_y = np.inf, -np.inf, np.inf, -np.inf
            for k in range(4):
                a, b = x[i + k // 2, j + k % 2], y[i + k // 2, j + k % 2]
                if a < low_x:
                    low_x = a
                if a > high_x:
                    high_x = a
                if b < low_y:
                    low_y = b
                if b > high_y:
                    high_y = b
            if low_x <= east and high_x >= west and low_y <= north and high_y >= south:
                top, bottom, left, right = min(top, i), max(bottom, i), min(left, j), max(right, j)
    return top, bottom, left, right


@njit(nogil=True, cache=True, boundscheck=False)
def span(values: NDArray[Any]) -> tuple[float, float]:
    """Least and greatest of (H, W) that is finite; inf and -inf where nothing is."""
    low, high = np.inf, -np.inf
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value = values[i, j]
            if np.isfinite(value):
                low, high = min(low, value), max(high, value)
    return low, high


@njit(nogil=True, cache=True, boundscheck=False)
def bend(fine: NDArray[Any]) -> tuple[float, float]:
    """How far the middles of the cells of a grid are from the mean of their corners, at most; and the longest step across plus the longest down.

    `fine` (2 H + 1, 2 W + 1) has the corners at even places. NaN is left out of the first and makes the second NaN.
    """
    worst, across, down = 0.0, 0.0, 0.0
    for i in range(fine.shape[0]):
        for j in range(fine.shape[1]):
            value = fine[i, j]
            if j:
                step = abs(value - fine[i, j - 1])
                if step > across or step != step:
                    across = step
            if i:
                step = abs(value - fine[i - 1, j])
                if step > down or step != step:
                    down = step
            if i % 2 and j % 2:
                corners = fine[i - 1, j - 1] + fine[i + 1, j - 1] + fine[i - 1, j + 1] + fine[i + 1, j + 1]
                off = abs(value - corners / 4)
                if off > worst and off < np.inf:
                    worst = off
    return worst, across + down


@njit(nogil=True, cache=True, boundscheck=False)
def undo_differences(rows: NDArray[Any], out: NDArray[Any]) -> None:
    """Differences of neighbours along a row (H, W, bands), as TIFF's predictor 2 has them, to counts (bands, H, W); integers, which overflow."""
    for i in range(rows.shape[0]):
        for b in range(rows.shape[2]):
            count = np.int64(0)
            for j in range(rows.shape[1]):
                count += rows[i, j, b]
                out[b, i, j] = count


def compile_all() -> None:
    """Compiles the kernels for the types and numbers of bands that products and styles have, into numba's cache."""
    todo = np.ones((4, 4), np.uint8)
    corner = np.zeros((2, 2))
    for dtype, counts in (
        (np.uint8, (1, 3)),
        (np.int16, (1, 2, 3)),
        (np.uint16, (1, 3)),
        (np.float32, (1, 2)),
    ):
        marks = np.zeros(3, np.float64 if dtype is np.float32 else np.int64)
        for count in counts:
            src, out = np.ones((count, 4, 4), dtype), np.zeros((count, 4, 4), dtype)
            for bilinear in (False, True):
                warp(src, corner, corner, 0, 4, 0, 4, marks, bilinear, out, todo.copy())
            commit(src, todo, out, todo.copy())
            if dtype is not np.float32:
                undo_differences(np.frombuffer(src.tobytes(), dtype).reshape(4, 4, count), out)
            if count == 2:
                normalised_difference(src, todo, 0.0, -1.0, 1.0, 240, np.zeros((4, 4), np.uint8))
            if dtype in (np.int16, np.float32) and count == 1:
                grade(src[0], todo, np.zeros(2), np.zeros((4, 4), np.uint8))
            if dtype is not np.float32:
                look_up(src[0], todo, np.zeros(65_536, np.uint8), 0xFFFF, np.zeros((4, 4), np.uint8))
            if count == 3:
                look_up_rgb(src, todo, np.zeros((3, 65_536), np.uint8), 0xFFFF, np.zeros((4, 4, 3), np.uint8))
    cells_within(corner, corner, 0.0, 0.0, 1.0, 1.0)
    span(corner)
    bend(np.zeros((3, 3)))
    interleave(np.ones((3, 4, 4), np.uint8), todo, np.zeros((4, 4, 3), np.uint8))
    lay_on(np.ones((4, 4, 4), np.uint8), np.ones(3, np.uint8), np.zeros((4, 4, 3), np.uint8))
    filter_up(np.ones((4, 12), np.uint8), np.zeros((4, 13), np.uint8))


if __name__ == "__main__":
    compile_all()
