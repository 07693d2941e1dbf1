# SPDX-License-Identifier: Apache-2.0
"""Clients of the catalogues of resto 2: the calls of theia_download by curl, as it makes them, and eodag."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


def curl(*words: str) -> str:
    done = subprocess.run(
        ["curl", "-k", "-s", *words], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_the_calls_of_theia_download(guarded_server: tuple[str, str], tmp_path: Path) -> None:
    address, key = guarded_server
    token = curl(
        "-X",
        "POST",
        "--data-urlencode",
        "ident=me@example.org",
        "--data-urlencode",
        f"pass={key}",
        f"{address}/services/authenticate/",
    )
    assert token == key
    search = (
        f"{address}/resto2/api/collections/SENTINEL2/search.json?location=T31TCJ&startDate=2023-03-01&completionDate=2023-03-31"
        "&processingLevel=LEVEL2A&maxRecords=500&page=1"
    )
    found = json.loads(curl(search))["features"]
    wanted = [
        one
        for one in found
        if one["properties"]["cloudCover"] is not None and one["properties"]["cloudCover"] <= 50
    ]
    assert wanted
    name = wanted[0]["properties"]["productIdentifier"]
    target = tmp_path / f"{name}.zip"
    curl(
        *("-o", str(target), "-H", f"Authorization: Bearer {token}"),
        f"{address}/resto2/collections/SENTINEL2/{wanted[0]['id']}/download/?issuerId=theia",
    )
    with zipfile.ZipFile(target) as opened:
        assert opened.testzip() is None
        assert any(member.endswith(".tif") for member in opened.namelist())


def test_eodag_searches_filters_and_downloads(guarded_server: tuple[str, str], tmp_path: Path) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "resto_session.py"), *guarded_server, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3_000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["matched"] == len(said["found"]) > 1
    assert all("_L2A_" in one and "_202303" in one for one in said["found"])
    assert said["clear"]
    assert all(cover <= 20 for cover in said["clear"])
    assert len(said["clear"]) < len(said["found"])
    assert any(name.startswith(said["downloaded"]) and name.endswith(".tif") for name in said["files"])
