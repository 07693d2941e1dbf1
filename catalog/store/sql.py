# SPDX-License-Identifier: Apache-2.0
"""The store on SQLAlchemy Core: SQLite with an R*Tree for one machine, PostgreSQL with PostGIS for a centre; same code, same tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from catalog.model.area import Box, union
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline
from catalog.model.product import Asset, AssetRole, Grid, Product, Record, Summary, version_order
from catalog.model.time import Day, Micros, Period
from catalog.query import Filter, Order
from catalog.store import compile as sql
from catalog.store import migrate, tables

PUBLISHED, SUPERSEDED, WITHDRAWN = "published", "superseded", "withdrawn"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Visible:
    """Which products a caller may see: of some statuses, and whose embargo has ended by a moment."""

    statuses: tuple[str, ...]
    at: Micros
    hidden: tuple[str, ...] = ()
    """Collections that do not exist for the caller."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as it is kept: never the key."""

    id: str
    digest: str
    owner: str
    role: str
    groups: tuple[str, ...]
    label: str
    created: Micros
    expires: Micros | None = None
    revoked: Micros | None = None
    last_used: Micros | None = None


class Store:
    """The catalogue's tables. Only `catalog.service` and `catalog.ingest` use it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)
        self._dialect = engine.dialect.name

    def revision(self) -> int:
        """The counter that every publication bumps, in the same transaction."""
        with self._answering() as connection:
            return int(connection.execute(_REVISION).scalar_one())

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """One unit of work: all of it becomes visible at once, or nothing does. Writers come one after the other."""
        with self._writer.begin() as connection:
            if self._dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(4712)"))
            unit = Unit(connection, self._dialect)
            yield unit
            unit.bump()

    def find(
        self,
        tree: Filter,
        visible: Visible,
        order: Order,
        limit: int,
        deadline: Deadline,
        bands: Sequence[str] | None = None,
    ) -> tuple[Product, ...]:
        """The products of a filter with their assets; with `bands`, only the assets that hold one of these, and the visuals."""
        query = (
            select(tables.product)
            .where(_visible(visible), sql.where(tree, self._dialect))
            .order_by(*sql.order(order))
            .limit(limit)
        )
        with self._reading(deadline) as connection:
            rows = connection.execute(query).all()
            keys = [row.key for row in rows]
            assets = _assets(connection, keys, bands)
            qualities = _qualities(connection, keys) if bands is None else {}
        return tuple(_product(row, assets.get(row.key, ()), qualities.get(row.key, {})) for row in rows)

    def count(self, tree: Filter, visible: Visible, deadline: Deadline) -> int:
        """How many products a filter has."""
        with self._reading(deadline) as connection:
            query = (
                select(func.count())
                .select_from(tables.product)
                .where(_visible(visible), sql.where(tree, self._dialect))
            )
            return int(connection.execute(query).scalar_one())

    def find_records(
        self, tree: Filter, visible: Visible, order: Order, limit: int, offset: int, deadline: Deadline
    ) -> tuple[Record, ...]:
        """The records of a filter, a page of them."""
        seen = and_(_seen_record(visible), sql.where(tree, self._dialect, sql.RECORDS))
        query = (
            select(tables.record)
            .where(seen)
            .order_by(*sql.order(order, sql.RECORDS))
            .limit(limit)
            .offset(offset)
        )
        with self._reading(deadline) as connection:
            return tuple(_record(row) for row in connection.execute(query))

    def count_records(self, tree: Filter, visible: Visible, deadline: Deadline) -> int:
        """How many records a filter has."""
        seen = and_(_seen_record(visible), sql.where(tree, self._dialect, sql.RECORDS))
        with self._reading(deadline) as connection:
            return int(
                connection.execute(select(func.count()).select_from(tables.record).where(seen)).scalar_one()
            )

    def published(self) -> Iterator[Product]:
        """Every published product, without its assets, for making the records anew."""
        query = (
            select(tables.product).where(tables.product.c.status == PUBLISHED).order_by(tables.product.c.key)
        )
        with self.engine.connect() as connection:
            for row in connection.execute(query):
                yield _product(row, (), {})

    def summary(self, collection: str, visible: Visible, deadline: Deadline) -> Summary:
        """What a collection holds: its days, extent and native CRSs."""
        mine = tables.product.c.collection == collection
        with self._reading(deadline) as connection:
            days = (
                connection.execute(
                    select(tables.product.c.day)
                    .where(mine, _visible(visible))
                    .distinct()
                    .order_by(tables.product.c.day)
                )
                .scalars()
                .all()
            )
            epsgs = connection.execute(
                select(tables.asset.c.epsg)
                .join(tables.product, tables.product.c.key == tables.asset.c.product)
                .where(mine, _visible(visible), tables.asset.c.epsg.is_not(None))
                .distinct()
            ).scalars()
            counted = connection.execute(
                select(
                    func.count(), func.min(tables.product.c.start_us), func.max(tables.product.c.end_us)
                ).where(mine, _visible(visible))
            ).one()
            extent = self._extent(connection, collection, visible)
            return Summary(
                collection,
                tuple(Day(day) for day in days),
                extent,
                tuple(sorted(epsgs)),
                counted[0],
                counted[1],
                counted[2],
            )

    def journal(self, limit: int = 100) -> list[tuple[int, str, str, str, str]]:
        """The newest entries of the audit log: moment, actor, action, subject, detail."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(tables.journal).order_by(tables.journal.c.key.desc()).limit(limit)
            ).all()
        return [(row.at_us, row.actor, row.action, row.subject, row.detail) for row in rows]

    def paths(self) -> Iterator[tuple[str, str, str]]:
        """Every asset of a product that is not withdrawn: product id, path, sha256; with the paths of their low-zoom arrays."""
        query = select(
            tables.product.c.id, tables.asset.c.path, tables.asset.c.sha256, tables.asset.c.low
        ).join(tables.asset, tables.asset.c.product == tables.product.c.key)
        with self.engine.connect() as connection:
            for row in connection.execute(query.where(tables.product.c.status != WITHDRAWN)):
                yield row.id, row.path, row.sha256
                if row.low:
                    yield row.id, row.low, ""

    def add_key(self, row: KeyRow, actor: str) -> None:
        """Stores a key, with a line in the audit log."""
        values = {
            "id": row.id, "digest": row.digest, "owner": row.owner, "role": row.role, "member_of": " ".join(row.groups), "label": row.label,
            "created_us": row.created, "expires_us": row.expires,
        }  # fmt: skip
        with self._writer.begin() as connection:
            connection.execute(insert(tables.api_key).values(values))
            Unit(connection, self._dialect).note(row.created, actor, "create key", row.id, row.owner)

    def keys(self) -> list[KeyRow]:
        """All keys, oldest first."""
        with self.engine.connect() as connection:
            return [
                _key_row(row)
                for row in connection.execute(
                    select(tables.api_key).order_by(tables.api_key.c.created_us, tables.api_key.c.id)
                )
            ]

    def key_of(self, digest: str) -> KeyRow | None:
        """The key of a digest."""
        with self._answering() as connection:
            row = connection.execute(
                select(tables.api_key).where(tables.api_key.c.digest == digest)
            ).one_or_none()
        return _key_row(row) if row else None

    def revoke_key(self, key_id: str, at: Micros, actor: str) -> bool:
        """Ends a key; false when none of this id still works."""
        mine = and_(tables.api_key.c.id == key_id, tables.api_key.c.revoked_us.is_(None))
        with self._writer.begin() as connection:
            done = connection.execute(update(tables.api_key).where(mine).values(revoked_us=at)).rowcount
            if done:
                Unit(connection, self._dialect).note(at, actor, "revoke key", key_id)
        return bool(done)

    def touch_key(self, key_id: str, at: Micros) -> None:
        """Notes that a key was used, unless a writer is busy: a request never waits for that."""
        statement = update(tables.api_key).where(tables.api_key.c.id == key_id).values(last_used_us=at)
        if self._dialect != "sqlite":
            with self._writer.begin() as connection:
                connection.execute(statement)
            return
        with self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute(statement)
                connection.commit()
            except OperationalError:
                connection.rollback()
            finally:
                driver.execute("PRAGMA busy_timeout = 30000")

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    def _extent(self, connection: Connection, collection: str, visible: Visible) -> Box | None:
        mine = select(tables.product.c.key).where(
            tables.product.c.collection == collection, _visible(visible)
        )
        if self._dialect == "sqlite":
            box = tables.box_rtree
            west, south, east, north = connection.execute(
                select(
                    func.min(box.c.west), func.min(box.c.south), func.max(box.c.east), func.max(box.c.north)
                ).where(box.c.product.in_(mine))
            ).one()
        else:
            area = tables.box_area.c.area
            query = select(
                func.min(func.ST_XMin(area)),
                func.min(func.ST_YMin(area)),
                func.max(func.ST_XMax(area)),
                func.max(func.ST_YMax(area)),
            )
            west, south, east, north = connection.execute(
                query.where(tables.box_area.c.product.in_(mine))
            ).one()
        return None if west is None else Box(west=west, south=south, east=east, north=north)

    @contextmanager
    def _answering(self, deadline: Deadline | None = None) -> Iterator[Connection]:
        """A connection for a request. A database that is away is Fault UNAVAILABLE; one that stopped at the deadline, Fault BUSY."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except OperationalError as error:
            if deadline is not None:
                deadline.check()
            raise Fault(
                Kind.UNAVAILABLE, "the catalogue cannot be asked now; again in a moment", retry_after=5
            ) from error

    @contextmanager
    def _reading(self, deadline: Deadline) -> Iterator[Connection]:
        deadline.check()
        with self._answering(deadline) as connection:
            if self._dialect == "postgresql":
                milliseconds = max(1, int(deadline.seconds_left * 1_000))
                connection.execute(
                    text("SELECT set_config('statement_timeout', :t, true)"), {"t": str(milliseconds)}
                )
            yield connection


class Unit:
    """What may be done inside one unit of work."""

    def __init__(self, connection: Connection, dialect: str) -> None:
        self._connection, self._dialect = connection, dialect

    def versions(self, product_id: str) -> dict[str, tuple[int, str]]:
        """The key and status of each version of a product."""
        query = select(tables.product.c.version, tables.product.c.key, tables.product.c.status).where(
            tables.product.c.id == product_id
        )
        return {row.version: (row.key, row.status) for row in self._connection.execute(query)}

    def publish(self, product: Product, visible_from: Micros, at: Micros) -> str:
        """Stores a product. The newest version is the published one, older ones are superseded; returns new, updated or older.

        The same version again replaces the stored one.
        """
        versions = self.versions(product.id)
        if product.version in versions:
            self._connection.execute(
                delete(tables.product).where(tables.product.c.key == versions[product.version][0])
            )
        others = {
            version: found
            for version, found in versions.items()
            if version != product.version and found[1] != WITHDRAWN
        }
        newer = [version for version in others if version_order(version) > version_order(product.version)]
        if not newer:
            older = [key for key, status in others.values() if status == PUBLISHED]
            self._connection.execute(
                update(tables.product).where(tables.product.c.key.in_(older)).values(status=SUPERSEDED)
            )
        self._insert(product, SUPERSEDED if newer else PUBLISHED, visible_from, at)
        return "older" if newer else "updated" if versions else "new"

    def put_record(self, record: Record, visible_from: Micros) -> None:
        """Stores a record; one of the same id is replaced. A collection's grows by what it had."""
        before = self._connection.execute(
            select(tables.record).where(tables.record.c.id == record.id)
        ).one_or_none()
        box, start, end = record.box, record.period.start, record.period.end
        if before is not None:
            self._connection.execute(delete(tables.record).where(tables.record.c.key == before.key))
            if record.kind == "collection":
                box = (
                    union(
                        (box, Box(west=before.west, south=before.south, east=before.east, north=before.north))
                    )
                    or box
                )
                start, end = min(start, before.start_us), max(end, before.end_us)
                visible_from = min(visible_from, before.visible_from_us)
        values = {
            "id": record.id, "kind": record.kind, "collection": record.collection, "product": record.product, "visible_from_us": visible_from,
            "title": record.title, "abstract": record.abstract, "keywords": "\n".join(record.keywords), "start_us": start, "end_us": end,
            "modified_us": record.modified, "west": box.west, "south": box.south, "east": box.east, "north": box.north,
        }  # fmt: skip
        key = self._connection.execute(
            insert(tables.record).values(values).returning(tables.record.c.key)
        ).scalar_one()
        corners = {"west": box.west, "south": box.south, "east": box.east, "north": box.north, "record": key}
        if self._dialect == "sqlite":
            self._connection.execute(insert(tables.record_rtree).values(corners))
            self._connection.execute(insert(tables.record_fts).values(rowid=key, words=record.words))
        else:
            self._connection.execute(
                text(
                    "INSERT INTO record_box VALUES (:record, ST_MakeEnvelope(:west, :south, :east, :north, 4326))"
                ),
                corners,
            )
            words = "INSERT INTO record_text VALUES (:record, to_tsvector('simple', :words))"
            self._connection.execute(text(words), {"record": key, "words": record.words})

    def clear_records(self) -> None:
        """Removes all records, before they are made anew."""
        self._connection.execute(delete(tables.record))

    def key_of_published(self, product_id: str, version: str) -> int | None:
        """The number of a version of a product, if it is the published one."""
        c = tables.product.c
        mine = and_(c.id == product_id, c.version == version, c.status == PUBLISHED)
        return self._connection.execute(select(c.key).where(mine)).scalar()

    def published(self, product_id: str) -> Product | None:
        """The published version of a product, without its assets."""
        c = tables.product.c
        mine = and_(c.id == product_id, c.status == PUBLISHED)
        row = self._connection.execute(select(tables.product).where(mine)).one_or_none()
        return _product(row, (), {}) if row else None

    def withdraw(self, product_id: str, version: str | None, reason: str) -> list[str]:
        """Withdraws one version or all of them; the newest that is left becomes the published one. Returns the versions withdrawn."""
        versions = self.versions(product_id)
        gone = [
            name for name, (_, status) in versions.items() if status != WITHDRAWN and version in (None, name)
        ]
        keys = [versions[name][0] for name in gone]
        self._connection.execute(
            update(tables.product)
            .where(tables.product.c.key.in_(keys))
            .values(status=WITHDRAWN, reason=reason)
        )
        self._connection.execute(delete(tables.record).where(tables.record.c.product.in_(keys)))
        left = sorted(
            (name for name, (_, status) in versions.items() if status != WITHDRAWN and name not in gone),
            key=version_order,
        )
        if left:
            self._connection.execute(
                update(tables.product)
                .where(tables.product.c.key == versions[left[-1]][0])
                .values(status=PUBLISHED)
            )
        return gone

    def note(self, at: Micros, actor: str, action: str, subject: str, detail: str = "") -> None:
        """Adds a line to the audit log."""
        self._connection.execute(
            insert(tables.journal).values(
                at_us=at, actor=actor, action=action, subject=subject, detail=detail
            )
        )

    def bump(self) -> None:
        """Counts the revision up."""
        self._connection.execute(
            text("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'revision'")
        )

    def _insert(self, product: Product, status: str, visible_from: Micros, at: Micros) -> None:
        values = {
            "id": product.id, "version": product.version, "collection": product.collection, "status": status, "day": product.day,
            "start_us": product.period.start, "end_us": product.period.end, "visible_from_us": visible_from, "produced_us": product.produced,
            "ingested_us": at, "cloud": product.cloud, "snow": product.snow, "platform": product.platform, "zone": product.zone,
            "source": product.source, "reason": "", "footprint": product.footprint,
        }  # fmt: skip
        key = self._connection.execute(
            insert(tables.product).values(values).returning(tables.product.c.key)
        ).scalar_one()
        self._insert_boxes(key, product.boxes)
        for asset in product.assets:
            self._insert_asset(key, asset)
        if product.quality:
            self._connection.execute(
                insert(tables.quality),
                [{"product": key, "name": name, "value": value} for name, value in product.quality.items()],
            )

    def _insert_asset(self, key: int, asset: Asset) -> None:
        grid = asset.grid
        values = {
            "product": key, "name": asset.key, "role": asset.role.value, "path": asset.path, "driver": asset.driver, "bytes": asset.bytes,
            "sha256": asset.sha256, "tier": asset.tier, "epsg": grid.epsg if grid else None, "west": grid.west if grid else None,
            "north": grid.north if grid else None, "pixel_width": grid.pixel_width if grid else None, "pixel_height": grid.pixel_height if grid else None,
            "width": grid.width if grid else None, "height": grid.height if grid else None, "dtype": asset.dtype, "scale": asset.scale,
            "value_offset": asset.offset, "nodata": _joined(asset.nodata), "overviews": _joined(asset.overviews), "low": asset.low,
        }  # fmt: skip
        asset_key = self._connection.execute(
            insert(tables.asset).values(values).returning(tables.asset.c.key)
        ).scalar_one()
        if asset.bands:
            self._connection.execute(
                insert(tables.asset_band),
                [
                    {"asset": asset_key, "name": name, "number": number}
                    for name, number in asset.bands.items()
                ],
            )

    def _insert_boxes(self, key: int, boxes: Iterable[Box]) -> None:
        for box in boxes:
            corners = {
                "west": box.west,
                "south": box.south,
                "east": box.east,
                "north": box.north,
                "product": key,
            }
            if self._dialect == "sqlite":
                self._connection.execute(insert(tables.box_rtree).values(corners))
            else:
                self._connection.execute(
                    text(
                        "INSERT INTO product_box VALUES (:product, ST_MakeEnvelope(:west, :south, :east, :north, 4326))"
                    ),
                    corners,
                )


def open_store(url: str) -> Store:
    """A store at a database URL, with its schema brought up to date."""
    store = Store(_engine(url))
    migrate.upgrade(store.engine)
    return store


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=4, max_overflow=4, pool_pre_ping=True
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 30})
    event.listen(engine, "connect", _pragmas)
    event.listen(
        engine,
        "begin",
        lambda connection: connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
        ),
    )
    return engine


def _pragmas(connection: object, _record: object) -> None:
    """WAL so that readers never wait for the writer; the driver's own transactions off, so that DDL is transactional too."""
    connection.isolation_level = None  # type: ignore[attr-defined]
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]


_REVISION = select(tables.meta.c.value).where(tables.meta.c.key == "revision")


def _visible(visible: Visible) -> ColumnElement[bool]:
    seen = and_(tables.product.c.status.in_(visible.statuses), tables.product.c.visible_from_us <= visible.at)
    return and_(seen, tables.product.c.collection.not_in(visible.hidden)) if visible.hidden else seen


def _seen_record(visible: Visible) -> ColumnElement[bool]:
    seen = tables.record.c.visible_from_us <= visible.at
    return and_(seen, tables.record.c.collection.not_in(visible.hidden)) if visible.hidden else seen


def _record(row: Row[tuple[object, ...]]) -> Record:
    return Record(
        row.id, row.kind, row.collection, row.title, row.abstract, tuple(row.keywords.split("\n")) if row.keywords else (),
        Period(row.start_us, row.end_us), row.modified_us, Box(west=row.west, south=row.south, east=row.east, north=row.north), "", row.product,
    )  # fmt: skip


def _key_row(row: Row[tuple[object, ...]]) -> KeyRow:
    return KeyRow(
        row.id, row.digest, row.owner, row.role, tuple(row.member_of.split()), row.label,
        row.created_us, row.expires_us, row.revoked_us, row.last_used_us,
    )  # fmt: skip


def _assets(
    connection: Connection, keys: Sequence[int], bands: Sequence[str] | None
) -> dict[int, list[Asset]]:
    out: dict[int, list[Asset]] = {}
    for at in range(0, len(keys), _CHUNK):
        query = (
            select(tables.asset, tables.asset_band.c.name.label("band"), tables.asset_band.c.number)
            .outerjoin(tables.asset_band, tables.asset_band.c.asset == tables.asset.c.key)
            .where(tables.asset.c.product.in_(keys[at : at + _CHUNK]))
            .order_by(tables.asset.c.key, tables.asset_band.c.number)
        )
        if bands is not None:
            query = query.where(
                tables.asset_band.c.name.in_(bands) | (tables.asset.c.role == AssetRole.VISUAL.value)
            )
        found: dict[int, tuple[Row[tuple[object, ...]], dict[str, int]]] = {}
        for row in connection.execute(query):
            found.setdefault(row.key, (row, {}))[1].update({row.band: row.number} if row.band else {})
        for row, named in found.values():
            out.setdefault(row.product, []).append(_asset(row, named))
    return out


def _qualities(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    out: dict[int, dict[str, str]] = {}
    for at in range(0, len(keys), _CHUNK):
        for row in connection.execute(
            select(tables.quality).where(tables.quality.c.product.in_(keys[at : at + _CHUNK]))
        ):
            out.setdefault(row.product, {})[row.name] = row.value
    return out


def _asset(row: Row[tuple[object, ...]], bands: Mapping[str, int]) -> Asset:
    grid = None
    if row.epsg is not None:
        grid = Grid(row.epsg, row.west, row.north, row.pixel_width, row.pixel_height, row.width, row.height)
    return Asset(
        row.name, AssetRole(row.role), row.path, row.driver, row.bytes, row.sha256, grid, row.dtype, bands, row.scale, row.value_offset,
        _split(row.nodata), _split(row.overviews), row.low, row.tier,
    )  # fmt: skip


def _product(row: Row[tuple[object, ...]], assets: Sequence[Asset], quality: Mapping[str, str]) -> Product:
    return Product(
        row.id, row.version, row.collection, Period(row.start_us, row.end_us), Day(row.day), row.footprint, footprint_boxes(row.footprint),
        tuple(assets), row.cloud, row.snow, row.platform, row.zone, row.produced_us, row.source, quality, row.key,
    )  # fmt: skip


def footprint_boxes(wkb: bytes) -> tuple[Box, ...]:
    """One box per part of a footprint that is split at the antimeridian, else one box for all parts."""
    shape = shapely.from_wkb(wkb)
    boxes = [
        Box(west=b[0], south=b[1], east=b[2], north=b[3])
        for b in shapely.bounds(shapely.get_parts(shape)).tolist()
    ]
    whole = union(boxes)
    assert whole is not None
    return tuple(boxes) if whole.width > 180.0 and len(boxes) > 1 else (whole,)


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in numbers)


def _split(joined: str) -> tuple[int, ...]:
    return tuple(int(part) for part in joined.split(",")) if joined else ()
