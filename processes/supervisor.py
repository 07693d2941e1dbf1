# SPDX-License-Identifier: Apache-2.0
"""The one loop that moves jobs: claims, submits, polls, publishes, retries, ends. It keeps nothing in memory that the database or a file does not have,

so it may be killed at any line: the next one goes on. A lease in the database says which of several supervisors works.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from catalog.durable import settle, sync
from catalog.ingest.publish import Publisher
from catalog.model.faults import Fault, Kind
from catalog.model.objects import ObjectError
from catalog.model.principal import OPERATOR, Deadline, Principal, Role
from catalog.model.product import Product
from catalog.model.time import DAY_MICROS, Micros, now
from catalog.service import Catalog, StoreDown
from config.chains import Process
from config.settings import Settings
from processes import queue as jobs
from processes.campaigns import Campaigns
from processes.files import (
    EXIT,
    LOG,
    OUTPUTS,
    RESULTS,
    STATUS,
    TASK,
    VALUES,
    read_json,
    tail,
    write_json,
)
from processes.model import (
    Backend,
    BackendStatus,
    BackendUnreachable,
    ErrorClass,
    Executor,
    Job,
    Phase,
    SubmitRejected,
)
from processes.prepare import Unfit
from processes.results import Made, Overtaken, publish
from processes.service import Processes
from processes.tasks import Tasks

Poll = Callable[[Mapping[str, Path]], Mapping[str, BackendStatus]]
log = logging.getLogger("hysope.supervisor")
_AWAY = (Kind.UNAVAILABLE, Kind.BUSY)
"""Faults of the store, not of a job: the job stays where it is."""
_IDLE_SECONDS = 0.15
_RUNG_SECONDS, _RUNG_SHARE = 0.005, 3
"""How long after a ring the next turn comes, at least, and how many times as long as the last one took, but no later than without a ring:
a thousand orders at once are not a thousand turns.
"""
_PAUSE_SECONDS = 2.0
_POLL_SECONDS = {"local": 0.2, "slurm": 0.7, "pbs": 2.0}
_LOST_MICROS = 30_000_000
"""How long a run may be unknown to its executor, or ended without an account: shared file systems lag."""
_ENDED_MICROS = 4_000_000
_TOLD_BYTES = 3_000
_FEED_SECONDS = 1.0
_TIDY_SECONDS, _TIDY_AT_ONCE = 600.0, 500
_WAITS = "waits for"
_TAPE_MICROS = 2_000_000
"""How often a job looks whether its files came from tape."""


class Supervisor:
    """Works while it has the lease."""

    def __init__(
        self, catalog: Catalog, processes: Processes, executor: Executor, settings: Settings
    ) -> None:
        self._catalog, self._processes, self._executor, self._settings = (
            catalog,
            processes,
            executor,
            settings,
        )
        self._queue = processes.queue
        self._publisher = Publisher(catalog, OPERATOR)
        self._holder = f"{platform.node()}:{os.getpid()}:{threading.get_ident()}"
        self._polled = 0.0
        self._leased = 0.0
        self._tidied = self._fed = float("-inf")
        self._campaigns = Campaigns(processes, settings)
        self._working = False
        self._tasks = Tasks(catalog, settings)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. A database that is away is waited for."""
        bell = self._processes.bell
        try:
            bell.listen()
        except OSError as error:
            log.warning("orders are looked for, not heard: %s", error)
        rung = False
        while not stop.is_set():
            begun = time.monotonic()
            try:
                active = self.step(rung=rung)
            except (StoreDown, Fault) as error:
                log.warning("the store does not answer: %s", error)
                active = False
                stop.wait(_PAUSE_SECONDS)
            rung = False
            if active:
                continue
            took = time.monotonic() - begun
            if not self._working:
                stop.wait(_IDLE_SECONDS)
            rung = self._working and bell.wait(_IDLE_SECONDS)
            if rung:
                stop.wait(min(max(_RUNG_SECONDS, _RUNG_SHARE * took), _IDLE_SECONDS))
        bell.close()
        try:
            self._queue.release(self._holder)
        except (StoreDown, Fault):
            log.warning("the lease could not be given back; it ends by itself")

    def step(self, *, rung: bool = False) -> bool:
        """One turn, with a look at the files of runs where the bell rang; false when there was nothing to do, or the lease is somebody else's."""
        if time.monotonic() - self._leased > 3.0:
            had = self._working
            self._working, self._leased = self._queue.lease(self._holder), time.monotonic()
            if self._working and not had:
                self._take_over()
        if not self._working:
            return False
        most = (
            self._settings.processes.slots
            if self._executor.name == "local"
            else self._settings.processes.most_running
        )
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._tidy()
        if time.monotonic() - self._fed > _FEED_SECONDS:
            self._fed = time.monotonic()
            self._campaigns.feed()
        if time.monotonic() - self._polled > _POLL_SECONDS.get(self._executor.name, 1.0):
            self._polled = time.monotonic()
            self._follow(self._executor.poll)
        elif rung:
            self._follow(None)
        claimed = self._queue.claim(most)
        for job in claimed:
            self._safely(self._submit, job)
        return bool(claimed)

    def _tidy(self) -> None:
        """Removes outputs whose time is over, and jobs that are long past, with their folders."""
        for job in self._queue.expired(_TIDY_AT_ONCE):
            shutil.rmtree(self._processes.folder(job.id) / OUTPUTS, ignore_errors=True)
            self._queue.note(job.id, expires_us=None)
        before = Micros(now() - self._settings.processes.history_days * DAY_MICROS)
        for job in self._queue.old(before, _TIDY_AT_ONCE):
            shutil.rmtree(self._processes.folder(job.id), ignore_errors=True)
            self._queue.remove(job.id)

    def _take_over(self) -> None:
        """After a start: what a killed supervisor was submitting is looked up, so that no run is started twice."""
        for line in self._publisher.repair():
            log.info("repaired: %s", line)
        for job in self._queue.with_backend():
            if job.phase is not Phase.SUBMITTING:
                continue
            try:
                ref = self._executor.find(job.id, job.attempt, self._folder(job))
            except BackendUnreachable as error:
                log.warning("%s: %s", job.id, error)
                self._leased = 0.0
                self._working = False
                return
            if ref:
                self._queue.move(job.id, Phase.PENDING, "found again after a restart", backend_ref=ref)
            else:
                self._queue.move(job.id, Phase.QUEUED, "was not submitted yet")

    def _submit(self, job: Job) -> None:
        process = self._catalog.registry.processes.get(job.process)
        try:
            if process is None:
                raise SubmitRejected(f"the process {job.process} is not offered any more")
            folder = self._folder(job)
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            task, sources = self._tasks.task(job, process, folder)
            if self._waits_for_tape(job, process, sources):
                return
            write_json(folder / TASK, task)
            ref = self._executor.submit(self._tasks.spec(job, process, folder, len(sources)))
        except SubmitRejected as rejected:
            self._fail(job, ErrorClass.SUBMIT_REJECTED, str(rejected))
        except BackendUnreachable as error:
            log.warning("%s: the executor does not answer: %s", job.id, error)
            self._queue.move(
                job.id, Phase.QUEUED, "the executor does not answer", not_before_us=now() + 5_000_000
            )
        except Fault as fault:
            if fault.kind in _AWAY:
                raise
            self._fail(job, ErrorClass.INPUT_UNAVAILABLE, fault.text)
        except (ObjectError, OSError) as error:
            self._fail(job, ErrorClass.STORAGE, _said(error))
        else:
            if not self._queue.move(
                job.id, Phase.PENDING, f"with {self._executor.name} as {ref}", backend_ref=ref
            ):
                self._queue.note(job.id, backend_ref=ref)  # dismissed meanwhile: now it can be ended

    def _waits_for_tape(self, job: Job, process: Process, sources: Sequence[Product]) -> bool:
        """Asks for what lies on tape; the job goes back to the queue until everything is here. Raises SubmitRejected when a file cannot be read."""
        selection = process.selection
        names = {*selection.bands, *selection.optional_bands} if selection else set()
        assets = [
            asset
            for source in sources
            for asset in source.assets
            if asset.grid and (not names or names & asset.bands.keys())
        ]
        owner = Principal(job.owner, Role.USER, frozenset(job.groups))
        before = [one for one in self._catalog.tape.failed(assets) if job.message.startswith(_WAITS)]
        if before:
            raise SubmitRejected(f"a file cannot be read from tape: {before[0].message}")
        missing = self._catalog.tape.ask(assets, owner)
        if missing:
            message = f"{_WAITS} {len(missing)} files from tape"
            self._queue.move(job.id, Phase.QUEUED, message, not_before_us=now() + _TAPE_MICROS)
        return bool(missing)

    def _follow(self, poll: Poll | None) -> None:
        """Looks at every run once: the executor's word for all of them, if it is to be asked, and each one's own files."""
        mine = [job for job in self._queue.with_backend() if job.phase is not Phase.SUBMITTING]
        if not mine:
            return
        for job in mine:
            if job.ending:
                self._safely(self._end, job)
        running = [job for job in mine if job.phase in (Phase.PENDING, Phase.RUNNING)]
        try:
            states = poll({job.backend_ref: self._folder(job) for job in running}) if poll else None
        except BackendUnreachable as error:
            log.warning("the executor does not answer: %s", error)
            states = None
        for job in running:
            self._safely(partial(self._look, states=states), job)
        for job in mine:
            if job.phase is Phase.STORING:
                self._safely(self._store, job)

    @staticmethod
    def _safely(work: Callable[[Job], None], job: Job) -> None:
        """Does something for one job; what nobody foresaw is logged and must not stop the other jobs."""
        try:
            work(job)
        except (StoreDown, Fault):
            raise
        except Exception:
            log.exception("%s could not be moved", job.id)

    def _look(self, job: Job, states: Mapping[str, BackendStatus] | None) -> None:
        """One run: its exit file is the proof; without it the executor's word, and in doubt patience."""
        folder = self._folder(job)
        account = read_json(folder / EXIT)
        if account is not None:
            self._ended(job, account)
            return
        if states is None:
            return
        state = states.get(job.backend_ref)
        if state is not None and state.state is Backend.RUNNING:
            self._progress(job, state, read_json(folder / STATUS))
        elif state is not None and state.state is Backend.PENDING:
            if job.phase is Phase.RUNNING:
                self._queue.move(job.id, Phase.PENDING, f"back in the queue: {state.reason}", progress=0)
        elif state is not None and state.state is Backend.TIMEOUT:
            self._fail(
                job, ErrorClass.WALLTIME, "the run was ended because it took longer than its process allows"
            )
        elif state is not None and state.state is Backend.OUT_OF_MEMORY:
            self._fail(job, ErrorClass.OUT_OF_MEMORY, "the run needed more memory than its process allows")
        else:
            self._missed(job, state, folder)

    def _progress(self, job: Job, state: BackendStatus, status: dict[str, Any] | None) -> None:
        if status is None:
            return
        percent, message, node = (
            int(status["progress"]),
            str(status["message"])[:500],
            str(status.get("node", state.node)),
        )
        if job.phase is Phase.PENDING:
            self._queue.move(job.id, Phase.RUNNING, message, progress=percent, node=node, missing_us=None)
        elif (percent, message) != (job.progress, job.message):
            self._queue.progress(job.id, percent, message, node)

    def _missed(self, job: Job, state: BackendStatus | None, folder: Path) -> None:
        """Ended, or unknown, and no account of it: after a grace it was killed."""
        if job.missing is None:
            self._queue.note(job.id, missing_us=now())
            return
        grace = _LOST_MICROS if state is None else _ENDED_MICROS
        if now() - job.missing < grace:
            return
        last = tail(folder / LOG, _TOLD_BYTES)
        if "exceeded" in last.lower() and "memory limit" in last.lower():
            self._fail(job, ErrorClass.OUT_OF_MEMORY, "the run needed more memory than its process allows")
        elif (folder / EXIT).exists():
            return
        else:
            reason = state.reason if state and state.reason not in ("", "None") else "no account of its end"
            self._fail(job, ErrorClass.WORKER_KILLED, f"the run was killed ({reason})")

    def _ended(self, job: Job, account: dict[str, Any]) -> None:
        if job.phase is Phase.PENDING and not account.get("ok"):
            self._queue.move(job.id, Phase.RUNNING, "started")
        if account.get("ok"):
            status = read_json(self._folder(job) / STATUS) or {}
            started = {} if job.started else {"started_us": now()}
            if self._queue.move(
                job.id,
                Phase.STORING,
                "publishing",
                progress=99,
                node=str(status.get("node", job.node)),
                **started,
            ):
                found = self._queue.job(job.id, Deadline.after(10))
                if found:
                    self._store(found)
            return
        try:
            error_class = ErrorClass(str(account.get("class")))
        except ValueError:
            error_class = ErrorClass.ALGORITHM_FAILED
        self._fail(job, error_class, str(account.get("message", ""))[:2_000])

    def _store(self, job: Job) -> None:
        process = self._catalog.registry.processes.get(job.process)
        try:
            if process is None:
                raise Unfit(f"the process {job.process} is not offered any more")
            if process.result is None:
                self._keep(job, process)
                return
            order = json.loads(job.request)
            deadline = Deadline.after(self._settings.limits.search_seconds)
            sources = [self._catalog.product(name, OPERATOR, deadline) for name in order["products"]]
            made = Made(job, process, process.result, order["values"], sources, self._folder(job))
            ids = publish(made, self._publisher, lambda unit, products: jobs.succeed(unit, job.id, products))
        except Unfit as unfit:
            self._fail(job, ErrorClass.OUTPUT_MISSING, str(unfit))
        except Overtaken:
            log.info("%s was dismissed while it was published", job.id)
        except Fault as fault:
            if fault.kind in _AWAY:
                raise
            self._fail(job, ErrorClass.INPUT_UNAVAILABLE, fault.text)
        except OSError as error:
            self._fail(job, ErrorClass.STORAGE, _said(error))
        else:
            log.info("%s made %s", job.id, ", ".join(ids))
            self._clean(job)

    def _keep(self, job: Job, process: Process) -> None:
        """Outputs that are no products: looked at, moved to the job, then it has succeeded. Again after a crash it finds them moved. Raises Unfit."""
        made, kept = self._folder(job) / OUTPUTS, self._processes.folder(job.id) / OUTPUTS
        if made.is_dir() and not kept.exists():
            for name, output in process.outputs.items():
                path = made / output.file
                if output.file and (not path.is_file() or path.is_symlink()):
                    raise Unfit(f"the output {name} is absent")
            for path in made.iterdir():
                sync(path)
            settle(made, kept)
        if read_json(kept / VALUES) is None:
            raise Unfit("the account of the outputs is absent")
        self._queue.move(
            job.id, Phase.SUCCESSFUL, f"{len(process.outputs)} outputs", progress=100, expires_us=self._processes.expiry(process)
        )  # fmt: skip
        self._clean(job)

    def _fail(self, job: Job, error_class: ErrorClass, message: str) -> None:
        """Failed, or to be tried again where that may help."""
        log.info("%s attempt %d: %s: %s", job.id, job.attempt, error_class.value, message)
        if error_class.transient and job.attempt < self._settings.processes.attempts:
            self._forsake(job)
            waits = self._settings.processes.retry_seconds
            wait = waits[min(job.attempt, len(waits)) - 1]
            values = {
                "attempt": job.attempt + 1,
                "not_before_us": now() + Micros(wait * 1_000_000),
                "backend_ref": "",
                "progress": 0,
                "missing_us": None,
            }
            self._queue.move(
                job.id, Phase.RETRY_WAIT, f"{message}; attempt {job.attempt + 1} follows", **values
            )
        else:
            self._queue.move(
                job.id,
                Phase.FAILED,
                message[:500] or error_class.value,
                error_class=error_class.value,
                error=message,
            )
            self._clean(job)

    def _end(self, job: Job) -> None:
        """A dismissed job's run, until it is gone."""
        try:
            ref = job.backend_ref or self._executor.find(job.id, job.attempt, self._folder(job))
            gone = not ref or self._executor.cancel(ref)
        except BackendUnreachable as error:
            log.warning("%s: %s", job.id, error)
            return
        if gone:
            self._queue.note(job.id, ending=0)
            self._clean(job)

    def _forsake(self, job: Job) -> None:
        """Ends what may be left of an attempt before another one follows; if it goes on all the same, it publishes nothing."""
        try:
            if job.backend_ref:
                self._executor.cancel(job.backend_ref)
        except BackendUnreachable as error:
            log.warning("%s: %s", job.id, error)

    def _clean(self, job: Job) -> None:
        """Removes what a finished job needs no more; its logs and accounts stay."""
        for attempt in range(1, job.attempt + 1):
            for name in ("out", RESULTS, OUTPUTS):
                shutil.rmtree(self._processes.folder(job.id) / str(attempt) / name, ignore_errors=True)

    def _folder(self, job: Job) -> Path:
        return self._processes.folder(job.id) / str(job.attempt)


def _said(error: ObjectError | OSError) -> str:
    return f"{error.strerror or error}: {error.filename or ''}" if isinstance(error, OSError) else str(error)
