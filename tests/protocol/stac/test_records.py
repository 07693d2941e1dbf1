"""What is no product of ours at the STAC API: stations, and what other centres catalogue, in one list with the products."""

import json
from pathlib import Path
from typing import Any

import pystac
import pytest
from centres import CENTRES, REAL, Centre, made, settings_of
from stac_schemas import Schemas
from starlette.testclient import TestClient
from support import fresh_database

from config.settings import Database
from hysope.app import build

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared samples are not beside this clone")


def test_every_collection_and_item_validates_and_is_where_it_says(centre: Centre, schemas: Schemas) -> None:
    collections = centre.get("/stac/collections")["collections"]
    names = [one["id"] for one in collections]
    assert names[-4:] == list(CENTRES) and "hydroweb-rivers" in " ".join(names) and "sentinel2-l2a" in names
    landing = centre.get("/stac")
    assert [one["href"].rpartition("/")[2] for one in landing["links"] if one["rel"] == "child"] == names
    kept = 0
    for collection in collections:
        pystac.Collection.from_dict(collection)
        schemas.core(collection)
        assert centre.get(f"/stac/collections/{collection['id']}") == collection
        page = centre.get(f"/stac/collections/{collection['id']}/items?limit=1000")
        assert page["numberMatched"] == len(page["features"]) > 0
        for item in page["features"]:
            assert item["collection"] == collection["id"]
            pystac.Item.from_dict(item)
            if item["stac_version"] == "1.1.0":
                schemas.core(item)
            here = next(one["href"] for one in item["links"] if one["rel"] == "self")
            assert centre.get(here) == item
            kept += 1
    assert kept == centre.search(limit=1)["numberMatched"]


def test_what_another_centre_wrote_is_given_as_it_wrote_it(centre: Centre) -> None:
    written = json.loads((REAL / "provider-responses" / "earth_search_search.json").read_text())["features"]
    found = centre.get("/stac/collections/earth/items?limit=1000")["features"]
    by_id = {item["id"]: item for item in found}
    assert set(by_id) == {f"earth:{one['id']}" for one in written}
    for one in written:
        item = by_id[f"earth:{one['id']}"]
        for member in ("geometry", "bbox", "properties", "assets", "stac_version", "stac_extensions"):
            assert item[member] == one[member], member
        rels = [link["rel"] for link in item["links"]]
        assert rels.count("self") == rels.count("collection") == rels.count("via") == 1


def test_a_record_that_is_no_item_says_what_it_says_elsewhere(centre: Centre, schemas: Schemas) -> None:
    items = centre.get("/stac/collections/bretagne/items?limit=1000")["features"]
    assert items
    for item in items:
        record = centre.get(f"/ogcapi/collections/metadata/items/{item['id']}")
        assert item["properties"]["title"] == record["properties"]["title"]
        assert item["geometry"] == record["geometry"]
        assert [item["properties"][f"{end}_datetime"] for end in ("start", "end")] == [
            end.replace("..", "9999-12-31T00:00:00Z") for end in record["time"]["interval"]
        ]
        sheet = centre.client.get(item["assets"]["metadata"]["href"].removeprefix("http://maps.example"))
        assert sheet.status_code == 200 and b"_Metadata" in sheet.content


def test_a_station_is_an_item_with_its_observations(centre: Centre) -> None:
    (item,) = centre.search(q=["Garonne"], collections=["hydroweb-rivers-operational"])["features"]
    assert item["geometry"]["type"] == "Point"
    answer = centre.client.get(item["assets"]["csv"]["href"].removeprefix("http://maps.example"))
    assert answer.headers["content-type"].startswith("text/csv") and len(answer.text.splitlines()) > 10
    for name in ("parquet", "netcdf"):
        assert centre.client.get(item["assets"][name]["href"].removeprefix("http://maps.example")).status_code == 200  # fmt: skip


def moments(item: dict[str, Any]) -> str:
    return (
        item["properties"]["start_datetime"]
        if item["properties"]["datetime"] is None
        else item["properties"]["datetime"]
    )


@pytest.mark.parametrize("order", ["+properties.datetime", "-properties.datetime"])
@pytest.mark.parametrize("limit", [1, 3, 7, 1_000])
def test_pages_have_every_item_once_and_in_order(centre: Centre, order: str, limit: int) -> None:
    pages = centre.walk(limit=limit, sortby=order.split(","))
    items = [one for page in pages for one in page]
    assert len({one["id"] for one in items}) == len(items) == centre.search(limit=1)["numberMatched"]
    assert all(len(page) == limit for page in pages[:-1])
    assert len({one["collection"] for one in items}) >= 7
    days = [moments(one)[:10] for one in items if "l3a" not in one["collection"]]
    assert days == sorted(days, reverse=order[0] == "-"), "a synthesis goes by the day that it stands for"
    numbered = [centre.search(limit=limit, sortby=[order], page=at + 1)["features"] for at in range(len(pages))]  # fmt: skip
    assert numbered == pages


@pytest.mark.parametrize("sign", ["+", "-"])
def test_items_are_sorted_by_clouds_and_what_has_none_comes_last(centre: Centre, sign: str) -> None:
    def cloud(item: dict[str, Any]) -> float | None:
        return item["properties"].get("eo:cloud_cover") if "via" not in {one["rel"] for one in item["links"]} else None  # fmt: skip

    every = [one["id"] for one in centre.search(limit=1_000)["features"]]
    for limit in (1, 4, 1_000):
        items = [one for page in centre.walk(limit=limit, sortby=[f"{sign}properties.eo:cloud_cover"]) for one in page]  # fmt: skip
        assert sorted(one["id"] for one in items) == sorted(every)
        known = [value for one in items if (value := cloud(one)) is not None]
        assert len(set(known)) > 1 and known == sorted(known, reverse=sign == "-")
        assert all(cloud(one) is None for one in items[len(known) :])
    by_field = centre.search(limit=1_000, sortby=[{"field": "eo:cloud_cover", "direction": "desc" if sign == "-" else "asc"}])  # fmt: skip
    assert [one["id"] for one in by_field["features"]] == [one["id"] for one in items]
    numbered = centre.search(limit=4, page=2, sortby=[f"{sign}eo:cloud_cover"])["features"]
    assert [one["id"] for one in numbered] == [one["id"] for one in items[4:8]]


def test_the_same_ids_as_at_the_records_door(centre: Centre) -> None:
    """All that says a time; collections and products of ours are collections and items of their own there, too."""
    records = centre.get("/ogcapi/collections/metadata/items?limit=1000")["features"]
    ours = {one["id"] for one in centre.get("/stac/collections")["collections"]}
    timed = {one["id"] for one in records if one["time"] is not None} - ours
    assert {one["id"] for one in centre.search(limit=1_000)["features"]} == timed


@pytest.mark.parametrize(
    "body",
    [{"bbox": [-5, 41, 10, 52]}, {"bbox": [-12, 50, -5, 56]}, {"datetime": "2018-01-01T00:00:00Z/2019-01-01T00:00:00Z"}, {"q": ["bretagne"]}, {"q": ["Garonne", "Snow"]},
     {"collections": ["sara"]}, {"collections": ["bretagne", "sentinel2-l2a"]}, {"filter": "collection = 'geodes' or collection = 'snow-cover'"}],
)  # fmt: skip
def test_a_search_finds_what_the_records_door_finds(centre: Centre, body: dict[str, Any]) -> None:
    every = {one["id"]: one for one in centre.search(limit=1_000)["features"]}
    found = {one["id"] for one in centre.search(**body, limit=1_000)["features"]}
    asked = {name: value for name, value in body.items() if name in ("bbox", "datetime", "q")}
    query = "&".join(f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}" for name, value in asked.items())  # fmt: skip
    there = {
        one["id"] for one in centre.get(f"/ogcapi/collections/metadata/items?limit=1000&{query}")["features"]
    }
    names = body.get("collections") or (["geodes", "snow-cover"] if "filter" in body else None)
    wanted = {key for key in there & set(every) if names is None or every[key]["collection"] in names}
    if "bbox" not in body:
        assert found == wanted
    else:  # footprints of products are met exactly, those of records by their boxes
        assert found <= wanted and {key for key in wanted if not every[key]["collection"].startswith(("sentinel2", "snow"))} <= found  # fmt: skip
    assert found or body.get("q")


def test_what_a_record_does_not_say_is_no_match_and_no_opposite(centre: Centre) -> None:
    for text in ("\"eo:cloud_cover\" < 101", "not (\"eo:cloud_cover\" < 101)", "platform <> 'X'", "not platform like 'S%'"):  # fmt: skip
        found = centre.search(filter=text, limit=1_000)["features"]
        assert {one["collection"] for one in found} <= {
            "sentinel2-l2a",
            "snow-cover",
            "snow-fsc",
            "sentinel2-l3a",
        }, text
    assert centre.search(filter="\"eo:cloud_cover\" is null and collection = 'sara'")["numberMatched"]


def test_counts_are_those_of_the_items(centre: Centre) -> None:
    found = centre.get(
        "/stac/aggregate?aggregations=total_count,collection_frequency,datetime_min,datetime_max"
    )
    totals = {one["name"]: one for one in found["aggregations"]}
    items = centre.search(limit=1_000)["features"]
    assert totals["total_count"]["value"] == len(items)
    counted = {one["key"]: one["frequency"] for one in totals["collection_frequency"]["buckets"]}
    names = [one["collection"] for one in items]
    assert counted == {name: names.count(name) for name in set(names)}
    assert totals["datetime_min"]["value"] == min(moments(one) for one in items)
    one = centre.get("/stac/collections/sara/aggregate")["aggregations"][0]
    assert one["value"] == names.count("sara")


def test_a_closed_source_is_for_its_group(centre: Centre) -> None:
    assert centre.client.get("/stac/collections/closed").status_code == 404
    assert centre.client.get("/stac/collections/closed/items").status_code == 404
    assert not centre.search(collections=["closed"])["numberMatched"]
    mine = centre.get("/stac/collections/closed/items", **{"X-API-Key": centre.key})
    assert mine["numberMatched"] > 0
    name = mine["features"][0]["id"]
    assert centre.client.get(f"/stac/collections/closed/items/{name}").status_code == 404
    assert centre.client.get(f"/stac/collections/bretagne/items/{name}", headers={"X-API-Key": centre.key}).status_code == 404  # fmt: skip


def test_collections_are_searched(centre: Centre) -> None:
    def names(query: str) -> list[str]:
        return [one["id"] for one in centre.get(f"/stac/collections?{query}")["collections"]]

    assert names("q=Earth%20Search") == ["earth"]
    assert "hydroweb-rivers-operational" in names("q=altimetry") and "geodes" not in names("q=altimetry")
    assert "bretagne" not in names("bbox=100,-40,110,-30")


@pytest.mark.postgres
def test_the_same_from_postgresql(products: Path, recorded: str, tmp_path: Path, request: pytest.FixtureRequest, centre: Centre) -> None:  # fmt: skip
    with fresh_database("postgresql", request, tmp_path) as url:
        settings = settings_of(tmp_path / "data", recorded).model_copy(update={"database": Database(url=url)})
        made(settings, products, tmp_path / "series", recorded)
        with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
            other = Centre(client, "")
            for order in (
                "+properties.datetime",
                "-properties.datetime",
                "+eo:cloud_cover",
                "-eo:cloud_cover",
            ):
                here, there = (one.walk(limit=5, sortby=[order]) for one in (centre, other))
                assert [[one["id"] for one in page] for page in here] == [
                    [one["id"] for one in page] for page in there
                ]
            for text in ("not (\"eo:cloud_cover\" < 101)", "platform like 'SENT%'", "version = '1' or collection = 'sara'", "\"grid:code\" = 'MGRS-31TCJ'", "casei(platform) = casei('x')"):  # fmt: skip
                assert (
                    centre.search(filter=text)["numberMatched"] == other.search(filter=text)["numberMatched"]
                ), text
            path = "/stac/aggregate?aggregations=total_count,collection_frequency,datetime_min,datetime_max"
            assert centre.get(path) == other.get(path)
