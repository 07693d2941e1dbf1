# SPDX-License-Identifier: Apache-2.0
"""The catalogue as its clients use it: OWSLib (both versions), GDAL."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "python",
    [Path(sys.executable), HERE.parents[1] / ".venv-clients" / "bin" / "python"],
    ids=["ours", "newest"],
)
def test_owslib_searches_and_walks(server: str, python: Path) -> None:
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "csw_session.py"), server],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert {"oso-17", "oso-23", "OSO_20220101_RASTER"} <= set(found["text"])
    assert found["links"]["OGC:WMS"] == f"{server}/wms"
    assert found["box"] == pytest.approx([0.4965, 44.2095, 0.5215, 44.2275], abs=0.01)
    assert len(found["area"]) == 6
    assert found["elsewhere"] == []
    assert (found["iso"], found["protocols"][0]) == ("oso-23", "OGC:WMS")
    assert found["walked"] == found["matches"] >= 16


def test_owslib_searches_by_csw_3(server: str) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    command = [str(python), "-W", "ignore", str(HERE / "csw3_session.py"), server]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["version"] == "3.0.0"
    assert found["operations"] == ["GetCapabilities", "GetDomain", "GetRecordById", "GetRecords"]
    assert {"oso-23", "sentinel2-l2a"} <= set(found["series"])
    assert "sentinel2-l2a" in found["titles"]
    assert len(found["area"]) == 6
    assert len(set(found["walked"])) == len(found["walked"]) == found["matches"] >= 16


def test_gdal_lists_records(server: str, tmp_path: Path) -> None:
    if not shutil.which("ogrinfo", path="/usr/bin"):
        pytest.skip("ogrinfo is not installed (Debian: gdal-bin)")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
    run = subprocess.run(
        ["/usr/bin/ogrinfo", "-ro", "-al", "-q", f"CSW:{server}/csw"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    assert "identifier (String) = oso-23" in run.stdout
    assert "POLYGON ((" in run.stdout
