# SPDX-License-Identifier: Apache-2.0
"""Hydroweb's deliveries, known by their content: river text (short and expanded), lake text and CSV, the JSON of the former API, and rows of
hydroweb.next's WFS as CSV or GeoJSON.

Layouts: the header of a river text is parsed by its `#`, never by a count of lines; data of the expanded form go on after a `:`.
A lake text starts with a line without `#`, and its data lines end with a `;`. 9999.999 and NaN mean "no value". The CSV of a lake says neither
where it is nor its status: its station must be known. The WFS writes positions as `POINT (latitude longitude)` in CSV.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from catalog.ingest.readers.points import broken, decimal, head, kept, ordered, whole
from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Point, Quality, Station
from catalog.model.time import Micros, micros

HEIGHT, AREA, VOLUME = "water_surface_height", "water_area", "water_volume_change"
READER = "hydroweb"
_MISSING = 9_999.0
_LAKE_HEAD = "Decimal year,Date,Time,Height"
_ROWS_HEAD = "FID,fid,start_time"
_POINT = re.compile(r"POINT ?\((-?[0-9.]{1,20}) (-?[0-9.]{1,20})\)\Z", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9]{1,20}\Z", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::[0-9]{2})?\Z", re.ASCII
)
_FILE = re.compile(r"hydroprd_([RL]_.+?)(?:_exp)?(?:_from_[0-9]{8}_to_[0-9]{8})?\Z", re.ASCII)
_NAME = re.compile(r"[RL]_[A-Za-z0-9._-]{1,180}\Z", re.ASCII)
_HYDROWEB_ID = re.compile(r"[0-9]{13}\Z", re.ASCII)
_DATUMS = {"EGM2008": "3855", "EGM96": "5773", "EGM1996": "5773"}
"""EPSG codes of the geoid models; others keep the name that the delivery gives."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the WFS: one point of a station."""

    number: int
    facts: Mapping[str, str]
    longitude: float
    latitude: float

    def text(self, name: str) -> str:
        return (self.facts.get(name) or "").strip()


def recognised(path: Path) -> bool:
    """Whether a file is one of these, by its first bytes."""
    text = head(path)
    if text.startswith("{"):
        return _is_product(text) or _is_rows(text)
    return text.startswith(("#BASIN::", "lake=", _LAKE_HEAD, _ROWS_HEAD))


def read(path: Path, limit: int) -> Iterator[Delivery]:
    """The deliveries of a file. Raises Refused with the line and the reason; nothing of a broken file is taken."""
    text = whole(path, limit)
    found = tuple(_deliveries(path, text))
    if not any(points for one in found for points in one.points.values()):
        raise Refused(f"{path.name}: has no observation")
    yield from found


def _deliveries(path: Path, text: str) -> Iterable[Delivery]:
    start = text.lstrip()
    if start.startswith("{"):
        return (_json(path, text),) if _is_product(start) else _rows(path, _features(path, text))
    if start.startswith("lake="):
        return (_lake(path, text.splitlines()),)
    if start.startswith(_LAKE_HEAD):
        return (_lake_csv(path, text.splitlines()),)
    if start.startswith(_ROWS_HEAD):
        return _rows(path, _lines(path, text))
    return (_river(path, text.splitlines()),)


def _is_product(text: str) -> bool:
    return '"Feature"' in text and '"resource"' in text and '"basin"' in text


def _is_rows(text: str) -> bool:
    return all(f'"{name}"' in text for name in ("FeatureCollection", "wse", "start_time", "basin"))


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
                raise broken(
                    path, number, f"{len(fields)} fields, a date, a time and two heights were expected"
                )
            found = _point(path, number, f"{fields[0]} {fields[1]}", fields[2], fields[3])
            points += [replace(one, mission=_mission(fields)) for one in found]
    longitude, latitude = (_degrees(path, header, f"REFERENCE {axis}") for axis in ("LONGITUDE", "LATITUDE"))
    distance = decimal(header.get("REFERENCE DISTANCE (km)", ""))
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
        station, READER, _status(header.get("STATUS", "")), _known(header.get("PRODUCT VERSION", "")), _datum(header.get("GEOID MODEL", "")),
        _quality(header.get("VALIDATION CRITERIA", "")), {HEIGHT: ordered(path, points)},
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
                raise broken(path, number, f"{len(fields)} fields, at least 7 were expected")
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
    return Delivery(
        station, READER, _status(header.get("type", "")), "", _datum(datum), Quality.UNCHECKED, kept(path, points)
    )  # fmt: skip


def _mission(fields: Sequence[str]) -> str:
    """Satellite and track of an expanded line, whose fields after the `:` are longitude, latitude, two heights, distance, satellite, orbit, track …"""
    if len(fields) < 13 or fields[4] != ":":
        return ""
    satellite, track = fields[10], fields[12]
    return "-".join(part for part in (satellite, track) if part not in ("NA", "NaN") and _WORD.match(part))


def _lake_csv(path: Path, lines: Sequence[str]) -> Delivery:
    """Decimal year, date, time, height, standard deviation, area, volume; the lake is in the file's name."""
    name = _name(path)
    if not name:
        raise Refused(f"{path.name}: the name is not hydroprd_L_….csv, so it does not say which lake")
    points: dict[str, list[Point]] = {HEIGHT: [], AREA: [], VOLUME: []}
    for number, line in enumerate(lines[1:], 2):
        fields = [part.strip() for part in line.split(",")]
        if not any(fields):
            continue
        if len(fields) < 7:
            raise broken(path, number, f"{len(fields)} fields, 7 were expected")
        when = f"{fields[1]} {fields[2]}"
        points[HEIGHT] += _point(path, number, when, fields[3], fields[4])
        points[AREA] += _point(path, number, when, fields[5], "")
        points[VOLUME] += _point(path, number, when, fields[6], "")
    station = Station(name, "", "lake", name, "", "", "", 0.0, 0.0, None, (name,))
    return Delivery(
        station, READER, "operational", "", "", Quality.UNCHECKED, kept(path, points), placed=False
    )  # fmt: skip


def _lines(path: Path, text: str) -> Iterator[_Row]:
    """The rows of a CSV of the WFS."""
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        match = _POINT.match(row.get("geom") or "")
        if match is None:
            raise broken(path, number, f"{(row.get('geom') or '')[:40]!r} is not POINT (latitude longitude)")
        yield _Row(number, row, float(match[2]), float(match[1]))


def _features(path: Path, text: str) -> Iterator[_Row]:
    """The rows of a GeoJSON of the WFS, where a position is longitude, latitude."""
    try:
        features = json.loads(text)["features"]
        for number, feature in enumerate(features, 1):
            facts, (longitude, latitude) = feature["properties"], feature["geometry"]["coordinates"][:2]
            texts = {name: "" if value is None else str(value) for name, value in facts.items()}
            yield _Row(number, texts, float(longitude), float(latitude))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path.name}: is not a GeoJSON of points ({error.__class__.__name__})") from error


def _rows(path: Path, rows: Iterable[_Row]) -> Iterator[Delivery]:
    """The deliveries of rows that each have a point: one for each station and status."""
    groups: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        groups.setdefault((row.text("name"), _status(row.text("status"))), []).append(row)
    for (name, status), mine in groups.items():
        points = [
            point
            for row in mine
            for point in _point(
                path, row.number, row.text("start_time")[:19], row.text("wse"), row.text("wse_u"), "row"
            )
        ]
        first = mine[0]
        lake = name.startswith("L_")
        texts = (_titled(first.text("lake" if lake else "river")), _titled(first.text("basin")), "")
        distance = re.search(r"_KM([0-9]{4})\Z", name)
        station = _station(
            path, "lake" if lake else "river", name, texts, (first.longitude, first.latitude), "",
            float(distance[1]) if distance else None,
        )  # fmt: skip
        yield Delivery(
            station, READER, status, "", "", _quality(first.text("validation")), kept(path, {HEIGHT: points})
        )


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
        station, READER, _status(str(facts.get("status") or "")), "", _datum(str(facts.get("water_surface_reference_name") or "")),
        _quality(str(facts.get("validation_criteria") or "")), kept(path, points),
    )  # fmt: skip


def _json_points(path: Path, number: int, row: object) -> Iterator[tuple[str, list[Point]]]:
    """The points of one entry of `data`: rivers name the date and time apart, lakes together."""
    if not isinstance(row, Mapping):
        raise broken(path, number, "is not an object", "entry")
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
    read_value = decimal(value)
    if read_value is None:
        raise broken(path, number, f"{value[:30]!r} is not a number", what)
    at = _time(path, number, when, what)
    if read_value >= _MISSING:
        return []
    spread = decimal(uncertainty)
    return [Point(at, read_value, spread if spread is not None and 0.0 <= spread < _MISSING else None)]


def _time(path: Path, number: int, text: str, what: str) -> Micros:
    match = _MOMENT.match(text)
    try:
        parts = [int(part) for part in match.groups()] if match else []
        return micros(datetime(parts[0], parts[1], parts[2], parts[3], parts[4], tzinfo=UTC))
    except (ValueError, IndexError) as error:
        raise broken(path, number, f"{text[:30]!r} is not a date and a time", what) from error


def _degrees(path: Path, header: Mapping[str, str], key: str) -> float:
    found = decimal(header.get(key, "").strip())
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
