# SPDX-License-Identifier: Apache-2.0
"""Reading records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, collate, exists, func, or_, select

from catalog.model.area import Box
from catalog.model.principal import Deadline
from catalog.model.product import Summary
from catalog.model.record import Change, Harvest, Record
from catalog.model.tape import NEARLINE
from catalog.model.time import Micros
from catalog.query import Cursor, Filter, Order
from catalog.store import compile as sql
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.rows import Visible, record_of, visible_changes

_ON_TAPE = (
    exists()
    .where(tables.asset.c.product == tables.record.c.product, tables.asset.c.tier == NEARLINE)
    .label("on_tape")
)


class Records:
    """What is catalogued."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        tree: Filter,
        visible: Visible,
        order: Order,
        limit: int,
        offset: int,
        deadline: Deadline,
        *,
        originals: bool = False,
        after: Cursor | None = None,
    ) -> tuple[Record, ...]:
        """The records of a filter, a page of them; those of other centres with what was received, if asked. `after` goes on behind a cursor (NEWEST, OLDEST)."""
        seen = and_(
            visible_changes(tables.record, visible), sql.where(tree, self._database.dialect, sql.RECORDS)
        )
        if after is not None:
            seen = and_(seen, sql.records_behind(order, after))
        sort = sql.order(order, sql.RECORDS)
        # which ones first: what is sorted are then keys, and not thousands of whole records
        page = select(tables.record.c.key).where(seen).order_by(*sort).limit(limit).offset(offset)
        query = (
            select(tables.record, _ON_TAPE)
            .where(tables.record.c.key.in_(page.correlate(None)))
            .order_by(*sort)
        )
        with self._database.reading(deadline) as connection:
            rows = connection.execute(query).all()
            bodies = _originals(connection, [row.key for row in rows if row.source]) if originals else {}
        return tuple(record_of(row, bodies.get(row.key, b"")) for row in rows)

    def alike(self, limit: int) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Records of several sources with one title, place and time, as groups of id and source (empty: ours); services have no place and are left out."""
        c = tables.record.c
        sides = (func.round(side * 100) for side in (c.west, c.south, c.east, c.north))
        what = (func.lower(c.title), *sides, c.start_us, c.end_us)
        named = [one.label(f"w{at}") for at, one in enumerate(what)]
        groups = (
            select(*named)
            .where(c.west.is_not(None), c.title != "")
            .group_by(*what)
            .having(func.count(c.source.distinct()) > 1)
            .order_by(named[0])
            .limit(limit)
            .subquery()
        )
        same = [or_(mine == theirs, and_(mine.is_(None), theirs.is_(None))) for mine, theirs in zip(what, groups.c, strict=True)]  # fmt: skip
        query = (
            select(c.id, c.source, *groups.c).join(groups, and_(*same)).order_by(*groups.c, c.source, c.id)
        )
        out: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
        with self._database.engine.connect() as connection:
            for row in connection.execute(query):
                out.setdefault(tuple(row[2:]), []).append((row.id, row.source))
        return tuple(tuple(group) for group in out.values())

    def count(self, tree: Filter, visible: Visible, deadline: Deadline) -> int:
        """How many records a filter has."""
        seen = and_(
            visible_changes(tables.record, visible), sql.where(tree, self._database.dialect, sql.RECORDS)
        )
        with self._database.reading(deadline) as connection:
            return int(
                connection.execute(select(func.count()).select_from(tables.record).where(seen)).scalar_one()
            )

    def sources(self, visible: Visible, deadline: Deadline) -> dict[str, Summary]:
        """What the catalogue has of each other centre: of the records that say a time, how many, where and from when to when."""
        c = tables.record.c
        edges = (func.min(c.west), func.min(c.south), func.max(c.east), func.max(c.north))
        query = (
            select(c.source, func.count(), *edges, func.min(c.start_us), func.max(c.end_us))
            .where(c.source != "", c.start_us.is_not(None), visible_changes(tables.record, visible))
            .group_by(c.source)
        )
        with self._database.reading(deadline) as connection:
            rows = connection.execute(query).all()
        return {name: Summary(name, (), _box(*sides), (), count, Micros(first), Micros(last)) for name, count, *sides, first, last in rows}  # fmt: skip

    def inhabited(self, names: Sequence[str], visible: Visible, deadline: Deadline) -> tuple[str, ...]:
        """Those of some collections that have the record of a station, found without counting them."""
        c = tables.record.c
        seen = visible_changes(tables.record, visible)
        with self._database.reading(deadline) as connection:
            return tuple(
                name
                for name in names
                if connection.execute(
                    select(c.key).where(c.collection == name, c.kind == "station", seen).limit(1)
                ).first()
            )

    def span(self, tree: Filter, visible: Visible, deadline: Deadline) -> tuple[Micros, Micros] | None:
        """Start of the first and end of the last record of a filter; None where none says a time."""
        c = tables.record.c
        seen = and_(visible_changes(tables.record, visible), sql.where(tree, self._database.dialect, sql.RECORDS))  # fmt: skip
        with self._database.reading(deadline) as connection:
            first, last = connection.execute(
                select(func.min(c.start_us), func.max(c.end_us)).where(seen)
            ).one()
        return None if first is None else (Micros(first), Micros(last))

    def changes(
        self,
        asked: Harvest,
        visible: Visible,
        deadline: Deadline,
        limit: int,
        after: tuple[Micros, str] | None,
    ) -> tuple[Change, ...]:
        """Records, with what was received of other centres, and tombstones in the order of their change, a page of them behind one that was seen."""
        with self._database.reading(deadline) as connection:
            rows = self._page(connection, tables.record, asked, visible, limit, after)
            bodies = _originals(connection, [row.key for row in rows if row.source])
            there = [
                Change(
                    row.id, row.kind, row.collection, row.changed_us, record_of(row, bodies.get(row.key, b""))
                )
                for row in rows
            ]
            gone = [
                Change(row.id, row.kind, row.collection, row.changed_us, None)
                for row in self._page(connection, tables.tombstone, asked, visible, limit, after)
            ]
        return tuple(sorted((*there, *gone), key=lambda one: (one.at, one.id))[:limit])

    def count_changes(self, asked: Harvest, visible: Visible, deadline: Deadline) -> int:
        """How many changes there are."""
        with self._database.reading(deadline) as connection:
            return sum(
                int(
                    connection.execute(
                        select(func.count())
                        .select_from(table)
                        .where(_harvested(table, asked), visible_changes(table, visible))
                    ).scalar_one()
                )
                for table in (tables.record, tables.tombstone)
            )

    def _page(
        self,
        connection: Connection,
        table: Table,
        asked: Harvest,
        visible: Visible,
        limit: int,
        after: tuple[Micros, str] | None,
    ) -> list[Any]:
        c = table.c
        name = c.id if self._database.dialect == "sqlite" else collate(c.id, "C")
        columns = (table, _ON_TAPE) if table is tables.record else (table,)
        query = select(*columns).where(_harvested(table, asked), visible_changes(table, visible))
        if after is not None:
            query = query.where(or_(c.changed_us > after[0], and_(c.changed_us == after[0], name > after[1])))
        return list(connection.execute(query.order_by(c.changed_us, name).limit(limit)))


def _box(west: float | None, south: float | None, east: float | None, north: float | None) -> Box | None:
    if west is None or south is None or east is None or north is None:
        return None
    return Box(west=west, south=south, east=east, north=north)


def _originals(connection: Connection, keys: Sequence[int]) -> dict[int, bytes]:
    """What was received, packed, by the key of the record."""
    if not keys:
        return {}
    c = tables.record_original.c
    return {
        row.record: row.body for row in connection.execute(select(c.record, c.body).where(c.record.in_(keys)))
    }


def _harvested(table: Table, asked: Harvest) -> ColumnElement[bool]:
    c = table.c
    parts: list[ColumnElement[bool]] = [c.changed_us >= (asked.start if asked.start is not None else 0)]
    if asked.ids:
        parts.append(c.id.in_(asked.ids))
    if asked.end is not None:
        parts.append(c.changed_us < asked.end)
    if asked.collection:
        parts.append(c.collection == asked.collection)
    if asked.kind:
        parts.append(c.kind == asked.kind)
    return and_(*parts)
