# SPDX-License-Identifier: Apache-2.0
"""Sources, runs, what a run staged, and what each remote document became."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from catalog.harvest.received import Received
from catalog.model.time import Micros
from catalog.store import tables
from catalog.store.database import Database

_S, _R, _G, _I = tables.harvest_source.c, tables.harvest_run.c, tables.harvest_stage.c, tables.harvest_item.c


@dataclass(frozen=True, slots=True)
class Run:
    """One walk through a source and what came of it."""

    key: int
    source: str
    mode: str
    """`full` or `incremental`."""
    status: str
    """`walking`, `done`, `suspicious` (deletions were held back) or `failed`."""
    started: Micros
    ended: Micros | None
    cursor: str
    counts: Mapping[str, int]
    message: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a remote document became."""

    remote_id: str
    record_id: str
    sha256: str
    state: str
    """`here`, `shadowed` (another record of that id is better) or `refused`."""
    message: str
    run: int


class Harvests:
    """The book of the harvester."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, source: str, holder: str, at: Micros, until: Micros) -> bool:
        """Makes a holder the only one who harvests a source until a moment; false while another one does."""
        with self._database.writing() as connection:
            if connection.execute(select(_S.id).where(_S.id == source)).first() is None:
                connection.execute(
                    insert(tables.harvest_source).values(id=source, due_us=0, holder="", until_us=0)
                )
            free = and_(_S.id == source, or_(_S.holder == holder, _S.until_us < at))
            return bool(
                connection.execute(
                    update(tables.harvest_source).where(free).values(holder=holder, until_us=until)
                ).rowcount
            )

    def release(self, source: str, holder: str, due: Micros) -> None:
        """Gives a source back, and says when it is due again."""
        mine = and_(_S.id == source, _S.holder == holder)
        with self._database.writing() as connection:
            connection.execute(
                update(tables.harvest_source).where(mine).values(holder="", until_us=0, due_us=due)
            )

    def due(self, source: str) -> Micros:
        """When a source is to be harvested; in the past for a new one."""
        with self._database.answering() as connection:
            return Micros(connection.execute(select(_S.due_us).where(_S.id == source)).scalar() or 0)

    def stamps(self, source: str) -> tuple[Micros | None, Micros | None]:
        """When the last successful run began, and the last complete one."""
        with self._database.answering() as connection:
            row = connection.execute(select(_S.since_us, _S.complete_us).where(_S.id == source)).one_or_none()
        return (None, None) if row is None else (row.since_us, row.complete_us)

    def begin(self, source: str, mode: str, at: Micros) -> Run:
        """The run of a source that was cut off, or a new one."""
        with self._database.writing() as connection:
            open_one = connection.execute(
                select(tables.harvest_run)
                .where(_R.source == source, _R.status == "walking")
                .order_by(_R.key.desc())
            ).first()
            if open_one is None:
                values = {
                    "source": source,
                    "mode": mode,
                    "status": "walking",
                    "started_us": at,
                    "cursor": "",
                    "counts": "{}",
                    "message": "",
                }
                key = connection.execute(
                    insert(tables.harvest_run).values(values).returning(_R.key)
                ).scalar_one()
                open_one = connection.execute(select(tables.harvest_run).where(_R.key == key)).one()
        return _run(open_one)

    def stage(self, run: int, found: Iterable[Received], cursor: str) -> None:
        """Keeps a page, and from where to go on, in one transaction."""
        rows = {one.remote_id: one for one in found}
        with self._database.writing() as connection:
            mine = and_(_G.run == run, _G.remote_id.in_(list(rows)))
            connection.execute(delete(tables.harvest_stage).where(mine))
            if rows:
                connection.execute(
                    insert(tables.harvest_stage),
                    [
                        {"run": run, "remote_id": one.remote_id, "url": one.url, "gone": int(one.gone), "body": zlib.compress(one.body, 1)}
                        for one in rows.values()
                    ],
                )  # fmt: skip
            connection.execute(update(tables.harvest_run).where(_R.key == run).values(cursor=cursor))

    def staged(self, run: int, after: str, limit: int) -> tuple[Received, ...]:
        """What was staged, by remote id."""
        query = (
            select(tables.harvest_stage)
            .where(_G.run == run, _G.remote_id > after)
            .order_by(_G.remote_id)
            .limit(limit)
        )
        with self._database.answering() as connection:
            return tuple(
                Received(row.remote_id, row.url, zlib.decompress(row.body), bool(row.gone))
                for row in connection.execute(query)
            )

    def count_staged(self, run: int) -> int:
        """How many documents were staged."""
        with self._database.answering() as connection:
            return int(
                connection.execute(
                    select(func.count()).select_from(tables.harvest_stage).where(_G.run == run)
                ).scalar_one()
            )

    def end(
        self, run: Run, status: str, at: Micros, counts: Mapping[str, int], message: str, *, complete: bool
    ) -> None:
        """Closes a run; what it staged is forgotten. After a success the source knows since when the next one asks."""
        with self._database.writing() as connection:
            connection.execute(
                update(tables.harvest_run).where(_R.key == run.key).values(status=status, ended_us=at, counts=json.dumps(dict(counts)), message=message[:2_000])
            )  # fmt: skip
            connection.execute(delete(tables.harvest_stage).where(_G.run == run.key))
            if status == "done":
                values: dict[str, Any] = {
                    "since_us": run.started,
                    **({"complete_us": run.started} if complete else {}),
                }
                connection.execute(update(tables.harvest_source).where(_S.id == run.source).values(values))

    def runs(self, source: str, limit: int = 10) -> tuple[Run, ...]:
        """The newest runs of a source."""
        query = select(tables.harvest_run).where(_R.source == source).order_by(_R.key.desc()).limit(limit)
        with self._database.answering() as connection:
            return tuple(_run(row) for row in connection.execute(query))

    def items(self, source: str, state: str, limit: int = 1_000) -> tuple[Item, ...]:
        """The remote documents that are in a state."""
        query = (
            select(tables.harvest_item)
            .where(_I.source == source, _I.state == state)
            .order_by(_I.remote_id)
            .limit(limit)
        )
        with self._database.answering() as connection:
            return tuple(_item(row) for row in connection.execute(query))

    def count_items(self, source: str) -> int:
        """How many documents of a source are here, also those in another's shadow."""
        with self._database.answering() as connection:
            query = (
                select(func.count())
                .select_from(tables.harvest_item)
                .where(_I.source == source, _I.state != "refused")
            )
            return int(connection.execute(query).scalar_one())

    def unseen(self, source: str, run: int) -> tuple[Item, ...]:
        """The documents of a source that a run did not meet."""
        query = select(tables.harvest_item).where(_I.source == source, _I.run != run).order_by(_I.remote_id)
        with self._database.answering() as connection:
            return tuple(_item(row) for row in connection.execute(query))


def known(connection: Connection, source: str, names: Sequence[str]) -> dict[str, Item]:
    """What documents of a source became, by their remote ids."""
    query = select(tables.harvest_item).where(_I.source == source, _I.remote_id.in_(names))
    return {row.remote_id: _item(row) for row in connection.execute(query)}


def keep(connection: Connection, source: str, items: Sequence[Item]) -> None:
    """Notes what documents became."""
    forget(connection, source, [item.remote_id for item in items])
    rows = [
        {
            "source": source, "remote_id": item.remote_id, "record_id": item.record_id, "sha256": item.sha256, "state": item.state,
            "message": item.message[:1_000], "run": item.run,
        }
        for item in items
    ]  # fmt: skip
    if rows:
        connection.execute(insert(tables.harvest_item), rows)


def owners(connection: Connection, source: str, record_ids: Sequence[str]) -> dict[str, str]:
    """The remote ids of the documents of a source that records were made of."""
    mine = and_(_I.source == source, _I.record_id.in_(record_ids), _I.state == "here")
    query = select(_I.record_id, _I.remote_id).where(mine)
    return {row.record_id: row.remote_id for row in connection.execute(query)}


def demote(connection: Connection, record_ids: Sequence[str]) -> None:
    """The documents that records were made of are in the shadow of others now, and are looked at again in the next run."""
    mine = and_(_I.record_id.in_(record_ids), _I.state == "here")
    connection.execute(
        update(tables.harvest_item)
        .where(mine)
        .values(state="shadowed", message="another document has this id")
    )


def forget(connection: Connection, source: str, remote_ids: Sequence[str]) -> None:
    """Forgets documents."""
    mine = and_(_I.source == source, _I.remote_id.in_(remote_ids))
    connection.execute(delete(tables.harvest_item).where(mine))


def _run(row: Any) -> Run:
    return Run(
        row.key,
        row.source,
        row.mode,
        row.status,
        row.started_us,
        row.ended_us,
        row.cursor,
        json.loads(row.counts),
        row.message,
    )


def _item(row: Any) -> Item:
    return Item(row.remote_id, row.record_id, row.sha256, row.state, row.message, row.run)
