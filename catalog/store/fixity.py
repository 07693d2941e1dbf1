# SPDX-License-Identifier: Apache-2.0
"""The table of when files were last found to be what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select, text

from catalog.model.time import Micros, now
from catalog.store import tables
from catalog.store.database import Database

_F = tables.fixity.c
_CHECKED = text(
    "INSERT INTO fixity (path, checked_us, outcome) VALUES (:path, :checked_us, :outcome) "
    "ON CONFLICT (path) DO UPDATE SET checked_us = excluded.checked_us, outcome = excluded.outcome"
)


class FixityTable:
    """Reading and writing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def checked(self) -> dict[str, Micros]:
        """When each file was compared last."""
        with self._database.engine.connect() as connection:
            return {path: Micros(at) for path, at in connection.execute(select(_F.path, _F.checked_us))}

    def forget(self, paths: Sequence[str]) -> None:
        """Files were not found right: they are the first that are looked at again."""
        with self._database.writing() as connection:
            for path in paths:
                connection.execute(delete(tables.fixity).where(_F.path == path))

    def keep(self, outcomes: Mapping[str, str]) -> None:
        """Files were compared now, with these outcomes."""
        at = now()
        rows = [{"path": path, "checked_us": at, "outcome": outcome} for path, outcome in outcomes.items()]
        with self._database.writing() as connection:
            connection.execute(_CHECKED, rows)
