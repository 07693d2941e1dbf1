# SPDX-License-Identifier: Apache-2.0
"""What tests import: the real samples, the generated tiles, a served world."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from catalog.generator.muscate import Tile
from catalog.ingest.batch import Report
from config.settings import Settings
from hysope.wiring import Services

SHARED = Path(__file__).resolve().parents[2] / "shared"
TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 200)
EAST = Tile("T31TDJ", 32631, 301_600.0, 4_900_020.0, 200, seed=7)
"""Overlaps TILE by 400 m."""
DAYS = (date(2023, 3, 5), date(2023, 3, 15), date(2023, 4, 4))


def shared(*parts: str) -> Path:
    """A path among the real samples; the test is skipped where they are absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the real sample {'/'.join(parts)} is not on this machine")
    return path


@dataclass
class World:
    """Services over an ingested archive, and a client of the application."""

    settings: Settings
    services: Services
    client: TestClient
    report: Report

    def wms(self, query: str = "", **parameters: str | int) -> Answer:
        """A GET of `/wms`."""
        found = self.client.get(
            f"/wms{'?' + query if query else ''}", params={k: str(v) for k, v in parameters.items()} or None
        )
        return Answer(found.status_code, found.content, dict(found.headers))


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def media(self) -> str:
        return self.headers["content-type"].split(";")[0]


class LocalSchemas(etree.Resolver):
    def resolve(self, url, _pid, context):
        path = SHARED / "schemas" / url.split("://", 1)[1]
        return self.resolve_string(path.read_bytes(), context, base_url=url.replace("https://", "http://"))


def schema(url: str) -> etree.XMLSchema:
    """An OGC schema from the offline mirror; the test is skipped without it."""
    path = shared("schemas", *url.split("://", 1)[1].split("/"))
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(path.read_bytes(), parser, base_url=url)))


SLURM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def free_block(size: int) -> int:
    """The first of some neighbouring free ports."""
    for first in range(int(os.environ.get("TEST_PORTS", "18300")), 28_000, size + 7):
        try:
            for port in range(first, first + size):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    pytest.fail("no free ports")


def slurm_configuration(home: Path, port: int) -> str:
    """Two nodes of four CPUs on one host, whatever it has; a finished job stays visible for five minutes."""
    host, user = socket.gethostname().partition(".")[0], pwd.getpwuid(os.getuid()).pw_name
    return f"""ClusterName=hysope
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool/%n
SlurmctldPidFile={home}/run/slurmctld.pid
SlurmdPidFile={home}/run/slurmd-%n.pid
SlurmctldLogFile={home}/log/slurmctld.log
SlurmdLogFile={home}/log/slurmd-%n.log
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=5,bf_interval=5,default_queue_depth=1000,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MinJobAge=300
MpiDefault=none
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{port + 1}-{port + 2}] CPUs=4 CoresPerSocket=4 Sockets=1 ThreadsPerCore=1 RealMemory=12000
PartitionName=main Nodes=ALL Default=YES MaxTime=120 DefaultTime=10 DefMemPerCPU=500 State=UP
"""


@contextmanager
def fresh_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of an empty database; a PostgreSQL one is dropped afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    server = request.getfixturevalue("postgres")
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}_{os.getpid()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@dataclass
class Cluster:
    """A PostgreSQL server of ours."""

    url: str
    _control: Callable[..., None]

    def restart(self) -> None:
        """Ends every connection at once, and comes back."""
        self._control("-w", "-m", "immediate", "restart")


@contextmanager
def postgres_cluster(settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """An own, unprivileged cluster with PostGIS on a free port and with some settings; the test is skipped where it is not installed.

    Not in pytest's own folder: each run of pytest closes that one for other users, the server of another run that goes on among them.
    """
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not tools or not list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
        pytest.skip("PostgreSQL with PostGIS is not installed (Debian: postgresql-15-postgis-3)")
    folder = Path(tempfile.mkdtemp(prefix="hysope-postgres-"))
    run = _as_postgres(folder)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run(
        str(tools[-1] / "initdb"),
        "-D",
        str(data),
        "-U",
        "hysope",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    )
    chosen = {"listen_addresses": "127.0.0.1", "fsync": "off", **(settings or {})}
    options = f"-p {port} -k {folder} {' '.join(f'-c {name}={value}' for name, value in chosen.items())}"
    control = partial(
        run, str(tools[-1] / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-o", options
    )
    control("-w", "start")
    try:
        yield Cluster(f"postgresql+psycopg://hysope@127.0.0.1:{port}/postgres", control)
    finally:
        control("-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres(folder: Path) -> Callable[..., None]:
    """Runs commands as the user postgres when this is root (initdb refuses root)."""
    prefix: list[str] = []
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        prefix = [shutil.which("runuser") or "runuser", "-u", "postgres", "--"]

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    return run
