# SPDX-License-Identifier: Apache-2.0
"""GetCapabilities of both versions."""

import gzip
from io import BytesIO

import pytest
from lxml import etree
from PIL import Image
from support import World, schema, shared
from wms_probe import LAYER, WMS, XLINK, capabilities


def test_the_document_is_valid_against_the_schema_it_names(world: World) -> None:
    root = capabilities(world)
    location = root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "").split()[1]
    found = schema(location)
    assert found.validate(root), found.error_log


def test_the_1_1_1_document_is_valid_against_its_dtd(world: World) -> None:
    dtd = etree.DTD(str(shared("schemas", "schemas.opengis.net", "wms", "1.1.1", "capabilities_1_1_1.dtd")))
    answer = world.wms(SERVICE="WMS", REQUEST="GetCapabilities", VERSION="1.1.1")
    root = etree.fromstring(answer.body, etree.XMLParser(load_dtd=False, no_network=True))
    assert dtd.validate(root), dtd.error_log
    assert answer.media == "application/vnd.ogc.wms_xml"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, "1.3.0"),
        ("100.0.0", "1.3.0"),
        ("1.3.0", "1.3.0"),
        ("1.2.0", "1.1.1"),
        ("1.1.1", "1.1.1"),
        ("1.0.0", "1.1.1"),
        ("0.0.0", "1.1.1"),
    ],
)
def test_negotiate_version(world: World, asked: str | None, given: str) -> None:
    root = capabilities(world, **({"VERSION": asked} if asked else {}))
    assert root.get("version") == given


def test_the_first_crs_of_the_root_is_web_mercator_then_the_rest(world: World) -> None:
    names = [element.text for element in capabilities(world).findall(f"{WMS}Capability/{WMS}Layer/{WMS}CRS")]
    assert names[:4] == ["EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:2154"]
    assert "EPSG:32631" in names
    old = capabilities(world, VERSION="1.1.1")
    assert [element.text for element in old.findall("Capability/Layer/SRS")] == [
        name for name in names if name != "CRS:84"
    ]


def test_one_layer_a_collection_with_its_sub_layers(world: World) -> None:
    names = [
        element.text
        for element in capabilities(world).iter(f"{WMS}Name")
        if element.getparent().tag == f"{WMS}Layer"
    ]
    assert {
        "sentinel2-l2a",
        "sentinel2-l2a.clouds",
        "sentinel2-l3a",
        "snow-cover",
        "snow-fsc",
        "oso-17",
        "oso-23",
    } <= set(names)
    assert len(names) == len(set(names))
    assert names[0] == LAYER


def test_every_named_layer_says_where_when_and_whose(world: World) -> None:
    for layer in _named(capabilities(world)):
        west, east, south, north = (
            float(layer.findtext(f"{WMS}EX_GeographicBoundingBox/{WMS}{name}") or "nan")
            for name in (
                "westBoundLongitude",
                "eastBoundLongitude",
                "southBoundLatitude",
                "northBoundLatitude",
            )
        )
        assert west < east
        assert south < north
        boxes = {box.get("CRS"): box for box in layer.findall(f"{WMS}BoundingBox")}
        assert {"EPSG:4326", "CRS:84", "EPSG:3857"} <= set(boxes)
        assert float(boxes["EPSG:4326"].get("minx")) == pytest.approx(south, abs=1e-6), "latitude first"
        assert float(boxes["CRS:84"].get("minx")) == pytest.approx(west, abs=1e-6)
        assert layer.findtext(f"{WMS}Attribution/{WMS}Title")
        assert layer.find(f"{WMS}MetadataURL") is not None
        assert layer.findtext(f"{WMS}Abstract")
        assert layer.find(f"{WMS}KeywordList/{WMS}Keyword") is not None


def test_the_time_dimension_is_a_list_of_plain_dates_with_the_latest_as_default(world: World) -> None:
    (dimension,) = _layer(world, LAYER).findall(f"{WMS}Dimension")
    assert dict(dimension.attrib) == {
        "name": "time",
        "units": "ISO8601",
        "default": "2023-04-04",
        "multipleValues": "1",
        "nearestValue": "0",
        "current": "1",
    }
    assert dimension.text == "2023-03-05,2023-03-15,2023-04-04"


def test_every_advertised_address_answers_with_its_type_and_size(world: World) -> None:
    root = capabilities(world)
    for legend in root.iter(f"{WMS}LegendURL"):
        answer = world.client.get(_local(legend))
        assert answer.headers["content-type"] == legend.findtext(f"{WMS}Format") == "image/png"
        assert Image.open(BytesIO(answer.content)).size == (
            int(legend.get("width")),
            int(legend.get("height")),
        )
        assert int(legend.get("height")) < 600
    for metadata in root.iter(f"{WMS}MetadataURL"):
        answer = world.client.get(_local(metadata))
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
            200,
            metadata.findtext(f"{WMS}Format"),
        )


def test_the_online_resource_takes_parameters(world: World) -> None:
    for element in capabilities(world).findall(f"{WMS}Capability/{WMS}Request//{WMS}OnlineResource"):
        assert element.get(f"{XLINK}href") == "http://maps.example/wms?"


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_update_sequence(world: World, offset: int) -> None:
    here = int(capabilities(world).get("updateSequence"))
    root = capabilities(world, UPDATESEQUENCE=str(here + offset))
    if offset < 0:
        assert root.tag == f"{WMS}WMS_Capabilities"
    else:
        assert root[0].get("code") == ("CurrentUpdateSequence" if offset == 0 else "InvalidUpdateSequence")


def test_an_unknown_format_or_parameter_is_answered_all_the_same(world: World) -> None:
    answer = world.wms(SERVICE="WMS", REQUEST="GetCapabilities", FORMAT="application/nonsense", BOGUS="1")
    assert answer.media == "text/xml"
    assert b"WMS_Capabilities" in answer.body


def test_it_is_compressed_cached_for_a_minute_and_tagged(world: World) -> None:
    answer = world.client.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert "etag" in answer.headers
    plain = world.client.get(
        "/wms?SERVICE=WMS&REQUEST=GetCapabilities", headers={"accept-encoding": "identity"}
    )
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    assert plain.headers["etag"] != answer.headers["etag"]
    assert len(gzip.compress(plain.content)) < len(plain.content) / 3


def test_titles_come_in_french_on_request(world: World) -> None:
    french = capabilities(world, LANGUAGE="fr")
    assert "Réflectance de surface Sentinel-2 (L2A)" in [
        element.text for element in french.iter(f"{WMS}Title")
    ]


def test_limits_are_advertised(world: World) -> None:
    service = capabilities(world).find(f"{WMS}Service")
    assert [service.findtext(f"{WMS}{name}") for name in ("LayerLimit", "MaxWidth", "MaxHeight")] == [
        "20",
        "4096",
        "4096",
    ]


def _named(root: etree._Element) -> list[etree._Element]:
    return [layer for layer in root.iter(f"{WMS}Layer") if layer.find(f"{WMS}Name") is not None]


def _layer(world: World, name: str) -> etree._Element:
    return next(layer for layer in _named(capabilities(world)) if layer.findtext(f"{WMS}Name") == name)


def _local(element: etree._Element) -> str:
    return element.find(f"{WMS}OnlineResource").get(f"{XLINK}href").removeprefix("http://maps.example")
