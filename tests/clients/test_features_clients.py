# SPDX-License-Identifier: Apache-2.0
"""Features and Records as real clients read them: QGIS and GDAL (OAPIF), OWSLib."""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
HERE = Path(__file__).parent
L2A = "sentinel2-l2a"


def asked(server: str, path: str) -> list[str]:
    with urllib.request.urlopen(f"{server}/ogcapi/collections/{path}") as answer:
        return [one["id"] for one in json.load(answer)["features"]]


def run(*command: str, home: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=home, capture_output=True, text=True, timeout=180, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_qgis_draws_footprints_from_pages(server: str, tmp_path: Path) -> None:
    if not Path("/usr/lib/python3/dist-packages/qgis/core").exists():
        pytest.skip("QGIS is not installed (Debian: qgis, python3-qgis)")
    out = run("/usr/bin/python3", str(HERE / "features_session.py"), server, L2A, "oso-23", home=tmp_path)
    found = json.loads(out.splitlines()[-1])
    assert found[L2A]["valid"]
    assert found[L2A]["crs"] in ("OGC:CRS84", "EPSG:4326")
    assert {"title", "datetime", "cloud_cover", "tile"} <= set(found[L2A]["fields"])
    assert sorted(found[L2A]["ids"]) == sorted(asked(server, f"{L2A}/items?limit=100"))
    assert sorted(found[L2A]["near"]) == sorted(
        asked(server, f"{L2A}/items?limit=100&bbox=0.53,44.2,0.6,44.3")
    )
    assert found[L2A]["centre"] == pytest.approx([0.52, 44.217], abs=0.03)
    assert len(found["oso-23"]["ids"]) == len(asked(server, "oso-23/items"))


def test_gdal_reads_footprints_with_an_attribute_filter(server: str, tmp_path: Path) -> None:
    if not Path("/usr/bin/ogr2ogr").exists():
        pytest.skip("ogr2ogr is not installed (Debian: gdal-bin)")
    out = run(
        "/usr/bin/ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{server}/ogcapi", L2A, "-where", "tile = 'T31TCJ' AND cloud_cover < 10",
        "-spat", "0.4", "44.1", "0.7", "44.4", home=tmp_path,
    )  # fmt: skip
    found = sorted(one["properties"]["title"] for one in json.loads(out)["features"])
    assert found == sorted(asked(server, f"{L2A}/items?tile=T31TCJ&filter=cloud_cover%20%3C%2010"))
    assert found


def test_owslib_searches_features_and_records(server: str, tmp_path: Path) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    found = json.loads(
        run(str(python), str(HERE / "records_session.py"), server, home=tmp_path).splitlines()[-1]
    )
    assert {L2A, "oso-23"} <= set(found["features"])
    assert found["records"] == ["metadata"]
    assert found["near"] == asked(server, f"{L2A}/items?bbox=0.53,44.2,0.6,44.3")
    assert found["item"] == "Feature"
    assert {"cloud_cover", "geometry"} <= set(found["queryables"])
    assert {"snow-cover", "snow-fsc"} <= set(found["text"])
    assert sorted(found["cql2"]) == sorted(found["posted"]) == ["oso-17", "oso-23"]
    assert found["record"]


def test_owslib_retrieves_series_and_cubes(server: str, tmp_path: Path) -> None:
    python = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the second environment is not there (make clients)")
    found = json.loads(run(str(python), str(HERE / "edr_session.py"), server, home=tmp_path).splitlines()[-1])
    assert {L2A, "oso-23"} <= set(found["collections"])
    assert {"position", "area", "cube"} <= set(found["queries"])
    assert set(found["position"]["ranges"]) == {"B4", "B8"}
    assert all(at.startswith("2023-03") for at in found["position"]["domain"]["axes"]["t"]["values"])
    assert found["cube"]["domain"]["domainType"] == "Grid"
