# SPDX-License-Identifier: Apache-2.0
"""The compiled loops against the plain ones, and both against exact answers."""

import numpy as np
import pytest

from tiles import kernels, plain

RNG = np.random.default_rng(5)


def _grid(width: int, height: int, source: int) -> tuple[np.ndarray, np.ndarray]:
    """A slightly turned and shifted grid that leaves the source on one side."""
    c, r = np.meshgrid(np.linspace(-7.3, source + 2.1, 4), np.linspace(3.2, source - 1.7, 5))
    return c + 0.03 * r, r - 0.02 * c


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
@pytest.mark.parametrize("bilinear", [False, True])
def test_compiled_and_plain_warp_agree(dtype: type, bilinear: bool) -> None:
    src = RNG.integers(1, 250, (2, 40, 40)).astype(dtype)
    src[:, 10:14, 5:20] = 0
    columns, rows = _grid(64, 50, 40)
    nodata = np.zeros(2, np.float64 if dtype is np.float32 else np.int64)
    results = []
    for loops in (kernels, plain):
        out, todo = np.zeros((2, 50, 64), dtype), np.ones((50, 64), np.uint8)
        todo[:, :3] = 0
        filled = loops.warp(src, columns, rows, 0, 50, 0, 64, nodata, bilinear, out, todo)
        results.append((filled, out, todo))
    (count, values, empty), (plain_count, plain_values, plain_empty) = results
    assert count == plain_count > 1_000
    assert (empty == plain_empty).all()
    difference = np.abs(values.astype(float) - plain_values.astype(float))
    assert (difference > (1e-3 if dtype is np.float32 else 0)).mean() < 5e-3, (
        "14-bit weights, and pixels exactly on a border, may round to either side"
    )


def test_graded_values_are_numbered_by_the_bounds_below_them() -> None:
    values = np.array([[-5.0, 0.0, 0.1, 1.0, 2.0, 99.0]], np.float32)
    todo = np.array([[0, 0, 0, 0, 0, 1]], np.uint8)
    for loops in (kernels, plain):
        out = np.zeros((1, 6), np.uint8)
        loops.grade(values, todo, np.array([0.0, 1.0]), out)
        assert out.tolist() == [[1, 1, 2, 2, 3, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
@pytest.mark.parametrize("mark", [0, -10_000, 1 << 40])
def test_pixel_on_pixel_is_a_copy_of_what_is_there_and_not_done(dtype: type, mark: int) -> None:
    """The quick way of one band, with a mark that the counts can have, or never have; the source begins and ends within the picture."""
    src = RNG.integers(0, 3, (1, 40, 50)).astype(dtype)
    if dtype is np.float32:
        src[0, 5, :7] = np.nan
    columns, rows = np.meshgrid(np.array([-6.0, 20.0, 46.0]), np.array([3.0, 33.0]))
    marks = np.array([mark], np.float64 if dtype is np.float32 else np.int64)
    results = []
    for loops in (kernels, plain):
        out, todo = np.full((1, 30, 52), 99, dtype), np.ones((30, 52), np.uint8)
        todo[4:9, 10:20] = 0
        filled = loops.warp(src, columns, rows, 0, 30, 0, 52, marks, False, out, todo)
        results.append((filled, out, todo))
    (count, values, empty), (plain_count, plain_values, plain_empty) = results
    assert count == plain_count > 500
    assert (empty == plain_empty).all()
    assert np.array_equal(values, plain_values, equal_nan=dtype is np.float32)


def test_the_nearest_pixel_is_taken_and_nodata_is_left_for_the_next_scene() -> None:
    src = np.arange(16, dtype=np.int16).reshape(1, 4, 4)
    corners = np.array([[0.0, 4.0], [0.0, 4.0]]), np.array([[0.0, 0.0], [4.0, 4.0]])
    out, todo = np.full((1, 4, 4), -1, np.int16), np.ones((4, 4), np.uint8)
    filled = kernels.warp(src, *corners, 0, 4, 0, 4, np.array([5]), False, out, todo)
    assert filled == 15
    assert todo.sum() == 1
    assert todo[1, 1] == 1
    assert out[0, 3].tolist() == [12, 13, 14, 15]


def test_a_band_without_data_empties_the_pixel() -> None:
    src = np.ones((3, 2, 2), np.int16)
    src[2, 0, 0] = -10_000
    corners = np.array([[0.0, 2.0], [0.0, 2.0]]), np.array([[0.0, 0.0], [2.0, 2.0]])
    out, todo = np.zeros((3, 2, 2), np.int16), np.ones((2, 2), np.uint8)
    kernels.warp(src, *corners, 0, 2, 0, 2, np.full(3, -10_000), False, out, todo)
    assert todo.tolist() == [[1, 0], [0, 0]]


def test_nan_nodes_draw_nothing() -> None:
    corners = np.full((2, 2), np.nan), np.zeros((2, 2))
    for loops in (kernels, plain):
        todo = np.ones((4, 4), np.uint8)
        src, out = np.ones((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
        filled = loops.warp(src, *corners, 0, 4, 0, 4, np.array([-1]), True, out, todo)
        assert filled == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_the_small_loops_agree(dtype: type) -> None:
    values = RNG.integers(-50 if dtype is np.int16 else 0, 200, (3, 9, 7)).astype(dtype)
    todo = RNG.integers(0, 2, (9, 7)).astype(np.uint8)
    tables = RNG.integers(0, 255, (3, 65_536)).astype(np.uint8)
    for name, arguments, shape in (
        ("look_up", (values[0], todo, tables[0], 0xFFFF), (9, 7)),
        ("look_up_rgb", (values, todo, tables, 0xFFFF), (9, 7, 4)),
        ("normalised_difference", (values[:2], todo, 3.0, -1.0, 1.0, 240), (9, 7)),
        ("interleave", (values.astype(np.uint8), todo), (9, 7, 4)),
    ):
        fast, slow = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        getattr(kernels, name)(*arguments, fast)
        getattr(plain, name)(*arguments, slow)
        assert (fast == slow).all(), name
    rows = values.reshape(9, 21).astype(np.uint8)
    fast, slow = np.zeros((9, 22), np.uint8), np.zeros((9, 22), np.uint8)
    kernels.filter_up(rows, fast)
    plain.filter_up(rows, slow)
    assert (fast == slow).all()


def test_commit_fills_what_is_got_and_still_empty() -> None:
    values, got = np.full((1, 2, 2), 9, np.int16), np.array([[1, 1], [0, 0]], np.uint8)
    for loops in (kernels, plain):
        out, todo = np.zeros((1, 2, 2), np.int16), np.array([[1, 0], [1, 1]], np.uint8)
        assert loops.commit(values, got, out, todo) == 1
        assert out[0].tolist() == [[9, 0], [0, 0]]
        assert todo.tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_picture_within_a_whole_source_is_the_nearest_pixels(dtype: type, count: int) -> None:
    """The quick way: everything is there and nothing is drawn yet; of the second picture a corner is."""
    src = RNG.integers(1, 250, (count, 90, 90)).astype(dtype)
    columns, rows = np.meshgrid(np.linspace(3.3, 80.1, 4), np.linspace(5.2, 70.7, 5))
    columns, rows = columns + 0.03 * rows, rows - 0.02 * columns
    for drawn in (0, 7):
        results = []
        for loops in (kernels, plain):
            out, todo = np.zeros((count, 50, 64), dtype), np.ones((50, 64), np.uint8)
            todo[:drawn, :drawn] = 0
            filled = loops.warp(src, columns, rows, 0, 50, 0, 64, np.zeros(count, np.int64), False, out, todo)
            results.append((filled, out, todo))
        (filled, values, empty), (plain_filled, plain_values, plain_empty) = results
        assert filled == plain_filled == 50 * 64 - drawn * drawn and not empty.any() and not plain_empty.any()
        assert (values != plain_values).mean() < 1e-3, "a pixel exactly on a border may go to either side"


@pytest.mark.parametrize("loops", [kernels, plain])
def test_pixels_are_laid_on_a_background(loops) -> None:
    pixels = np.array([[[10, 20, 30, 255], [9, 9, 9, 0], [100, 0, 200, 128], [255, 255, 255, 1]]], np.uint8)
    out = np.zeros((1, 4, 3), np.uint8)
    loops.lay_on(pixels, np.array([200, 100, 0], np.uint8), out)
    assert out[0, :2].tolist() == [[10, 20, 30], [200, 100, 0]]
    half = 128 / 255
    exact = [
        [100 * half + 200 * (1 - half), 100 * (1 - half), 200 * half],
        [200 + 55 / 255, 100 + 155 / 255, 1],
    ]
    assert np.abs(out[0, 2:] - np.array(exact)).max() <= 0.51


@pytest.mark.parametrize("loops", [kernels, plain])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_differences_are_undone(loops, dtype: type) -> None:
    counts = RNG.integers(0, 60_000, (3, 20, 30)).astype(dtype)
    rows = np.ascontiguousarray(np.moveaxis(counts, 0, 2))
    rows[:, 1:] -= rows[:, :-1].copy()
    out = np.zeros_like(counts)
    loops.undo_differences(np.frombuffer(rows.tobytes(), dtype).reshape(rows.shape), out)
    assert (out == counts).all()


def test_a_line_that_runs_to_the_edge_of_the_source_stays_within() -> None:
    """From right to left and from below, so that the last pixel lies on the edge itself, or by the rounding of numbers beside it."""
    src = np.arange(1, 2_501, dtype=np.uint16).reshape(1, 50, 50)
    for step in np.linspace(0.05, 0.77, 400):
        line = np.array([step * 64 - step / 2, -step / 2])
        columns, rows = np.meshgrid(line, line)
        results = []
        for loops in (kernels, plain):
            out, todo = np.zeros((1, 64, 64), np.uint16), np.ones((64, 64), np.uint8)
            loops.warp(src, columns, rows, 0, 64, 0, 64, np.zeros(1, np.int64), False, out, todo)
            results.append(out)
        assert (results[0] != results[1]).mean() < 0.05
        assert results[0].max() <= 2_500
