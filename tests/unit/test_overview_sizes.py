# SPDX-License-Identifier: Apache-2.0
"""An overview has the size that its file says: the COG driver rounds down, gdaladdo up, and a map drawn from either lies where the full resolution lies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from catalog.model.product import Asset, AssetRole, Grid
from catalog.raster.files import describe
from catalog.raster.write import grid_transform, write_cog
from tiles.plan import Level, coarser
from tiles.read import Reader

GRID = Grid(32631, 300_000, 4_900_020, 10, 10, 1_375, 1_369)
"""Odd at each halving: 687 or 688, 343 or 344, 171 or 172."""


def columns() -> np.ndarray:
    """Counts that are the number of their column."""
    return np.broadcast_to(np.arange(1, GRID.width + 1, dtype=np.uint16), (GRID.height, GRID.width))


def rounded_down(path: Path) -> tuple[int, ...]:
    return write_cog(path, columns(), GRID, 0, average=True)


def rounded_up(path: Path) -> tuple[int, ...]:
    profile = {
        "driver": "GTiff", "width": GRID.width, "height": GRID.height, "count": 1, "dtype": "uint16", "crs": "EPSG:32631",
        "transform": grid_transform(GRID), "tiled": True,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(columns(), 1)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4, 8], Resampling.average)
    return describe(path).overviews


@pytest.mark.parametrize(
    ("made", "sizes"),
    [(rounded_down, [(687, 684), (343, 342), (171, 171)]), (rounded_up, [(688, 685), (344, 343), (172, 172)])],
)  # fmt: skip
def test_a_level_lies_where_its_file_has_it(tmp_path: Path, made, sizes: list[tuple[int, int]]) -> None:
    path = tmp_path / "file.tif"
    overviews = made(path)
    asset = Asset(
        "B1", AssetRole.DATA, str(path), "GTiff", grid=GRID, dtype="uint16", bands={"B1": 1}, overviews=overviews
    )  # fmt: skip
    reader = Reader(tmp_path, lambda one: one.path, 1 << 20)
    nominal = [
        Level(asset, coarser(GRID, factor), number) for number, factor in enumerate(overviews[: len(sizes)])
    ]
    exact = [reader.exact(level) for level in nominal]
    assert [(level.grid.width, level.grid.height) for level in exact] == sizes
    for level in exact:
        with rasterio.open(path, overview_level=level.overview) as dataset:
            assert (dataset.width, dataset.height) == (level.grid.width, level.grid.height)
            assert dataset.transform.a == pytest.approx(level.grid.pixel_width)
            counts = dataset.read(1)[0].astype(float)
        centres = (np.arange(level.grid.width) + 0.5) * level.grid.pixel_width / GRID.pixel_width + 0.5
        assert np.abs(counts - centres)[1:-1].max() < 0.6 * level.grid.pixel_width / GRID.pixel_width
    full = replace(nominal[0], overview=-1, grid=GRID)
    assert reader.exact(full) is full
