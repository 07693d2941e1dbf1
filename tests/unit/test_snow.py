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
from processes.chains.snow import CLOUD, SNOW, Rules, fraction, snow, snow_line

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
