# SPDX-License-Identifier: Apache-2.0
"""The set of the demo: ten dates over one area of France, in every layout that the product types know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from catalog.generator.hydroweb import demo_series
from catalog.generator.muscate import Tile, write_l2a, write_l3a, write_snow
from catalog.generator.rasters import write_fsc, write_oso

TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 840)
_FIRST = date(2023, 3, 5)
_COVERS = (0.05, 0.35, 0.0, 0.6, 0.12, 0.02, 0.25, 0.0, 0.45, 0.08)


def demo_products(folder: Path, tile: Tile = TILE) -> Iterator[tuple[str, Callable[[], Path]]]:
    """Name and maker of each product of the demo; each maker writes one under `folder`."""
    for number, cover in enumerate(_COVERS):
        day = _FIRST + timedelta(days=10 * number)
        platform = "SENTINEL2A" if number % 2 else "SENTINEL2B"
        swath = 0.35 if number in (3, 6) else 0.0
        yield f"L2A {day}", partial(write_l2a, folder, tile, day, cover, platform=platform, swath=swath)
        if number < 4:
            yield f"snow {day}", partial(write_snow, folder, tile, day, cover, platform=platform)
            yield f"snow fraction {day}", partial(write_fsc, folder, tile, day, cover)
    for month in (3, 4, 5):
        yield f"L3A 2023-{month:02d}", partial(write_l3a, folder, tile, date(2023, month, 15))
    for year in (2017, 2021, 2022):
        yield f"OSO {year}", partial(write_oso, folder, tile, year)
    yield "water levels", partial(_series, folder)


def _series(folder: Path) -> Path:
    home = folder / "hydroweb"
    demo_series(home)
    return home
