# SPDX-License-Identifier: Apache-2.0
"""Snow of one product by the rules of Let-it-snow 1.11 (Gascoin et al., 2019), and its fraction (Gascoin et al., 2020).

Two passes over the normalised difference snow index (NDSI) and the red reflectance; between them the altitude of the snow line is found in the relief,
above which the second, weaker thresholds hold. Snow in shadow (since LIS 1.11) is looked for where the product has the reflectances without slope correction
of blue and B8A, which the archive keeps if its operator lists them (docs/operate.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.product import Grid
from catalog.raster.files import describe
from catalog.raster.onto import read_bits_onto, read_onto
from catalog.raster.write import write_cog
from processes.chains.planes import reflectance
from processes.chains.shade import in_shadow

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
NO_SNOW, SNOW, CLOUD, NODATA = 0, 100, 205, 255
_CLOUDS, _SHADOWS, _CIRRUS = 1, 32 | 64, 128
"""Bits of MUSCATE's cloud mask: all clouds, shadows from inside and outside of the image, high clouds."""


@dataclass(frozen=True)
class Rules:
    """The parameters of Let-it-snow 1.11, as its default configuration has them; reflectances from 0 to 1, metres."""

    ndsi_first: float = 0.4
    red_first: float = 0.2
    ndsi_second: float = 0.15
    red_second: float = 0.04
    dark_cloud: float = 0.3
    """A cloud pixel whose neighbourhood is darker in red may be snow after all."""
    back_to_cloud: float = 0.1
    factor: int = 12
    """Side of that neighbourhood, in pixels."""
    step: float = 100.0
    """Height of a belt of altitude."""
    snow_in_belt: float = 0.1
    clear_in_belt: float = 0.1
    snow_in_image: float = 0.001
    """Share of snow in the first pass from which on a snow line is looked for."""
    dim: float = 0.2
    """A slope is in shadow where the cosine of incidence is less."""
    blue_excess: float = 0.016
    """Of blue over B8A, both without slope correction: snow in shadow is lit by the sky."""


@dataclass(frozen=True)
class Shadow:
    """Where the sun does not reach, and by how much blue is brighter than B8A without slope correction."""

    dark: Mask
    excess: Plane


def run(item: dict[str, Any], values: dict[str, Any], out: Path) -> None:
    """Writes `SNOW.tif` (0, 100 snow, 205 cloud or shadow, 255) and `FSC.tif` (percent, 205, 255) on the grid of the short-wave band."""
    bands, relief = item["bands"], item.get("relief")
    if not relief:
        raise ValueError("there is no relief: the operator names one in processes.relief")
    swir = bands["B11"]
    grid = describe(Path(swir["path"])).grid
    green, red, short = (reflectance(bands[name], grid, "cubic") for name in ("B3", "B4", "B11"))
    mask = bands["CLM"]
    clouds = read_bits_onto(Path(mask["path"]), mask["index"], grid)
    height = read_onto(Path(relief), 1, grid, "bilinear", None)
    rules = Rules()
    codes, share, _ = snow(green, red, short, clouds, height, rules, _shadow(item, height, grid, rules))
    write_cog(out / "SNOW.tif", codes, grid, NODATA, average=False)
    write_cog(out / "FSC.tif", share, grid, NODATA, average=False)


def _shadow(item: dict[str, Any], height: Plane, grid: Grid, rules: Rules) -> Shadow | None:
    """The shadow over a product; None where it has not what that needs."""
    bands, angles = item["bands"], item.get("angles", {})
    if not {"SRE_B2", "SRE_B8A"} <= bands.keys() or not {"sun_zenith", "sun_azimuth"} <= angles.keys():
        return None
    dark = in_shadow(height, grid.pixel_width, angles["sun_zenith"], angles["sun_azimuth"], rules.dim)
    blue, infrared = (reflectance(bands[name], grid, "cubic") for name in ("SRE_B2", "SRE_B8A"))
    return Shadow(dark, blue - infrared)


def snow(
    green: Plane,
    red: Plane,
    swir: Plane,
    clouds: NDArray[np.uint8],
    height: Plane,
    rules: Rules = Rules(),
    shadow: Shadow | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float | None]:
    """Codes of snow, percents of snow, and the altitude of the snow line (metres; None without one).

    Reflectances with NaN for no data, MUSCATE's cloud mask, heights in metres, all on one grid. Snow in shadow covers its pixel whole.
    """
    good = np.isfinite(green) & np.isfinite(red) & np.isfinite(swir)
    with np.errstate(invalid="ignore", divide="ignore"):
        ndsi = np.where(good & (green + swir > 0), (green - swir) / (green + swir), np.float32(-1))
    cloudy = clouds & _CLOUDS > 0
    first = good & (ndsi > rules.ndsi_first) & (red > rules.red_first) & ~cloudy
    doubtful = (cloudy & (_neighbourhood(red, rules.factor) > rules.dark_cloud)) | (
        clouds & (_SHADOWS | _CIRRUS) > 0
    )
    found, line = first, None
    shaded = np.zeros_like(first)
    if first.mean() > rules.snow_in_image:
        line = snow_line(height, first, cloudy, rules)
        if line is not None:
            found = first | (
                good & (ndsi > rules.ndsi_second) & (red > rules.red_second) & (height > line) & ~doubtful
            )
            if shadow is not None:
                high = good & shadow.dark & (height >= line) & ~doubtful
                shaded = high & (shadow.excess > rules.blue_excess)
    hidden = doubtful | ((clouds > 0) & (red > rules.back_to_cloud))
    codes = np.select([~good, found | shaded, hidden], [NODATA, SNOW, CLOUD], NO_SNOW).astype(np.uint8)
    share = np.where(codes == SNOW, np.rint(100 * fraction(ndsi)), codes)
    share = np.where(shaded & good, 100, share).astype(np.uint8)
    return codes, share, line


def snow_line(
    height: Plane,
    snowy: Mask,
    cloudy: Mask,
    rules: Rules,
    *,
    belts_below: int = 2,
    below_centre: float | None = None,
) -> float | None:
    """The altitude above which there is snow: two belts under the lowest one with enough snow in its clear part, half a belt deeper (LIS 1.11).

    None where no belt has.
    """
    known = np.isfinite(height)
    low, high = float(height[known].min()), float(height[known].max())
    count = max(1, int((high - low) / rules.step))
    edges = np.linspace(low, high, count + 1)
    belt = np.clip(np.searchsorted(edges, height, side="right") - 1, 0, count - 1)
    for number in range(count):
        here = known & (belt == number)
        clear = here & ~cloudy
        total, free = int(here.sum()), int(clear.sum())
        if not total or free / total <= rules.clear_in_belt or not free:
            continue
        if (snowy & clear).sum() / free > rules.snow_in_belt:
            lower = max(number - belts_below, 0)
            centre = (edges[lower] + edges[lower + 1]) / 2
            return float(math.floor(centre - (rules.step / 2 if below_centre is None else below_centre)))
    return None


def fraction(ndsi: Plane) -> Plane:
    """The share of snow in a pixel, seen from above: 0.5 tanh(2.65 NDSI - 1.42) + 0.5 (Gascoin et al., 2020, RMSE 25 %)."""
    return np.asarray(np.minimum(0.5 * np.tanh(2.65 * ndsi - 1.42) + 0.5, 1.0))


def _neighbourhood(red: Plane, factor: int) -> Plane:
    """The mean red of blocks of `factor` x `factor` pixels, on their pixels."""
    rows, columns = red.shape
    padded = np.full((-(-rows // factor) * factor, -(-columns // factor) * factor), np.nan, np.float32)
    padded[:rows, :columns] = red
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    known = np.isfinite(blocks)
    total, count = np.where(known, blocks, 0).sum((1, 3)), known.sum((1, 3))
    means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return np.repeat(np.repeat(means, factor, 0), factor, 1)[:rows, :columns]
