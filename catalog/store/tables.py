# SPDX-License-Identifier: Apache-2.0
"""The tables as SQLAlchemy Core sees them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import NullType

metadata = MetaData()
_KEY = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

product = Table(
    "product",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("visible_from_us", BigInteger, nullable=False),
    Column("produced_us", BigInteger),
    Column("ingested_us", BigInteger, nullable=False),
    Column("cloud", Float),
    Column("snow", Float),
    Column("platform", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("footprint", LargeBinary, nullable=False),
    Column("audience", Text, nullable=False),
    *(Column(side, Float) for side in ("west", "south", "east", "north")),
    UniqueConstraint("id", "version"),
)

collection_change = Table(
    "collection_change",
    metadata,
    Column("collection", Text, primary_key=True),
    Column("changes", BigInteger, nullable=False),
)
"""Counted by triggers of the product table."""

asset = Table(
    "asset",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("product", _KEY, ForeignKey("product.key", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("driver", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("epsg", Integer),
    Column("west", Float),
    Column("north", Float),
    Column("pixel_width", Float),
    Column("pixel_height", Float),
    Column("width", Integer),
    Column("height", Integer),
    Column("dtype", Text, nullable=False),
    Column("scale", Float, nullable=False),
    Column("value_offset", Float, nullable=False),
    Column("nodata", Text, nullable=False),
    Column("overviews", Text, nullable=False),
    Column("low", Text, nullable=False),
    UniqueConstraint("product", "name"),
)

asset_band = Table(
    "asset_band",
    metadata,
    Column("asset", _KEY, ForeignKey("asset.key", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)

quality = Table(
    "quality",
    metadata,
    Column("product", _KEY, ForeignKey("product.key", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

boxes = MetaData()
box_rtree = Table(
    "product_box",
    boxes,
    Column("key", Integer, primary_key=True),
    Column("west", Float),
    Column("east", Float),
    Column("south", Float),
    Column("north", Float),
    Column("product", Integer),
)
"""SQLite's R*Tree. It rounds to 32-bit floats outwards, so it may find a little more than was asked, never less."""

box_area = Table("product_box", MetaData(), Column("product", BigInteger), Column("area", NullType))
"""PostGIS: a polygon (EPSG:4326) per box, with a GiST index."""

record = Table(
    "record",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("product", _KEY, ForeignKey("product.key", ondelete="CASCADE")),
    Column("visible_from_us", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("keywords", Text, nullable=False),
    Column("start_us", BigInteger),
    Column("end_us", BigInteger),
    Column("modified_us", BigInteger, nullable=False),
    Column("west", Float),
    Column("south", Float),
    Column("east", Float),
    Column("north", Float),
    Column("station", _KEY, ForeignKey("station.key", ondelete="CASCADE")),
    Column("audience", Text, nullable=False),
    Column("lineage", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("facts", Text, nullable=False),
)

record_original = Table(
    "record_original",
    metadata,
    Column("record", _KEY, ForeignKey("record.key", ondelete="CASCADE"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

harvest_source = Table(
    "harvest_source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("since_us", BigInteger),
    Column("complete_us", BigInteger),
    Column("due_us", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

harvest_run = Table(
    "harvest_run",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("source", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("cursor", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("message", Text, nullable=False),
)

harvest_stage = Table(
    "harvest_stage",
    metadata,
    Column("run", _KEY, ForeignKey("harvest_run.key", ondelete="CASCADE"), primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

harvest_item = Table(
    "harvest_item",
    metadata,
    Column("source", Text, primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("run", _KEY, nullable=False),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("visible_from_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

station = Table(
    "station",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("collection", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("water", Text, nullable=False),
    Column("basin", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("distance_km", Float),
)

station_outline = Table(
    "station_outline",
    metadata,
    Column("station", _KEY, ForeignKey("station.key", ondelete="CASCADE"), primary_key=True),
    Column("wkb", LargeBinary, nullable=False),
)

station_alias = Table(
    "station_alias",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("station", _KEY, ForeignKey("station.key", ondelete="CASCADE"), nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("station", _KEY, ForeignKey("station.key", ondelete="CASCADE"), nullable=False),
    Column("collection", Text, nullable=False),
    Column("property", Text, nullable=False),
    Column("producer", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("datum", Text, nullable=False),
    Column("quality", Text, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("modified_us", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("current", Integer, nullable=False),
    Column("mean", Float, nullable=False, server_default="0"),
    Column("variance", Float, nullable=False, server_default="0"),
    UniqueConstraint("station", "collection", "property", "producer", "version", "datum"),
)

observation = Table(
    "observation",
    metadata,
    Column("series", _KEY, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
    Column("time_us", BigInteger, primary_key=True),
    Column("value", Float, nullable=False),
    Column("uncertainty", Float),
    Column("quality", Text, nullable=False, server_default=""),
    Column("mission", Text, nullable=False, server_default=""),
)

job = Table(
    "job",
    metadata,
    Column("id", Text, primary_key=True),
    Column("process", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("member_of", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("executor", Text, nullable=False),
    Column("backend_ref", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("started_us", BigInteger),
    Column("finished_us", BigInteger),
    Column("updated_us", BigInteger, nullable=False),
    Column("missing_us", BigInteger),
    Column("ending", Integer, nullable=False),
    Column("error_class", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("idempotency", Text, nullable=False, server_default=""),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("expires_us", BigInteger),
    Column("campaign", Text, nullable=False, server_default=""),
)

campaign = Table(
    "campaign",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("member_of", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
)

campaign_item = Table(
    "campaign_item",
    metadata,
    Column("campaign", Text, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("product", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("job", Text, nullable=False),
    Column("message", Text, nullable=False),
)

job_event = Table(
    "job_event",
    metadata,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("phase", Text, nullable=False),
    Column("message", Text, nullable=False),
)

job_callback = Table(
    "job_callback",
    metadata,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("event", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_us", BigInteger),
)

job_output = Table(
    "job_output",
    metadata,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("product", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("member_of", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("last_used_us", BigInteger),
)

record_rtree = Table(
    "record_box",
    boxes,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("west", Float),
    Column("east", Float),
    Column("south", Float),
    Column("north", Float),
    Column("record", Integer),
)
station_rtree = Table(
    "station_box",
    boxes,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("west", Float),
    Column("east", Float),
    Column("south", Float),
    Column("north", Float),
    Column("station", Integer),
)
station_area = Table("station_box", MetaData(), Column("station", BigInteger), Column("area", NullType))
record_area = Table("record_box", MetaData(), Column("record", BigInteger), Column("area", NullType))
record_fts = Table(
    "record_text", MetaData(), Column("rowid", Integer, primary_key=True), Column("words", Text)
)
"""SQLite's full-text index."""
record_vector = Table(
    "record_text", MetaData(), Column("record", BigInteger, primary_key=True), Column("words", NullType)
)
"""PostgreSQL's."""

basket = Table(
    "basket",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

tape_file = Table(
    "tape_file",
    metadata,
    Column("path", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("tape", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

fixity = Table(
    "fixity",
    metadata,
    Column("path", Text, primary_key=True),
    Column("checked_us", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("until_us", BigInteger),
    Column("seen_us", BigInteger, nullable=False),
    Column("wish", Text, nullable=False),
    Column("wished_secret", Text, nullable=False),
    Column("wished_seconds", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_us", BigInteger, nullable=False),
)
