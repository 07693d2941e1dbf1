# SPDX-License-Identifier: Apache-2.0
"""The set of the demo: ten dates over one area of France, in every layout that the product types know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from catalog.generator import families, optical
from catalog.generator.hydroweb import demo_series
from catalog.generator.muscate import Tile, write_l2a, write_l3a, write_snow
from catalog.generator.rasters import write_fsc, write_oso, write_oso_polygons

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
    yield from _families(folder, tile)
    for month in (3, 4, 5):
        yield f"L3A 2023-{month:02d}", partial(write_l3a, folder, tile, date(2023, month, 15))
    for year in (2017, 2021, 2022):
        yield f"OSO {year}", partial(write_oso, folder, tile, year)
    yield "water levels", partial(_series, folder)


def _families(folder: Path, tile: Tile) -> Iterator[tuple[str, Callable[[], Path]]]:
    for number, cover in enumerate((0.1, 0.0, 0.3)):
        day = _FIRST + timedelta(days=16 * number)
        yield f"Landsat {day}", partial(optical.write_landsat, folder, tile, day, cover)
        yield f"soil moisture {day}", partial(families.write_plots, folder, tile, day)
        yield f"SMOS {day}", partial(families.write_smos, folder, day)
        yield f"water quality {day}", partial(families.write_water, folder, tile, day, cover)
        yield f"biophysical {day}", partial(families.write_biophysical, folder, tile, day, cover)
        yield f"rain {day}", partial(families.write_rain, folder, day)
    yield "Venus", partial(optical.write_venus, folder, tile, _FIRST, 0.05)
    yield "L1C", partial(optical.write_l1c, folder, tile, _FIRST, 0.05)
    yield "N2A", partial(optical.write_n2a, folder, tile, _FIRST.replace(year=2016), 0.05)
    yield "OSO polygons", partial(write_oso_polygons, folder, tile, 2022)
    yield "SWOT", partial(families.write_swot, folder, tile, _FIRST)
    for month in (3, 4, 5):
        yield f"gravimetry {month}", partial(families.write_gravimetry, folder, date(2023, month, 1))
    for year in (2021, 2022):
        yield f"snow season {year}", partial(families.write_season, folder, tile, year)
        yield f"biomass {year}", partial(families.write_biomass, folder, tile, year)
    for east in (0, 1):
        yield f"relief {east}", partial(families.write_dem, folder, 43, east)
    yield "relief", partial(families.write_dem, folder, 44, 0)


def _series(folder: Path) -> Path:
    home = folder / "hydroweb"
    demo_series(home)
    return home
