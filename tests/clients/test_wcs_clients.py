# SPDX-License-Identifier: Apache-2.0
"""The WCS as real clients use it: QGIS (1.0.0), GDAL (1.0.0 and 2.0.1), OWSLib (both); the values are the stored ones."""

import json
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from owslib.wcs import WebCoverageService
from support import World

from catalog.model.principal import OPERATOR, Deadline
from catalog.query import And, Property, equal
from catalog.raster.files import read_band

pytestmark = pytest.mark.client
HERE = Path(__file__).parent
DAYS = ("2023-03-05", "2023-03-15")
NEWEST = "2023-04-04"


def stored(world: World, band: str, day: str) -> np.ndarray:
    catalog = world.services.catalog
    tree = And((equal(Property.COLLECTION, "sentinel2-l2a"), equal(Property.ZONE, "T31TCJ")))
    found = sorted(catalog.search(tree, OPERATOR, Deadline.after(10)), key=lambda one: one.day)
    product = found[(*DAYS, NEWEST).index(day)]
    return read_band(catalog.archive / product.asset_of(band).path, 1)


def test_qgis_reads_values_at_two_dates(server: str, world: World, tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        pytest.skip("QGIS's Python is not installed (Debian: python3-qgis)")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    command = [python, str(HERE / "wcs_session.py"), server, "300755", "4899265", *DAYS]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    assert lines, f"QGIS said:\n{run.stdout[-1500:]}\n{run.stderr[-1500:]}"
    found = json.loads(lines[-1])
    for day in DAYS:
        assert found[day]["valid"], (found[day], run.stderr[-1500:])
        assert (found[day]["size"], found[day]["extent"]) == ([360, 200], [300_000.0, 4_900_020.0])
        for number, band in enumerate(("B2", "B3", "B4"), 1):
            count = int(stored(world, band, day)[75, 75])
            assert found[day]["values"][str(number)] in (
                pytest.approx(count),
                pytest.approx(count / 10_000),
            ), (day, band)


@pytest.mark.parametrize(("version", "dated"), [("1.0.0", True), ("2.0.1", True), ("2.0.1", False)])
def test_gdal_reads_the_stored_counts(
    server: str, world: World, tmp_path: Path, version: str, dated: bool
) -> None:
    """Without a time it is the newest day's; a pixel has a value where every band of its product has one."""
    tool = Path("/usr/bin/gdal_translate")
    if not tool.exists():
        pytest.skip("gdal_translate is not installed (Debian: gdal-bin)")
    name = "coverage" if version == "1.0.0" else "coverageId"
    time = f"&time={DAYS[0]}" if dated else ""
    source = f"WCS:{server}/wcs?version={version}&{name}=sentinel2-l2a{time}"
    out = tmp_path / "out.tif"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command = [
        str(tool),
        "-q",
        "-b",
        "3",
        "-projwin",
        "300000",
        "4900020",
        "302000",
        "4898020",
        source,
        str(out),
    ]
    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    with rasterio.open(out) as opened:
        assert opened.crs.to_epsg() == 32631
        assert opened.bounds[:2] == (300_000.0, 4_898_020.0)
        day = DAYS[0] if dated else NEWEST
        expected, found = stored(world, "B4", day), opened.read(1)
    own = slice(0, None if dated else 160)  # the newest day has the neighbour too, from column 160 on
    held = found[:, own] != -10_000
    assert np.array_equal(found[:, own][held], expected[:, own][held])
    lost = (expected[:, own] != -10_000) & ~held
    assert held.any() and lost.mean() < 0.005, "at the swath's edge a pixel of 20 m is a step of two of 10 m"


def test_gdal_reads_a_file_where_it_lies(server: str, world: World, tmp_path: Path) -> None:
    """/vsicurl/ asks for ranges of the file; a count is the stored one."""
    tool = Path("/usr/bin/gdallocationinfo")
    if not tool.exists():
        pytest.skip("gdallocationinfo is not installed (Debian: gdal-bin)")
    product = "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    }  # fmt: skip
    run = subprocess.run(
        [str(tool), "-valonly", f"/vsicurl/{server}/files/{product}/B4", "75", "60"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == int(stored(world, "B4", DAYS[0])[60, 75])


@pytest.mark.parametrize("version", ["1.0.0", "2.0.1"])
def test_owslib_reads_a_part(server: str, world: World, version: str) -> None:
    service = WebCoverageService(f"{server}/wcs", version=version)
    assert "sentinel2-l2a" in service.contents
    if version == "1.0.0":
        coverage = service.contents["sentinel2-l2a"]
        assert coverage.timepositions[0] == DAYS[0]
        answer = service.getCoverage(
            identifier="sentinel2-l2a",
            bbox=(300_000, 4_898_020, 302_000, 4_900_020),
            crs="EPSG:32631",
            format="GeoTIFF",
            time=[DAYS[0]],
            width=200,
            height=200,
        )
    else:
        answer = service.getCoverage(
            identifier=["sentinel2-l2a"],
            format="image/tiff",
            subsets=[("E", 300_000, 302_000), ("N", 4_898_020, 4_900_020)],
            TIME=DAYS[0],
        )
    with rasterio.open(BytesIO(answer.read())) as opened:
        assert np.array_equal(opened.read(3), stored(world, "B4", DAYS[0]))
