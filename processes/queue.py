# SPDX-License-Identifier: Apache-2.0
"""Jobs in the database. Every change of phase is one UPDATE that names what it may follow: who comes second changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from catalog.model.principal import Deadline
from catalog.model.time import DAY_MICROS, Micros, now
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.unit import Unit
from processes.model import (
    BEFORE,
    FINAL,
    Board,
    Callback,
    Event,
    Job,
    JobFilter,
    JobId,
    Order,
    Phase,
    Told,
)

_J, _E, _O, _L = tables.job.c, tables.job_event.c, tables.job_output.c, tables.lease.c
_C = tables.job_callback.c
_TOLD = {
    Phase.RUNNING: Told.RUNNING, Phase.SUCCESSFUL: Told.SUCCESSFUL, Phase.FAILED: Told.FAILED, Phase.DISMISSED: Told.FAILED,
}  # fmt: skip
CALLBACK_PAUSES = (10, 60, 600, 3_600)
"""Seconds after each attempt; there is one attempt more than pauses."""
_LEASE_MICROS = 10_000_000
_HOUR_MICROS = 3_600_000_000
_SOON_MICROS = 3_600_000_000
_FINAL = [phase.value for phase in FINAL]
_WITH_BACKEND = [Phase.SUBMITTING.value, Phase.PENDING.value, Phase.RUNNING.value, Phase.STORING.value]


def _ready(at: Micros) -> ColumnElement[bool]:
    return and_(_J.phase.in_([Phase.QUEUED.value, Phase.RETRY_WAIT.value]), _J.not_before_us <= at)


@dataclass(frozen=True)
class Done:
    """What a job that never ran has: the products of an equal one, or its outputs, which were linked for it."""

    products: tuple[str, ...]
    expires: Micros | None


class Queue:
    """The tables of jobs; the catalogue's database, so that success and publication are one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = self._database = database

    def add(self, order: Order, executor: str, most: int, done: Done | None = None) -> JobId | None:
        """Queues a job and returns its id; that of an earlier one with the same key; None when its owner has too many unfinished ones.

        With `done` it has succeeded at once.
        """
        at = now()
        values = {
            "id": order.id, "process": order.process, "version": order.version, "owner": order.owner, "member_of": " ".join(sorted(order.groups)),
            "phase": Phase.QUEUED.value, "message": "queued", "progress": 0, "request": order.request, "executor": executor, "backend_ref": "",
            "attempt": 1, "not_before_us": at, "created_us": at, "updated_us": at, "ending": 0, "error_class": "", "error": "", "node": "",
            "idempotency": order.idempotency, "fingerprint": order.fingerprint, "campaign": order.campaign,
        }  # fmt: skip
        unfinished = and_(_J.owner == order.owner, _J.phase.not_in(_FINAL))
        same = and_(_J.owner == order.owner, _J.idempotency == order.idempotency)
        with self._writing() as connection:
            if (
                self._database.dialect == "postgresql"
            ):  # one owner's orders come one after the other, so that the bound holds
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(4713, hashtext(:owner))"), {"owner": order.owner}
                )
            if order.idempotency:
                earlier = connection.execute(select(_J.id).where(same)).scalar()
                if earlier is not None:
                    return JobId(earlier)
            count = select(func.count()).select_from(tables.job).where(unfinished)
            if done is None and connection.execute(count).scalar_one() >= most:
                return None
            connection.execute(insert(tables.job).values(values))
            _note(connection, order.id, at, Phase.QUEUED.value, "queued")
            if order.subscriber:
                rows = [
                    {"job": order.id, "event": event.value, "url": url, "attempts": 0}
                    for event, url in order.subscriber.items()
                ]
                connection.execute(insert(tables.job_callback), rows)
            if done is not None:
                _finish(connection, order.id, done)
        return order.id

    def alike(self, fingerprint: str, owner: str | None, deadline: Deadline) -> Job | None:
        """The newest job that succeeded with an equal order: of an owner, or of anybody; None where there is none or its outputs go soon."""
        query = select(tables.job).where(
            _J.fingerprint == fingerprint,
            _J.phase == Phase.SUCCESSFUL.value,
            or_(_J.expires_us.is_(None), _J.expires_us > now() + _SOON_MICROS),
        )
        if owner is not None:
            query = query.where(_J.owner == owner)
        with self._database.reading(deadline) as connection:
            row = connection.execute(query.order_by(_J.finished_us.desc()).limit(1)).one_or_none()
        return _job(row) if row else None

    def expired(self, most: int) -> tuple[Job, ...]:
        """Jobs whose outputs need not be kept any more."""
        return self._past(_J.expires_us <= now(), most)

    def old(self, before: Micros, most: int) -> tuple[Job, ...]:
        """Jobs that ended before a time."""
        return self._past(and_(_J.finished_us < before, _J.phase.in_(_FINAL), _J.ending == 0), most)

    def _past(self, which: ColumnElement[bool], most: int) -> tuple[Job, ...]:
        with self._database.answering() as connection:
            return tuple(_job(row) for row in connection.execute(select(tables.job).where(which).limit(most)))

    def job(self, job: str, deadline: Deadline) -> Job | None:
        """A job by its id."""
        with self._database.reading(deadline) as connection:
            row = connection.execute(select(tables.job).where(_J.id == job)).one_or_none()
        return _job(row) if row else None

    def jobs(
        self, owner: str | None, wanted: JobFilter, limit: int, offset: int, deadline: Deadline
    ) -> tuple[Job, ...]:
        """The newest jobs of an owner, or of everybody."""
        query = select(tables.job).order_by(_J.created_us.desc(), _J.id).limit(limit).offset(offset)
        if owner is not None:
            query = query.where(_J.owner == owner)
        if wanted.phases:
            query = query.where(_J.phase.in_([phase.value for phase in wanted.phases]))
        if wanted.processes:
            query = query.where(_J.process.in_(wanted.processes))
        if wanted.created is not None:
            query = query.where(_J.created_us >= wanted.created.start, _J.created_us < wanted.created.end)
        if wanted.behind is not None:
            created, name = wanted.behind
            later = and_(_J.created_us == created, _J.id > name)
            query = query.where(or_(_J.created_us < created, later))
        took = func.coalesce(_J.finished_us, now()) - _J.started_us
        if wanted.least_seconds is not None:
            query = query.where(took >= wanted.least_seconds * 1_000_000)
        if wanted.most_seconds is not None:
            query = query.where(took <= wanted.most_seconds * 1_000_000)
        with self._database.reading(deadline) as connection:
            return tuple(_job(row) for row in connection.execute(query))

    def board(self, deadline: Deadline) -> Board:
        """How many jobs there are of each phase, those that ended within a day, and why they failed."""
        waits = [phase.value for phase in (Phase.QUEUED, Phase.RETRY_WAIT, Phase.SUBMITTING, Phase.PENDING)]
        going = select(_J.phase, func.count(), func.min(_J.created_us)).where(_J.phase.not_in(_FINAL))
        recent = select(
            _J.phase, _J.error_class, func.count(), func.sum(_J.finished_us - _J.created_us)
        ).where(_J.phase.in_(_FINAL), _J.finished_us > now() - DAY_MICROS)
        at = now()
        ago = (literal(at) - _J.finished_us) / _HOUR_MICROS
        hour = (
            cast(func.floor(ago), Integer) if self._database.dialect == "postgresql" else cast(ago, Integer)
        )
        hourly = select(hour, func.count()).where(_J.phase.in_(_FINAL), _J.finished_us > at - DAY_MICROS)
        most = select(_J.owner, func.count().label("count")).where(_J.phase.not_in(_FINAL)).group_by(_J.owner)
        with self._database.reading(deadline) as connection:
            unfinished = list(connection.execute(going.group_by(_J.phase)))
            ended = list(connection.execute(recent.group_by(_J.phase, _J.error_class)))
            hours = {one: count for one, count in connection.execute(hourly.group_by(hour))}
            busiest = connection.execute(most.order_by(text("count DESC")).limit(20))
            owners = {owner: count for owner, count in busiest}
            leased = connection.execute(select(_L.until_us).where(_L.name == "supervisor")).scalar()
        finished, failures = Counter[Phase](), Counter[str]()
        for phase, error_class, count, _ in ended:
            finished[Phase(phase)] += count
            if phase == Phase.FAILED.value:
                failures[error_class or "unknown"] += count
        return Board(
            {Phase(phase): count for phase, count, _ in unfinished},
            min((Micros(first) for phase, _, first in unfinished if phase in waits), default=None),
            finished,
            failures,
            sum(float(took or 0) for *_, took in ended) / 60e6 / max(1, finished.total()),
            tuple(hours.get(ago, 0) for ago in range(23, -1, -1)),
            owners,
            leased is not None and leased > at,
        )

    def events(self, job: str, deadline: Deadline) -> tuple[Event, ...]:
        """What happened to a job, in order."""
        query = select(tables.job_event).where(_E.job == job).order_by(_E.number)
        with self._database.reading(deadline) as connection:
            return tuple(Event(row.at_us, row.phase, row.message) for row in connection.execute(query))

    def outputs(self, job: str, deadline: Deadline) -> tuple[str, ...]:
        """The products that a job made, in order."""
        query = select(_O.product).where(_O.job == job).order_by(_O.name, _O.number)
        with self._database.reading(deadline) as connection:
            return tuple(connection.execute(query).scalars())

    def move(self, job: JobId, to: Phase, message: str, **values: Any) -> bool:
        """Moves a job to a phase, if it is in one that may come before; false when somebody else decided."""
        with self._writing() as connection:
            return move(connection, job, to, message, **values)

    def progress(self, job: JobId, percent: int, message: str, node: str) -> None:
        """Notes how far a running job is."""
        mine = and_(_J.id == job, _J.phase == Phase.RUNNING.value)
        with self._writing() as connection:
            connection.execute(
                update(tables.job)
                .where(mine)
                .values(progress=percent, message=message, node=node, updated_us=now())
            )

    def note(self, job: JobId, **values: Any) -> None:
        """Sets facts that are no phase (`missing_us`, `ending`, `backend_ref`)."""
        with self._writing() as connection:
            connection.execute(update(tables.job).where(_J.id == job).values(values))

    def remove(self, job: JobId) -> bool:
        """Removes a finished job."""
        with self._writing() as connection:
            return bool(
                connection.execute(delete(tables.job).where(_J.id == job, _J.phase.in_(_FINAL))).rowcount
            )

    def claim(self, most: int) -> tuple[Job, ...]:
        """Takes queued jobs: whose owner has the fewest with the executor first, then the oldest. They are `submitting` afterwards."""
        at = now()
        if not self._has_room(most, at):
            return ()
        with self._writing() as connection:
            busy = dict(
                tuple(row)
                for row in connection.execute(
                    select(_J.owner, func.count()).where(_J.phase.in_(_WITH_BACKEND)).group_by(_J.owner)
                ).all()
            )
            room = most - sum(busy.values())
            if room <= 0:
                return ()
            rows = connection.execute(
                select(_J.id, _J.owner, _J.phase)
                .where(_ready(at))
                .order_by(_J.created_us, _J.id)
                .limit(max(room * 4, 100))
            ).all()
            taken: list[JobId] = []
            waiting = list(rows)
            while waiting and len(taken) < room:
                row = min(waiting, key=lambda one: busy.get(one.owner, 0))
                waiting.remove(row)
                if row.phase == Phase.RETRY_WAIT.value:
                    move(connection, row.id, Phase.QUEUED, "trying again")
                if move(connection, row.id, Phase.SUBMITTING, "submitting"):
                    busy[row.owner] = busy.get(row.owner, 0) + 1
                    taken.append(row.id)
            found = connection.execute(select(tables.job).where(_J.id.in_(taken))).all()
        return tuple(sorted((_job(row) for row in found), key=lambda job: taken.index(job.id)))

    def _has_room(self, most: int, at: Micros) -> bool:
        """Whether a claim could take a job; looked at first, because who only reads stops nobody who orders."""
        busy = select(func.count()).where(_J.phase.in_(_WITH_BACKEND)).scalar_subquery()
        waiting = exists(select(_J.id).where(_ready(at)))
        with self._database.answering() as connection:
            return bool(connection.execute(select(and_(busy < most, waiting))).scalar())

    def with_backend(self) -> tuple[Job, ...]:
        """The jobs that an executor may have, and dismissed ones that are perhaps not yet gone from it."""
        wanted = or_(_J.phase.in_(_WITH_BACKEND), _J.ending == 1)
        with self._database.answering() as connection:
            return tuple(
                _job(row)
                for row in connection.execute(select(tables.job).where(wanted).order_by(_J.created_us))
            )

    def callbacks(self, most: int) -> tuple[Callback, ...]:
        """Takes callbacks that are due. Each comes again after a while, unless `called` says that it need not."""
        at = now()
        with self._writing() as connection:
            rows = connection.execute(
                select(tables.job_callback).where(_C.due_us <= at).order_by(_C.due_us).limit(most)
            ).all()
            taken = []
            for row in rows:
                same = and_(
                    _C.job == row.job,
                    _C.event == row.event,
                    _C.attempts == row.attempts,
                    _C.due_us.is_not(None),
                )
                pause = CALLBACK_PAUSES[min(row.attempts, len(CALLBACK_PAUSES) - 1)] * 1_000_000
                if connection.execute(
                    update(tables.job_callback)
                    .where(same)
                    .values(attempts=row.attempts + 1, due_us=at + pause)
                ).rowcount:
                    taken.append(row)
            ids = [row.job for row in taken]
            found = {
                row.id: _job(row) for row in connection.execute(select(tables.job).where(_J.id.in_(ids)))
            }
        return tuple(Callback(found[row.job], Told(row.event), row.url, row.attempts + 1) for row in taken)

    def called(self, callback: Callback, message: str, *, done: bool) -> None:
        """Notes how a callback went; one that is done does not come again."""
        with self._writing() as connection:
            if done:
                same = and_(_C.job == callback.job.id, _C.event == callback.event.value)
                connection.execute(update(tables.job_callback).where(same).values(due_us=None))
            locked = select(_J.phase).where(_J.id == callback.job.id).with_for_update()
            if connection.execute(locked).scalar():  # events of a job are numbered by one after the other
                _note(connection, callback.job.id, now(), "callback", message)

    def lease(self, holder: str) -> bool:
        """Takes or renews the supervisor's lease; false while somebody else has it. PostgreSQL's clock decides where there is one."""
        with self._writing() as connection:
            at = now()
            if self._database.dialect == "postgresql":
                at = Micros(
                    int(
                        connection.execute(
                            text("SELECT extract(epoch FROM clock_timestamp()) * 1000000")
                        ).scalar_one()
                    )
                )
            mine = and_(_L.name == "supervisor", or_(_L.holder == holder, _L.until_us < at))
            values = {"holder": holder, "until_us": at + _LEASE_MICROS}
            if connection.execute(update(tables.lease).where(mine).values(values)).rowcount:
                return True
        try:
            with self._writing() as connection:
                connection.execute(insert(tables.lease).values(name="supervisor", **values))
                return True
        except IntegrityError:
            return False

    def release(self, holder: str) -> None:
        """Gives the lease back."""
        with self._writing() as connection:
            connection.execute(delete(tables.lease).where(_L.name == "supervisor", _L.holder == holder))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._database.writing() as connection:
            yield connection


def succeed(unit: Unit, job: JobId, products: Sequence[str]) -> bool:
    """Records the products of a job and its success inside the unit of work that publishes them; false when it was dismissed meanwhile."""
    connection = unit.connection
    if not move(connection, job, Phase.SUCCESSFUL, f"{len(products)} products published", progress=100):
        return False
    _give(connection, job, products)
    return True


def _give(connection: Connection, job: JobId, products: Sequence[str]) -> None:
    """Notes the products of a job."""
    rows = [
        {"job": job, "name": "products", "number": number, "product": product}
        for number, product in enumerate(products)
    ]
    if rows:
        connection.execute(insert(tables.job_output), rows)


def _finish(connection: Connection, job: JobId, done: Done) -> None:
    """A job that was just queued succeeds without a run."""
    connection.execute(update(tables.job).where(_J.id == job).values(phase=Phase.STORING.value))
    move(
        connection,
        job,
        Phase.SUCCESSFUL,
        "an equal order was made before: these are its results",
        progress=100,
        started_us=now(),
        expires_us=done.expires,
    )
    _give(connection, job, done.products)


def move(connection: Connection, job: JobId, to: Phase, message: str, **values: Any) -> bool:
    """See `Queue.move`; inside a transaction of the caller."""
    at = now()
    may = and_(_J.id == job, _J.phase.in_([phase.value for phase in BEFORE[to]]))
    facts: dict[str, Any] = {"phase": to.value, "message": message, "updated_us": at, **values}
    if to is Phase.RUNNING:
        facts.setdefault("started_us", at)
    if to.final:
        facts["finished_us"] = at
    if not connection.execute(update(tables.job).where(may).values(facts)).rowcount:
        return False
    _note(connection, job, at, to.value, message)
    event = _TOLD.get(to)
    if event:  # in the same transaction: who is to hear of a phase hears of it, whatever dies afterwards
        first = and_(_C.job == job, _C.event == event.value, _C.attempts == 0)
        connection.execute(update(tables.job_callback).where(first).values(due_us=at))
    return True


def _note(connection: Connection, job: JobId, at: Micros, phase: str, message: str) -> None:
    number = connection.execute(
        select(func.coalesce(func.max(_E.number), 0)).where(_E.job == job)
    ).scalar_one()
    connection.execute(
        insert(tables.job_event).values(
            job=job, number=number + 1, at_us=at, phase=phase, message=message[:1_000]
        )
    )


def _job(row: Row[Any]) -> Job:
    return Job(
        JobId(row.id), row.process, row.version, row.owner, tuple(row.member_of.split()), Phase(row.phase), row.message, row.progress, row.request,
        row.executor, row.backend_ref, row.attempt, row.not_before_us, row.created_us, row.started_us, row.finished_us, row.updated_us,
        row.missing_us, bool(row.ending), row.error_class, row.error, row.node, row.expires_us, row.campaign,
    )  # fmt: skip
