# SPDX-License-Identifier: Apache-2.0
"""resto 2: each parameter finds what a search of the STAC API finds; pages; tokens; the zip; faults as its clients read them."""

import io
import zipfile

import pytest
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from catalog.query import Property
from catalog.xml.parse import parse
from ogc.resto.intervals import numbers

SEARCH = "/resto2/api/collections/{}/search.json"


def found(world: World, group: str = "SENTINEL2", **parameters: str) -> dict:
    answer = world.client.get(SEARCH.format(group), params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(world: World, group: str = "SENTINEL2", **parameters: str) -> set[str]:
    return {one["id"] for one in found(world, group, maxRecords="500", **parameters)["features"]}


def stac(world: World, **parameters: str) -> set[str]:
    answer = world.client.get("/stac/search", params={"limit": "500", **parameters})
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["features"]}


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        ({}, {}),
        ({"location": "T31TCJ"}, {"filter": "\"grid:code\" = 'MGRS-31TCJ'"}),
        ({"location": "31TCJ"}, {"filter": "\"grid:code\" = 'MGRS-31TCJ'"}),
        ({"tile": "T99XXX"}, {"filter": "\"grid:code\" = 'MGRS-99XXX'"}),
        ({"box": "0.4,44.1,0.6,44.3"}, {"bbox": "0.4,44.1,0.6,44.3"}),
        ({"geometry": "POINT(0.55 44.2)"}, {"intersects": '{"type": "Point", "coordinates": [0.55, 44.2]}'}),
        ({"lon": "0.55", "lat": "44.2"}, {"intersects": '{"type": "Point", "coordinates": [0.55, 44.2]}'}),
        ({"lon": "100", "lat": "0", "radius": "5000"}, {"bbox": "99.9,-0.1,100.1,0.1"}),
        ({"startDate": "2023-03-10"}, {"filter": "start_datetime >= DATE('2023-03-10')"}),
        ({"completionDate": "2023-03-10"}, {"filter": "start_datetime <= DATE('2023-03-10')"}),
        ({"startDate": "2023-03-05", "completionDate": "2023-03-05"}, {"filter": "start_datetime = DATE('2023-03-05')"}),
        ({"cloudCover": "[0,20]"}, {"filter": '"eo:cloud_cover" <= 20'}),
        ({"cloudCover": "]5"}, {"filter": '"eo:cloud_cover" > 5'}),
        ({"platform": "SENTINEL2A"}, {"filter": "platform = 'SENTINEL2A'"}),
        ({"platform": "sentinel2%"}, {}),
        ({"platform": "SENTINEL2A|SENTINEL2B"}, {"filter": "platform IN ('SENTINEL2A','SENTINEL2B')"}),
        ({"processingLevel": "LEVEL2A"}, {"collections": "sentinel2-l2a"}),
        ({"processingLevel": "LEVEL3A", "productType": "REFLECTANCE"}, {"collections": "sentinel2-l3a"}),
        ({"productType": "SNOW_MASK"}, {"collections": "nothing"}),
    ],
)  # fmt: skip
def test_a_parameter_finds_what_the_stac_api_finds(
    world: World, asked: dict[str, str], same: dict[str, str]
) -> None:
    assert ids(world, **asked) == stac(world, **{"collections": "sentinel2-l2a,sentinel2-l3a", **same})


def test_words_find_and_a_foreign_collection_does_not_answer(world: World) -> None:
    assert ids(world, "Snow") == stac(world, collections="snow-cover,snow-fsc")
    assert ids(world, "sentinel2-l2a") == stac(world, collections="sentinel2-l2a")
    assert ids(world, "sentinel2-l2a", q="reflectance") == ids(world, "sentinel2-l2a")
    assert not ids(world, "sentinel2-l2a", q="submarine")
    every = world.client.get("/resto2/api/collections/search.json", params={"maxRecords": "500"}).json()
    assert {"SENTINEL2", "Snow"} < {one["properties"]["collection"] for one in every["features"]}


def test_a_feature_has_what_clients_read(world: World) -> None:
    page = found(world, processingLevel="LEVEL2A", maxRecords="1")
    one = page["features"][0]
    said = one["properties"]
    assert said["productIdentifier"] == one["id"]
    assert (said["collection"], said["productType"], said["processingLevel"]) == ("SENTINEL2", "REFLECTANCE", "LEVEL2A")  # fmt: skip
    assert said["startDate"].startswith("2023-")
    assert said["platform"].startswith("SENTINEL2")
    assert said["storage"] == {"mode": "disk"}
    assert said["resolution"] in (10.0, 20.0)
    picture = world.client.get(said["quicklook"].removeprefix("http://maps.example"))
    assert picture.status_code == 200
    assert picture.headers["content-type"].startswith("image/")
    item = world.client.get(said["links"][0]["href"].removeprefix("http://maps.example")).json()
    assert item["properties"].get("eo:cloud_cover") == said["cloudCover"]


def test_pages_hold_each_product_once(world: World) -> None:
    every, at, walked = ids(world), {"maxRecords": "3"}, []
    page = found(world, **at)
    assert page["properties"]["totalResults"] == len(every)
    while True:
        walked += [one["id"] for one in page["features"]]
        onward = [link["href"] for link in page["properties"]["links"] if link["rel"] == "next"]
        if not onward:
            break
        page = world.client.get(onward[0].removeprefix("http://maps.example")).json()
    assert len(walked) == len(set(walked)) == len(every)
    assert [one["id"] for one in found(world, page="2", **at)["features"]] == walked[3:6]
    upwards = found(world, "sentinel2-l2a", maxRecords="500", sortParam="startDate", sortOrder="asc")[
        "features"
    ]
    starts = [one["properties"]["startDate"] for one in upwards]
    assert starts == sorted(starts)
    assert found(world, page="900", **at)["features"] == []


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"maxRecords": "501"}, "500"),
        ({"page": "20000"}, "narrow"),
        ({"cloudCover": "[a,b]"}, "number"),
        ({"cloudCover": "0,20"}, "interval"),
        ({"cloudCover": "{1,2"}, "interval"),
        ({"platform": "%"}, "list"),
        ({"sortParam": "size"}, "startDate"),
        ({"lat": "44"}, "together"),
        ({"lat": "440", "lon": "1"}, "geometry"),
        ({"geometry": "POLYGON((0 0,1 1,1 0,0 1,0 0))"}, "geometry"),
        ({"geometry": "FILE(/etc/passwd)"}, "WKT"),
        ({"box": "1,2,3"}, "four"),
        ({"startDate": "yesterday"}, "startDate".upper()),
        ({"relativeOrbitNumber": "51"}, "not a parameter"),
    ],
)
def test_refusals_are_those_that_clients_print(world: World, parameters: dict[str, str], word: str) -> None:
    answer = world.client.get(SEARCH.format("SENTINEL2"), params=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.json()["ErrorCode"] == 400
    assert word in answer.json()["ErrorMessage"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("5", [5], [4, 6]),
        ("{5,7}", [5, 7], [6]),
        ("[5,7]", [5, 6, 7], [4, 8]),
        ("[5,7[", [5, 6], [7]),
        ("]5,7]", [6, 7], [5]),
        ("]5,7[", [6], [5, 7]),
        ("[5", [5, 6], [4]),
        ("]5", [6], [5]),
        ("5]", [5, 4], [6]),
        ("5[", [4], [5]),
        ("[5,]", [5, 6], [4]),
        ("[,7]", [5, 7], [8]),
    ],
)
def test_the_interval_grammar(text: str, inside: list[int], outside: list[int]) -> None:
    holds = {"=": float.__eq__, "<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}

    def true(tree: object, value: float) -> bool:
        parts = getattr(tree, "parts", None)
        if parts is None:
            return holds[tree.relation.value](value, float(tree.value))
        return (any if type(tree).__name__ == "Or" else all)(true(part, value) for part in parts)

    tree = numbers(text, Property.CLOUD)
    assert all(true(tree, float(one)) for one in inside)
    assert not any(true(tree, float(one)) for one in outside)


def test_a_password_is_a_key_and_the_token_downloads(world: World) -> None:
    _, key = world.services.catalog.keys.create(KeyRequest("theia", Role.USER, ()), OPERATOR)
    wrong = world.client.post("/services/authenticate/", data={"ident": "me", "pass": "wrong"})
    assert (wrong.status_code, wrong.json()["ErrorCode"]) == (401, 401)
    token = world.client.post("/services/authenticate/", data={"ident": "me", "pass": key}).text
    one = found(world, processingLevel="LEVEL2A", maxRecords="1")["features"][0]
    address = f"/resto2/collections/SENTINEL2/{one['id']}/download/"
    sent = world.client.get(
        address, params={"issuerId": "theia"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (sent.status_code, sent.headers["content-type"]) == (200, "application/zip")
    names = zipfile.ZipFile(io.BytesIO(sent.content)).namelist()
    assert names
    assert all(name.startswith(f"{one['id']}/") for name in names)
    refused = world.client.get(address, headers={"Authorization": "Bearer nonsense"})
    assert (refused.status_code, refused.json()["ErrorCode"]) == (401, 401)
    assert world.client.get(address.replace("SENTINEL2/", "Snow/", 1)).status_code == 404
    assert world.client.get(SEARCH.format("PLEIADES")).json()["ErrorCode"] == 404


def test_the_collections_and_the_templates_are_described(world: World) -> None:
    said = world.client.get("/resto2/api/collections/describe.json").json()
    counts = {one["name"]: one["statistics"]["count"] for one in said["collections"]}
    assert counts["SENTINEL2"] == len(ids(world))
    assert said["synthesis"]["statistics"]["facets"]["collection"] == counts
    answer = world.client.get("/resto2/api/collections/SENTINEL2/describe.xml")
    root = parse(answer.content, 100_000)
    url = root.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert "cloudCover={eo:cloudCover?}" in url.get("template")
    options = {one.get("value") for one in url.iter("{*}Option")}
    assert options == {"LEVEL2A", "LEVEL3A", "REFLECTANCE"}
