# SPDX-License-Identifier: Apache-2.0
"""Hydroweb's deliveries, known by their content: river text (short and expanded), lake text, and the JSON of the former API.

Layouts: the header of a river text is parsed by its `#`, never by a count of lines; data of the expanded form go on after a `:`.
A lake text starts with a line without `#`, and its data lines end with a `;`. 9999.999 and NaN mean "no value".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Point, Quality, Station
from catalog.model.time import Micros, micros

HEIGHT, AREA, VOLUME = "water_surface_height", "water_area", "water_volume_change"
_HEAD_BYTES = 4_096
_MISSING = 9_999.0
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,12})?(?:[eE][+-]?[0-9]{1,2})?\Z", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::[0-9]{2})?\Z", re.ASCII
)
_FILE = re.compile(r"hydroprd_([RL]_.+?)(?:_exp)?(?:_from_[0-9]{8}_to_[0-9]{8})?\Z", re.ASCII)
_NAME = re.compile(r"[RL]_[A-Za-z0-9._-]{1,180}\Z", re.ASCII)
_HYDROWEB_ID = re.compile(r"[0-9]{13}\Z", re.ASCII)
_DATUMS = {"EGM2008": "3855", "EGM96": "5773", "EGM1996": "5773"}
"""EPSG codes of the geoid models; others keep the name that the delivery gives."""


def recognised(path: Path) -> bool:
    """Whether a file is one of these, by its first bytes."""
    with path.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    text = head.decode("utf-8", "replace").lstrip()
    if text.startswith("{"):
        return '"Feature"' in text and '"resource"' in text and '"basin"' in text
    return text.startswith(("#BASIN::", "lake="))


def read(path: Path, limit: int) -> Delivery:
    """A delivery. Raises Refused with the line and the reason; nothing of a broken file is taken."""
    if path.stat().st_size > limit:
        raise Refused(f"{path.name}: is larger than {limit} bytes")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name}: is not UTF-8") from error
    if text.lstrip().startswith("{"):
        found = _json(path, text)
    elif text.startswith("lake="):
        found = _lake(path, text.splitlines())
    else:
        found = _river(path, text.splitlines())
    if not any(found.points.values()):
        raise Refused(f"{path.name}: has no observation")
    return found


def _river(path: Path, lines: Sequence[str]) -> Delivery:
    header: dict[str, str] = {}
    points: list[Point] = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            name, separator, value = line[1:].partition("::")
            if separator:
                header.setdefault(name.strip(), value.strip())
        elif line.strip():
            fields = line.split()
            if len(fields) < 4:
                raise _broken(
                    path, number, f"{len(fields)} fields, a date, a time and two heights were expected"
                )
            points += _point(path, number, f"{fields[0]} {fields[1]}", fields[2], fields[3])
    longitude, latitude = (_degrees(path, header, f"REFERENCE {axis}") for axis in ("LONGITUDE", "LATITUDE"))
    distance = _number(header.get("REFERENCE DISTANCE (km)", ""))
    basin, water = header.get("BASIN", ""), header.get("RIVER", "")
    name = _name(path) or f"R_{_slug(basin)}_{_slug(water)}_KM{int(distance or 0):04d}"
    station = _station(
        path,
        "river",
        name,
        (_titled(water), _titled(basin), ""),
        (longitude, latitude),
        header.get("ID", ""),
        distance,
    )
    return Delivery(
        station, _status(header.get("STATUS", "")), _known(header.get("PRODUCT VERSION", "")), _datum(header.get("GEOID MODEL", "")),
        _quality(header.get("VALIDATION CRITERIA", "")), {HEIGHT: _ordered(path, points)},
    )  # fmt: skip


def _lake(path: Path, lines: Sequence[str]) -> Delivery:
    header = dict(part.partition("=")[::2] for part in lines[0].split(";") if "=" in part)
    points: dict[str, list[Point]] = {HEIGHT: [], AREA: [], VOLUME: []}
    datum = ""
    for number, line in enumerate(lines[1:], 2):
        if line.startswith("#"):
            if "surface of ref" in line.lower():
                datum = next((word for word in re.findall(r"[A-Z]+[0-9]+[A-Z]?", line)), datum)
        elif line.strip():
            fields = [part.strip() for part in line.split(";")]
            if len(fields) < 7:
                raise _broken(path, number, f"{len(fields)} fields, at least 7 were expected")
            when = f"{fields[1]} {fields[2]}"
            points[HEIGHT] += _point(path, number, when, fields[3], fields[4])
            points[AREA] += _point(path, number, when, fields[5], "")
            points[VOLUME] += _point(path, number, when, fields[6], "")
    place = tuple(_degrees(path, header, key) for key in ("lon", "lat"))
    lake = header["lake"].strip()
    texts = (_titled(lake), _titled(header.get("basin", "")), header.get("country", "").strip())
    station = _station(
        path,
        "lake",
        _name(path) or f"L_{_slug(lake).lower()}",
        texts,
        (place[0], place[1]),
        header.get("id", ""),
        None,
    )
    kept = {name: _ordered(path, found) for name, found in points.items() if found}
    return Delivery(station, _status(header.get("type", "")), "", _datum(datum), Quality.UNCHECKED, kept)


def _json(path: Path, text: str) -> Delivery:
    try:
        root = json.loads(text)
        facts, place, rows = root["properties"], root["geometry"]["coordinates"], root["data"]
        name, longitude, latitude = str(facts["resource"]), float(place[0]), float(place[1])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Refused(
            f"{path.name}: is not the JSON of a Hydroweb product ({error.__class__.__name__})"
        ) from error
    points: dict[str, list[Point]] = {HEIGHT: [], AREA: [], VOLUME: []}
    for number, row in enumerate(rows if isinstance(rows, list) else (), 1):
        for prop, point in _json_points(path, number, row):
            points[prop] += point
    body = "lake" if name.startswith("L_") else "river"
    water = str(facts.get("river") or facts.get("lake") or name[2:])
    texts = (_titled(water), _titled(str(facts.get("basin") or "")), str(facts.get("country") or ""))
    distance = re.search(r"_KM([0-9]{4})\Z", name)
    station = _station(
        path,
        body,
        name,
        texts,
        (longitude, latitude),
        str(facts.get("id") or ""),
        float(distance[1]) if distance else None,
    )
    return Delivery(
        station, _status(str(facts.get("status") or "")), "", _datum(str(facts.get("water_surface_reference_name") or "")),
        _quality(str(facts.get("validation_criteria") or "")), {prop: _ordered(path, found) for prop, found in points.items() if found},
    )  # fmt: skip


def _json_points(path: Path, number: int, row: object) -> Iterator[tuple[str, list[Point]]]:
    """The points of one entry of `data`: rivers name the date and time apart, lakes together."""
    if not isinstance(row, Mapping):
        raise _broken(path, number, "is not an object", "entry")
    when = str(row.get("datetime") or f"{row.get('date')} {row.get('time')}")

    def text(key: str) -> str:
        value = row.get(key)
        return "" if value is None else str(value)

    height = text("orthometric_height_of_water_surface_at_reference_position") or text(
        "water_surface_height_above_reference_datum"
    )
    uncertainty = text("associated_uncertainty") or text("water_surface_height_uncertainty")
    yield HEIGHT, _point(path, number, when, height, uncertainty, "entry")
    yield AREA, _point(path, number, when, text("area"), "", "entry")
    yield VOLUME, _point(path, number, when, text("volume"), "", "entry")


def _station(
    path: Path,
    body: str,
    name: str,
    texts: tuple[str, str, str],
    place: tuple[float, float],
    number: str,
    distance: float | None,
) -> Station:
    if not _NAME.match(name):
        raise Refused(f"{path.name}: {name[:60]!r} is not the name of a Hydroweb product")
    if not (-180.0 <= place[0] <= 180.0 and -90.0 <= place[1] <= 90.0):
        raise Refused(f"{path.name}: {place[0]}, {place[1]} is no longitude and latitude")
    aliases = ((number,) if _HYDROWEB_ID.match(number) else ()) + (name,)
    return Station(name, "", body, name, *texts, *place, distance, aliases)


def _point(
    path: Path, number: int, when: str, value: str, uncertainty: str, what: str = "line"
) -> list[Point]:
    """One point, or none where the value is missing."""
    if not value or value.lower() == "nan" or value == "NA":
        _time(path, number, when, what)
        return []
    read_value = _number(value)
    if read_value is None:
        raise _broken(path, number, f"{value[:30]!r} is not a number", what)
    at = _time(path, number, when, what)
    if read_value >= _MISSING:
        return []
    spread = _number(uncertainty)
    return [Point(at, read_value, spread if spread is not None and 0.0 <= spread < _MISSING else None)]


def _ordered(path: Path, points: Sequence[Point]) -> tuple[Point, ...]:
    """The points by time. Refuses two different values of one minute; the same one twice is one."""
    out: dict[Micros, Point] = {}
    for point in points:
        other = out.setdefault(point.time, point)
        if other.value != point.value:
            raise Refused(
                f"{path.name}: has two values for {datetime.fromtimestamp(point.time / 1e6, UTC):%Y-%m-%d %H:%M}"
            )
    return tuple(out[at] for at in sorted(out))


def _time(path: Path, number: int, text: str, what: str) -> Micros:
    match = _MOMENT.match(text)
    try:
        parts = [int(part) for part in match.groups()] if match else []
        return micros(datetime(parts[0], parts[1], parts[2], parts[3], parts[4], tzinfo=UTC))
    except (ValueError, IndexError) as error:
        raise _broken(path, number, f"{text[:30]!r} is not a date and a time", what) from error


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.match(text) else None


def _degrees(path: Path, header: Mapping[str, str], key: str) -> float:
    found = _number(header.get(key, "").strip())
    if found is None:
        raise Refused(f"{path.name}: the header has no {key}")
    return found


def _name(path: Path) -> str:
    match = _FILE.match(path.stem)
    return match[1] if match else ""


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text.strip()).strip("-") or "unknown"


def _titled(text: str) -> str:
    """`MARONI` and `zavkhan-gol` as people write them; a text of mixed case is left as it is."""
    text = text.strip()
    return "" if text == "NA" else text.title() if text.isupper() or text.islower() else text


def _known(text: str) -> str:
    return "" if text.upper() in ("", "NA", "NAN") else text[:40]


def _datum(name: str) -> str:
    return _DATUMS.get(_known(name).upper(), _known(name))


def _status(text: str) -> str:
    return "research" if text.strip().lower() == "research" else "operational"


def _quality(validation: str) -> Quality:
    return Quality.GOOD if validation.strip().lower() == "expert" else Quality.UNCHECKED


def _broken(path: Path, number: int, reason: str, what: str = "line") -> Refused:
    return Refused(f"{path.name}: {what} {number}: {reason}")
