# SPDX-License-Identifier: Apache-2.0
"""Jobs on both executors and both databases: what succeeds is published whole, what fails says why, what is ended ends, a crash loses nothing."""

import hmac
import json
import os
import signal
import subprocess
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from pydantic import SecretStr
from support import SLURM_PATH, fresh_database

from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Principal, Role
from catalog.model.product import AssetRole
from catalog.outbox import Outbox
from catalog.query import Order, Property, equal
from catalog.raster.files import describe, read_band
from catalog.service import Catalog
from config import settings as conf
from config.settings import Settings
from hysope.commands.jobs import jobs as jobs_command
from hysope.wiring import wire_callbacks, wire_catalog, wire_ingest, wire_supervisor
from processes import supervisor as supervisor_module
from processes.executors.local import LocalExecutor
from processes.model import Callback, Job, Phase, RunSpec, Terms, Told
from processes.service import Processes
from processes.supervisor import Supervisor

BOB, EVE = Principal("bob", Role.USER, frozenset({"hydro"})), Principal("eve", Role.USER)
CHAIN = """
id: {name}
version: "1"
title: {{en: x, fr: x}}
abstract: {{en: x, fr: x}}
selection: {{title: {{en: x, fr: x}}, collections: [sentinel2-l2a], bands: [B3]}}
result: {{title: {{en: x, fr: x}}, type: water-mask, prefix: {upper}_}}
run: {{command: [sh, -c, '{script}', "{{band.B3}}", "{{out.WATER}}"]}}
resources: {{memory_mb: 500}}
software: sh
"""
SCRIPTS = {
    "sleeper": "echo HYSOPE progress=40 asleep; exec sleep 60",
    "failing": "echo this went wrong >&2; exit 3",
    "empty": "true",
    "wrong": 'cp "$0" "$1"',
    "killed": "kill -9 $PPID; sleep 5",
    "hungry": 'exec python3 -c "import time; x = bytearray(900 << 20); time.sleep(30)"',
}


@dataclass
class Shop:
    settings: Settings
    catalog: Catalog
    processes: Processes
    sources: list[str]

    def supervisor(self) -> Supervisor:
        return wire_supervisor(self.settings, self.catalog, self.processes)

    def order(self, process: str, who: Principal = BOB, **inputs: Any) -> Job:
        return self.processes.execute(
            process, {"products": self.sources[:1], **inputs}, who, Terms(anew=True)
        )

    def until(
        self, job: Job, done: Callable[[Job], bool], seconds: float = 40, supervisor: Supervisor | None = None
    ) -> Job:
        """Runs a supervisor here until a job is as wanted."""
        working, end = supervisor or self.supervisor(), time.monotonic() + seconds
        while time.monotonic() < end:
            working.step()
            found = self.processes.job(job.id, OPERATOR)
            if done(found):
                if supervisor is None:
                    working._queue.release(working._holder)
                return found
            time.sleep(0.05)
        pytest.fail(f"{found}\n{self.processes.log(job.id, OPERATOR)}")

    def finished(self, job: Job, seconds: float = 40) -> Job:
        return self.until(job, lambda found: found.phase.final, seconds)


@pytest.fixture(
    params=[
        "local-sqlite",
        pytest.param("local-postgresql", marks=pytest.mark.postgres),
        pytest.param("slurm-postgresql", marks=pytest.mark.postgres),
    ]
)
def shop(request: pytest.FixtureRequest, products: Path, tmp_path: Path) -> Iterator[Shop]:
    """Two products, the shipped processes and some that go wrong."""
    executor, _, database = request.param.partition("-")
    chosen: dict[str, Any] = {"executor": executor, "attempts": 2, "retry_seconds": (0,)}
    if executor == "slurm":
        chosen |= {"slurm_conf": request.getfixturevalue("slurm"), "path": SLURM_PATH}
    own = tmp_path / "own" / "chains"
    own.mkdir(parents=True)
    for name, script in SCRIPTS.items():
        (own / f"{name}.yaml").write_text(CHAIN.format(name=name, upper=name.upper(), script=script))
    with fresh_database(database, request, tmp_path) as url:
        settings = Settings(
            data=tmp_path / "data",
            database=conf.Database(url=url),
            product_types=(own.parent,),
            processes=conf.Processes(**chosen),
        )
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings, catalog)
        wanted = [path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:2]
        assert worker.run(worker.find(wanted)).counts() == {"new": 2}
        found = catalog.search(
            equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST
        )
        yield Shop(settings, catalog, Processes(catalog, settings), [product.id for product in found])
        catalog.close()


def products_of(catalog: Catalog, who: Principal) -> set[str]:
    return {
        product.id
        for collection in ("ndvi", "water-mask", "u.bob.ndvi", "u.bob.water-mask")
        for product in catalog.search(equal(Property.COLLECTION, collection), who, Deadline.after(10))
    }


def test_news_is_heard_and_not_only_looked_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders, ends of runs and dismissals reach a supervisor that would otherwise sleep for ten minutes."""
    monkeypatch.setattr(supervisor_module, "_IDLE_SECONDS", 600.0)
    monkeypatch.setattr(supervisor_module, "_POLL_SECONDS", dict.fromkeys(("local", "slurm"), 600.0))
    stop, working, ended = threading.Event(), shop.supervisor(), []
    cancel = working._executor.cancel
    monkeypatch.setattr(working._executor, "cancel", lambda ref: ended.append(ref) or cancel(ref))
    thread = threading.Thread(target=working.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: working._working and working._polled > 0)
        job = shop.order("ndvi")
        _until(lambda: shop.processes.job(job.id, OPERATOR).phase.final)
        assert shop.processes.job(job.id, OPERATOR).phase is Phase.SUCCESSFUL
        sleeper = shop.order("sleeper")
        _until(lambda: bool(shop.processes.job(sleeper.id, OPERATOR).backend_ref))
        shop.processes.dismiss(sleeper.id, BOB)
        _until(lambda: shop.processes.job(sleeper.id, OPERATOR).backend_ref in ended)
    finally:
        stop.set()
        shop.processes.bell.ring()
        thread.join(20)
    assert not thread.is_alive()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ndvi_over_a_selection_is_what_numpy_says(shop: Shop) -> None:
    job = shop.finished(
        shop.processes.execute(
            "ndvi", {"products": {"collection": "sentinel2-l2a"}, "keep_clouds": True}, BOB
        )
    )
    assert job.phase is Phase.SUCCESSFUL, job.error
    results = shop.processes.results(job.id, BOB)
    assert [one.id for one in results] == [f"u.bob.NDVI_{source}" for source in shop.sources]
    for result, source_id in zip(results, shop.sources, strict=True):
        source = shop.catalog.product(source_id, BOB, Deadline.after(10))
        red, infrared = (
            read_band(shop.catalog.archive / source.asset_of(band).path, 1).astype(np.float64)
            for band in ("B4", "B8")
        )
        good = (red != -10_000) & (infrared != -10_000) & (red + infrared > 0)
        path = shop.catalog.archive / result.asset_of("NDVI").path
        made = read_band(path, 1)
        assert np.array_equal(made == -32_768, ~good)
        expected = (infrared - red)[good] / (infrared + red)[good]
        assert np.abs(made[good] / 10_000 - np.clip(expected, -1, 1)).max() <= 0.502 / 10_000
        assert describe(path).grid == describe(shop.catalog.archive / source.asset_of("B4").path).grid
        assert (result.day, result.zone, result.audience) == (source.day, source.zone, "u.bob")
        paper = json.loads(
            (
                shop.catalog.archive / next(one.path for one in result.assets if one.key == "provenance")
            ).read_text()
        )
        assert f"hysope:{source.id}@{source.version}" in paper["entity"]
        assert (
            paper["activity"][f"hysope:job-{job.id}"]["hysope:executor"] == shop.settings.processes.executor
        )
        assert result.first(AssetRole.QUICKLOOK)
    assert [event.phase for event in shop.processes.events(job.id, BOB)][-2:] == ["storing", "successful"]
    assert not list(shop.processes.folder(job.id).glob("*/out/*"))
    assert list((shop.catalog.archive / "work").iterdir()) == []


def test_an_external_program_runs_unchanged(shop: Shop) -> None:
    if not Path("/usr/bin/otbcli_BandMath").exists():
        pytest.skip("Orfeo ToolBox is not installed (Debian: otb-bin)")
    job = shop.finished(shop.order("otb-water", threshold=0.1), 90)
    assert job.phase is Phase.SUCCESSFUL, f"{job.error}\n{shop.processes.log(job.id, BOB)}"
    (result,) = shop.processes.results(job.id, BOB)
    source = shop.catalog.product(shop.sources[0], BOB, Deadline.after(10))
    green, infrared = (
        read_band(shop.catalog.archive / source.asset_of(band).path, 1).astype(np.float64)
        for band in ("B3", "B8")
    )
    total = green + infrared
    with np.errstate(all="ignore"):
        expected = np.where(
            (green <= -10_000) | (infrared <= -10_000) | (total == 0), 255, (green - infrared) / total > 0.1
        )
    made = read_band(shop.catalog.archive / result.asset_of("WATER").path, 1)
    assert (made == expected).mean() > 0.9999
    assert 0 < (made == 1).mean() < 0.5
    log = shop.processes.log(job.id, BOB)
    assert "+ otbcli_BandMath -il" in log
    assert "(0.1) ? 1 : 0" in log


def test_a_result_is_its_owners_then_a_groups_then_everybodys(shop: Shop) -> None:
    job = shop.finished(shop.order("ndvi"))
    (made,) = shop.processes.results(job.id, BOB)
    carol = Principal("carol", Role.USER, frozenset({"hydro"}))
    assert products_of(shop.catalog, BOB) == {made.id}
    assert products_of(shop.catalog, OPERATOR) == {made.id}
    for other in (EVE, carol, ANONYMOUS):
        assert products_of(shop.catalog, other) == set()
        assert not shop.catalog.may_see("u.bob.ndvi", other)
    with pytest.raises(Fault) as caught:
        shop.catalog.share(made.id, "g.hydro", EVE)
    assert caught.value.kind is Kind.UNKNOWN_PRODUCT
    with pytest.raises(Fault) as caught:
        shop.catalog.share(made.id, "g.snow", BOB)
    assert caught.value.kind is Kind.FORBIDDEN
    shop.catalog.share(made.id, "g.hydro", BOB)
    assert products_of(shop.catalog, carol) == {made.id}
    assert products_of(shop.catalog, EVE) == set()
    with pytest.raises(Fault) as caught:
        shop.catalog.make_official(made.id, BOB)
    assert caught.value.kind is Kind.FORBIDDEN
    official = shop.catalog.make_official(made.id, OPERATOR)
    assert official == f"NDVI_{shop.sources[0]}"
    for anybody in (BOB, EVE, ANONYMOUS):
        assert products_of(shop.catalog, anybody) == {official}
    assert [one.id for one in shop.processes.results(job.id, BOB)] == [official]
    again = shop.finished(shop.order("ndvi"))
    (second,) = shop.processes.results(again.id, BOB)
    assert second.id == made.id
    with pytest.raises(Fault) as caught:
        shop.catalog.make_official(second.id, OPERATOR)
    assert caught.value.kind is Kind.INVALID
    assert shop.catalog.product(official, ANONYMOUS, Deadline.after(10)).source == f"job:{job.id}"


@pytest.mark.parametrize(
    ("process", "error_class", "says", "attempts"),
    [
        ("failing", "algorithm-failed", "this went wrong", 1),
        ("empty", "output-missing", "the output WATER is absent", 1),
        ("wrong", "output-missing", "is int16, WATER of water-mask is uint8", 1),
        ("killed", "worker-killed", "the run was killed", 2),
    ],
)
def test_a_failure_says_why_and_is_tried_again_only_where_that_helps(
    shop: Shop, process: str, error_class: str, says: str, attempts: int
) -> None:
    job = shop.finished(shop.order(process), 60)
    assert (job.phase, job.error_class, job.attempt) == (Phase.FAILED, error_class, attempts)
    assert says in job.error
    with pytest.raises(Fault) as caught:
        shop.processes.results(job.id, BOB)
    assert caught.value.kind is Kind.FAILED
    assert error_class in caught.value.text
    assert products_of(shop.catalog, OPERATOR) == set()


def _sleeping(job: Job) -> list[psutil.Process]:
    """The processes of a job's run."""
    return [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(job.id in part for part in one.info["cmdline"] or ())
    ]


def test_dismissing_ends_the_process_and_a_second_time_removes_the_job(shop: Shop) -> None:
    job = shop.order("sleeper")
    supervisor = shop.supervisor()
    running = shop.until(
        job, lambda found: found.phase is Phase.RUNNING and found.progress == 39, supervisor=supervisor
    )
    assert (running.message, running.node != "") == (shop.sources[0], True)
    assert _sleeping(job)
    assert shop.processes.dismiss(job.id, BOB).phase is Phase.DISMISSED
    shop.until(job, lambda found: not found.ending, supervisor=supervisor)
    for _ in range(100):
        if not _sleeping(job):
            break
        time.sleep(0.1)
    assert not _sleeping(job)
    with pytest.raises(Fault) as caught:
        shop.processes.results(job.id, BOB)
    assert caught.value.kind is Kind.GONE
    shop.processes.dismiss(job.id, BOB)
    with pytest.raises(Fault) as caught:
        shop.processes.job(job.id, BOB)
    assert caught.value.kind is Kind.UNKNOWN_JOB


def test_a_supervisor_that_dies_between_submission_and_its_record_starts_nothing_twice(shop: Shop) -> None:
    class Died(BaseException):
        pass

    first = shop.supervisor()
    real = first._executor.submit

    def submit(spec: RunSpec) -> str:
        real(spec)
        raise Died

    first._executor.submit = submit  # the crash: the run is there, the record is not
    job = shop.order("sleeper")
    with pytest.raises(Died):
        first.step()
    assert shop.processes.job(job.id, BOB).phase is Phase.SUBMITTING
    first._queue.release(first._holder)
    second = shop.supervisor()
    found = shop.until(job, lambda one: one.phase is Phase.RUNNING, supervisor=second)
    assert found.attempt == 1
    assert "found again after a restart" in [event.message for event in shop.processes.events(job.id, BOB)]
    assert len(list(shop.processes.folder(job.id).glob("1/started-*"))) == 1
    for _ in range(50):  # a child that has not begun its program yet looks like a second one
        runners = [one for one in _sleeping(job) if "processes.runner" in " ".join(one.info["cmdline"])]
        if len(runners) == 1:
            break
        time.sleep(0.1)
    assert len(runners) == 1
    shop.processes.dismiss(job.id, BOB)
    shop.until(job, lambda one: not one.ending, supervisor=second)


def test_a_crash_while_storing_publishes_once(shop: Shop) -> None:
    class Died(BaseException):
        pass

    job = shop.order("ndvi")
    first = shop.supervisor()

    def reached(point: str) -> None:
        if point == "renamed":
            raise Died

    first._publisher.reached = reached
    with pytest.raises(Died):
        shop.until(job, lambda found: False, supervisor=first)
    assert shop.processes.job(job.id, BOB).phase is Phase.STORING
    assert products_of(shop.catalog, OPERATOR) == set()
    first._queue.release(first._holder)
    assert shop.finished(job).phase is Phase.SUCCESSFUL
    assert len(products_of(shop.catalog, OPERATOR)) == 1


def test_operators_see_how_production_stands(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    done, waiting = shop.order("ndvi"), None
    shop.finished(done)
    waiting = shop.order("ndvi")
    board = shop.processes.board()
    assert board.unfinished == {Phase.QUEUED: 1}
    assert board.oldest_waiting == shop.processes.job(waiting.id, BOB).created
    assert board.finished == {Phase.SUCCESSFUL: 1}
    assert board.failures == {}
    assert 0 < board.minutes < 2
    assert jobs_command(shop.settings, Namespace(status="successful", process=["ndvi"], limit=5)) == 0
    told = capsys.readouterr().out
    assert "now: 1 queued; the oldest waits since 20" in told
    assert f"{done.id}  " in told
    assert str(waiting.id) not in told
    shop.processes.dismiss(waiting.id, BOB)


def test_only_one_of_several_supervisors_works(shop: Shop) -> None:
    first, second = shop.supervisor(), shop.supervisor()
    second._holder = "another"
    job = shop.order("ndvi")
    assert first.step()
    assert not second.step()
    assert not second._working
    done = shop.until(job, lambda found: found.phase.final, supervisor=first)
    assert done.phase is Phase.SUCCESSFUL


def test_users_share_fairly_and_have_a_limit(shop: Shop) -> None:
    queue = shop.processes.queue
    jobs = [shop.order("sleeper") for _ in range(5)] + [shop.order("sleeper", EVE)]
    claimed = queue.claim(3)
    assert [job.owner for job in claimed] == ["bob", "eve", "bob"]
    assert claimed[0].id == jobs[0].id
    assert queue.claim(3) == ()
    for job in jobs:
        shop.processes.dismiss(job.id, OPERATOR)
    few = Processes(
        shop.catalog,
        shop.settings.model_copy(
            update={"processes": shop.settings.processes.model_copy(update={"jobs_of_user": 1})}
        ),
    )
    few.execute("ndvi", {"products": shop.sources[:1]}, EVE)
    with pytest.raises(Fault) as caught:
        few.execute("ndvi", {"products": shop.sources[:1]}, EVE)
    assert caught.value.kind is Kind.QUOTA


def test_a_final_phase_never_changes(shop: Shop) -> None:
    job = shop.order("sleeper")
    shop.processes.dismiss(job.id, BOB)
    queue = shop.processes.queue
    assert not any(queue.move(job.id, phase, "no") for phase in Phase)
    assert shop.processes.job(job.id, BOB).phase is Phase.DISMISSED


def test_an_input_that_was_withdrawn_meanwhile_fails_the_job(shop: Shop) -> None:
    job = shop.order("ndvi")
    shop.catalog.withdraw(shop.sources[0], OPERATOR, "test")
    found = shop.finished(job)
    assert (found.phase, found.error_class) == (Phase.FAILED, "input-unavailable")


def test_a_run_over_its_time_is_ended(shop: Shop) -> None:
    if shop.settings.processes.executor != "local":
        pytest.skip("Slurm ends it itself, after a minute at the least")
    job = shop.order("sleeper")
    supervisor = shop.supervisor()
    shop.until(job, lambda found: found.phase is Phase.RUNNING, supervisor=supervisor)
    launched = shop.processes.folder(job.id) / "1" / "local.json"
    launched.write_text(json.dumps({**json.loads(launched.read_text()), "until": 0}))
    found = shop.until(job, lambda one: one.phase.final, supervisor=supervisor)
    assert (found.phase, found.error_class) == (Phase.FAILED, "walltime")
    assert not _sleeping(job)


def test_a_run_that_needs_too_much_memory_says_so(shop: Shop) -> None:
    if shop.settings.processes.executor != "slurm":
        pytest.skip("nobody polices memory on this machine")
    found = shop.finished(shop.order("hungry"), 60)
    assert (found.phase, found.error_class, found.attempt) == (Phase.FAILED, "out-of-memory", 1)


def test_a_recycled_pid_is_nobody(tmp_path: Path) -> None:
    executor = LocalExecutor()
    other = subprocess.Popen(["sleep", "30"])
    try:
        assert executor.poll({f"{other.pid}:1.00": tmp_path})[f"{other.pid}:1.00"].state.name == "ENDED"
        assert executor.cancel(f"{other.pid}:1.00")
        assert other.poll() is None
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()


def test_a_supervisor_waits_for_a_store_that_is_away(shop: Shop) -> None:
    supervisor, stop = shop.supervisor(), threading.Event()
    real, failed = supervisor.step, []

    def step(*, rung: bool = False) -> bool:
        if len(failed) < 1:
            failed.append(1)
            raise Fault(Kind.UNAVAILABLE, "away")
        return real(rung=rung)

    supervisor.step = step
    worker = threading.Thread(target=supervisor.run, args=(stop,))
    worker.start()
    job = shop.order("ndvi")
    for _ in range(300):
        if shop.processes.job(job.id, BOB).phase.final:
            break
        time.sleep(0.1)
    stop.set()
    worker.join(10)
    assert shop.processes.job(job.id, BOB).phase is Phase.SUCCESSFUL


def test_an_extract_without_clouds_has_values_in_their_units(shop: Shop) -> None:
    order = {"products": shop.sources[1:2], "bands": ["B4"], "clear": True, "values": "physical"}
    job = shop.finished(shop.processes.execute("extract", order, BOB))
    assert job.phase is Phase.SUCCESSFUL, f"{job.error}\n{shop.processes.log(job.id, BOB)}"
    (made,) = shop.processes.outputs(job.id, BOB)
    source = shop.catalog.product(shop.sources[1], BOB, Deadline.after(10))
    rule = shop.catalog.registry.types["sentinel2-l2a"].cloudy
    assert rule
    red, mask = (
        read_band(shop.catalog.archive / source.asset_of(band).path, source.asset_of(band).bands[band])
        for band in ("B4", rule.band)
    )
    assert red.shape == mask.shape
    hit = np.isin(mask, rule.values) if rule.values else (mask & sum(1 << bit for bit in rule.bits)) != 0
    assert 0.01 < hit.mean() < 0.9
    values = read_band(made.file, 1)
    assert (np.isnan(values) == (hit | (red == -10_000))).all()
    good = ~np.isnan(values)
    assert values[good] == pytest.approx(red[good] * 0.0001, abs=1e-6)


@dataclass
class Heard:
    """A subscriber's server: what it was sent, and what it answers."""

    address: str
    bodies: list[tuple[str, dict[str, str], bytes]]
    answers: list[int]


@pytest.fixture
def subscriber() -> Iterator[Heard]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.bodies.append((self.path, dict(self.headers), body))
            self.send_response(heard.answers.pop(0) if heard.answers else 204)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        heard = Heard(f"http://127.0.0.1:{httpd.server_port}", [], [])
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield heard
        httpd.shutdown()
        thread.join()


def told(shop: Shop, **more: Any) -> Outbox[Callback]:
    """The sender, to whom loopback is allowed."""
    chosen = shop.settings.processes.model_copy(update={"callback_private": True, **more})
    settings = shop.settings.model_copy(update={"processes": chosen})
    return wire_callbacks(settings, shop.catalog, shop.processes).outbox()


def listening(shop: Shop, heard: Heard, process: str = "ndvi", host: str | None = None) -> Job:
    address = host or heard.address
    wanted = {
        Told.RUNNING: f"{address}/begins",
        Told.SUCCESSFUL: f"{address}/done",
        Told.FAILED: f"{address}/failed",
    }
    return shop.processes.execute(process, {"products": shop.sources[:1]}, BOB, Terms(subscriber=wanted))


def test_a_subscriber_hears_of_the_beginning_and_gets_the_results(shop: Shop, subscriber: Heard) -> None:
    job = shop.finished(listening(shop, subscriber))
    assert job.phase is Phase.SUCCESSFUL, job.error
    sender = told(shop, callback_secret=SecretStr("between us"))
    while sender.step():
        pass
    by_path = {path: (headers, body) for path, headers, body in subscriber.bodies}
    assert {"/done"} <= by_path.keys() <= {"/begins", "/done"}, (
        "a quick run may be over before anybody saw it run"
    )
    headers, body = by_path["/done"]
    assert headers["Content-Type"] == "application/json"
    (product,) = json.loads(body)["products"]
    assert product["id"] == shop.processes.results(job.id, BOB)[0].id
    at, _, signature = headers["Hysope-Signature"].removeprefix("t=").partition(",v1=")
    assert hmac.new(b"between us", f"{at}.".encode() + body, "sha256").hexdigest() == signature
    assert "told 127.0.0.1 that it is successful" in [
        event.message for event in shop.processes.events(job.id, BOB)
    ]
    assert not sender.step()
    assert len(subscriber.bodies) == len(by_path), "each is told once"


def test_a_subscriber_hears_of_a_failure_and_is_asked_again_until_it_answers(
    shop: Shop, subscriber: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processes.queue.CALLBACK_PAUSES", (0, 0, 0, 0))
    job = shop.finished(listening(shop, subscriber, "failing"))
    assert job.phase is Phase.FAILED
    sender, subscriber.answers[:] = told(shop), [500, 302, 500, 302]
    while sender.step():
        pass
    failures = [json.loads(body) for path, _, body in subscriber.bodies if path == "/failed"]
    assert failures
    assert all(one["status"] == "failed" and one["jobID"] == job.id for one in failures)
    assert "Hysope-Signature" not in subscriber.bodies[-1][1]
    messages = [event.message for event in shop.processes.events(job.id, BOB) if event.phase == "callback"]
    assert sum("could not tell 127.0.0.1" in one for one in messages) == 4
    assert "told 127.0.0.1 that it is failed" in messages
    assert len([one for one in subscriber.bodies if one[0] not in ("/begins", "/failed")]) == 0, (
        "a redirect is not followed"
    )


def test_a_subscriber_that_never_answers_is_given_up(
    shop: Shop, subscriber: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processes.queue.CALLBACK_PAUSES", (0, 0, 0, 0))
    job = listening(shop, subscriber)
    shop.processes.dismiss(job.id, BOB)
    sender, subscriber.answers[:] = told(shop), [503] * 100
    while sender.step():
        pass
    assert [path for path, *_ in subscriber.bodies] == ["/failed"] * 5
    assert json.loads(subscriber.bodies[0][2])["status"] == "dismissed"
    assert shop.processes.events(job.id, BOB)[-1].message.endswith("answered 503; given up")


def test_a_private_address_is_not_called_and_a_sender_that_dies_is_followed(
    shop: Shop, subscriber: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = shop.finished(
        listening(shop, subscriber, host=subscriber.address.replace("127.0.0.1", "localhost"))
    )
    guarded = told(shop, callback_private=False)
    while guarded.step():
        pass
    assert not subscriber.bodies
    assert (
        "is no public address (processes.callback_private allows it)"
        in shop.processes.events(job.id, BOB)[-1].message
    )
    other = shop.finished(listening(shop, subscriber))
    monkeypatch.setattr("processes.queue.CALLBACK_PAUSES", (0, 0, 0, 0))
    taken = shop.processes.queue.callbacks(20)
    assert {one.job.id for one in taken} == {other.id}, "those of the first wait"
    sender = told(shop)  # the one that took them is gone
    while sender.step():
        pass
    assert "/done" in [path for path, *_ in subscriber.bodies]
