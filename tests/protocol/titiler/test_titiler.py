# SPDX-License-Identifier: Apache-2.0
"""titiler's REST tiles over the catalogue: pixels of the WMS, values of the files, and nothing that a client writes reaches GDAL or PROJ."""

import math
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use .@. matmul"),
    pytest.mark.filterwarnings("ignore:Invalid type"),
    pytest.mark.filterwarnings("ignore:invalid value"),
]
L2A = "sentinel2-l2a"
HOME = f"/titiler/collections/{L2A}"
LEVEL, LONGITUDE, LATITUDE = 14, 0.509, 44.217
COLUMN = math.floor((LONGITUDE + 180) / 360 * 2**LEVEL)
ROW = math.floor((1 - math.asinh(math.tan(math.radians(LATITUDE))) / math.pi) / 2 * 2**LEVEL)
AROUND = 20_037_508.342789244
DAY = "2023-03-15"


def get(world: World, path: str, **parameters: Any) -> Any:
    answer = world.client.get(f"{HOME}{path}", params=parameters)
    assert answer.status_code == 200, answer.text[:500]
    return answer


def picture(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(int)


def values(body: bytes) -> np.ndarray:
    with MemoryFile(body) as memory, memory.open() as opened:
        return opened.read(masked=True)


def wms(world: World, **parameters: Any) -> bytes:
    base = {
        "service": "WMS",
        "version": "1.3.0",
        "request": "GetMap",
        "layers": L2A,
        "styles": "",
        "format": "image/png",
        "transparent": "true",
    }
    return world.client.get("/wms", params={**base, **parameters}).content


@pytest.mark.parametrize("style", ["", "ndvi", "infrared"])
def test_a_tile_has_the_pixels_of_the_wms(world: World, style: str) -> None:
    side = 2 * AROUND / 2**LEVEL
    west, north = -AROUND + COLUMN * side, AROUND - ROW * side
    tile = get(world, f"/tiles/WebMercatorQuad/{LEVEL}/{COLUMN}/{ROW}.png", style=style, datetime=DAY)
    assert tile.headers["content-type"] == "image/png"
    expected = picture(
        wms(
            world,
            styles=style,
            crs="EPSG:3857",
            width=256,
            height=256,
            bbox=f"{west},{north - side},{west + side},{north}",
            time=DAY,
        )
    )
    found = picture(tile.content)
    np.testing.assert_array_equal(found[..., 3] > 0, expected[..., 3] > 0)
    np.testing.assert_array_equal(found[expected[..., 3] > 0], expected[expected[..., 3] > 0])
    assert (expected[..., 3] > 0).mean() > 0.3


def test_bands_and_expressions_have_the_values_of_the_files(world: World) -> None:
    point = get(world, f"/point/{LONGITUDE},{LATITUDE}", bands="B4,B8", datetime=DAY).json()
    edr = world.client.get(
        f"/ogcapi/collections/{L2A}/position",
        params={"coords": f"POINT({LONGITUDE} {LATITUDE})", "parameter-name": "B4,B8", "datetime": DAY},
    ).json()
    red, infrared = (edr["ranges"][name]["values"][0] for name in ("B4", "B8"))
    assert point["values"] == pytest.approx([red, infrared], abs=1e-6)
    assert point["band_names"] == ["B4", "B8"]
    index = get(world, f"/point/{LONGITUDE},{LATITUDE}", expression="(B8-B4)/(B8+B4)", datetime=DAY).json()
    assert index["values"] == pytest.approx([(infrared - red) / (infrared + red)], abs=1e-5)
    tile = values(
        get(world, f"/tiles/WebMercatorQuad/{LEVEL}/{COLUMN}/{ROW}.tif", bands="B4", datetime=DAY).content
    )
    assert tile.shape[-2:] == (256, 256)
    assert 0 < float(np.ma.median(tile[0])) < 1
    scaled = picture(
        get(
            world,
            f"/tiles/WebMercatorQuad/{LEVEL}/{COLUMN}/{ROW}.png",
            bands="B4,B3,B2",
            rescale="0,0.3",
            datetime=DAY,
        ).content
    )
    assert len(np.unique(scaled[..., 0])) > 20
    coloured = picture(
        get(
            world,
            f"/tiles/WebMercatorQuad/{LEVEL}/{COLUMN}/{ROW}.png",
            expression="(B8-B4)/(B8+B4)",
            rescale="-1,1",
            colormap_name="rdylgn",
            datetime=DAY,
        ).content
    )
    assert len(np.unique(coloured.reshape(-1, 4), axis=0)) > 20


def test_previews_crops_polygons_and_statistics(world: World) -> None:
    preview = picture(get(world, "/preview.png", max_size=120, datetime=DAY).content)
    assert max(preview.shape[:2]) == 120
    crop = picture(get(world, "/bbox/0.50,44.21,0.51,44.22/64x48.png", datetime=DAY).content)
    assert crop.shape[:2] == (48, 64)
    expected = picture(wms(world, crs="CRS:84", width=64, height=48, bbox="0.50,44.21,0.51,44.22", time=DAY))
    np.testing.assert_array_equal(crop[expected[..., 3] > 0], expected[expected[..., 3] > 0])
    triangle = {
        "type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[0.50, 44.21], [0.515, 44.21], [0.50, 44.22], [0.50, 44.21]]]},
    }  # fmt: skip
    answer = world.client.post(f"{HOME}/feature/60x40.png?datetime={DAY}", json=triangle)
    assert answer.status_code == 200, answer.text
    assert 0.3 < (picture(answer.content)[..., 3] > 0).mean() < 0.7
    statistics = get(world, "/statistics", bands="B4", datetime=DAY).json()
    assert 0 < statistics["B4"]["mean"] < 1
    zonal = world.client.post(f"{HOME}/statistics?bands=B4&datetime={DAY}", json=triangle).json()
    assert 0 < zonal["properties"]["statistics"]["B4"]["count"] < statistics["B4"]["count"]


def test_tilejson_and_info_carry_the_public_address(world: World) -> None:
    document = get(world, "/WebMercatorQuad/tilejson.json", style="ndvi", datetime=DAY).json()
    (template,) = document["tiles"]
    assert template.startswith(f"http://maps.example{HOME}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}")
    assert "style=ndvi" in template
    address = (
        template.replace("{z}", str(LEVEL))
        .replace("{x}", str(COLUMN))
        .replace("{y}", str(ROW))
        .removeprefix("http://maps.example")
    )
    assert world.client.get(address).status_code == 200
    spoofed = world.client.get(
        f"{HOME}/WebMercatorQuad/tilejson.json", headers={"Host": "evil.example"}
    ).json()
    assert "evil" not in str(spoofed)
    info = get(world, "/info").json()
    assert dict(map(tuple, info["band_descriptions"]))["B4"]
    assert document["bounds"] == pytest.approx(info["bounds"])
    assert 12 <= document["maxzoom"] <= 15


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tiles/WebMercatorQuad/14/0/0.png", 404), ("/tiles/WebMercatorQuad/99/0/0.png", 400), ("/tiles/Nothing/1/0/0.png", 422), ("/preview.png?bands=B99", 400),
        ("/preview.png?expression=B99", 400), ("/preview.png?expression=__import__('os')", 400), ("/preview.png?expression=(", 400), ("/preview.png?expression=5", 400),
        ("/preview.png?style=colour", 400), ("/preview.png?datetime=now", 400), ("/preview.png?width=100000&height=100000", 400), ("/preview.png?width=0&height=5", 400),
        ("/preview.png?max_size=0", 400), ("/preview.png?dst_crs=EPSG:99999", 400), ("/preview.png?dst_crs=http://127.0.0.1/x", 400),
        ("/preview.png?dst_crs=%2Bproj%3Dpipeline", 400), ("/point/0.5,44.2?coord_crs=file:///etc/passwd", 400), ("/bbox/5,5,0,0.png", 400),
        (f"/tiles/WebMercatorQuad/{LEVEL}/{COLUMN}/{ROW}.png?tilesize=100000", 400), ("/preview.png?expression=B4**9**9**9**9", 400), ("/preview.png?expression=B4**(9**9)", 400),
        ("/preview.png?expression=((((9**9)**9)**9)**9)*B4", 400), ("/preview.png?expression=B4**2%2BB8**0.5", 200), ("/preview.png?expression=B4**99999", 400),
        ("/preview.png?bands=B4&expression=B4*9**9**9", 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_reaches_nobody(world: World, path: str, status: int) -> None:
    answer = world.client.get(f"{HOME}{path}")
    assert answer.status_code in (status, 400), answer.text[:300]
    assert answer.status_code < 500


def test_rights_hold_and_no_page_of_others_is_there(world: World, tmp_path: Any) -> None:
    assert world.client.get("/titiler/collections/nothing/info").status_code == 404
    for path in ("/map.html", "/WebMercatorQuad/map.html"):
        assert world.client.get(f"{HOME}{path}").status_code == 404
    assert world.client.get("/titiler/docs").status_code == 404
    api = world.client.get("/titiler/api").json()
    assert not any(
        one.get("name") == "url"
        for item in api["paths"].values()
        for operation in item.values()
        for one in operation.get("parameters", ())
    )
    secret = world.services.catalog.keys.create(KeyRequest("kim", Role.USER, (), "test"), OPERATOR)[1]
    assert world.client.get(f"{HOME}/info", headers={"X-API-Key": secret}).status_code == 200
    assert world.client.get(f"{HOME}/info", headers={"X-API-Key": "wrong"}).status_code == 401
