# SPDX-License-Identifier: Apache-2.0
"""Jobs on PBS, whose commands are stood in for by a program that keeps to their manual pages and really runs the jobs (no Debian package has PBS)."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pbs_standin
import pytest
from test_jobs import BOB, CHAIN, SCRIPTS, Shop

from catalog.model.principal import OPERATOR, Deadline
from catalog.query import Order, Property, equal
from config import settings as conf
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest
from processes.executors.pbs import PbsExecutor, Site
from processes.model import Backend, BackendUnreachable, JobId, Phase, RunSpec, SubmitRejected
from processes.service import Processes


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = tmp_path / "pbs"
    pbs_standin.install(found / "bin")
    (found / "pbs.conf").touch()
    return found


@pytest.fixture
def shop(products: Path, tmp_path: Path, home: Path) -> Iterator[Shop]:
    own = tmp_path / "own" / "chains"
    own.mkdir(parents=True)
    for name, script in SCRIPTS.items():
        (own / f"{name}.yaml").write_text(CHAIN.format(name=name, upper=name.upper(), script=script))
    chosen = conf.Processes(
        executor="pbs", path=f"{home / 'bin'}:/usr/bin:/bin", pbs_conf=home / "pbs.conf", queue="workq", attempts=2, retry_seconds=(0,)
    )  # fmt: skip
    settings = Settings(data=tmp_path / "data", product_types=(own.parent,), processes=chosen)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    wanted = [path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:2]
    worker.run(worker.find(wanted))
    found = catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST
    )
    yield Shop(settings, catalog, Processes(catalog, settings), [product.id for product in found])
    catalog.close()


def test_an_order_runs_and_is_published(shop: Shop, home: Path) -> None:
    job = shop.finished(shop.order("ndvi"))
    assert job.phase is Phase.SUCCESSFUL, job.error
    assert [one.id for one in shop.processes.results(job.id, BOB)] == [f"u.bob.NDVI_{shop.sources[0]}"]
    (facts,) = [json.loads(path.read_text()) for path in home.glob("*.job")]
    assert facts["Job_Name"] == f"hysope-{job.id}-1"
    assert (facts["Resource_List"]["select"], facts["Exit_status"]) == ("1:ncpus=1:mem=2500mb", 0)
    assert "bob" not in facts["Job_Name"]


def test_what_fails_says_why_and_its_log_is_read(shop: Shop) -> None:
    job = shop.finished(shop.order("failing"))
    assert (job.phase, job.error_class) == (Phase.FAILED, "algorithm-failed")
    assert "this went wrong" in job.error
    assert "this went wrong" in shop.processes.log(job.id, BOB)
    killed = shop.finished(shop.order("killed"), 60)
    assert (killed.phase, killed.error_class, killed.attempt) == (Phase.FAILED, "worker-killed", 2)


def alive(group: int) -> list[int]:
    """The processes of this group that run; a dead one that nobody has waited for yet (state Z) does not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(path.parent.name))
    return found


def test_a_running_job_is_dismissed_and_its_run_is_gone(shop: Shop, home: Path) -> None:
    job = shop.until(
        shop.order("sleeper"), lambda found: found.phase is Phase.RUNNING and found.progress == 39
    )
    (path,) = home.glob("*.job")
    pid = json.loads(path.read_text())["pid"]
    shop.processes.dismiss(job.id, BOB)
    shop.until(job, lambda found: not found.ending)
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(pid)
    assert json.loads(path.read_text())["Exit_status"] == 271


def test_a_supervisor_that_died_while_submitting_finds_its_run_again(shop: Shop, home: Path) -> None:
    job, first = shop.order("ndvi"), shop.supervisor()
    first._executor.submit = _and_dies(first._executor.submit)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        for _ in range(10):
            first.step()
    assert shop.processes.job(job.id, OPERATOR).phase is Phase.SUBMITTING
    first._queue.release(first._holder)
    assert shop.finished(job).phase is Phase.SUCCESSFUL
    assert len(list(home.glob("*.job"))) == 1, "submitted once"


def _and_dies(submit):
    def dying(spec):
        submit(spec)
        raise KeyboardInterrupt

    return dying


def test_a_server_that_is_away_loses_no_job(shop: Shop, home: Path) -> None:
    (home / "down").touch()
    job = shop.order("ndvi")
    supervisor = shop.supervisor()
    for _ in range(4):
        supervisor.step()
        time.sleep(0.1)
    assert shop.processes.job(job.id, OPERATOR).phase is Phase.QUEUED
    (home / "down").unlink()
    done = shop.until(job, lambda found: found.phase.final, 40, supervisor)
    assert done.phase is Phase.SUCCESSFUL, done.error


def spec(folder: Path, script: str) -> RunSpec:
    folder.mkdir(parents=True, exist_ok=True)
    argv = ("/bin/sh", "-c", script, 'it\'s, "quoted"')
    return RunSpec(
        JobId("11111111-2222-3333-4444-555555555555"), 1, folder, argv, {"WORD": "a, b 'c'"}, 2, 700, 90
    )


def executor(home: Path, **more: str) -> PbsExecutor:
    environment = {"PATH": f"{home / 'bin'}:/usr/bin:/bin", "PBS_CONF_FILE": str(home / "pbs.conf"), **more}
    return PbsExecutor(Site(environment))


def test_words_and_values_arrive_as_they_are(home: Path, tmp_path: Path) -> None:
    mine, here = executor(home), tmp_path / "it's a folder"
    ref = mine.submit(spec(here, 'printf "%s|%s|%s" "$0" "$WORD" "$PWD"'))
    assert mine.find(JobId("11111111-2222-3333-4444-555555555555"), 1, here) == ref
    assert mine.find(JobId("11111111-2222-3333-4444-555555555556"), 1, here) is None
    for _ in range(100):
        state = mine.poll({ref: here})[ref]
        if state.state is Backend.ENDED:
            break
        time.sleep(0.05)
    assert state.state is Backend.ENDED
    assert (here / "log.txt").read_text() == f"it's, \"quoted\"|a, b 'c'|{here}"
    facts = json.loads((home / f"{ref}.job").read_text())
    assert facts["Resource_List"] == {"select": "1:ncpus=2:mem=700mb", "walltime": "01:30:00"}


def test_a_run_over_its_time_a_waiting_one_and_a_wrong_one(home: Path, tmp_path: Path) -> None:
    short = executor(home, PBS_SECONDS="0.3")
    ref = short.submit(spec(tmp_path / "a", "sleep 30"))
    for _ in range(100):
        state = short.poll({ref: tmp_path, "99.pbs.example": tmp_path})[ref]
        if state.state is not Backend.RUNNING and state.state is not Backend.PENDING:
            break
        time.sleep(0.05)
    assert (state.state, state.reason) == (Backend.TIMEOUT, "Job exceeded resource walltime")
    (home / "closed").touch()
    waiting = short.submit(spec(tmp_path / "b", "true"))
    assert short.poll({waiting: tmp_path})[waiting].state is Backend.PENDING
    assert short.cancel(waiting)
    assert short.poll({waiting: tmp_path})[waiting].state is Backend.CANCELLED
    assert short.cancel("99.pbs.example"), "what is not known is gone"
    with pytest.raises(SubmitRejected, match="Unknown queue"):
        PbsExecutor(replace(short._site, queue="none")).submit(spec(tmp_path / "c", "true"))
    (home / "down").touch()
    for ask in (
        lambda: short.submit(spec(tmp_path / "d", "true")),
        lambda: short.poll({ref: tmp_path}),
        lambda: short.cancel(ref),
    ):
        with pytest.raises(BackendUnreachable):
            ask()
    with pytest.raises(BackendUnreachable):
        PbsExecutor(Site({"PATH": "/nowhere"})).poll({ref: tmp_path})
