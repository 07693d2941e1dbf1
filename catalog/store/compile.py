# SPDX-License-Identifier: Apache-2.0
"""Filters to SQL: bound values and closed columns only (THREATS D4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Float,
    Integer,
    String,
    Table,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
)

from catalog.model.area import Box
from catalog.model.time import DAY_MICROS
from catalog.query import (
    Among,
    And,
    Compare,
    Cursor,
    During,
    Filter,
    Intersects,
    Like,
    Meets,
    Missing,
    Not,
    Or,
    Order,
    Property,
    Relation,
    Text,
)
from catalog.store import tables


@dataclass(frozen=True)
class Target:
    """What a filter is asked of: its columns, and the tables of its boxes (SQLite, PostGIS)."""

    table: Table
    columns: Mapping[Property, ColumnElement[Any]]
    rtree: Table
    area: Table
    owner: str
    """The column of the boxes that names the row."""
    shape: tuple[ColumnElement[Any], ...]
    """Its outline: one column of WKB, or four of west, south, east, north."""
    record: ColumnElement[Any]
    """The column of a record that names the row."""


_P, _R = tables.product.c, tables.record.c
PRODUCTS = Target(
    tables.product,
    {
        Property.ID: _P.id, Property.VERSION: _P.version, Property.COLLECTION: _P.collection, Property.PLATFORM: _P.platform,
        Property.ZONE: _P.zone, Property.CLOUD: _P.cloud, Property.SNOW: _P.snow, Property.DAY: _P.day,
        Property.START: _P.start_us, Property.END: _P.end_us,
    },
    tables.box_rtree,
    tables.box_area,
    "product",
    (_P.footprint,),
    _R.product,
)  # fmt: skip
_NO_TEXT, _NO_NUMBER = cast(null(), String), cast(null(), Float)
RECORDS = Target(
    tables.record,
    {
        # a record does not say these: no comparison holds, nor its opposite
        Property.PLATFORM: _NO_TEXT, Property.VERSION: _NO_TEXT, Property.ZONE: _NO_TEXT, Property.CLOUD: _NO_NUMBER, Property.SNOW: _NO_NUMBER,
        Property.ID: _R.id, Property.COLLECTION: _R.collection, Property.KIND: _R.kind, Property.TITLE: _R.title, Property.ABSTRACT: _R.abstract,
        Property.KEYWORDS: _R.keywords, Property.START: _R.start_us, Property.END: _R.end_us, Property.MODIFIED: _R.modified_us,
    },
    tables.record_rtree,
    tables.record_area,
    "record",
    (_R.west, _R.south, _R.east, _R.north),
    _R.key,
)  # fmt: skip


def where(tree: Filter, dialect: str, target: Target = PRODUCTS) -> ColumnElement[bool]:  # noqa: C901  (one case a node)
    """A filter as an SQL condition on its target."""
    match tree:
        case And(parts):
            # geometries are read last, of what the rest leaves: SQLite keeps to the order that is written
            dearest_last = sorted(parts, key=lambda part: isinstance(part, Intersects))
            return and_(true(), *(where(part, dialect, target) for part in dearest_last))
        case Or(parts):
            return or_(false(), *(where(part, dialect, target) for part in parts))
        case Not(part):
            return not_(where(part, dialect, target))
        case Among(prop, values):
            return target.columns[prop].in_(values)
        case During(period):
            start, end = target.columns[Property.START], target.columns[Property.END]
            return and_(start < period.end, end > period.start)
        case Meets(box):
            return _meets_sqlite(box, target) if dialect == "sqlite" else _meets_postgis(box, target)
        case Intersects():
            return _intersects(tree, dialect, target)
        case Missing(prop):
            column = target.columns[prop]
            return (
                or_(column.is_(None), column == "") if isinstance(column.type, String) else column.is_(None)
            )
        case Like(prop, pattern, match_case):
            column = target.columns[prop]
            whole = _whole(pattern)
            if whole is not None:  # an index serves equality, and no pattern
                return column == whole if match_case else func.lower(column) == func.lower(whole)
            if match_case:
                return (
                    column.regexp_match(_as_regex(pattern))
                    if dialect == "sqlite"
                    else column.like(pattern, escape="\\")
                )
            return func.lower(column).like(func.lower(pattern), escape="\\")
        case Text(words):
            return _text(words, dialect, target)
        case Compare():
            return _compare(tree, target)
        case _:
            assert_never(tree)


def _whole(pattern: str) -> str | None:
    """The text that a pattern without wildcards stands for; None for one with some."""
    plain = re.sub(r"\\(.)", "", pattern)
    return None if "%" in plain or "_" in plain else re.sub(r"\\(.)", r"\1", pattern)


def order(by: Order, target: Target = PRODUCTS) -> tuple[ColumnElement[Any], ...]:
    """A total order: it ends with the row's key."""
    c = target.table.c
    match by:
        case Order.NEWEST:
            return (
                (c.day.desc(), c.start_us.desc(), c.key.desc())
                if target is PRODUCTS
                else (c.start_us.desc().nulls_last(), c.key.desc())
            )
        case Order.OLDEST:
            return (
                (c.day.asc(), c.start_us.asc(), c.key.asc())
                if target is PRODUCTS
                else (c.start_us.asc().nulls_last(), c.key.asc())
            )
        case Order.LEAST_CLOUDY:
            return (_cloud(by).asc(), c.day.desc(), c.key.desc())
        case Order.CLOUDIEST:
            return (_cloud(by).desc(), c.day.desc(), c.key.desc())
        case Order.TITLE:
            return (c.title.asc(), c.key.asc())
        case Order.TITLE_DOWN:
            return (c.title.desc(), c.key.desc())
        case Order.MODIFIED:
            return (c.modified_us.asc(), c.key.asc())
        case Order.MODIFIED_DOWN:
            return (c.modified_us.desc(), c.key.desc())
        case _:
            assert_never(by)


_BY_CLOUD = (Order.LEAST_CLOUDY, Order.CLOUDIEST)


def _cloud(by: Order) -> ColumnElement[float]:
    """The cloud share as it is sorted: what does not say one comes last in either order."""
    return func.coalesce(PRODUCTS.table.c.cloud, _unknown(by))


def _unknown(by: Order) -> float:
    return 101.0 if by is Order.LEAST_CLOUDY else -1.0


def behind(by: Order, cursor: Cursor) -> ColumnElement[bool]:
    """The products that come after a cursor, in the order NEWEST or OLDEST: compared as rows, so that an index serves it; or in one by clouds."""
    c = PRODUCTS.table.c
    if by in _BY_CLOUD:
        if cursor.record:
            return false()
        cloud, there_cloud = _cloud(by), literal(_unknown(by) if cursor.cloud is None else cursor.cloud)
        beyond = cloud > there_cloud if by is Order.LEAST_CLOUDY else cloud < there_cloud
        older = tuple_(c.day, c.key) < tuple_(literal(cursor.day), literal(cursor.key))
        return or_(beyond, and_(cloud == there_cloud, older))
    here, there = [c.day, c.start_us], [literal(cursor.day), literal(cursor.start)]
    if not cursor.record:
        here, there = [*here, c.key], [*there, literal(cursor.key)]
    return tuple_(*here) > tuple_(*there) if by is Order.OLDEST else tuple_(*here) < tuple_(*there)


def records_behind(by: Order, cursor: Cursor) -> ColumnElement[bool]:
    """The records that come after a cursor. The day of a record is that of its start; a product may be of another, as a synthesis of a month is."""
    c, up = RECORDS.table.c, by is Order.OLDEST
    if cursor.record:
        here, there = tuple_(c.start_us, c.key), tuple_(literal(cursor.start), literal(cursor.key))
        return here > there if up else here < there
    first = cursor.day * DAY_MICROS
    if up:
        return c.start_us >= min(max(cursor.start, first), first + DAY_MICROS)
    return c.start_us <= min(max(cursor.start, first - 1), first + DAY_MICROS - 1)


def _compare(tree: Compare, target: Target) -> ColumnElement[bool]:
    column, value = target.columns[tree.property], tree.value
    match tree.relation:
        case Relation.EQUAL:
            return column == value
        case Relation.NOT_EQUAL:
            return column != value
        case Relation.LESS:
            return column < value
        case Relation.AT_MOST:
            return column <= value
        case Relation.MORE:
            return column > value
        case Relation.AT_LEAST:
            return column >= value
        case _:
            assert_never(tree.relation)


def _text(words: tuple[tuple[str, ...], ...], dialect: str, target: Target) -> ColumnElement[bool]:
    """Words are letters and digits only (catalog.words), so the match expressions have no operators of a client in them."""
    if not words:
        return true()
    if target is RECORDS:
        return _matching(words, dialect)
    mine = select(target.record).where(_matching(words, dialect), target.record.is_not(None))
    return target.table.c.key.in_(mine)


def _matching(words: tuple[tuple[str, ...], ...], dialect: str) -> ColumnElement[bool]:
    key = tables.record.c.key
    if dialect == "sqlite":
        expression = " AND ".join("(" + " OR ".join(f'"{form}"' for form in forms) + ")" for forms in words)
        return key.in_(
            select(tables.record_fts.c.rowid).where(literal_column("record_text").op("MATCH")(expression))
        )
    expression = " & ".join("(" + " | ".join(forms) + ")" for forms in words)
    vector = tables.record_vector.c
    return key.in_(select(vector.record).where(vector.words.op("@@")(func.to_tsquery("simple", expression))))


def _as_regex(pattern: str) -> str:
    """A LIKE pattern as a regular expression: SQLite's LIKE knows no case."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            out += re.escape(pattern[at])
        else:
            out += ".*" if char == "%" else "." if char == "_" else re.escape(char)
        at += 1
    return f"(?s)\\A{out}\\Z"


def _meets_sqlite(box: Box, target: Target) -> ColumnElement[bool]:
    c = target.rtree.c
    found = select(c[target.owner]).where(
        c.west <= box.east, c.east >= box.west, c.south <= box.north, c.north >= box.south
    )
    return target.table.c.key.in_(found)


def _meets_postgis(box: Box, target: Target) -> ColumnElement[bool]:
    owner = target.area.c[target.owner].cast(BigInteger)
    return target.table.c.key.in_(select(owner).where(target.area.c.area.op("&&")(_envelope(box))))


def _intersects(tree: Intersects, dialect: str, target: Target) -> ColumnElement[bool]:
    """The index first; then the outline itself, but for what lies in a box that was asked, or is a box that meets it."""
    near = or_(false(), *(where(Meets(box), dialect, target) for box in tree.boxes))
    if not tree.rectangular:
        return and_(near, _touches(tree.shape, dialect, target))
    if len(target.shape) == 4:
        west, south, east, north = target.shape
        exact = (
            and_(west <= box.east, east >= box.west, south <= box.north, north >= box.south)
            for box in tree.boxes
        )
        return and_(near, or_(*exact))
    inside = or_(*(_within(box, dialect, target) for box in tree.boxes))
    return and_(near, or_(inside, _touches(tree.shape, dialect, target)))


def _within(box: Box, dialect: str, target: Target) -> ColumnElement[bool]:
    """One of the boxes of a thing lies in a box."""
    if dialect == "sqlite":
        c = target.rtree.c
        found = select(c[target.owner]).where(
            c.west >= box.west, c.east <= box.east, c.south >= box.south, c.north <= box.north
        )
        return target.table.c.key.in_(found)
    owner = target.area.c[target.owner].cast(BigInteger)
    return target.table.c.key.in_(select(owner).where(target.area.c.area.op("@")(_envelope(box))))


def _envelope(box: Box) -> ColumnElement[Any]:
    return func.ST_MakeEnvelope(
        literal(box.west), literal(box.south), literal(box.east), literal(box.north), 4326
    )


def _touches(shape: bytes, dialect: str, target: Target) -> ColumnElement[bool]:
    """The exact test; SQLite asks `catalog.geometry` (see `catalog.store.database`)."""
    if dialect == "sqlite":
        ask = func.footprint_meets if len(target.shape) == 1 else func.box_meets
        return ask(*target.shape, literal(shape), type_=Integer) == 1
    outline = (
        func.ST_GeomFromWKB(*target.shape, 4326) if len(target.shape) == 1 else _rectangle(*target.shape)
    )
    found: ColumnElement[bool] = func.ST_Intersects(
        outline, func.ST_GeomFromWKB(literal(shape), 4326), type_=Boolean
    )
    return found


def _rectangle(
    west: ColumnElement[Any], south: ColumnElement[Any], east: ColumnElement[Any], north: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The box as PostGIS has it; one without extent is a point, which a polygon of four equal corners would not be."""
    corners = func.ST_MakeLine(func.ST_MakePoint(west, south), func.ST_MakePoint(east, north))
    return func.ST_SetSRID(func.ST_Envelope(corners), 4326)
