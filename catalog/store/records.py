# SPDX-License-Identifier: Apache-2.0
"""Reading records."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from catalog.model.principal import Deadline
from catalog.model.product import Record
from catalog.query import Filter, Order
from catalog.store import compile as sql
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.rows import Visible, record_of, visible_records


class Records:
    """What is catalogued."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self, tree: Filter, visible: Visible, order: Order, limit: int, offset: int, deadline: Deadline
    ) -> tuple[Record, ...]:
        """The records of a filter, a page of them."""
        seen = and_(visible_records(visible), sql.where(tree, self._database.dialect, sql.RECORDS))
        query = (
            select(tables.record)
            .where(seen)
            .order_by(*sql.order(order, sql.RECORDS))
            .limit(limit)
            .offset(offset)
        )
        with self._database.reading(deadline) as connection:
            return tuple(record_of(row) for row in connection.execute(query))

    def count(self, tree: Filter, visible: Visible, deadline: Deadline) -> int:
        """How many records a filter has."""
        seen = and_(visible_records(visible), sql.where(tree, self._database.dialect, sql.RECORDS))
        with self._database.reading(deadline) as connection:
            return int(
                connection.execute(select(func.count()).select_from(tables.record).where(seen)).scalar_one()
            )
