# SPDX-License-Identifier: Apache-2.0
"""Shared parts: the real samples, a small generated archive, a served world, and PostgreSQL with PostGIS where it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from centres import REAL, Centre, made, recorded_answers, settings_of
from starlette.testclient import TestClient
from support import (
    DAYS,
    EAST,
    SHARED,
    SLURM_PATH,
    TILE,
    World,
    free_block,
    fresh_database,
    postgres_cluster,
    slurm_configuration,
)

from catalog.generator.families import (
    write_biomass,
    write_biophysical,
    write_dem,
    write_gravimetry,
    write_plots,
    write_rain,
    write_season,
    write_smos,
    write_swot,
    write_water,
)
from catalog.generator.hydroweb import ORLEANS, demo_series, write_river
from catalog.generator.muscate import write_l2a, write_l3a, write_snow
from catalog.generator.optical import write_l1c, write_landsat, write_n2a, write_venus
from catalog.generator.rasters import write_fsc, write_oso, write_oso_polygons
from config.limits import Limits
from config.settings import Server, Settings
from hysope.app import build
from hysope.wiring import wire, wire_catalog, wire_ingest


@pytest.fixture(scope="session")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated products of every family, 200 x 200 pixels."""
    folder = tmp_path_factory.mktemp("products")
    write_l2a(folder, TILE, DAYS[0], 0.0)
    write_l2a(folder, TILE, DAYS[1], 0.35, platform="SENTINEL2B")
    write_l2a(folder, TILE, DAYS[2], 0.1, swath=0.4)
    write_l2a(folder, EAST, DAYS[2], 0.1)
    write_l3a(folder, TILE, date(2023, 3, 15))
    write_snow(folder, TILE, DAYS[0], 0.2)
    write_fsc(folder, TILE, DAYS[1], 0.2)
    write_oso(folder, TILE, 2017)
    write_oso(folder, TILE, 2021)
    write_oso(folder, TILE, 2022)
    return folder


@pytest.fixture(scope="session")
def world(products: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The generated archive, ingested and served in this process, on SQLite."""
    settings = Settings(data=tmp_path_factory.mktemp("data"), server=Server(public_url="http://maps.example"))
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    report = worker.run(worker.find([products]))
    catalog.close()
    services = wire(settings)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield World(settings, services, client, report)
    services.close()


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One product of each family that `world` lacks, as generated."""
    folder = tmp_path_factory.mktemp("families")
    for write in (
        *(partial(one, folder, TILE, DAYS[0], 0.1) for one in (write_landsat, write_venus, write_l1c)),
        *(partial(one, folder, TILE, DAYS[0], 0.1) for one in (write_water, write_biophysical)),
        *(partial(one, folder, TILE, DAYS[0]) for one in (write_plots, write_swot)),
        *(partial(one, folder, TILE, 2022) for one in (write_biomass, write_season, write_oso_polygons)),
        *(partial(one, folder, DAYS[0]) for one in (write_smos, write_rain, write_gravimetry)),
        partial(write_dem, folder, 44, 0),
        partial(write_n2a, folder, TILE, DAYS[0], 0.1),
    ):
        write()
    settings = Settings(
        data=tmp_path_factory.mktemp("families-data"), server=Server(public_url="http://maps.example")
    )
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    report = worker.run(worker.find([folder]))
    catalog.close()
    services = wire(settings)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield World(settings, services, client, report)
    services.close()


@pytest.fixture(scope="session")
def hydro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Stations: two generated ones and, where they are, the real samples; the research collection is for the group `hydro`."""
    folder = tmp_path_factory.mktemp("series")
    demo_series(folder)
    write_river(folder, replace(ORLEANS, km=700, number=3, status="RESEARCH", validation="EXPERT"), 12)
    real = SHARED / "data" / "hydroweb" / "json_api"
    lakes = SHARED / "data" / "hydroweb" / "reconstructed_txt" / "hydroprd_L_tana.txt"
    settings = Settings(
        data=tmp_path_factory.mktemp("hydro"),
        server=Server(public_url="http://maps.example"),
        access={"hydroweb-rivers-research": ("hydro",)},
    )
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    report = worker.run(worker.find([folder, *(path for path in (real, lakes) if path.exists())]))
    catalog.close()
    services = wire(settings)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield World(settings, services, client, report)
    services.close()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of recorded answers of other centres."""
    if not REAL.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    with recorded_answers(tmp_path_factory.mktemp("answers")) as address:
        yield address


@pytest.fixture(scope="session")
def centre(products: Path, recorded: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Products, stations, and what other centres catalogue."""
    settings = settings_of(tmp_path_factory.mktemp("centre"), recorded)
    key = made(settings, products, tmp_path_factory.mktemp("centre-series"), recorded)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield Centre(client, key)


@pytest.fixture(scope="session")
def limits() -> Limits:
    return Limits()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an own, unprivileged PostgreSQL cluster with PostGIS on a free port."""
    with postgres_cluster() as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of an own Slurm of two nodes on this machine: no root, no munge, loopback only."""
    if not shutil.which("slurmctld", path=SLURM_PATH) or not shutil.which("slurmd", path=SLURM_PATH):
        pytest.skip("Slurm is not installed (Debian: slurm-wlm, slurm-wlm-basic-plugins)")
    home = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool", "run", "log"):
        (home / name).mkdir()
    conf = home / "slurm.conf"
    conf.write_text(slurm_configuration(home, free_block(4)))
    environment = {"PATH": SLURM_PATH, "SLURM_CONF": str(conf), "LANG": "C.UTF-8"}

    def call(*command: str) -> str:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        ).stdout

    call("slurmctld", "-c")
    for node in ("n1", "n2"):
        call("slurmd", "-N", node)
    for _ in range(150):
        if call("sinfo", "-h", "-p", "main", "-t", "idle", "-o", "%D").strip() == "2":
            break
        time.sleep(0.1)
    else:
        pytest.fail(f"Slurm did not start:\n{(home / 'log' / 'slurmctld.log').read_text()[-3000:]}")
    try:
        yield conf
    finally:
        call("scancel", "-u", pwd.getpwuid(os.getuid()).pw_name)
        for pid in [*(home / "run").glob("slurmd-*.pid"), home / "run" / "slurmctld.pid"]:
            if pid.exists():
                os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind."""
    with fresh_database(request.param, request, tmp_path) as url:
        yield url
