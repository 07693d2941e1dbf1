# SPDX-License-Identifier: Apache-2.0
"""DCAT: the records of the other doors as nodes, pages that lead on, and refusals."""

import re
from typing import Any

import pytest
from support import World

BASE = "http://maps.example"


def page(world: World, **parameters: str) -> dict[str, Any]:
    answer = world.client.get("/dcat", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/ld+json"
    return answer.json()


def nodes(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["@graph"][0].get("dcat:dataset", [])


def every(world: World) -> list[dict[str, Any]]:
    out, number = [], 1
    while True:
        document = page(world, page=str(number))
        out += nodes(document)
        if "hydra:next" not in document["@graph"][1]:
            return out
        number += 1


def test_every_record_is_a_node_once(world: World) -> None:
    found = [one["dct:identifier"] for one in every(world)]
    records, address = [], "/ogcapi/collections/metadata/items?limit=100"
    while address:
        answer = world.client.get(address).json()
        records += [one["id"] for one in answer["features"]]
        address = next(
            (link["href"].removeprefix(BASE) for link in answer["links"] if link["rel"] == "next"), ""
        )
    assert sorted(found) == sorted(records)
    assert page(world)["@graph"][1]["hydra:totalItems"] == len(records)


def test_a_node_says_what_the_record_says_and_its_name_leads_to_it(world: World) -> None:
    product = next(
        one for one in every(world) if one["@type"] == "dcat:Dataset" and "_L2A_" in one["dct:identifier"]
    )
    record = world.client.get(f"/ogcapi/collections/metadata/items/{product['dct:identifier']}").json()
    assert product["dct:title"]["@value"] == record["properties"]["title"]
    assert product["dct:modified"]["@value"] == record["properties"]["updated"]
    assert [one["@value"] for one in product["dcat:keyword"]] == record["properties"]["keywords"]
    ring = record["geometry"]["coordinates"][0]
    numbers = [float(one) for one in re.findall(r"-?[0-9.]+", product["dct:spatial"]["dcat:bbox"]["@value"])]
    assert numbers == pytest.approx([side for corner in ring for side in corner], abs=1e-4)
    assert product["dcat:distribution"]
    assert all(one["dcat:accessURL"]["@id"].startswith("http") for one in product["dcat:distribution"])
    alone = world.client.get(product["@id"].removeprefix(BASE)).json()
    assert {name: value for name, value in alone.items() if name != "@context"} == product
    series = world.client.get(product["dcat:inSeries"]["@id"].removeprefix(BASE)).json()
    assert series["@type"] == "dcat:DatasetSeries"


def test_filters_are_those_of_the_search(world: World) -> None:
    for sent in ({"q": "reflectance"}, {"bbox": "0.4,44.1,0.6,44.3"}, {"collection": "sentinel2-l2a"}):
        expected = world.client.get(
            "/opensearch/search", params={**sent, "format": "json", "count": "500"}
        ).json()
        assert page(world, **sent)["@graph"][1]["hydra:totalItems"] == expected["properties"]["totalResults"]
    view = page(world, q="reflectance")["@graph"][1]
    assert view["@id"] == f"{BASE}/dcat?q=reflectance&page=1"


def test_refusals(world: World) -> None:
    for address, status in (
        ("/dcat?page=0", 400), ("/dcat?page=x", 400), ("/dcat?colour=red", 400), ("/dcat?bbox=1,2", 400), ("/dcat/none", 404), ("/dcat/none?x=1", 400), ("/dcat?count=5", 400),
    ):  # fmt: skip
        answer = world.client.get(address)
        assert answer.status_code == status, address
    assert nodes(page(world, page="9999")) == []
