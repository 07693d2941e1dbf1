# SPDX-License-Identifier: Apache-2.0
"""The wrapper of MAJA against a program that obeys its command line, and the rules of PEPS."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline
from config.registry import load_registry
from config.settings import Settings
from hysope.wiring import wire_catalog
from processes.chains.maja import found, run
from processes.inputs import read_order

DAYS = ("20230105", "20230110", "20230115", "20230120", "20230125")
WANTED = {"tile": "31TCJ", "start": "2023-01-01", "end": "2023-03-01", "orbit": None}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    home = tmp_path / "site"
    for name in ("l1c", "dtm", "gipp", "userconf"):
        (home / name).mkdir(parents=True)
    shutil.copy(Path(__file__).parents[1] / "maja_standin.py", home / "maja")
    (home / "maja").chmod(0o755)
    (home / "dtm" / "S2__TEST_AUX_REFDE2_31TCJ_0001").mkdir()
    (home / "gipp" / "GIPP.EEF").touch()
    for number, day in enumerate(DAYS):
        safe(home, day, number % 2 + 50)
    safe(home, "20230106", 51, "31TDJ")
    (home / "l1c" / "notes.SAFE").mkdir()
    return home


def safe(home: Path, day: str, orbit: int, tile: str = "31TCJ", behave: str = "") -> Path:
    path = home / "l1c" / f"S2A_MSIL1C_{day}T105621_N0509_R{orbit:03d}_T{tile}_{day}T120000.SAFE"
    path.mkdir(exist_ok=True)
    if behave:
        (path / "behave").write_text(behave)
    return path


def ordered(site: Path, out: Path, **more: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    out.mkdir()
    report = run([], {**WANTED, **more, "maja": str(site)}, out, lambda *_: None)["report"]
    with zipfile.ZipFile(out / "products.zip") as packed:
        return report, {name: packed.read(name).decode() for name in packed.namelist()}


def test_each_image_has_the_last_product_as_its_past(site: Path, tmp_path: Path) -> None:
    report, files = ordered(site, tmp_path / "out")
    assert [one["status"] for one in report] == ["produced"] * 5
    assert [one["image"][11:19] for one in report] == list(DAYS)
    sheets = [text for name, text in sorted(files.items()) if name.endswith("_MTD_ALL.xml")]
    assert sheets[0] == "<x mode='L2INIT' past=''/>"
    assert sheets[1] == "<x mode='L2NOMINAL' past='SENTINEL2A_20230105-105621-000_L2A_T31TCJ_C_V1-0'/>"
    assert any(
        name.endswith("/MASKS/SENTINEL2A_20230125-105621-000_L2A_T31TCJ_C_V1-0_CLM_R1.tif") for name in files
    )
    assert not (tmp_path / "out" / "work").exists()


def test_cloudy_and_broken_images_do_not_stop_the_series(site: Path, tmp_path: Path) -> None:
    safe(site, DAYS[1], 51, behave="cloudy")
    safe(site, DAYS[2], 50, behave="crash")
    safe(site, DAYS[3], 51, behave="nothing")
    report, files = ordered(site, tmp_path / "out")
    assert [one["status"] for one in report] == ["produced", "too cloudy", "failed", "too cloudy", "produced"]
    assert "MAJA ended with 1: [E] ran out of pixels" in report[2]["message"]
    last = next(text for name, text in files.items() if "20230125" in name and name.endswith(".xml"))
    assert "past='SENTINEL2A_20230105" in last, "the past is the last good one"
    for day in DAYS:
        for path in (site / "l1c").glob(f"*{day}*T31TCJ*"):
            (path / "behave").write_text("crash")
    with pytest.raises(ValueError, match="no image became a product: failed MAJA ended with 1"):
        ordered(site, tmp_path / "none")


def test_images_are_chosen_by_tile_days_and_orbit(site: Path, tmp_path: Path) -> None:
    days = [one.day for one in found(site / "l1c", "31TCJ", "2023-01-10", "2023-01-20", None)]
    assert days == ["20230110", "20230115", "20230120"]
    assert [one.day for one in found(site / "l1c", "31TCJ", "2023-01-01", "2023-03-01", 51)] == [
        "20230110",
        "20230120",
    ]
    with pytest.raises(ValueError, match="no L1C product"):
        ordered(site, tmp_path / "out", tile="32TCJ")
    with pytest.raises(ValueError, match="no relief of the tile 31TDJ"):
        ordered(site, tmp_path / "other", tile="31TDJ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"end": "2023-02-10"}, "it is 40 days after start; allowed are 55 to 366"),
        ({"end": "2024-06-01"}, "days after start; allowed are 55 to 366"),
        ({"start": "2016-03-01", "end": "2016-09-01"}, "2016-03-01 is before 2016-04-01"),
        ({"tile": "61TCJ"}, "does not match"),
        ({"tile": "31ICJ"}, "does not match"),
        ({"orbit": 144}, "144 is greater than the maximum of 143"),
        ({"start": "yesterday"}, "is not a 'date'"),
    ],
)
def test_an_order_is_checked_by_the_rules_of_peps(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    process = load_registry().processes["maja-l2a"]
    catalog = wire_catalog(Settings(data=tmp_path))
    order = {"tile": "31TCJ", "start": "2023-01-01", "end": "2023-04-30", "orbit": 51, **change}
    try:
        if not words:
            assert read_order(process, order, catalog, OPERATOR, Deadline.after(10)).values == order
            return
        with pytest.raises(Fault, match=words):
            read_order(process, order, catalog, OPERATOR, Deadline.after(10))
    finally:
        catalog.close()
