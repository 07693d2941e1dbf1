# SPDX-License-Identifier: Apache-2.0
"""Whatever fails, once or from then on: the archive and the catalogue stay whole, and the next run finishes the work.

Each case counts first what can fail, then lets one of it fail, for each of it with `make crash`, for a spread of it otherwise.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from faults import failing
from sqlalchemy.exc import SQLAlchemyError
from support import shared

from catalog.generator.muscate import Tile, write_l2a
from catalog.harvest.run import Harvester
from catalog.ingest.batch import Ingest
from catalog.model.faults import Fault
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Principal, Role
from catalog.model.product import Product
from catalog.query import And, Order
from catalog.service import Catalog, open_catalog
from config.limits import Limits
from config.registry import load_registry
from config.settings import HarvestSource, Settings
from config.settings import Processes as ProcessSettings
from hysope.wiring import wire_catalog, wire_supervisor
from processes.model import Job, Phase
from processes.service import Processes
from processes.supervisor import Supervisor

BOB = Principal("bob", Role.USER)
EVERY = bool(os.environ.get("EVERY_FAULT"))
TITLE = "AVHRR Sea Surface Temperature for MARACOOS (Mid-Atlantic Regional Association Coastal Ocean Observing System)"
SPREAD = 12
"""Faults of each kind of work in the ordinary tests."""


def chosen(count: int) -> list[int]:
    return (
        list(range(1, count + 1))
        if EVERY
        else sorted({1 + number * (count - 1) // (SPREAD - 1) for number in range(SPREAD)})
    )


def opened(root: Path) -> Catalog:
    return open_catalog(f"sqlite:///{root / 'h.db'}", load_registry(), Limits(), root / "archive")


def ingest(catalog: Catalog, inbox: Path, *, force: bool = False) -> list[str]:
    worker = Ingest(catalog, Limits(), OPERATOR)
    return [one.status for one in worker.run(worker.find([inbox]), force=force).outcomes]


def products_are_whole(catalog: Catalog, at_least: int) -> None:
    found = catalog.search(And(()), ANONYMOUS, Deadline.after(10), limit=10)
    assert at_least <= len(found) <= 1
    for one in found:
        for asset in one.assets:
            path = catalog.archive / asset.path
            assert path.is_file(), asset.path
            assert path.stat().st_size == asset.bytes
    records = catalog.search_records(And(()), ANONYMOUS, Deadline.after(10), Order.TITLE, 100)
    assert {record.id for record in records if record.kind == "product"} == {one.id for one in found}


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("again", [False, True], ids=["first delivery", "replacement"])
def test_a_product_is_there_or_not(tmp_path: Path, again: bool, lasting: bool) -> None:
    inbox = tmp_path / "inbox"
    write_l2a(inbox, Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)

    def fresh(name: str) -> Catalog:
        (tmp_path / name).mkdir()
        catalog = opened(tmp_path / name)
        if again:
            assert ingest(catalog, inbox) == ["new"]
        return catalog

    catalog = fresh("count")
    with failing() as none:
        ingest(catalog, inbox, force=True)
    catalog.close()
    assert len(none.reached) > 40
    for at in chosen(len(none.reached)):
        catalog = fresh(f"at-{at}")
        with failing(at, lasting=lasting) as faults:
            said = attempted(lambda catalog=catalog: ingest(catalog, inbox, force=True))
        what = faults.reached[at - 1]
        try:
            assert said in (["failed"], ["new"], ["updated"], "raised"), (what, said)
            products_are_whole(catalog, at_least=int(again))
            Ingest(catalog, Limits(), OPERATOR).repair()
            products_are_whole(catalog, at_least=int(again))
            assert ingest(catalog, inbox)[0] in ("new", "skipped"), what
            products_are_whole(catalog, at_least=1)
            assert not [one for one in (catalog.archive / "work").iterdir() if one.suffix != ".intent"], what
        finally:
            catalog.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and its address on the web."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def written(folder: Path, titles: dict[str, str]) -> None:
    """The folder has these records, and no others."""
    real = shared("data", "catalog", "iso19139", "pycsw-idswithpaths", "file_id_with_colon.xml").read_text()
    for path in folder.glob("*.xml"):
        path.unlink()
    for name, title in titles.items():
        text = real.replace("urn:hi:im:a:urn:or:url", name).replace(TITLE, title)
        (folder / f"{name}.xml").write_text(text)


def titles(catalog: Catalog) -> dict[str, str]:
    found = catalog.search_records(And(()), ANONYMOUS, Deadline.after(10), Order.TITLE, 100)
    return {one.id: one.title for one in found}


def test_each_record_of_a_harvest_is_the_old_one_or_the_new_one(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    """Some records changed, one is new, one is gone: after a fault each is what it was or what it became, and the next run ends it."""
    folder, address = site
    source = HarvestSource(type="waf", url=address, private=True, pause_seconds=0, timeout_seconds=20)
    before = {f"urn:r{number}": f"Record {number}" for number in range(8)}
    after = {**before, "urn:r0": "Another title", "urn:r8": "A new one"}
    del after["urn:r7"]

    def harvest(catalog: Catalog) -> list[str]:
        return [Harvester(catalog, {"site": source}, Limits()).run("site").status]

    def fresh(name: str) -> Catalog:
        (tmp_path / name).mkdir()
        catalog = opened(tmp_path / name)
        written(folder, before)
        harvest(catalog)
        assert titles(catalog).items() >= before.items()
        written(folder, after)
        return catalog

    catalog = fresh("count")
    with failing() as none:
        harvest(catalog)
    others = titles(catalog).keys() - after.keys()
    catalog.close()
    assert len(none.reached) > 15
    for at in chosen(len(none.reached)):
        catalog = fresh(f"at-{at}")
        try:
            with failing(at) as faults:
                attempted(lambda catalog=catalog: harvest(catalog))
            what = faults.reached[at - 1]
            for name, title in titles(catalog).items():
                assert name in others or title in (before.get(name), after.get(name)), what
            assert harvest(catalog) == ["done"], what
            assert {name: title for name, title in titles(catalog).items() if name not in others} == after, (
                what
            )
        finally:
            catalog.close()


@dataclass
class Shop:
    """A catalogue with one product, and a supervisor that does a step when it is told to."""

    catalog: Catalog
    processes: Processes
    supervisor: Supervisor
    source: str

    def ordered(self) -> Job:
        """A job whose run has ended, and which nobody has looked at yet."""
        job = self.processes.execute("ndvi", {"products": [self.source]}, BOB)
        folder, end = self.processes.folder(job.id), time.monotonic() + 60
        while time.monotonic() < end and not list(folder.glob("*/exit.json")):
            if not list(folder.glob("*/task.json")):
                self.supervisor.step()
            time.sleep(0.05)
        return job

    def made(self) -> list[Product]:
        found = self.catalog.search(And(()), OPERATOR, Deadline.after(10), limit=10)
        return [one for one in found if one.id != self.source]

    def finished(self, job: Job) -> Job:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.supervisor.step()
            found = self.processes.job(job.id, BOB)
            if found.phase.final:
                return found
            time.sleep(0.02)
        pytest.fail(str(found))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    write_l2a(tmp_path / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)
    settings = Settings(data=tmp_path / "data", processes=ProcessSettings(retry_seconds=(0,), attempts=3))
    catalog = wire_catalog(settings)
    assert ingest(catalog, tmp_path / "inbox") == ["new"]
    (source,) = catalog.search(And(()), OPERATOR, Deadline.after(10), limit=10)
    processes = Processes(catalog, settings)
    yield Shop(catalog, processes, wire_supervisor(settings, catalog, processes), source.id)
    catalog.close()


def test_what_an_order_made_is_published_once(shop: Shop) -> None:
    """The run has ended; whatever fails while its result is stored, there is one product in the end, and none half before."""
    job = shop.ordered()
    with failing() as none:
        for _ in range(3):
            shop.supervisor.step()
    assert shop.processes.job(job.id, BOB).phase is Phase.SUCCESSFUL
    assert len(none.reached) > 40
    for at in chosen(len(none.reached)):
        for product in shop.made():
            shop.catalog.withdraw(product.id, OPERATOR, "the next case")
        job = shop.ordered()
        with failing(at) as faults, contextlib.suppress(OSError, SQLAlchemyError, Fault):
            shop.supervisor.step()
        what = faults.reached[at - 1] if len(faults.reached) >= at else "nothing"
        assert len(shop.made()) <= 1
        done = shop.finished(job)
        assert done.phase is Phase.SUCCESSFUL, (what, done.message)
        (product,) = shop.made()
        for asset in product.assets:
            assert (shop.catalog.archive / asset.path).stat().st_size == asset.bytes, what


def attempted(work: Callable[[], list[str]]) -> list[str] | str:
    """What a run says, or that it raised what an operator's command tells as such."""
    try:
        return work()
    except (OSError, SQLAlchemyError, Fault):
        return "raised"
