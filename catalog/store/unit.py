# SPDX-License-Identifier: Apache-2.0
"""One unit of work: what it changes becomes visible at once, or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from catalog.model.area import Box, union
from catalog.model.product import Asset, Product, version_order
from catalog.model.record import Record
from catalog.model.time import Micros, Period
from catalog.store import tables
from catalog.store.rows import PUBLISHED, SUPERSEDED, WITHDRAWN, facts_of, joined, product_of
from catalog.store.stations import StationWriter

_QUICK = 2
"""Of zlib's levels: half the time of the usual one for a fifth more bytes."""
_SIDES = ("west", "south", "east", "north")
# Made once: these are run for every record.
_RECORDS = select(tables.record).where(tables.record.c.id.in_(bindparam("ids", expanding=True)))
_UNBURY = delete(tables.tombstone).where(tables.tombstone.c.id.in_(bindparam("ids", expanding=True)))
_REMOVE = delete(tables.record).where(tables.record.c.key.in_(bindparam("keys", expanding=True)))
_LAST_RECORD = select(func.coalesce(func.max(tables.record.c.key), 0))
_NEXT_RECORDS = text(
    "SELECT nextval(pg_get_serial_sequence('record', 'key')) FROM generate_series(1, :count)"
)
_INDICES: dict[str, tuple[Executable, Executable]] = {
    "sqlite": (insert(tables.record_rtree), insert(tables.record_fts)),
    "postgresql": (
        text("INSERT INTO record_box VALUES (:record, ST_MakeEnvelope(:west, :south, :east, :north, 4326))"),
        text("INSERT INTO record_text VALUES (:rowid, to_tsvector('simple', :words))"),
    ),
}


class Unit:
    """What may be done inside one unit of work."""

    def __init__(self, connection: Connection, dialect: str) -> None:
        self.connection, self._dialect = connection, dialect
        self.stations = StationWriter(connection, dialect)

    def versions(self, product_id: str) -> dict[str, tuple[int, str]]:
        """The key and status of each version of a product."""
        query = select(tables.product.c.version, tables.product.c.key, tables.product.c.status).where(
            tables.product.c.id == product_id
        )
        return {row.version: (row.key, row.status) for row in self.connection.execute(query)}

    def publish(self, product: Product, visible_from: Micros, at: Micros) -> str:
        """Stores a product. The newest version is the published one, older ones are superseded; returns new, updated or older.

        The same version again replaces the stored one.
        """
        versions = self.versions(product.id)
        if product.version in versions:
            self.connection.execute(
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
            self.connection.execute(
                update(tables.product).where(tables.product.c.key.in_(older)).values(status=SUPERSEDED)
            )
        self._insert(product, SUPERSEDED if newer else PUBLISHED, visible_from, at)
        return "older" if newer else "updated" if versions else "new"

    def put_record(self, record: Record, visible_from: Micros, changed: Micros | None = None) -> None:
        """Stores a record; one of the same id is replaced. A collection's grows by what it had.

        `changed` is when the catalogue learned of it, where its own date of change is another.
        """
        self.put_records([record], visible_from, changed)

    def put_records(
        self, records: Sequence[Record], visible_from: Micros, changed: Micros | None = None
    ) -> None:
        """The same for records of different ids, with a statement for all of them instead of one for each."""
        if not records:
            return
        ids = {"ids": [record.id for record in records]}
        before = {row.id: row for row in self.connection.execute(_RECORDS, ids)}
        self.connection.execute(_UNBURY, ids)
        if before:
            self.connection.execute(_REMOVE, {"keys": [row.key for row in before.values()]})
        keys = self._record_keys(len(records))
        rows = [
            {"key": key, **_row_of(record, visible_from, changed, before.get(record.id))}
            for key, record in zip(keys, records, strict=True)
        ]
        self.connection.execute(insert(tables.record), rows)
        self._index_records(rows, [record.words for record in records])
        originals = [
            {"record": key, "body": zlib.compress(record.foreign.original, _QUICK)}
            for key, record in zip(keys, records, strict=True)
            if record.foreign is not None and record.foreign.original
        ]
        if originals:
            self.connection.execute(insert(tables.record_original), originals)

    def _record_keys(self, count: int) -> list[int]:
        """New keys, that are nobody else's: on SQLite this unit is the only one that writes."""
        if self._dialect == "sqlite":
            most: int = self.connection.execute(_LAST_RECORD).scalar_one()
            return list(range(most + 1, most + 1 + count))
        return list(self.connection.execute(_NEXT_RECORDS, {"count": count}).scalars())

    def _index_records(self, rows: Sequence[dict[str, Any]], words: Sequence[str]) -> None:
        """Puts records into the indices of places and words."""
        corners = [
            {"record": row["key"], "key": row["key"], **{side: row[side] for side in _SIDES}}
            for row in rows
            if row["west"] is not None
        ]
        texts = [{"rowid": row["key"], "words": one} for row, one in zip(rows, words, strict=True)]
        boxes, index = _INDICES[self._dialect]
        if corners:
            self.connection.execute(boxes, corners)
        self.connection.execute(index, texts)

    def bury_record(self, record_id: str, at: Micros) -> None:
        """Removes a record and remembers that it was there, for harvesters; nothing where there is none."""
        r = tables.record.c
        what = select(r.id, r.kind, r.collection, r.audience, r.visible_from_us, literal(at)).where(
            r.id == record_id
        )
        columns = ["id", "kind", "collection", "audience", "visible_from_us", "changed_us"]
        self.connection.execute(delete(tables.tombstone).where(tables.tombstone.c.id == record_id))
        self.connection.execute(insert(tables.tombstone).from_select(columns, what))
        self.connection.execute(delete(tables.record).where(r.id == record_id))

    def clear_records(self) -> None:
        """Removes the records of our own things, before they are made anew."""
        self.connection.execute(delete(tables.record).where(tables.record.c.source == ""))

    def original_of_record(self, record_id: str) -> bytes:
        """What was received of a record; empty where nothing was, or there is none."""
        r, o = tables.record.c, tables.record_original
        query = select(o.c.body).join(tables.record, r.key == o.c.record).where(r.id == record_id)
        body = self.connection.execute(query).scalar()
        return b"" if body is None else zlib.decompress(body)

    def sources_of_records(self, ids: Sequence[str]) -> dict[str, tuple[str, Micros]]:
        """The same for several; those that are not there are left out."""
        c = tables.record.c
        query = select(c.id, c.source, c.modified_us).where(c.id.in_(ids))
        return {row.id: (row.source, Micros(row.modified_us)) for row in self.connection.execute(query)}

    def source_of_record(self, record_id: str) -> tuple[str, Micros] | None:
        """Whose a record is (a source, or empty for ours), and when it changed; None where there is none."""
        c = tables.record.c
        row = self.connection.execute(select(c.source, c.modified_us).where(c.id == record_id)).one_or_none()
        return None if row is None else (row.source, Micros(row.modified_us))

    def key_of_published(self, product_id: str, version: str) -> int | None:
        """The number of a version of a product, if it is the published one."""
        c = tables.product.c
        mine = and_(c.id == product_id, c.version == version, c.status == PUBLISHED)
        return self.connection.execute(select(c.key).where(mine)).scalar()

    def published(self, product_id: str) -> Product | None:
        """The published version of a product, without its assets."""
        c = tables.product.c
        mine = and_(c.id == product_id, c.status == PUBLISHED)
        row = self.connection.execute(select(tables.product).where(mine)).one_or_none()
        return product_of(row, (), {}) if row else None

    def in_any_state(self, product_id: str) -> bool:
        """Whether there is, or was, a product of this id."""
        return bool(self.versions(product_id))

    def share(self, product_id: str, audience: str) -> bool:
        """Gives a product and its record another audience within spaces; false when there is no such product."""
        c = tables.product.c
        done = self.connection.execute(
            update(tables.product).where(c.id == product_id).values(audience=audience)
        ).rowcount
        self.connection.execute(
            update(tables.record).where(tables.record.c.id == product_id).values(audience=audience)
        )
        return bool(done)

    def make_official(self, product_id: str, official_id: str, collection: str, at: Micros) -> None:
        """Takes all versions of a product out of its space: another id, the official collection, everybody's audience."""
        c = tables.product.c
        self.bury_record(product_id, at)
        o = tables.job_output.c
        self.connection.execute(
            update(tables.job_output).where(o.product == product_id).values(product=official_id)
        )
        self.connection.execute(
            update(tables.product)
            .where(c.id == product_id)
            .values(id=official_id, collection=collection, audience="")
        )

    def withdraw(self, product_id: str, version: str | None, reason: str, at: Micros) -> list[str]:
        """Withdraws one version or all of them; the newest that is left becomes the published one. Returns the versions withdrawn."""
        versions = self.versions(product_id)
        gone = [
            name for name, (_, status) in versions.items() if status != WITHDRAWN and version in (None, name)
        ]
        keys = [versions[name][0] for name in gone]
        self.connection.execute(
            update(tables.product)
            .where(tables.product.c.key.in_(keys))
            .values(status=WITHDRAWN, reason=reason)
        )
        if any(versions[name][1] == PUBLISHED for name in gone):
            self.bury_record(product_id, at)
        left = sorted(
            (name for name, (_, status) in versions.items() if status != WITHDRAWN and name not in gone),
            key=version_order,
        )
        if left:
            self.connection.execute(
                update(tables.product)
                .where(tables.product.c.key == versions[left[-1]][0])
                .values(status=PUBLISHED)
            )
        return gone

    def note(self, at: Micros, actor: str, action: str, subject: str, detail: str = "") -> None:
        """Adds a line to the audit log."""
        self.connection.execute(
            insert(tables.journal).values(
                at_us=at, actor=actor, action=action, subject=subject, detail=detail
            )
        )

    def move(self, paths: Sequence[str], tier: str) -> None:
        """Files are kept elsewhere from now on."""
        self.connection.execute(update(tables.asset).where(tables.asset.c.path.in_(paths)).values(tier=tier))

    def bump(self) -> None:
        """Counts the revision up."""
        self.connection.execute(
            text("UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'revision'")
        )

    def _insert(self, product: Product, status: str, visible_from: Micros, at: Micros) -> None:
        extent = union(product.boxes)
        values = {
            "id": product.id, "version": product.version, "collection": product.collection, "status": status, "day": product.day,
            "start_us": product.period.start, "end_us": product.period.end, "visible_from_us": visible_from, "produced_us": product.produced,
            "ingested_us": at, "cloud": product.cloud, "snow": product.snow, "platform": product.platform, "zone": product.zone,
            "source": product.source, "reason": "", "footprint": product.footprint, "audience": product.audience,
            "west": extent.west if extent else None, "south": extent.south if extent else None,
            "east": extent.east if extent else None, "north": extent.north if extent else None,
        }  # fmt: skip
        key = self.connection.execute(
            insert(tables.product).values(values).returning(tables.product.c.key)
        ).scalar_one()
        self._insert_boxes(key, product.boxes)
        for asset in product.assets:
            self._insert_asset(key, asset)
        if product.quality:
            self.connection.execute(
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
            "value_offset": asset.offset, "nodata": joined(asset.nodata), "overviews": joined(asset.overviews), "low": asset.low,
        }  # fmt: skip
        asset_key = self.connection.execute(
            insert(tables.asset).values(values).returning(tables.asset.c.key)
        ).scalar_one()
        if asset.bands:
            self.connection.execute(
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
                self.connection.execute(insert(tables.box_rtree).values(corners))
            else:
                self.connection.execute(
                    text(
                        "INSERT INTO product_box VALUES (:product, ST_MakeEnvelope(:west, :south, :east, :north, 4326))"
                    ),
                    corners,
                )


def _row_of(
    record: Record, visible_from: Micros, changed: Micros | None, before: Row[Any] | None
) -> dict[str, Any]:
    """A record's columns but its key; a collection's place and time hold those that it had."""
    box, period = record.box, record.period
    if before is not None and record.kind == "collection":
        box = union([one for one in (box, _box_of(before)) if one is not None])
        period = _joined(period, before)
        visible_from = min(visible_from, before.visible_from_us)
    return {
        "id": record.id, "kind": record.kind, "collection": record.collection, "product": record.product,
        "station": record.station, "audience": record.audience, "lineage": record.lineage, "visible_from_us": visible_from,
        "title": record.title, "abstract": record.abstract, "keywords": "\n".join(record.keywords),
        "start_us": period.start if period else None, "end_us": period.end if period else None, "modified_us": record.modified,
        "changed_us": max(record.modified if changed is None else changed, visible_from), "west": box.west if box else None,
        "south": box.south if box else None, "east": box.east if box else None, "north": box.north if box else None,
        "source": record.foreign.source if record.foreign else "", "facts": facts_of(record.foreign) if record.foreign else "",
    }  # fmt: skip


def _box_of(row: Row[Any]) -> Box | None:
    return None if row.west is None else Box(west=row.west, south=row.south, east=row.east, north=row.north)


def _joined(period: Period | None, before: Row[Any]) -> Period | None:
    """The stretch that holds a period and that of a stored record."""
    if period is None or before.start_us is None:
        return period
    return Period(Micros(min(period.start, before.start_us)), Micros(max(period.end, before.end_us)))
