# SPDX-License-Identifier: Apache-2.0
"""Reading products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, and_, case, cast, func, select

from catalog.model.area import Box
from catalog.model.principal import Deadline
from catalog.model.product import Facet, Product, Summary, Totals
from catalog.model.time import Day
from catalog.query import Cursor, Filter, Order
from catalog.store import compile as sql
from catalog.store import tables
from catalog.store.database import Database
from catalog.store.rows import (
    PUBLISHED,
    WITHDRAWN,
    Visible,
    assets_of,
    product_of,
    qualities_of,
    values_of,
    visible_one,
    visible_products,
)


class Products:
    """Products and their assets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        tree: Filter,
        visible: Visible,
        order: Order,
        limit: int,
        deadline: Deadline,
        bands: Sequence[str] | None = None,
        after: Cursor | None = None,
    ) -> tuple[Product, ...]:
        """The products of a filter with their assets; with `bands`, only the assets that hold one of these, and the visuals.

        `after` goes on behind a product of an earlier page (orders NEWEST and OLDEST): publications in between shift nothing.
        """
        sort = sql.order(order)
        page = select(tables.product.c.key).where(
            visible_products(visible), sql.where(tree, self._database.dialect)
        )
        if after is not None:
            page = page.where(sql.behind(order, after))
        # which ones first: what is sorted are then keys, and not thousands of whole products
        page = page.order_by(*sort).limit(limit).correlate(None)
        query = select(tables.product).where(tables.product.c.key.in_(page)).order_by(*sort)
        with self._database.reading(deadline) as connection:
            rows = connection.execute(query).all()
            keys = [row.key for row in rows]
            assets = assets_of(connection, keys, bands)
            qualities = qualities_of(connection, keys) if bands is None else {}
        return tuple(product_of(row, assets.get(row.key, ()), qualities.get(row.key, {})) for row in rows)

    def one(
        self, product_id: str, version: str | None, visible: Visible, deadline: Deadline
    ) -> Product | None:
        """A product with all that belongs to it, by its id, and a version if one is given; None where there is none for the caller."""
        audiences = visible.audiences is not None
        query = visible_one(len(visible.statuses), audiences, bool(visible.hidden), version is not None)
        values = {**values_of(visible), "id": product_id, **({} if version is None else {"version": version})}
        with self._database.reading(deadline) as connection:
            row = connection.execute(query, values).one_or_none()
            if row is None:
                return None
            assets, qualities = assets_of(connection, [row.key], None), qualities_of(connection, [row.key])
        return product_of(row, assets.get(row.key, ()), qualities.get(row.key, {}))

    def count(self, tree: Filter, visible: Visible, deadline: Deadline) -> int:
        """How many products a filter has."""
        with self._database.reading(deadline) as connection:
            query = (
                select(func.count())
                .select_from(tables.product)
                .where(visible_products(visible), sql.where(tree, self._database.dialect))
            )
            return int(connection.execute(query).scalar_one())

    def totals(
        self, tree: Filter, visible: Visible, facets: Sequence[Facet], limit: int, deadline: Deadline
    ) -> Totals:
        """How many products a filter has, from when to when, and how they spread; at most `limit` values a facet."""
        condition = and_(visible_products(visible), sql.where(tree, self._database.dialect))
        c = tables.product.c
        out: dict[Facet, tuple[tuple[str, int], ...]] = {}
        with self._database.reading(deadline) as connection:
            whole = select(func.count(), func.min(c.start_us), func.max(c.end_us)).where(condition)
            count, first, last = connection.execute(whole).one()
            for facet in facets:
                value, number = self._value(facet), func.count()
                order = (value,) if facet in (Facet.MONTH, Facet.CLOUD) else (number.desc(), value)
                query = select(value, number).where(condition, cast(value, Text) != "").group_by(value)
                rows = connection.execute(query.order_by(*order).limit(limit)).all()
                out[facet] = tuple((str(row[0]), int(row[1])) for row in rows)
        return Totals(count, first, last, out)

    def _value(self, facet: Facet) -> ColumnElement[Any]:
        """What products are counted by."""
        c, seconds = tables.product.c, tables.product.c.start_us / 1_000_000
        match facet:
            case Facet.COLLECTION:
                return c.collection
            case Facet.PLATFORM:
                return c.platform
            case Facet.ZONE:
                return c.zone
            case Facet.CLOUD:
                tenth = (
                    func.floor(c.cloud / 10)
                    if self._database.dialect == "postgresql"
                    else cast(c.cloud / 10, Integer)
                )
                return case((c.cloud >= 100, 90), else_=cast(tenth, Integer) * 10)
            case Facet.MONTH:
                if self._database.dialect == "sqlite":
                    return func.strftime("%Y-%m", seconds, "unixepoch")
                return func.to_char(func.timezone("UTC", func.to_timestamp(seconds)), "YYYY-MM")

    def published(self) -> Iterator[Product]:
        """Every published product, without its assets, for making the records anew."""
        query = (
            select(tables.product).where(tables.product.c.status == PUBLISHED).order_by(tables.product.c.key)
        )
        with self._database.engine.connect() as connection:
            for row in connection.execute(query):
                yield product_of(row, (), {})

    def summary(self, collection: str, visible: Visible, deadline: Deadline) -> Summary:
        """What a collection holds: its days, extent and native CRSs."""
        mine = tables.product.c.collection == collection
        with self._database.reading(deadline) as connection:
            days = (
                connection.execute(
                    select(tables.product.c.day)
                    .where(mine, visible_products(visible))
                    .distinct()
                    .order_by(tables.product.c.day)
                )
                .scalars()
                .all()
            )
            natives = connection.execute(_native_extents(mine, visible)).all()
            c = tables.product.c
            whole = connection.execute(
                select(
                    func.count().label("products"),
                    func.min(c.start_us).label("start"),
                    func.max(c.end_us).label("end"),
                    func.min(c.west).label("west"),
                    func.min(c.south).label("south"),
                    func.max(c.east).label("east"),
                    func.max(c.north).label("north"),
                ).where(mine, visible_products(visible))
            ).one()
            extent = (
                None
                if whole.west is None
                else Box(west=whole.west, south=whole.south, east=whole.east, north=whole.north)
            )
            return Summary(
                collection,
                tuple(Day(day) for day in days),
                extent,
                tuple(row.epsg for row in natives),
                whole.products,
                whole.start,
                whole.end,
                Box(
                    west=natives[0].west, south=natives[0].south, east=natives[0].east, north=natives[0].north
                )
                if len(natives) == 1
                else None,
            )

    def changes(self) -> dict[str, int]:
        """How often the products of each collection changed."""
        c = tables.collection_change.c
        with self._database.engine.connect() as connection:
            return {
                row.collection: row.changes for row in connection.execute(select(c.collection, c.changes))
            }

    def space_collections(self, visible: Visible, deadline: Deadline) -> tuple[str, ...]:
        """The collections in spaces that hold a product which the caller may see."""
        c = tables.product.c
        query = (
            select(c.collection)
            .where(visible_products(visible), c.audience != "")
            .distinct()
            .order_by(c.collection)
        )
        with self._database.reading(deadline) as connection:
            return tuple(connection.execute(query).scalars())

    def paths(self, tier: str = "online") -> Iterator[tuple[str, str, str]]:
        """Every asset of a tier, of a product that is not withdrawn: product id, path, sha256; of what is here also the paths of low-zoom arrays."""
        query = select(
            tables.product.c.id,
            tables.asset.c.path,
            tables.asset.c.sha256,
            tables.asset.c.low,
            tables.asset.c.tier,
        ).join(tables.asset, tables.asset.c.product == tables.product.c.key)
        with self._database.engine.connect() as connection:
            for row in connection.execute(query.where(tables.product.c.status != WITHDRAWN)):
                if row.tier == tier:
                    yield row.id, row.path, row.sha256
                if row.low and tier == "online":
                    yield row.id, row.low, ""


def _native_extents(
    mine: ColumnElement[bool], visible: Visible
) -> Select[tuple[int, float, float, float, float]]:
    """The native CRSs of the products, each with the extent of their pixels in it."""
    c = tables.asset.c
    return (
        select(
            c.epsg,
            func.min(c.west).label("west"),
            func.min(c.north - c.height * c.pixel_height).label("south"),
            func.max(c.west + c.width * c.pixel_width).label("east"),
            func.max(c.north).label("north"),
        )
        .join(tables.product, tables.product.c.key == c.product)
        .where(mine, visible_products(visible), c.epsg.is_not(None))
        .group_by(c.epsg)
        .order_by(c.epsg)
    )
