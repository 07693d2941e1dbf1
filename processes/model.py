# SPDX-License-Identifier: Apache-2.0
"""Jobs: their phases and what may follow what, what a run is given, and why one fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NewType, Protocol

from catalog.model.time import Micros, Period

JobId = NewType("JobId", str)


class Phase(Enum):
    """Where a job stands; finer than the status of OGC API Processes."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    """Handed to the executor; whether it arrived is not yet known."""
    PENDING = "pending"
    RUNNING = "running"
    STORING = "storing"
    RETRY_WAIT = "retry_wait"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"

    @property
    def status(self) -> str:
        """StatusCode of OGC API Processes Part 1 (18-062r2, clause 7.12)."""
        return _STATUS[self]

    @property
    def final(self) -> bool:
        """Whether nothing follows: a final phase never changes."""
        return self in FINAL


FINAL = frozenset({Phase.SUCCESSFUL, Phase.FAILED, Phase.DISMISSED})
_STATUS = {
    Phase.QUEUED: "accepted", Phase.SUBMITTING: "accepted", Phase.PENDING: "accepted", Phase.RETRY_WAIT: "accepted",
    Phase.RUNNING: "running", Phase.STORING: "running", Phase.SUCCESSFUL: "successful", Phase.FAILED: "failed", Phase.DISMISSED: "dismissed",
}  # fmt: skip
BEFORE: Mapping[Phase, tuple[Phase, ...]] = {
    Phase.QUEUED: (Phase.SUBMITTING, Phase.RETRY_WAIT),
    Phase.SUBMITTING: (Phase.QUEUED,),
    Phase.PENDING: (Phase.SUBMITTING, Phase.RUNNING),
    Phase.RUNNING: (Phase.PENDING, Phase.RUNNING),
    Phase.STORING: (Phase.PENDING, Phase.RUNNING),
    Phase.SUCCESSFUL: (Phase.STORING,),
    Phase.RETRY_WAIT: (Phase.SUBMITTING, Phase.PENDING, Phase.RUNNING, Phase.STORING),
    Phase.FAILED: (
        Phase.QUEUED,
        Phase.SUBMITTING,
        Phase.PENDING,
        Phase.RUNNING,
        Phase.STORING,
        Phase.RETRY_WAIT,
    ),
    Phase.DISMISSED: (
        Phase.QUEUED,
        Phase.SUBMITTING,
        Phase.PENDING,
        Phase.RUNNING,
        Phase.STORING,
        Phase.RETRY_WAIT,
    ),
}
"""What may come before a phase. A cluster that loses a node puts a running job back to pending."""


class ErrorClass(Enum):
    """Why a run failed, and whether another one may help."""

    ALGORITHM_FAILED = "algorithm-failed"
    OUT_OF_MEMORY = "out-of-memory"
    WALLTIME = "walltime"
    WORKER_KILLED = "worker-killed"
    SUBMIT_REJECTED = "submit-rejected"
    OUTPUT_MISSING = "output-missing"
    INPUT_UNAVAILABLE = "input-unavailable"
    STORAGE = "storage"

    @property
    def transient(self) -> bool:
        """Whether the same run may succeed another time."""
        return self in (ErrorClass.WORKER_KILLED, ErrorClass.STORAGE)


@dataclass(frozen=True)
class Job:
    """A job as it is stored."""

    id: JobId
    process: str
    version: str
    owner: str
    groups: tuple[str, ...]
    phase: Phase
    message: str
    progress: int
    """Percent."""
    request: str
    """What was ordered, as JSON: inputs as given, and the products that they named then."""
    executor: str
    backend_ref: str
    attempt: int
    not_before: Micros
    created: Micros
    started: Micros | None
    finished: Micros | None
    updated: Micros
    missing: Micros | None
    """Since when the executor does not know it."""
    ending: bool
    """Dismissed, but perhaps not yet gone from the executor."""
    error_class: str
    error: str
    node: str
    expires: Micros | None = None
    """Until when its outputs are kept."""
    campaign: str = ""


class Told(Enum):
    """Of what a subscriber hears (18-062r2, clause 7.11.5)."""

    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    """Or dismissed."""


Subscriber = Mapping[Told, str]
"""The address for each event that somebody wants to hear of."""


@dataclass(frozen=True)
class Terms:
    """How an order is to be taken, besides its inputs."""

    idempotency: str = ""
    subscriber: Subscriber = field(default_factory=dict)
    anew: bool = False
    """It runs although an equal one was made before."""
    campaign: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    """How its results are to be told, as the door that took it writes it."""


@dataclass(frozen=True)
class Order:
    """A job as it is queued."""

    id: JobId
    process: str
    version: str
    owner: str
    groups: frozenset[str]
    request: str
    """JSON: inputs as given, the value of each, and the products that they named."""
    fingerprint: str = ""
    """Alike for orders that have the same results; empty where none is like another."""
    idempotency: str = ""
    subscriber: Subscriber = field(default_factory=dict)
    campaign: str = ""


@dataclass(frozen=True)
class Callback:
    """An event of a job that is to be told."""

    job: Job
    event: Told
    url: str
    attempt: int


@dataclass(frozen=True)
class JobFilter:
    """Which jobs of a list; everything without a word of it."""

    phases: tuple[Phase, ...] = ()
    processes: tuple[str, ...] = ()
    created: Period | None = None
    least_seconds: int | None = None
    """How long it has been running, or ran."""
    most_seconds: int | None = None
    behind: tuple[Micros, str] | None = None
    """Created and id of a job: those that come after it in the list."""


@dataclass(frozen=True)
class Board:
    """How production stands: for operators."""

    unfinished: Mapping[Phase, int]
    oldest_waiting: Micros | None
    """Since when the oldest of those waits that no run has begun of."""
    finished: Mapping[Phase, int]
    """In the last day."""
    failures: Mapping[str, int]
    """In the last day, by class."""
    minutes: float
    """From order to end, in the last day: the mean."""
    hours: tuple[int, ...] = ()
    """Jobs that ended in each of the last 24 hours, the oldest first."""
    owners: Mapping[str, int] = field(default_factory=dict)
    """Unfinished jobs, of those who have the most."""
    supervised: bool = True
    """Whether a supervisor works."""


@dataclass(frozen=True)
class Event:
    """What happened to a job."""

    at: Micros
    phase: str
    message: str


@dataclass(frozen=True)
class RunSpec:
    """One attempt, as an executor gets it."""

    job: JobId
    attempt: int
    folder: Path
    """The attempt's own working folder; the runner finds `job.json` in it."""
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cpus: int
    memory_mb: int
    minutes: int

    @property
    def name(self) -> str:
        """Of the cluster's job: finds it again after a crash, and holds nothing of a person (everybody sees it)."""
        return run_name(self.job, self.attempt)


def run_name(job: JobId, attempt: int) -> str:
    """The name of an attempt."""
    return f"hysope-{job}-{attempt}"


class Backend(Enum):
    """What an executor says of a run."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    """However it ended: the run's own files say it better."""
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class BackendStatus:
    """The state of a run, the executor's reason, and where it runs."""

    state: Backend
    reason: str = ""
    node: str = ""


class BackendUnreachable(Exception):
    """The executor did not answer: nothing is known, so nothing changes."""


class SubmitRejected(Exception):
    """The executor will never take this run."""


class Executor(Protocol):
    """Runs runs. Every method may block and is called with a timeout of its own inside."""

    name: str

    def submit(self, spec: RunSpec) -> str:
        """Starts a run and returns the executor's reference. Raises SubmitRejected or BackendUnreachable."""

    def find(self, job: JobId, attempt: int, folder: Path) -> str | None:
        """The reference of a run that was perhaps submitted. Raises BackendUnreachable."""

    def poll(self, refs: Mapping[str, Path]) -> Mapping[str, BackendStatus]:
        """The state of each run that is still known, by reference (the folder is its attempt's). Raises BackendUnreachable."""

    def cancel(self, ref: str) -> bool:
        """Ends a run; true when it is gone. Raises BackendUnreachable."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended, by its own account."""

    ok: bool
    error_class: ErrorClass | None = None
    message: str = ""
    results: tuple[str, ...] = field(default_factory=tuple)
    """Folders of the results, relative to the attempt's."""
