# SPDX-License-Identifier: Apache-2.0
"""Rows to values, and which rows a caller may see."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, bindparam, select

from catalog.geometry import footprint_boxes
from catalog.model.area import Box
from catalog.model.product import Asset, AssetRole, Grid, Product
from catalog.model.record import Foreign, Record, Way
from catalog.model.time import Day, Micros, Period
from catalog.store import tables

PUBLISHED, SUPERSEDED, WITHDRAWN = "published", "superseded", "withdrawn"
_CHUNK = 500
# Made once: to write these anew for each question takes longer than the database needs for the answer.
_ASSETS = (
    select(tables.asset, tables.asset_band.c.name.label("band"), tables.asset_band.c.number)
    .outerjoin(tables.asset_band, tables.asset_band.c.asset == tables.asset.c.key)
    .where(tables.asset.c.product.in_(bindparam("keys", expanding=True)))
    .order_by(tables.asset.c.key, tables.asset_band.c.number)
)
_ASSETS_OF_BANDS = _ASSETS.where(
    tables.asset_band.c.name.in_(bindparam("bands", expanding=True))
    | tables.asset.c.role.in_([AssetRole.VISUAL.value, AssetRole.VECTOR.value])
)
_QUALITIES = select(tables.quality).where(tables.quality.c.product.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True)
class Visible:
    """Which products a caller may see: of some statuses, and whose embargo has ended by a moment."""

    statuses: tuple[str, ...]
    at: Micros
    hidden: tuple[str, ...] = ()
    """Collections that do not exist for the caller."""
    audiences: tuple[str, ...] | None = None
    """Whose products they are: of these audiences, or of all."""


def visible_products(visible: Visible) -> ColumnElement[bool]:
    """The condition that a product is one that the caller may see."""
    status = tables.product.c.status
    one = len(visible.statuses) == 1  # said as an equality, so that an index gives what follows in its order
    seen = and_(
        status == visible.statuses[0] if one else status.in_(visible.statuses), tables.product.c.visible_from_us <= visible.at
    )  # fmt: skip
    if visible.audiences is not None:
        # as an expression, so that its index (for spaces) is not taken: nearly everything is for everybody
        seen = and_(seen, (tables.product.c.audience + "").in_(visible.audiences))
    return and_(seen, tables.product.c.collection.not_in(visible.hidden)) if visible.hidden else seen


@cache
def visible_one(statuses: int, spaces: bool, hidden: bool, version: bool) -> Select[Any]:
    """The same for a product by its `id` (and `version`), made once: to make it costs more than to ask it. Values are those of `values_of`."""
    c = tables.product.c
    seen = [c.id == bindparam("id"), c.visible_from_us <= bindparam("at"), c.status.in_([bindparam(f"status{at}") for at in range(statuses)])]  # fmt: skip
    if spaces:
        seen.append(c.audience.in_(bindparam("audiences", expanding=True)))
    if hidden:
        seen.append(c.collection.not_in(bindparam("hidden", expanding=True)))
    if version:
        seen.append(c.version == bindparam("version"))
    return select(tables.product).where(*seen)


def values_of(visible: Visible) -> dict[str, object]:
    """What a caller may see, as the values of `visible_one`."""
    out: dict[str, object] = {"at": visible.at}
    out |= {f"status{at}": one for at, one in enumerate(visible.statuses)}
    if visible.audiences is not None:
        out["audiences"] = list(visible.audiences)
    return {**out, "hidden": list(visible.hidden)} if visible.hidden else out


def visible_changes(table: Table, visible: Visible) -> ColumnElement[bool]:
    """The condition that a record, or a tombstone, is one that the caller may see."""
    c = table.c
    seen: ColumnElement[bool] = c.visible_from_us <= visible.at
    if visible.audiences is not None:
        seen = and_(seen, c.audience.in_(visible.audiences))
    return and_(seen, c.collection.not_in(visible.hidden)) if visible.hidden else seen


def record_of(row: Row[tuple[object, ...]], original: bytes = b"") -> Record:
    """A record as it was stored, without the words of its index."""
    box = None if row.west is None else Box(west=row.west, south=row.south, east=row.east, north=row.north)
    return Record(
        row.id, row.kind, row.collection, row.title, row.abstract, tuple(row.keywords.split("\n")) if row.keywords else (),
        None if row.start_us is None else Period(row.start_us, row.end_us), row.modified_us, box, "", row.product, row.station, row.audience,
        row.lineage, bool(row.on_tape), _foreign(row.source, row.facts, original) if row.source else None, row.key,
    )  # fmt: skip


def facts_of(foreign: Foreign) -> str:
    """What is stored of a foreign record besides its own columns, as JSON."""
    return json.dumps(
        {
            "remote_id": foreign.remote_id, "url": foreign.url, "form": foreign.form, "language": foreign.language, "publisher": foreign.publisher,
            "rights": foreign.rights, "ways": [[way.name, way.title, way.protocol, way.href] for way in foreign.ways],
        },
        ensure_ascii=False,
    )  # fmt: skip


def _foreign(source: str, facts: str, original: bytes) -> Foreign:
    found = json.loads(facts)
    ways = tuple(Way(*way) for way in found.pop("ways"))
    return Foreign(source, **found, ways=ways, original=zlib.decompress(original) if original else b"")


def assets_of(
    connection: Connection, keys: Sequence[int], bands: Sequence[str] | None
) -> dict[int, list[Asset]]:
    """The assets of products, by key; with `bands`, those that hold one of them, and the visuals."""
    out: dict[int, list[Asset]] = {}
    query = _ASSETS if bands is None else _ASSETS_OF_BANDS
    for at in range(0, len(keys), _CHUNK):
        asked: dict[str, object] = {"keys": keys[at : at + _CHUNK]}
        if bands is not None:
            asked |= {"bands": list(bands)}
        found: dict[int, tuple[Row[tuple[object, ...]], dict[str, int]]] = {}
        for row in connection.execute(query, asked):
            found.setdefault(row.key, (row, {}))[1].update({row.band: row.number} if row.band else {})
        for row, named in found.values():
            out.setdefault(row.product, []).append(_asset(row, named))
    return out


def qualities_of(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """The quality indices of products, by key."""
    out: dict[int, dict[str, str]] = {}
    for at in range(0, len(keys), _CHUNK):
        for row in connection.execute(_QUALITIES, {"keys": keys[at : at + _CHUNK]}):
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


def product_of(row: Row[tuple[object, ...]], assets: Sequence[Asset], quality: Mapping[str, str]) -> Product:
    """A product from its row and what belongs to it."""
    return Product(
        row.id, row.version, row.collection, Period(row.start_us, row.end_us), Day(row.day), row.footprint, footprint_boxes(row.footprint),
        tuple(assets), row.cloud, row.snow, row.platform, row.zone, row.produced_us, row.source, quality, row.audience, row.key,
    )  # fmt: skip


def joined(numbers: Iterable[int]) -> str:
    """Integers as a text."""
    return ",".join(str(number) for number in numbers)


def _split(joined: str) -> tuple[int, ...]:
    return tuple(int(part) for part in joined.split(",")) if joined else ()
