# SPDX-License-Identifier: Apache-2.0
"""Vector tiles: what is in them is what the items say, where they say; cut, bounded, cached, refused like other tiles."""

import mapbox_vector_tile
import pytest
import shapely
from shapely.geometry import shape
from starlette.testclient import TestClient
from support import World

from catalog.crs import transform
from config.limits import Limits
from hysope.app import build

L2A = "sentinel2-l2a"
RIVERS = "hydroweb-rivers-operational"
MVT = "application/vnd.mapbox-vector-tile"
SPAN = 2 * 20_037_508.342789244


def tile_of(
    longitude: float, latitude: float, zoom: int
) -> tuple[int, int, tuple[float, float, float, float]]:
    """Row, column and the box in Web Mercator of the tile that holds a point."""
    x, y = transform(4326, 3857, *(shapely.get_coordinates(shapely.Point(longitude, latitude)).T))
    side = SPAN / 2**zoom
    column, row = int((x[0] + SPAN / 2) // side), int((SPAN / 2 - y[0]) // side)
    west, north = column * side - SPAN / 2, SPAN / 2 - row * side
    return row, column, (west, north - side, west + side, north)


def get(world: World, collection: str, zoom: int, row: int, column: int, **parameters: str):
    return world.client.get(
        f"/ogcapi/collections/{collection}/tiles/WebMercatorQuad/{zoom}/{row}/{column}", params=parameters
    )


def features(answer, box: tuple[float, float, float, float]) -> list[tuple[dict, shapely.Geometry]]:
    """Properties and geometries in degrees."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, MVT), answer.text
    (layer,) = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": False}).values()
    side = (box[2] - box[0]) / layer["extent"]

    def place(x, y):
        return transform(3857, 4326, box[0] + x * side, box[1] + y * side)

    return [
        (one["properties"], shapely.transform(shape(one["geometry"]), place, interleaved=False))
        for one in layer["features"]
    ]


def test_footprints_are_where_the_items_say(world: World) -> None:
    row, column, box = tile_of(0.51, 44.22, 10)
    found = {one["id"]: geometry for one, geometry in features(get(world, L2A, 10, row, column), box)}
    items = world.client.get(f"/ogcapi/collections/{L2A}/items?limit=100").json()["features"]
    assert found.keys() == {one["id"] for one in items}
    for item in items:
        outline = shape(item["geometry"])
        difference = outline.symmetric_difference(found[item["id"]]).area / outline.area
        assert difference < 0.05, "to a 4096th of a tile of 39 km, on a product of 2 km"


def test_their_properties_are_those_of_the_items(world: World) -> None:
    row, column, box = tile_of(0.51, 44.22, 10)
    (one, *_) = (
        properties
        for properties, _ in features(get(world, L2A, 10, row, column), box)
        if properties["id"] == "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"
    )
    item = world.client.get(f"/ogcapi/collections/{L2A}/items/{one['id']}").json()
    for name, value in item["properties"].items():
        assert one[name] == value, name


def test_a_tile_holds_its_part_only(world: World) -> None:
    row, column, box = tile_of(0.51, 44.22, 14)
    for _, geometry in features(get(world, L2A, 14, row, column), box):
        x, y = transform(4326, 3857, *shapely.get_coordinates(geometry).T)
        margin = (box[2] - box[0]) * 65 / 4_096
        assert x.min() >= box[0] - margin
        assert x.max() <= box[2] + margin
        assert y.min() >= box[1] - margin
        assert y.max() <= box[3] + margin
    assert features(get(world, L2A, 10, 0, 0), box) == []


def test_the_time_chooses(world: World) -> None:
    row, column, box = tile_of(0.51, 44.22, 10)
    found = features(
        get(world, L2A, 10, row, column, datetime="2023-03-05T00:00:00Z/2023-03-06T00:00:00Z"), box
    )
    assert [one["id"] for one, _ in found] == ["SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"]


def test_stations_are_points(hydro: World) -> None:
    items = hydro.client.get(f"/ogcapi/collections/{RIVERS}/items?limit=100").json()["features"]
    longitude, latitude = items[0]["geometry"]["coordinates"][:2]
    row, column, box = tile_of(longitude, latitude, 12)
    found = {one["id"]: geometry for one, geometry in features(get(hydro, RIVERS, 12, row, column), box)}
    here = found[items[0]["id"]]
    assert (here.x, here.y) == pytest.approx((longitude, latitude), abs=1e-4)


def test_every_grid_has_them(world: World) -> None:
    for grid in ("WorldCRS84Quad", "LAMB93"):
        metadata = world.client.get(f"/ogcapi/collections/{L2A}/tiles/{grid}?f=json").json()
        limits = metadata["tileMatrixSetLimits"][-4]
        path = f"/{limits['tileMatrix']}/{limits['minTileRow']}/{limits['minTileCol']}"
        answer = world.client.get(f"/ogcapi/collections/{L2A}/tiles/{grid}{path}")
        assert answer.status_code == 200
        (layer,) = mapbox_vector_tile.decode(answer.content).values()
        assert layer["features"], grid


def test_the_tilesets_say_what_they_are(world: World) -> None:
    collection = world.client.get(f"/ogcapi/collections/{L2A}?f=json").json()
    (link,) = (one for one in collection["links"] if one["rel"].endswith("tilesets-vector"))
    listed = world.client.get(link["href"].removeprefix("http://maps.example")).json()
    assert {one["dataType"] for one in listed["tilesets"]} == {"vector"}
    for one in listed["tilesets"]:
        href = one["links"][0]["href"].removeprefix("http://maps.example")
        metadata = world.client.get(href).json()
        assert metadata["layers"] == [{"id": L2A, "dataType": "vector"}]
        (template,) = (link for link in metadata["links"] if link["rel"] == "item")
        assert template["type"] == MVT
        limit = metadata["tileMatrixSetLimits"][0]
        address = template["href"].removeprefix("http://maps.example")
        for name, key in (("tileMatrix", "tileMatrix"), ("tileRow", "minTileRow"), ("tileCol", "minTileCol")):
            address = address.replace("{" + name + "}", str(limit[key]))
        assert world.client.get(address).status_code == 200
    page = world.client.get(f"/ogcapi/collections/{L2A}/tiles", headers={"accept": "text/html"})
    assert "WebMercatorQuad" in page.text


def test_a_tile_that_one_has_is_not_sent_again(world: World) -> None:
    row, column, _ = tile_of(0.51, 44.22, 10)
    first = get(world, L2A, 10, row, column)
    again = world.client.get(str(first.request.url), headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_tile_has_a_limit_of_features(world: World) -> None:
    settings = world.settings.model_copy(update={"limits": Limits(tile_features=2)})
    row, column, box = tile_of(0.51, 44.22, 10)
    with TestClient(build(settings)) as client:
        answer = client.get(f"/ogcapi/collections/{L2A}/tiles/WebMercatorQuad/10/{row}/{column}")
    assert len(features(answer, box)) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{L2A}/tiles/WebMercatorQuad/10/1024/0", 404),
        (f"{L2A}/tiles/WebMercatorQuad/10/-1/0", 404),
        (f"{L2A}/tiles/WebMercatorQuad/99/0/0", 404),
        (f"{L2A}/tiles/Nothing/1/0/0", 404),
        (f"{L2A}/tiles/Nothing", 404),
        ("nothing/tiles", 404),
        ("nothing/tiles/WebMercatorQuad/1/0/0", 404),
        (f"{L2A}/tiles/WebMercatorQuad/1/0/0?f=png", 400),
        (f"{L2A}/tiles/WebMercatorQuad/1/0/0?datetime=x", 400),
        (f"{L2A}/tiles/WebMercatorQuad/1/0/0?colour=red", 400),
    ],
)
def test_what_is_not_there_is_refused(world: World, path: str, status: int) -> None:
    answer = world.client.get(f"/ogcapi/collections/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
