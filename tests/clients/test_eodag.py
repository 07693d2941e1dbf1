# SPDX-License-Identifier: Apache-2.0
"""eodag over the STAC API, in each of the dialects that it speaks to French centres."""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


@pytest.mark.parametrize("dialect", ["theia", "hydroweb_next"])
def test_eodag_finds_and_fetches(server: str, dialect: str, tmp_path: Path) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "eodag_session.py"), server, dialect, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3_000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert "sentinel2-l2a" in said["collections"]
    assert said["march"]
    assert all("_202303" in one for one in said["march"])
    assert said["matched"] in (None, len(said["march"]))
    assert said["clear"]
    assert all(cover <= 20 for cover in said["clear"])
    with urllib.request.urlopen(f"{server}/stac/collections/sentinel2-l2a/items?limit=50") as answer:
        every = {one["id"] for one in json.load(answer)["features"]}
    assert sorted(said["every"]) == sorted(every)
    assert len(every) > 3, "more than a page"
    assert any(name.endswith(".tif") for name in said["files"])
