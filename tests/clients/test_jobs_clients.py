# SPDX-License-Identifier: Apache-2.0
"""The Python clients of OGC API Processes against a running server with its supervisor: cuiman (eozilla) and ogc-api-processes-client (EOEPCA)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_orders_page import Centre, centre

__all__ = ["centre"]
pytestmark = pytest.mark.client
CLIENTS = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"
SESSION = Path(__file__).with_name("jobs_session.py")
CLASSES = {
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in ("core", "json", "job-list", "dismiss", "callback")
}


@pytest.fixture(scope="module")
def said(centre: Centre, products: Path) -> dict[str, Any]:
    if not CLIENTS.exists():
        pytest.skip("the environment of clients is not made (make clients)")
    product = next(path.name for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name)
    product = product.partition("_V")[0]
    command = [str(CLIENTS), str(SESSION), centre.address, centre.key, product]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("client", ["cuiman", "eoepca"])
def test_a_client_finds_orders_follows_reads_and_dismisses(said: dict[str, Any], client: str) -> None:
    found = said[client]
    assert found["title"]
    assert set(found["classes"]) >= CLASSES
    assert {"echo", "ndvi", "extract", "zonal-statistics"} <= set(found["processes"])
    assert "products" in found["inputs"]
    assert found["status"] == "successful", found
    assert found["job"] in found["jobs"]
    assert found["dismissed"] == "dismissed"


def test_the_results_are_read_by_their_names(said: dict[str, Any]) -> None:
    assert "/results/coverage" in said["cuiman"]["results"]["coverage"]["href"]
    assert said["eoepca"]["results"] == ["statistics", "table"]
