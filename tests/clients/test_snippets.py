# SPDX-License-Identifier: Apache-2.0
"""What the page of a product says under "Use this data" runs as it stands."""

import html
import json
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def snippets(server: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{server}/stac/search?collections=sentinel2-l2a&limit=1") as answer:
        name = json.load(answer)["features"][0]["id"]
    with urllib.request.urlopen(f"{server}/products/{name}") as answer:
        page = answer.read().decode()
    found = re.findall(r"<h3>([^<]+)</h3><pre><code>(.*?)</code></pre>", page, re.DOTALL)
    return {tool: html.unescape(text) for tool, text in found}


def ran(*words: str, folder: Path) -> str:
    """What a command prints, in the environment of a user: ours keeps GDAL off the network."""
    user = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, cwd=folder, env=user, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_gdal(snippets: dict[str, str], tmp_path: Path) -> None:
    if not Path("/usr/bin/gdalinfo").exists():
        pytest.skip("gdalinfo is not installed (Debian: gdal-bin)")
    assert "Size is" in ran("sh", "-c", snippets["GDAL"], folder=tmp_path)


def test_rasterio(snippets: dict[str, str], tmp_path: Path) -> None:
    said = ran(sys.executable, "-c", snippets["Python (rasterio)"], folder=tmp_path)
    assert said.startswith("EPSG:32631 (")
    least, most = map(float, said.split()[-2:])
    assert -0.1 <= least < most < 2


def test_pystac_client(snippets: dict[str, str], tmp_path: Path) -> None:
    python = ROOT / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    said = ran(str(python), "-c", snippets["Python (pystac-client)"], folder=tmp_path)
    assert "/files/" in said


def test_curl(snippets: dict[str, str], tmp_path: Path) -> None:
    ran("sh", "-c", snippets["curl"], folder=tmp_path)
    (fetched,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(fetched) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) > 3
