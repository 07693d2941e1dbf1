# SPDX-License-Identifier: Apache-2.0
"""The page of a product: links that lead somewhere, structured data that agrees with the catalogue, two languages, rights."""

import html
import json
import re

import pytest
from starlette.testclient import TestClient
from support import World

from config.settings import Settings
from hysope.app import build


@pytest.fixture(scope="module")
def item(world: World) -> dict:
    found = world.client.get("/stac/search", params={"collections": "sentinel2-l2a", "limit": "1"}).json()
    return found["features"][0]


def shown(world: World, item: dict, **parameters: str) -> str:
    answer = world.client.get(f"/products/{item['id']}", params=parameters)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return answer.text


def test_every_link_of_the_page_answers(world: World, item: dict) -> None:
    page = shown(world, item)
    links = {html.unescape(one) for one in re.findall(r'(?:href|src)="(/[^"]*)"', page)}
    assert len([one for one in links if one.startswith("/files/")]) == len(item["assets"])
    for link in links:
        if not link.startswith(("/static/", "/#", "/search", "/stations", "/orders")) and link != "/":
            answer = world.client.get(link)
            assert answer.status_code == 200, link
            assert b"ExceptionReport" not in answer.content[:600], link
    alternate = next(one for one in item["links"] if one["rel"] == "alternate")
    assert alternate["href"].endswith(f"/products/{item['id']}")


def test_the_structured_data_is_that_of_the_catalogue(world: World, item: dict) -> None:
    text = re.search(r'<script type="application/ld\+json">(.*?)</script>', shown(world, item), re.DOTALL)
    assert text
    said = json.loads(text[1])
    assert (said["@type"], said["identifier"], said["version"]) == ("Dataset", item["id"], item["properties"]["version"])  # fmt: skip
    assert len(said["description"]) >= 50, "search engines want 50 characters"
    assert said["temporalCoverage"].split("/")[0] == item["properties"]["start_datetime"]
    west, south, east, north = item["bbox"]
    south_, west_, north_, east_ = map(float, said["spatialCoverage"]["geo"]["box"].split())
    assert (west_, south_, east_, north_) == (west, south, east, north)
    downloads = {one["contentUrl"]: one["encodingFormat"] for one in said["distribution"]}
    assert downloads == {one["href"]: one["type"].split(";")[0] for one in item["assets"].values()}


def test_a_collection_tells_what_it_covers(world: World) -> None:
    page = world.client.get("/collections/sentinel2-l2a").text
    text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert text
    said, collection = json.loads(text[1]), world.client.get("/stac/collections/sentinel2-l2a").json()
    assert said["temporalCoverage"].split("/") == collection["extent"]["temporal"]["interval"][0]
    west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
    assert said["spatialCoverage"]["geo"]["box"] == f"{south} {west} {north} {east}"


def test_the_page_speaks_two_languages_and_cites(world: World, item: dict) -> None:
    french, english = shown(world, item, lang="fr"), shown(world, item, lang="en")
    assert "Niveau" in french
    assert "Processing level" in english
    assert item["id"] in english
    assert "[data set]" in english
    assert "(Version " in english


def test_what_one_may_not_see_has_no_page(world: World, item: dict) -> None:
    assert world.client.get("/products/nothing").status_code == 404
    assert world.client.get("/products/%3Cscript%3E").status_code == 404
    closed = Settings(**{**world.settings.model_dump(), "access": {"sentinel2-l2a": ("users",)}})
    with TestClient(build(closed)) as client:
        assert client.get(f"/products/{item['id']}").status_code == 404
