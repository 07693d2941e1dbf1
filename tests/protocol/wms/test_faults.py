# SPDX-License-Identifier: Apache-2.0
"""Bad input: that version's ServiceException, with the right code, in every position; never a 5xx."""

import time

import pytest
from lxml import etree
from support import World, schema
from wms_probe import LAYER, SIZE, code, get_info, get_map, pixels

NASTY = [
    "",
    "nan",
    "inf",
    "-1",
    "0",
    "1e9",
    "1_000",
    "٢٥٦",
    "99999999999999999999",
    "'",
    "<script>",
    "\x00",
    "../../etc/passwd",
    "http://127.0.0.1:9/",
]

MAP_FAULTS = [
    ({"VERSION": None}, "MissingParameterValue"),
    ({"VERSION": "9.9.9"}, "InvalidParameterValue"),
    ({"LAYERS": None}, "MissingParameterValue"),
    ({"LAYERS": ""}, "MissingParameterValue"),
    ({"LAYERS": "x"}, "LayerNotDefined"),
    ({"LAYERS": f"{LAYER},x"}, "LayerNotDefined"),
    ({"LAYERS": f"x,{LAYER}"}, "LayerNotDefined"),
    ({"LAYERS": f"{LAYER},,{LAYER}"}, "LayerNotDefined"),
    ({"LAYERS": "/etc/passwd"}, "LayerNotDefined"),
    ({"LAYERS": ",".join([LAYER] * 21)}, "InvalidParameterValue"),
    ({"STYLES": "x"}, "StyleNotDefined"),
    ({"LAYERS": f"{LAYER},{LAYER}", "STYLES": "ndvi,x"}, "StyleNotDefined"),
    ({"LAYERS": f"{LAYER},{LAYER}", "STYLES": "x,"}, "StyleNotDefined"),
    ({"STYLES": "ndvi,ndvi"}, "StyleNotDefined"),
    ({"STYLES": "land-cover"}, "StyleNotDefined"),
    ({"CRS": None}, "MissingParameterValue"),
    ({"CRS": "EPSG:99999"}, "InvalidCRS"),
    ({"CRS": "EPSG:27572"}, "InvalidCRS"),
    ({"CRS": "http://127.0.0.1:9/x"}, "InvalidCRS"),
    ({"CRS": "AUTO2:42001,1,nan,0"}, "InvalidCRS"),
    ({"BBOX": None}, "MissingParameterValue"),
    ({"BBOX": "1,2,3"}, "InvalidParameterValue"),
    ({"BBOX": "1,2,3,4,5"}, "InvalidParameterValue"),
    ({"BBOX": "3,2,1,4"}, "InvalidParameterValue"),
    ({"BBOX": "1,4,3,2"}, "InvalidParameterValue"),
    ({"BBOX": "1,2,1,4"}, "InvalidParameterValue"),
    ({"BBOX": "nan,2,3,4"}, "InvalidParameterValue"),
    ({"BBOX": "1,2,1e400,4"}, "InvalidParameterValue"),
    ({"WIDTH": None}, "MissingParameterValue"),
    ({"WIDTH": "0"}, "InvalidParameterValue"),
    ({"WIDTH": "-5"}, "InvalidParameterValue"),
    ({"WIDTH": "4097"}, "InvalidParameterValue"),
    ({"WIDTH": "64.5"}, "InvalidParameterValue"),
    ({"HEIGHT": "100000"}, "InvalidParameterValue"),
    ({"WIDTH": "1_0"}, "InvalidParameterValue"),
    ({"FORMAT": None}, "MissingParameterValue"),
    ({"FORMAT": "image/bmp"}, "InvalidFormat"),
    ({"FORMAT": "text/html"}, "InvalidFormat"),
    ({"TRANSPARENT": "maybe"}, "InvalidParameterValue"),
    ({"BGCOLOR": "red"}, "InvalidParameterValue"),
    ({"BGCOLOR": "0xGGGGGG"}, "InvalidParameterValue"),
    ({"TIME": "yesterday"}, "InvalidDimensionValue"),
    ({"TIME": "2023-13-01"}, "InvalidDimensionValue"),
    ({"TIME": "2023-03-05/2023-03-01"}, "InvalidDimensionValue"),
    ({"TIME": "2023-03-05/2023-03-15/P0D"}, "InvalidDimensionValue"),
    ({"TIME": "0001-01-01/9999-12-31/PT1S"}, "InvalidDimensionValue"),
    ({"TIME": "2023-03-05/2023-03-15/P1D/x"}, "InvalidDimensionValue"),
    ({"TIME": "../../x"}, "InvalidDimensionValue"),
    ({"PRIORITY": "mine"}, "InvalidParameterValue"),
    ({"MAXCC": "101"}, "InvalidParameterValue"),
    ({"SERVICE": "WFS"}, "InvalidParameterValue"),
    ({"REQUEST": None}, "MissingParameterValue"),
    ({"REQUEST": "GetBogus"}, "OperationNotSupported"),
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    MAP_FAULTS,
    ids=[f"{next(iter(c))}={str(next(iter(c.values())))[:30]}" for c, _ in MAP_FAULTS],
)
def test_getmap_faults(world: World, changes: dict[str, str | None], expected: str) -> None:
    start = time.monotonic()
    answer = get_map(world, **changes)
    assert time.monotonic() - start < 1.0
    assert (answer.status, answer.media) == (200, "text/xml")
    assert code(answer) == expected


def test_the_codes_of_1_1_1(world: World) -> None:
    old = {"VERSION": "1.1.1", "CRS": None}
    assert code(get_map(world, SRS="EPSG:99999", **old)) == "InvalidSRS"
    assert code(get_map(world, SRS="CRS:84", LAYERS="x", **old)) == "LayerNotDefined"
    answer = get_map(world, **old)
    assert (code(answer), answer.media) == ("MissingParameterValue", "application/vnd.ogc.se_xml")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"I": str(SIZE)}, "InvalidPoint"),
        ({"J": "-1"}, "InvalidPoint"),
        ({"I": "1.5"}, "InvalidPoint"),
        ({"J": "abc"}, "InvalidPoint"),
        ({"I": None}, "MissingParameterValue"),
        ({"INFO_FORMAT": "text/csv"}, "InvalidFormat"),
        ({"INFO_FORMAT": None}, "MissingParameterValue"),
        ({"QUERY_LAYERS": None}, "MissingParameterValue"),
        ({"QUERY_LAYERS": "x"}, "LayerNotDefined"),
        ({"QUERY_LAYERS": "oso-23"}, "LayerNotDefined"),
        ({"LAYERS": "x"}, "LayerNotDefined"),
        ({"FEATURE_COUNT": "0"}, "InvalidParameterValue"),
        ({"FEATURE_COUNT": "many"}, "InvalidParameterValue"),
        ({"VERSION": None}, "MissingParameterValue"),
    ],
)
def test_getfeatureinfo_faults(world: World, changes: dict[str, str | None], expected: str) -> None:
    assert code(get_info(world, **changes)) == expected


@pytest.mark.parametrize(
    "query",
    [
        "REQUEST=GetLegendGraphic",
        "REQUEST=GetLegendGraphic&LAYER=x",
        "REQUEST=GetLegendGraphic&LAYER=oso-23&STYLE=x",
    ],
)
def test_legend_faults(world: World, query: str) -> None:
    assert code(world.wms(query)) in ("MissingParameterValue", "LayerNotDefined", "StyleNotDefined")


def test_reports_are_valid_against_their_schema(world: World) -> None:
    found = schema("http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd")
    for answer in (
        get_map(world, LAYERS="<&>\u0001"),
        world.wms(""),
        get_info(world, I="x"),
        get_map(world, SERVICE=None, VERSION=None),
    ):
        root = etree.fromstring(answer.body)
        assert found.validate(root), found.error_log


@pytest.mark.parametrize(
    "name",
    [
        "LAYERS",
        "STYLES",
        "CRS",
        "BBOX",
        "WIDTH",
        "HEIGHT",
        "FORMAT",
        "TIME",
        "TRANSPARENT",
        "BGCOLOR",
        "EXCEPTIONS",
        "VERSION",
        "LANGUAGE",
        "PRIORITY",
        "MAXCC",
    ],
)
@pytest.mark.parametrize("value", NASTY)
def test_no_value_of_any_parameter_breaks_the_server(world: World, name: str, value: str) -> None:
    answer = get_map(world, **{name: value})
    assert answer.status == 200
    assert answer.media in ("text/xml", "image/png", "application/vnd.ogc.se_xml", "image/tiff", "image/jpeg")
    assert b"passwd:" not in answer.body


def test_an_exception_in_the_image_or_blank_has_its_size_format_and_background(world: World) -> None:
    for form, media in (("image/png", "image/png"), ("image/jpeg", "image/jpeg")):
        for kind in ("INIMAGE", "BLANK"):
            answer = get_map(
                world,
                STYLES="x",
                EXCEPTIONS=kind,
                FORMAT=form,
                WIDTH=120,
                HEIGHT=80,
                TRANSPARENT="FALSE",
                BGCOLOR="0xFF0000",
            )
            assert answer.media == media
            assert pixels(answer).shape == (80, 120, 4)
            assert pixels(answer)[79, 119, 0] > 240
            assert pixels(answer)[79, 119, 1] < 15
    assert (pixels(get_map(world, STYLES="x", EXCEPTIONS="BLANK"))[..., 3] == 0).all()
    old = get_map(world, VERSION="1.1.1", CRS=None, SRS="EPSG:0", EXCEPTIONS="application/vnd.ogc.se_blank")
    assert old.media == "image/png"
    huge = get_map(world, WIDTH="999999999", HEIGHT="999999999", EXCEPTIONS="BLANK", FORMAT="image/png")
    assert pixels(huge).shape == (256, 256, 4), "an error picture has limits too"
    assert code(get_map(world, STYLES="x", EXCEPTIONS="INIMAGE", FORMAT="image/bmp")) == "InvalidFormat"


def test_bytes_that_are_no_parameters_are_a_report(world: World) -> None:
    for query in (
        "REQUEST=%zz",
        "REQUEST=%ff%fe",
        "a=%00",
        "&".join(f"p{n}=1" for n in range(150)),
        "LAYERS=" + "x" * 9_000,
    ):
        answer = world.wms(query)
        assert answer.status == 200
        assert code(answer) == "InvalidParameterValue"


def test_a_body_that_is_xml_or_too_large_is_a_report(world: World) -> None:
    answer = world.client.post(
        "/wms", content=b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/'><x/>", headers={"content-type": "text/xml"}
    )
    assert b"OperationNotSupported" in answer.content
    answer = world.client.post(
        "/wms", content=b"a" * 2_000_000, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert b"limits.body_bytes" in answer.content
