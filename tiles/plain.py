# SPDX-License-Identifier: Apache-2.0
"""The kernels of `tiles.kernels` in numpy, for machines where numba is absent or unwanted (HYSOPE_NUMBA=0); same results, slower."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def warp(
    src: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any], top: int, bottom: int, left: int, right: int,
    marks: NDArray[Any], bilinear: bool, out: NDArray[Any], todo: NDArray[Any],
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
    good = _valid(picked, marks)
    if bilinear:
        good |= _mix(src, i, j, c - 0.5, r - 0.5, marks, picked)
    out[:, i[good], j[good]] = picked[:, good]
    todo[i[good], j[good]] = 0
    return int(good.sum())


def _mix(
    src: NDArray[Any],
    i: NDArray[Any],
    j: NDArray[Any],
    x: NDArray[Any],
    y: NDArray[Any],
    marks: NDArray[Any],
    picked: NDArray[Any],
) -> NDArray[np.bool_]:
    """Replaces the nearest values by the bilinear ones where all four neighbours are valid; where it did."""
    _, height, width = src.shape
    x0, y0 = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    whole = (x0 >= 0) & (y0 >= 0) & (x0 + 1 < width) & (y0 + 1 < height)
    x0, y0 = np.where(whole, x0, 0), np.where(whole, y0, 0)
    down, over = min(1, height - 1), min(1, width - 1)
    corners = [src[:, y0 + one, x0 + other] for one in (0, down) for other in (0, over)]
    whole &= np.logical_and.reduce([_valid(corner, marks) for corner in corners])
    wx, wy = x - x0, y - y0
    a, b, c, d = (corner.astype(np.float64) for corner in corners)
    mixed = (a * (1 - wx) + b * wx) * (1 - wy) + (c * (1 - wx) + d * wx) * wy
    if src.dtype.kind != "f":
        mixed = np.floor(mixed + 0.5)
    picked[:, whole] = mixed[:, whole]
    found: NDArray[np.bool_] = whole
    return found


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


def _valid(picked: NDArray[Any], marks: NDArray[Any]) -> NDArray[np.bool_]:
    good = np.ones(picked.shape[1], np.bool_)
    for band, mark in zip(picked, marks, strict=False):
        good &= band != mark
        if band.dtype.kind == "f":
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


def grade(values: NDArray[Any], todo: NDArray[Any], bounds: NDArray[Any], out: NDArray[Any]) -> None:
    """See `tiles.kernels.grade`."""
    out[:] = np.where(todo != 0, 0, 1 + np.searchsorted(bounds, values, side="left"))


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


def cells_within(
    x: NDArray[Any], y: NDArray[Any], west: float, south: float, east: float, north: float
) -> tuple[int, int, int, int]:
    """See `tiles.kernels.cells_within`."""
    low_x, high_x = _ends(x)
    low_y, high_y = _ends(y)
    cells = (low_x <= east) & (high_x >= west) & (low_y <= north) & (high_y >= south)
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    if not rows.size:
        return x.shape[0], -1, x.shape[1], -1
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def _ends(nodes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Least and greatest of the corners of each cell."""
    corners = np.stack([nodes[:-1, :-1], nodes[1:, :-1], nodes[:-1, 1:], nodes[1:, 1:]])
    none = np.isnan(corners)
    return np.where(none, np.inf, corners).min(axis=0), np.where(none, -np.inf, corners).max(axis=0)


def span(values: NDArray[Any]) -> tuple[float, float]:
    """See `tiles.kernels.span`."""
    finite = values[np.isfinite(values)]
    return float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))


def bend(fine: NDArray[Any]) -> tuple[float, float]:
    """See `tiles.kernels.bend`."""
    mean = (fine[:-2:2, :-2:2] + fine[2::2, :-2:2] + fine[:-2:2, 2::2] + fine[2::2, 2::2]) / 4
    difference = np.abs(fine[1::2, 1::2] - mean)
    steps = (np.abs(np.diff(fine, axis=axis)).max(initial=0.0) for axis in (0, 1))
    return float(difference[np.isfinite(difference)].max(initial=0.0)), float(sum(steps))


def lay_on(pixels: NDArray[Any], background: NDArray[Any], out: NDArray[Any]) -> None:
    """See `tiles.kernels.lay_on`."""
    share = pixels[..., 3:].astype(np.float32) / np.float32(255)
    mixed = pixels[..., :3] * share + background.astype(np.float32) * (1 - share) + np.float32(0.5)
    out[:] = np.where(pixels[..., 3:] == 0, background, mixed.astype(np.uint8))


def undo_differences(rows: NDArray[Any], out: NDArray[Any]) -> None:
    """See `tiles.kernels.undo_differences`."""
    out[:] = np.moveaxis(np.cumsum(rows, axis=1, dtype=rows.dtype), 2, 0)
