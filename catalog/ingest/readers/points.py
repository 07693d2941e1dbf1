# SPDX-License-Identifier: Apache-2.0
"""What readers of series share: numbers, instants, points in order, refusals that name the line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalog.ingest.refusal import Refused
from catalog.model.observation import Point
from catalog.model.time import Micros, micros

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,17})?(?:[eE][+-]?[0-9]{1,2})?\Z", re.ASCII)
_STATION = re.compile(r"[A-Za-z0-9._-]{1,180}\Z", re.ASCII)
HEAD_BYTES = 4_096


def head(path: Path) -> str:
    """The first bytes of a file as text, for readers that know their layout by its content."""
    with path.open("rb") as opened:
        return opened.read(HEAD_BYTES).decode("utf-8", "replace").lstrip("\ufeff \r\n\t")


def whole(path: Path, limit: int) -> str:
    """A whole text. Raises Refused where it is too long or not UTF-8."""
    if path.stat().st_size > limit:
        raise Refused(f"{path.name}: is larger than {limit} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name}: is not UTF-8") from error


def decimal(text: str) -> float | None:
    """A decimal number, or None where the text is none."""
    return float(text) if _NUMBER.match(text) else None


def instant(path: Path, line: int, text: str, what: str = "line") -> Micros:
    """An ISO 8601 date and time; without a zone it is UTC. Raises Refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise broken(path, line, f"{text[:30]!r} is not a date and a time", what) from error
    return micros(found if found.tzinfo else found.replace(tzinfo=UTC))


def place(path: Path, longitude: float | None, latitude: float | None) -> tuple[float, float]:
    """A longitude and latitude in degrees. Raises Refused."""
    if longitude is None or latitude is None or not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise Refused(f"{path.name}: {longitude}, {latitude} is no longitude and latitude")
    return longitude, latitude


def station_id(path: Path, text: str) -> str:
    """A name that may be a station's id. Raises Refused."""
    if not _STATION.match(text):
        raise Refused(f"{path.name}: {text[:60]!r} may not be the id of a station")
    return text


def ordered(path: Path, points: Sequence[Point]) -> tuple[Point, ...]:
    """The points by time. Refuses two different values of one instant; the same one twice is one."""
    out: dict[Micros, Point] = {}
    for point in points:
        other = out.setdefault(point.time, point)
        if other.value != point.value:
            raise Refused(
                f"{path.name}: has two values for {datetime.fromtimestamp(point.time / 1e6, UTC):%Y-%m-%d %H:%M}"
            )
    return tuple(out[at] for at in sorted(out))


def kept(path: Path, points: Mapping[str, Sequence[Point]]) -> dict[str, tuple[Point, ...]]:
    """The properties that have points, these in order."""
    return {name: ordered(path, found) for name, found in points.items() if found}


def broken(path: Path, line: int, reason: str, what: str = "line") -> Refused:
    """A refusal that says where."""
    return Refused(f"{path.name}: {what} {line}: {reason}")
