# SPDX-License-Identifier: Apache-2.0
"""Which file, level and window a product needs for a frame. Pure: nothing is opened, so what a map costs is known before it is paid.

Between a choice and its steps a reader may give overviews the sizes that their files have.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.crs import Floats
from catalog.model.product import Asset, AssetRole, Grid, Product
from catalog.raster.write import LOW_SIDES, low_size
from tiles.frame import Frame, Nodes, Rect
from tiles.loops import loops
from tiles.once import once

_FINER = 1.2
"""A level may be this much coarser than the output pixel (as GDAL and MapServer allow)."""
_MARGIN = 2
"""Source pixels read around a window, for the resampling at its edge."""
FULL = -1
_LEVELS = 1_024
"""Lists of levels that are kept, of as many bands of products."""


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of an asset."""

    asset: Asset
    grid: Grid
    overview: int
    """FULL, or the number of the overview in the file; of a low-zoom array, its side."""
    low: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """One window of some bands of one level; several reads of the same grid are warped together."""

    level: Level
    bands: tuple[str, ...]
    column: int
    row: int
    width: int
    height: int


@dataclass(frozen=True)
class Step:
    """What one product gives to a frame: reads that share a grid, where its pixels are, and the output they may fill."""

    reads: tuple[Read, ...]
    columns: Floats
    rows: Floats
    rect: Rect

    @property
    def bands(self) -> tuple[str, ...]:
        """All bands, in the order in which they are read."""
        return tuple(band for read in self.reads for band in read.bands)

    @property
    def pixels(self) -> int:
        """How many source pixels are read, all bands together."""
        return sum(read.width * read.height * len(read.bands) for read in self.reads)


@dataclass(frozen=True)
class Choice:
    """Which levels a product's bands are read at, and the output that they may fill."""

    levels: tuple[tuple[Level, tuple[str, ...]], ...]
    rect: Rect


def choose(product: Product, bands: Sequence[str], frame: Frame, at: Nodes, epsg: int) -> Choice | None:
    """The levels for a frame whose nodes lie in the product's CRS; None when it does not meet the frame, or lacks a band there."""
    found: dict[Asset, tuple[Level, list[str]]] = {}
    rect = Rect(0, 0, 0, 0)
    for band in bands:
        asset = holder(product, band)
        if asset is None or asset.grid is None or asset.grid.epsg != epsg:
            return None
        if asset not in found:
            box = asset.grid.box
            rect = at.rect_of(box.west, box.south, box.east, box.north, frame.width, frame.height)
            level = None if rect.empty else _level(product, asset, band, _ratio(at, frame, rect, asset.grid))
            if level is None:
                return None
            found[asset] = level, []
        found[asset][1].append(band)
    return Choice(tuple((level, tuple(names)) for level, names in found.values()), rect)


def steps(choice: Choice, at: Nodes) -> Iterator[Step]:
    """The steps of a choice: one per grid, its levels read together; none for a grid that the frame lies beside."""
    groups: dict[Grid, list[tuple[Level, tuple[str, ...]]]] = {}
    for level, bands in choice.levels:
        groups.setdefault(level.grid, []).append((level, bands))
    for grid, members in groups.items():
        columns = (at.x - grid.west) / grid.pixel_width
        rows = (grid.north - at.y) / grid.pixel_height
        window = _window(columns, rows, grid)
        if window:
            reads = tuple(Read(level, bands, *window) for level, bands in members)
            yield Step(reads, columns - window[0], rows - window[1], choice.rect)


def holder(product: Product, band: str) -> Asset | None:
    """The asset that holds a band; `visual.1` to `visual.3` are the bands of the visual."""
    if band.startswith("visual."):
        return product.first(AssetRole.VISUAL)
    return product.asset_of(band)


def _ratio(at: Nodes, frame: Frame, rect: Rect, grid: Grid) -> float:
    """Source pixels per output pixel, the less of the two directions, in the middle of the part that is drawn."""
    rows, columns = at.x.shape[0] - 1, at.x.shape[1] - 1
    i = min(int((rect.top + rect.bottom) / 2 / frame.height * rows), rows - 1)
    j = min(int((rect.left + rect.right) / 2 / frame.width * columns), columns - 1)
    x, y = at.x, at.y
    across = math.hypot(
        (x[i, j + 1] - x[i, j]) / grid.pixel_width, (y[i, j + 1] - y[i, j]) / grid.pixel_height
    )
    down = math.hypot((x[i + 1, j] - x[i, j]) / grid.pixel_width, (y[i + 1, j] - y[i, j]) / grid.pixel_height)
    found = [
        value
        for value in (across * columns / frame.width, down * rows / frame.height)
        if math.isfinite(value)
    ]
    return min(found, default=1.0)


def levels(product: Product, asset: Asset, band: str) -> Iterator[Level]:
    """Every resolution of an asset, finest first: the file, its overviews, its sidecar's, the low-zoom arrays.

    Of a file that lies on tape only what stays here: the sidecar and the arrays.
    """
    assert asset.grid
    if not asset.on_tape:
        yield Level(asset, asset.grid, FULL)
        yield from (
            Level(asset, coarser(asset.grid, factor), number) for number, factor in enumerate(asset.overviews)
        )
    for sidecar in product.assets:
        if sidecar.role is AssetRole.SIDECAR and band in sidecar.bands and sidecar.grid:
            yield Level(sidecar, sidecar.grid, FULL)
            yield from (
                Level(sidecar, coarser(sidecar.grid, factor), number)
                for number, factor in enumerate(sidecar.overviews)
            )
    if asset.low:
        for side in LOW_SIDES:
            yield Level(asset, resized(asset.grid, *low_size(asset.grid, side)), side, low=True)


@once(_LEVELS)
def _levels(product: Product, asset: Asset, band: str) -> tuple[Level, ...]:
    return tuple(levels(product, asset, band))


def coarser(grid: Grid, factor: int) -> Grid:
    """About the grid of an overview, which keeps the outer edge: gdaladdo rounds its size up, the COG driver down."""
    return resized(grid, -(-grid.width // factor), -(-grid.height // factor))


def resized(grid: Grid, width: int, height: int) -> Grid:
    """The same outer edge with other pixels."""
    return Grid(
        grid.epsg,
        grid.west,
        grid.north,
        grid.width * grid.pixel_width / width,
        grid.height * grid.pixel_height / height,
        width,
        height,
    )


def _level(product: Product, asset: Asset, band: str, ratio: float) -> Level | None:
    """The coarsest level whose pixels are not much larger than the output's; the finest where none is that fine; None where there is none at all."""
    assert asset.grid
    best: Level | None = None
    for level in _levels(product, asset, band):
        if best is None:
            best = level
            continue
        factor = min(
            level.grid.pixel_width / asset.grid.pixel_width, level.grid.pixel_height / asset.grid.pixel_height
        )
        if factor <= ratio * _FINER and level.grid.pixel_width >= best.grid.pixel_width:
            best = level
    return best


def _window(columns: Floats, rows: Floats, grid: Grid) -> tuple[int, int, int, int] | None:
    """Column, row, width, height of the integer window that holds all nodes and a margin; None when it is empty."""
    west, east = loops.span(columns)
    north, south = loops.span(rows)
    if not (math.isfinite(west) and math.isfinite(north)):
        return None
    left, right = max(0, math.floor(west) - _MARGIN), min(grid.width, math.ceil(east) + _MARGIN)
    top, bottom = max(0, math.floor(north) - _MARGIN), min(grid.height, math.ceil(south) + _MARGIN)
    if right <= left or bottom <= top:
        return None
    return left, top, right - left, bottom - top
