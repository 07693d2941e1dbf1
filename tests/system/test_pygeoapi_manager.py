# SPDX-License-Identifier: Apache-2.0
"""A stock pygeoapi that orders from our engine: its own HTTP, our queue, supervisor and products."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_harvest import foreign

from hysope.cli import main


@pytest.fixture(scope="module")
def address(products: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("pygeoapi")
    config = home / "hysope.yaml"
    config.write_text(
        f"version: 1\ndata: {home / 'data'}\nprocesses: {{supervisor: separate}}\n", encoding="utf-8"
    )
    source = next(path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name)
    assert main(["ingest", str(source), "--config", str(config)]) == 0
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "hysope", "supervisor", "--config", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with foreign(Path(sys.executable), "pygeoapi_jobs.py", str(home), str(config)) as found:
            yield found
    finally:
        supervisor.terminate()
        supervisor.wait(20)


def ask(
    url: str, body: Any = None, method: str | None = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, raw, said = answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        status, raw, said = error.code, error.read(), dict(error.headers)
    return status, json.loads(raw) if raw else None, said


def test_our_processes_are_described_by_pygeoapi(address: str) -> None:
    _, found, _ = ask(f"{address}processes?f=json")
    assert {"echo", "ndvi", "zonal-statistics"} <= {one["id"] for one in found["processes"]}
    _, ndvi, _ = ask(f"{address}processes/ndvi?f=json")
    assert ndvi["inputs"]["keep_clouds"]["schema"]["type"] == "boolean"
    assert "async-execute" in ndvi["jobControlOptions"]


def test_an_order_is_waited_for_or_followed(address: str, products: Path) -> None:
    status, found, _ = ask(f"{address}processes/echo/execution", {"inputs": {"message": "hello"}})
    assert status == 200
    assert found["message"] == "hello"
    product = next(path.name for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name).partition(
        "_V"
    )[0]
    status, _, headers = ask(
        f"{address}processes/ndvi/execution", {"inputs": {"products": [product]}}, Prefer="respond-async"
    )
    assert status == 201
    job = headers["Location"]
    for _ in range(300):
        _, told, _ = ask(f"{job}?f=json")
        if told["status"] in ("successful", "failed"):
            break
        time.sleep(0.1)
    assert told["status"] == "successful", told
    _, results, _ = ask(f"{job}/results?f=json")
    assert [one["id"] for one in results] == [f"u.pygeoapi.NDVI_{product}"]
    assert results[0]["links"][0]["href"].startswith("http://maps.example/wms?")
    _, every, _ = ask(f"{address}jobs?f=json")
    assert job.rpartition("/")[2] in [one["jobID"] for one in every["jobs"]]
    assert ask(job, method="DELETE")[0] == 200
    assert ask(f"{job}?f=json")[0] == 404


def test_a_wrong_order_is_refused_with_its_reason(address: str) -> None:
    status, found, _ = ask(f"{address}processes/ndvi/execution", {"inputs": {"products": ["nothing"]}})
    assert status == 400
    assert "nothing" in found["description"]
    assert ask(f"{address}processes/none/execution", {"inputs": {}})[0] == 404
    assert ask(f"{address}jobs/none?f=json")[0] == 404


def test_an_order_from_the_machine_is_followed_to_its_end(
    products: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tmp_path / "data")]
    source = next(path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name)
    assert main(["ingest", str(source), *words]) == 0
    product = source.name.partition("_V")[0]
    assert main(["process", "list", *words]) == 0
    assert "ndvi                 Vegetation index" in capsys.readouterr().out
    assert main(["process", "run", "ndvi", "--input", f"products={product}", *words]) == 0
    said = capsys.readouterr()
    assert f"product u.operator.NDVI_{product}@" in said.out
    assert "100 %" in said.err
    (tmp_path / "in.json").write_text(json.dumps({"message": "from a file", "number": 1}))
    inputs = ["--inputs", str(tmp_path / "in.json"), "--input", "number=2.5"]
    assert main(["process", "run", "echo", *inputs, *words]) == 0
    assert "number: 2.5" in capsys.readouterr().out
    box = "bbox=[0.0, 40.0, 3.0, 46.0]"
    order = [
        "extract",
        "--input",
        f'products=["{product}"]',
        "--input",
        'bands=["B4"]',
        "--input",
        box,
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["process", "run", *order, *words]) == 0
    assert (tmp_path / "out" / "extract.tif").is_file()
    for wrong, reason in (
        (["none"], "there is no process"),
        (["ndvi"], "products is required"),
        (["ndvi", "--input", "x"], "NAME=VALUE"),
    ):
        assert main(["process", "run", *wrong, *words]) == 1
        assert reason in capsys.readouterr().err
