# SPDX-License-Identifier: Apache-2.0
"""Requirements of OGC API Tiles (20-057) and Maps (20-058) that the other tests leave out; `docs/requirements.md` says which test holds which."""

from __future__ import annotations

import pytest
from httpx2 import Response
from support import World

ID = "sentinel2-l2a"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
TMS = "http://www.opengis.net/def/tilematrixset/OGC/1.0/"


def get(world: World, path: str, **parameters: str) -> Response:
    return world.client.get(f"/ogcapi{path}", params=parameters)


def test_tilesets_are_listed_with_registered_sets_and_described_with_a_template(world: World) -> None:
    listed = get(world, f"/collections/{ID}/map/tiles").json()["tilesets"]
    registered = {one["tileMatrixSetURI"] for one in listed if "tileMatrixSetURI" in one}
    assert {f"{TMS}WebMercatorQuad", f"{TMS}WorldCRS84Quad"} <= registered
    for one in listed:
        assert one["dataType"] == "map"
        assert one["crs"].startswith("http://www.opengis.net/def/crs/")
        (own,) = (link for link in one["links"] if link["rel"] == "self")
        assert own["type"] == "application/json"
        described = world.client.get(own["href"].removeprefix("http://maps.example")).json()
        assert described["dataType"] == "map"
        assert described["crs"] == one["crs"]
        items = [link for link in described["links"] if link["rel"] == "item"]
        assert items
        for link in items:
            assert link["templated"] is True
            assert all(name in link["href"] for name in ("{tileMatrix}", "{tileRow}", "{tileCol}"))
        schemes = [link["href"] for link in described["links"] if link["rel"] == f"{REL}tiling-scheme"]
        assert schemes
        assert world.client.get(schemes[0].removeprefix("http://maps.example")).status_code == 200


@pytest.mark.parametrize("path", ["", f"/collections/{ID}"])
def test_tilesets_and_maps_are_linked_where_they_belong(world: World, path: str) -> None:
    links = {link["rel"]: link["href"] for link in get(world, path).json()["links"]}
    assert "/tiles" in links[f"{REL}tilesets-map"]
    assert links[f"{REL}map"].partition("?")[0].endswith("/map")


def test_styles_are_linked_with_their_maps(world: World) -> None:
    for style in get(world, f"/collections/{ID}/styles").json()["styles"]:
        assert any(
            link["rel"] == f"{REL}map" and f"/styles/{style['id']}/map" in link["href"]
            for link in style["links"]
        )


def test_conformance_names_the_classes_that_are_kept(world: World) -> None:
    declared = set(get(world, "/conformance").json()["conformsTo"])
    tiles, maps = (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf",
        "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf",
    )
    assert {
        f"{tiles}/{name}"
        for name in (
            "core",
            "tileset",
            "tilesets-list",
            "dataset-tilesets",
            "geodata-tilesets",
            "png",
            "jpeg",
        )
    } <= declared
    kept = (
        "core",
        "collection-map",
        "dataset-map",
        "collections-selection",
        "styled-map",
        "datetime",
        "crs",
        "tilesets",
        "png",
        "jpeg",
        "tiff",
        "cors",
    )
    assert {f"{maps}/{name}" for name in kept} <= declared
    for half in ("background", "scaling", "spatial-subsetting"):
        assert f"{maps}/{half}" not in declared, (
            "kept in parts: void-color, scale-denominator, center and subset are not taken"
        )


def test_a_map_says_its_crs_and_its_box_to_pages_of_other_origins(world: World) -> None:
    answer = world.client.get(
        f"/ogcapi/collections/{ID}/map?width=20", headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    shown = {one.strip().lower() for one in answer.headers["access-control-expose-headers"].split(",")}
    assert {"content-crs", "content-bbox", "link"} <= shown
    assert answer.headers["content-crs"].startswith("<http://www.opengis.net/def/crs/")
    assert len(answer.headers["content-bbox"].split(",")) == 4


@pytest.mark.parametrize("where", ["2147483647/0", "0/2147483647"])
def test_a_tile_beyond_the_set_is_not_there(world: World, where: str) -> None:
    assert get(world, f"/collections/{ID}/map/tiles/WebMercatorQuad/10/{where}").status_code == 404
