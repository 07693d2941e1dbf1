# SPDX-License-Identifier: Apache-2.0
"""GetFeatureInfo: values, units, classes, masks, products, series; and legends."""

import json
from io import BytesIO

import pytest
from lxml import etree
from PIL import Image
from support import World
from wms_probe import LAYER, SIZE, get_info

from catalog.model.principal import ANONYMOUS, Deadline
from catalog.raster.files import read_band


def features(world: World, **changes: object) -> list[dict]:
    answer = get_info(world, **changes)
    assert answer.media == "application/json", answer.body[:300]
    found = json.loads(answer.body)
    assert found["type"] == "FeatureCollection"
    return found["features"]


def test_physical_values_names_and_the_product_are_told(world: World) -> None:
    (feature,) = features(world, TIME="2023-03-05")
    values = feature["properties"]
    assert (values["date"], values["product"], values["version"]) == (
        "2023-03-05",
        "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D",
        "2-2",
    )
    assert 0 < values["B4"] < 1
    assert values["CLM"] == "none"
    assert values["licence"] == "Etalab 2.0"
    assert values["page"] == "http://maps.example/collections/sentinel2-l2a"
    assert all(not isinstance(value, dict | list) for value in values.values()), "QGIS lists flat attributes"


def test_the_value_is_that_of_the_pixel(world: World) -> None:
    product = world.services.catalog.product(
        "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D", ANONYMOUS, Deadline.after(9)
    )
    for band, pixel in (("B4", 10.0), ("B11", 20.0)):
        asset = product.asset_of(band)
        assert asset and asset.grid and asset.grid.pixel_width == pixel
        counts = read_band(world.services.catalog.archive / asset.path, 1)
        for row, column in ((0, 0), (13, 57), (99, 99)):
            x, y = asset.grid.west + (column + 0.5) * pixel, asset.grid.north - (row + 0.5) * pixel
            (feature,) = features(
                world,
                CRS="EPSG:32631",
                BBOX=f"{x - 1},{y - 1},{x + 1},{y + 1}",
                TIME="2023-03-05",
                I=SIZE // 2,
                J=SIZE // 2,
            )
            assert feature["properties"][band] == pytest.approx(int(counts[row, column]) * 0.0001)


def test_a_class_has_its_name_in_both_languages(world: World) -> None:
    area = {"LAYERS": "oso-23", "QUERY_LAYERS": "oso-23"}
    english, french = (
        features(world, **area)[0]["properties"],
        features(world, LANGUAGE="fr", **area)[0]["properties"],
    )
    assert english["CLASS_value"] == french["CLASS_value"]
    assert english["CLASS"] != french["CLASS"]
    names = {one.title.fr for one in world.services.catalog.registry.types["oso-23"].bands["CLASS"].classes}
    assert french["CLASS"] in names
    assert 0 < english["CONFIDENCE (%)"] <= 100


def test_feature_count_bounds_the_series_of_a_period(world: World) -> None:
    period = {"TIME": "2023-01-01/2023-12-31"}
    assert len(features(world, **period)) == 1
    days = [feature["properties"]["date"] for feature in features(world, FEATURE_COUNT=10, **period)]
    assert days == sorted(days, reverse=True)
    assert {"2023-03-05", "2023-03-15"} <= set(days)
    assert len(features(world, FEATURE_COUNT=2, **period)) == 2


def test_a_period_gives_the_pixels_series_of_what_the_style_shows(world: World) -> None:
    answer = get_info(world, TIME="2023-01-01/2023-12-31", STYLES="ndvi")
    (series,) = json.loads(answer.body)["series"]
    assert (series["layer"], series["style"]) == (LAYER, "Vegetation index (NDVI)")
    days = [point["time"][:10] for point in series["values"]]
    assert days == sorted(days)
    assert {"2023-03-05", "2023-03-15"} <= set(days)
    for point in series["values"]:
        (feature,) = features(world, TIME=point["time"][:10])
        near, red = feature["properties"]["B8"], feature["properties"]["B4"]
        assert point["value"] == pytest.approx((near - red) / (near + red), abs=1e-5)
        assert point["clear"] is (feature["properties"]["CLM_value"] & 1 == 0)
    assert "series" not in json.loads(get_info(world, TIME="2023-03-05").body)
    period = {"TIME": "2023-01-01/2023-12-31", "STYLES": "ndvi"}
    assert b"2023-03-05 = 0." in get_info(world, INFO_FORMAT="text/plain", **period).body
    assert b"<th>2023-03-05</th><td>0." in get_info(world, INFO_FORMAT="text/html", **period).body


def test_info_honours_time_with_the_matching_of_the_map(world: World) -> None:
    for time in ("2023-03-05T00:00:00Z", "2023-03-05/2023-03-05", "2023-03-05T00:00:00.000Z"):
        assert features(world, TIME=time)[0]["properties"]["date"] == "2023-03-05"
    assert features(world, TIME="2023-03-06") == []


def test_a_click_without_data_is_a_valid_answer(world: World) -> None:
    for form in ("application/json", "text/plain", "text/html", "application/vnd.ogc.gml"):
        answer = get_info(world, BBOX="10,10,11,11", INFO_FORMAT=form)
        assert (answer.status, answer.media) == (200, form)


def test_two_layers_one_feature_each_and_fewer_queried_than_drawn(world: World) -> None:
    drawn = {"LAYERS": f"{LAYER},oso-23", "STYLES": ","}
    assert [f["properties"]["layer"] for f in features(world, QUERY_LAYERS=f"{LAYER},oso-23", **drawn)] == [
        LAYER,
        "oso-23",
    ]
    assert [f["properties"]["layer"] for f in features(world, QUERY_LAYERS="oso-23", **drawn)] == ["oso-23"]


@pytest.mark.parametrize(
    ("form", "mark"),
    [
        ("text/plain", b"B4 = 0."),
        ("text/html", b"<th>B4</th><td>0."),
        ("application/vnd.ogc.gml", b"<hy:B4>0."),
        ("text/xml", b"<hy:B4>0."),
    ],
)
def test_each_format_tells_the_same(world: World, form: str, mark: bytes) -> None:
    answer = get_info(world, INFO_FORMAT=form)
    assert mark in answer.body
    if "html" not in form and "plain" not in form:
        etree.fromstring(answer.body)


def test_1_1_1_takes_x_and_y(world: World) -> None:
    old = {
        "VERSION": "1.1.1",
        "CRS": None,
        "SRS": "EPSG:4326",
        "BBOX": "0.4965,44.2165,0.5205,44.2275",
        "I": None,
        "J": None,
    }
    assert features(world, X=SIZE // 2, Y=SIZE // 2, **old) == features(world)


@pytest.mark.parametrize(
    ("layer", "style"),
    [
        ("oso-23", "land-cover"),
        ("oso-17", ""),
        (LAYER, "ndvi"),
        (LAYER, "true-colour"),
        ("snow-fsc", ""),
        (f"{LAYER}.clouds", "clouds"),
    ],
)
def test_a_legend_is_compact_in_both_languages(world: World, layer: str, style: str) -> None:
    query = f"SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&SLD_VERSION=1.1.0&FORMAT=image/png&LAYER={layer}&STYLE={style}"
    english, french = world.wms(query), world.wms(f"{query}&LANGUAGE=fr")
    for answer in (english, french):
        image = Image.open(BytesIO(answer.body))
        assert image.width < 600
        assert image.height < 600
    if style != "ndvi":
        assert english.body != french.body
