# SPDX-License-Identifier: Apache-2.0
"""Where the pixels of a map lie in another CRS: against an exact transformation of every pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.crs import CRS84, WEB_MERCATOR, WGS84, Crs, transform, transform_box
from catalog.model.area import Box
from catalog.model.product import Asset, AssetRole, Grid, Product
from catalog.model.time import Day, day_period
from tiles.frame import Frame, nodes
from tiles.plan import choose, levels, steps

TOULOUSE = Box(west=1.2, south=43.4, east=1.7, north=43.7)
FRANCE = Box(west=-5.0, south=41.0, east=10.0, north=51.5)


@pytest.mark.parametrize("area", [TOULOUSE, FRANCE])
@pytest.mark.parametrize("crs", [WEB_MERCATOR, WGS84, CRS84, Crs(2154), Crs(3035)])
def test_the_coarse_grid_is_within_a_quarter_of_a_pixel(area: Box, crs: Crs) -> None:
    box = transform_box(area, 4326, crs.epsg)
    assert box
    frame = Frame(crs, box, 512, 384)
    grid = nodes(frame, 32631)
    i, j = np.mgrid[5:384:37, 3:512:41]
    x, y = transform(
        crs.epsg, 32631, box.west + (j + 0.5) / 512 * box.width, box.north - (i + 0.5) / 384 * box.height
    )
    fy, fx = (i + 0.5) / 384 * (grid.x.shape[0] - 1), (j + 0.5) / 512 * (grid.x.shape[1] - 1)
    iy, ix = np.minimum(fy.astype(int), grid.x.shape[0] - 2), np.minimum(fx.astype(int), grid.x.shape[1] - 2)
    ty, tx = fy - iy, fx - ix
    for exact, part in ((x, grid.x), (y, grid.y)):
        mixed = (part[iy, ix] * (1 - tx) + part[iy, ix + 1] * tx) * (1 - ty) + (
            part[iy + 1, ix] * (1 - tx) + part[iy + 1, ix + 1] * tx
        ) * ty
        pixel = (part.max() - part.min()) / 384
        assert np.abs(mixed - exact).max() / pixel < 0.25


def test_nodes_without_an_answer_are_nan_never_infinite() -> None:
    frame = Frame(WGS84, Box(west=-180, south=-90, east=180, north=90), 64, 32)
    grid = nodes(frame, 32631)
    assert not np.isinf(grid.x).any()
    assert not np.isinf(grid.y).any()


def _product(overviews: tuple[int, ...]) -> Product:
    grid = Grid(32631, 300_000.0, 4_900_020.0, 10.0, 10.0, 10_980, 10_980)
    asset = Asset(
        "B4",
        AssetRole.DATA,
        "b4.tif",
        "GTiff",
        grid=grid,
        dtype="int16",
        bands={"B4": 1},
        overviews=overviews,
        low="low",
    )
    return Product("p", "1", "c", day_period(Day(0)), Day(0), b"", (), (asset,))


@pytest.mark.parametrize(
    ("metres", "factor"), [(5.0, 1), (10.0, 1), (17.0, 2), (40.0, 4), (100.0, 8), (650.0, 64), (5_000.0, 344)]
)
def test_the_level_is_the_coarsest_that_is_not_too_coarse(metres: float, factor: int) -> None:
    product = _product((2, 4, 8, 16, 32, 64))
    side = metres * 100
    frame = Frame(
        Crs(32631),
        Box(west=320_000.0, south=4_850_000.0, east=320_000.0 + side, north=4_850_000.0 + side),
        100,
        100,
    )
    at = nodes(frame, 32631)
    choice = choose(product, ("B4",), frame, at, 32631)
    assert choice
    (step,) = steps(choice, at)
    found = step.reads[0].level.grid.pixel_width / 10.0
    assert found == pytest.approx(factor, rel=0.01)
    assert step.pixels < 400 * 400


def test_a_product_that_does_not_meet_the_map_has_no_step() -> None:
    frame = Frame(Crs(32631), Box(west=0.0, south=0.0, east=1_000.0, north=1_000.0), 10, 10)
    assert choose(_product(()), ("B4",), frame, nodes(frame, 32631), 32631) is None


def test_levels_are_listed_finest_first() -> None:
    product = _product((2, 4))
    widths = [level.grid.width for level in levels(product, product.assets[0], "B4")]
    assert widths == sorted(widths, reverse=True)
    assert widths[-2:] == [128, 32]


@given(
    st.floats(-2.0037e7, 2.0037e7),
    st.floats(-2.0037e7, 2.0037e7),
    st.floats(1.0, 1e5),
    st.floats(1.0, 1e5),
)
def test_web_mercator_by_its_formula_is_what_proj_says(
    west: float, south: float, wide: float, tall: float
) -> None:
    box = Box(west=west, south=south, east=min(west + wide, 2.0037e7 + 1), north=south + tall)
    found = transform_box(box, WEB_MERCATOR.epsg, WGS84.epsg)
    assert found
    x, y = transform(3857, 4326, np.array([box.west, box.east]), np.array([box.south, box.north]))
    np.testing.assert_allclose((found.west, found.east, found.south, found.north), (*x, *y), atol=1e-9)


def test_a_box_of_web_mercator_beyond_the_world_ends_at_the_poles() -> None:
    found = transform_box(Box(west=-1e30, south=-1e30, east=1e30, north=1e30), 3857, 4326)
    assert found and round(found.south, 9) == -90 and round(found.north, 9) == 90
