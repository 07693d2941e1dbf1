# SPDX-License-Identifier: Apache-2.0
"""STAC API: documents that validate offline, the search in both ways, pages without gaps, rights, downloads with ranges."""

import hashlib
import json
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pystac
import pytest
import shapely
from openapi_spec_validator import OpenAPIV30SpecValidator
from pydantic import ValidationError
from shapely.geometry import shape
from stac_schemas import Schemas
from starlette.testclient import TestClient
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.query import Property, equal
from config.settings import Archive
from hysope.app import build
from hysope.commands.care import paths

BASE = "http://maps.example/stac"


def get(world: World, path: str = "", **parameters: str | int) -> dict[str, Any]:
    answer = world.client.get(f"/stac{path}", params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def search(world: World, **body: Any) -> dict[str, Any]:
    answer = world.client.post("/stac/search", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def ids(found: dict[str, Any]) -> list[str]:
    return [item["id"] for item in found["features"]]


def test_every_item_validates_with_its_extensions(world: World, schemas: Schemas) -> None:
    found = search(world, limit=100)
    assert found["numberMatched"] == len(found["features"]) == 10
    for item in found["features"]:
        pystac.Item.from_dict(item)
        schemas.validate(item, "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json")
        for extension in item["stac_extensions"]:
            schemas.validate(item, extension)


def test_every_item_of_every_family_validates(families: World, schemas: Schemas) -> None:
    found = search(families, limit=100)
    assert found["numberMatched"] == len(found["features"]) == 15
    metres = {}
    for item in found["features"]:
        schemas.validate(item, "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json")
        for extension in item["stac_extensions"]:
            schemas.validate(item, extension)
        metres[item["collection"]] = item["properties"]["gsd"]
    assert metres["dem"] == pytest.approx(92.8, abs=0.1), "three arc-seconds, in metres"
    assert metres["landsat-l2a"] == 30
    assert metres["precipitation"] == pytest.approx(55_660, abs=10)


def test_collections_and_the_landing_page_validate_and_lead_on(world: World, schemas: Schemas) -> None:
    landing = get(world)
    assert pystac.Catalog.from_dict(landing).id == "hysope"
    schemas.validate(landing, "https://schemas.stacspec.org/v1.1.0/catalog-spec/json-schema/catalog.json")
    rels = {link["rel"] for link in landing["links"]}
    assert {"self", "root", "conformance", "data", "search", "child", "service-desc", "service-doc"} <= rels
    for link in landing["links"]:
        if link.get("method", "GET") == "GET":
            assert world.client.get(link["href"].removeprefix("http://maps.example")).status_code == 200
    found = get(world, "/collections")["collections"]
    assert [one["id"] for one in found][:2] == ["sentinel2-l2a", "sentinel2-l3a"]
    assert "ndvi" not in [one["id"] for one in found], "no collection without a product"
    for one in found:
        pystac.Collection.from_dict(one)
        schemas.validate(
            one, "https://schemas.stacspec.org/v1.1.0/collection-spec/json-schema/collection.json"
        )
        assert get(world, f"/collections/{one['id']}") == one
        assert ids(get(world, f"/collections/{one['id']}/items"))


def test_the_api_document_is_valid_and_complete(world: World) -> None:
    answer = world.client.get("/stac/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    api = answer.json()
    OpenAPIV30SpecValidator(api).validate()
    routed = {
        (method, re.sub(r"\{[^}]+\}", "{}", route.path.removeprefix("/stac")) or "/")
        for route in world.client.app.routes
        if getattr(route, "path", "").startswith("/stac")
        for method in route.methods - {"HEAD"}
    }
    described = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, item in api["paths"].items()
        for method in item
    }
    assert described == routed | {("GET", "/")}
    for name in (one["$ref"].rpartition("/")[2] for one in api["paths"]["/search"]["get"]["parameters"]):
        refused = world.client.get("/stac/search", params={name: "\x00"})
        assert refused.status_code in (200, 400)
    assert "Search items" in world.client.get("/stac/api?f=html").text


def test_an_item_says_what_the_catalogue_knows(world: World) -> None:
    (name,) = [one for one in ids(search(world, limit=100)) if "20230305" in one and "_L2A_" in one]
    item = get(world, f"/collections/sentinel2-l2a/items/{name}")
    catalog = world.services.catalog
    (product,) = catalog.search(equal(Property.ID, name), OPERATOR, deadline())
    assert shape(item["geometry"]).equals_exact(shapely.from_wkb(product.footprint), 1e-12)
    properties = item["properties"]
    assert properties["datetime"].startswith("2023-03-05T10:50:31")
    assert (properties["proj:code"], properties["grid:code"], properties["gsd"]) == (
        "EPSG:32631",
        "MGRS-31TCJ",
        10.0,
    )
    assert properties["eo:cloud_cover"] == product.cloud
    band = item["assets"]["B4"]
    assert band["proj:shape"] == [200, 200]
    assert band["proj:transform"][:6] == [10.0, 0.0, 300_000.0, 0.0, -10.0, 4_900_020.0]
    assert (band["bands"][0]["raster:scale"], band["bands"][0]["nodata"]) == (0.0001, -10_000)
    assert set(item["assets"]) == {asset.key for asset in product.assets}


def deadline():
    from catalog.model.principal import Deadline

    return Deadline.after(10)


@pytest.mark.parametrize("order", ["-datetime", "+datetime"])
@pytest.mark.parametrize("body", [{}, {"bbox": [0.49, 44.2, 0.53, 44.24]}])
def test_pages_have_every_item_once_in_order(world: World, order: str, body: dict[str, Any]) -> None:
    whole = ids(
        search(
            world,
            limit=100,
            sortby=[{"field": "properties.datetime", "direction": "desc" if order[0] == "-" else "asc"}],
            **body,
        )
    )
    for limit in (1, 3, 4):
        seen: list[str] = []
        page = search(
            world,
            limit=limit,
            sortby=[{"field": "datetime", "direction": "desc" if order[0] == "-" else "asc"}],
            **body,
        )
        while True:
            seen += ids(page)
            following = next((link for link in page["links"] if link["rel"] == "next"), None)
            if following is None:
                break
            page = search(world, **following["body"])
        assert seen == whole
    parameters = {
        "limit": "4",
        "sortby": order,
        **({"bbox": ",".join(map(str, body["bbox"]))} if body else {}),
    }
    page, seen = get(world, "/search", **parameters), []
    while True:
        seen += ids(page)
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if following is None:
            break
        page = world.client.get(following.removeprefix("http://maps.example")).json()
    assert seen == whole


def test_filters_find_what_they_say(world: World) -> None:
    everything = search(world, limit=100)["features"]

    def expected(condition) -> list[str]:
        return [item["id"] for item in everything if condition(item)]

    def cloud(item: dict[str, Any]) -> float:
        return item["properties"].get("eo:cloud_cover", 200.0)

    assert ids(search(world, limit=100, collections=["sentinel2-l2a"])) == expected(
        lambda item: item["collection"] == "sentinel2-l2a"
    )
    assert ids(search(world, limit=100, query={"eo:cloud_cover": {"lt": 20}})) == expected(
        lambda item: cloud(item) < 20
    )
    assert ids(get(world, "/search", limit=100, query='{"eo:cloud_cover":{"lt":"20"}}')) == expected(
        lambda item: cloud(item) < 20
    )
    assert ids(
        search(
            world,
            limit=100,
            query={"eo:cloud_cover": {"gte": 1, "lte": 50}, "collection": {"eq": "sentinel2-l2a"}},
        )
    ) == expected(lambda item: 1 <= cloud(item) <= 50 and item["collection"] == "sentinel2-l2a")
    one = everything[0]["id"]
    assert ids(search(world, ids=[one, "nothing"])) == [one]
    assert ids(
        search(
            world,
            limit=100,
            datetime="2023-03-05T00:00:00Z/2023-03-06T00:00:00Z",
            collections=["sentinel2-l2a"],
        )
    ) == expected(
        lambda item: (
            item["collection"] == "sentinel2-l2a" and item["properties"]["datetime"][:10] == "2023-03-05"
        )
    )
    assert ids(search(world, limit=100, datetime="../2020-01-01t00:00:00z")) == expected(
        lambda item: item["properties"]["datetime"] < "2020-01-01"
    )
    assert ids(search(world, limit=100, datetime="../2020-01-01")) == expected(
        lambda item: item["properties"]["datetime"] < "2020-01-01"
    )
    assert ids(search(world, limit=100, query={"datetime": {"gte": "2023-04-01"}})) == expected(
        lambda item: item["properties"]["datetime"] >= "2023-04-01"
    )
    assert search(world, limit=100, query={"platform": {"in": ["nothing"]}})["features"] == []
    for query, wanted in (
        ({"platform": {"startsWith": "sentinel2", "endsWith": "b"}}, ("platform", "sentinel2b")),
        ({"collection": {"contains": "2-l2"}}, ("collection", "sentinel2-l2a")),
    ):
        found = search(world, limit=100, query=query)["features"]
        assert {(item | item["properties"])[wanted[0]] for item in found} == {wanted[1]}
    assert search(world, limit=100, query={"collection": {"contains": "%"}})["features"] == []


def test_geometries_are_met_exactly_not_by_their_boxes(world: World) -> None:
    """A thin diagonal whose box holds everything meets only what it crosses."""
    everything = search(world, limit=100)["features"]
    line = {"type": "LineString", "coordinates": [[0.40, 44.30], [0.515, 44.222], [0.60, 44.30]]}
    found = search(world, limit=100, intersects=line)
    assert found["numberMatched"] == len(found["features"])
    assert ids(found) == [
        item["id"] for item in everything if shape(item["geometry"]).intersects(shape(line))
    ]
    corner = {"type": "LineString", "coordinates": [[0.40, 44.20], [0.48, 44.30], [0.60, 44.30]]}
    assert ids(search(world, limit=100, intersects=corner)) == []
    across = search(world, limit=100, bbox=[170.0, 40.0, 0.51, 50.0])
    assert ids(across) == [
        item["id"]
        for item in everything
        if shape(item["geometry"]).intersects(shapely.box(-180, 40, 0.51, 50))
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"bbox": [1, 2, 3]}, "bbox is four or six"),
        ({"bbox": [0, 50, 1, 40]}, "bbox is west"),
        ({"bbox": ["0", 1, 2, 3]}, "bbox is four or six"),
        ({"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}}, "not both"),
        ({"intersects": {"type": "Point"}}, "not a GeoJSON"),
        (
            {"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}},
            "not a valid",
        ),
        ({"intersects": {"type": "Point", "coordinates": [500, 0]}}, "not a valid"),
        ({"intersects": "here"}, "not a GeoJSON"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "../.."}, "open"),
        ({"datetime": 7}, "datetime"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": True}, "limit"),
        ({"ids": "a b"}, ""),
        ({"ids": [1]}, "ids"),
        ({"collections": {"a": 1}}, "collections"),
        ({"query": {"colour": {"eq": "red"}}}, "colour"),
        ({"query": {"eo:cloud_cover": 7}}, "object"),
        ({"query": {"eo:cloud_cover": {"like": 7}}}, "like"),
        ({"fields": None}, "fields"),
        ({"query": {"eo:cloud_cover": {"contains": "7"}}}, "pattern"),
        ({"query": {"platform": {"startsWith": 7}}}, "pattern"),
        ({"query": {"eo:cloud_cover": {"lt": "x"}}}, "number"),
        ({"query": {"eo:cloud_cover": {"in": 7}}}, "list"),
        ({"sortby": [{"field": "colour"}]}, "sorted"),
        ({"token": "bm90aGluZw=="}, "token"),
        ({"token": 7}, "token"),
        ({"colour": "red"}, "colour"),
        ([], "object"),
    ],
)
def test_a_wrong_search_is_refused_with_its_reason(world: World, body: Any, says: str) -> None:
    answer = world.client.post("/stac/search", json=body)
    if body == {"ids": "a b"}:
        assert answer.json()["features"] == []
        return
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["description"]


def test_a_limit_above_the_greatest_is_lowered_and_a_body_that_is_no_json_refused(world: World) -> None:
    assert len(search(world, limit=10_000)["features"]) == 10
    for body in (b"{", b"[" * 500, b"\xff", b'{"limit": NaN}'):
        assert world.client.post("/stac/search", content=body).status_code == 400


def test_what_is_not_there_is_404(world: World) -> None:
    for path in (
        "/collections/nothing",
        "/collections/nothing/items",
        "/collections/sentinel2-l2a/items/nothing",
        "/collections/oso-23/items/SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D",
    ):
        answer = world.client.get(f"/stac{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    assert world.client.get("/stac/collections/sentinel2-l2a/items?collections=oso-23").status_code == 400


def test_every_asset_downloads_whole_and_in_parts(world: World) -> None:
    (item,) = search(world, limit=1, collections=["sentinel2-l2a"])["features"]
    for asset in item["assets"].values():
        path = asset["href"].removeprefix("http://maps.example")
        whole = world.client.get(path)
        assert whole.status_code == 200
        assert whole.headers["content-type"] == asset["type"]
        if "file:size" in asset:
            assert len(whole.content) == asset["file:size"]
        if "file:checksum" in asset:
            assert asset["file:checksum"] == f"1220{hashlib.sha256(whole.content).hexdigest()}"
        part = world.client.get(path, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert world.client.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
        assert world.client.head(path).headers["content-length"] == str(len(whole.content))
    for wrong in (
        "/files/nothing/B4",
        f"/files/{item['id']}/nothing",
        f"/files/{item['id']}/..%2f..%2fhysope.db",
    ):
        assert world.client.get(wrong).status_code == 404


def test_a_protected_collection_is_there_for_its_group_only(products: Path, tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from config.settings import Settings
    from hysope.app import build
    from hysope.wiring import wire_catalog, wire_ingest

    settings = Settings(data=tmp_path, access={"oso-23": ("land",)})
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(
        worker.find([path for path in products.iterdir() if "2022" in path.name or "20230315" in path.name])
    )
    _, key = catalog.keys.create(KeyRequest("stella", Role.USER, ("land",)), OPERATOR)
    catalog.close()
    with TestClient(build(settings)) as client:
        secret = {"X-API-Key": key}
        mine = client.post("/stac/search", json={"collections": ["oso-23"]}, headers=secret).json()[
            "features"
        ]
        assert len(mine) == 1
        path = mine[0]["assets"]["CLASS"]["href"].partition("/files")[2]
        assert client.get(f"/files{path}", headers=secret).status_code == 200
        assert client.get(f"/files{path}").status_code == 404
        assert client.get("/stac/collections/oso-23").status_code == 404
        assert client.post("/stac/search", json={"ids": [mine[0]["id"]]}).json()["features"] == []
        assert "oso-23" not in client.get("/stac/collections").text
        assert client.get("/stac", headers={"X-API-Key": "hyk_wrong"}).status_code == 401


def test_cql2_in_both_encodings_answers_as_the_plain_search_does(world: World) -> None:
    """Each question as CQL2 text, as CQL2 JSON, and answered by hand over all items."""
    everything = search(world, limit=100)["features"]
    middle = shape({"type": "Point", "coordinates": [0.498, 44.215]})
    line = {"type": "LineString", "coordinates": [[0.40, 44.30], [0.515, 44.222], [0.60, 44.30]]}
    prop, op = lambda name: {"property": name}, lambda name, *args: {"op": name, "args": list(args)}

    def cloud(item):
        return item["properties"].get("eo:cloud_cover")

    cases = [
        (
            "eo:cloud_cover < 20 AND collection = 'sentinel2-l2a'",
            op("and", op("<", prop("eo:cloud_cover"), 20), op("=", prop("collection"), "sentinel2-l2a")),
            lambda item: (
                item["collection"] == "sentinel2-l2a" and cloud(item) is not None and cloud(item) < 20
            ),
        ),
        (
            "20 >= eo:cloud_cover",
            op(">=", 20, prop("eo:cloud_cover")),
            lambda item: cloud(item) is not None and cloud(item) <= 20,
        ),
        ("eo:cloud_cover IS NULL", op("isNull", prop("eo:cloud_cover")), lambda item: cloud(item) is None),
        (
            "eo:cloud_cover BETWEEN 1 AND 40",
            op("between", prop("eo:cloud_cover"), 1, 40),
            lambda item: cloud(item) is not None and 1 <= cloud(item) <= 40,
        ),
        (
            "NOT (collection IN ('sentinel2-l2a', 'oso-23')) OR platform = 'sentinel2b'",
            op(
                "or",
                op("not", op("in", prop("collection"), ["sentinel2-l2a", "oso-23"])),
                op("=", prop("platform"), "sentinel2b"),
            ),
            lambda item: (
                item["collection"] not in ("sentinel2-l2a", "oso-23")
                or item["properties"].get("platform") == "sentinel2b"
            ),
        ),
        (
            "CASEI(id) LIKE CASEI('sentinel2a%')",
            op("like", op("casei", prop("id")), op("casei", "sentinel2a%")),
            lambda item: item["id"].startswith("SENTINEL2A"),
        ),
        (
            "grid:code = 'MGRS-31TCJ'",
            op("=", prop("grid:code"), "MGRS-31TCJ"),
            lambda item: item["properties"].get("grid:code") == "MGRS-31TCJ",
        ),
        (
            "S_INTERSECTS(geometry, LINESTRING(0.40 44.30, 0.515 44.222, 0.60 44.30)) AND NOT S_INTERSECTS(geometry, POINT(0.498 44.215))",
            op(
                "and",
                op("s_intersects", prop("geometry"), line),
                op("s_disjoint", prop("geometry"), {"type": "Point", "coordinates": [0.498, 44.215]}),
            ),
            lambda item: (
                shape(item["geometry"]).intersects(shape(line))
                and not shape(item["geometry"]).intersects(middle)
            ),
        ),
        (
            "T_INTERSECTS(datetime, INTERVAL('2023-03-01T00:00:00Z', '..'))",
            op("t_intersects", prop("datetime"), {"interval": ["2023-03-01T00:00:00Z", ".."]}),
            lambda item: item["properties"]["end_datetime"] >= "2023-03-01",
        ),
        (
            "datetime < DATE('2020-01-01')",
            op("<", prop("datetime"), {"date": "2020-01-01"}),
            lambda item: item["properties"]["datetime"] < "2020-01-01",
        ),
        (
            "T_AFTER(datetime, DATE('2023-03-05'))",
            op("t_after", prop("datetime"), {"date": "2023-03-05"}),
            lambda item: item["properties"]["datetime"] >= "2023-03-06",
        ),
    ]
    for text, document, right in cases:
        expected = [item["id"] for item in everything if right(item)]
        assert 0 < len(expected) < len(everything), text
        found = search(world, limit=100, filter=document, **{"filter-lang": "cql2-json"})
        assert ids(found) == expected, text
        assert found["numberMatched"] == len(expected)
        assert ids(get(world, "/search", limit=100, filter=text)) == expected, text
        assert (
            ids(get(world, "/search", limit=100, filter=json.dumps(document), **{"filter-lang": "cql2-json"}))
            == expected
        )


@pytest.mark.parametrize(
    "text",
    [
        "", "colour = 'red'", "eo:cloud_cover < 'a lot'", "id", "id = ", "S_INTERSECTS(geometry, POINT(500 0))", "S_INTERSECTS(id, POINT(0 0))",
        "S_WITHIN(geometry, POINT(0 0))", "T_AFTER(id, DATE('2020-01-01'))", "datetime > DATE('2020-13-01')", "a_contains(id, ('x'))", "id = platform",
        "eo:cloud_cover + 1 < 5", "casei(id) = 'x'", "id like 5", "foo(id) = 1", "id = 'x'; drop table product", "id = NULL",
        "(" * 31 + "id='x'" + ")" * 31, "eo:cloud_cover = " + "-" * 6_000 + "1", "eo:cloud_cover = " + "- " * 3_000 + "1", "not " * 1_000 + "id='x'",
        "id='x' and " * 700 + "id='y'", "id IN (" + ",".join(["'x'"] * 250) + ")", "x" * 8_193,
        "cl" + "(" * 29 + "oud_cm. ''", "S_INTERSECTS(geometry, POINT" + "(" * 24 + "1 2" + ")" * 25, ")id='x'(", "(" * 13 + " and ".join(["(id='x')"] * 200) + " a b" + ")" * 13,
    ],
)  # fmt: skip
def test_a_filter_that_is_none_is_refused_fast_and_the_server_goes_on(world: World, text: str) -> None:
    answer = world.client.post("/stac/search", json={"filter": text, "filter-lang": "cql2-text"})
    if not text:
        assert answer.status_code == 200
        return
    assert answer.status_code == 400, answer.text
    assert "filter" in answer.json()["description"]


@pytest.mark.parametrize(
    "document",
    [
        [], 7, {"op": "and"}, {"op": "and", "args": []}, {"op": 7, "args": [1]}, {"op": "=", "args": [1]}, {"op": "=", "args": [1, 2]},
        {"op": "=", "args": [{"property": 7}, 1]}, {"op": "=", "args": [{"property": "id"}, {"a": 1}]}, {"op": "in", "args": [{"property": "id"}, "x"]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [1, 2]}]}, {"op": "s_intersects", "args": [{"property": "geometry"}, 7]},
        {"op": "t_during", "args": [{"property": "datetime"}, {"interval": ["2020-01-01"]}]},
        {"op": "t_during", "args": [{"property": "datetime"}, {"interval": ["..", ".."]}]}, {"property": "id"},
    ],
)  # fmt: skip
def test_a_json_filter_that_is_none_is_refused(world: World, document: Any) -> None:
    answer = world.client.post("/stac/search", json={"filter": document})
    assert answer.status_code == 400 or (document == [] and answer.status_code == 400), answer.text


def test_every_queryable_of_the_schema_may_be_asked(world: World) -> None:
    for path in ("/queryables", "/collections/sentinel2-l2a/queryables"):
        schema = get(world, path)
        assert schema["$id"] == f"{BASE}{path}"
        for name, one in schema["properties"].items():
            if name == "geometry":
                continue
            value = {"number": "5", "string": "'2023-01-01'"}[one["type"]]
            assert world.client.get("/stac/search", params={"filter": f"{name} > {value}"}).status_code == 200
    assert world.client.get("/stac/collections/nothing/queryables").status_code == 404


def test_free_text_fields_and_the_search_of_collections(world: World) -> None:
    assert ids(search(world, limit=100, q=["oso"])) == ids(
        search(world, limit=100, collections=["oso-17", "oso-23"])
    )
    assert ids(get(world, "/search", limit=100, q="nothing at all,OSO")) == ids(
        search(world, limit=100, q=["oso"])
    )
    (item,) = search(world, limit=1, fields={"include": ["properties.datetime", "geometry"]})["features"]
    assert set(item) == {"id", "type", "collection", "geometry", "properties"}
    assert set(item["properties"]) == {"datetime"}
    (item,) = get(world, "/search", limit=1, fields="-assets,-properties.title")["features"]
    assert "assets" not in item
    assert "title" not in item["properties"]
    assert "datetime" in item["properties"]

    def names(**parameters: str | int) -> list[str]:
        return [one["id"] for one in get(world, "/collections", **parameters)["collections"]]

    assert set(names(q="neige")) == {"sentinel2-l2a", "snow-cover", "snow-fsc"}
    assert names(bbox="100,0,110,10") == []
    assert set(names(bbox="0,44,1,45", datetime="2023-03-01/..")) >= {"sentinel2-l2a"}
    assert "oso-23" not in names(datetime="2023-03-01/..")
    assert len(names(limit=2)) == 2
    assert world.client.get("/stac/collections?colour=red").status_code == 400


def test_pages_by_number_are_those_of_the_links(world: World) -> None:
    """GEODES and hydroweb.next page by a number, as a text too, and sort by `sortBy`."""
    body = {"limit": 3, "sortBy": [{"field": "start_datetime", "direction": "dsc"}]}
    pages = [world.client.post("/stac/search", json={**body, "page": str(one)}).json() for one in (1, 2, 3)]
    walked, page = [], world.client.post("/stac/search", json=body).json()
    for _ in pages:
        walked.append([one["id"] for one in page["features"]])
        onward = next(one for one in page["links"] if one["rel"] == "next")
        page = world.client.post("/stac/search", json=onward["body"]).json()
    assert [[one["id"] for one in page["features"]] for page in pages] == walked
    assert pages[0]["context"] == {"matched": pages[0]["numberMatched"], "returned": 3}
    onward = next(one for one in pages[0]["links"] if one["rel"] == "next")
    second = world.client.post("/stac/search", json=onward["body"]).json()
    assert [one["id"] for one in second["features"]] == walked[1]
    assert world.client.get("/stac/search", params={"page": "900"}).json()["features"] == []
    for wrong in ({"page": 0}, {"page": "x"}, {"page": True}, {"page": 20_000}, {"page": 2, "token": onward["body"]["token"]}):  # fmt: skip
        assert world.client.post("/stac/search", json=wrong).status_code == 400


def test_collections_are_asked_by_a_body_too(world: World) -> None:
    every = world.client.get("/stac/collections").json()["collections"]
    assert (
        world.client.post("/stac/collections", json={"limit": 10_000, "page": 1}).json()["collections"]
        == every
    )
    assert world.client.post("/stac/collections", json={"page": 2}).status_code == 400
    assert world.client.post("/stac/collections", json={"size": 2}).status_code == 400


def test_assets_tell_the_other_ways_to_the_archive(
    world: World, schemas: Schemas, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = {"s3": "s3://bucket/archive/", "cluster": "file:///data/archive"}
    settings = world.settings.model_copy(update={"archive": Archive(addresses=ways)})
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        found = client.get("/stac/search?collections=sentinel2-l2a&limit=1").json()["features"][0]
    assert any("alternate-assets" in one for one in found["stac_extensions"])
    for extension in found["stac_extensions"]:
        schemas.validate(found, extension)
    product = world.services.catalog.product(found["id"], OPERATOR, Deadline.after(10))
    path = product.asset_of("B4").path
    assert found["assets"]["B4"]["alternate"] == {
        "s3": {"href": f"s3://bucket/archive/{path}", "alternate:name": "s3"},
        "cluster": {"href": f"file:///data/archive/{path}", "alternate:name": "cluster"},
    }
    assert paths(settings, Namespace(products=[product.id])) == 0
    told = capsys.readouterr().out
    assert (
        f"{product.id}  B4  {world.services.catalog.archive / path}  s3://bucket/archive/{path}  file:///data/archive/{path}\n"
        in told
    )
    assert paths(settings, Namespace(products=["nothing"])) == 1
    with pytest.raises(ValidationError):
        Archive(addresses={"s3": "bucket"})
