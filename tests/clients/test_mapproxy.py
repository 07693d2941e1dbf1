# SPDX-License-Identifier: Apache-2.0
"""A stock MapProxy with the exported configuration, before a running server: every layer and style, at its dates, with our pixels."""

import math
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from lxml import etree
from PIL import Image
from support import World

pytestmark = pytest.mark.client
WMTS = {"wmts": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
LEVEL, LONGITUDE, LATITUDE = 13, 0.509, 44.217
AROUND = 20_037_508.342789244


@dataclass
class Proxy:
    address: str
    configuration: dict[str, Any]
    server: str
    folder: Path


@pytest.fixture(scope="module")
def proxy(server: str, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("mapproxy")
    target = folder / "mapproxy.yaml"
    command = [sys.executable, "-m", "hysope", "export", "mapproxy", str(target), "--url", server]
    command += ["--data", str(world.settings.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "strict_time" in done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "mapproxy-util"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [str(program), "serve-develop", "-b", f"127.0.0.1:{port}", str(target)],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Proxy(f"http://127.0.0.1:{port}", yaml.safe_load(target.read_text()), server, folder)
    finally:
        process.terminate()
        process.wait(10)


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read()


def picture(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(int)


def test_every_layer_and_style_is_there_with_its_dates(proxy: Proxy) -> None:
    root = etree.fromstring(fetch(f"{proxy.address}/wmts/1.0.0/WMTSCapabilities.xml"))
    there = {
        one.findtext("ows:Identifier", namespaces=WMTS): one for one in root.iterfind(".//wmts:Layer", WMTS)
    }
    assert set(there) == {one["name"] for one in proxy.configuration["layers"]}
    ours = etree.fromstring(fetch(f"{proxy.server}/wms?service=WMS&request=GetCapabilities&version=1.3.0"))
    expected = set()
    for layer in ours.iter("{*}Layer"):
        name = layer.findtext("{*}Name")
        styles = [one.findtext("{*}Name") for one in layer.findall("{*}Style")]
        if name is not None and layer.find("{*}Layer") is None:
            expected |= {name, *(f"{name}_{style}" for style in styles[1:] if style != "default")}
    assert set(there) <= expected
    assert {"sentinel2-l2a", "sentinel2-l2a_ndvi", "snow-cover", "oso-23", "oso-23.confidence"} <= set(there)
    times = [one.text for one in there["sentinel2-l2a"].iterfind("wmts:Dimension/wmts:Value", WMTS)]
    assert times == [f"2023-{day}T00:00:00Z" for day in ("03-05", "03-15", "04-04")]


def test_a_tile_of_every_layer_is_ours_at_its_date(proxy: Proxy) -> None:
    """The second time it comes from the cache, which keeps dates apart."""
    column = math.floor((LONGITUDE + 180) / 360 * 2**LEVEL)
    row = math.floor((1 - math.asinh(math.tan(math.radians(LATITUDE))) / math.pi) / 2 * 2**LEVEL)
    side = 2 * AROUND / 2**LEVEL
    west, north = -AROUND + column * side, AROUND - row * side
    box = f"{west},{north - side},{west + side},{north}"
    for layer in proxy.configuration["layers"]:
        name = layer["name"]
        source = proxy.configuration["sources"][f"{name}_source"]["req"]
        when = layer["dimensions"]["time"]["values"][:2][-1] if "dimensions" in layer else "default"
        tile = (
            f"{proxy.address}/service?service=WMTS&request=GetTile&version=1.0.0&layer={name}&style=&tilematrixset=webmercator&tilematrix={LEVEL}"
            f"&tilerow={row}&tilecol={column}&format=image/png&time={when}"
        )
        ours = (
            f"{proxy.server}/wms?service=WMS&version=1.3.0&request=GetMap&layers={source['layers']}&styles={source['styles']}&crs=EPSG:3857"
            f"&width=256&height=256&bbox={box}&format=image/png&transparent=true{f'&time={when}' if when != 'default' else ''}"
        )
        expected, found = picture(fetch(ours)), fetch(tile)
        assert (expected[..., 3] > 0).any(), name
        visible = expected[..., 3] > 0
        away = np.abs(picture(found)[visible] - expected[visible])
        assert away.mean() < 0.1, (name, away.mean())
        assert (away == 0).all(axis=1).mean() > 0.98, (
            "a block of four tiles has other nodes: one count here and there"
        )
        assert not picture(found)[..., 3][~visible].any()
        assert fetch(tile) == found
    assert any("time-" in one.as_posix().lower() for one in proxy.folder.rglob("*.png"))


def test_the_wms_of_the_proxy_has_time_and_values(proxy: Proxy) -> None:
    base = (
        f"{proxy.address}/service?service=WMS&version=1.3.0&request={{}}&layers=sentinel2-l2a&styles=&crs=EPSG:3857&width=256&height=256"
        "&bbox=55300,5498200,57900,5500800"
    )
    march, april = (
        fetch(f"{base.format('GetMap')}&format=image/png&time=2023-{day}T00:00:00Z")
        for day in ("03-15", "04-04")
    )
    assert (picture(march) != picture(april)).any()
    info = fetch(
        f"{base.format('GetFeatureInfo')}&query_layers=sentinel2-l2a&i=120&j=180&info_format=text/plain"
    )
    assert b"SENTINEL2A_20230404" in info, "MapProxy forwards no time with it: of the newest date"
