# SPDX-License-Identifier: Apache-2.0
"""The WMTS as real clients use it: QGIS (bare address too), GDAL, OWSLib; the picture is the one that the WMS draws."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from owslib.wmts import WebMapTileService
from PIL import Image
from support import World

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


def drawn(world: World, **more: str | int) -> np.ndarray:
    asked = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": "sentinel2-l2a",
        "STYLES": "ndvi",
        "CRS": "EPSG:3857",
        "FORMAT": "image/png",
        "TIME": "2023-03-05",
    }
    return np.asarray(Image.open(BytesIO(world.wms(**{**asked, **more}).body)).convert("RGB")).astype(int)


def test_qgis_draws_it_from_a_bare_address_from_the_capabilities_and_as_xyz(
    server: str, world: World, tmp_path: Path
) -> None:
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
    run = subprocess.run(
        [python, str(HERE / "wmts_session.py"), server, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=180,
        check=False,
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    assert lines, f"QGIS said:\n{run.stdout[-1500:]}\n{run.stderr[-1500:]}"
    found = json.loads(lines[-1])
    expected = drawn(world, BBOX="55300,5498200,57900,5499900", WIDTH=200, HEIGHT=130)
    for name in ("bare", "capabilities", "xyz"):
        assert found[name]["valid"], (name, run.stderr[-800:])
        assert found[name]["errors"] == []
        picture = np.asarray(Image.open(found[name]["path"]).convert("RGB")).astype(int)
        assert (picture < 250).any(axis=2).mean() > 0.2
        assert np.abs(picture - expected).mean() < 12, (
            "the tiles are resampled by QGIS, the places are the same"
        )


def test_gdal_draws_a_dated_map_of_tiles(server: str, world: World, tmp_path: Path) -> None:
    if not shutil.which("gdal_translate", path="/usr/bin"):
        pytest.skip("gdal_translate is not installed (Debian: gdal-bin)")
    source = f"WMTS:{server}/wmts/1.0.0/WMTSCapabilities.xml,layer=sentinel2-l2a,tilematrixset=WebMercatorQuad,tilematrix=16,style=ndvi"
    out = tmp_path / "out.tif"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command = [
        "/usr/bin/gdal_translate",
        "-q",
        "-projwin",
        "55400",
        "5499800",
        "57800",
        "5498300",
        source,
        str(out),
    ]
    subprocess.run(command, env=environment, check=True, timeout=120, cwd=tmp_path)
    import rasterio

    with rasterio.open(out) as opened:
        picture, box = opened.read(), opened.bounds
    expected = drawn(
        world,
        BBOX=f"{box.left},{box.bottom},{box.right},{box.top}",
        WIDTH=picture.shape[2],
        HEIGHT=picture.shape[1],
        TIME="2023-04-04",
        TRANSPARENT="TRUE",
    )
    seen = picture[3] == 255
    assert seen.mean() > 0.1
    assert np.abs(np.moveaxis(picture[:3], 0, 2).astype(int) - expected)[seen].mean() < 1.0


def test_owslib_reads_capabilities_and_a_tile(server: str) -> None:
    service = WebMapTileService(f"{server}/wmts")
    layer = service["sentinel2-l2a"]
    assert set(layer.tilematrixsetlinks) == {"WebMercatorQuad", "WorldCRS84Quad", "LAMB93"}
    limits = layer.tilematrixsetlinks["WebMercatorQuad"].tilematrixlimits["14"]
    tile = service.gettile(
        layer="sentinel2-l2a",
        tilematrixset="WebMercatorQuad",
        tilematrix="14",
        row=limits.mintilerow,
        column=limits.mintilecol,
        format="image/png",
        style="ndvi",
        Time="2023-03-05",
    )
    assert Image.open(BytesIO(tile.read())).size == (256, 256)
