# SPDX-License-Identifier: Apache-2.0
"""The table of what was taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Text, cast, func, select, text

from catalog.model.time import Day
from catalog.store import tables
from catalog.store.database import Database

_U = tables.usage.c
_ADD = text(
    "INSERT INTO usage (day, who, product, asset, requests, bytes) VALUES (:day, :who, :product, :asset, :requests, :bytes) "
    "ON CONFLICT (day, who, product, asset) DO UPDATE SET requests = usage.requests + excluded.requests, bytes = usage.bytes + excluded.bytes"
)
Taken = tuple[Day, str, str, str]
"""Day, who, product, asset."""
_BY: Mapping[str, ColumnElement[str]] = {
    "product": _U.product, "who": _U.who, "asset": _U.asset, "day": cast(_U.day, Text),
}  # fmt: skip


class UsageTable:
    """Reading and writing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, taken: Mapping[Taken, tuple[int, int]]) -> None:
        """Adds requests and bytes to what is counted."""
        rows = [
            {"day": day, "who": who, "product": product, "asset": asset, "requests": requests, "bytes": size}
            for (day, who, product, asset), (requests, size) in sorted(taken.items())
        ]
        with self._database.writing() as connection:
            connection.execute(_ADD, rows)

    def totals(self, by: str, since: Day, limit: int) -> Sequence[tuple[str, int, int]]:
        """What of `product`, `who`, `asset` or `day` has how many requests and bytes since a day; the most bytes first."""
        column = _BY[by]
        sums = (
            select(column, func.sum(_U.requests), func.sum(_U.bytes)).where(_U.day >= since).group_by(column)
        )
        with self._database.engine.connect() as connection:
            found = connection.execute(sums.order_by(func.sum(_U.bytes).desc(), column).limit(limit))
            return [(str(name), int(requests), int(size)) for name, requests, size in found]
