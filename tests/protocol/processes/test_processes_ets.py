# SPDX-License-Identifier: Apache-2.0
"""The abstract tests of OGC API Processes 1.0 (18-062r2, annex A) that OGC's suite runs, by their names; the suite itself is not to be had here.

Its official schemas are not here either: what they require stands below as schemas of ours.
"""

import base64
import email
from collections.abc import Callable
from email.policy import HTTP
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_processes import API, Office, office

__all__ = ["office"]
TYPES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
TEXT = "teststring"
LINKS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href"],
        "properties": {"href": {"type": "string"}, "rel": {"type": "string"}, "type": {"type": "string"}},
    },
}
EXCEPTION = {
    "type": "object", "required": ["type"],
    "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}, "instance": {"type": "string"}},
}  # fmt: skip
SUMMARY = {
    "type": "object", "required": ["id", "version"],
    "properties": {
        "id": {"type": "string"}, "version": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"}, "links": LINKS,
        "jobControlOptions": {"type": "array", "items": {"enum": ["sync-execute", "async-execute", "dismiss"]}},
        "outputTransmission": {"type": "array", "items": {"enum": ["value", "reference"]}},
    },
}  # fmt: skip
PROCESS_LIST = {
    "type": "object",
    "required": ["processes", "links"],
    "properties": {"processes": {"type": "array", "items": SUMMARY}, "links": LINKS},
}
DESCRIBED = {
    "type": "object",
    "required": ["schema"],
    "properties": {"title": {"type": "string"}, "schema": {"type": "object"}},
}
PROCESS = {
    **SUMMARY,
    "properties": {
        **SUMMARY["properties"],
        "inputs": {"type": "object", "additionalProperties": DESCRIBED},
        "outputs": {"type": "object", "additionalProperties": DESCRIBED},
    },
}
STATUS = {
    "type": "object", "required": ["jobID", "status", "type"],
    "properties": {
        "jobID": {"type": "string"}, "processID": {"type": "string"}, "type": {"const": "process"}, "message": {"type": "string"},
        "status": {"enum": ["accepted", "running", "successful", "failed", "dismissed"]}, "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        **{name: {"type": "string", "format": "date-time"} for name in ("created", "started", "finished", "updated")}, "links": LINKS,
    },
}  # fmt: skip
JOB_LIST = {
    "type": "object",
    "required": ["jobs", "links"],
    "properties": {"jobs": {"type": "array", "items": STATUS}, "links": LINKS},
}
CONFORMANCE = {
    "type": "object",
    "required": ["conformsTo"],
    "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
}
LANDING = {"type": "object", "required": ["links"], "properties": {"links": LINKS}}


def valid(answer: Any, schema: dict[str, Any], status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/problem+json")
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer.json())
    return answer.json()


def execute(office: Office, body: dict[str, Any], prefer: str = "") -> Any:
    headers = {**office.headers("bob"), **({"Prefer": prefer} if prefer else {}), "Cache-Control": "no-cache"}
    return office.client.post("/ogcapi/processes/echo/execution", json=body, headers=headers)


def echoed(office: Office, **inputs: Any) -> Any:
    answer = execute(office, {"inputs": {"message": TEXT, **inputs}})
    assert answer.status_code == 200 and TEXT in answer.text, answer.text
    return answer.json()


def job(office: Office, body: dict[str, Any]) -> str:
    """A job that has ended."""
    made = execute(office, body, "respond-async")
    name = valid(made, STATUS, 201)["jobID"]
    assert made.headers["location"] == f"{API}/jobs/{name}"
    office.finished(name)
    return name


def refused(answer: Any, kind: str, status: int = 404) -> None:
    assert valid(answer, EXCEPTION, status)["type"] == f"{TYPES}/{kind}"


def links_of(found: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in found["links"]}


def parts(answer: Any) -> dict[str, str]:
    assert answer.headers["content-type"].startswith("multipart/related")
    whole = b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    message = email.message_from_bytes(whole, policy=HTTP)
    return {part["Content-ID"].strip("<>"): part.get_payload().strip() for part in message.iter_parts()}


def landing(office: Office) -> None:
    rels = links_of(valid(office.get("", who=""), LANDING))
    assert {
        "service-desc",
        "conformance",
        "http://www.opengis.net/def/rel/ogc/1.0/processes",
    } <= rels.keys()


def api_definition(office: Office) -> None:
    found = office.client.get("/ogcapi/api", params={"f": "json"}).json()
    assert found["openapi"].startswith("3.0.")
    for path in ("/processes", "/processes/{processID}", "/processes/{processID}/execution", "/jobs", "/jobs/{jobId}", "/jobs/{jobId}/results"):  # fmt: skip
        shape = [part for part in path.split("/") if not part.startswith("{")]
        assert any(
            [part for part in one.split("/") if not part.startswith("{")][-len(shape) :] == shape
            for one in found["paths"]
        ), path


def conformance(office: Office) -> None:
    classes = valid(office.get("/conformance", who=""), CONFORMANCE)["conformsTo"]
    stem = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
    assert {f"{stem}/{name}" for name in ("core", "ogc-process-description", "json", "html", "oas30", "job-list", "callback", "dismiss")} <= set(classes)  # fmt: skip


def process_list(office: Office) -> None:
    found = valid(office.get("/processes", who=""), PROCESS_LIST)
    assert {"self", "alternate"} <= links_of(found).keys()
    for one in found["processes"]:
        assert links_of(one)["self"].endswith(f"/processes/{one['id']}")


def process_list_limit(office: Office) -> None:
    first = valid(office.get("/processes", who="", limit="1"), PROCESS_LIST)
    assert len(first["processes"]) == 1
    following = office.client.get(links_of(first)["next"].removeprefix("http://maps.example"))
    assert valid(following, PROCESS_LIST)["processes"] != first["processes"]
    valid(office.get("/processes", who="", limit="0"), EXCEPTION, 400)


def process_descriptions(office: Office) -> None:
    for one in office.get("/processes", who="").json()["processes"]:
        found = valid(office.get(f"/processes/{one['id']}", who=""), PROCESS)
        assert found["inputs"] and found["outputs"]
        assert links_of(found)["http://www.opengis.net/def/rel/ogc/1.0/execute"].endswith("/execution")


def default_execution_mode(office: Office) -> None:
    assert execute(office, {"inputs": {"message": TEXT}}).status_code == 200
    made = office.order("extract", collection="no-such")
    assert made.status_code == 400  # asynchronous alone: never 200


def sync_raw_value_one(office: Office) -> None:
    body = {"inputs": {"message": TEXT}, "outputs": {"message": {}}, "response": "raw"}
    answer = execute(office, body)
    assert (answer.status_code, answer.text) == (200, TEXT)
    assert answer.headers["content-type"].startswith("text/plain")


def raw_several(office: Office) -> None:
    body = {"inputs": {"message": TEXT, "number": 3}, "outputs": {"message": {}, "number": {}}, "response": "raw"}  # fmt: skip
    assert parts(execute(office, body)) == {"message": TEXT, "number": "3"}
    assert parts(office.get(f"/jobs/{job(office, body)}/results")) == {"message": TEXT, "number": "3"}


def raw_reference(office: Office) -> None:
    body = {"inputs": {"message": TEXT}, "outputs": {"message": {"transmissionMode": "reference"}}, "response": "raw"}  # fmt: skip
    for answer in (execute(office, body), office.get(f"/jobs/{job(office, body)}/results")):
        assert (answer.status_code, answer.content) == (204, b"")
        address = answer.headers["link"].split(">")[0].strip("<").removeprefix("http://maps.example")
        assert office.client.get(address, headers=office.headers("bob")).text == TEXT


def document(office: Office) -> None:
    body = {"inputs": {"message": TEXT}, "outputs": {"message": {}}, "response": "document"}
    assert valid(execute(office, body), {"required": ["message"]}) == {"message": TEXT}
    assert office.get(f"/jobs/{job(office, body)}/results").json() == {"message": TEXT}


def default_outputs(office: Office) -> None:
    declared = office.get("/processes/echo", who="").json()["outputs"]
    assert echoed(office).keys() == declared.keys()


def invalid_orders(office: Office) -> None:
    for body in ({"invalid-execute-request": TEXT}, {"inputs": {}}, {"inputs": {"message": [1]}}):
        valid(execute(office, body), EXCEPTION, 400)


def wrong_media_type(office: Office) -> None:
    picture = {"value": "AAAA", "encoding": "base64", "mediaType": "image/x-no-such"}
    valid(execute(office, {"inputs": {"message": TEXT, "picture": picture}}), EXCEPTION, 400)


def results_not_ready(office: Office) -> None:
    made = execute(office, {"inputs": {"message": TEXT, "pause": 60}}, "respond-async").json()
    try:
        assert RESULTS not in links_of(valid(office.get(f"/jobs/{made['jobID']}"), STATUS))
        refused(office.get(f"/jobs/{made['jobID']}/results"), "result-not-ready")
    finally:
        gone = office.client.delete(f"/ogcapi/jobs/{made['jobID']}", headers=office.headers("bob"))
    assert valid(gone, STATUS)["status"] == "dismissed"


def job_status(office: Office) -> None:
    name = job(office, {"inputs": {"message": TEXT}})
    found = valid(office.get(f"/jobs/{name}"), STATUS)
    assert found["processID"] == "echo" and found["status"] == "successful"
    assert links_of(found)[RESULTS] == f"{API}/jobs/{name}/results"
    assert TEXT in office.get(f"/jobs/{name}/results").text


def failed_results(office: Office) -> None:
    square = {"type": "Polygon", "coordinates": [[[1.0, 43.5], [1.1, 43.5], [1.1, 43.6], [1.0, 43.5]]]}
    polygons = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": square}]}  # fmt: skip
    made = office.order("zonal-statistics", prefer="respond-async", products=office.sources, band="B99", polygons=polygons)  # fmt: skip
    name = valid(made, STATUS, 201)["jobID"]
    assert office.finished(name)["status"] == "failed"
    valid(office.get(f"/jobs/{name}"), STATUS)
    valid(office.get(f"/jobs/{name}/results"), EXCEPTION, 500)


def job_list(office: Office) -> None:
    name = job(office, {"inputs": {"message": TEXT}})
    found = valid(office.get("/jobs"), JOB_LIST)
    mine = next(one for one in found["jobs"] if one["jobID"] == name)
    assert (mine["type"], mine["processID"]) == ("process", "echo")
    assert "self" in links_of(found)


def job_list_parameters(office: Office) -> None:
    name = job(office, {"inputs": {"message": TEXT}})
    for parameters, there in (
        ({"type": "process"}, True), ({"processID": "echo"}, True), ({"processID": "ndvi"}, False), ({"status": "successful"}, True),
        ({"status": "failed"}, False), ({"datetime": "2020-01-01T00:00:00Z/.."}, True), ({"datetime": "../2020-01-01T00:00:00Z"}, False),
        ({"minDuration": "3600"}, False), ({"maxDuration": "3600"}, True),
    ):  # fmt: skip
        found = valid(office.get("/jobs", limit="1000", **parameters), JOB_LIST)
        assert (name in [one["jobID"] for one in found["jobs"]]) == there, parameters
    first = valid(office.get("/jobs", limit="1"), JOB_LIST)
    assert len(first["jobs"]) == 1
    second = job(office, {"inputs": {"message": TEXT}})  # a new one shifts no page
    following = office.client.get(
        links_of(first)["next"].removeprefix(API[:-7]), headers=office.headers("bob")
    )
    page = valid(following, JOB_LIST)["jobs"]
    assert page[0]["created"] <= first["jobs"][0]["created"]
    assert page[0]["jobID"] not in (first["jobs"][0]["jobID"], second)
    valid(office.get("/jobs", token="yesterday"), EXCEPTION, 400)


def pages(office: Office) -> None:
    name = job(office, {"inputs": {"message": TEXT}})
    for path in ("", "/conformance", "/api", "/processes", "/processes/echo", "/jobs", f"/jobs/{name}", f"/jobs/{name}/results"):  # fmt: skip
        headers = {**office.headers("bob"), "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        answer = office.client.get(f"/ogcapi{path}", headers=headers)
        assert answer.headers["content-type"] == "text/html; charset=utf-8", path
        assert "<!doctype html>" in answer.text.lower()
        assert "default-src 'none'" in answer.headers["content-security-policy"] or path == "/api"
    assert TEXT in office.get(f"/jobs/{name}/results", f="html").text
    valid(office.get("/jobs", f="xml"), EXCEPTION, 400)


PIXEL = base64.b64encode(b"II*\x00" + bytes(60)).decode()
ASSERTIONS: dict[str, Callable[[Office], object]] = {
    "core/landingpage-op, landingpage-success": landing,
    "core/api-definition-op, api-definition-success": api_definition,
    "core/conformance-op, conformance-success": conformance,
    "core/process-list, process-list-success, pl-links": process_list,
    "core/pl-limit-definition, pl-limit-response": process_list_limit,
    "core/process-description, process-success; ogc-process-description/inputs-def, input-def, outputs-def, output-def": process_descriptions,
    "core/process-exception-no-such-process": lambda at: refused(at.get("/processes/no-such", who=""), "no-such-process"),
    "core/process-execute-op, process-execute-request": lambda at: echoed(at),
    "core/process-execute-default-execution-mode, process-execute-auto-execution-mode": default_execution_mode,
    "core/process-execute-default-outputs": default_outputs,
    "core/process-execute-input-array": lambda at: _equal(echoed(at, list=["a", TEXT])["list"], ["a", TEXT]),
    "core/process-execute-input-inline-object": lambda at: _equal(echoed(at, object={"value": TEXT})["object"], {"value": TEXT}),
    "core/process-execute-input-inline-bbox": lambda at: echoed(at, bbox={"bbox": [345345345] * 4, "crs": "urn:ogc:def:crs:EPSG:6.6:4326"}),
    "core/process-execute-input-inline-binary": lambda at: _equal(echoed(at, picture={"value": PIXEL, "encoding": "base64", "mediaType": "image/tiff"})["picture"], PIXEL),
    "core/process-execute-input-inline-mixed": lambda at: echoed(at, number=1.5, list=[TEXT], object={"a": 1}, bbox={"bbox": [1, 2, 3, 4]}),
    "core/process-execute-input-validation; a media type that is not the input's": wrong_media_type,
    "core/process-execute-request: orders that are none": invalid_orders,
    "core/process-execute-sync-raw-value-one; job-results-async-raw-value-one": sync_raw_value_one,
    "core/process-execute-sync-raw-value-multi; job-results-async-raw-value-multi": raw_several,
    "core/process-execute-sync-raw-ref; job-results-async-raw-ref": raw_reference,
    "core/process-execute-sync-document; job-results-async-document": document,
    "core/process-execute-success-async, job-creation-success-async, job-op, job-success": job_status,
    "core/job-exception-no-such-job": lambda at: refused(at.get("/jobs/no-such"), "no-such-job"),
    "core/job-results-exception-no-such-job": lambda at: refused(at.get("/jobs/no-such/results"), "no-such-job"),
    "core/job-results-exception-results-not-ready; dismiss/job-dismiss-op, job-dismiss-success": results_not_ready,
    "core/job-results-failed": failed_results,
    "html/definition, content": pages,
    "job-list/job-list-op, job-list-success, links": job_list,
    "job-list/type, processID, status, datetime, duration, limit": job_list_parameters,
}  # fmt: skip


def _equal(found: Any, expected: Any) -> None:
    assert found == expected


@pytest.mark.parametrize("name", ASSERTIONS)
def test_an_abstract_test_of_the_standard(office: Office, name: str) -> None:
    ASSERTIONS[name](office)
