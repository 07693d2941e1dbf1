# SPDX-License-Identifier: Apache-2.0
"""SensorThings as FROST's own Python client reads it."""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


def test_the_frost_client_reads_things_and_all_observations(hydro_server: str) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "sta_session.py"), hydro_server],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert "LOIRE" in found["thing"]
    assert found["name"] == found["thing"]
    assert (found["unit"], found["property"]) == ("m", "water_surface_height")
    query = f"Datastreams('{found['streams'][0]}')/Observations?$top=10000&$orderby=phenomenonTime%20asc"
    with urllib.request.urlopen(f"{hydro_server}/sta/v1.1/{query}") as answer:
        expected = [one["result"] for one in json.load(answer)["value"]]
    assert found["values"] == expected
    assert len(expected) > 50, "more than a page of the client's"
    assert found["count"] >= len(expected)
