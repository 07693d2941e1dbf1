# SPDX-License-Identifier: Apache-2.0
"""Series of in-situ gauges as tables: CSV files whose columns a series type declares (`table` of its YAML file)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from zoneinfo import ZoneInfo

from catalog.ingest.readers.points import broken, decimal, instant, kept, place, station_id, whole
from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Point, Quality, Station
from catalog.model.time import Micros, micros
from config.series_types import SeriesType, Table

READER = "table"
_MISSING = ("", "NA", "NaN", "nan", "null")


def recognised(path: Path, kind: SeriesType) -> bool:
    """Whether a file has a name that a series type declares."""
    return kind.table is not None and fnmatchcase(path.name, kind.table.files)


def read(path: Path, kind: SeriesType, limit: int) -> Iterator[Delivery]:
    """The deliveries of a file, one for each station. Raises Refused with the line and the reason."""
    table = kind.table
    assert table is not None
    reader = csv.DictReader(io.StringIO(whole(path, limit)), delimiter=table.separator)
    columns = set(reader.fieldnames or ())
    absent = [name for name in table.named() if name not in columns]
    if absent:
        raise Refused(f"{path.name}: has no column {', '.join(absent)}")
    stations: dict[str, tuple[Station, bool]] = {}
    points: dict[str, dict[str, list[Point]]] = {}
    for number, row in enumerate(reader, 2):
        name = _station_name(path, number, row, table)
        if name not in stations:
            stations[name] = _station(path, row, table, name, kind.body)
        _collect(path, number, row, table, points.setdefault(name, {prop: [] for prop in table.values}))
    for name, (station, placed) in stations.items():
        found = kept(path, points[name])
        if found:
            datum = next((one.datum for one in kind.properties.values() if one.datum), "")
            yield Delivery(station, READER, kind.status, "", datum, Quality.UNCHECKED, found, placed=placed)


def _station_name(path: Path, number: int, row: Mapping[str, str | None], table: Table) -> str:
    text = (row.get(table.station) or "").strip() if table.station else path.stem
    if not text:
        raise broken(path, number, "names no station")
    return text


def _station(
    path: Path, row: Mapping[str, str | None], table: Table, name: str, body: str
) -> tuple[Station, bool]:
    def text(column: str) -> str:
        return (row.get(column) or "").strip() if column else ""

    own = station_id(path, table.prefix + re.sub(r"[^A-Za-z0-9._-]+", "-", name))
    longitude, latitude = _decimal(text(table.longitude)), _decimal(text(table.latitude))
    placed = longitude is not None and latitude is not None
    spot = place(path, longitude, latitude) if placed else (0.0, 0.0)
    station = Station(
        own, "", body, text(table.name) or name, text(table.water), text(table.basin), text(table.country), *spot, None, (own, name),
    )  # fmt: skip
    return station, placed


def _collect(
    path: Path, number: int, row: Mapping[str, str | None], table: Table, points: Mapping[str, list[Point]]
) -> None:
    at = _instant(path, number, (row.get(table.time) or "").strip(), table)
    for prop, column in table.values.items():
        text = (row.get(column) or "").strip()
        if text in _MISSING:
            continue
        value = _decimal(text)
        if value is None:
            raise broken(path, number, f"{text[:30]!r} is not a number")
        spread = _decimal((row.get(table.uncertainties.get(prop, "")) or "").strip())
        scale = table.scales.get(prop, 1.0)
        quality = table.qualities.get((row.get(table.quality) or "").strip()) if table.quality else None
        points[prop].append(
            Point(
                at, value * scale, None if spread is None else spread * scale, Quality(quality) if quality else None
            )
        )  # fmt: skip


def _decimal(text: str) -> float | None:
    return decimal(text.replace(",", "."))


def _instant(path: Path, number: int, text: str, table: Table) -> Micros:
    """An instant in the declared form and zone, as UTC."""
    if not table.time_format and table.zone == "UTC":
        return instant(path, number, text)
    try:
        found = (
            datetime.strptime(text, table.time_format) if table.time_format else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise broken(path, number, f"{text[:30]!r} is not a date and a time") from error
    return micros((found if found.tzinfo else found.replace(tzinfo=ZoneInfo(table.zone))).astimezone(UTC))
