# SPDX-License-Identifier: Apache-2.0
"""One database: SQLite in WAL mode for one machine, PostgreSQL for a centre. Connections for requests and for writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from catalog.geometry import box_meets, footprint_meets
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline


class Database:
    """The engine of a database, and the two ways to use it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._writer = engine.execution_options(writes=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it takes the write lock at its start. A database that is away is Fault UNAVAILABLE."""
        try:
            with self._writer.begin() as connection:
                yield connection
        except OperationalError as error:
            raise _away() from error

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    @contextmanager
    def answering(self, deadline: Deadline | None = None) -> Iterator[Connection]:
        """A connection for a request. A database that is away is Fault UNAVAILABLE; one that stopped at the deadline, Fault BUSY."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except OperationalError as error:
            if deadline is not None:
                deadline.check()
            raise _away() from error

    @contextmanager
    def reading(self, deadline: Deadline) -> Iterator[Connection]:
        """The same, ended by the database itself at the deadline where it can (PostgreSQL)."""
        deadline.check()
        with self.answering(deadline) as connection:
            if self.dialect == "postgresql":
                milliseconds = max(1, int(deadline.seconds_left * 1_000))
                connection.execute(
                    text("SELECT set_config('statement_timeout', :t, true)"), {"t": str(milliseconds)}
                )
            yield connection


def open_engine(url: str) -> Engine:
    """The engine of a database URL; the folder of an SQLite file is made."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=4, max_overflow=4, pool_pre_ping=True
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare)
    event.listen(
        engine,
        "begin",
        lambda connection: connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
        ),
    )
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """WAL so that readers never wait for the writer; the driver's own transactions off, so that DDL is transactional too.

    The two functions are what PostGIS has as ST_Intersects.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("footprint_meets", 2, footprint_meets, deterministic=True)
    connection.create_function("box_meets", 5, box_meets, deterministic=True)


def _away() -> Fault:
    return Fault(Kind.UNAVAILABLE, "the catalogue cannot be asked now; again in a moment", retry_after=5)
