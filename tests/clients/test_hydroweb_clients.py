# SPDX-License-Identifier: Apache-2.0
"""py-hydroweb unchanged against our server; its files say what the deliveries said."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from support import World, shared

from catalog.ingest.readers import hydroweb
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

pytestmark = pytest.mark.client
HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients" / "bin" / "python"
BASE = "/hydroweb/api/download/workflows"


@pytest.fixture(scope="module")
def key(hydro: World) -> str:
    return hydro.services.catalog.keys.create(KeyRequest("hector", Role.USER), OPERATOR)[1]


def test_a_basket_comes_as_a_zip(hydro: World, hydro_server: str, tmp_path: Path) -> None:
    if not PYTHON.exists():
        pytest.skip("the second environment is not there (make clients)")
    _, key = hydro.services.catalog.keys.create(KeyRequest("hugo", Role.USER), OPERATOR)
    run = subprocess.run([str(PYTHON), str(HERE / "hydroweb_session.py"), hydro_server, key, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    rivers = "HYDROWEB_RIVERS_OPE"
    assert found == {
        "zip": "my_basket.zip", "status": "COMPLETED", "left": 0,
        "names": sorted([
            f"{rivers}/{rivers}/hydroprd_R_GARONNE_GARONNE_KM0220_exp.txt", f"{rivers}/{rivers}/hydroprd_R_LOIRE_LOIRE_KM0617_exp.txt",
            f"{rivers}/{rivers}_2/hydroprd_R_MARONI_OELEMARI_KM0387_exp.txt", "lakes/africa/hydroprd_L_tana.txt",
        ]),
    }  # fmt: skip
    for name in ("R_MARONI_OELEMARI_KM0387", "L_tana"):
        (came,) = tmp_path.rglob(f"hydroprd_{name}*.txt")
        (back,) = hydroweb.read(came, 1 << 24)
        (first,) = hydroweb.read(
            shared("data", "hydroweb", "reconstructed_txt", f"hydroprd_{name}.txt"), 1 << 24
        )
        assert back.points == first.points
        assert (back.station.longitude, back.station.latitude, back.station.water) == (
            first.station.longitude, first.station.latitude, first.station.water,
        )  # fmt: skip
        assert (back.datum or "3855", back.status) == (first.datum or "3855", first.status)
        assert set(first.station.aliases) <= set(back.station.aliases)


def test_a_river_has_the_header_that_readers_count(hydro: World, key: str) -> None:
    """45 lines before the values (AltiMaP, hyfaa and the AAU toolbox skip them by number), a literal `:` as the fifth field."""
    body = {"workflowName": "one", "collections": [{"collectionId": "HYDROWEB_RIVERS_OPE", "filters": {"intersectsRefs": ["HYDROWEB_RIVERS_OPE.R_GARONNE_GARONNE_KM0220"]}}]}  # fmt: skip
    number = hydro.client.post(BASE, json=body, headers={"X-Api-Key": key}).json()["workflowId"]
    answer = hydro.client.get(f"{BASE}/{number}/zip", headers={"X-Api-Key": key})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        (name,) = opened.namelist()
        lines = opened.read(name).decode().splitlines()
    assert [line.startswith("#") for line in lines[:46]] == [True] * 45 + [False]
    assert lines[45].split()[4] == ":"
    assert "S3A" in lines[45]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "collections"),
        ({"workflowName": "x", "collections": []}, "empty"),
        ({"workflowName": 3, "collections": [{}]}, "workflowName"),
        ({"workflowName": "x", "collections": [{"collectionId": "NOTHING"}]}, "NOTHING"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "folder": "../up"}]}, "folder"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"bbox": [1, 2]}}]}, "bbox"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"colour": 1}}]}, "colour"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"query": {"colour": {"eq": "x"}}}}]}, "colour"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"query": {"start_datetime": {"like": "x"}}}}]}, "lte"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"intersectsRefs": ["NATURAL_EARTH_COUNTRIES.France"]}}]}, "intersects"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE", "filters": {"datetime": "soon"}}]}, "datetime"),
        ({"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE"}] * 51}, "limits.basket_parts"),
    ],
)  # fmt: skip
def test_a_wrong_basket_is_refused_before_it_is_kept(hydro: World, key: str, body: object, says: str) -> None:
    answer = hydro.client.post(BASE, json=body, headers={"X-Api-Key": key})
    assert answer.status_code in (400, 413)
    assert says in answer.json()["message"]


def test_baskets_are_their_owners(hydro: World, key: str) -> None:
    body = {"workflowName": "mine", "collections": [{"collectionId": "HYDROWEB_LAKES_OPE"}]}
    assert hydro.client.post(BASE, json=body).status_code == 401
    number = hydro.client.post(BASE, json=body, headers={"X-Api-Key": key}).json()["workflowId"]
    _, other = hydro.services.catalog.keys.create(KeyRequest("olga", Role.USER), OPERATOR)
    for way in (f"{BASE}/{number}/status", f"{BASE}/{number}/zip"):
        assert hydro.client.get(way, headers={"X-Api-Key": other}).status_code == 404
        assert hydro.client.get(way, headers={"X-Api-Key": key}).status_code == 200
    assert hydro.client.delete(f"{BASE}/{number}", headers={"X-Api-Key": other}).status_code == 404
    assert hydro.client.delete(f"{BASE}/{number}", headers={"X-Api-Key": key}).status_code == 200
    assert hydro.client.get(f"{BASE}/{number}/status", headers={"X-Api-Key": key}).status_code == 404
    secret = {"workflowName": "x", "collections": [{"collectionId": "HYDROWEB_RIVERS_RESEARCH"}]}
    number = hydro.client.post(BASE, json=secret, headers={"X-Api-Key": key}).json()["workflowId"]
    assert b"KM0700" not in hydro.client.get(f"{BASE}/{number}/zip", headers={"X-Api-Key": key}).content
