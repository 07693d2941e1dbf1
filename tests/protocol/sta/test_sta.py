# SPDX-License-Identifier: Apache-2.0
"""SensorThings 1.1 for reading: links that lead somewhere, every option, the values of the SOS, QGIS's own requests, refusals."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from pyproj import Geod
from support import World

from catalog.keys import KeyRequest
from catalog.model.observation import SeriesQuery
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Role
from catalog.model.time import micros_text

BASE = "http://maps.example/sta/v1.1"
SETS = [
    "Things",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Sensors",
    "ObservedProperties",
    "Observations",
    "FeaturesOfInterest",
]
MANDATORY = {
    "Things": {"name", "description", "properties"}, "Locations": {"name", "description", "encodingType", "location"},
    "HistoricalLocations": {"time"},
    "Datastreams": {"name", "description", "unitOfMeasurement", "observationType", "phenomenonTime", "properties"},
    "Sensors": {"name", "description", "encodingType", "metadata"}, "ObservedProperties": {"name", "definition", "description"},
    "Observations": {"phenomenonTime", "result", "resultTime"}, "FeaturesOfInterest": {"name", "description", "encodingType", "feature"},
}  # fmt: skip


def get(world: World, address: str) -> Any:
    path = (
        address.removeprefix("http://maps.example") if address.startswith("http") else f"/sta/v1.1/{address}"
    )
    answer = world.client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def ids(found: dict[str, Any]) -> list[str]:
    return [one["@iot.id"] for one in found["value"]]


def points(world: World, station: str) -> list[tuple[str, float]]:
    catalog, deadline = world.services.catalog, Deadline.after(10)
    query = SeriesQuery(stations=(station,))
    (series, *_) = catalog.observations.series(query, ANONYMOUS, deadline)
    return [
        (micros_text(one.time), one.value)
        for page in catalog.observations.points(series, query, deadline)
        for one in page
    ]


@pytest.fixture(scope="module")
def loire(hydro: World) -> str:
    return next(one for one in ids(get(hydro, "Things?$top=1000")) if "LOIRE" in one and "KM0617" in one)


def test_the_root_names_every_set(hydro: World) -> None:
    root = get(hydro, "")
    assert root["value"] == [{"name": name, "url": f"{BASE}/{name}"} for name in SETS]
    assert any(one.endswith("request-data/filter") for one in root["serverSettings"]["conformance"])


def test_every_entity_is_whole_and_every_link_leads_to_it(hydro: World) -> None:
    for name in SETS:
        found = get(hydro, f"{name}?$top=3&$count=true")
        assert found["@iot.count"] >= len(found["value"])
        assert found["value"]
        for one in found["value"]:
            assert MANDATORY[name] <= one.keys()
            assert get(hydro, one["@iot.selfLink"]) == one
            assert one["@iot.selfLink"] == f"{BASE}/{name}('{one['@iot.id']}')"
            for key, link in one.items():
                if not key.endswith("@iot.navigationLink"):
                    continue
                relation = key.removesuffix("@iot.navigationLink")
                there = get(hydro, link)
                assert ("value" in there) == relation.endswith("s"), key


def test_a_station_has_been_where_it_is_since_its_first_observation(hydro: World, loire: str) -> None:
    (history,) = get(hydro, f"Things('{loire}')/HistoricalLocations?$expand=Thing,Locations")["value"]
    assert history["time"] == points(hydro, loire)[0][0]
    assert history["Thing"]["@iot.id"] == history["Locations"][0]["@iot.id"] == loire
    since = get(hydro, f"HistoricalLocations?$top=1000&$filter=time le {history['time']}")["value"]
    assert loire in {one["@iot.id"] for one in since}


def test_observations_are_those_of_the_sos(hydro: World, loire: str) -> None:
    expected = points(hydro, loire)
    (stream,) = get(hydro, f"Things('{loire}')/Datastreams")["value"]
    found = get(
        hydro, f"Datastreams('{stream['@iot.id']}')/Observations?$top=10000&$orderby=phenomenonTime%20asc"
    )
    assert [(one["phenomenonTime"], one["result"]) for one in found["value"]] == expected
    assert stream["phenomenonTime"] == f"{expected[0][0]}/{expected[-1][0]}"
    assert stream["unitOfMeasurement"]["symbol"] == "m"
    assert stream["properties"]["points"] == len(expected)
    newest = get(
        hydro, f"Datastreams('{stream['@iot.id']}')/Observations?$top=1&$orderby=phenomenonTime+desc"
    )["value"][0]
    assert (newest["phenomenonTime"], newest["result"]) == expected[-1]
    greatest = get(
        hydro,
        f"Things('{loire}')/Datastreams('{stream['@iot.id']}')/Observations?$top=1&$orderby=result desc",
    )["value"][0]
    assert greatest["result"] == max(value for _, value in expected)
    assert get(hydro, newest["Datastream@iot.navigationLink"])["@iot.id"] == stream["@iot.id"]
    assert get(hydro, newest["FeatureOfInterest@iot.navigationLink"])["@iot.id"] == loire


def test_pages_go_on_without_gaps(hydro: World, loire: str) -> None:
    expected, address, walked = len(points(hydro, loire)), f"Things('{loire}')/Datastreams", []
    stream = ids(get(hydro, address))[0]
    address = f"Datastreams('{stream}')/Observations?$top=17&$filter=result gt -100&$select=result,phenomenonTime&$orderby=phenomenonTime asc&$count=true"
    while address:
        page = get(hydro, address)
        assert page["@iot.count"] == expected
        assert all(
            set(one) == {"@iot.id", "@iot.selfLink", "result", "phenomenonTime"} for one in page["value"]
        )
        walked += ids(page)
        address = page.get("@iot.nextLink", "")
    assert len(walked) == len(set(walked)) == expected


def test_orders_of_several_properties_are_those_of_python(hydro: World) -> None:
    every = get(hydro, "Things?$top=1000")["value"]

    def basin(one: Any) -> str:
        return str(one["properties"].get("basin", ""))

    expected = sorted(every, key=lambda one: one["@iot.id"], reverse=True)
    expected.sort(key=basin)
    assert len({basin(one) for one in every}) > 2
    found = get(hydro, "Things?$top=1000&$orderby=properties/basin asc,@iot.id desc")["value"]
    assert [one["@iot.id"] for one in found] == [one["@iot.id"] for one in expected]
    streams = get(hydro, "Datastreams?$top=1000")["value"]
    found = get(hydro, "Datastreams?$top=1000&$orderby=properties/points desc,Thing/name")["value"]
    facts = [(-one["properties"]["points"], one["name"]) for one in found]
    assert [points for points, _ in facts] == sorted(-one["properties"]["points"] for one in streams)
    newest = get(hydro, "Observations?$top=50&$orderby=Datastream/Thing/name,phenomenonTime desc")["value"]
    first = min(every, key=lambda one: one["name"])
    times = [one["phenomenonTime"] for one in newest]
    assert times == sorted(times, reverse=True)
    assert all(one["@iot.id"].startswith(f"{first['@iot.id']}.") for one in newest)
    for wrong in ("basin,,name", "name,colour", "name asc desc", "location", ",".join(["name"] * 6)):
        answer = hydro.client.get(f"/sta/v1.1/Things?$orderby={wrong}")
        assert answer.status_code == 400, wrong


def test_the_area_of_a_datastream_is_where_its_thing_is(hydro: World, loire: str) -> None:
    (stream,) = get(hydro, f"Things('{loire}')/Datastreams?$expand=Thing($expand=Locations)")["value"]
    assert stream["observedArea"] == stream["Thing"]["Locations"][0]["location"]
    assert get(hydro, f"Datastreams('{stream['@iot.id']}')/observedArea")["observedArea"]["type"] == "Point"


def test_filters_answer_as_python_does(hydro: World, loire: str) -> None:
    things = get(hydro, "Things?$top=1000&$expand=Locations")["value"]
    place = {one["@iot.id"]: one["Locations"][0]["location"]["coordinates"] for one in things}

    def right(condition: Any) -> list[str]:
        found = [one["@iot.id"] for one in things if condition(one)]
        assert found
        return found

    x, y = place[loire]
    box = f"geography'POLYGON(({x - 1} {y - 1},{x + 2} {y - 1},{x + 2} {y + 1},{x - 1} {y + 1},{x - 1} {y - 1}))'"
    inside = right(
        lambda one: x - 1 <= place[one["@iot.id"]][0] <= x + 2 and y - 1 <= place[one["@iot.id"]][1] <= y + 1
    )
    cases = [
        (f"id eq '{loire}'", lambda one: one["@iot.id"] == loire), (f"@iot.id eq '{loire}'", lambda one: one["@iot.id"] == loire),
        ("substringof('LOIRE',name)", lambda one: "LOIRE" in one["name"]), ("startswith(name,'L_')", lambda one: one["name"].startswith("L_")),
        ("endswith(name,'0617')", lambda one: one["name"].endswith("0617")), ("contains(tolower(name),'loire')", lambda one: "loire" in one["name"].lower()),
        ("properties/body eq 'lake'", lambda one: one["properties"]["body"] == "lake"),
        ("tolower(properties/water) eq 'loire'", lambda one: one["properties"].get("water", "").lower() == "loire"),
        ("not (properties/body eq 'river') or properties/basin eq 'Loire'", lambda one: one["properties"]["body"] != "river" or one["properties"].get("basin") == "Loire"),
        (f"geo.intersects(Locations/location, {box})", lambda one: one["@iot.id"] in inside),
        ("properties/country eq null", lambda one: not one["properties"].get("country")),
        ("Datastreams/properties/points ge 100", lambda one: any(each["properties"]["points"] >= 100 for each in get(hydro, one["Datastreams@iot.navigationLink"])["value"])),
    ]  # fmt: skip
    for text, condition in cases:
        expected = [one["@iot.id"] for one in things if condition(one)]
        found = get(hydro, f"Things?$top=1000&$count=true&$filter={quote(text)}")
        assert ids(found) == expected, text
        assert found["@iot.count"] == len(expected)
    near = get(
        hydro,
        f"Locations?$top=1000&$filter={quote(f'geo.distance(location, geography{chr(39)}POINT({x} {y}){chr(39)}) lt 2')}",
    )
    assert loire in ids(near)
    assert all(Geod(ellps="WGS84").inv(x, y, *place[one])[2] < 240_000 for one in ids(near))


def test_observations_are_filtered_by_value_and_time(hydro: World, loire: str) -> None:
    expected = points(hydro, loire)
    stream = ids(get(hydro, f"Things('{loire}')/Datastreams"))[0]
    middle = sorted(value for _, value in expected)[len(expected) // 2]
    for text, condition in (
        (f"result gt {middle}", lambda at, value: value > middle),
        (
            f"result ge {middle} and phenomenonTime lt 2020-01-01T00:00:00Z",
            lambda at, value: value >= middle and at < "2020-01-01",
        ),
        ("phenomenonTime ge 2018-01-01 and phenomenonTime lt 2019-01-01", lambda at, value: at[:4] == "2018"),
        ("year(phenomenonTime) eq 2018", lambda at, value: at[:4] == "2018"),
        (f"phenomenonTime eq {expected[3][0]}", lambda at, value: at == expected[3][0]),
        (f"{middle} lt result", lambda at, value: value > middle),
    ):
        right = [(at, value) for at, value in expected if condition(at, value)]
        assert right, text
        found = get(
            hydro,
            f"Datastreams('{stream}')/Observations?$top=10000&$orderby=phenomenonTime&$filter={quote(text)}",
        )
        assert [(one["phenomenonTime"], one["result"]) for one in found["value"]] == right, text
    whole = get(
        hydro,
        f"Observations?$top=10000&$count=true&$filter={quote(f'Datastream/id eq {chr(39)}{stream}{chr(39)}')}",
    )
    assert whole["@iot.count"] == len(expected)
    by_station = get(
        hydro,
        f"Observations?$top=0&$count=true&$filter={quote(f'Datastream/Thing/id eq {chr(39)}{loire}{chr(39)}')}",
    )
    assert by_station == {"@iot.count": len(expected), "value": []}


def test_expansions_with_options_of_their_own(hydro: World, loire: str) -> None:
    expand = "Locations,Datastreams($select=name;$expand=ObservedProperty,Sensor($select=name),Observations($top=2;$orderby=phenomenonTime desc;$count=true;$select=result))"
    one = get(hydro, f"Things('{loire}')?$select=name&$expand={expand}")
    assert set(one) == {"@iot.id", "@iot.selfLink", "name", "Locations", "Datastreams"}
    (stream,) = one["Datastreams"]
    assert stream["ObservedProperty"]["name"] == "water_surface_height"
    assert set(stream["Sensor"]) == {"@iot.id", "@iot.selfLink", "name"}
    expected = points(hydro, loire)
    assert [each["result"] for each in stream["Observations"]] == [
        value for _, value in reversed(expected[-2:])
    ]
    assert stream["Observations@iot.count"] == len(expected)
    rest = get(hydro, stream["Observations@iot.nextLink"])
    assert [each["result"] for each in rest["value"]] == [value for _, value in reversed(expected[-4:-2])]
    deep = get(
        hydro, f"Things('{loire}')?$expand=Datastreams/Observations/FeatureOfInterest,Datastreams/Sensor"
    )
    (stream,) = deep["Datastreams"]
    assert stream["Observations"][0]["FeatureOfInterest"]["@iot.id"] == loire
    assert stream["Sensor"]["name"]


def test_paths_to_properties_references_and_counts(hydro: World, loire: str) -> None:
    assert get(hydro, f"Things('{loire}')/name") == {"name": loire}
    answer = hydro.client.get(f"/sta/v1.1/Things('{loire}')/name/$value")
    assert (answer.text, answer.headers["content-type"]) == (loire, "text/plain; charset=utf-8")
    inner = hydro.client.get(f"/sta/v1.1/Things('{loire}')/properties/$value")
    assert inner.headers["content-type"] == "application/json"
    assert inner.json() == get(hydro, f"Things('{loire}')/properties")["properties"]
    assert get(hydro, f"Things('{loire}')/Datastreams/$ref")["value"][0].keys() == {"@iot.selfLink"}
    assert (
        int(hydro.client.get("/sta/v1.1/Things/$count").text)
        == get(hydro, "Things?$count=true")["@iot.count"]
    )
    stream = ids(get(hydro, f"Things('{loire}')/Datastreams"))[0]
    assert get(hydro, f"Things('{loire}')/Datastreams('{stream}')/ObservedProperty/name") == {
        "name": "water_surface_height"
    }
    assert get(hydro, f"Datastreams('{stream}')/Thing/Locations")["value"][0]["@iot.id"] == loire


def test_observations_as_rows(hydro: World, loire: str) -> None:
    stream = ids(get(hydro, f"Things('{loire}')/Datastreams"))[0]
    plain = get(hydro, f"Datastreams('{stream}')/Observations?$top=5")
    (rows,) = get(hydro, f"Datastreams('{stream}')/Observations?$top=5&$resultFormat=dataArray")["value"]
    assert rows["components"] == ["id", "phenomenonTime", "resultTime", "result"]
    assert rows["dataArray@iot.count"] == 5
    assert [row[3] for row in rows["dataArray"]] == [one["result"] for one in plain["value"]]
    assert get(hydro, rows["Datastream@iot.navigationLink"])["@iot.id"] == stream


def test_what_qgis_asks(hydro: World) -> None:
    """The requests of QGIS 3.36's core provider, as its source writes them."""
    roots = {one["name"]: one["url"] for one in get(hydro, "")["value"]}
    for name in ("Locations", "Datastreams", "Things", "FeaturesOfInterest", "Observations"):
        total = get(hydro, f"{roots[name]}?$top=0&$count=true")
        assert total["value"] == []
        address, seen = f"{roots[name]}?$top=50&$count=false", 0
        while address and seen < 400:
            page = get(hydro, address)
            assert "@iot.count" not in page
            seen += len(page["value"])
            address = page.get("@iot.nextLink", "")
        assert seen == total["@iot.count"] or seen >= 400
    polygon = "geography'Polygon ((-10 40, 10 40, 10 55, -10 55, -10 40))'"
    assert get(
        hydro, f"{roots['Locations']}?$top=50&$count=false&$filter=geo.intersects(location, {polygon})"
    )["value"]
    nested = "Things($orderby=id;$top=10;$expand=Datastreams($orderby=id;$top=10;$expand=Observations($orderby=phenomenonTime desc;$top=10;$filter=result gt 0)))"
    page = get(hydro, f"{roots['Locations']}?$top=5&$count=false&$expand={nested}")
    assert page["value"][0]["Things"][0]["Datastreams"][0]["Observations"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Nothing", 404), ("Things('nothing')", 404), ("Things('nothing')/Datastreams", 404), ("Things(1)", 404), ("Things('x", 404), ("Things/name", 400),
        ("Things?$top=-1", 400), ("Things?$top=many", 400), ("Things?$skip=-1", 400), ("Things?$count=maybe", 400), ("Things?$colour=red", 400), ("Things?top=1", 400),
        ("Things?$orderby=colour", 400), ("Things?$orderby=name up", 400), ("Things?$select=colour", 400), ("Things?$expand=Colours", 400),
        ("Things?$expand=Datastreams($top=x)", 400), ("Things?$expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing)))))", 400),
        ("Things?$expand=Datastreams(", 400), ("Things?$expand=Datastreams)", 400), ("Things?$filter=", 200), ("Things?$filter=name", 400), ("Things?$filter=name eq", 400),
        ("Things?$filter=colour eq 'red'", 400), ("Things?$filter=name eq 5", 400), ("Observations?$filter=result eq 'x'", 400), ("Things?$filter=foo(name) eq 'x'", 400),
        ("Things?$filter=length(name) gt 3", 400), ("Things?$filter=geo.intersects(name, geography'POINT(0 0)')", 400), ("Things?$filter=name eq 'x' and", 400),
        ("Locations?$filter=geo.intersects(location, geography'POINT(0)')", 400), ("Locations?$filter=geo.intersects(location, geography'POINT(500 0)')", 400),
        ("Locations?$filter=geo.distance(location, geography'POINT(0 0)') lt 'far'", 400), ("Observations?$filter=phenomenonTime gt yesterday", 400),
        ("Observations?$filter=result add 1 gt 2", 400), ("Things?$filter=" + "(" * 40 + "true" + ")" * 40, 400), ("Things?$filter=" + "not " * 900 + "true", 400),
        ("Observations?$filter=result gt " + "-" * 4_000 + "1", 400), ("Things?$resultFormat=dataArray", 400), ("Things?$resultFormat=csv", 400),
        ("Things?$filter=name eq 'x'; drop table station", 400), ("Things?$filter=name eq -'x'", 400), ("Sensors?$filter=name gt 'x'", 400), ("Things/$value", 404), ("Things?%ff=1", 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_a_reason(hydro: World, path: str, status: int) -> None:
    answer = hydro.client.get(f"/sta/v1.1/{path}")
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["message"]
        assert not re.search(r"Traceback|sqlalchemy", answer.text)


def test_a_series_that_is_for_a_group_is_not_there_for_others(hydro: World) -> None:
    secret = hydro.services.catalog.keys.create(KeyRequest("ida", Role.USER, ("hydro",), "test"), OPERATOR)[1]
    mine = hydro.client.get("/sta/v1.1/Datastreams?$top=1000", headers={"X-API-Key": secret})
    assert mine.headers["cache-control"].startswith("private")
    research = [one for one in mine.json()["value"] if "research" in one["@iot.id"]]
    assert research
    everybody = get(hydro, "Datastreams?$top=1000")
    assert not any("research" in one for one in ids(everybody))
    assert "hydroweb-rivers-research" not in ids(get(hydro, "Sensors"))
    for one in research:
        assert hydro.client.get(one["@iot.selfLink"].removeprefix("http://maps.example")).status_code == 404
    count = get(hydro, "Observations?$top=0&$count=true")["@iot.count"]
    assert (
        hydro.client.get("/sta/v1.1/Observations?$top=0&$count=true", headers={"X-API-Key": secret}).json()[
            "@iot.count"
        ]
        > count
    )
