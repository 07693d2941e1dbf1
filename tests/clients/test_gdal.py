# SPDX-License-Identifier: Apache-2.0
"""GDAL's command line (Debian's, not our wheel) draws a dated map through its WMS driver."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import World
from wms_probe import get_map, pixels

pytestmark = pytest.mark.client


@pytest.fixture
def tool() -> str:
    found = shutil.which("gdal_translate", path="/usr/bin:/usr/local/bin")
    if not found:
        pytest.skip("gdal_translate is not installed (Debian: gdal-bin)")
    return found


def run(*command: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "GDAL_HTTP_TIMEOUT": "30", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, timeout=60
    ).stdout


def test_gdalinfo_lists_the_layers(server: str, tool: str) -> None:
    listed = run("/usr/bin/gdalinfo", f"WMS:{server}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities")
    assert "sentinel2-l2a" in listed
    assert "SRS=EPSG:3857" in listed or "CRS=EPSG:3857" in listed


@pytest.mark.parametrize(("version", "axis"), [("1.3.0", "CRS"), ("1.1.1", "SRS")])
def test_a_dated_map_is_the_one_that_we_draw(
    server: str, tool: str, world: World, tmp_path: Path, version: str, axis: str
) -> None:
    service = f"""<GDAL_WMS><Service name="WMS"><Version>{version}</Version><ServerUrl>{server}/wms?TIME=2023-03-05&amp;STYLES=ndvi</ServerUrl>
      <{axis}>EPSG:4326</{axis}><ImageFormat>image/png</ImageFormat><Layers>sentinel2-l2a</Layers><Transparent>TRUE</Transparent></Service>
      <DataWindow><UpperLeftX>0.4965</UpperLeftX><UpperLeftY>44.2275</UpperLeftY><LowerRightX>0.5205</LowerRightX><LowerRightY>44.2165</LowerRightY>
      <SizeX>64</SizeX><SizeY>64</SizeY></DataWindow><Projection>EPSG:4326</Projection><BandsCount>4</BandsCount>
      <BlockSizeX>64</BlockSizeX><BlockSizeY>64</BlockSizeY></GDAL_WMS>"""
    service = service.replace(
        "</Service>", f"<BBoxOrder>{'yxYX' if version == '1.3.0' else 'xyXY'}</BBoxOrder></Service>"
    )
    (tmp_path / "s.xml").write_text(service)
    run(tool, "-of", "PNG", str(tmp_path / "s.xml"), str(tmp_path / "o.png"))
    expected = pixels(get_map(world, STYLES="ndvi", TIME="2023-03-05"))
    found = np.asarray(Image.open(tmp_path / "o.png").convert("RGBA"))
    assert (found == expected).all()
    assert (found[..., 3] > 0).any()


def test_gdallocationinfo_reads_the_value_of_a_known_pixel(
    server: str, tool: str, world: World, tmp_path: Path
) -> None:
    """The land cover of a pixel, as the colour of its class."""
    service = f"""<GDAL_WMS><Service name="WMS"><Version>1.3.0</Version><ServerUrl>{server}/wms?TIME=2022-01-01</ServerUrl><CRS>EPSG:4326</CRS>
      <ImageFormat>image/png</ImageFormat><Layers>oso-23</Layers><BBoxOrder>yxYX</BBoxOrder></Service><DataWindow><UpperLeftX>0.5</UpperLeftX><UpperLeftY>44.226</UpperLeftY>
      <LowerRightX>0.51</LowerRightX><LowerRightY>44.216</LowerRightY><SizeX>64</SizeX><SizeY>64</SizeY></DataWindow><Projection>EPSG:4326</Projection>
      <BandsCount>3</BandsCount><BlockSizeX>64</BlockSizeX><BlockSizeY>64</BlockSizeY></GDAL_WMS>"""
    (tmp_path / "s.xml").write_text(service)
    values = run("/usr/bin/gdallocationinfo", "-valonly", str(tmp_path / "s.xml"), "20", "30").split()
    info = world.wms(
        VERSION="1.3.0", REQUEST="GetFeatureInfo", LAYERS="oso-23", QUERY_LAYERS="oso-23", CRS="EPSG:4326", BBOX="44.216,0.5,44.226,0.51", WIDTH=64, HEIGHT=64, I=20, J=30,
        INFO_FORMAT="application/json", TIME="2022-01-01",
    )  # fmt: skip
    import json

    name = json.loads(info.body)["features"][0]["properties"]["CLASS"]
    kind = world.services.catalog.registry.types["oso-23"]
    colour = next(one.colour for one in kind.bands["CLASS"].classes if one.title.en == name)
    assert "#{:02X}{:02X}{:02X}".format(*map(int, values)) == colour
