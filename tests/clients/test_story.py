# SPDX-License-Identifier: Apache-2.0
"""The four legs and the lock in one story, with the real programs: PostgreSQL and Slurm, and once SQLite and this machine.

Web server, supervisor and cluster are processes of their own with folders of their own; they share the database and a file system.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psutil
import pytest
from lxml import etree
from owslib.csw import CatalogueServiceWeb
from owslib.fes import PropertyIsLike
from owslib.sos import SensorObservationService
from owslib.swe.observation.sos200 import SOSGetObservationResponse
from owslib.wms import WebMapService
from PIL import Image
from support import SLURM_PATH, free_block, fresh_database

from catalog.generator.hydroweb import ORLEANS, write_river
from catalog.generator.muscate import Tile, write_l2a
from catalog.ingest.readers.hydroweb import HEIGHT, read
from catalog.model.time import micros_text

pytestmark = pytest.mark.client
HERE = Path(__file__).parent
LOIRE = Tile("T31UDP", 32631, 417_600.0, 5_306_800.0, 200)
"""Two kilometres of Orléans."""
DAYS = tuple(date(2023, 3, day) for day in (1, 6, 11, 16, 21, 26))


@dataclass
class Centre:
    """A data centre of processes that are killed and started again."""

    folder: Path
    config: Path
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """A command of the operator, from a folder that has nothing to do with the rest."""
        home = self.folder / "operator"
        home.mkdir(exist_ok=True)
        run = subprocess.run(
            [sys.executable, "-m", "hysope", *words, "--config", str(self.config)],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def start(self, name: str, *words: str) -> None:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        with (home / "log").open("ab") as log:
            command = [sys.executable, "-m", "hysope", *words, "--config", str(self.config)]
            self.running[name] = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """kill -9, without a word; the workers of a server go too, but not the runs of jobs, which lead sessions of their own."""
        process = self.running.pop(name)
        for child in psutil.Process(process.pid).children(recursive=True):
            if os.getsid(child.pid) == os.getsid(process.pid):
                child.send_signal(signal.SIGKILL)
        process.kill()
        process.wait()

    def serving(self) -> None:
        def ready() -> bool:
            try:
                return (
                    subprocess.run(
                        ["curl", "-sf", f"{self.address}/health/ready"],
                        capture_output=True,
                        timeout=5,
                        check=False,
                    ).returncode
                    == 0
                )
            except subprocess.TimeoutExpired:
                return False

        until(ready, 30, lambda: (self.folder / "web" / "log").read_text()[-3_000:])

    def text(self, path: str, key: str = "") -> str:
        run = subprocess.run(
            ["curl", "-s", "-H", f"X-API-Key: {key}" if key else "X-Nothing: x", f"{self.address}{path}"],
            capture_output=True,
            timeout=60,
            check=True,
        )
        return run.stdout.decode()

    def order(self, process: str, inputs: dict, key: str) -> str:
        """The id of a job that curl orders."""
        address = f"{self.address}/ogcapi/processes/{process}/execution"
        command = [
            "curl",
            "-s",
            "-H",
            f"X-API-Key: {key}",
            "-H",
            "Prefer: respond-async",
            "-d",
            json.dumps({"inputs": inputs}),
            address,
        ]
        return json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)[
            "jobID"
        ]

    def layers(self, key: str = "") -> set[str]:
        headers = {"X-API-Key": key} if key else {}
        return set(WebMapService(f"{self.address}/wms", version="1.3.0", headers=headers).contents)


def until(done: Callable[[], bool], seconds: float, tell: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            pytest.fail(f"not in {seconds} s: {tell()}")
        time.sleep(0.1)


@contextmanager
def centre(executor: str, database: str, slurm_conf: Path | None, folder: Path):
    config = folder / "hysope.yaml"
    port = free_block(1)
    jobs = {"executor": executor, "supervisor": "embedded" if executor == "local" else "separate"}
    if slurm_conf:
        jobs |= {"slurm_conf": str(slurm_conf), "path": SLURM_PATH}
    document = {"data": str(folder / "shared"), "server": {"port": port}, "processes": jobs}
    if not database.startswith("sqlite"):
        document["database"] = {"url": database}
    config.write_text(json.dumps(document))
    made = Centre(folder, config, port)
    try:
        yield made
    finally:
        for name in list(made.running):
            made.kill(name)


def qgis(address: str, key: str, folder: Path, *pairs: str) -> dict[str, dict | None]:
    """What QGIS draws, as pictures; the test goes on without where QGIS is absent."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        return {}
    folder.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder), "LC_ALL": "C.UTF-8",
        "QGIS_AUTH_DB_DIR_PATH": str(folder),
    }  # fmt: skip
    run = subprocess.run(
        [python, str(HERE / "story_session.py"), address, key, str(folder), *pairs],
        capture_output=True,
        text=True,
        env=environment,
        timeout=240,
        check=False,
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    assert lines, f"QGIS said:\n{run.stdout[-1500:]}\n{run.stderr[-1500:]}"
    return json.loads(lines[-1])


def coloured(drawn: dict) -> float:
    """The share of a picture that is not white."""
    assert drawn["errors"] == []
    return float((np.asarray(Image.open(drawn["path"]).convert("RGB")) < 250).any(axis=2).mean())


@pytest.mark.parametrize(
    ("executor", "database"),
    [pytest.param("slurm", "postgresql", marks=pytest.mark.postgres), ("local", "sqlite")],
)
def test_four_legs_and_a_lock(
    executor: str, database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    slurm_conf = request.getfixturevalue("slurm") if executor == "slurm" else None
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    sources = [write_l2a(inbox, LOIRE, day, 0.05) for day in DAYS]
    series = write_river(inbox, ORLEANS, 60)
    with (
        fresh_database(database, request, tmp_path) as url,
        centre(executor, url, slurm_conf, tmp_path) as here,
    ):
        assert f"{len(DAYS) + 1} new" in here.command("ingest", str(inbox))
        here.start("web", "serve")
        if executor == "slurm":
            here.start("supervisor", "supervisor")
        here.serving()
        products = _found_by_name(here, len(sources))
        _drawn(here, tmp_path / "qgis")
        _read_as_filed(here, series)
        _ordered_and_made(here, products, tmp_path)


def _found_by_name(here: Centre, count: int) -> list[str]:
    """The catalogue finds products and the station by the town, without its accent."""
    csw = CatalogueServiceWeb(f"{here.address}/csw", version="2.0.2")
    csw.getrecords2(constraints=[PropertyIsLike("csw:AnyText", "orleans")], maxrecords=50, esn="full")
    assert len(csw.records) == count + 1
    assert ORLEANS.name in csw.records
    return sorted(name for name in csw.records if name.startswith("SENTINEL2"))


def _drawn(here: Centre, folder: Path) -> None:
    drawn = qgis(
        here.address, "", folder, "sentinel2-l2a=true-colour", "hydroweb-rivers-operational=stations"
    )
    if drawn:
        assert coloured(drawn["sentinel2-l2a"]) > 0.2
        assert 0 < coloured(drawn["hydroweb-rivers-operational"]) < 0.05


def _read_as_filed(here: Centre, file: Path) -> None:
    """The series that SOS gives is the one in the file."""
    sos = SensorObservationService(f"{here.address}/sos", version="2.0.0")
    offering = sos.contents["hydroweb-rivers-operational"]
    answer = sos.get_observation(
        offerings=[offering.id], observedProperties=offering.observed_properties, responseFormat="http://www.opengis.net/waterml/2.0",
        featureOfInterest=ORLEANS.name,
    )  # fmt: skip
    (observed,) = SOSGetObservationResponse(etree.fromstring(answer)).observations
    found = [(point.datetime.isoformat(), point.value) for point in observed.get_result().points]
    filed = [
        (micros_text(point.time).replace("Z", "+00:00"), point.value)
        for point in next(read(file, 1 << 20)).points[HEIGHT]
    ]
    assert found == filed


def _ordered_and_made(here: Centre, products: list[str], folder: Path) -> None:
    bob, eve = (here.command("key", "create", name).split("key  ")[1].split()[0] for name in ("bob", "eve"))
    orders: dict[str, dict] = {"ndvi": {"products": products}}
    if Path("/usr/bin/otbcli_BandMath").exists():
        orders["otb-water"] = {"products": {"collection": "sentinel2-l2a"}, "threshold": 0.05}
    jobs = _ordered(here, bob, orders)
    for name in list(here.running):
        here.kill(name)
    killed = datetime.now(UTC)
    time.sleep(1.5)
    here.start("web", "serve")
    here.serving()

    def state(job: str) -> dict:
        return json.loads(here.text(f"/ogcapi/jobs/{job}", bob))

    assert all(state(job)["status"] in ("accepted", "running", "successful") for job in jobs.values())
    if (
        len(here.running) == 1
        and "supervisor" in (folder / "hysope.yaml").read_text()
        and "separate" in (folder / "hysope.yaml").read_text()
    ):
        here.start("supervisor", "supervisor")
    until(
        lambda: all(state(job)["status"] not in ("accepted", "running") for job in jobs.values()),
        120,
        lambda: [state(job) for job in jobs.values()],
    )
    assert max(datetime.fromisoformat(state(job)["finished"]) for job in jobs.values()) > killed, (
        "nothing was running when all was killed"
    )
    for name, job in jobs.items():
        assert state(job)["status"] == "successful", state(job)
        made = json.loads(here.text(f"/ogcapi/jobs/{job}/results", bob))["products"]
        prefix = "u.bob.NDVI_" if name == "ndvi" else "u.bob.WATER_"
        assert [one["id"] for one in made] == [prefix + product for product in products]
        folders = [path.name for path in (folder / "shared" / "jobs" / job[:2] / job).iterdir()]
        assert folders == ["1"], "one attempt, nothing was lost"
    _seen_by_who_may(here, bob, eve, products, folder, "otb-water" in jobs)


def _ordered(here: Centre, key: str, orders: dict[str, dict]) -> dict[str, str]:
    """The jobs of orders that the newest OWSLib sends; curl where its environment is absent."""
    newest = HERE.parents[1] / ".venv-clients" / "bin" / "python"
    if newest.exists():
        command = [str(newest), str(HERE / "order_session.py"), here.address, key, json.dumps(orders)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout.splitlines()[-1])
        assert set(orders) <= set(found["offered"])
        assert all("products" in inputs for inputs in found["inputs"].values())
        return {name: str(answer).rpartition("/jobs/")[2][:36] for name, answer in found["jobs"].items()}
    return {name: here.order(name, inputs, key) for name, inputs in orders.items()}


def _seen_by_who_may(here: Centre, bob: str, eve: str, products: list[str], folder: Path, otb: bool) -> None:
    mine = {"u.bob.ndvi", *(["u.bob.water-mask"] if otb else [])}
    assert here.layers(bob) - here.layers() == mine | {f"{name}.footprints" for name in mine}
    assert here.layers(eve) == here.layers()
    record = f"/csw?service=CSW&version=2.0.2&request=GetRecordById&elementSetName=full&id=u.bob.NDVI_{products[0]}"
    assert [
        f"<dc:identifier>u.bob.NDVI_{products[0]}" in here.text(record, key) for key in (bob, eve, "")
    ] == [True, False, False]
    drawn = qgis(here.address, bob, folder / "qgis-bob", *(f"{name}=" for name in sorted(mine)))
    if drawn:
        assert coloured(drawn["u.bob.ndvi"]) > 0.2
        assert qgis(here.address, eve, folder / "qgis-eve", "u.bob.ndvi=")["u.bob.ndvi"] is None
    assert "published: NDVI_" in here.command("space", "publish", f"u.bob.NDVI_{products[0]}")
    until(lambda: "ndvi" in here.layers(), 10)
    assert "ndvi" in here.layers(eve)
    official = record.replace("u.bob.", "")
    assert [f"<dc:identifier>NDVI_{products[0]}" in here.text(official, key) for key in (bob, eve, "")] == [
        True,
        True,
        True,
    ]
    drawn = qgis(here.address, "", folder / "qgis-public", "ndvi=")
    if drawn:
        assert coloured(drawn["ndvi"]) > 0.2
