# SPDX-License-Identifier: Apache-2.0
"""pystac-client over the STAC API, and GDAL over a download: a band is read in parts, as a COG should be."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def found(server: str) -> dict:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "stac_session.py"), server],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_pystac_client_searches_and_walks(found: dict) -> None:
    assert "sentinel2-l2a" in found["collections"]
    assert len(found["found"]) >= 1
    assert all("_L2A_" in one and "_202303" in one for one in found["found"])
    assert found["matched"] == len(found["walked"]) == len(set(found["walked"])) == 10
    assert found["again"] in found["found"]
    assert found["stores"] == ["EPSG:2154", "EPSG:32631"] or "EPSG:32631" in found["stores"]


def test_pystac_client_filters_and_finds_collections(found: dict) -> None:
    """With CQL2 JSON, as it sends a filter; with the words of a collection; and the names that it may ask."""
    assert found["clear"]
    assert all(cover < 20 for cover in found["clear"])
    assert found["snow"] == ["sentinel2-l2a", "snow-cover", "snow-fsc"]
    assert {"eo:cloud_cover", "geometry", "datetime"} <= set(found["queryables"])


def test_gdal_reads_a_band_over_http(found: dict, tmp_path: Path) -> None:
    tool = Path("/usr/bin/gdalinfo")
    if not tool.exists():
        pytest.skip("gdalinfo is not installed (Debian: gdal-bin)")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    said = subprocess.run(
        [str(tool), "-json", f"/vsicurl/{found['asset']}"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    ).stdout
    facts = json.loads(said)
    assert facts["size"] == [200, 200]
    assert facts["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"
