# SPDX-License-Identifier: Apache-2.0
"""The kernels of `tiles.kernels` in numpy, for machines where numba is absent or unwanted (HYSOPE_NUMBA=0); same results, slower."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def warp(
    src: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any], top: int, bottom: int, left: int, right: int,
    nodata: NDArray[Any], bilinear: bool, rounded: bool, out: NDArray[Any], todo: NDArray[Any],
) -> int:  # fmt: skip
    """See `tiles.kernels.warp`."""
    _, height, width = src.shape
    i, j = np.nonzero(todo[top:bottom, left:right])
    i, j = i + top, j + left
    c, r = _between(columns, todo.shape, i, j), _between(rows, todo.shape, i, j)
    with np.errstate(invalid="ignore"):
        keep = (c >= 0) & (r >= 0) & (c < width) & (r < height)
    i, j, c, r = i[keep], j[keep], c[keep], r[keep]
    picked = src[:, r.astype(np.intp), c.astype(np.intp)]
    good = _valid(picked, nodata)
    i, j, c, r, picked = i[good], j[good], c[good], r[good], picked[:, good]
    out[:, i, j] = picked
    todo[i, j] = 0
    if bilinear:
        _mix(src, i, j, c - 0.5, r - 0.5, nodata, rounded, out)
    return int(i.size)


def _mix(
    src: NDArray[Any],
    i: NDArray[Any],
    j: NDArray[Any],
    x: NDArray[Any],
    y: NDArray[Any],
    nodata: NDArray[Any],
    rounded: bool,
    out: NDArray[Any],
) -> None:
    """Replaces the nearest value by the bilinear one where all four neighbours are valid."""
    _, height, width = src.shape
    x0, y0 = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    inner = (x0 >= 0) & (y0 >= 0) & (x0 + 1 < width) & (y0 + 1 < height)
    i, j, x, y, x0, y0 = i[inner], j[inner], x[inner], y[inner], x0[inner], y0[inner]
    corners = [src[:, y0 + down, x0 + over] for down in (0, 1) for over in (0, 1)]
    whole = np.logical_and.reduce([_valid(corner, nodata, keep_nan=True) for corner in corners])
    wx, wy = (x - x0)[whole], (y - y0)[whole]
    a, b, c, d = (corner[:, whole].astype(np.float64) for corner in corners)
    mixed = (a * (1 - wx) + b * wx) * (1 - wy) + (c * (1 - wx) + d * wx) * wy
    out[:, i[whole], j[whole]] = np.floor(mixed + 0.5) if rounded else mixed


def _between(grid: NDArray[Any], shape: tuple[int, ...], i: NDArray[Any], j: NDArray[Any]) -> NDArray[Any]:
    tall, wide = shape[0] / (grid.shape[0] - 1), shape[1] / (grid.shape[1] - 1)
    fy, fx = (i + 0.5) / tall, (j + 0.5) / wide
    iy, ix = (
        np.minimum(fy.astype(np.intp), grid.shape[0] - 2),
        np.minimum(fx.astype(np.intp), grid.shape[1] - 2),
    )
    ty, tx = fy - iy, fx - ix
    upper = grid[iy, ix] * (1 - tx) + grid[iy, ix + 1] * tx
    lower = grid[iy + 1, ix] * (1 - tx) + grid[iy + 1, ix + 1] * tx
    mixed: NDArray[Any] = upper * (1 - ty) + lower * ty
    return mixed


def _valid(picked: NDArray[Any], nodata: NDArray[Any], *, keep_nan: bool = False) -> NDArray[np.bool_]:
    good = np.ones(picked.shape[1], np.bool_)
    for band, marks in zip(picked, nodata, strict=True):
        for mark in marks:
            good &= band != mark
        if band.dtype.kind == "f" and not keep_nan:
            good &= ~np.isnan(band)
    return good


def commit(values: NDArray[Any], got: NDArray[Any], out: NDArray[Any], todo: NDArray[Any]) -> int:
    """See `tiles.kernels.commit`."""
    both = (todo != 0) & (got != 0)
    out[:, both] = values[:, both]
    todo[both] = 0
    return int(both.sum())


def look_up(
    values: NDArray[Any], todo: NDArray[Any], table: NDArray[Any], mask: int, out: NDArray[Any]
) -> None:
    """See `tiles.kernels.look_up`."""
    out[:] = np.where(todo != 0, 0, table[values.astype(np.int64) & mask])


def look_up_rgb(
    values: NDArray[Any], todo: NDArray[Any], tables: NDArray[Any], mask: int, out: NDArray[Any]
) -> None:
    """See `tiles.kernels.look_up_rgb`."""
    for band in range(3):
        look_up(values[band], todo, tables[band], mask, out[:, :, band])
    if out.shape[2] == 4:
        out[:, :, 3] = np.where(todo != 0, 0, 255)


def interleave(values: NDArray[Any], todo: NDArray[Any], out: NDArray[Any]) -> None:
    """See `tiles.kernels.interleave`."""
    for band in range(3):
        out[:, :, band] = np.where(todo != 0, 0, values[band])
    if out.shape[2] == 4:
        out[:, :, 3] = np.where(todo != 0, 0, 255)


def normalised_difference(
    values: NDArray[Any],
    todo: NDArray[Any],
    offset: float,
    low: float,
    high: float,
    steps: int,
    out: NDArray[Any],
) -> None:
    """See `tiles.kernels.normalised_difference`."""
    a, b = values[0] + np.float64(offset), values[1] + np.float64(offset)
    total = a + b
    empty = (todo != 0) | (total == 0)
    share = ((a - b) / np.where(empty, 1.0, total) - low) / (high - low)
    out[:] = np.where(empty, 0, 1 + (np.clip(share, 0.0, 1.0) * (steps - 1) + 0.5).astype(np.uint8))


def filter_up(rows: NDArray[Any], out: NDArray[Any]) -> None:
    """See `tiles.kernels.filter_up`."""
    out[:, 0] = 2
    out[0, 0] = 0
    out[0, 1:] = rows[0]
    out[1:, 1:] = rows[1:] - rows[:-1]


def compile_all() -> None:
    """Nothing to compile."""
