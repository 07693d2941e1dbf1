# SPDX-License-Identifier: Apache-2.0
"""Connected Systems: the same things as SOS and SensorThings show, linked to one another; paging; rights; faults."""

import pytest
from support import World

from catalog.generator.hydroweb import AGEN, ORLEANS
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

BASE = "http://maps.example"
RIVERS = "hydroweb-rivers-operational"
STREAM = f"{AGEN.name}.{RIVERS}.water_surface_height"


def get(hydro: World, path: str, status: int = 200, **headers: str):
    answer = hydro.client.get(f"/ogcapi/{path}", headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_every_link_of_a_system_leads_somewhere(hydro: World) -> None:
    found = get(hydro, "systems")
    assert found["type"] == "FeatureCollection"
    seen = {one["id"]: one for one in found["features"]}
    assert RIVERS in seen
    assert "hydroweb-rivers-research" not in seen
    assert seen[RIVERS]["properties"]["featureType"] == "http://www.w3.org/ns/sosa/Sensor"
    todo, done = [f"{BASE}/ogcapi/systems/{RIVERS}"], set()
    while todo:
        address = todo.pop()
        if address in done or not address.startswith(f"{BASE}/ogcapi/") or "/collections/" in address:
            continue
        done.add(address)
        document = get(hydro, address.removeprefix(f"{BASE}/ogcapi/"))
        links = list(document.get("links", []))
        for one in (document.get("features") or document.get("items") or [])[:2]:
            links += one["links"]
        todo += [one["href"] for one in links]
    assert len(done) > 15


def test_stations_are_found_by_place_name_and_chain(hydro: World) -> None:
    def ids(query: str) -> set[str]:
        return {one["id"] for one in get(hydro, f"samplingFeatures?{query}")["features"]}

    assert ids("bbox=0.5,44.1,0.7,44.3") == {AGEN.name}
    assert ids("q=orleans") == {ORLEANS.name}
    assert ids(f"id={AGEN.name},{ORLEANS.name}") == {AGEN.name, ORLEANS.name}
    below = {
        one["id"] for one in get(hydro, "systems/hydroweb-lakes-operational/samplingFeatures")["features"]
    }
    assert below == {"L_tana", "L_victoria"} & below
    one = get(hydro, f"samplingFeatures/{AGEN.name}")
    assert one["geometry"]["coordinates"] == [AGEN.longitude, AGEN.latitude]


def test_observations_are_those_of_sensorthings(hydro: World) -> None:
    found = get(hydro, f"datastreams/{STREAM}/observations?limit=500")["items"]
    sta = hydro.client.get(f"/sta/v1.1/Datastreams('{STREAM}')/Observations?$top=500&$orderby=phenomenonTime asc").json()["value"]  # fmt: skip
    assert [(one["id"], one["phenomenonTime"], one["result"]) for one in found] == [
        (one["@iot.id"], one["phenomenonTime"], one["result"]) for one in sta
    ]
    year = get(hydro, f"datastreams/{STREAM}/observations?phenomenonTime=2016")["items"]
    assert {one["phenomenonTime"][:4] for one in year} == {"2016"}
    assert get(hydro, f"observations/{year[0]['id']}")["result"] == year[0]["result"]
    form = get(hydro, f"datastreams/{STREAM}/schema?obsFormat=application%2Fom%2Bjson")
    assert form["resultSchema"]["uom"]["code"] == "m"
    (stream,) = get(hydro, f"datastreams?foi={AGEN.name}&observedProperty=water_surface_height")["items"]
    assert (stream["id"], stream["phenomenonTime"][0]) == (STREAM, found[0]["phenomenonTime"])


def test_pages_follow_one_another(hydro: World) -> None:
    every = [one["id"] for one in get(hydro, "datastreams?limit=1000")["items"]]
    page, found = get(hydro, "datastreams?limit=2"), []
    while True:
        found += [one["id"] for one in page["items"]]
        following = [one["href"] for one in page["links"] if one["rel"] == "next"]
        if not following:
            break
        page = get(hydro, following[0].removeprefix(f"{BASE}/ogcapi/"))
    assert found == every
    assert len(every) >= 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("systems/nothing", 404), ("systems/nothing/datastreams", 404), ("systems/hydroweb-rivers-research", 404), ("datastreams/nothing/observations", 404),
        ("datastreams/nothing/schema", 404), ("samplingFeatures/nothing", 404), ("observations/nothing", 404), ("properties/colour", 404),
        ("systems?colour=red", 400), ("samplingFeatures?bbox=1,2", 400), ("datastreams?limit=0", 400), ("datastreams?limit=x", 400),
        ("observations?phenomenonTime=soon", 400), (f"datastreams/{STREAM}/schema?obsFormat=text/csv", 400), ("systems?f=xml", 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(hydro: World, path: str, status: int) -> None:
    assert get(hydro, path, status)["title"]


def test_what_is_protected_is_for_its_group(hydro: World) -> None:
    _, key = hydro.services.catalog.keys.create(KeyRequest("cora", Role.USER, ("hydro",)), OPERATOR)
    for path in (
        "systems",
        "datastreams?limit=1000",
        "samplingFeatures?limit=1000",
        "observations?system=hydroweb-rivers-research",
        "procedures",
        "deployments",
    ):
        assert "rivers-research" not in str(get(hydro, path)).replace("system=hydroweb-rivers-research", "")
        assert "R_GARONNE_GARONNE_KM0700" not in str(get(hydro, path))
    secret = {"X-API-Key": key}
    assert get(hydro, "systems/hydroweb-rivers-research", **secret)["id"] == "hydroweb-rivers-research"


def test_a_system_is_a_page_too(hydro: World) -> None:
    page = hydro.client.get(f"/ogcapi/systems/{RIVERS}?f=html")
    assert page.headers["content-type"].startswith("text/html")
    assert "Its stations" in page.text
