# SPDX-License-Identifier: Apache-2.0
"""The water level of a lake ordered over HTTP: from a real pass of Sentinel-3 to its known height, and back in as a delivery."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support import shared

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import Processes as ProcessSettings
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest, wire_supervisor
from processes.chains.virtual_station import chosen
from processes.service import Processes

LAKE = [[[12.2, 42.08], [12.3, 42.08], [12.3, 42.139], [12.2, 42.139], [12.2, 42.08]]]
PASS = "S3A_SR_2_WAT_20230502T200837_cycle098_pass427_standard_measurement.nc"
GOOD = {"name": "L_BRACCIANO", "water": "Bracciano", "polygon": {"type": "Polygon", "coordinates": LAKE}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    tracks = tmp_path / "tracks"
    tracks.mkdir()
    (tracks / PASS).symlink_to(shared("data", "hydroweb", "altimetry_l2", PASS))
    (tracks / "S3B_SR_2_LAN____20230503T000000.nc").write_bytes(b"not a track")
    (tracks / "notes.nc").write_bytes(b"nor this")
    settings = Settings(
        data=tmp_path / "data", processes=ProcessSettings(supervisor="separate", tracks=tracks)
    )
    catalog = wire_catalog(settings)
    key = catalog.keys.create(KeyRequest("hilda", Role.USER), OPERATOR)[1]
    stop = threading.Event()
    working = wire_supervisor(settings, catalog, Processes(catalog, settings))
    supervisor = threading.Thread(target=working.run, args=(stop,))
    supervisor.start()
    try:
        with TestClient(build(settings), headers={"X-API-Key": key}) as found:
            yield found
    finally:
        stop.set()
        supervisor.join(20)
        catalog.close()


def ordered(client: TestClient, **inputs: Any) -> tuple[str, dict[str, Any]]:
    answer = client.post(
        "/ogcapi/processes/altimetry/execution",
        json={"inputs": {**GOOD, **inputs}},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()["jobID"]
    for _ in range(600):
        found = client.get(f"/ogcapi/jobs/{job}").json()
        if found["status"] in ("successful", "failed"):
            return job, found
        time.sleep(0.1)
    raise AssertionError(found)


def test_the_level_of_a_lake_is_ordered_and_its_file_is_a_delivery(
    client: TestClient, tmp_path: Path
) -> None:
    job, found = ordered(client, missions=["S3A"], rejection=1e9)
    assert found["status"] == "successful", found
    results = client.get(f"/ogcapi/jobs/{job}/results").json()
    heights = results["heights"]
    heights = heights.get("value", heights)
    ((value),) = heights["values"]
    assert value["height"] == pytest.approx(161.818, abs=0.006)
    assert value["uncertainty"] == pytest.approx(0.111, abs=0.002)
    assert (value["mission"], heights["verticalDatum"]) == ("S3A-0427", "EPSG:3855")
    assert heights["provenance"]["passes"][0]["file"] == PASS
    text = client.get(f"/ogcapi/jobs/{job}/results/series")
    assert text.headers["content-type"].startswith("text/plain")
    (tmp_path / "hydroprd_L_BRACCIANO_exp.txt").write_bytes(text.content)
    other = wire_catalog(Settings(data=tmp_path / "other"))
    worker = wire_ingest(Settings(data=tmp_path / "other"), other)
    assert worker.run(worker.find([tmp_path / "hydroprd_L_BRACCIANO_exp.txt"])).counts() == {"new": 1}
    other.close()


def test_what_has_no_height_says_why(client: TestClient) -> None:
    _, found = ordered(
        client, polygon={"type": "Polygon", "coordinates": [[[0, 0], [0.1, 0], [0.1, 0.1], [0, 0]]]}
    )
    assert found["status"] == "failed"
    assert "has no record of water in the polygon" in found["message"]
    assert "S3B_SR_2_LAN____20230503T000000.nc: is not a Sentinel-3 track" in found["message"]
    _, found = ordered(client, start="2024-01-01")
    assert "there is no track of these missions and days" in found["message"]


def test_tracks_are_chosen_by_mission_and_day(tmp_path: Path) -> None:
    home = tmp_path / "S3A_SR_2_LAN____20190101T101010_x.SEN3"
    home.mkdir()
    for name in ("standard_measurement.nc", "reduced_measurement.nc", "enhanced_measurement.nc"):
        (home / name).touch()
    (tmp_path / "S3B_SR_2_WAT_20190102T000000.nc").touch()
    every = sorted(path.name for path in chosen(tmp_path, ["S3A", "S3B"], "2019-01-01", "2019-01-31"))
    assert every == ["S3B_SR_2_WAT_20190102T000000.nc", "enhanced_measurement.nc"]
    assert list(chosen(tmp_path, ["S3B"], "2019-01-01", "2019-01-01")) == []


def test_without_tracks_it_is_not_offered(tmp_path: Path) -> None:
    with TestClient(build(Settings(data=tmp_path / "data"))) as client:
        assert client.get("/ogcapi/processes/altimetry").status_code == 404
