# SPDX-License-Identifier: Apache-2.0
"""SWOT's river and lake vector products (RiverSP reaches and nodes, LakeSP prior lakes) as points of series: granules (zipped shapefiles,
SWOT product description documents JPL D-56413 and D-56415), and the answers of hydrocron (CSV, GeoJSON, or JSON around one of them).

Heights are over EGM2008. A value of quality 3 ("bad") is left out; dark water, ice, a poor crossover correction or a partly seen feature lower the
quality. Versions (crid PIC, PID: C, D) are series of their own, the newest is shown.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapefile
import shapely

from catalog.ingest.readers.points import broken, decimal, head, instant, kept, place, whole
from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Point, Quality, Station

READER = "swot"
_EGM2008 = "3855"
_MISSING = -900.0
_FINE = 1e-4
"""Degrees, about 10 m: how far a line for maps may be from what was measured."""
_GRANULE = re.compile(
    r"SWOT_L2_HR_(RiverSP_(?:Reach|Node)|LakeSP_Prior)_([0-9]{3})_([0-9]{3})_[A-Z]{2}_[0-9T]+_[0-9T]+_P[A-Z]([A-Z])[A-Z0-9]_[0-9]{2}\Z", re.ASCII
)  # fmt: skip
_ID = re.compile(r"[0-9]{10,14}\Z", re.ASCII)
_IDS = {
    "reach_id": ("reach", "sword-reach-"),
    "node_id": ("node", "sword-node-"),
    "lake_id": ("lake", "pld-lake-"),
}
_QUALITIES = {0: Quality.GOOD, 1: Quality.SUSPECT, 2: Quality.POOR}
_BAD = 3
_UNSTATED = "?"
"""The version of an answer that states none: older than any that is stated, and never mixed with it."""
_ORDER = (Quality.GOOD, Quality.UNCHECKED, Quality.SUSPECT, Quality.POOR)
"""From the most to the least trusted."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A property, the fields of its value and uncertainty, and what makes its unit of theirs."""

    name: str
    value: str
    uncertainty: str
    scale: float = 1.0


_RIVER = (
    _Value("water_surface_height", "wse", "wse_u"), _Value("water_width", "width", "width_u"),
    _Value("water_surface_slope", "slope", "slope_u"), _Value("water_area", "area_total", "area_tot_u", 1e-6),
    _Value("discharge", "dschg_c", "dschg_c_u"),
)  # fmt: skip
_LAKE = (_Value("water_surface_height", "wse", "wse_u"), _Value("water_area", "area_total", "area_tot_u"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A feature at one time, its fields as text or numbers."""

    number: int
    facts: Mapping[str, Any]
    spot: tuple[float, float] | None
    outline: bytes = b""
    """WKB."""

    def text(self, name: str) -> str:
        found = self.facts.get(name)
        found = found[0] if isinstance(found, list) and found else found
        text = "" if found is None else str(found).strip()
        return "" if text == "no_data" else text

    def value(self, name: str) -> float | None:
        found = decimal(self.text(name).removeprefix("+"))
        return None if found is None or found <= _MISSING else found


def granule(name: str) -> bool:
    """Whether a name without its ending is that of a granule."""
    return _GRANULE.match(name) is not None


def recognised(path: Path) -> bool:
    """Whether a file is a granule, by its name, or an answer of hydrocron, by its first bytes."""
    if path.suffix.lower() == ".zip":
        return granule(path.stem)
    text = head(path)
    if text.startswith("{"):
        return '"time_str"' in text or '"csv":"' in text.replace(" ", "")
    return any(f"{name}," in text.partition("\n")[0] for name in _IDS) and "time_str" in text


def read(path: Path, limit: int) -> Iterator[Delivery]:
    """The deliveries of a file, one for each reach, node or lake. Raises Refused."""
    if path.suffix.lower() == ".zip":
        match = _GRANULE.match(path.stem)
        assert match is not None
        yield from _deliveries(path, _shapes(path, limit), match[4], f"SWOT-{match[3]}")
        return
    text = whole(path, limit)
    found = tuple(_deliveries(path, _answered(path, text), "", "SWOT"))
    if not found:
        raise Refused(f"{path.name}: has no observation")
    yield from found


def _shapes(path: Path, limit: int) -> Iterator[_Row]:
    """The records of a granule with their lines and shapes; without these where they are larger than the limit."""
    try:
        with zipfile.ZipFile(path) as opened:
            name = f"{path.stem}.dbf"
            if opened.getinfo(name).file_size > limit:
                raise Refused(f"{path.name}: its table is larger than {limit} bytes")
            table = io.BytesIO(opened.read(name))
            drawn = f"{path.stem}.shp"
            with_shapes = drawn in opened.namelist() and opened.getinfo(drawn).file_size <= limit
            lines = io.BytesIO(opened.read(drawn)) if with_shapes else None
        with shapefile.Reader(dbf=table, shp=lines) if lines else shapefile.Reader(dbf=table) as reader:
            shapes = reader.iterShapes() if lines else itertools.repeat(None)
            for number, (record, drawing) in enumerate(zip(reader.iterRecords(), shapes, strict=False), 1):
                facts = record.as_dict()
                yield _Row(number, facts, (float(facts["p_lon"]), float(facts["p_lat"])), _wkb(drawing))
    except (
        KeyError, zipfile.BadZipFile, shapefile.ShapefileException, struct.error, ValueError, TypeError, NotImplementedError,
    ) as error:  # fmt: skip
        raise Refused(f"{path.name}: is not a SWOT granule ({error.__class__.__name__})") from error


def _wkb(drawing: Any) -> bytes:
    """A line or a polygon, as fine as a map needs it; nothing for points and for what was not seen."""
    if drawing is None or drawing.shapeTypeName not in ("POLYLINE", "POLYGON"):
        return b""
    return _simple(shapely.geometry.shape(drawing.__geo_interface__))


def _simple(found: shapely.Geometry) -> bytes:
    if found.is_empty or found.geom_type in ("Point", "MultiPoint"):
        return b""
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return b""
    if found.geom_type in ("Polygon", "MultiPolygon"):
        found = shapely.make_valid(found)
    wkb: bytes = shapely.to_wkb(found.simplify(_FINE))
    return wkb


def _answered(path: Path, text: str) -> Iterator[_Row]:
    """The rows of an answer of hydrocron."""
    if not text.lstrip().startswith("{"):
        yield from _table(path, text)
        return
    try:
        root = json.loads(text)
        results = root.get("results", root)
        if isinstance(results.get("csv"), str) and results["csv"]:
            yield from _table(path, results["csv"])
            return
        features = (results.get("geojson") or results)["features"]
        for number, feature in enumerate(features, 1):
            drawn = shapely.geometry.shape(feature["geometry"])
            yield from _timed(number, feature["properties"], _spot(drawn), _simple(drawn))
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise Refused(f"{path.name}: is not an answer of hydrocron ({error.__class__.__name__})") from error


def _timed(
    number: int, facts: Mapping[str, Any], spot: tuple[float, float] | None, outline: bytes
) -> Iterator[_Row]:
    """A feature of the usual form is one row; one of the compact form has lists, a row for each time."""
    times = facts.get("time_str")
    if not isinstance(times, list):
        yield _Row(number, facts, spot, outline)
        return
    for at in range(len(times)):
        row = {
            name: value[at] if isinstance(value, list) and len(value) == len(times) else value
            for name, value in facts.items()
        }
        yield _Row(number, row, spot, outline)


def _table(path: Path, text: str) -> Iterator[_Row]:
    for number, facts in enumerate(csv.DictReader(io.StringIO(text)), 2):
        row = _Row(number, facts, None)
        longitude, latitude = row.value("lon"), row.value("lat")
        if longitude is not None and latitude is not None:
            yield _Row(number, facts, (longitude, latitude))
        elif row.text("geometry"):
            try:
                yield _Row(number, facts, _spot(shapely.from_wkt(row.text("geometry"))))
            except shapely.errors.ShapelyError as error:
                raise broken(path, number, "its geometry is not WKT") from error
        else:
            yield row


def _spot(shape: shapely.Geometry) -> tuple[float, float] | None:
    """The middle of a line, or a point inside of anything else."""
    if shape.is_empty:
        return None
    middle = (
        shape.interpolate(0.5, normalized=True)
        if shape.geom_type == "LineString"
        else shape.point_on_surface()
    )
    return middle.x, middle.y


def _deliveries(path: Path, rows: Iterable[_Row], version: str, mission: str) -> Iterator[Delivery]:
    groups: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        key = next(
            (name for name in _IDS if row.text(name) and (name != "reach_id" or not _is_lake(row))), ""
        )
        if not key or not _ID.match(row.text(key)):
            raise broken(path, row.number, "has no id of a reach, node or lake", "row")
        crid = row.text("crid")
        groups.setdefault((key, row.text(key), version or crid[2:3] or _UNSTATED), []).append(row)
    for (key, number, release), mine in groups.items():
        values = _LAKE if key == "lake_id" else _RIVER
        points: dict[str, list[Point]] = {value.name: [] for value in values}
        for row in mine:
            _collect(path, row, values, mission, points)
        found = kept(path, points)
        if found:
            station, placed = _station(path, key, number, mine)
            yield Delivery(
                station, READER, "operational", release, _EGM2008, Quality.UNCHECKED, found, placed=placed
            )


def _is_lake(row: _Row) -> bool:
    return bool(row.text("lake_id"))


def _station(path: Path, key: str, number: str, rows: Sequence[_Row]) -> tuple[Station, bool]:
    body, prefix = _IDS[key]
    spot = next((row.spot for row in rows if row.spot), None)
    longitude, latitude = place(path, *spot) if spot else (0.0, 0.0)
    water = next(
        (found for row in rows if (found := row.text("lake_name" if body == "lake" else "river_name"))), ""
    )
    water = water.replace(";", ", ").title() if water.isupper() else water.replace(";", ", ")
    station = Station(
        f"{prefix}{number}", "", body, f"{body} {number}", water, number[: 3 if body == "lake" else 6], "", longitude, latitude, None,
        (f"{prefix}{number}", number), outline=next((row.outline for row in rows if row.outline), b""),
    )  # fmt: skip
    return station, spot is not None


def _collect(
    path: Path, row: _Row, values: Sequence[_Value], mission: str, points: Mapping[str, list[Point]]
) -> None:
    """Adds the points of a row; a row without a time or of bad quality has none."""
    level = row.value("reach_q")
    level = next((found for name in ("node_q", "quality_f") if (found := row.value(name)) is not None), level)
    if not row.text("time_str") or level == _BAD:
        return
    at, quality = instant(path, row.number, row.text("time_str"), "row"), _quality(row, level)
    for value in values:
        measured, spread = row.value(value.value), row.value(value.uncertainty)
        if measured is not None:
            wide = None if spread is None or spread < 0 else spread * value.scale
            points[value.name].append(Point(at, measured * value.scale, wide, quality, mission))


def _quality(row: _Row, level: float | None) -> Quality | None:
    """The product's own flag, lowered by what makes a height doubtful; None where nothing is said."""
    found = [_QUALITIES[int(level)]] if level in (0.0, 1.0, 2.0) else []
    for name, limit, worst in (
        ("ice_clim_f", 0.0, Quality.POOR), ("xovr_cal_q", 1.0, Quality.POOR), ("dark_frac", 0.5, Quality.SUSPECT), ("partial_f", 0.0, Quality.SUSPECT),
    ):  # fmt: skip
        value = row.value(name)
        if value is not None and value > limit:
            found.append(worst)
    return max(found, key=_ORDER.index) if found else None
