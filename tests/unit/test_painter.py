# SPDX-License-Identifier: Apache-2.0
"""What a painter asks of files, and into which band it puts what they give."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.crs import Crs
from catalog.model.area import Box
from catalog.model.principal import Deadline
from catalog.model.product import Asset, AssetRole, Grid, Product
from catalog.model.time import Day, day_period
from catalog.raster.write import CogMaker
from config.registry import load_registry
from tiles.frame import Frame
from tiles.mosaic import Painter
from tiles.read import Reader

GRID = Grid(32631, 300_000, 4_900_020, 10, 10, 600, 600)
BANDS = ("B4", "B3", "B2")
FRAME = Frame(Crs(32631), Box(west=301_000, south=4_895_000, east=305_000, north=4_899_000), 100, 100)


def asset(folder: Path, name: str, bands: dict[str, int]) -> Asset:
    """A file whose bands are even."""
    maker = CogMaker(GRID, len(bands), "int16", -10_000)
    for number, count in enumerate(bands.values(), 1):
        maker.put(number, np.full((GRID.height, GRID.width), count, np.int16))
    path = folder / f"{name}.tif"
    overviews = maker.finish(path, average=True)
    numbers = {band: number for number, band in enumerate(bands, 1)}
    return Asset(
        name, AssetRole.DATA, str(path), "GTiff", grid=GRID, dtype="int16", bands=numbers, nodata=(-10_000,), overviews=overviews, scale=0.0001
    )  # fmt: skip


def product(name: str, *assets: Asset) -> Product:
    return Product(name, "1", "sentinel2-l2a", day_period(Day(0)), Day(0), b"", (), assets)


def painter(folder: Path) -> Painter:
    kind = load_registry().types["sentinel2-l2a"]
    return Painter(kind, BANDS, FRAME, Reader(folder, lambda one: one.path, 1 << 24), Deadline.after(60))


def test_bands_that_stand_otherwise_in_the_files_come_out_in_their_order(tmp_path: Path) -> None:
    """Two of them in one file, and the one between them in another."""
    scene = product(
        "a", asset(tmp_path, "outer", {"B4": 400, "B2": 200}), asset(tmp_path, "inner", {"B3": 300})
    )
    mosaic = painter(tmp_path).paint([scene])
    assert mosaic.full
    assert [int(plane.min()) for plane in mosaic.values] == [400, 300, 200]
    assert [int(plane.max()) for plane in mosaic.values] == [400, 300, 200]


def test_a_scene_below_others_is_not_opened(tmp_path: Path) -> None:
    whole = product("above", asset(tmp_path, "whole", {"B4": 4, "B3": 3, "B2": 2}))
    lost = replace(whole.assets[0], path=str(tmp_path / "lost.tif"))
    beside = replace(lost, grid=replace(GRID, west=GRID.west + 100_000))
    scenes = [whole, product("below", lost), product("beside", beside)]
    frame = painter(tmp_path)
    frame._left += 1  # as if a pixel were empty somewhere else
    assert frame.paint(scenes).products == [whole]


@pytest.mark.parametrize("lacking", BANDS)
def test_a_scene_without_one_of_the_bands_gives_nothing(tmp_path: Path, lacking: str) -> None:
    have = {band: 5 for band in BANDS if band != lacking}
    mosaic = painter(tmp_path).paint([product("a", asset(tmp_path, "some", have))])
    assert not mosaic.products and mosaic.todo.all()
