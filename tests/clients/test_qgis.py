# SPDX-License-Identifier: Apache-2.0
"""QGIS (Debian's, headless): the .qlr gives temporal layers, a dated map is drawn, a pixel's value is read back."""

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import World

pytestmark = pytest.mark.client
SESSION = Path(__file__).parent / "qgis_session.py"


@pytest.fixture(scope="module")
def session(server: str, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What one QGIS session saw on the fifth of March."""
    python = "/usr/bin/python3"
    if (
        not shutil.which(python)
        or subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    ):
        pytest.skip("QGIS's Python is not installed (Debian: python3-qgis)")
    folder = tmp_path_factory.mktemp("qgis")
    with urllib.request.urlopen(f"{server}/hysope.qlr") as answer:
        (folder / "h.qlr").write_bytes(answer.read())
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    command = [python, str(SESSION), server, str(folder / "h.qlr"), str(folder / "map.png"), "2023-03-05"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    assert lines, f"QGIS said:\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}"
    return {**json.loads(lines[-1]), "picture": folder / "map.png"}


def test_the_qlr_adds_every_layer_with_its_time(session: dict) -> None:
    assert session["valid"] is True
    assert len(session["layers"]) == 18, "twelve, and the footprints of six collections"
    assert session["temporal"] is True
    assert session["crs"] == "EPSG:3857"


def test_a_dated_map_is_drawn(session: dict, world: World) -> None:
    assert session["errors"] == []
    found = np.asarray(Image.open(session["picture"]).convert("RGBA")).astype(int)
    query = "VERSION=1.3.0&REQUEST=GetMap&LAYERS=sentinel2-l2a&STYLES=true-colour&CRS=EPSG:3857&BBOX=55300,5498200,57900,5499900&WIDTH=200&HEIGHT=130&FORMAT=image/png&TIME=2023-03-05"
    from io import BytesIO

    ours = np.asarray(Image.open(BytesIO(world.wms(query).body)).convert("RGBA")).astype(int)
    covered = found[..., 3] == 255
    assert covered.mean() > 0.3
    assert np.abs(found[covered] - ours[covered]).mean() < 12, (
        "QGIS asks a snapped box: the same land, not the same pixels"
    )


def test_a_pixel_is_identified_with_its_value(session: dict, world: World) -> None:
    (found,) = session["identify"]
    told = " ".join(found.values())
    north, east = (float(part) for part in re.findall(r"([0-9.]+) [NE]", told)[:2])
    box = f"{east - 1e-7},{north - 1e-7},{east + 1e-7},{north + 1e-7}"
    query = (
        "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=sentinel2-l2a&QUERY_LAYERS=sentinel2-l2a&STYLES=&CRS=CRS:84"
        f"&BBOX={box}&WIDTH=1&HEIGHT=1&I=0&J=0&INFO_FORMAT=application/json&TIME=2023-03-05"
    )
    values = json.loads(world.wms(query).body)["features"][0]["properties"]
    assert "<td>2023-03-05</td>" in told, "the frame of the temporal controller was sent with the click"
    assert f"<th>B8</th><td>{values['B8']}</td>" in told
