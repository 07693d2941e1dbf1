# SPDX-License-Identifier: Apache-2.0
"""The table of files on tape. Every change of state names the state that it may follow, so that two workers never fetch one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, update

from catalog.model.tape import NEARLINE, State, TapeFile
from catalog.model.time import Micros, now
from catalog.store import tables
from catalog.store.database import Database

_T = tables.tape_file.c
_CHUNK = 500


class TapeTable:
    """Reading and writing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, path: str, sha256: str, size: int, tape: str) -> None:
        """A file was written to tape: its asset is nearline from now on, in the same transaction."""
        at = now()
        values = {
            "path": path, "sha256": sha256, "size": size, "tape": tape, "state": State.STAGED.value, "owner": "", "worker": "", "attempts": 0,
            "message": "", "not_before_us": 0, "asked_us": at, "used_us": at,
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(delete(tables.tape_file).where(_T.path == path))
            connection.execute(insert(tables.tape_file).values(values))
            connection.execute(update(tables.asset).where(tables.asset.c.path == path).values(tier=NEARLINE))

    def ask(self, paths: Sequence[str], owner: str) -> tuple[TapeFile, ...]:
        """Asks for those of some files that are on tape alone, or failed before, and notes that the copies of the others are used. Returns what is not here yet."""
        at, out = now(), list[TapeFile]()
        wish = {"state": State.ASKED.value, "owner": owner, "asked_us": at, "attempts": 0, "not_before_us": 0, "message": ""}  # fmt: skip
        with self._database.writing() as connection:
            for first in range(0, len(paths), _CHUNK):
                mine = _T.path.in_(paths[first : first + _CHUNK])
                away = _T.state.in_([State.KEPT.value, State.FAILED.value])
                connection.execute(update(tables.tape_file).where(mine, away).values(wish))
                here = _T.state == State.STAGED.value
                connection.execute(update(tables.tape_file).where(mine, here).values(used_us=at))
                missing = select(tables.tape_file).where(mine, _T.state != State.STAGED.value)
                out += [_file(row) for row in connection.execute(missing.order_by(_T.path))]
        return tuple(out)

    def asked_by(self, owner: str) -> int:
        """How many files somebody waits for."""
        mine = and_(_T.owner == owner, _T.state.in_([State.ASKED.value, State.STAGING.value]))
        with self._database.engine.connect() as connection:
            return int(
                connection.execute(
                    select(func.count()).select_from(tables.tape_file).where(mine)
                ).scalar_one()
            )

    def claim(self, worker: str, most: int) -> tuple[TapeFile, ...]:
        """Takes files of one tape for a drive: that of the oldest wish of whom the fewest files are being fetched, and others of the same tape with it."""
        at = now()
        ready = and_(_T.state == State.ASKED.value, _T.not_before_us <= at)
        with self._database.writing() as connection:
            busy = Counter(
                connection.execute(select(_T.owner).where(_T.state == State.STAGING.value)).scalars().all()
            )
            first = select(_T.owner, func.min(_T.asked_us).label("since")).where(ready).group_by(_T.owner)
            owners = connection.execute(first).all()
            if not owners:
                return ()
            chosen = min(owners, key=lambda one: (busy[one.owner], one.since)).owner
            tape = connection.execute(
                select(_T.tape).where(ready, _T.owner == chosen).order_by(_T.asked_us, _T.path).limit(1)
            ).scalar_one()
            mine = (
                select(tables.tape_file)
                .where(ready, _T.tape == tape)
                .order_by((_T.owner == chosen).desc(), _T.asked_us, _T.path)
                .limit(most)
            )
            taken = []
            for row in connection.execute(mine).all():
                done = connection.execute(
                    update(tables.tape_file)
                    .where(_T.path == row.path, _T.state == State.ASKED.value)
                    .values(state=State.STAGING.value, worker=worker, attempts=row.attempts + 1)
                )
                if done.rowcount:
                    taken.append(row)
        return tuple(_file(row) for row in taken)

    def staged(self, path: str) -> None:
        """A copy is here."""
        self._end(path, State.STAGED, "", 0)

    def failed(self, path: str, message: str, again: Micros | None) -> None:
        """A fetch failed; `again` is when to try once more, None is never."""
        self._end(path, State.FAILED if again is None else State.ASKED, message[:500], again or 0)

    def forget_worker(self, worker: str) -> int:
        """What a killed worker of this name was fetching is asked for again."""
        mine = and_(_T.worker == worker, _T.state == State.STAGING.value)
        with self._database.writing() as connection:
            return int(
                connection.execute(
                    update(tables.tape_file).where(mine).values(state=State.ASKED.value)
                ).rowcount
            )

    def unused(self, before: Micros, limit: int) -> tuple[TapeFile, ...]:
        """Copies that nobody used since a time."""
        query = select(tables.tape_file).where(_T.state == State.STAGED.value, _T.used_us < before)
        with self._database.engine.connect() as connection:
            return tuple(_file(row) for row in connection.execute(query.order_by(_T.used_us).limit(limit)))

    def dropped(self, path: str, before: Micros) -> bool:
        """The copy of a file may go, if it is still unused; on tape alone from now on."""
        mine = and_(_T.path == path, _T.state == State.STAGED.value, _T.used_us < before)
        with self._database.writing() as connection:
            return bool(
                connection.execute(
                    update(tables.tape_file).where(mine).values(state=State.KEPT.value)
                ).rowcount
            )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Number and bytes by state."""
        query = select(_T.state, func.count(), func.sum(_T.size)).group_by(_T.state)
        with self._database.engine.connect() as connection:
            return {row[0]: (row[1], int(row[2])) for row in connection.execute(query)}

    def missing(self, paths: Sequence[str]) -> tuple[TapeFile, ...]:
        """Those of some files that are on tape and have no copy here."""
        out: list[TapeFile] = []
        with self._database.engine.connect() as connection:
            for at in range(0, len(paths), _CHUNK):
                mine = and_(_T.path.in_(paths[at : at + _CHUNK]), _T.state != State.STAGED.value)
                out += [_file(row) for row in connection.execute(select(tables.tape_file).where(mine))]
        return tuple(out)

    def _end(self, path: str, state: State, message: str, not_before: int) -> None:
        at = now()
        mine = and_(_T.path == path, _T.state == State.STAGING.value)
        values = {"state": state.value, "message": message, "not_before_us": not_before, "used_us": at}
        with self._database.writing() as connection:
            connection.execute(update(tables.tape_file).where(mine).values(values))


def _file(row: Row[Any]) -> TapeFile:
    return TapeFile(
        row.path, row.sha256, row.size, row.tape, State(row.state), row.owner, row.attempts, row.message, row.asked_us,
    )  # fmt: skip
