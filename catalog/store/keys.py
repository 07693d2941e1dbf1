# SPDX-License-Identifier: Apache-2.0
"""The table of API keys."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, and_, insert, select, text, update
from sqlalchemy.exc import OperationalError

from catalog.model.time import Micros
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.unit import Unit


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as it is kept: never the key."""

    id: str
    digest: str
    owner: str
    role: str
    groups: tuple[str, ...]
    label: str
    created: Micros
    expires: Micros | None = None
    revoked: Micros | None = None
    last_used: Micros | None = None


class KeyTable:
    """Keys by their digests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: KeyRow, actor: str) -> None:
        """Stores a key, with a line in the audit log."""
        values = {
            "id": row.id, "digest": row.digest, "owner": row.owner, "role": row.role, "member_of": " ".join(row.groups), "label": row.label,
            "created_us": row.created, "expires_us": row.expires,
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(insert(tables.api_key).values(values))
            Unit(connection, self._database.dialect).note(row.created, actor, "create key", row.id, row.owner)

    def secret(self, name: str, fresh: str) -> str:
        """A secret of this store: the fresh one where there is none of this name yet."""
        told = {"key": f"secret.{name}", "value": fresh}
        keep = text("INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING")
        with self._database.writing() as connection:
            connection.execute(keep, told)
            return str(
                connection.execute(
                    select(tables.meta.c.value).where(tables.meta.c.key == told["key"])
                ).scalar_one()
            )

    def all(self) -> list[KeyRow]:
        """All keys, oldest first."""
        with self._database.engine.connect() as connection:
            return [
                _key_row(row)
                for row in connection.execute(
                    select(tables.api_key).order_by(tables.api_key.c.created_us, tables.api_key.c.id)
                )
            ]

    def of(self, digest: str) -> KeyRow | None:
        """The key of a digest."""
        with self._database.answering() as connection:
            row = connection.execute(
                select(tables.api_key).where(tables.api_key.c.digest == digest)
            ).one_or_none()
        return _key_row(row) if row else None

    def revoke(self, key_id: str, at: Micros, actor: str) -> bool:
        """Ends a key; false when none of this id still works."""
        mine = and_(tables.api_key.c.id == key_id, tables.api_key.c.revoked_us.is_(None))
        with self._database.writing() as connection:
            done = connection.execute(update(tables.api_key).where(mine).values(revoked_us=at)).rowcount
            if done:
                Unit(connection, self._database.dialect).note(at, actor, "revoke key", key_id)
        return bool(done)

    def touch(self, key_id: str, at: Micros) -> None:
        """Notes that a key was used, unless a writer is busy: a request never waits for that."""
        statement = update(tables.api_key).where(tables.api_key.c.id == key_id).values(last_used_us=at)
        if self._database.dialect != "sqlite":
            with self._database.writing() as connection:
                connection.execute(statement)
            return
        with self._database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute(statement)
                connection.commit()
            except OperationalError:
                connection.rollback()
            finally:
                driver.execute("PRAGMA busy_timeout = 30000")


def _key_row(row: Row[tuple[object, ...]]) -> KeyRow:
    return KeyRow(
        row.id, row.digest, row.owner, row.role, tuple(row.member_of.split()), row.label,
        row.created_us, row.expires_us, row.revoked_us, row.last_used_us,
    )  # fmt: skip
