# SPDX-License-Identifier: Apache-2.0
"""sickle harvests the catalogue: its pages, one after the other, hold every record once."""

import json
import subprocess
from pathlib import Path

import pytest
from support import World

from catalog.model.principal import ANONYMOUS, Deadline
from catalog.query import And

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


def test_sickle_walks_the_whole_catalogue(server: str, world: World) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    command = [str(python), "-W", "ignore", str(HERE / "oai_session.py"), server]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["granularity"] == "YYYY-MM-DDThh:mm:ssZ"
    assert found["formats"] == ["oai_dc", "iso19139"]
    assert found["headers"] == found["records"]
    assert len(set(found["records"])) == len(found["records"]) > 8, "more than two pages of four"
    live = world.services.catalog.count_records(And(()), ANONYMOUS, Deadline.after(10))
    assert len(found["titles"]) == live
    assert found["one"] == found["records"][0].partition("oai:hysope.local:")[2]
    assert "collection:sentinel2-l2a" in found["sets"]
    assert found["some"]
    assert set(found["some"]) < set(found["records"])
