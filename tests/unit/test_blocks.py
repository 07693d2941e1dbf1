# SPDX-License-Identifier: Apache-2.0
"""Kept blocks give the pixels that the file has, whatever the window, and stay within their bounds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.model.product import Grid
from catalog.raster.blocks import SIDE, Blocks, Source
from catalog.raster.files import Handles, Pixels, Unreadable
from catalog.raster.write import CogMaker

WIDTH, HEIGHT = 700, 560


class Counted(Handles):
    """Remembers which windows were read of files."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[tuple[int, int, int, int]] = []

    def read(
        self, path: str, driver: str, level: int, bands, column: int, row: int, width: int, height: int
    ) -> Pixels:
        self.windows.append((column, row, width, height))
        return super().read(path, driver, level, bands, column, row, width, height)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[int, ...]]:
    path = tmp_path_factory.mktemp("blocks") / "three.tif"
    dice = np.random.default_rng(1)
    maker = CogMaker(Grid(32631, 300_000, 4_900_020, 10, 10, WIDTH, HEIGHT), 3, "uint16", 0)
    for number in (1, 2, 3):
        maker.put(number, dice.integers(0, 10_000, (HEIGHT, WIDTH)).astype(np.uint16))
    return path, maker.finish(path, average=True)


def whole(path: Path, level: int = -1) -> Pixels:
    options = {"overview_level": level} if level >= 0 else {}
    with rasterio.open(path, driver="GTiff", **options) as dataset:
        found: Pixels = dataset.read()
        return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_window_of_any_level_and_bands(raster: tuple[Path, tuple[int, ...]], data: st.DataObject) -> None:
    path, overviews = raster
    level = data.draw(st.integers(-1, len(overviews) - 1))
    expected = whole(path, level)
    _, height, width = expected.shape
    source = Source(str(path), "GTiff", level, width, height)
    blocks = Blocks(Handles(), data.draw(st.sampled_from([0, 300_000, 1 << 26])))
    for _ in range(3):
        column, row = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        across, down = data.draw(st.integers(1, width - column)), data.draw(st.integers(1, height - row))
        bands = data.draw(st.sampled_from([(1,), (3, 1), (1, 2, 3)]))
        found = blocks.read(source, bands, column, row, across, down)
        asked = expected[[band - 1 for band in bands], row : row + down, column : column + across]
        assert np.array_equal(found, asked) and found.flags.c_contiguous and found.flags.writeable


def test_a_block_is_decoded_once_for_all_threads_and_the_missing_are_read_together(
    raster: tuple[Path, tuple[int, ...]],
) -> None:
    path, _ = raster
    handles = Counted()
    blocks, source = Blocks(handles, 1 << 26), Source(str(path), "GTiff", -1, WIDTH, HEIGHT)
    blocks.read(source, (1,), 10, 10, 20, 20)
    assert handles.windows == [(0, 0, SIDE, SIDE)]
    blocks.read(source, (1,), 200, 200, 300, 100)  # two rows of two blocks, one of them kept
    assert handles.windows[1:] == [(0, 0, 2 * SIDE, 2 * SIDE)]
    blocks.read(source, (1,), 600, 500, 100, 60)  # the corner: its blocks are cut by the edge
    assert handles.windows[2:] == [(512, 256, WIDTH - 512, HEIGHT - 256)]
    with ThreadPoolExecutor(4) as pool:
        parts = list(
            pool.map(lambda at: blocks.read(source, (1,), at, at, 150, 150), [0, 50, 100, 150, 200] * 10)
        )
    assert len(handles.windows) == 3
    assert np.array_equal(parts[4], whole(path)[:1, 200:350, 200:350])


def test_what_is_kept_has_a_bound_and_a_large_window_pushes_nothing_out(
    raster: tuple[Path, tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = raster
    handles, block = Counted(), SIDE * SIDE * 2
    blocks, source = Blocks(handles, 2 * block), Source(str(path), "GTiff", -1, WIDTH, HEIGHT)
    for column in (0, SIDE, 0, 2 * SIDE, 0):  # the one that was used last stays
        blocks.read(source, (1,), column, 0, 10, 10)
        assert blocks._bytes <= 2 * block
    assert len(handles.windows) == 3
    monkeypatch.setattr("catalog.raster.blocks._MOST_BLOCKS", 5)
    blocks.read(source, (1,), 0, 0, WIDTH, HEIGHT)
    assert handles.windows[3:] == [(0, 0, WIDTH, HEIGHT)]
    blocks.read(source, (1,), 0, 0, 10, 10)
    assert len(handles.windows) == 4


def test_a_file_that_cannot_be_read_is_said_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "bad.tif"
    path.write_bytes(b"II*\0 no raster")
    blocks = Blocks(Handles(), 1 << 20)
    with pytest.raises(Unreadable):
        blocks.read(Source(str(path), "GTiff", -1, 10, 10), (1,), 0, 0, 10, 10)
    assert not blocks._kept
