# SPDX-License-Identifier: Apache-2.0
"""What an order may refer to, what it need not run again, how its answer is told, and how long that is kept."""

import email
import json
import threading
from collections.abc import Iterator
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from starlette.testclient import TestClient
from test_processes import Office, office

from catalog.model.principal import OPERATOR
from catalog.model.time import DAY_MICROS, now
from hysope.app import build
from hysope.wiring import wire_catalog, wire_supervisor
from processes.model import JobId
from processes.service import Processes

__all__ = ["office"]
FIELD = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"name": "field"}, "geometry": {"type": "Polygon", "coordinates": [[[0.5, 44.21], [0.51, 44.21], [0.51, 44.22], [0.5, 44.21]]]}}
    ],
}  # fmt: skip


def zones(office: Office, who: str = "bob", **more: Any) -> dict[str, Any]:
    return {"products": [office.sources[0]], "band": "B4", "polygons": FIELD, **more}


def ordered(
    office: Office,
    inputs: dict[str, Any],
    who: str = "bob",
    process: str = "zonal-statistics",
    **headers: str,
) -> dict[str, Any]:
    answer = office.client.post(
        f"/ogcapi/processes/{process}/execution", json={"inputs": inputs}, headers={**office.headers(who), "Prefer": "respond-async", **headers}
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return answer.json()


def results(office: Office, job: str, who: str = "bob") -> dict[str, Any]:
    return office.get(f"/jobs/{job}/results", who).json()


def test_an_equal_order_has_the_results_of_the_first_at_once(office: Office) -> None:
    first = ordered(office, zones(office))["jobID"]
    assert office.finished(first)["status"] == "successful"
    again = ordered(office, zones(office))
    assert (again["status"], again["jobID"] != first) == ("successful", True)
    assert "made before" in again["message"]
    assert results(office, again["jobID"])["statistics"] == results(office, first)["statistics"]
    table = f"/jobs/{again['jobID']}/results/table"
    assert office.get(table).content == office.get(f"/jobs/{first}/results/table").content
    others = ordered(office, zones(office), "eve")
    assert others["status"] == "successful", "whoever may read the products may have what was made of them"
    assert first not in json.dumps(others), "and hears nothing of who had it made"
    assert ordered(office, zones(office, band="B8"))["status"] == "accepted"
    assert ordered(office, zones(office), **{"Cache-Control": "no-cache"})["status"] == "accepted"
    resubmitted = office.client.post(f"/ogcapi/jobs/{first}/resubmit", headers=office.headers("bob")).json()
    assert resubmitted["status"] == "accepted", "who orders again wants it made again"
    assert office.client.delete(f"/ogcapi/jobs/{first}", headers=office.headers("bob")).status_code == 200
    assert office.get(table).status_code == 200, "each job keeps its own"


def test_products_are_reused_in_ones_own_space_only_while_they_are_there(office: Office) -> None:
    inputs = {"products": [office.sources[0]]}
    first = ordered(office, inputs, process="ndvi")
    assert office.finished(first["jobID"])["status"] == "successful"
    again = ordered(office, inputs, process="ndvi")
    assert again["status"] == "successful"
    (product,) = results(office, again["jobID"])["products"]
    assert product == results(office, first["jobID"])["products"][0]
    others = ordered(office, inputs, "eve", "ndvi")
    assert others["status"] == "accepted"
    assert office.finished(others["jobID"], "eve")["status"] == "successful"
    office.catalog.withdraw(product["id"], OPERATOR, "test")
    anew = ordered(office, inputs, process="ndvi")
    assert anew["status"] == "accepted"
    assert office.finished(anew["jobID"])["status"] == "successful"


@pytest.mark.parametrize("wait", ["sync", "async"])
def test_several_raw_outputs_are_parts_of_one_answer(office: Office, wait: str) -> None:
    body = {
        "inputs": zones(office),
        "response": "raw",
        "outputs": {"statistics": {}, "table": {"transmissionMode": "value"}},
    }
    headers = {**office.headers("bob"), **({"Prefer": "respond-async"} if wait == "async" else {})}
    answer = office.client.post("/ogcapi/processes/zonal-statistics/execution", json=body, headers=headers)
    if wait == "async":
        job = answer.json()["jobID"]
        assert office.finished(job)["status"] == "successful"
        answer = office.get(f"/jobs/{job}/results")
    assert answer.headers["content-type"].startswith("multipart/related; boundary=")
    whole = b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    message = email.message_from_bytes(whole, policy=HTTP)
    parts = {part["Content-ID"]: part for part in message.iter_parts()}
    assert parts.keys() == {"<statistics>", "<table>"}
    assert parts["<statistics>"].get_content_type() == "application/geo+json"
    assert json.loads(parts["<statistics>"].get_content())["type"] == "FeatureCollection"
    assert parts["<table>"].get_content().splitlines()[0].startswith("polygon")
    body["outputs"]["table"]["transmissionMode"] = "reference"
    answer = office.client.post(
        "/ogcapi/processes/zonal-statistics/execution", json=body, headers=office.headers("bob")
    )
    whole = b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    (part,) = [
        one
        for one in email.message_from_bytes(whole, policy=HTTP).iter_parts()
        if one["Content-ID"] == "<table>"
    ]
    address = part["Content-Location"].removeprefix("http://maps.example")
    assert office.client.get(address, headers=office.headers("bob")).status_code == 200


@pytest.fixture
def shelf() -> Iterator[tuple[str, dict[str, tuple[int, str, bytes]]]]:
    answers: dict[str, tuple[int, str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, media_type, body = answers.get(self.path, (404, "text/plain", b"nothing"))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", answers
        httpd.shutdown()
        thread.join()


def test_an_input_is_taken_from_where_it_is_referred_to(office: Office, shelf: Any) -> None:
    base, answers = shelf
    answers["/zones"] = (200, "application/geo+json", json.dumps(FIELD).encode())
    answers["/broken"] = (200, "application/json", b"{")
    answers["/nan"] = (200, "application/json", b"NaN")
    answers["/wrong"] = (200, "application/json", b'{"type": "Point"}')
    answers["/words"] = (200, "text/plain", "à lire".encode())
    answers["/big"] = (200, "application/json", b'"' + b"x" * 11_000_000 + b'"')
    chosen = office.settings.processes.model_copy(update={"reference_private": True})
    with TestClient(build(office.settings.model_copy(update={"processes": chosen}))) as client:
        there = Office(client, office.catalog, office.keys, office.sources, office.settings)

        def ask(link: Any) -> Any:
            body = {"inputs": {**zones(office, band="B3"), "polygons": link}}
            return client.post(
                "/ogcapi/processes/zonal-statistics/estimate", json=body, headers=office.headers("bob")
            )

        job = ordered(
            there,
            {
                **zones(office, band="B3"),
                "polygons": {"href": f"{base}/zones", "type": "application/geo+json"},
            },
        )
        assert office.finished(job["jobID"])["status"] == "successful"
        found = results(office, job["jobID"])["statistics"]["value"]
        assert found["features"][0]["properties"]["name"] == "field"
        said = client.post("/ogcapi/processes/echo/execution", json={"inputs": {"message": {"href": f"{base}/words", "type": "text/plain"}}, "outputs": {"message": {}}}, headers=office.headers("bob"))  # fmt: skip
        assert said.json() == {"message": "à lire"}
        for link, words in (
            ({"href": f"{base}/broken"}, "is no application/json"), ({"href": f"{base}/nan"}, "is no application/json"),
            ({"href": f"{base}/wrong"}, "required property"), ({"href": f"{base}/none"}, "answered 404"), ({"href": f"{base}/big"}, "limits.reference_bytes"),
            ({"href": "file:///etc/passwd"}, "no address of http"), ({"href": f"{base}/zones", "type": "image/png"}, "JSON or plain text"),
            ({"href": f"{base}/zones", "colour": "red"}, "a reference has href"), ({"href": 5}, "a reference has href"),
        ):  # fmt: skip
            answer = ask(link)
            assert answer.status_code == 400, answer.text
            assert words in answer.json()["detail"]
            assert "polygons" in answer.json()["detail"]


def test_outputs_go_when_their_time_is_over_and_jobs_when_they_are_old(office: Office) -> None:
    job = ordered(office, zones(office, band="B11"))["jobID"]
    found = office.finished(job)
    days = office.settings.processes.keep_days * DAY_MICROS
    processes = Processes(office.catalog, office.settings)
    stored = processes.queue.job(job, processes._deadline())
    assert stored is not None and stored.expires is not None
    assert abs(stored.expires - now() - days) < 600_000_000
    assert found["expires"].startswith("20")
    beside = wire_catalog(office.settings)
    chosen = office.settings.processes.model_copy(update={"history_days": 1})
    supervisor = wire_supervisor(
        office.settings.model_copy(update={"processes": chosen}), beside, Processes(beside, office.settings)
    )
    processes.queue.note(JobId(job), expires_us=now() - 1)
    supervisor._tidy()
    gone = office.get(f"/jobs/{job}/results")
    assert gone.status_code == 410, gone.text
    assert office.get(f"/jobs/{job}").json()["status"] == "successful"
    assert ordered(office, zones(office, band="B11"))["status"] == "accepted", "what is gone is not reused"
    processes.queue.note(JobId(job), finished_us=now() - 2 * DAY_MICROS)
    supervisor._tidy()
    assert office.get(f"/jobs/{job}").status_code == 404
    assert not processes.folder(JobId(job)).exists()
    beside.close()
