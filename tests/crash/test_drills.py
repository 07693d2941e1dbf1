# SPDX-License-Identifier: Apache-2.0
"""What operators must be able to rely on: an upgrade from each earlier schema, a backup that comes back, a database that is restarted under load."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from running import running
from sqlalchemy.engine import make_url
from support import fresh_database, postgres_cluster

from catalog.generator.hydroweb import demo_series
from catalog.generator.muscate import Tile, write_l2a
from catalog.ingest.batch import Ingest
from catalog.model.area import Box
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.query import And, Order
from catalog.service import Catalog, open_catalog
from catalog.store import migrate
from catalog.store.database import open_engine
from config.limits import Limits
from config.registry import load_registry


def opened(url: str, root: Path) -> Catalog:
    return open_catalog(url, load_registry(), Limits(), root / "archive")


def filled(url: str, root: Path) -> None:
    """A product and some stations."""
    write_l2a(root / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)
    (root / "inbox" / "series").mkdir()
    demo_series(root / "inbox" / "series")
    catalog = opened(url, root)
    worker = Ingest(catalog, Limits(), OPERATOR)
    assert not worker.run(worker.find([root / "inbox"])).counts().get("failed")
    catalog.close()


def answers(catalog: Catalog) -> tuple[object, ...]:
    """What the catalogue says of everything that it holds."""
    deadline = Deadline.after(20)
    stations = catalog.observations.things(And(()), ANONYMOUS, 100, 0, deadline)
    records = catalog.search_records(And(()), ANONYMOUS, deadline, Order.TITLE, 100)
    return (
        [(one.id, one.version, one.day, [(asset.path, asset.sha256) for asset in one.assets]) for one in catalog.search(And(()), ANONYMOUS, deadline, limit=100)],
        [(one.id, one.water, one.aliases) for one in stations],
        [(one.station, one.count, one.first, one.last) for one in catalog.observations.streams(And(()), ANONYMOUS, 100, 0, deadline)],
        [(one.id, one.title, one.kind) for one in records],
        _rounded(catalog.summary("sentinel2-l2a", ANONYMOUS, deadline).extent),
    )  # fmt: skip


def _rounded(box: Box | None) -> list[float]:
    assert box
    return [round(side, 4) for side in (box.west, box.south, box.east, box.north)]


LATER = [name for name in migrate.available("sqlite") if name > "0008"]


@pytest.mark.parametrize("schema", LATER[:-1])
def test_a_store_of_an_earlier_schema_is_brought_up_to_date(
    tmp_path: Path, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of today's store, as far as that schema has their columns, answer the same after the upgrade.

    (Before 0009 points were kept in other tables; what became of records is a test of its own.)
    """
    head, old = tmp_path / "head.db", tmp_path / "old.db"
    filled(f"sqlite:///{head}", tmp_path)
    catalog = opened(f"sqlite:///{head}", tmp_path)
    expected = answers(catalog)
    catalog.close()
    with monkeypatch.context() as patched:
        patched.setattr(
            migrate, "available", lambda _: tuple(one for one in migrate_names() if one <= schema)
        )
        engine = open_engine(f"sqlite:///{old}")
        migrate.upgrade(engine)
        engine.dispose()
    copied(head, old)
    catalog = opened(f"sqlite:///{old}", tmp_path)
    try:
        assert answers(catalog) == expected
        worker = Ingest(catalog, Limits(), OPERATOR)
        assert set(worker.run(worker.find([tmp_path / "inbox"])).counts()) == {"skipped"}
    finally:
        catalog.close()


def migrate_names() -> tuple[str, ...]:
    folder = Path(migrate.__file__).parent / "migrations"
    return tuple(sorted(path.name.split(".")[0] for path in folder.glob("*.sqlite.sql")))


def copied(source: Path, target: Path) -> None:
    """Every row of every table that both have, with the columns that both have."""
    connection = sqlite3.connect(target)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("ATTACH ? AS head", (str(source),))
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
        if not name.startswith(("sqlite_", "meta"))
        and not name.endswith(
            ("_node", "_parent", "_rowid", "_data", "_idx", "_content", "_docsize", "_config")
        )
    ]
    virtual = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")
    ]
    for name in (*tables, *virtual):
        here = [row[1] for row in connection.execute(f"PRAGMA main.table_info({name})")]
        there = {row[1] for row in connection.execute(f"PRAGMA head.table_info({name})")}
        both = [column for column in here if column in there]
        names = ", ".join(["rowid", *both] if name.endswith("_text") else both)
        connection.execute(f"DELETE FROM main.{name}") if name in tables else None
        connection.execute(f"INSERT OR REPLACE INTO main.{name} ({names}) SELECT {names} FROM head.{name}")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_backup_of_the_database_and_the_archive_is_enough(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """The drill of docs/operate.md: dump, copy, everything lost, restored elsewhere; `hysope doctor` has nothing against it."""
    lost, back = tmp_path / "lost", tmp_path / "back"
    lost.mkdir()
    back.mkdir()
    with fresh_database(kind, request, lost) as url:
        filled(url, lost)
        catalog = opened(url, lost)
        expected = answers(catalog)
        catalog.close()
        dump = tmp_path / "dump"
        if kind == "sqlite":
            subprocess.run(["sqlite3", str(lost / "store.db"), f".backup {dump}"], check=True)
        else:
            subprocess.run(["pg_dump", "-Fc", "-f", str(dump), plain(url)], check=True)
        shutil.copytree(lost / "archive", back / "archive")
    shutil.rmtree(lost)
    if kind == "sqlite":
        shutil.copyfile(dump, back / "store.db")
        _restored(f"sqlite:///{back / 'store.db'}", back, expected)
        return
    with fresh_database(kind, request, back) as url:
        subprocess.run(["pg_restore", "--no-owner", "-d", plain(url), str(dump)], check=True)
        _restored(url, back, expected)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _restored(url: str, data: Path, expected: object) -> None:
    catalog = opened(url, data)
    assert answers(catalog) == expected
    catalog.close()
    said = subprocess.run(
        [sys.executable, "-m", "hysope", "doctor", "--data", str(data)],
        env={**os.environ, "HYSOPE_DATABASE__URL": url}, capture_output=True, text=True, check=False, cwd=data,
    )  # fmt: skip
    assert "fail" not in said.stdout, said.stdout
    assert "the store answers" in said.stdout


@pytest.mark.postgres
def test_a_database_that_is_restarted_under_load_is_not_missed_for_long(tmp_path: Path) -> None:
    """Every connection dies; meanwhile answers are right or say 503, none is a 500, and soon all are right again, without a restart of ours."""
    with postgres_cluster() as cluster:
        filled(cluster.url, tmp_path)
        with running(
            ["serve", "--data", str(tmp_path)], tmp_path, HYSOPE_DATABASE__URL=cluster.url
        ) as server:
            home = server.address
            said: Counter[int] = Counter()
            stop = threading.Event()
            threads = [threading.Thread(target=_load, args=(home, said, stop)) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(1)
            for _ in range(2):
                cluster.restart()
                time.sleep(2)
            stop.set()
            for thread in threads:
                thread.join()
            assert said.keys() <= {200, 503}, said
            assert said[200] > said[503]
            assert all(_status(home + path) == 200 for path in PATHS)


PATHS = (
    "/stac/search?limit=1", "/oai?verb=ListIdentifiers&metadataPrefix=oai_dc", "/sta/v1.1/Things", "/ogcapi/collections", "/csw?service=CSW&request=GetCapabilities",
    "/wms?service=WMS&request=GetMap&version=1.3.0&layers=sentinel2-l2a&styles=&crs=CRS:84&bbox=0.4,44,0.6,44.3&width=64&height=64&format=image/png",
)  # fmt: skip


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def _load(home: str, said: Counter[int], stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        said[_status(f"{home}{PATHS[number % len(PATHS)]}")] += 1
