# SPDX-License-Identifier: Apache-2.0
"""OpenSearch: the description describes what happens; every search is an Atom feed with the records of the other doors."""

import re
from typing import Any

import pytest
from lxml import etree
from support import World

NS = {
    "a": "http://www.w3.org/2005/Atom", "os": "http://a9.com/-/spec/opensearch/1.1/", "georss": "http://www.georss.org/georss", "dc": "http://purl.org/dc/elements/1.1/",
}  # fmt: skip


def feed(world: World, **parameters: Any) -> etree._Element:
    answer = world.client.get("/opensearch/search", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = etree.fromstring(answer.content)
    for name in ("id", "title", "updated"):
        assert root.findtext(f"a:{name}", namespaces=NS), "RFC 4287, 4.1.1"
        assert all(one.findtext(f"a:{name}", namespaces=NS) for one in root.iterfind("a:entry", NS)), (
            "RFC 4287, 4.1.2"
        )
    return root


def ids(root: etree._Element) -> list[str]:
    return [one.text for one in root.iterfind("a:entry/dc:identifier", NS)]


def local(address: str) -> str:
    return address.removeprefix("http://maps.example")


def test_each_template_of_the_description_answers_in_its_form(world: World) -> None:
    answer = world.client.get("/opensearch")
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    root = etree.fromstring(answer.content)
    assert len(root.findtext("os:ShortName", namespaces=NS)) <= 16
    assert root.find("os:Query[@role='example']", NS) is not None
    for url in root.iterfind("os:Url", NS):
        empty = re.sub(r"\{[^}]+\?\}", "", url.get("template"))
        found = world.client.get(local(empty))
        assert found.status_code == 200, found.text
        assert found.headers["content-type"].startswith(url.get("type"))
        filled = (
            url.get("template")
            .replace("{searchTerms?}", "neige")
            .replace("{geo:box?}", "0,44,1,45")
            .replace("{time:start?}", "2023-01-01")
        )
        found = world.client.get(local(re.sub(r"\{[^}]+\?\}", "", filled)))
        assert found.status_code == 200, found.text
        assert "snow" in found.text


def test_a_search_finds_what_the_records_api_finds(world: World) -> None:
    def records(**parameters: Any) -> set[str]:
        found = world.client.get(
            "/ogcapi/collections/metadata/items", params={"limit": 500, **parameters}
        ).json()
        return {one["id"] for one in found["features"]}

    assert set(ids(feed(world, count=500))) == records()
    assert set(ids(feed(world, count=500, q="neige"))) == records(q="neige")
    assert set(ids(feed(world, count=500, bbox="0.53,44.2,0.6,44.3"))) == records(bbox="0.53,44.2,0.6,44.3")
    assert set(ids(feed(world, count=500, start="2023-03-10", end="2023-03-31"))) == records(
        datetime="2023-03-10/2023-03-31"
    )
    assert set(ids(feed(world, type="series", count=500))) == records(type="series")
    assert set(ids(feed(world, collection="oso-23"))) == records(collection="oso-23")
    assert ids(feed(world, uid="oso-23")) == ["oso-23"]
    assert ids(feed(world, q="nothing of that kind")) == []
    box = feed(world, uid="oso-23").findtext("a:entry/georss:box", namespaces=NS).split()
    assert 44 < float(box[0]) < 45, "latitude first"
    geojson = world.client.get("/opensearch/search?format=json&uid=oso-23").json()
    assert geojson["properties"]["totalResults"] == 1
    assert geojson["features"][0]["id"] == "oso-23"


def test_pages_and_their_links(world: World) -> None:
    walked, address = [], "/opensearch/search?count=4&q=theia"
    total = 0
    while address:
        root = etree.fromstring(world.client.get(address).content)
        total = int(root.findtext("os:totalResults", namespaces=NS))
        walked += ids(root)
        following = root.find("a:link[@rel='next']", NS)
        address = local(following.get("href")) if following is not None else ""
    assert len(walked) == len(set(walked)) == total > 8
    updated = [one.text for one in feed(world, count=500).iterfind("a:entry/a:updated", NS)]
    assert updated == sorted(updated, reverse=True), "what changed last is first: a feed to subscribe to"
    entry = feed(world, uid="oso-23").find("a:entry", NS)
    assert world.client.get(local(entry.find("a:link[@rel='self']", NS).get("href"))).json()["id"] == "oso-23"


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=500000,4900000,600000,5000000",
        "start=yesterday",
        "start=2023-02-01&end=2023-01-01",
        "count=0",
        "count=x",
        "startIndex=0",
        "format=csv",
        "colour=red",
        "q=a&q=b",
    ],
)
def test_what_is_wrong_is_400(world: World, query: str) -> None:
    answer = world.client.get(f"/opensearch/search?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["locator"]
