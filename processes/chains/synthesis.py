# SPDX-License-Identifier: Apache-2.0
"""The synthesis of some dates: the mean of the clear values of each pixel, weighted by distance to clouds and to the date in the middle.

After the published method of the monthly syntheses (Hagolle et al., WASP, 2018: doi 10.5281/zenodo.1401360), written from its description. Differences: no
correction of directional effects, no weight of aerosols (the products here lack their optical thickness); a pixel that was never clear has no value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.product import Grid
from catalog.raster.files import describe, read_band
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
    for number, name in enumerate(names):
        tell(100 * number // (len(names) + 1), f"band {name} of {len(chosen)} dates")
        _band(name, chosen, grids[name], middle, values["days"], out)
    fine = grids[names[0]]
    tell(100 * len(names) // (len(names) + 1), "state of the pixels")
    _state(chosen, fine, out)


def _band(name: str, items: Sequence[dict[str, Any]], grid: Grid, middle: int, days: int, out: Path) -> None:
    """One band, and with the first one the weights and the mean date."""
    total = np.zeros((grid.height, grid.width), np.float32)
    weights, dated = np.zeros_like(total), np.zeros_like(total)
    for item in items:
        stored = item["bands"][name]
        clouds = clouds_of(item, grid)
        weight = cloud_weight(clouds > 0, grid) * np.float32(date_weight(item["day"] - middle, days))
        pixels = _pixels(stored, grid)
        weight[(clouds > 0) | ~np.isfinite(pixels)] = 0
        total += np.where(weight > 0, pixels, 0) * weight
        weights += weight
        dated += weight * np.float32(_day_of_year(item["day"]))
    clear = weights > 0
    mean = np.divide(total, weights, out=np.full_like(total, NODATA), where=clear)
    write_cog(out / f"{name}.tif", np.rint(mean).astype(np.int16), grid, NODATA, average=True)
    if name == BANDS[0]:
        when = np.divide(dated, weights, out=np.full_like(dated, NODATA), where=clear)
        write_cog(out / "DTS.tif", np.rint(when).astype(np.int16), grid, NODATA, average=False)
        share = np.where(clear, np.clip(weights * 1_000, 1, 32_767), NODATA)
        write_cog(out / "WGT.tif", np.rint(share).astype(np.int16), grid, NODATA, average=False)


def _pixels(stored: dict[str, Any], grid: Grid) -> Plane:
    """A band in ten-thousandths of reflectance, NaN where it has no value."""
    path = Path(stored["path"])
    if describe(path).grid == grid:
        found: Plane = read_band(path, stored["index"]).astype(np.float32)
        found[np.isin(found, stored["nodata"])] = np.nan
    else:
        found = read_onto(path, stored["index"], grid, "nearest", next(iter(stored["nodata"]), None))
    scale, offset = np.float32(stored["scale"] * 10_000), np.float32(stored["offset"] * 10_000)
    return found if scale == 1 and offset == 0 else np.asarray(found * scale + offset)


def clouds_of(item: dict[str, Any], grid: Grid) -> NDArray[np.uint8]:
    """The cloud mask on a grid."""
    mask = item["bands"]["CLM"]
    return read_bits_onto(Path(mask["path"]), mask["index"], grid)


def cloud_weight(cloudy: NDArray[np.bool_], grid: Grid) -> Plane:
    """From 0 in a cloud to 1 far from any: (1 - G2)(1 - G10), two Gaussians of the mask at 240 m, brought back bilinearly."""
    factor = max(1, round(_COARSE_METRES / grid.pixel_width))
    coarse = _shrunk(cloudy, factor)
    weight = np.ones_like(coarse)
    for sigma in _SIGMAS:
        weight *= 1 - blurred(coarse, sigma)
    return _stretched(weight, factor, cloudy.shape)


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
    padded = np.zeros((rows * factor, columns * factor), np.float32)
    padded[: cloudy.shape[0], : cloudy.shape[1]] = cloudy
    shares = padded.reshape(rows, factor, columns, factor).mean((1, 3))
    return np.asarray(shares >= 0.5, dtype=np.float32)


def _stretched(coarse: Plane, factor: int, shape: tuple[int, ...]) -> Plane:
    """Blocks back to pixels, bilinearly between the middles of blocks."""
    out = coarse
    for axis, side in enumerate(shape):
        at = np.clip((np.arange(side) + 0.5) / factor - 0.5, 0, coarse.shape[axis] - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        out = np.take(out, low, axis) * (1 - share) + np.take(out, high, axis) * share
    return np.asarray(out, dtype=np.float32)


def _state(items: Sequence[dict[str, Any]], grid: Grid, out: Path) -> None:
    """Of the last clear date of each pixel: snow, water or land; cloud where none is."""
    state = np.zeros((grid.height, grid.width), np.uint8)
    for item in items:
        known = np.isfinite(_pixels(item["bands"][BANDS[0]], grid))
        clouds = clouds_of(item, grid)
        state[known & (state == 0)] = CLOUD
        clear = known & (clouds == 0)
        state[clear] = LAND
        mask = item["bands"].get("MG2")
        if mask:
            ground = read_bits_onto(Path(mask["path"]), mask["index"], grid)
            state[clear & (ground & _WATER_BIT > 0)] = WATER
            state[clear & (ground & _SNOW_BIT > 0)] = SNOW
    write_cog(out / "FLG.tif", state, grid, 0, average=False)


def _day_of_year(day: int) -> int:
    return (_EPOCH + timedelta(days=day)).timetuple().tm_yday
