# SPDX-License-Identifier: Apache-2.0
"""OGC API Common, Maps and Tiles: a valid API document, links that lead somewhere, pictures that are the WMS's, each refusal with its status."""

import itertools
import json
import re
from io import BytesIO
from urllib.parse import urlsplit

import numpy as np
import pytest
import rasterio
from openapi_spec_validator import OpenAPIV30SpecValidator
from PIL import Image
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

ID = "sentinel2-l2a"
DAY = "2023-03-05"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def get(world: World, path: str, **parameters: str):
    return world.client.get(f"/ogcapi{path}", params=parameters)


def pixels(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA"))


def local(href: str) -> str:
    parts = urlsplit(href)
    return parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.fixture(scope="module")
def api(world: World) -> dict:
    answer = get(world, "/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    return answer.json()


def test_the_api_document_is_openapi_3_0_and_self_contained(api: dict) -> None:
    OpenAPIV30SpecValidator(api).validate()
    text = json.dumps(api)
    assert all(one.startswith("#/") for one in re.findall(r'"\$ref": "([^"]+)"', text))
    names = [one["operationId"] for item in api["paths"].values() for one in item.values()]
    assert len(names) == len(set(names))
    assert {
        "collection.map.getTile",
        "collection.style.map.getTile",
        "dataset.map.getTile",
        "execute",
    } <= set(names)


def test_the_api_document_is_complete(world: World, api: dict) -> None:
    """Every route below `/ogcapi` has its operation, and every operation its route."""
    routed = set()
    for route in world.client.app.routes:
        path = getattr(route, "path", "")
        if path.startswith("/ogcapi/") and path != "/ogcapi/":
            routed |= {
                (method, re.sub(r"\{[^}]+\}", "{}", path.removeprefix("/ogcapi")))
                for method in route.methods - {"HEAD"}
            }
    described = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, item in api["paths"].items()
        for method in item
    }
    assert described - {("GET", "/")} == routed


def test_what_the_document_says_of_a_parameter_is_what_happens(world: World, api: dict) -> None:
    """Each parameter of a map and a tile is taken, and no other one is."""
    components = api["components"]["parameters"]
    for path, item in api["paths"].items():
        operation = item.get("get")
        if not operation or "getMap" not in operation["operationId"]:
            continue
        given = [components[one["$ref"].rpartition("/")[2]] for one in operation["parameters"]]
        names = {one["name"] for one in given if one["in"] == "query"}
        where = path.replace("{collectionId}", ID).replace("{styleId}", "ndvi")
        good = {
            "bbox": "0.5,44.2,0.51,44.21", "bbox-crs": "[OGC:CRS84]", "crs": "[EPSG:3857]", "width": "20", "height": "20", "datetime": DAY, "bgcolor": "0xFF0000",
            "transparent": "false", "collections": ID, "f": "png",
        }  # fmt: skip
        assert get(world, where, **{name: good[name] for name in names}).status_code == 200
        refused = get(world, where, width="20", other="1")
        assert refused.status_code == 400
        assert refused.json()["locator"] == "other"


def test_every_link_leads_to_what_it_says(world: World) -> None:
    """From the landing page on: status 200 and the media type of the link; templates with a tile of their limits."""
    todo, seen = ["http://maps.example/ogcapi"], set()
    needs_key = re.compile(r"/ogcapi/jobs")
    while todo:
        address = todo.pop()
        document = world.client.get(local(address)).json()
        for link in document.get("links", []) + [
            one
            for name in ("collections", "tilesets", "tileMatrixSets", "styles")
            for child in document.get(name, [])
            for one in child["links"]
        ]:
            href = link["href"]
            if link.get("templated"):
                limits = document["tileMatrixSetLimits"][-1]
                href = href.replace("{tileMatrix}", limits["tileMatrix"]).replace(
                    "{tileRow}", str(limits["minTileRow"])
                )
                href = href.replace("{tileCol}", str(limits["minTileCol"]))
            if href in seen or not href.startswith("http://maps.example/") or needs_key.search(href):
                continue
            seen.add(href)
            answer = world.client.get(local(href))
            assert answer.status_code == 200, (href, answer.text[:300])
            assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0], href
            if link["type"] == "application/json" and "/ogcapi" in href and len(seen) < 3_000:
                todo.append(href)
    rels = {link["rel"] for link in get(world, "").json()["links"]}
    assert {
        "service-desc",
        "service-doc",
        "conformance",
        "data",
        f"{REL}data",
        f"{REL}tilesets-map",
        f"{REL}tiling-schemes",
        f"{REL}map",
    } <= rels
    assert any("/styles/ndvi/map/tiles/LAMB93" in href for href in seen)


def test_collections_are_the_layers_and_the_same_alone(world: World) -> None:
    listed = get(world, "/collections").json()["collections"]
    names = [one["id"] for one in listed]
    assert ID in names
    assert "sentinel2-l2a.clouds" in names or any(name.startswith("sentinel2-l2a.") for name in names)
    for one in listed:
        assert get(world, f"/collections/{one['id']}").json() == one
        assert CRS84 in one["crs"]
    found = next(one for one in listed if one["id"] == ID)
    assert found["extent"]["temporal"]["interval"][0][0].startswith(DAY)
    assert "http://www.opengis.net/def/crs/EPSG/0/32631" in found["crs"], "the native one"


def test_a_map_is_the_picture_of_wms(world: World) -> None:
    box = "44.2,0.5,44.23,0.53"
    ours = get(
        world, f"/collections/{ID}/styles/ndvi/map", bbox=box, crs="http://www.opengis.net/def/crs/EPSG/0/4326", width="200", height="200", datetime=DAY,
        **{"bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"},
    )  # fmt: skip
    wms = world.wms(
        SERVICE="WMS", VERSION="1.3.0", REQUEST="GetMap", LAYERS=ID, STYLES="ndvi", CRS="EPSG:4326", BBOX=box, WIDTH=200, HEIGHT=200, FORMAT="image/png",
        TRANSPARENT="TRUE", TIME=DAY,
    )  # fmt: skip
    assert ours.content == wms.body
    assert ours.headers["content-crs"] == "<http://www.opengis.net/def/crs/EPSG/0/4326>"
    assert ours.headers["content-bbox"] == box
    swapped = get(
        world,
        f"/collections/{ID}/styles/ndvi/map",
        bbox="0.5,44.2,0.53,44.23",
        crs="[EPSG:4326]",
        width="200",
        height="200",
        datetime=DAY,
    )
    assert swapped.content == wms.body, "bbox is longitude first unless bbox-crs says otherwise"


def test_a_tile_is_the_tile_of_wmts(world: World) -> None:
    for grid in ("WebMercatorQuad", "WorldCRS84Quad", "LAMB93"):
        limits = get(world, f"/collections/{ID}/map/tiles/{grid}").json()["tileMatrixSetLimits"][10]
        where = f"{limits['tileMatrix']}/{limits['minTileRow']}/{limits['minTileCol']}"
        ours = get(world, f"/collections/{ID}/styles/infrared/map/tiles/{grid}/{where}", datetime=DAY)
        wmts = world.client.get(f"/wmts/1.0.0/{ID}/infrared/{DAY}/{grid}/{where}.png")
        assert (ours.status_code, ours.headers["content-type"]) == (200, "image/png")
        assert ours.content == wmts.content
        again = world.client.get(
            f"/ogcapi/collections/{ID}/styles/infrared/map/tiles/{grid}/{where}?datetime={DAY}",
            headers={"If-None-Match": ours.headers["etag"]},
        )
        assert again.status_code == 304


def test_a_map_without_parameters_is_the_whole_collection_in_crs84(world: World) -> None:
    answer = get(world, f"/collections/{ID}/map", f="tiff")
    extent = next(one for one in get(world, "/collections").json()["collections"] if one["id"] == ID)[
        "extent"
    ]["spatial"]["bbox"][0]
    with rasterio.open(BytesIO(answer.content)) as opened:
        assert opened.crs.to_epsg() == 4326
        assert opened.bounds == pytest.approx(extent)
        assert max(opened.width, opened.height) == 1024
        metres = opened.res[0] * np.cos(np.radians(44.2)), opened.res[1]
        assert metres[0] == pytest.approx(metres[1], rel=0.01), "square on the ground"
    flat = get(world, f"/collections/{ID}/map", width="300", crs="[EPSG:2154]")
    picture = Image.open(BytesIO(flat.content))
    west, south, east, north = map(float, flat.headers["content-bbox"].split(","))
    assert picture.width / picture.height == pytest.approx((east - west) / (north - south), rel=0.01)


def test_several_collections_lie_on_one_another(world: World) -> None:
    box = {"bbox": "0.5,44.2,0.53,44.23", "crs": CRS84, "width": "100", "height": "100"}
    both = get(world, "/map", collections="oso-23,snow-cover", **box)
    wms = world.wms(
        SERVICE="WMS", VERSION="1.3.0", REQUEST="GetMap", LAYERS="oso-23,snow-cover", STYLES="", CRS="CRS:84", BBOX="0.5,44.2,0.53,44.23", WIDTH=100, HEIGHT=100,
        FORMAT="image/png", TRANSPARENT="TRUE",
    )  # fmt: skip
    assert both.content == wms.body
    everything = get(world, "/map", **box)
    assert (pixels(everything.content)[..., 3] > 0).mean() >= (pixels(both.content)[..., 3] > 0).mean() > 0.1


def test_backgrounds_and_formats(world: World) -> None:
    box = {"bbox": "0.3,44.0,0.53,44.23", "width": "64", "height": "64", "crs": CRS84, "datetime": DAY}
    clear = pixels(get(world, f"/collections/{ID}/map", **box).content)
    assert clear[-1, 0, 3] == 0
    red = pixels(get(world, f"/collections/{ID}/map", bgcolor="0xFF0000", **box).content)
    assert tuple(red[-1, 0]) == (255, 0, 0, 255)
    still_clear = pixels(
        get(world, f"/collections/{ID}/map", bgcolor="red", transparent="true", **box).content
    )
    assert still_clear[-1, 0, 3] == 0
    white = pixels(get(world, f"/collections/{ID}/map", transparent="false", **box).content)
    assert tuple(white[-1, 0]) == (255, 255, 255, 255)
    for name, media in (("jpeg", "image/jpeg"), ("webp", "image/webp"), ("tiff", "image/tiff")):
        assert get(world, f"/collections/{ID}/map", f=name, **box).headers["content-type"] == media
        answer = world.client.get(f"/ogcapi/collections/{ID}/map", params=box, headers={"Accept": media})
        assert answer.headers["content-type"] == media
    assert (
        world.client.get(
            f"/ogcapi/collections/{ID}/map", params=box, headers={"Accept": "application/pdf"}
        ).status_code
        == 406
    )


def test_datetime_is_an_instant_or_an_interval_that_may_be_open(world: World) -> None:
    where = {"bbox": "0.5,44.2,0.53,44.23", "width": "50", "height": "50"}

    def picture(when: str) -> bytes:
        answer = get(world, f"/collections/{ID}/map", datetime=when, **where)
        assert answer.status_code == 200, answer.text
        return answer.content

    first = picture(DAY)
    assert picture(f"{DAY}/{DAY}") == picture(f"../{DAY}") == picture(f"/{DAY}")
    assert pixels(picture(f"../{DAY}")).any()
    assert picture("2023-03-06/..") == picture("2023-03-06/2024-01-01")
    assert picture(f"{DAY}T00:00:00Z") == first
    for wrong in ("yesterday", "../..", "2023-03-06/2023-03-05", "a/b/c", "2023-13-01"):
        refused = get(world, f"/collections/{ID}/map", datetime=wrong)
        assert (refused.status_code, refused.json()["locator"]) == (400, "datetime"), wrong


@pytest.mark.parametrize(
    ("path", "parameters", "status", "locator"),
    [
        ("/collections/nothing", {}, 404, "collectionId"), ("/collections/nothing/map", {}, 404, "collectionId"), (f"/collections/{ID}/styles/nothing/map", {}, 404, "styleId"),
        ("/collections/nothing/styles", {}, 404, "collectionId"), (f"/collections/{ID}/map/tiles/Nothing", {}, 404, "TileMatrixSet"),
        (f"/collections/{ID}/map/tiles/WebMercatorQuad/99/0/0", {}, 404, "TileMatrix"),
        (f"/collections/{ID}/map/tiles/WebMercatorQuad/10/2147483647/0", {}, 404, "TileRow"), (f"/collections/{ID}/map/tiles/WebMercatorQuad/10/0/0", {}, 404, "TileRow"),
        (f"/collections/{ID}/map/tiles/WebMercatorQuad/10/x/0", {}, 404, "TileRow"), ("/map/tiles/WebMercatorQuad/3/9/0", {}, 404, "TileRow"),
        (f"/collections/{ID}/map", {"bbox": "1,2,3"}, 400, "bbox"), (f"/collections/{ID}/map", {"bbox": "3,2,1,4"}, 400, ""), (f"/collections/{ID}/map", {"bbox": "1,1,1,1"}, 400, "bbox"),
        (f"/collections/{ID}/map", {"crs": "EPSG:9999"}, 400, "crs"), (f"/collections/{ID}/map", {"bbox": "0,0,1,1", "bbox-crs": "x"}, 400, "bbox-crs"),
        (f"/collections/{ID}/map", {"width": "0"}, 400, "width"), (f"/collections/{ID}/map", {"width": "99999"}, 400, "width"), (f"/collections/{ID}/map", {"height": "x"}, 400, "height"),
        (f"/collections/{ID}/map", {"f": "pdf"}, 400, "f"), (f"/collections/{ID}/map", {"bgcolor": "x"}, 400, "bgcolor"), (f"/collections/{ID}/map", {"transparent": "1"}, 400, "transparent"),
        (f"/collections/{ID}/map", {"collections": "oso-23"}, 400, "collections"), ("/map", {"collections": "nothing"}, 404, "collectionId"), ("/map", {"collections": ",".join(["oso-23"] * 21)}, 400, "collections"),
        ("/collections", {"f": "xml"}, 400, "f"), ("/collections", {"limit": "1"}, 400, "limit"), ("/tileMatrixSets/x", {}, 404, "TileMatrixSet"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_status_and_names_the_parameter(
    world: World, path: str, parameters: dict[str, str], status: int, locator: str
) -> None:
    answer = get(world, path, **parameters)
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert document["status"] == status
    assert document.get("locator", "") == locator
    assert document["detail"]


def test_pages_are_for_who_prefers_html_and_nothing_runs_in_them(world: World) -> None:
    for path in (
        "",
        "/api",
        "/conformance",
        "/collections",
        f"/collections/{ID}",
        f"/collections/{ID}/styles",
        f"/collections/{ID}/map/tiles",
        "/tileMatrixSets/LAMB93",
    ):
        by_accept = world.client.get(
            f"/ogcapi{path}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        )
        by_name = get(world, path, f="html")
        assert (
            by_accept.headers["content-type"] == by_name.headers["content-type"] == "text/html; charset=utf-8"
        )
        assert by_accept.content == by_name.content
        assert "default-src 'none'" in by_name.headers["content-security-policy"]
        assert "<script" not in by_name.text
    assert get(world, "/collections").headers["content-type"] == "application/json"


def test_what_somebody_may_not_see_does_not_exist_here(hydro: World) -> None:
    """The research collection of stations is for a group."""
    key = hydro.services.catalog.keys.create(KeyRequest("tiler", Role.USER, groups=("hydro",)), OPERATOR)[1]
    name = "hydroweb-rivers-research"
    for path, by_key in itertools.product(
        (f"/collections/{name}", f"/collections/{name}/map?width=50", f"/collections/{name}/styles"),
        (True, False),
    ):
        answer = hydro.client.get(f"/ogcapi{path}", headers={"X-API-Key": key} if by_key else {})
        assert answer.status_code == (200 if by_key else 404), path
        assert not by_key or "private" in answer.headers["cache-control"]
    assert name not in get(hydro, "/collections").text


def test_an_address_or_a_method_without_a_door_is_answered_in_json(world: World) -> None:
    for address in ("/ogcapi/nothing", "/stac/nothing", "/ogcapi/collections/a/items/b%0Ac"):
        answer = world.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert (answer.json()["type"], answer.json()["code"]) == ("about:blank", "NotFound")
    refused = world.client.delete("/ogcapi/collections")
    assert (refused.status_code, refused.json()["code"]) == (405, "MethodNotAllowed")
    assert "GET" in refused.headers["allow"]
