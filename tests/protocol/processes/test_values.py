# SPDX-License-Identifier: Apache-2.0
"""Processes that give values and files instead of products: echo and statistics in polygons; estimates, orders sent twice, orders again."""

import csv
import io
import json

import pytest
import shapely
from shapely.geometry import mapping
from test_processes import API, Office, office

__all__ = ["office"]
BOX = {"bbox": [345345345, 345345345, 345345345, 345345345], "crs": "urn:ogc:def:crs:EPSG:6.6:4326"}


def run(office: Office, process: str, body: dict, prefer: str = ""):
    headers = {**office.headers("bob"), **({"Prefer": prefer} if prefer else {})}
    return office.client.post(f"/ogcapi/processes/{process}/execution", json=body, headers=headers)


def test_echo_gives_back_what_it_was_given(office: Office) -> None:
    inputs = {
        "message": "bonjour à tous",
        "number": 1.5,
        "list": ["a", "b"],
        "object": {"value": "teststring"},
        "bbox": BOX,
    }
    answer = run(office, "echo", {"inputs": inputs, "response": "document"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**inputs, "picture": None}
    raw = run(office, "echo", {"inputs": {"message": "bare"}, "outputs": {"message": {}}, "response": "raw"})
    assert (raw.text, raw.headers["content-type"].split(";")[0]) == ("bare", "text/plain")
    one = run(
        office,
        "echo",
        {"inputs": {"message": "x", "number": 3}, "outputs": {"number": {"transmissionMode": "value"}}},
    )
    assert one.json() == {"number": 3}
    reference = run(
        office,
        "echo",
        {"inputs": {"message": "by link"}, "outputs": {"message": {"transmissionMode": "reference"}}},
    )
    href = reference.json()["message"]["href"]
    assert (
        office.client.get(href.removeprefix("http://maps.example"), headers=office.headers("bob")).text
        == "by link"
    )
    assert (
        office.client.get(href.removeprefix("http://maps.example"), headers=office.headers("eve")).status_code
        == 404
    )


def test_qualified_values_are_taken_out_of_their_envelope(office: Office) -> None:
    qualified = {"message": {"value": "inside", "mediaType": "text/plain"}}
    assert run(office, "echo", {"inputs": qualified}).status_code == 400
    found = run(
        office,
        "echo",
        {
            "inputs": {
                "message": {"value": "inside"},
                "object": {"value": {"a": 1}, "mediaType": "application/json"},
                "picture": {"value": "AAAA", "encoding": "base64", "mediaType": "image/tiff"},
            }
        },
    )
    assert (found.json()["message"], found.json()["object"], found.json()["picture"]) == (
        "inside",
        {"value": {"a": 1}, "mediaType": "application/json"},
        "AAAA",
    )
    wrong = run(
        office, "echo", {"inputs": {"message": "x", "picture": {"value": "AAAA", "mediaType": "image/png"}}}
    )
    assert (wrong.status_code, "image/tiff" in wrong.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"inputs": {}}, "message is required"),
        ({"inputs": {"message": 3}}, "message"),
        ({"inputs": {"message": "x", "bbox": {"bbox": [1, 2]}}}, "bbox"),
        ({"inputs": {"message": "x", "pause": 10_000}}, "pause"),
        ({"inputs": {"message": "x", "colour": 1}}, "colour"),
        ({"inputs": {"message": "x"}, "outputs": {"colour": {}}}, "there is no output"),
        ({"inputs": {"message": "x"}, "outputs": {"message": {"transmissionMode": "mail"}}}, "by reference"),
        ({"inputs": {"message": {"href": "http://127.0.0.1/"}}}, "is no public address"),
    ],
)  # fmt: skip
def test_a_wrong_order_is_refused_before_it_is_queued(office: Office, body: dict, says: str) -> None:
    before = len(office.get("/jobs", limit="1000").json()["jobs"])
    answer = run(office, "echo", body)
    assert (answer.status_code, says in answer.json()["detail"]) == (400, True), answer.text
    assert len(office.get("/jobs", limit="1000").json()["jobs"]) == before


def test_an_order_sent_twice_with_a_key_is_one_job(office: Office) -> None:
    def send(who: str, key: str):
        headers = {**office.headers(who), "Prefer": "respond-async", "Idempotency-Key": key}
        return office.client.post(
            "/ogcapi/processes/echo/execution", json={"inputs": {"message": "once"}}, headers=headers
        )

    first, second, other = send("bob", "k-1"), send("bob", "k-1"), send("bob", "k-2")
    assert first.json()["jobID"] == second.json()["jobID"] != other.json()["jobID"]
    assert send("eve", "k-1").json()["jobID"] != first.json()["jobID"]
    assert send("bob", "two words").status_code == 400
    assert send("bob", "x" * 129).status_code == 400


def test_the_same_again(office: Office) -> None:
    first = run(office, "echo", {"inputs": {"message": "again"}}, "respond-async").json()["jobID"]
    office.finished(first)
    answer = office.client.post(f"/ogcapi/jobs/{first}/resubmit", headers=office.headers("bob"))
    assert answer.status_code == 201
    second = answer.json()["jobID"]
    assert second != first
    office.finished(second)
    assert office.get(f"/jobs/{second}/results").json()["message"] == "again"
    assert (
        office.client.post(f"/ogcapi/jobs/{first}/resubmit", headers=office.headers("eve")).status_code == 404
    )


def test_an_estimate_runs_nothing(office: Office) -> None:
    before = len(office.get("/jobs", limit="1000").json()["jobs"])
    answer = office.client.post(
        "/ogcapi/processes/ndvi/estimate",
        json={"inputs": {"products": office.sources}},
        headers=office.headers("bob"),
    )
    assert answer.json() == {
        "processID": "ndvi",
        "products": 2,
        "cpus": 1,
        "memoryMB": 2500,
        "walltimeMinutes": 14,
        "cpuMinutes": 14,
    }
    wrong = office.client.post(
        "/ogcapi/processes/ndvi/estimate", json={"inputs": {}}, headers=office.headers("bob")
    )
    assert wrong.status_code == 400
    assert (
        office.client.post(
            "/ogcapi/processes/ndvi/estimate", json={"inputs": {"products": office.sources}}
        ).status_code
        == 401
    )
    assert len(office.get("/jobs", limit="1000").json()["jobs"]) == before


def polygon(office: Office, share: float) -> dict:
    """The middle of a product's box, as a feature."""
    product = office.catalog.product(office.sources[0], *_operator())
    box = product.boxes[0]
    middle = shapely.box(box.west, box.south, box.east, box.north).centroid
    width, height = (box.east - box.west) * share / 2, (box.north - box.south) * share / 2
    shape = shapely.box(middle.x - width, middle.y - height, middle.x + width, middle.y + height)
    return {"type": "Feature", "id": "middle", "properties": {"name": "milieu"}, "geometry": mapping(shape)}


def _operator():
    from catalog.model.principal import OPERATOR, Deadline

    return OPERATOR, Deadline.after(10)


def test_statistics_of_a_polygon_for_each_product(office: Office) -> None:
    polygons = {"type": "FeatureCollection", "features": [polygon(office, 0.2)]}
    answer = run(
        office,
        "zonal-statistics",
        {"inputs": {"products": office.sources, "band": "B8", "polygons": json.loads(json.dumps(polygons))}},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    (feature,) = found["statistics"]["value"]["features"]
    assert feature["properties"]["name"] == "milieu"
    assert [one["product"] for one in feature["properties"]["statistics"]] == office.sources
    for one in feature["properties"]["statistics"]:
        assert one["count"] > 100
        assert one["min"] <= one["p5"] <= one["p50"] <= one["p95"] <= one["max"]
        assert 0 < one["mean"] < 1.2, "reflectances, not stored numbers"
    table = office.client.get(
        found["table"]["href"].removeprefix("http://maps.example"), headers=office.headers("bob")
    )
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(row["polygon"], float(row["mean"])) for row in rows] == [
        ("middle", one["mean"]) for one in feature["properties"]["statistics"]
    ]


def test_a_failure_says_why(office: Office) -> None:
    polygons = {"type": "FeatureCollection", "features": [polygon(office, 0.2)]}
    job = run(
        office,
        "zonal-statistics",
        {"inputs": {"products": office.sources, "band": "B99", "polygons": polygons}},
        "respond-async",
    ).json()["jobID"]
    done = office.finished(job)
    assert (done["status"], "has no band B99" in done["exception"]["detail"]) == ("failed", True)
    assert office.get(f"/jobs/{job}/results").status_code == 500


def test_the_outputs_go_with_the_job(office: Office) -> None:
    job = run(office, "echo", {"inputs": {"message": "gone"}}, "respond-async").json()["jobID"]
    office.finished(job)
    assert office.get(f"/jobs/{job}/results/message").text == "gone"
    assert office.get(f"/jobs/{job}/results/colour").status_code == 404
    assert office.client.delete(f"/ogcapi/jobs/{job}", headers=office.headers("bob")).status_code == 200
    assert office.get(f"/jobs/{job}/results/message").status_code == 404
    assert API


def test_a_processor_of_pygeoapi_runs_unchanged(office: Office) -> None:
    answer = run(office, "hello-world", {"inputs": {"name": "Theia", "message": "bonjour"}})
    assert answer.status_code == 200, answer.text
    assert "Hello Theia! bonjour" in answer.json()["echo"]["value"]
    assert run(office, "hello-world", {"inputs": {}}).status_code == 400


def test_a_synthesis_is_one_product_of_several(office: Office) -> None:
    order = {"inputs": {"products": office.sources, "date": "2023-03-10", "days": 30}}
    job = run(office, "synthesis", order, "respond-async").json()["jobID"]
    done = office.finished(job)
    assert done["status"] == "successful", done
    (product,) = office.get(f"/jobs/{job}/results").json()["products"]
    assert product["id"] == "u.bob.SYNTHESIS_20230310_T31TCJ"
    assert product["date"] == "2023-03-10"
    made = office.catalog.product(product["id"], *_operator())
    assert made.cloud is not None
    sources = [office.catalog.product(one, *_operator()) for one in office.sources]
    assert made.cloud <= min(one.cloud for one in sources if one.cloud is not None)
    paper = office.client.get(f"/files/{product['id']}/provenance", headers=office.headers("bob")).json()
    assert len(paper["wasDerivedFrom"]) == len(office.sources) == 2
    item = office.client.get(
        f"/stac/collections/u.bob.synthesis-on-demand/items/{product['id']}", headers=office.headers("bob")
    ).json()
    assert {"B2", "B4", "B8"} <= {
        band["name"] for asset in item["assets"].values() for band in asset.get("bands", [])
    }
    wrong = run(office, "synthesis", {"inputs": {"products": office.sources, "date": "2023-02-30"}})
    assert (wrong.status_code, "date" in wrong.json()["detail"]) == (400, True)
    lost = run(
        office, "synthesis", {"inputs": {"products": office.sources, "date": "2020-01-01"}}, "respond-async"
    )
    assert "no product is within" in office.finished(lost.json()["jobID"])["exception"]["detail"]
