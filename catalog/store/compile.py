# SPDX-License-Identifier: Apache-2.0
"""Filters to SQL: bound values and closed columns only (THREATS D4)."""

from __future__ import annotations

from typing import assert_never

from sqlalchemy import ColumnElement, and_, false, func, literal, not_, or_, select, true
from sqlalchemy.sql.elements import ColumnClause

from catalog.model.area import Box
from catalog.query import Among, And, Compare, During, Filter, Meets, Not, Or, Order, Property, Relation
from catalog.store.tables import box_area, box_rtree, product

_COLUMNS: dict[Property, ColumnClause[object]] = {
    Property.ID: product.c.id,
    Property.VERSION: product.c.version,
    Property.COLLECTION: product.c.collection,
    Property.PLATFORM: product.c.platform,
    Property.ZONE: product.c.zone,
    Property.CLOUD: product.c.cloud,
    Property.SNOW: product.c.snow,
    Property.DAY: product.c.day,
}


def where(tree: Filter, dialect: str) -> ColumnElement[bool]:
    """A filter as an SQL condition on the table product."""
    match tree:
        case And(parts):
            return and_(true(), *(where(part, dialect) for part in parts))
        case Or(parts):
            return or_(false(), *(where(part, dialect) for part in parts))
        case Not(part):
            return not_(where(part, dialect))
        case Among(prop, values):
            return _COLUMNS[prop].in_(values)
        case During(period):
            return and_(product.c.start_us < period.end, product.c.end_us > period.start)
        case Meets(box):
            return _meets_sqlite(box) if dialect == "sqlite" else _meets_postgis(box)
        case Compare():
            return _compare(tree)
        case _:
            assert_never(tree)


def order(by: Order) -> tuple[ColumnElement[object], ...]:
    """A total order: it ends with the product's key."""
    match by:
        case Order.NEWEST:
            return (product.c.day.desc(), product.c.start_us.desc(), product.c.key.desc())
        case Order.OLDEST:
            return (product.c.day.asc(), product.c.start_us.asc(), product.c.key.asc())
        case Order.LEAST_CLOUDY:
            return (func.coalesce(product.c.cloud, 101.0).asc(), product.c.day.desc(), product.c.key.desc())
        case _:
            assert_never(by)


def _compare(tree: Compare) -> ColumnElement[bool]:
    column, value = _COLUMNS[tree.property], tree.value
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


def _meets_sqlite(box: Box) -> ColumnElement[bool]:
    found = select(box_rtree.c.product).where(
        box_rtree.c.west <= box.east,
        box_rtree.c.east >= box.west,
        box_rtree.c.south <= box.north,
        box_rtree.c.north >= box.south,
    )
    return product.c.key.in_(found)


def _meets_postgis(box: Box) -> ColumnElement[bool]:
    envelope = func.ST_MakeEnvelope(
        literal(box.west), literal(box.south), literal(box.east), literal(box.north), 4326
    )
    found = select(box_area.c.product).where(box_area.c.area.op("&&")(envelope))
    return product.c.key.in_(found)
