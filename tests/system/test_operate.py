# SPDX-License-Identifier: Apache-2.0
"""docs/operate.md is right: its commands are run, its files are used or checked by the program that they are for."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url
from support import World, fresh_database, postgres_cluster

from catalog.generator.muscate import Tile, write_l2a
from config.load import load

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"^```(\w+) (file|run)=(\S+)(?: needs=(\w+))?\n(.*?)^```",
    (ROOT / "docs" / "operate.md").read_text(),
    re.MULTILINE | re.DOTALL,
)
FILES = {name: text for _, what, name, _, text in BLOCKS if what == "file"}
SCRIPTS = {name: text for _, what, name, _, text in BLOCKS if what == "run"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of a site: settings with its data, an inbox with a product, and `hysope` on the path."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "hysope"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hysope "$@"\n')
    command.chmod(0o755)
    (tmp_path / "hysope.yaml").write_text(f"data: {tmp_path / 'data'}\n")
    write_l2a(tmp_path / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)
    return tmp_path


def run(site: Path, name: str, **environment: str) -> str:
    """A block of commands, in the folder of the site, ended by the first that fails."""
    said = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", SCRIPTS[name]], cwd=site, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PATH": f"{site / 'bin'}:{os.environ['PATH']}", "INBOX": str(site / "inbox"), "DATA": str(site / "data"), "BACKUP": str(site / "backup"), "DATABASE": "", **environment},
    )  # fmt: skip
    assert said.returncode == 0, f"{name}:\n{said.stdout}\n{said.stderr}"
    return said.stdout


def test_every_block_is_for_a_test() -> None:
    assert FILES.keys() == {
        "hysope.yaml",
        "hysope.service",
        "hysope.conf",
        "Containerfile",
        "postgresql.conf",
        "prometheus.yml",
        "alerts.yml",
    }
    assert SCRIPTS.keys() == {"first-look", "database", "everyday", "backup", "restore"}


def test_the_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "hysope.yaml").write_text(FILES["hysope.yaml"])
    found = load(tmp_path / "hysope.yaml", {}).settings
    assert (found.server.workers, found.processes.supervisor) == (4, "separate")


def test_everyday_backup_and_restore(site: Path) -> None:
    run(site, "first-look")
    everyday = run(site, "everyday")
    assert "1 new" in everyday
    assert "alice" in everyday
    run(site, "backup")
    shutil.rmtree(site / "data")
    assert "the store answers" in run(site, "restore")
    assert "skipped" in run(site, "everyday")


@pytest.mark.postgres
def test_backup_and_restore_on_postgresql(site: Path, request: pytest.FixtureRequest) -> None:
    with fresh_database("postgresql", request, site) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        run(site, "everyday", HYSOPE_DATABASE__URL=url)
        run(site, "backup", DATABASE=plain)
    shutil.rmtree(site / "data")
    with fresh_database("postgresql", request, site) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        assert "the store answers" in run(site, "restore", DATABASE=plain, HYSOPE_DATABASE__URL=url)
        assert "skipped" in run(site, "everyday", HYSOPE_DATABASE__URL=url)


@pytest.mark.postgres
def test_postgresql_takes_its_settings_and_the_new_database(site: Path) -> None:
    settings = dict(re.findall(r"^(\w+) = (\S+)$", FILES["postgresql.conf"], re.MULTILINE))
    assert settings.pop("shared_buffers") == "4GB", "not here: the machine of a test is small"
    with postgres_cluster(settings) as cluster:
        place = make_url(cluster.url)
        where = {"PGHOST": str(place.host), "PGPORT": str(place.port), "PGUSER": str(place.username)}
        run(site, "database", **where)
        assert "1 new" in run(
            site, "everyday", HYSOPE_DATABASE__URL=cluster.url.replace("/postgres", "/hysope")
        )


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    unit = tmp_path / "hysope.service"
    command = re.search(r"^ExecStart=(\S+)", FILES["hysope.service"], re.MULTILINE)
    assert command
    unit.write_text(FILES["hysope.service"].replace(command[1], sys.executable).replace("User=hysope\n", ""))
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    ours = [
        line
        for line in (said.stdout + said.stderr).splitlines()
        if "hysope" in line and "/srv/hysope" not in line
    ]
    assert not ours, ours


def test_the_container_copies_what_there_is() -> None:
    for line in re.findall(r"^COPY (.+)$", FILES["Containerfile"], re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    packages = re.search(r"^packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    for room in ("config", "catalog", "tiles", "processes", "ogc", "portal", "hysope"):
        assert f"COPY {room} {room}" in FILES["Containerfile"]
        assert packages is None or room in packages[1]


def test_what_is_watched_is_there(world: World) -> None:
    scrape = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"][0]
    world.client.get("/health/live")
    text = world.client.get(scrape["metrics_path"]).text
    known = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    rules = yaml.safe_load(FILES["alerts.yml"])["groups"][0]["rules"]
    for rule in rules:
        asked = set(re.findall(r"hysope_[a-z_]+", rule["expr"]))
        assert asked, rule
        assert asked <= known, asked - known


@pytest.fixture
def proxied(site: Path) -> Iterator[str]:
    """The address of nginx with the block before a server."""
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    front, back = ports
    (site / "hysope.yaml").write_text(
        f"data: {site / 'data'}\nserver: {{port: {back}, public_url: https://land.example.org, trusted_proxies: [127.0.0.1]}}\n"
    )
    block = (
        FILES["hysope.conf"]
        .replace("127.0.0.1:8080", f"127.0.0.1:{back}")
        .replace("listen 8443", f"listen 127.0.0.1:{front}")
    )
    temporary = "".join(
        f"{name}_temp_path {site / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (site / "nginx.conf").write_text(
        f"pid {site / 'nginx.pid'};\nerror_log {site / 'nginx.log'};\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{block}\n}}\n"
    )
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin") or ""
    server = subprocess.Popen(
        [sys.executable, "-m", "hysope", "serve"],
        cwd=site,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    proxy = subprocess.Popen([nginx, "-c", str(site / "nginx.conf"), "-g", "daemon off;"], cwd=site)
    try:
        yield f"http://127.0.0.1:{front}"
    finally:
        for one in (proxy, server):
            one.send_signal(signal.SIGTERM)
            one.wait(20)


def test_nginx_passes_on_what_is_asked(proxied: str) -> None:
    end = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(f"{proxied}/health/ready", timeout=5) as answer:
                assert answer.status == 200
                break
        except OSError:
            assert time.monotonic() < end, "nginx or the server did not start"
            time.sleep(0.2)
    asked = urllib.request.Request(f"{proxied}/stac", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["content-encoding"] == "gzip"
    with urllib.request.urlopen(f"{proxied}/stac") as answer:
        assert b'"https://land.example.org/stac"' in answer.read()
