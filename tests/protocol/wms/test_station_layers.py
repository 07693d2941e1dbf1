# SPDX-License-Identifier: Apache-2.0
"""Stations as a map layer: listed, drawn where they are, found under a click, with a legend."""

from io import BytesIO

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from support import World, schema

from catalog.generator.hydroweb import AGEN

LAYER = "hydroweb-rivers-operational"
BOX = {"west": 0.515, "south": 44.15, "east": 0.715, "north": 44.25}
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "LAYERS": LAYER,
    "STYLES": "",
    "CRS": "CRS:84",
    "BBOX": "0.515,44.15,0.715,44.25",
    "WIDTH": 200,
    "HEIGHT": 100,
}


def picture(hydro: World, **changed: str | int) -> np.ndarray:
    answer = hydro.wms(
        **{**MAP, "REQUEST": "GetMap", "FORMAT": "image/png", "TRANSPARENT": "TRUE", **changed}
    )
    assert answer.media == "image/png", answer.body
    return np.asarray(Image.open(BytesIO(answer.body)).convert("RGBA"))


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_the_layer_is_listed_without_a_time_dimension(hydro: World, version: str) -> None:
    root = etree.fromstring(hydro.wms(SERVICE="WMS", VERSION=version, REQUEST="GetCapabilities").body)
    if version == "1.3.0":
        schema("http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd").assertValid(root)
    names = [one.text for one in root.iterfind(".//{*}Layer/{*}Name")]
    assert LAYER in names
    assert "hydroweb-rivers-research" not in names
    layer = next(one for one in root.iterfind(".//{*}Layer") if one.findtext("{*}Name") == LAYER)
    assert layer.find("{*}Dimension") is None
    assert layer.findtext("{*}Style/{*}Name") == "stations"


def test_a_disc_stands_where_the_station_is(hydro: World) -> None:
    seen = picture(hydro)
    rows, columns = np.nonzero(seen[..., 3])
    assert rows.size < 150
    lon = BOX["west"] + (columns.mean() + 0.5) / 200 * 0.2
    lat = BOX["north"] - (rows.mean() + 0.5) / 100 * 0.1
    assert (lon, lat) == (pytest.approx(AGEN.longitude, abs=0.001), pytest.approx(AGEN.latitude, abs=0.001))
    assert tuple(seen[round(rows.mean()), round(columns.mean())]) == (0x1F, 0x78, 0xB4, 255)


def test_a_station_just_outside_reaches_in_and_its_place_follows_the_crs(hydro: World) -> None:
    edge = picture(hydro, BBOX=f"{AGEN.longitude + 0.002},44.15,{AGEN.longitude + 0.202},44.25")
    assert edge[..., 3].any()
    assert not edge[:, 20:, 3].any()
    mercator = picture(hydro, CRS="EPSG:3857", BBOX="57000,5487000,79000,5499000")
    assert mercator[..., 3].any()
    latitude_first = picture(hydro, CRS="EPSG:4326", BBOX="44.15,0.515,44.25,0.715")
    assert np.array_equal(latitude_first, picture(hydro))


def test_a_click_on_the_disc_tells_the_station_and_beside_it_nothing(hydro: World) -> None:
    seen = picture(hydro)
    rows, columns = np.nonzero(seen[..., 3])
    ask = {
        **MAP,
        "REQUEST": "GetFeatureInfo",
        "QUERY_LAYERS": LAYER,
        "INFO_FORMAT": "application/json",
        "FEATURE_COUNT": 5,
    }
    hit = hydro.client.get("/wms", params={**ask, "I": round(columns.mean()), "J": round(rows.mean())}).json()
    (feature,) = hit["features"]
    assert feature["id"] == AGEN.name
    assert feature["geometry"]["coordinates"] == [AGEN.longitude, AGEN.latitude]
    assert feature["properties"]["river"] == "Garonne"
    assert feature["properties"]["water_surface_height_observations"] == 120
    assert hydro.client.get("/wms", params={**ask, "I": 5, "J": 5}).json()["features"] == []
    for form in ("text/plain", "text/html", "application/vnd.ogc.gml"):
        text = hydro.client.get(
            "/wms", params={**ask, "I": round(columns.mean()), "J": round(rows.mean()), "INFO_FORMAT": form}
        ).text
        assert AGEN.name in text


def test_the_legend_shows_the_disc(hydro: World) -> None:
    answer = hydro.wms(
        SERVICE="WMS",
        VERSION="1.3.0",
        REQUEST="GetLegendGraphic",
        LAYER=LAYER,
        FORMAT="image/png",
        LANGUAGE="fr",
    )
    image = np.asarray(Image.open(BytesIO(answer.body)).convert("RGB"))
    assert (image == (0x1F, 0x78, 0xB4)).all(axis=2).any()


def test_an_unknown_style_is_style_not_defined_and_a_hidden_layer_is_not_there(hydro: World) -> None:
    wrong = hydro.wms(**{**MAP, "REQUEST": "GetMap", "FORMAT": "image/png", "STYLES": "ndvi"})
    assert b'code="StyleNotDefined"' in wrong.body
    hidden = hydro.wms(
        **{**MAP, "REQUEST": "GetMap", "FORMAT": "image/png", "LAYERS": "hydroweb-rivers-research"}
    )
    assert b'code="LayerNotDefined"' in hidden.body


def test_the_qgis_file_has_the_stations(hydro: World) -> None:
    root = etree.fromstring(hydro.client.get("/hysope.qlr").content)
    (layer,) = [
        one for one in root.iterfind(".//maplayer") if f"layers={LAYER}" in one.findtext("datasource")
    ]
    assert layer.find("temporal") is None
    assert "timeDimensionExtent" not in layer.findtext("datasource")


def test_the_catalogue_links_a_station_to_sos_and_its_page(hydro: World) -> None:
    answer = hydro.client.get(
        "/csw?service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results&q=agen"
    )
    root = etree.fromstring(answer.content)
    (record,) = root.iterfind(".//{*}Record")
    assert record.findtext("{*}identifier") == AGEN.name
    links = [one.text for one in record.iterfind("{*}references")]
    assert "http://maps.example/sos" in links
    assert f"http://maps.example/stations/{AGEN.name}" in links
    iso = hydro.client.get(
        f"/csw?service=CSW&version=2.0.2&request=GetRecordById&id={AGEN.name}&elementsetname=full&outputschema=http://www.isotc211.org/2005/gmd"
    )
    metadata = etree.fromstring(iso.content)[0]
    schema("http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd").assertValid(metadata)
    assert "inlandWaters" in iso.text
