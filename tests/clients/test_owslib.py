# SPDX-License-Identifier: Apache-2.0
"""OWSLib reads the capabilities, draws a dated map, and asks for values."""

import json
from io import BytesIO

import pytest
from PIL import Image

pytestmark = pytest.mark.client
wms = pytest.importorskip("owslib.wms", reason="OWSLib is not installed")


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_draws_a_dated_map_and_reads_a_value(server: str, version: str) -> None:
    service = wms.WebMapService(f"{server}/wms", version=version)
    layer = service["sentinel2-l2a"]
    assert layer.timepositions == ["2023-03-05", "2023-03-15", "2023-04-04"]
    assert layer.defaulttimeposition == "2023-04-04"
    assert layer.boundingBoxWGS84[0] < layer.boundingBoxWGS84[2]
    assert set(layer.styles) >= {"true-colour", "ndvi"}
    asked = {
        "layers": ["sentinel2-l2a"],
        "styles": ["ndvi"],
        "srs": "EPSG:4326",
        "bbox": (0.4965, 44.2165, 0.5205, 44.2275),
        "size": (64, 64),
        "time": "2023-03-05",
    }
    picture = Image.open(BytesIO(service.getmap(format="image/png", transparent=True, **asked).read()))
    assert picture.size == (64, 64)
    assert (
        picture.convert("RGBA").getextrema()[3] == (255, 255)
        or picture.convert("RGBA").getextrema()[3][1] == 255
    )
    info = service.getfeatureinfo(
        query_layers=["sentinel2-l2a"],
        info_format="application/json",
        xy=(32, 32),
        feature_count=1,
        format="image/png",
        **asked,
    )
    (feature,) = json.loads(info.read())["features"]
    assert feature["properties"]["date"] == "2023-03-05"
    assert 0 < feature["properties"]["B8"] < 1


def test_owslib_raises_our_exception(server: str) -> None:
    from owslib.util import ServiceException

    service = wms.WebMapService(f"{server}/wms", version="1.3.0")
    with pytest.raises(ServiceException, match="there is no layer"):
        service.getmap(
            layers=["nothing"], srs="EPSG:4326", bbox=(0, 0, 1, 1), size=(8, 8), format="image/png"
        )
