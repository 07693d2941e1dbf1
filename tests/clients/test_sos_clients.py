# SPDX-License-Identifier: Apache-2.0
"""OWSLib reads series over SOS 2.0: the version that we depend on, and the newest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import World

from catalog.generator.hydroweb import AGEN
from catalog.model.observation import SeriesQuery
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.time import micros_text

pytestmark = pytest.mark.client
HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "python",
    [Path(sys.executable), HERE.parents[1] / ".venv-clients" / "bin" / "python"],
    ids=["ours", "newest"],
)
def test_owslib_reads_a_series(hydro: World, hydro_server: str, python: Path) -> None:
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run(
        [str(python), str(HERE / "sos_session.py"), hydro_server, AGEN.name],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    catalog = hydro.services.catalog
    query = SeriesQuery(stations=(AGEN.name,))
    (series,) = catalog.observations.series(query, ANONYMOUS, Deadline.after(10))
    stored = [
        point for page in catalog.observations.points(series, query, Deadline.after(10)) for point in page
    ]
    expected = [[micros_text(point.time).replace("Z", "+00:00"), point.value] for point in stored]
    assert found["points"] == expected
    assert found["measurements"] == expected[:12]
    assert (found["unit"], found["nothing"], found["sensor"]) == ("m", 0, "DescribeSensorResponse")
    assert found["operations"] == [
        "GetCapabilities",
        "DescribeSensor",
        "GetObservation",
        "GetFeatureOfInterest",
        "GetDataAvailability",
        "GetObservationById",
        "GetResultTemplate",
        "GetResult",
    ]
    assert [[row[0].replace("Z", "+00:00"), float(row[1])] for row in found["old"]["rows"]] == expected[:12]
    assert found["old"]["name"] == "hydroweb-rivers-operational"
    west, south, east, north = found["box"]
    assert west <= AGEN.longitude <= east
    assert south <= AGEN.latitude <= north
    assert "nothing" in found["refused"]


def test_owslib_reads_connected_systems(hydro_server: str) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    run = subprocess.run([str(python), str(HERE / "connected_session.py"), hydro_server, AGEN.name], capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert "hydroweb-rivers-operational" in found["systems"]
    assert AGEN.name in found["stations"]
    assert found["deployments"] == ["hydroweb-rivers-operational"]
    assert found["place"] == [AGEN.longitude, AGEN.latitude]
    assert f"{AGEN.name}.hydroweb-rivers-operational.water_surface_height" in found["streams"]
    assert len(found["values"]) == 100
