# SPDX-License-Identifier: Apache-2.0
"""The synthesis of some dates: the mean of the clear values of each pixel, weighted by distance to clouds and to the date in the middle.

After the published method of the monthly syntheses (Hagolle et al., WASP, 2018: doi 10.5281/zenodo.1401360), written from its description. Differences: no
correction of directional effects, no weight of aerosols (the products here lack their optical thickness); a pixel that was never clear has no value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.product import Grid
from catalog.raster.files import describe, read_rows
from catalog.raster.onto import read_bits_onto, read_onto
from catalog.raster.write import write_cog

Plane = NDArray[np.float32]
BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
NODATA = -10_000
CLOUD, SNOW, WATER, LAND = 1, 2, 3, 4
_WATER_BIT, _SNOW_BIT = 1, 4
"""Of MUSCATE's geophysical mask."""
_COARSE_METRES = 240.0
_SIGMAS = (2.0, 10.0)
"""Of the blurred cloud masks, in coarse pixels: the weight falls towards a cloud, and in a cloudy landscape."""
_FARTHEST_WEIGHT = 0.5
_EPOCH = date(1970, 1, 1)
_ROWS = 512
"""That are worked on at a time."""


def run(
    items: Sequence[dict[str, Any]], values: dict[str, Any], out: Path, tell: Callable[[int, str], None]
) -> None:
    """Writes the bands, `WGT.tif` (thousandths), `DTS.tif` (day of the year) and `FLG.tif` (1 cloud, 2 snow, 3 water, 4 land)."""
    middle = (date.fromisoformat(values["date"]) - _EPOCH).days
    chosen = sorted(
        (one for one in items if abs(one["day"] - middle) <= values["days"]), key=lambda one: one["day"]
    )
    if not chosen:
        raise ValueError(f"no product is within {values['days']} days of {values['date']}")
    names = [name for name in BANDS if all(name in one["bands"] for one in chosen)]
    grids = {name: describe(Path(chosen[0]["bands"][name]["path"])).grid for name in names}
    first = grids[names[0]]
    for number, grid in enumerate(dict.fromkeys(grids.values())):
        tell(10 + 45 * number, f"{len(chosen)} dates at {grid.pixel_width:g} m")
        dates = [_date(item, grid, middle, values["days"]) for item in chosen]
        _grid([name for name in names if grids[name] == grid], chosen, dates, grid, out, first=grid == first)
    tell(100, "done")


@dataclass(frozen=True)
class _Date:
    """What one date brings to every band of a grid; its masks are packed, eight pixels of a row a byte."""

    weight: float
    """By its distance from the middle."""
    coarse: Plane
    """By the distance from clouds, in blocks of `factor` x `factor` pixels."""
    factor: int
    cloudy: NDArray[np.uint8]
    water: NDArray[np.uint8] | None
    snow: NDArray[np.uint8] | None
    day: int
    """Of the year."""

    def weights(self, rows: slice, width: int) -> Plane:
        """The weights of some rows; 0 under clouds."""
        near = stretched(self.coarse, self.factor, rows, width) * np.float32(self.weight)
        near[unpacked(self.cloudy, rows, width)] = 0
        return near


def _date(item: dict[str, Any], grid: Grid, middle: int, days: int) -> _Date:
    clouds = clouds_of(item, grid) > 0
    coarse, factor = cloud_weight(clouds, grid)
    water = snow = None
    mask = item["bands"].get("MG2")
    if mask:
        ground = read_bits_onto(Path(mask["path"]), mask["index"], grid)
        water, snow = (np.packbits(ground & bit > 0, axis=1) for bit in (_WATER_BIT, _SNOW_BIT))
    return _Date(
        date_weight(item["day"] - middle, days), coarse, factor, np.packbits(clouds, axis=1), water, snow, _day_of_year(item["day"]),
    )  # fmt: skip


def _grid(
    names: Sequence[str],
    items: Sequence[dict[str, Any]],
    dates: Sequence[_Date],
    grid: Grid,
    out: Path,
    *,
    first: bool,
) -> None:
    """The bands of a grid, some rows of all dates at a time; with those of the first grid the weights, the mean date and the state of each pixel."""
    shape = (grid.height, grid.width)
    made = {name: np.empty(shape, np.int16) for name in names}
    more = {name: np.empty(shape, np.int16) for name in (("WGT", "DTS") if first else ())}
    state = np.zeros(shape, np.uint8) if first else None
    sources = [{name: _Source(item["bands"][name], grid) for name in names} for item in items]
    for top in range(0, grid.height, _ROWS):
        rows = slice(top, min(top + _ROWS, grid.height))
        sums = {name: _Sum((rows.stop - top, grid.width)) for name in names}
        for date_of, bands in zip(dates, sources, strict=True):
            weights = date_of.weights(rows, grid.width)
            for name in names:
                known = sums[name].add(
                    bands[name].rows(rows), weights, date_of.day if name == names[0] else 0
                )
                if state is not None and name == names[0]:
                    _state(state[rows], known, date_of, rows)
        for name in names:
            made[name][rows] = sums[name].mean()
        if first:
            more["WGT"][rows], more["DTS"][rows] = sums[names[0]].share(), sums[names[0]].when()
    while made:
        name, counts = made.popitem()
        write_cog(out / f"{name}.tif", counts, grid, NODATA, average=True)
    for name, counts in more.items():
        write_cog(out / f"{name}.tif", counts, grid, NODATA, average=False)
    if state is not None:
        write_cog(out / "FLG.tif", state, grid, 0, average=False)


class _Source:
    """A band of a date: rows of it in ten-thousandths of reflectance, NaN where it has no value."""

    def __init__(self, stored: dict[str, Any], grid: Grid) -> None:
        self._path, self._index, self._nodata = Path(stored["path"]), stored["index"], stored["nodata"]
        self._scale, self._offset = (
            np.float32(stored["scale"] * 10_000),
            np.float32(stored["offset"] * 10_000),
        )
        self._whole: Plane | None = None
        if describe(self._path).grid != grid:
            self._whole = read_onto(self._path, self._index, grid, "nearest", next(iter(self._nodata), None))

    def rows(self, rows: slice) -> Plane:
        """Some rows, as a plane of one's own."""
        if self._whole is not None:
            found = self._whole[rows].copy()
        else:
            counts = read_rows(self._path, self._index, rows)
            found = counts.astype(np.float32)
            for nothing in self._nodata:
                found[counts == nothing] = np.nan
        if self._scale != 1 or self._offset != 0:
            found = np.asarray(found * self._scale + self._offset)
        return found


class _Sum:
    """The weighted sums of some rows of a band."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._total, self._weights, self._dated = (np.zeros(shape, np.float32) for _ in range(3))

    def add(self, pixels: Plane, weights: Plane, day: int) -> NDArray[np.bool_]:
        """Adds a date, whose day of the year is kept where it is not 0; says where it has a value."""
        known = np.isfinite(pixels)
        np.copyto(pixels, 0, where=~known)
        own = weights * known
        self._weights += own
        pixels *= own
        self._total += pixels
        if day:
            self._dated += own * np.float32(day)
        return known

    def mean(self) -> NDArray[np.int16]:
        """The mean, rounded."""
        return self._over(self._total)

    def when(self) -> NDArray[np.int16]:
        """The mean day of the year."""
        return self._over(self._dated)

    def share(self) -> NDArray[np.int16]:
        """The sum of the weights in thousandths."""
        return np.where(self._weights > 0, np.rint(np.clip(self._weights * 1_000, 1, 32_767)), NODATA).astype(
            np.int16
        )

    def _over(self, sums: Plane) -> NDArray[np.int16]:
        found = np.divide(sums, self._weights, out=np.full_like(sums, NODATA), where=self._weights > 0)
        return np.rint(found).astype(np.int16)


def _state(state: NDArray[np.uint8], known: NDArray[np.bool_], date_of: _Date, rows: slice) -> None:
    """Of the last clear date of each pixel: snow, water or land; cloud where none is. Changes `state`, the rows as the dates before left them."""
    width = state.shape[1]
    state[known & (state == 0)] = CLOUD
    clear = known & ~unpacked(date_of.cloudy, rows, width)
    state[clear] = LAND
    for mask, value in ((date_of.water, WATER), (date_of.snow, SNOW)):
        if mask is not None:
            state[clear & unpacked(mask, rows, width)] = value


def unpacked(mask: NDArray[np.uint8], rows: slice, width: int) -> NDArray[np.bool_]:
    """Some rows of a packed mask."""
    return np.unpackbits(mask[rows], axis=1, count=width).view(np.bool_)


def clouds_of(item: dict[str, Any], grid: Grid) -> NDArray[np.uint8]:
    """The cloud mask on a grid."""
    mask = item["bands"]["CLM"]
    return read_bits_onto(Path(mask["path"]), mask["index"], grid)


def cloud_weight(cloudy: NDArray[np.bool_], grid: Grid) -> tuple[Plane, int]:
    """From 0 in a cloud to 1 far from any: (1 - G2)(1 - G10), two Gaussians of the mask in blocks of 240 m; and the pixels of a block's side."""
    factor = max(1, round(_COARSE_METRES / grid.pixel_width))
    coarse = _shrunk(cloudy, factor)
    weight = np.ones_like(coarse)
    for sigma in _SIGMAS:
        weight *= 1 - blurred(coarse, sigma)
    return weight, factor


def date_weight(distance: float, days: int) -> float:
    """1 on the middle date, falling linearly to 0.5 at the farthest."""
    return 1.0 - (1.0 - _FARTHEST_WEIGHT) * abs(distance) / max(1, days)


def blurred(plane: Plane, sigma: float) -> Plane:
    """A Gaussian of a plane, its edges continued."""
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    out = plane.astype(np.float64)
    for axis in (0, 1):
        padded = np.pad(out, [(radius, radius) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        out = np.apply_along_axis(lambda line: np.convolve(line, kernel, mode="valid"), axis, padded)
    return out.astype(np.float32)


def _shrunk(cloudy: NDArray[np.bool_], factor: int) -> Plane:
    """Blocks of `factor` x `factor` pixels: 1 where at least half of one is cloudy."""
    rows, columns = (math.ceil(side / factor) for side in cloudy.shape)
    padded = np.zeros((rows * factor, columns * factor), np.uint8)
    padded[: cloudy.shape[0], : cloudy.shape[1]] = cloudy
    counts = padded.reshape(rows, factor, columns, factor).sum((1, 3), dtype=np.int32)
    return np.asarray(2 * counts >= factor * factor, dtype=np.float32)


def stretched(coarse: Plane, factor: int, rows: slice, width: int) -> Plane:
    """Some rows of blocks brought back to pixels, bilinearly between the middles of blocks."""
    down, share = _between(np.arange(rows.start, rows.stop), factor, coarse.shape[0])
    lines = coarse[down]
    lines = lines + (coarse[np.minimum(down + 1, coarse.shape[0] - 1)] - lines) * share[:, None]
    across, share = _between(np.arange(width), factor, coarse.shape[1])
    steps = np.diff(lines, axis=1, append=lines[:, -1:])
    out: Plane = np.take(lines, across, axis=1)
    slope = np.take(steps, across, axis=1)
    slope *= share
    out += slope
    return out


def _between(pixels: NDArray[np.intp], factor: int, blocks: int) -> tuple[NDArray[np.intp], Plane]:
    """The block whose middle is before each pixel, and how far on the way to the next one's it is."""
    at = np.clip((pixels + 0.5) / factor - 0.5, 0, blocks - 1)
    low = np.floor(at).astype(np.intp)
    return low, (at - low).astype(np.float32)


def _day_of_year(day: int) -> int:
    return (_EPOCH + timedelta(days=day)).timetuple().tm_yday
