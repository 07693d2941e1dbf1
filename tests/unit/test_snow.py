# SPDX-License-Identifier: Apache-2.0
"""The rules of Let-it-snow: its own unit values, the published fraction, and a reconstructed scene with a known snow line."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support import shared

from catalog.raster.files import describe
from catalog.raster.onto import read_bits_onto, read_onto
from processes.chains.shade import in_shadow
from processes.chains.snow import CLOUD, SNOW, Rules, Shadow, fraction, snow, snow_line

NAME = "SENTINEL2A_20190205-105221-461_L2A_T30TYP_D_V2-0"


def known() -> dict:
    return json.loads(shared("data", "products", "KNOWN_VALUES.json").read_text())


def test_the_snow_line_has_the_values_of_its_own_unit_tests() -> None:
    height = np.zeros((10, 10), np.float32)
    snowy, cloudy = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    height[9, :5], snowy[9, :5], cloudy[9, :5] = 70, True, True
    height[9, 5:], snowy[9, 5:] = 81, True
    height[0, 0], height[0, 1] = 0, 0
    scale = np.concatenate([height, np.full((1, 10), np.nan, np.float32)])
    scale[10, :2] = 0, 100
    snowy, cloudy = (np.concatenate([one, np.zeros((1, 10), bool)]) for one in (snowy, cloudy))
    rules = Rules(step=20, snow_in_belt=0, clear_in_belt=0)
    first, second = known()["lis_snowline_unit"]
    assert snow_line(scale, snowy, cloudy, rules) == first["zs"] == 40
    assert snow_line(scale, snowy, cloudy, rules, belts_below=0, below_centre=0) == second["zs"] == 90
    assert snow_line(scale, np.zeros_like(snowy), cloudy, rules) is None


def test_the_fraction_is_the_published_one() -> None:
    for ndsi, value in known()["fsc_gascoin2020"].items():
        assert fraction(np.array([float(ndsi)])) == pytest.approx(value, abs=1e-6)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = shared("data", "products", "l2a_muscate_reconstructed", "snow")
    out = tmp_path_factory.mktemp("snow")
    (packed,) = folder.glob("*.zip")
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(out)
    files = {
        name: next(out.rglob(f"*_{name}.tif")) for name in ("FRE_B3", "FRE_B4", "FRE_B11", "CLM_R2", "CLM_R1")
    }
    return {
        **files,
        "height": folder / f"DEM_20m_for_{NAME}.tif",
        "truth": folder / f"TRUTH_snow_20m_for_{NAME}.tif",
    }


@pytest.mark.parametrize("mask", ["CLM_R2", "CLM_R1"])
def test_a_scene_with_a_known_snow_line(scene: dict[str, Path], mask: str) -> None:
    grid = describe(scene["FRE_B11"]).grid
    green, red, swir = (
        read_onto(scene[name], 1, grid, "cubic", -10_000) / 10_000 for name in ("FRE_B3", "FRE_B4", "FRE_B11")
    )
    clouds = read_bits_onto(scene[mask], 1, grid)
    codes, share, line = snow(green, red, swir, clouds, read_onto(scene["height"], 1, grid, "nearest", None))
    expected = known()["lis_reconstructed_snow"]
    assert line == expected["lis_zs"]
    for code, name in ((SNOW, "snow_px"), (CLOUD, "cloud_px"), (0, "nosnow_px")):
        assert int((codes == code).sum()) == pytest.approx(expected[name], rel=0.01), name
    with rasterio.open(scene["truth"]) as opened:
        truth = opened.read(1)
    seen = truth != CLOUD
    hit = ((codes == SNOW) & (truth == SNOW) & seen).sum()
    f1 = 2 * hit / ((codes[seen] == SNOW).sum() + (truth[seen] == SNOW).sum())
    assert f1 == pytest.approx(expected["F1_snow"], abs=0.02)
    assert share[codes == SNOW].mean() == pytest.approx(expected["fsc_mean_on_snow"], abs=0.7)


def test_without_snow_there_is_no_line() -> None:
    dark = np.full((50, 50), 0.05, np.float32)
    codes, _, line = snow(
        dark,
        dark,
        dark * 2,
        np.zeros((50, 50), np.uint8),
        np.linspace(0, 2000, 2500, dtype=np.float32).reshape(50, 50),
    )
    assert (line, codes.max()) == (None, 0)
    hole = dark.copy()
    hole[0, 0] = np.nan
    assert snow(hole, dark, dark, np.zeros((50, 50), np.uint8), dark)[0][0, 0] == 255


def test_a_wall_throws_a_shadow_as_long_as_its_height_and_the_sun_say() -> None:
    flat = np.zeros((60, 60), np.float32)
    flat[40, :] = 100.0
    dark = in_shadow(flat, 10.0, zenith=60.0, azimuth=180.0)
    length = 100.0 * np.tan(np.radians(60.0)) / 10.0
    column = dark[:40, 30]
    assert int(column.sum()) == pytest.approx(length, abs=1)
    assert column[-5:].all() and not column[:20].any() and not dark[42:].any()
    assert not in_shadow(np.zeros((20, 20), np.float32), 10.0, 30.0, 150.0).any()


def test_a_slope_that_turns_away_is_dark_and_one_that_faces_the_sun_is_not() -> None:
    ramp = np.tile(np.arange(50, dtype=np.float32) * 10.0, (50, 1))  # rises to the east by 45 degrees
    assert not in_shadow(ramp, 10.0, zenith=50.0, azimuth=270.0)[5:45, 5:45].any()
    assert in_shadow(ramp, 10.0, zenith=50.0, azimuth=90.0)[5:45, 5:45].all()
    hole = ramp.copy()
    hole[20, 20] = np.nan
    assert not in_shadow(hole, 10.0, zenith=50.0, azimuth=90.0)[20, 20]


@pytest.mark.parametrize("azimuth", [20.0, 135.0, 164.0, 250.0, 330.0])
def test_cast_shadows_are_those_of_marching_along_the_ray(azimuth: float) -> None:
    rng = np.random.default_rng(int(azimuth))
    rows, columns = np.mgrid[0:120, 0:120]
    hills = sum(
        height * np.exp(-(((rows - y) ** 2 + (columns - x) ** 2) / size**2))
        for height, y, x, size in zip(rng.uniform(300, 900, 6), rng.uniform(0, 120, 6), rng.uniform(0, 120, 6), rng.uniform(6, 15, 6), strict=True)
    ).astype(np.float32)  # fmt: skip
    dark = in_shadow(hills, 20.0, 65.0, azimuth, dim=-1.0)
    marched = np.zeros_like(dark)
    phi = np.radians(azimuth)
    for step in range(1, 120):
        y = np.rint(rows - np.cos(phi) * step).astype(int)
        x = np.rint(columns + np.sin(phi) * step).astype(int)
        inside = (y >= 0) & (y < 120) & (x >= 0) & (x < 120)
        toward = np.where(inside, hills[y.clip(0, 119), x.clip(0, 119)], -1e9)
        marched |= toward - step * 20.0 / np.tan(np.radians(65.0)) > hills
    assert 0.02 < marched.mean() < 0.8
    assert (dark != marched).mean() < 0.03


def test_snow_in_shadow_is_seen_by_its_blue_and_only_above_the_snow_line(scene: dict[str, Path]) -> None:
    """A dark slope of the scene: without the bands for it no snow, with them snow that covers its pixels whole."""
    grid = describe(scene["FRE_B11"]).grid
    green, red, swir = (
        read_onto(scene[name], 1, grid, "cubic", -10_000) / 10_000 for name in ("FRE_B3", "FRE_B4", "FRE_B11")
    )
    clouds = read_bits_onto(scene["CLM_R2"], 1, grid)
    height = read_onto(scene["height"], 1, grid, "nearest", None)
    clear = (clouds == 0) & np.isfinite(green)
    before, _, line = snow(green, red, swir, clouds, height)
    assert line is not None
    above, below = (np.zeros_like(clear) for _ in range(2))
    above[tuple(np.argwhere(clear & (height > line + 50) & (before == 0))[:40].T)] = True
    below[tuple(np.argwhere(clear & (height < line - 50) & (before == 0))[:40].T)] = True
    assert above.sum() == below.sum() == 40
    excess = np.where(above | below, np.float32(0.02), np.float32(0.0))
    codes, share, _ = snow(green, red, swir, clouds, height, Rules(), Shadow(above | below, excess))
    assert (codes[above] == SNOW).all() and (share[above] == 100).all()
    assert (codes[~above] == before[~above]).all()
    weak, _, _ = snow(green, red, swir, clouds, height, Rules(), Shadow(above | below, excess * 0.5))
    assert (weak == before).all()
