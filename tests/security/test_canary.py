# SPDX-License-Identifier: Apache-2.0
"""No text of a client makes the server open a connection or a file: a loopback listener must hear nothing, a secret file must not appear."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import World
from wms_probe import get_map

from portal.structured import data_block


class Canary:
    """Listens on loopback and counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.heard += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    found = Canary()
    yield found
    found.close()


@pytest.mark.parametrize(
    "name",
    [
        "LAYERS",
        "STYLES",
        "CRS",
        "FORMAT",
        "TIME",
        "BBOX",
        "SLD",
        "SLD_BODY",
        "REMOTE_OWS_URL",
        "QUERY_LAYERS",
        "LAYER",
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:{port}/x",
        "/vsicurl/http://127.0.0.1:{port}/x.tif",
        "WMS:http://127.0.0.1:{port}/",
        "ESRI::http://127.0.0.1:{port}/",
        "<VRTDataset rasterXSize='1' rasterYSize='1'><VRTRasterBand><SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:{port}/</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
    ],
)
def test_no_parameter_makes_a_request(world: World, canary: Canary, name: str, form: str) -> None:
    get_map(world, **{name: form.format(port=canary.port)})
    assert canary.heard == 0


def test_no_parameter_reads_a_file(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tif"
    secret.write_text("hunter2-hunter2")
    for name in ("LAYERS", "STYLES", "CRS", "FORMAT", "TIME", "SLD"):
        for text in (str(secret), f"file://{secret}", f"/vsizip/{secret}", f"../../../..{secret}"):
            answer = get_map(world, **{name: text})
            assert b"hunter2" not in answer.body
            assert answer.status == 200


def test_gdal_has_no_driver_that_reaches_out() -> None:
    import os

    import rasterio
    from rasterio.errors import RasterioIOError

    assert os.environ["GDAL_SKIP"].split()[0] == "VRT"
    with pytest.raises(RasterioIOError):
        rasterio.open("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")


def test_a_page_holds_no_other_origin(world: World) -> None:
    for path in (
        "/collections/sentinel2-l2a",
        "/collections/nothing%3Cscript%3E",
        "/products/nothing%3Cscript%3E",
    ):
        answer = world.client.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.text.count("<script") == answer.text.count('<script type="application/ld+json">')
        assert not re.findall(r'(?:src|href)="(?:[a-z]+:)?//', answer.text)


def test_a_data_block_cannot_be_left() -> None:
    """JSON-LD in a page, whose texts end no script element and begin none."""
    block = data_block({"name": "</script><script>alert(1)</script><!--"})
    assert block.count("<") == 2
    assert json.loads(block.partition(">")[2].rpartition("<")[0])["name"].startswith("</script>")
