# SPDX-License-Identifier: Apache-2.0
"""OGC API Processes through the door: descriptions, orders, jobs, results, and each refusal with its status and text."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft4Validator
from PIL import Image
from starlette.testclient import TestClient
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from config.settings import Processes as ProcessSettings
from config.settings import Server, Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest, wire_supervisor
from processes.service import Processes

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
API = "http://maps.example/ogcapi"
QUICK = {"echo", "hello-world", "ndvi", "zonal-statistics"}
"""Processes that are also run while one waits."""


HELLO = """
id: hello-world
version: "0.2.0"
title: {en: "Hello World", fr: "Bonjour"}
abstract: {en: "pygeoapi's own example, unchanged.", fr: "L'exemple de pygeoapi, tel quel."}
inputs:
  name: {title: {en: "Name", fr: "Nom"}, schema: {type: string}, required: true}
  message: {title: {en: "Message", fr: "Message"}, schema: {type: string}}
outputs:
  echo: {title: {en: "A greeting", fr: "Un salut"}, schema: {type: object}}
run: {pygeoapi: "pygeoapi.process.hello_world:HelloWorldProcessor"}
software: "pygeoapi"
"""


@dataclass
class Office:
    client: TestClient
    catalog: Catalog
    keys: dict[str, str]
    sources: list[str]
    settings: Settings

    def get(self, path: str, who: str = "bob", **parameters: str):
        return self.client.get(f"/ogcapi{path}", params=parameters, headers=self.headers(who))

    def order(self, process: str, who: str = "bob", prefer: str = "", **inputs: Any):
        headers = {**self.headers(who), **({"Prefer": prefer} if prefer else {}), "Cache-Control": "no-cache"}
        return self.client.post(
            f"/ogcapi/processes/{process}/execution", json={"inputs": inputs}, headers=headers
        )

    def headers(self, who: str) -> dict[str, str]:
        return {"X-API-Key": self.keys[who]} if who else {}

    def finished(self, job: str, who: str = "bob") -> dict[str, Any]:
        for _ in range(300):
            found = self.get(f"/jobs/{job}", who).json()
            if found["status"] in ("successful", "failed", "dismissed"):
                return found
            time.sleep(0.1)
        pytest.fail(str(found))


@pytest.fixture(scope="module")
def office(world: World, products, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A server over two products, with a supervisor beside it that runs jobs on this machine."""
    own = tmp_path_factory.mktemp("types")
    (own / "chains").mkdir()
    (own / "chains" / "hello.yaml").write_text(HELLO, encoding="utf-8")
    settings = Settings(
        data=tmp_path_factory.mktemp("office"),
        product_types=(own,),
        server=Server(public_url="http://maps.example"),
        processes=ProcessSettings(supervisor="separate"),
    )
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:2]))
    keys = {
        name: catalog.keys.create(KeyRequest(name, role), OPERATOR)[1]
        for name, role in (("bob", Role.USER), ("eve", Role.USER), ("dan", Role.USER), ("ada", Role.OPERATOR))
    }
    sources = [
        one.id
        for one in catalog.search(
            equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST
        )
    ]
    stop = threading.Event()
    beside = wire_catalog(settings)
    supervisor = threading.Thread(
        target=wire_supervisor(settings, beside, Processes(beside, settings)).run, args=(stop,)
    )
    supervisor.start()
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield Office(client, catalog, keys, sources, settings)
    stop.set()
    supervisor.join(20)
    beside.close()
    catalog.close()


def test_the_landing_page_leads_to_everything_and_every_link_answers(office: Office) -> None:
    landing = office.get("", who="").json()
    rels = {link["rel"]: link["href"] for link in landing["links"]}
    assert {
        "self",
        "conformance",
        "http://www.opengis.net/def/rel/ogc/1.0/processes",
        "http://www.opengis.net/def/rel/ogc/1.0/job-list",
    } <= rels.keys()
    for href in rels.values():
        assert (
            office.client.get(
                href.removeprefix("http://maps.example"), headers=office.headers("bob")
            ).status_code
            == 200
        )
    classes = office.get("/conformance", who="").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss" in classes


def test_each_process_is_described_with_schemas_that_are_schemas(office: Office) -> None:
    listed = office.get("/processes", who="").json()["processes"]
    assert [one["id"] for one in listed] == [
        "echo",
        "extract",
        "hello-world",
        "ndvi",
        "otb-water",
        "synthesis",
        "zonal-statistics",
    ]
    for one in listed:
        found = office.get(f"/processes/{one['id']}", who="").json()
        assert found["version"] == one["version"]
        assert {"async-execute", "dismiss"} <= set(found["jobControlOptions"])
        assert ("sync-execute" in found["jobControlOptions"]) == (one["id"] in QUICK)
        for value in (*found["inputs"].values(), *found["outputs"].values()):
            Draft4Validator.check_schema(value["schema"])  # OpenAPI 3.0's is draft 5 of JSON Schema
            assert not {"const", "examples"} & set(re.findall(r'"([a-zA-Z]+)":', json.dumps(value["schema"])))
            assert '"type": [' not in json.dumps(value["schema"])
    french = office.client.get("/ogcapi/processes/ndvi", headers={"Accept-Language": "fr-FR"}).json()
    assert french["title"] == "Indice de végétation d'une sélection"


def test_an_order_becomes_a_job_and_its_results_are_on_every_door(office: Office) -> None:
    answer = office.order("ndvi", products=[office.sources[0]], prefer="respond-async")
    assert (answer.status_code, answer.headers["preference-applied"]) == (201, "respond-async")
    job = answer.json()
    assert answer.headers["location"] == f"{API}/jobs/{job['jobID']}"
    assert job["status"] == "accepted"
    assert "results" not in {link["rel"].rpartition("/")[2] for link in job["links"]}
    done = office.finished(job["jobID"])
    assert done["status"] == "successful", done
    assert {"created", "started", "finished", "updated"} <= done.keys()
    href = next(link["href"] for link in done["links"] if link["rel"].endswith("/results"))
    (made,) = office.client.get(
        href.removeprefix("http://maps.example"), headers=office.headers("bob")
    ).json()["products"]
    assert made["id"] == f"u.bob.NDVI_{office.sources[0]}"
    assert made["derived_from"].startswith(office.sources[0])
    parameters = {"service": "WMS", "version": "1.3.0", "request": "GetCapabilities"}
    mine = office.client.get("/wms", params=parameters, headers=office.headers("bob")).text
    others = office.client.get("/wms", params=parameters, headers=office.headers("eve")).text
    public = office.client.get("/wms", params=parameters).text
    assert [f"<Name>{made['collection']}</Name>" in text for text in (mine, others, public)] == [
        True,
        False,
        False,
    ]
    record = next(link["href"] for link in made["links"] if link["rel"] == "describedby").removeprefix(
        "http://maps.example"
    )
    found = [
        made["id"]
        in office.client.get(record, headers=office.headers(who)).text.partition("GetRecordByIdResponse")[2]
        for who in ("bob", "eve", "")
    ]
    assert found == [True, False, False]
    image = {"service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": made["collection"], "styles": "", "crs": "CRS:84", "format": "image/png",
             "bbox": ",".join(map(str, made["bbox"])), "width": "64", "height": "64"}  # fmt: skip
    assert (
        office.client.get("/wms", params=image, headers=office.headers("bob")).headers["content-type"]
        == "image/png"
    )
    assert (
        'code="LayerNotDefined"'
        in office.client.get("/wms", params=image, headers=office.headers("eve")).text
    )


def test_a_synchronous_order_is_answered_with_the_results(office: Office) -> None:
    answer = office.order("ndvi", products=office.sources[1], keep_clouds=True)
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["products"]] == [f"u.bob.NDVI_{office.sources[1]}"]
    body = {"inputs": {"products": {"value": [office.sources[1]]}}, "response": "raw"}
    raw = office.client.post("/ogcapi/processes/ndvi/execution", json=body, headers=office.headers("bob"))
    assert raw.json()[0]["id"] == f"u.bob.NDVI_{office.sources[1]}"


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async", 201),
        ("Respond-Async; wait=1", 201),
        ("respond-async, wait=0", 201),
        ("wait=0", 201),
        ("respond-sync", 200),
        ("wait=20", 200),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(office: Office, prefer: str, status: int) -> None:
    answer = office.order("ndvi", products=[office.sources[0]], prefer=prefer)
    assert answer.status_code == status
    if status == 201:
        assert office.finished(answer.json()["jobID"])["status"] == "successful"


@pytest.mark.parametrize(
    ("inputs", "locator", "says"),
    [
        ({}, "products", "the input products is required"),
        ({"products": []}, "products", "should be non-empty"),
        ({"products": ["no such thing at all!"]}, "products", "does not match"),
        ({"products": ["SENTINEL2A_19990101"]}, "products", "there is no product SENTINEL2A_19990101"),
        ({"products": {"collection": "oso-23"}}, "products", "oso-23"),
        ({"products": {"collection": "sentinel2-l2a", "datetime": "yesterday"}}, "products", "yesterday"),
        (
            {"products": {"collection": "sentinel2-l2a", "datetime": "1999-01-01"}},
            "products",
            "nothing matches",
        ),
        ({"products": {"collection": "sentinel2-l2a", "bbox": [2, 1, 1, 2]}}, "products", "west <= east"),
        ({"products": {"href": "http://127.0.0.1/"}}, "products", "is no public address"),
        ({"products": ["SOURCE"], "keep_clouds": "maybe"}, "keep_clouds", "'maybe' is not of type 'boolean'"),
        (
            {"products": ["SOURCE"], "kepp_clouds": True},
            "kepp_clouds",
            "the inputs are products, keep_clouds",
        ),
    ],
)
def test_a_wrong_input_is_refused_at_once_by_name(
    office: Office, inputs: dict[str, Any], locator: str, says: str
) -> None:
    filled = {name: [office.sources[0]] if value == ["SOURCE"] else value for name, value in inputs.items()}
    before = office.get("/jobs").json()["jobs"][:1]
    answer = office.order("ndvi", **filled)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json().get("locator", ""), says in answer.json()["detail"]) == (locator, True), (
        answer.json()
    )
    assert office.get("/jobs").json()["jobs"][:1] == before


def test_a_threshold_outside_of_its_range_is_refused(office: Office) -> None:
    for value in (2, "0.1", None, [0.1], True):
        answer = office.order("otb-water", products=[office.sources[0]], threshold=value)
        assert (answer.status_code, answer.json()["locator"]) == (400, "threshold"), value


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b'{"inputs": []}', b'{"invalid-execute-request": 1}', b'{"inputs": {"products": NaN}}', b"[" * 5_000, b'{"inputs": {"a": ' + b"[" * 40 + b"]" * 40 + b"}}",
     b'{"inputs": {}, "subscriber": {"successUri": "file:///etc/passwd"}}', b'{"inputs": {}, "subscriber": {"failedUri": "http://a/"}}', b'{"inputs": {}, "subscriber": {"successUri": "http://[/"}}', b'{"inputs": {}, "subscriber": {"successUri": "http://u:p@a/"}}', b'{"inputs": {}, "subscriber": {"successUri": "http://a/", "otherUri": "http://a/"}}', b'{"inputs": {}, "response": "zip"}', b'{"inputs": {}, "outputs": {"other": {}}}', b"\xff\xfe"],
)  # fmt: skip
def test_a_body_that_is_no_order_is_refused(office: Office, body: bytes) -> None:
    answer = office.client.post(
        "/ogcapi/processes/ndvi/execution", content=body, headers=office.headers("bob")
    )
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


def test_execution_and_jobs_are_closed_to_the_anonymous(office: Office) -> None:
    for answer in (office.order("ndvi", who="", products=[office.sources[0]]), office.get("/jobs", who="")):
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]
    assert office.client.get("/ogcapi/jobs", headers={"X-API-Key": "hyk_wrong"}).status_code == 401


def test_a_job_is_its_owners_and_the_operators(office: Office) -> None:
    job = office.order("ndvi", products=[office.sources[0]], prefer="respond-async").json()["jobID"]
    for path in ("", "/results", "/log", "/events"):
        for who in ("eve", ""):
            answer = office.get(f"/jobs/{job}{path}", who=who)
            assert answer.status_code == 404
            assert answer.json()["type"].endswith("/no-such-job")
    assert office.client.delete(f"/ogcapi/jobs/{job}", headers=office.headers("eve")).status_code == 404
    assert office.get(f"/jobs/{job}", who="ada").json()["jobID"] == job
    assert job not in [one["jobID"] for one in office.get("/jobs", who="eve").json()["jobs"]]
    assert job in [one["jobID"] for one in office.get("/jobs", who="ada").json()["jobs"]]
    office.finished(job)
    assert "product 1 of 1" not in office.get(f"/jobs/{job}/log").text
    events = office.get(f"/jobs/{job}/events").json()["events"]
    assert [event["phase"] for event in events][:2] == ["queued", "submitting"]


def test_the_job_list_filters_and_pages(office: Office) -> None:
    for _ in range(3):
        office.finished(
            office.order("ndvi", who="dan", products=[office.sources[0]], prefer="respond-async").json()[
                "jobID"
            ],
            "dan",
        )
    first = office.get("/jobs", who="dan", limit="2").json()
    assert len(first["jobs"]) == 2
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = office.client.get(
        following.removeprefix("http://maps.example"), headers=office.headers("dan")
    ).json()
    ids = [one["jobID"] for one in (*first["jobs"], *second["jobs"])]
    assert len(set(ids)) == 3
    assert office.get("/jobs", who="dan", status="running,accepted").json()["jobs"] == []
    assert len(office.get("/jobs", who="dan", status="successful", processID="ndvi").json()["jobs"]) == 3
    jobs = office.get("/jobs", who="dan", type="process").json()["jobs"]
    middle = sorted(jobs, key=lambda one: one["created"])[1]
    made = {one["jobID"]: datetime.fromisoformat(one["created"]) for one in jobs}
    second = made[middle["jobID"]] + timedelta(
        seconds=1
    )  # how long a time is that is told to the second or better
    for interval, wanted in (
        (f"{middle['created']}/..", [job for job, at in made.items() if at >= made[middle["jobID"]]]),
        (f"../{middle['created']}", [job for job, at in made.items() if at < second]),
    ):
        found = office.get("/jobs", who="dan", datetime=interval).json()["jobs"]
        assert [one["jobID"] for one in found] == wanted
    assert office.get("/jobs", who="dan", datetime="../2020-01-01").json()["jobs"] == []
    assert len(office.get("/jobs", who="dan", minDuration="0", maxDuration="600").json()["jobs"]) == 3
    assert office.get("/jobs", who="dan", minDuration="600").json()["jobs"] == []
    page = office.get("/jobs", who="dan", limit="1", minDuration="0").json()
    assert "minDuration=0" in next(link["href"] for link in page["links"] if link["rel"] == "next")
    for wrong in (
        {"type": "batch"},
        {"datetime": "yesterday"},
        {"minDuration": "-1"},
        {"maxDuration": "long"},
    ):
        assert office.get("/jobs", who="dan", **wrong).status_code == 400, wrong
    assert office.get("/jobs", who="dan", processID="otb-water").json()["jobs"] == []
    for wrong in ({"status": "done"}, {"limit": "0"}, {"limit": "many"}, {"colour": "red"}):
        assert office.get("/jobs", who="dan", **wrong).status_code == 400


def test_what_is_not_there_is_404_with_its_own_type(office: Office) -> None:
    process = office.get("/processes/nothing")
    assert (process.status_code, process.json()["type"].rpartition("/")[2]) == (404, "no-such-process")
    assert office.order("nothing", products=[]).status_code == 404
    job = office.get("/jobs/nothing/results")
    assert (job.status_code, job.json()["type"].rpartition("/")[2]) == (404, "no-such-job")


def test_results_before_the_end_are_not_ready_and_dismissed_ones_gone(office: Office) -> None:
    queued = [
        office.order("ndvi", products=office.sources, prefer="respond-async").json()["jobID"]
        for _ in range(4)
    ]
    last = queued[-1]
    early = office.get(f"/jobs/{last}/results")
    assert (early.status_code, early.json()["type"].rpartition("/")[2]) == (404, "result-not-ready")
    dismissed = office.client.delete(f"/ogcapi/jobs/{last}", headers=office.headers("bob"))
    assert (dismissed.status_code, dismissed.json()["status"]) == (200, "dismissed")
    assert office.get(f"/jobs/{last}/results").status_code == 410
    for job in queued[:-1]:
        assert office.finished(job)["status"] == "successful"
    removed = office.client.delete(f"/ogcapi/jobs/{queued[0]}", headers=office.headers("bob"))
    assert (removed.status_code, removed.json()["status"]) == (200, "dismissed")
    assert office.get(f"/jobs/{queued[0]}").status_code == 404


def test_sharing_by_the_door_of_spaces(office: Office) -> None:
    made = office.order("otb-water", who="eve", products=[office.sources[0]])
    if made.status_code != 200:
        pytest.skip("Orfeo ToolBox is not installed (Debian: otb-bin)")
    name = made.json()["products"][0]["id"]

    def share(who: str, audience: str) -> int:
        return office.client.post(
            f"/spaces/{name}", json={"audience": audience}, headers=office.headers(who)
        ).status_code

    assert share("bob", "private") == 404
    assert share("eve", "g.snow") == 403
    assert share("eve", "private") == 200
    assert share("eve", "official") == 403
    assert share("eve", "u.bob") == 403
    assert share("", "official") == 403
    assert (
        office.client.post(f"/spaces/{name}", json={"audience": 7}, headers=office.headers("eve")).status_code
        == 400
    )
    assert share("ada", "official") == 200
    public = office.client.get("/wms?service=WMS&version=1.3.0&request=GetCapabilities").text
    assert "<Name>water-mask</Name>" in public
    assert share("ada", "official") == 404


@pytest.mark.parametrize(
    ("process", "layer", "style"), [("ndvi", "ndvi", "vegetation"), ("otb-water", "water-mask", "water")]
)
def test_the_picture_of_a_result_is_the_one_that_was_looked_at(
    office: Office, process: str, layer: str, style: str
) -> None:
    made = office.order(process, who="ada", products=[office.sources[0]])
    if made.status_code != 200 and process == "otb-water":
        pytest.skip("Orfeo ToolBox is not installed (Debian: otb-bin)")
    image = {"service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": f"u.ada.{layer}", "styles": style, "crs": "EPSG:4326", "format": "image/png",
             "bbox": "44.2085,0.4955,44.2285,0.5225", "width": "110", "height": "110", "transparent": "TRUE"}  # fmt: skip
    body = office.client.get("/wms", params=image, headers=office.headers("ada")).content
    path = GOLDEN / f"derived.{layer}.{style}.png"
    if os.environ.get("GOLDEN") == "write":
        path.write_bytes(body)
    expected, found = (
        np.asarray(Image.open(BytesIO(one)).convert("RGBA")).astype(int) for one in (path.read_bytes(), body)
    )
    assert (np.abs(expected - found).max(axis=2) > 3).mean() < 0.002
