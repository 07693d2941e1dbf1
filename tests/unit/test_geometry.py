"""The exact test of footprints: a quick look at corners never says more than the geometries do."""

import random

import pytest
import shapely

from catalog.geometry import footprint_meets


def shapes(dice: random.Random) -> shapely.Geometry:
    def corner() -> tuple[int, int]:
        return dice.randrange(8), dice.randrange(8)

    kind = dice.randrange(4)
    hull = shapely.convex_hull(shapely.MultiPoint([corner() for _ in range(5)]))
    if kind == 0:
        return shapely.box(*sorted((dice.randrange(4), dice.randrange(4))), 4 + dice.randrange(4), 4 + dice.randrange(4))  # fmt: skip
    if kind == 1:
        return hull
    if kind == 2:
        return shapely.union_all([hull, shapely.box(0, 0, 1, 1)])
    return shapely.difference(shapely.box(0, 0, 7, 7), shapely.box(1, 1, 6, 6))


@pytest.mark.parametrize("seed", range(8))
def test_a_footprint_meets_a_search_as_shapely_says(seed: int) -> None:
    """Corners on a grid, so that edges and corners touch, holes are searched and searches lie within footprints."""
    dice, met = random.Random(seed), 0
    for _ in range(500):
        footprint, asked = shapes(dice), shapes(dice)
        if dice.random() < 0.5:
            asked = shapely.box(*asked.bounds)
        expected = bool(shapely.intersects(footprint, asked))
        assert footprint_meets(shapely.to_wkb(footprint), shapely.to_wkb(asked)) is expected, (footprint, asked)  # fmt: skip
        met += expected
    assert 100 < met < 500


@pytest.mark.parametrize("order", [0, 1])
def test_either_byte_order_and_many_corners(order: int) -> None:
    asked = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    for footprint in (shapely.box(0.5, 0.5, 3, 3), shapely.box(2, 2, 3, 3), shapely.Point(0, 0).buffer(0.5, 64), shapely.Point(5, 5).buffer(0.5, 64)):  # fmt: skip
        wkb = shapely.to_wkb(footprint, byte_order=order)
        assert footprint_meets(wkb, asked) is bool(footprint.intersects(shapely.box(0, 0, 1, 1)))
