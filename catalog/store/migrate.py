# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the schema of this version. Each migration is one SQL file a dialect, run in one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

_FOLDER = Path(__file__).parent / "migrations"


def available(dialect: str) -> tuple[str, ...]:
    """The names of the migrations of a dialect, oldest first."""
    return tuple(sorted(path.name.split(".")[0] for path in _FOLDER.glob(f"*.{dialect}.sql")))


def applied(connection: Connection) -> str:
    """The name of the newest migration in a database; empty for an empty database."""
    if not inspect(connection).has_table("meta"):
        return ""
    return connection.execute(text("SELECT value FROM meta WHERE key = 'schema'")).scalar() or ""


def upgrade(engine: Engine) -> tuple[str, ...]:
    """Runs the migrations that are missing and returns their names. Two processes may call it at once."""
    dialect = engine.dialect.name
    done = []
    with engine.execution_options(writes=True).begin() as connection:
        _lock(connection, dialect)
        here = applied(connection)
        for name in available(dialect):
            if name <= here:
                continue
            for statement in statements((_FOLDER / f"{name}.{dialect}.sql").read_text(encoding="utf-8")):
                connection.exec_driver_sql(statement)
            connection.execute(text("DELETE FROM meta WHERE key = 'schema'"))
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('schema', :name)"), {"name": name})
            done.append(name)
    return tuple(done)


def statements(script: str) -> tuple[str, ...]:
    """The statements of a script; a trigger's inner semicolons do not end it."""
    out, current = [], ""
    for line in script.splitlines():
        if line.lstrip().startswith("--"):
            continue
        current += line + "\n"
        if line.rstrip().endswith(";") and sqlite3.complete_statement(current):
            out.append(current.strip().rstrip(";"))
            current = ""
    if current.strip():
        raise ValueError(f"a statement of a migration has no end: {current[:80]}")
    return tuple(out)


def _lock(connection: Connection, dialect: str) -> None:
    if dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(4711)"))
