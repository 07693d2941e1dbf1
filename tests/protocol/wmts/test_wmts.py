# SPDX-License-Identifier: Apache-2.0
"""WMTS 1.0.0: schema-valid capabilities, the exact exceptions, KVP and REST alike, and tiles that are the WMS's pictures."""

from io import BytesIO

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from support import World, schema

from catalog.crs import in_order_of
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from tiles.matrix import matrix_sets

OWS, WMTS = "{http://www.opengis.net/ows/1.1}", "{http://www.opengis.net/wmts/1.0}"
LAYER = "sentinel2-l2a"


@pytest.fixture(scope="module")
def document(world: World) -> etree._Element:
    return etree.fromstring(world.client.get("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities").content)


def limits(document: etree._Element, layer: str, grid: str) -> dict[str, tuple[int, int, int, int]]:
    """First and last row, first and last column of each level."""
    found = next(one for one in document.iter(f"{WMTS}Layer") if one.findtext(f"{OWS}Identifier") == layer)
    link = next(
        one for one in found.iter(f"{WMTS}TileMatrixSetLink") if one.findtext(f"{WMTS}TileMatrixSet") == grid
    )
    return {
        one.findtext(f"{WMTS}TileMatrix"): tuple(
            int(one.findtext(f"{WMTS}{name}"))
            for name in ("MinTileRow", "MaxTileRow", "MinTileCol", "MaxTileCol")
        )
        for one in link.iter(f"{WMTS}TileMatrixLimits")
    }


def tile(
    document: etree._Element, grid: str = "WebMercatorQuad", level: str = "14", **changed: str | None
) -> dict[str, str]:
    """The parameters of a tile in the middle of the layer; None leaves one out."""
    top, bottom, left, right = limits(document, LAYER, grid)[level]
    parameters = {
        "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": LAYER, "STYLE": "ndvi", "FORMAT": "image/png", "TILEMATRIXSET": grid,
        "TILEMATRIX": level, "TILEROW": str((top + bottom) // 2), "TILECOL": str((left + right) // 2), "TIME": "2023-03-05", **changed,
    }  # fmt: skip
    return {name: value for name, value in parameters.items() if value is not None}


def pixels(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA"))


def test_capabilities_are_valid_and_the_same_by_every_way(world: World, document: etree._Element) -> None:
    schema("http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd").assertValid(document)
    first = world.client.get("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities")
    for other in (
        "/wmts?service=wmts&request=GetCapabilities".replace("wmts&", "WMTS&"),
        "/wmts?SERVICE=WMS&REQUEST=GetCapabilities",
        "/wmts/1.0.0/WMTSCapabilities.xml",
    ):
        assert world.client.get(other).content == first.content
    assert (
        world.client.get(
            "/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", headers={"If-None-Match": first.headers["etag"]}
        ).status_code
        == 304
    )
    names = [one.findtext(f"{OWS}Identifier") for one in document.iter(f"{WMTS}Layer")]
    assert len(names) == len(set(names))
    assert LAYER in names
    encodings = {value.text for value in document.iter(f"{OWS}Value")}
    assert encodings == {"KVP", "RESTful"}


def test_matrix_sets_are_what_they_say(document: etree._Element) -> None:
    found = {
        one.findtext(f"{OWS}Identifier"): one
        for one in document.findall(f"{WMTS}Contents/{WMTS}TileMatrixSet")
    }
    assert set(found) == {"WebMercatorQuad", "WorldCRS84Quad", "LAMB93"}
    zero = found["WebMercatorQuad"].find(f"{WMTS}TileMatrix")
    assert float(zero.findtext(f"{WMTS}ScaleDenominator")) == pytest.approx(559082264.0287178, rel=1e-12)
    assert [float(part) for part in zero.findtext(f"{WMTS}TopLeftCorner").split()] == [
        pytest.approx(-20037508.342789244),
        pytest.approx(20037508.342789244),
    ]
    degrees = found["WorldCRS84Quad"].find(f"{WMTS}TileMatrix")
    assert degrees.findtext(f"{WMTS}TopLeftCorner") == "-180.0 90.0"
    assert float(degrees.findtext(f"{WMTS}ScaleDenominator")) == pytest.approx(279541132.0143589, rel=1e-9)
    for grid in matrix_sets().values():
        scales = [matrix.scale_denominator for matrix in grid.matrices]
        assert scales == sorted(scales, reverse=True)
        assert scales[0] / scales[1] == pytest.approx(2.0)


def test_times_are_days_and_the_default_is_the_latest(world: World, document: etree._Element) -> None:
    layer = next(one for one in document.iter(f"{WMTS}Layer") if one.findtext(f"{OWS}Identifier") == LAYER)
    dimension = layer.find(f"{WMTS}Dimension")
    assert dimension.findtext(f"{OWS}Identifier") == "Time"
    values = [one.text for one in dimension.iter(f"{WMTS}Value")]
    assert values == ["2023-03-05", "2023-03-15", "2023-04-04"]
    assert dimension.findtext(f"{WMTS}Default") == values[-1]


@pytest.mark.parametrize(
    ("grid", "level"), [("WebMercatorQuad", "14"), ("WorldCRS84Quad", "13"), ("LAMB93", "13")]
)
@pytest.mark.parametrize("style", ["ndvi", "true-colour"])
def test_a_tile_is_the_picture_that_the_wms_draws(
    world: World, document: etree._Element, grid: str, level: str, style: str
) -> None:
    asked = tile(document, grid, level, STYLE=style)
    answer = world.client.get("/wmts", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    drawn = pixels(answer.content)
    assert drawn.shape == (256, 256, 4)
    assert drawn[..., 3].any()
    found = matrix_sets()[grid]
    box = found.matrix(level).box(int(asked["TILECOL"]), int(asked["TILEROW"]))
    corners = in_order_of(box, found.crs)
    same = world.wms(
        SERVICE="WMS", VERSION="1.3.0", REQUEST="GetMap", LAYERS=LAYER, STYLES=style, CRS=found.crs.name, BBOX=",".join(map(repr, corners)), WIDTH=256, HEIGHT=256,
        FORMAT="image/png", TRANSPARENT="TRUE", TIME="2023-03-05",
    )  # fmt: skip
    assert same.body == answer.content


def test_rest_and_kvp_give_the_same_bytes(world: World, document: etree._Element) -> None:
    asked = tile(document)
    place = "/".join(asked[name] for name in ("TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL"))
    for media, ending in (("image/png", "png"), ("image/jpeg", "jpg"), ("image/webp", "webp")):
        by_kvp = world.client.get("/wmts", params={**asked, "FORMAT": media})
        by_rest = world.client.get(f"/wmts/1.0.0/{LAYER}/ndvi/2023-03-05/{place}.{ending}")
        assert by_rest.status_code == 200
        assert by_rest.content == by_kvp.content
        assert by_rest.headers["content-type"] == media
        again = world.client.get(
            f"/wmts/1.0.0/{LAYER}/ndvi/2023-03-05/{place}.{ending}",
            headers={"If-None-Match": by_rest.headers["etag"]},
        )
        assert again.status_code == 304
    default = world.client.get(f"/wmts/1.0.0/{LAYER}/ndvi/default/{place}.png")
    assert default.headers["warning"].startswith("99 Default value used: time=2023-04-04")
    info = world.client.get(f"/wmts/1.0.0/{LAYER}/ndvi/2023-03-05/{place}/128/128.json")
    by_kvp = world.client.get(
        "/wmts",
        params={
            **asked,
            "REQUEST": "GetFeatureInfo",
            "I": "128",
            "J": "128",
            "INFOFORMAT": "application/json",
        },
    )
    assert info.json() == by_kvp.json()


def test_every_template_of_the_capabilities_works(world: World, document: etree._Element) -> None:
    for layer in document.iter(f"{WMTS}Layer"):
        name = layer.findtext(f"{OWS}Identifier")
        grid = layer.findtext(f"{WMTS}TileMatrixSetLink/{WMTS}TileMatrixSet")
        level, (top, _, left, _) = next(iter(limits(document, name, grid).items()))
        values = {
            "Style": layer.findtext(f"{WMTS}Style/{OWS}Identifier"), "Time": layer.findtext(f"{WMTS}Dimension/{WMTS}Default") or "", "TileMatrixSet": grid,
            "TileMatrix": level, "TileRow": top, "TileCol": left, "I": 3, "J": 4,
        }  # fmt: skip
        for link in layer.iter(f"{WMTS}ResourceURL"):
            path = link.get("template").format(**values).removeprefix("http://maps.example")
            answer = world.client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].split(";")[0] == link.get("format")
        legend = layer.find(f"{WMTS}Style/{WMTS}LegendURL")
        image = Image.open(
            BytesIO(
                world.client.get(
                    legend.get("{http://www.w3.org/1999/xlink}href").removeprefix("http://maps.example")
                ).content
            )
        )
        assert image.size == (int(legend.get("width")), int(legend.get("height")))


def test_a_day_without_data_is_a_transparent_tile(world: World, document: etree._Element) -> None:
    answer = world.client.get("/wmts", params=tile(document, TIME="2023-03-20"))
    assert answer.status_code == 200
    assert not pixels(answer.content)[..., 3].any()


INFO = {"REQUEST": "GetFeatureInfo", "I": "3", "J": "3", "INFOFORMAT": "text/plain"}


@pytest.mark.parametrize(
    ("changed", "code", "locator"),
    [
        *[({name: None}, "MissingParameterValue", name) for name in ("SERVICE", "REQUEST", "VERSION", "LAYER", "STYLE", "FORMAT", "TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL")],
        *[({**INFO, name: None}, "MissingParameterValue", name) for name in ("LAYER", "STYLE", "FORMAT", "TILEMATRIXSET", "TILEROW", "I", "J", "INFOFORMAT")],
        *[({name: ""}, "MissingParameterValue", name) for name in ("LAYER", "STYLE", "FORMAT", "TILEMATRIX")],
        *[({name: "BOGUS"}, "InvalidParameterValue", name) for name in ("SERVICE", "REQUEST", "VERSION", "LAYER", "STYLE", "FORMAT", "TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL", "TIME")],
        ({"TILEROW": "999999"}, "TileOutOfRange", "TileRow"),
        ({"TILECOL": "-1"}, "TileOutOfRange", "TileCol"),
        ({**INFO, "TILEROW": "0"}, "InvalidParameterValue", "TileRow"),
        ({**INFO, "TILECOL": "999999"}, "InvalidParameterValue", "TileCol"),
        ({**INFO, "I": "256"}, "InvalidParameterValue", "I"),
        ({**INFO, "J": "-1"}, "InvalidParameterValue", "J"),
        ({**INFO, "J": "x"}, "InvalidParameterValue", "J"),
        ({**INFO, "INFOFORMAT": "image/png"}, "InvalidParameterValue", "InfoFormat"),
        ({"FORMAT": "image/tiff"}, "InvalidParameterValue", "Format"),
        ({"REQUEST": "GetCapabilities", "ACCEPTVERSIONS": "2.0.0"}, "VersionNegotiationFailed", "AcceptVersions"),
        ({"REQUEST": "GetCapabilities", "SECTIONS": "BOGUS"}, "InvalidParameterValue", "sections"),
        ({"REQUEST": "GetCapabilities", "SECTIONS": ""}, "MissingParameterValue", "sections"),
        ({"REQUEST": "GetCapabilities", "SERVICE": "BOGUS"}, "InvalidParameterValue", "service"),
    ],
)  # fmt: skip
def test_each_fault_has_its_code_locator_and_status(
    world: World, document: etree._Element, changed: dict[str, str | None], code: str, locator: str
) -> None:
    answer = world.client.get("/wmts", params=tile(document, **changed))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/xml; charset=utf-8")
    root = etree.fromstring(answer.content)
    schema("http://schemas.opengis.net/ows/1.1.0/owsExceptionReport.xsd").assertValid(root)
    assert (root[0].get("exceptionCode"), root[0].get("locator").lower()) == (code, locator.lower())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("WMTSCapabilities.xml/Bogus", 404),
        ("", 404),
        ("Bogus", 404),
        ("a/b/c.png", 404),
        ("BOGUS/ndvi/2023-03-05/WebMercatorQuad/14/5943/8216.png", 400),
        ("sentinel2-l2a/BOGUS/2023-03-05/WebMercatorQuad/14/5943/8216.png", 400),
        ("sentinel2-l2a/ndvi/BOGUS/WebMercatorQuad/14/5943/8216.png", 400),
        ("sentinel2-l2a/ndvi/2023-03-05/BOGUS/14/5943/8216.png", 400),
        ("sentinel2-l2a/ndvi/2023-03-05/WebMercatorQuad/BOGUS/5943/8216.png", 400),
        ("sentinel2-l2a/ndvi/2023-03-05/WebMercatorQuad/14/BOGUS/8216.png", 400),
        ("sentinel2-l2a/ndvi/2023-03-05/WebMercatorQuad/14/5943/BOGUS.png", 400),
        ("sentinel2-l2a/ndvi/2023-03-05/WebMercatorQuad/14/5943/8216.exe", 404),
        ("sentinel2-l2a/ndvi/..%2f..%2fetc/WebMercatorQuad/14/5943/8216.png", 404),
    ],
)
def test_a_resource_that_is_not_there_is_an_error(world: World, path: str, status: int) -> None:
    assert world.client.get(f"/wmts/1.0.0/{path}").status_code == status


def test_an_accept_header_that_nothing_meets_is_406(world: World) -> None:
    path = "/wmts/1.0.0/WMTSCapabilities.xml"
    assert world.client.get(path, headers={"Accept": "example/unknown"}).status_code == 406
    for good in ("*/*", "text/*", "application/xml", "text/html, text/xml;q=0.9"):
        assert world.client.get(path, headers={"Accept": good}).status_code == 200


def test_a_layer_without_time_has_tiles_too(hydro: World) -> None:
    document = etree.fromstring(hydro.client.get("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities").content)
    name = "hydroweb-rivers-operational"
    top, bottom, left, right = limits(document, name, "WebMercatorQuad")["3"]
    seen = [
        pixels(hydro.client.get(f"/wmts/1.0.0/{name}/stations/WebMercatorQuad/3/{row}/{column}.png").content)[
            ..., 3
        ].any()
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]
    assert any(seen)


def test_a_protected_layer_has_tiles_for_its_group_only(hydro: World) -> None:
    _, key = hydro.services.catalog.keys.create(KeyRequest("tilda", Role.USER, ("hydro",)), OPERATOR)
    name = "hydroweb-rivers-research"
    document = etree.fromstring(
        hydro.client.get("/wmts/1.0.0/WMTSCapabilities.xml", headers={"X-API-Key": key}).content
    )
    top, _, left, _ = limits(document, name, "WebMercatorQuad")["10"]
    path = f"/wmts/1.0.0/{name}/stations/WebMercatorQuad/10/{top}/{left}.png"
    mine = hydro.client.get(path, headers={"X-API-Key": key})
    assert (mine.status_code, mine.headers["cache-control"].split(",")[0]) == (200, "private")
    assert hydro.client.get(path).status_code == 400
    assert name not in hydro.client.get("/wmts/1.0.0/WMTSCapabilities.xml").text
    assert hydro.client.get(path, headers={"X-API-Key": "hyk_wrong"}).status_code == 401
