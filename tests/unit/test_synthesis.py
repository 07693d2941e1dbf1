# SPDX-License-Identifier: Apache-2.0
"""The synthesis on a reconstructed series whose truth is known at every date, and its weights."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support import shared

from catalog.model.product import Grid
from processes.chains.synthesis import NODATA, blurred, cloud_weight, date_weight, run, stretched

DAYS = {"20181008": 0, "20181013": 5, "20181018": 10, "20181023": 15, "20181028": 20}
FIRST = 17_812
"""2018-10-08 in days since 1970."""


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = shared("data", "products", "l2a_muscate_reconstructed", "series_l3a")
    out, items = tmp_path_factory.mktemp("series"), []
    for packed in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(packed) as opened:
            opened.extractall(out)
        day = DAYS[packed.name.split("_")[1][:8]]
        names = {"B2": "FRE_B2", "B4": "FRE_B4", "B8A": "FRE_B8A", "CLM": "CLM_R1", "MG2": "MG2_R1"}
        bands = {
            name: {
                "path": str(next(out.rglob(f"{packed.stem}*{ending}.tif"))),
                "index": 1,
                "scale": 0.0001,
                "offset": 0.0,
                "nodata": [NODATA] if ending.startswith("FRE") else [],
            }
            for name, ending in names.items()
        }
        items.append({"id": packed.stem, "day": FIRST + day, "bands": bands})
    return items


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as opened:
        return opened.read(1).astype(float)


def test_the_composite_is_the_truth_at_its_own_date(series: list[dict], tmp_path: Path) -> None:
    """The truth of day d is base * (1 + 0.002 * (d - 23 October)): any right weighting must give it at the weighted date."""
    told: list[str] = []
    run(series, {"date": "2018-10-18", "days": 23}, tmp_path, lambda _percent, message: told.append(message))
    assert told == ["5 dates at 10 m", "5 dates at 20 m", "done"]
    known = json.loads(shared("data", "products", "KNOWN_VALUES.json").read_text())["wasp_series_l3a"]
    base_day = 296
    dated, weights, state = (read(tmp_path / f"{name}.tif") for name in ("DTS", "WGT", "FLG"))
    for name, expected in (("B4", known["B4"]), ("B8A", known["B8A"])):
        found = read(tmp_path / f"{name}.tif")
        valid = found != NODATA
        assert 100 * valid.mean() == pytest.approx(expected["valid_pct"], abs=1.0)
        assert found[valid].mean() == pytest.approx(expected["mean"], rel=0.01)
    assert dated[weights > 0].mean() == pytest.approx(known["B4"]["mean_doy0"] + 1, abs=1.5)
    clear = next(one for one in series if one["day"] == FIRST + 15)
    base = read(Path(clear["bands"]["B4"]["path"]))
    clouds = read(Path(clear["bands"]["CLM"]["path"])) > 0
    found = read(tmp_path / "B4.tif")
    good = (found != NODATA) & ~clouds & (base > NODATA) & (weights > 50)
    truth = base * (1 + 0.002 * (dated - base_day))
    assert np.sqrt(np.mean((found - truth)[good] ** 2)) < 1.0
    assert set(np.unique(state)) <= {0, 1, 2, 3, 4}
    assert ((state == 1) == ((weights == NODATA) & (state > 0))).all()


def test_dates_out_of_reach_do_not_count(series: list[dict], tmp_path: Path) -> None:
    run(series, {"date": "2018-10-08", "days": 1}, tmp_path, lambda *_: None)
    dated = read(tmp_path / "DTS.tif")
    assert set(np.unique(dated)) == {NODATA, 281.0}
    with pytest.raises(ValueError, match="no product is within"):
        run(series, {"date": "2019-10-08", "days": 1}, tmp_path, lambda *_: None)


def pixels(cloudy: np.ndarray, grid: Grid, rows: slice = slice(0, 600)) -> np.ndarray:
    coarse, factor = cloud_weight(cloudy, grid)
    return stretched(coarse, factor, rows, cloudy.shape[1])


def test_weights_fall_towards_clouds_and_away_from_the_day() -> None:
    grid = Grid(32630, 0.0, 0.0, 20.0, 20.0, 600, 600)
    cloudy = np.zeros((600, 600), bool)
    cloudy[200:400, 200:400] = True
    weight = pixels(cloudy, grid)
    assert weight[300, 300] < 0.05
    assert weight[300, 420] < weight[300, 500] < weight[300, 599] <= 1
    assert pixels(np.zeros((600, 600), bool), grid).min() == 1
    assert np.array_equal(weight[100:150], pixels(cloudy, grid, slice(100, 150)))
    assert [date_weight(distance, 20) for distance in (0, -10, 20)] == [1.0, 0.75, 0.5]
    flat = blurred(np.full((40, 30), 0.3, np.float32), 2.0)
    assert np.allclose(flat, 0.3)
    peak = np.zeros((61, 61), np.float32)
    peak[30, 30] = 1
    spread = blurred(peak, 2.0)
    assert spread.sum() == pytest.approx(1, abs=1e-3)
    assert spread[30, 32] / spread[30, 30] == pytest.approx(np.exp(-0.5), abs=1e-3)
