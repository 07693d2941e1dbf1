# SPDX-License-Identifier: Apache-2.0
"""Processes and jobs for every door: rights are applied here. What one may not see does not exist; execution is closed to the anonymous."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.product import Product
from catalog.model.time import DAY_MICROS, Micros, now
from catalog.service import Catalog
from config.chains import Output, Process
from config.settings import Settings
from processes.bell import BELL, Bell
from processes.files import LOG, OUTPUTS, VALUES, read_json, tail
from processes.inputs import Ordered, read_order
from processes.model import Board, Event, Job, JobFilter, JobId, Order, Phase, Terms
from processes.queue import Done, Queue
from processes.references import resolved

_LOG_BYTES = 1 << 20
_USUAL = Terms()


def fingerprint(process: Process, values: Mapping[str, Any], products: Sequence[str]) -> str:
    """Alike for equal orders of a process that is the same to the letter; empty for one whose results are never alike."""
    if not process.cacheable:
        return ""
    whole = json.dumps(
        [process.model_dump(mode="json"), values, products], sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(whole.encode()).hexdigest()


def site(process: Process, settings: Settings) -> dict[str, str]:
    """Where the operator keeps what a process needs, as far as it is named."""
    found = {name: getattr(settings.processes, name) for name in process.needs}
    return {name: str(path.resolve()) for name, path in found.items() if path is not None}


@dataclass(frozen=True)
class Given:
    """An output of a job that is no product: a value, or a file."""

    name: str
    output: Output
    value: Any
    file: Path | None


class Processes:
    """Offers, orders and follows; safe to share between threads. It starts nothing: the supervisor does."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self.queue = Queue(catalog.database)
        self.bell = Bell(settings.jobs_folder / BELL)
        """Rung with each order and dismissal, so that the supervisor of this machine wakes up."""

    def offered(self) -> tuple[Process, ...]:
        """Every process that can run here, by its id."""
        known = self._catalog.registry.processes.values()
        return tuple(sorted(filter(self._can_run, known), key=lambda process: process.id))

    def _can_run(self, process: Process) -> bool:
        return len(site(process, self._settings)) == len(process.needs)

    def process(self, name: str) -> Process:
        """A process. Raises Fault UNKNOWN_PROCESS."""
        found = self._catalog.registry.processes.get(name)
        if found is None or not self._can_run(found):
            raise Fault(Kind.UNKNOWN_PROCESS, f"there is no process {name[:80]!r}", "processID")
        return found

    def execute(
        self,
        name: str,
        inputs: Mapping[str, Any],
        who: Principal,
        terms: Terms = _USUAL,
    ) -> Job:
        """Queues a job; one that is equal to an earlier one succeeds at once, unless it is to be made anew.

        Raises Fault UNKNOWN_PROCESS, NOBODY, INVALID, MISSING, UNKNOWN_PRODUCT, QUOTA.
        """
        process, order = self._ordered(name, inputs, who)
        products = [f"{product.id}@{product.version}" for product in order.products]
        request = {"inputs": inputs, "values": order.values, "products": products, "answer": terms.answer}
        entry = Order(
            JobId(str(uuid.uuid4())), process.id, process.version, who.name, who.groups, json.dumps(request, ensure_ascii=False),
            fingerprint(process, {**order.values, **site(process, self._settings)}, products), terms.idempotency, terms.subscriber, terms.campaign,
        )  # fmt: skip
        most, executor = self._settings.processes.jobs_of_user, self._settings.processes.executor
        job = self.queue.add(
            entry, executor, most, None if terms.anew else self._made_before(entry, process, who)
        )
        if job is None:
            raise Fault(
                Kind.QUOTA,
                f"you have {most} unfinished jobs: the limit is {most} (processes.jobs_of_user)",
                retry_after=60,
            )
        self.bell.ring()
        found = self.queue.job(job, self._deadline())
        assert found
        return found

    def _made_before(self, order: Order, process: Process, who: Principal) -> Done | None:
        """The results of an equal order: of one's own products (they are in one's space), or of anybody's values and files, linked for this job.

        Whoever may order has the right to read the products that it names, so the results tell nothing new.
        """
        if not order.fingerprint:
            return None
        earlier = self.queue.alike(order.fingerprint, who.name if process.result else None, self._deadline())
        if earlier is None:
            return None
        if process.result:
            products = self.queue.outputs(earlier.id, self._deadline())
            whole = len(self.results(earlier.id, who)) == len(products)
            return Done(products, None) if whole else None
        kept, own = self.folder(earlier.id) / OUTPUTS, self.folder(order.id) / OUTPUTS
        try:
            own.mkdir(parents=True, mode=0o700)
            for path in kept.iterdir():
                os.link(path, own / path.name)
        except OSError:  # they went meanwhile, or this file system has no links: it runs again
            shutil.rmtree(self.folder(order.id), ignore_errors=True)
            return None
        return Done((), self.expiry(process)) if (own / VALUES).is_file() else None

    def expiry(self, process: Process) -> Micros:
        """Until when outputs that are made now are kept."""
        days = process.keep_days or self._settings.processes.keep_days
        return Micros(now() + days * DAY_MICROS)

    def estimate(self, name: str, inputs: Mapping[str, Any], who: Principal) -> tuple[Process, int]:
        """Checks an order without queueing it: the process, and how many products it would work on. Raises as `execute`."""
        process, order = self._ordered(name, inputs, who)
        return process, len(order.products)

    def selected(self, name: str, inputs: Mapping[str, Any], who: Principal, most: int) -> tuple[str, ...]:
        """The ids of the products that an order would work on, up to another bound than its process has. Raises as `execute`."""
        process = self.process(name)
        selection = process.selection.model_copy(update={"most": most}) if process.selection else None
        _, order = self._checked(process.model_copy(update={"selection": selection}), inputs, who)
        return tuple(product.id for product in order.products)

    def again(self, job: str, who: Principal) -> Job:
        """Orders the same once more: the inputs as they were given, the products as they are found now. Raises Fault UNKNOWN_JOB, and as `execute`."""
        found = self.job(job, who)
        return self.execute(found.process, json.loads(found.request)["inputs"], who, Terms(anew=True))

    def _ordered(self, name: str, inputs: Mapping[str, Any], who: Principal) -> tuple[Process, Ordered]:
        return self._checked(self.process(name), inputs, who)

    def _checked(
        self, process: Process, inputs: Mapping[str, Any], who: Principal
    ) -> tuple[Process, Ordered]:
        if who.role is Role.PUBLIC:
            raise Fault(Kind.NOBODY, "to order something, say who you are (an API key or a token)")
        found = resolved(inputs, self._settings)
        return process, read_order(process, found, self._catalog, who, self._deadline())

    def job(self, job: str, who: Principal) -> Job:
        """A job of one's own; operators see all. Raises Fault UNKNOWN_JOB."""
        found = (
            self.queue.job(job, self._deadline()) if len(job) <= 64 and who.role is not Role.PUBLIC else None
        )
        if found is None or not (who.operator or found.owner == who.name):
            raise Fault(Kind.UNKNOWN_JOB, f"there is no job {job[:64]!r}", "jobID")
        return found

    def jobs(self, who: Principal, wanted: JobFilter, limit: int, offset: int) -> tuple[Job, ...]:
        """One's own jobs, the newest first; an operator's list has everybody's. Raises Fault NOBODY."""
        if who.role is Role.PUBLIC:
            raise Fault(Kind.NOBODY, "to see jobs, say who you are (an API key or a token)")
        return self.queue.jobs(None if who.operator else who.name, wanted, limit, offset, self._deadline())

    def board(self) -> Board:
        """How production stands."""
        return self.queue.board(self._deadline())

    def dismiss(self, job: str, who: Principal) -> Job:
        """Ends an unfinished job, or removes a finished one; returns it as it is then (18-062r2, clause 12). Raises Fault UNKNOWN_JOB."""
        found = self.job(job, who)
        if self.queue.move(found.id, Phase.DISMISSED, f"dismissed by {who.name}", ending=1):
            self.bell.ring()
            return self.job(job, who)
        found = self.job(job, who)
        if not found.ending and self.queue.remove(found.id):
            shutil.rmtree(self.folder(found.id), ignore_errors=True)
        return found

    def outputs(self, job: str, who: Principal) -> tuple[Given, ...]:
        """The outputs of a job that are no products. Raises Fault UNKNOWN_JOB, NOT_READY, FAILED or GONE."""
        found = self._succeeded(job, who)
        process = self._catalog.registry.processes.get(found.process)
        folder = self.folder(found.id) / OUTPUTS
        values = read_json(folder / VALUES)
        if process is None or values is None:
            raise Fault(Kind.GONE, "the outputs are not kept any more")
        return tuple(
            Given(name, output, values.get(name), folder / output.file if output.file else None)
            for name, output in process.outputs.items()
        )

    def results(self, job: str, who: Principal) -> tuple[Product, ...]:
        """The products that a job made and that are still there. Raises Fault UNKNOWN_JOB, NOT_READY, FAILED or GONE."""
        found = self._succeeded(job, who)
        deadline, out = self._deadline(), []
        for product_id in self.queue.outputs(found.id, deadline):
            try:
                out.append(self._catalog.product(product_id, who, deadline))
            except Fault as fault:
                if fault.kind is not Kind.UNKNOWN_PRODUCT:
                    raise
        return tuple(out)

    def _succeeded(self, job: str, who: Principal) -> Job:
        found = self.job(job, who)
        if found.phase is Phase.FAILED:
            raise Fault(Kind.FAILED, f"{found.error_class}: {found.error}")
        if found.phase is Phase.DISMISSED:
            raise Fault(Kind.GONE, "the job was dismissed")
        if found.phase is not Phase.SUCCESSFUL:
            raise Fault(Kind.NOT_READY, f"the job is {found.phase.status}: {found.message}")
        return found

    def events(self, job: str, who: Principal) -> tuple[Event, ...]:
        """What happened to a job. Raises Fault UNKNOWN_JOB."""
        return self.queue.events(self.job(job, who).id, self._deadline())

    def log(self, job: str, who: Principal) -> str:
        """The last megabyte of what each attempt printed. Raises Fault UNKNOWN_JOB."""
        found = self.job(job, who)
        parts = []
        for attempt in range(1, found.attempt + 1):
            text = tail(self.folder(found.id) / str(attempt) / LOG, _LOG_BYTES)
            parts.append(f"=== attempt {attempt} ===\n{text}" if found.attempt > 1 else text)
        return "".join(parts)[-_LOG_BYTES:]

    def folder(self, job: JobId) -> Path:
        """The working folder of a job, two levels of hex deep; one folder an attempt in it."""
        return self._settings.jobs_folder / job[:2] / job

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)
