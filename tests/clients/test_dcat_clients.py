# SPDX-License-Identifier: Apache-2.0
"""rdflib reads the DCAT pages as CKAN's harvester walks them, and SPARQL finds every record with its extent."""

import json
import subprocess
from pathlib import Path

import pytest
from support import World

from catalog.model.principal import ANONYMOUS, Deadline
from catalog.query import And

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


def test_rdflib_walks_the_pages_and_finds_every_record(server: str, world: World) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    command = [str(python), "-W", "ignore", str(HERE / "dcat_session.py"), f"{server}/dcat"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    live = world.services.catalog.count_records(And(()), ANONYMOUS, Deadline.after(10))
    assert len({row["id"] for row in found["rows"]}) == live
    assert {row["kind"] for row in found["rows"]} == {"Dataset", "DatasetSeries"}
    product = next(row for row in found["rows"] if "_L2A_T31TCJ" in row["id"])
    assert product["language"] == "en"
    assert product["box"].startswith("POLYGON((")
    assert product["typed"] == "http://www.opengis.net/ont/geosparql#wktLiteral"
    assert product["start"].startswith("2023-")
    assert any("/wms" in address for address in found["addresses"])
