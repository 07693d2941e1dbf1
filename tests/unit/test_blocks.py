# SPDX-License-Identifier: Apache-2.0
"""Kept blocks give the pixels that the file has, whatever the window, and stay within their bounds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from catalog.model.product import Grid
from catalog.raster.blocks import SIDE, Blocks, Source
from catalog.raster.files import Handles, Pixels, Unreadable
from catalog.raster.write import CogMaker, grid_transform
from tiles import plain
from tiles.loops import loops

WIDTH, HEIGHT = 700, 560
AT = grid_transform(Grid(32631, 300_000, 4_900_020, 10, 10, 520, 300))


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
    undo = data.draw(st.sampled_from([None, plain.undo_differences, loops.undo_differences]))
    blocks = Blocks(Handles(undo), data.draw(st.sampled_from([0, 300_000, 1 << 26])))
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


class Refused(Handles):
    """Has no window read of a file, only blocks."""

    def read(self, *_: object) -> Pixels:
        raise AssertionError("read by GDAL")


def written(path: Path, dtype: str, count: int, **how: object) -> Pixels:
    """A file of noise in rows that rise, with a border that no block fills."""
    counts = np.random.default_rng(2).integers(0, 70_000, (count, 300, 520)).cumsum(2).astype(dtype)
    profile = {
        "driver": "GTiff",
        "width": 520,
        "height": 300,
        "count": count,
        "dtype": dtype,
        "crs": "EPSG:32631",
        "transform": AT,
        **how,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(counts)
    return counts


OURS = {
    "compress": "ZSTD",
    "predictor": 2,
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
    "interleave": "pixel",
}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16"])
@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize("undo", [plain.undo_differences, loops.undo_differences])
def test_blocks_as_we_write_them_are_unpacked_without_gdal(
    tmp_path: Path, dtype: str, count: int, undo
) -> None:
    path = tmp_path / "ours.tif"
    counts = written(path, dtype, count, **OURS)
    blocks = Blocks(Refused(undo), 1 << 26)
    found = blocks.read(Source(str(path), "GTiff", -1, 520, 300), range(1, count + 1), 0, 0, 520, 300)
    assert np.array_equal(found, counts) and found.dtype == counts.dtype


@pytest.mark.parametrize(
    ("dtype", "how"),
    [
        ("uint8", OURS | {"compress": "DEFLATE"}),
        ("uint8", OURS | {"predictor": 1}),
        ("uint8", OURS | {"interleave": "band"}),
        ("uint16", OURS | {"blockxsize": 128}),
        ("uint16", OURS | {"tiled": False, "blockysize": 7, "blockxsize": None}),
        ("uint16", OURS | {"endianness": "BIG"}),
        ("uint16", OURS | {"nbits": 12, "predictor": 1}),
        ("float32", OURS | {"predictor": 3}),
        ("int32", OURS),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_read_by_gdal(tmp_path: Path, dtype: str, how: dict[str, object]) -> None:
    path = tmp_path / "other.tif"
    counts = written(path, dtype, 2, **{name: value for name, value in how.items() if value is not None})
    if "nbits" in how:
        counts = whole(path)
    handles = Handles(loops.undo_differences)
    assert handles.block(str(path), "GTiff", -1, (1, 2), 0, 0) is None
    found = Blocks(handles, 1 << 26).read(Source(str(path), "GTiff", -1, 520, 300), (1, 2), 3, 5, 517, 295)
    assert np.array_equal(found, counts[:, 5:, 3:])


def test_a_block_that_was_never_written_has_the_value_of_none(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    profile = {"driver": "GTiff", "width": 600, "height": 300, "count": 1, "dtype": "uint16", "nodata": 7, "sparse_ok": True, "crs": "EPSG:32631", "transform": AT} | OURS  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.full((256, 256), 5, np.uint16), 1, window=Window(0, 0, 256, 256))
    found = Blocks(Handles(loops.undo_differences), 1 << 26).read(
        Source(str(path), "GTiff", -1, 600, 300), (1,), 0, 0, 600, 300
    )
    assert np.array_equal(found, whole(path)) and set(np.unique(found)) == {5, 7}


@pytest.mark.parametrize("change", ["cut", "noise", "bomb"])
def test_a_damaged_block_is_said(tmp_path: Path, change: str) -> None:
    """Its file ends early; its bytes are noise; it would unpack to more than a block."""
    path = tmp_path / "bad.tif"
    written(path, "uint8", 1, **OURS)
    with rasterio.open(path) as dataset:
        offset, size = (
            int(dataset.get_tag_item(f"BLOCK_{what}_1_1", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE")
        )
    data = bytearray(path.read_bytes())
    if change == "cut":
        del data[offset + size // 2 :]
    elif change == "noise":
        data[offset : offset + size] = np.random.default_rng(3).bytes(size)
    else:
        bomb = zstd.compress(bytes(50_000_000))
        data[offset : offset + len(bomb)] = bomb
    path.write_bytes(data)
    handles = Handles(loops.undo_differences)
    blocks, source = Blocks(handles, 1 << 26), Source(str(path), "GTiff", -1, 520, 300)
    assert handles.block(str(path), "GTiff", -1, (1,), 1, 1) is None
    if change != "bomb":  # of which GDAL takes as much as a block has
        with pytest.raises(Unreadable):
            blocks.read(source, (1,), 300, 280, 10, 10)
    blocks.read(source, (1,), 0, 0, 10, 10)
