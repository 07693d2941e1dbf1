# SPDX-License-Identifier: Apache-2.0
"""OGC API Maps and Tiles as real clients use them: GDAL (OGCAPI driver, and the tiles as XYZ), OWSLib."""

import subprocess
import urllib.request
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from owslib.ogcapi.maps import Maps
from PIL import Image

pytestmark = pytest.mark.client
ID = "sentinel2-l2a"
BOX = (0.50, 44.205, 0.52, 44.225)


def gdal(home: Path, *arguments: str) -> None:
    tool = Path("/usr/bin/gdal_translate")
    if not tool.exists():
        pytest.skip("gdal_translate is not installed (Debian: gdal-bin)")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    command = [str(tool), "-q", *arguments]
    run = subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr


def wms(server: str, crs: str, box: tuple[float, ...], width: int, height: int) -> np.ndarray:
    """The same map by the other door."""
    address = (
        f"{server}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={ID}&STYLES=&CRS={crs}&BBOX={','.join(map(str, box))}&WIDTH={width}&HEIGHT={height}"
        "&FORMAT=image/png&TRANSPARENT=TRUE"
    )
    with urllib.request.urlopen(address) as answer:
        return np.asarray(Image.open(BytesIO(answer.read())).convert("RGBA")).astype(int)


def test_gdal_reads_a_map(server: str, tmp_path: Path) -> None:
    """GDAL takes a map to be in CRS84 where it asked for no CRS; it reads a map in blocks, so a seam would show here."""
    out = tmp_path / "map.tif"
    west, south, east, north = BOX
    window = [
        "-projwin",
        str(west),
        str(north),
        str(east),
        str(south),
        "-outsize",
        "300",
        "300",
        "-r",
        "near",
    ]
    gdal(tmp_path, *window, f"OGCAPI:{server}/ogcapi/collections/{ID}", "-oo", "API=MAP", str(out))
    with rasterio.open(out) as opened:
        assert opened.crs.to_epsg() == 4326
        read = np.moveaxis(opened.read(), 0, -1).astype(int)
        bounds = opened.bounds
    same = wms(server, "CRS:84", tuple(bounds), 300, 300)
    both = (read[..., 3] > 0) & (same[..., 3] > 0)
    assert both.mean() > 0.5
    assert np.median(np.abs(read[both][:, :3] - same[both][:, :3])) <= 6, (
        "GDAL reads at a finer level and thins it out"
    )
    assert (read[..., 3] > 0).sum() == pytest.approx((same[..., 3] > 0).sum(), rel=0.02)


def test_gdal_reads_the_tiles_as_xyz(server: str, tmp_path: Path) -> None:
    template = f"{server}/ogcapi/collections/{ID}/map/tiles/WebMercatorQuad/${{z}}/${{y}}/${{x}}?f=png"
    description = tmp_path / "tiles.xml"
    half = 20037508.342789244
    description.write_text(
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{template}</ServerUrl></Service><DataWindow><UpperLeftX>{-half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY>'
        f"<LowerRightX>{half}</LowerRightX><LowerRightY>{-half}</LowerRightY><TileLevel>14</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>"
        "<YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount>"
        "<ZeroBlockHttpCodes>404</ZeroBlockHttpCodes></GDAL_WMS>"
    )
    out = tmp_path / "tiles.tif"
    gdal(tmp_path, "-projwin", "55700", "5500300", "57800", "5498300", str(description), str(out))
    with rasterio.open(out) as opened:
        read = np.moveaxis(opened.read(), 0, -1).astype(int)
        bounds = opened.bounds
    same = wms(server, "EPSG:3857", tuple(bounds), read.shape[1], read.shape[0])
    assert (same[..., 3] > 0).mean() > 0.5
    assert np.array_equal(read[..., 3] > 0, same[..., 3] > 0)
    assert np.abs(read - same).max() <= 1


def test_owslib_reads_a_map(server: str) -> None:
    maps = Maps(f"{server}/ogcapi")
    assert ID in maps.maps()
    body = maps.map(
        ID, bbox=list(BOX), bbox_crs="[OGC:CRS84]", crs="[OGC:CRS84]", width=200, height=200, transparent=True
    ).getvalue()
    read = np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(int)
    assert np.array_equal(read, wms(server, "CRS:84", BOX, 200, 200))
