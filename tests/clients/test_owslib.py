# SPDX-License-Identifier: Apache-2.0
"""OWSLib, the version beside pycsw and the newest (in its own environment), draws a dated map and asks for values."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import World
from wms_probe import get_map, pixels

pytestmark = pytest.mark.client
SESSION = Path(__file__).parent / "owslib_session.py"
NEWEST = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("python", [Path(sys.executable), NEWEST], ids=["ours", "newest"])
def test_owslib_draws_a_dated_map_and_reads_a_value(
    server: str, world: World, python: Path, version: str
) -> None:
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(SESSION), server, version], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["times"] == ["2023-03-05", "2023-03-15", "2023-04-04"]
    assert found["default"] == "2023-04-04"
    assert found["box"][0] < found["box"][2]
    assert {"true-colour", "ndvi"} <= set(found["styles"])
    drawn = np.asarray(Image.open(BytesIO(bytes.fromhex(found["picture"]))).convert("RGBA"))
    assert (drawn == pixels(get_map(world, STYLES="ndvi", TIME="2023-03-05"))).all()
    (feature,) = found["info"]["features"]
    assert feature["properties"]["date"] == "2023-03-05"
    assert 0 < feature["properties"]["B8"] < 1
    assert "there is no layer" in found["refused"]
