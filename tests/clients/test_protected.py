# SPDX-License-Identifier: Apache-2.0
"""A protected layer as real clients reach it: QGIS (Basic, API header), GDAL, OWSLib; and as they do not without a key."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


@pytest.mark.parametrize(("way", "opened"), [("public", False), ("basic", True), ("header", True)])
def test_qgis_opens_it_with_a_key_only(
    guarded_server: tuple[str, str], tmp_path: Path, way: str, opened: bool
) -> None:
    python = "/usr/bin/python3"
    if (
        not shutil.which(python)
        or subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    ):
        pytest.skip("QGIS's Python is not installed (Debian: python3-qgis)")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "QGIS_AUTH_DB_DIR_PATH": str(tmp_path),
    }
    run = subprocess.run(
        [python, str(HERE / "protected_session.py"), *guarded_server, way],
        capture_output=True,
        text=True,
        env=environment,
        timeout=180,
        check=False,
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    assert lines, f"QGIS said:\n{run.stdout[-1500:]}\n{run.stderr[-1500:]}"
    found = json.loads(lines[-1])["opened"]
    if found is None:
        pytest.skip("this QGIS has no API header method (Debian 12 has 3.22)")
    assert found is opened


@pytest.mark.parametrize("how", ["header", "bearer", "basic"])
def test_gdal_opens_it(guarded_server: tuple[str, str], how: str, tmp_path: Path) -> None:
    if not shutil.which("gdalinfo", path="/usr/bin"):
        pytest.skip("gdalinfo is not installed (Debian: gdal-bin)")
    server, key = guarded_server
    options = {
        "header": ["GDAL_HTTP_HEADERS", f"X-API-Key: {key}"],
        "bearer": ["GDAL_HTTP_HEADERS", f"Authorization: Bearer {key}"],
        "basic": ["GDAL_HTTP_USERPWD", f"bob:{key}"],
    }
    address = f"WMS:{server}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}

    def listed(*extra: str) -> str:
        return subprocess.run(
            ["/usr/bin/gdalinfo", *extra, address],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=True,
        ).stdout

    assert "LAYERS=oso-23&" in listed("--config", *options[how])
    assert "LAYERS=oso-23&" not in listed()


@pytest.mark.parametrize(
    "python",
    [Path(sys.executable), HERE.parents[1] / ".venv-clients" / "bin" / "python"],
    ids=["ours", "newest"],
)
def test_owslib_opens_it(guarded_server: tuple[str, str], python: Path) -> None:
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    server, key = guarded_server
    script = (
        "import sys;from owslib.wms import WebMapService as W;u,k=sys.argv[1:];"
        "print('oso-23' in W(u,version='1.3.0').contents,'oso-23' in W(u,version='1.3.0',username='bob',password=k).contents,"
        "'oso-23' in W(u,version='1.3.0',headers={'X-API-Key':k}).contents)"
    )
    run = subprocess.run(
        [str(python), "-c", script, f"{server}/wms", key],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split() == ["False", "True", "True"]
