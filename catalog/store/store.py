# SPDX-License-Identifier: Apache-2.0
"""The store: its parts over one database, the unit of work, and the revision that every cache trusts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, text

from catalog.store import migrate, tables
from catalog.store.baskets import BasketTable
from catalog.store.database import Database, open_engine
from catalog.store.fixity import FixityTable
from catalog.store.keys import KeyTable
from catalog.store.products import Products
from catalog.store.records import Records
from catalog.store.stations import Stations
from catalog.store.subscriptions import SubscriptionTable
from catalog.store.tape import TapeTable
from catalog.store.unit import Unit
from catalog.store.usage import UsageTable

_REVISION = select(tables.meta.c.value).where(tables.meta.c.key == "revision")


class Store:
    """The tables. Only `catalog.service`, `catalog.keys` and `catalog.ingest` use it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.products = Products(database)
        self.records = Records(database)
        self.keys = KeyTable(database)
        self.stations = Stations(database)
        self.baskets = BasketTable(database)
        self.tape = TapeTable(database)
        self.usage, self.fixity = UsageTable(database), FixityTable(database)
        self.subscriptions = SubscriptionTable(database)

    def revision(self) -> int:
        """The counter that every publication bumps, in the same transaction."""
        with self.database.answering() as connection:
            return int(connection.execute(_REVISION).scalar_one())

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """One unit of work: all of it becomes visible at once, or nothing does. Writers come one after the other."""
        with self.database.writing() as connection:
            if self.database.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(4712)"))
            unit = Unit(connection, self.database.dialect)
            yield unit
            unit.bump()

    def journal(self, limit: int = 100) -> list[tuple[int, str, str, str, str]]:
        """The newest entries of the audit log: moment, actor, action, subject, detail."""
        with self.database.engine.connect() as connection:
            rows = connection.execute(
                select(tables.journal).order_by(tables.journal.c.key.desc()).limit(limit)
            ).all()
        return [(row.at_us, row.actor, row.action, row.subject, row.detail) for row in rows]

    def close(self) -> None:
        """Closes the connections."""
        self.database.close()


def open_store(url: str) -> Store:
    """A store at a database URL, with its schema brought up to date."""
    store = Store(Database(open_engine(url)))
    migrate.upgrade(store.database.engine)
    return store
