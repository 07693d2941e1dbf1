# SPDX-License-Identifier: Apache-2.0
"""The table of baskets: what somebody asked to take away as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, insert, select

from catalog.model.time import Micros
from catalog.store import tables
from catalog.store.database import Database

_B = tables.basket.c


@dataclass(frozen=True, slots=True)
class Basket:
    """A request to take things away, as it came."""

    id: str
    owner: str
    name: str
    body: str
    """JSON, checked before it was stored."""
    created: Micros


class BasketTable:
    """Baskets of their owners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, basket: Basket, most: int) -> None:
        """Stores a basket; of an owner's baskets only the newest `most` are kept."""
        values = {
            "id": basket.id, "owner": basket.owner, "name": basket.name, "body": basket.body, "created_us": basket.created,
        }  # fmt: skip
        kept = (
            select(_B.id)
            .where(_B.owner == basket.owner)
            .order_by(_B.created_us.desc(), _B.id)
            .limit(most)
            .scalar_subquery()
        )
        with self._database.writing() as connection:
            connection.execute(insert(tables.basket).values(values))
            connection.execute(delete(tables.basket).where(_B.owner == basket.owner, _B.id.not_in(kept)))

    def one(self, basket_id: str, owner: str) -> Basket | None:
        """A basket of somebody."""
        found = self._find(and_(_B.id == basket_id, _B.owner == owner), 1, 0)
        return found[0] if found else None

    def of(self, owner: str, since: Micros, limit: int, offset: int) -> tuple[Sequence[Basket], int]:
        """Somebody's baskets from a time on, the newest first: a page of them, and how many there are."""
        mine = and_(_B.owner == owner, _B.created_us >= since)
        with self._database.engine.connect() as connection:
            count = connection.execute(
                select(func.count()).select_from(tables.basket).where(mine)
            ).scalar_one()
        return self._find(mine, limit, offset), count

    def remove(self, basket_id: str, owner: str) -> bool:
        """Forgets a basket; whether there was one."""
        with self._database.writing() as connection:
            done = connection.execute(delete(tables.basket).where(_B.id == basket_id, _B.owner == owner))
            return done.rowcount > 0

    def _find(self, which: ColumnElement[bool], limit: int, offset: int) -> list[Basket]:
        query = (
            select(tables.basket)
            .where(which)
            .order_by(_B.created_us.desc(), _B.id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.engine.connect() as connection:
            return [
                Basket(row.id, row.owner, row.name, row.body, row.created_us)
                for row in connection.execute(query)
            ]
