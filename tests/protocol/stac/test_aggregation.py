# SPDX-License-Identifier: Apache-2.0
"""The aggregation extension: counts that agree with the items themselves, under every filter; faults; rights."""

from collections import Counter

import pytest
from support import World

NAMES = "total_count,datetime_min,datetime_max,collection_frequency,platform_frequency,grid_code_frequency,datetime_frequency,cloud_cover_frequency"


def counts(world: World, **parameters: str) -> dict[str, object]:
    answer = world.client.get("/stac/aggregate", params={"aggregations": NAMES, **parameters})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["type"] == "AggregationCollection"
    return {
        one["name"]: one["value"]
        if "value" in one
        else {bucket["key"]: bucket["frequency"] for bucket in one["buckets"]}
        for one in found["aggregations"]
    }


def items(world: World, **parameters: str) -> list[dict]:
    page, out = world.client.get("/stac/search", params={"limit": "50", **parameters}).json(), []
    while True:
        out += page["features"]
        following = [one["href"] for one in page["links"] if one["rel"] == "next"]
        if not following:
            return out
        page = world.client.get(following[0].removeprefix("http://maps.example")).json()


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"collections": "sentinel2-l2a"},
        {"datetime": "2023-03-01/2023-03-31"},
        {"bbox": "0.4,44.1,0.6,44.3"},
        {"query": '{"eo:cloud_cover": {"lt": 30}}'},
        {"filter": "eo:cloud_cover > 5"},
        {"q": "Sentinel"},
        {"collections": "nothing"},
    ],
)
def test_counts_are_those_of_the_items(world: World, parameters: dict[str, str]) -> None:
    found, every = counts(world, **parameters), items(world, **parameters)
    assert found["total_count"] == len(every)
    assert found["collection_frequency"] == Counter(one["collection"] for one in every)
    assert found["platform_frequency"] == Counter(
        one["properties"]["platform"] for one in every if one["properties"].get("platform")
    )
    assert found["grid_code_frequency"] == Counter(
        one["properties"]["grid:code"] for one in every if one["properties"].get("grid:code")
    )
    clouds = [one["properties"]["eo:cloud_cover"] for one in every if "eo:cloud_cover" in one["properties"]]
    assert found["cloud_cover_frequency"] == Counter(str(min(90, int(cloud // 10) * 10)) for cloud in clouds)
    starts = [one["properties"].get("start_datetime") or one["properties"]["datetime"] for one in every]
    assert found["datetime_frequency"] == Counter(start[:7] for start in starts)
    assert (found["datetime_min"] is None) == (not every)
    if every:
        assert str(found["datetime_min"])[:10] == min(starts)[:10]


def test_one_may_ask_by_post_and_of_a_collection(world: World) -> None:
    body = {"collections": ["sentinel2-l2a"], "aggregations": ["total_count"], "limit": 5}
    posted = world.client.post("/stac/aggregate", json=body).json()["aggregations"]
    got = world.client.get("/stac/collections/sentinel2-l2a/aggregate").json()["aggregations"]
    assert posted == got
    assert world.client.get("/stac/collections/nothing/aggregate").status_code == 404
    known = {one["name"] for one in world.client.get("/stac/aggregations").json()["aggregations"]}
    assert known == set(NAMES.split(","))
    landing = world.client.get("/stac").json()
    assert {"aggregate", "aggregations"} <= {one["rel"] for one in landing["links"]}


@pytest.mark.parametrize("query", ["aggregations=colour", "aggregations=total_count&colour=red", "bbox=1,2"])
def test_what_is_wrong_is_said(world: World, query: str) -> None:
    assert world.client.get(f"/stac/aggregate?{query}").status_code == 400
    assert world.client.post("/stac/aggregate", json=[]).status_code == 400
