# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of the running server: log, metrics, health; and what nobody should see."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import Settings
from hysope import observe
from hysope.app import build
from hysope.wiring import wire_catalog


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, object]]]:
    """What was written to standard error since the last look."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_request_is_one_json_line_without_secrets(
    world: World, lines: Callable[[], list[dict[str, object]]]
) -> None:
    world.client.get("/wms?REQUEST=GetMap&token=seed-1&API_KEY=seed-2&x=1")
    (line,) = lines()
    assert (line["path"], line["status"], line["method"]) == ("/wms", 200, "GET")
    assert "seed-" not in json.dumps(line)
    assert "x=1" in str(line["query"])
    assert float(str(line["ms"])) >= 0


def test_metrics_count_by_door(world: World) -> None:
    world.client.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities")
    world.client.get("/nothing/here")
    text = world.client.get("/metrics").text
    assert 'hysope_requests_total{door="wms",status="200"}' in text
    assert 'hysope_requests_total{door="other",status="404"}' in text
    assert "hysope_request_seconds_bucket" in text


def test_every_door_has_its_own_count(tmp_path: Path) -> None:
    app = build(Settings(data=tmp_path))
    first = {str(getattr(route, "path", "")).split("/")[1] for route in app.routes} - {""}
    assert first <= observe._DOORS


def test_metrics_tell_how_production_stands(tmp_path: Path) -> None:
    """Over a store of its own: no supervisor of another test takes the job away."""
    client = TestClient(build(Settings(data=tmp_path)))
    _, key = wire_catalog(Settings(data=tmp_path)).keys.create(KeyRequest("dan", Role.USER, ()), OPERATOR)
    assert _gauge(client, 'hysope_jobs{phase="queued"}') == 0
    accepted = client.post(
        "/ogcapi/processes/echo/execution",
        json={"inputs": {"message": "x"}},
        headers={"X-API-Key": key, "Prefer": "respond-async"},
    )
    assert accepted.status_code == 201, accepted.text
    assert _gauge(client, 'hysope_jobs{phase="queued"}') == 1
    assert _gauge(client, "hysope_oldest_waiting_job_seconds") > 0
    assert _gauge(client, 'hysope_jobs_ended_last_day{phase="successful"}') == 0


def _gauge(client: TestClient, name: str) -> float:
    return next(
        float(line.rpartition(" ")[2])
        for line in client.get("/metrics").text.splitlines()
        if line.startswith(name)
    )


def test_health(world: World) -> None:
    assert world.client.get("/health/live").text == "alive\n"
    ready = world.client.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


def test_what_nobody_expected_is_an_incident_without_details(
    tmp_path: Path, lines: Callable[[], list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that no code foresees, injected below the service."""
    import ogc.wms.service as module

    def broken(*_: object) -> None:
        raise ZeroDivisionError("internal detail")

    monkeypatch.setattr(module, "read_request", broken)
    with TestClient(build(Settings(data=tmp_path)), raise_server_exceptions=False) as client:
        answer = client.get("/wms?REQUEST=GetMap")
    assert answer.status_code == 500
    assert "internal detail" not in answer.text
    trace, access = lines()
    assert str(trace["incident"]) in answer.text
    assert "ZeroDivisionError" in str(trace["trace"])
    assert access["incident"] == trace["incident"]


def test_an_empty_catalogue_answers_everywhere(tmp_path: Path) -> None:
    with TestClient(build(Settings(data=tmp_path))) as client:
        answer = client.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities")
        assert b"<Title>Land-surface products</Title>" in answer.content
        box = "CRS=EPSG:4326&BBOX=44,0,45,1&WIDTH=8&HEIGHT=8&FORMAT=image/png"
        answer = client.get(f"/wms?VERSION=1.3.0&REQUEST=GetMap&LAYERS=oso-23&STYLES=&{box}")
        assert answer.headers["content-type"] == "image/png"
        assert client.get("/collections/oso-23").status_code == 200
        assert client.get("/hysope.qlr").status_code == 200


def test_a_missing_file_of_the_archive_is_busy_not_a_crash(tmp_path: Path, products: Path) -> None:
    from hysope.wiring import wire_catalog, wire_ingest

    settings = Settings(data=tmp_path)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([products / "OSO_20220101_RASTER_V1-0.zip"]))
    for path in catalog.archive.rglob("CLASS*"):
        path.unlink()
    catalog.close()
    with TestClient(build(settings)) as client:
        box = "CRS=EPSG:4326&BBOX=44.21,0.49,44.23,0.53&WIDTH=8&HEIGHT=8&FORMAT=image/png"
        answer = client.get(f"/wms?VERSION=1.3.0&REQUEST=GetMap&LAYERS=oso-23&STYLES=&{box}")
    assert answer.status_code == 503
    assert b"hysope verify" in answer.content


def test_a_publication_is_seen_by_a_running_server(tmp_path: Path, products: Path) -> None:
    import time

    from hysope.wiring import wire_catalog, wire_ingest

    settings = Settings(data=tmp_path)
    query = "/wms?VERSION=1.3.0&REQUEST=GetMap&LAYERS=oso-23&STYLES=&CRS=EPSG:4326&BBOX=44.21,0.49,44.23,0.53&WIDTH=32&HEIGHT=32&FORMAT=image/png&TRANSPARENT=TRUE"
    with TestClient(build(settings)) as client:
        before = client.get(query)
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings, catalog)
        worker.run(worker.find([products / "OSO_20220101_RASTER_V1-0.zip"]))
        for _ in range(20):
            after = client.get(query)
            if after.headers["etag"] != before.headers["etag"]:
                break
            time.sleep(0.1)
        assert after.content != before.content
        from catalog.model.principal import OPERATOR

        catalog.withdraw("OSO_20220101_RASTER", OPERATOR, "test")
        catalog.close()
        for _ in range(20):
            gone = client.get(query)
            if gone.headers["etag"] != after.headers["etag"]:
                break
            time.sleep(0.1)
        assert gone.content == before.content
