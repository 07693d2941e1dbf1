# SPDX-License-Identifier: Apache-2.0
"""Series as WaterML 2.0 (10-126r4): a document of om:OM_Observation with wml2:MeasurementTimeseries, alone, in a wml2:Collection or in SOS's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from catalog.ingest.readers.points import broken, decimal, head, instant, kept, place, station_id
from catalog.ingest.refusal import Refused
from catalog.model.faults import Fault
from catalog.model.observation import Delivery, Point, Quality, Station
from catalog.xml.parse import parse
from config.series_types import SeriesType

READER = "waterml"
_OM, _WML, _GML = (
    "{http://www.opengis.net/om/2.0}",
    "{http://www.opengis.net/waterml/2.0}",
    "{http://www.opengis.net/gml/3.2}",
)
_HREF, _TITLE = "{http://www.w3.org/1999/xlink}href", "{http://www.w3.org/1999/xlink}title"
_QUALITY = "http://www.opengis.net/def/waterml/2.0/quality/"


def recognised(path: Path) -> bool:
    """Whether a file is such a document, by its first bytes."""
    text = head(path)
    return text.startswith("<") and "http://www.opengis.net/waterml/2.0" in text


def read(path: Path, kind: SeriesType, limit: int) -> Iterator[Delivery]:
    """The deliveries of a document, one for each observation. Raises Refused."""
    try:
        root = parse(path.read_bytes(), limit)
    except Fault as fault:
        raise Refused(f"{path.name}: {fault.text}") from fault
    found = 0
    for number, observation in enumerate(root.iter(f"{_OM}OM_Observation"), 1):
        series = observation.find(f"{_OM}result/{_WML}MeasurementTimeseries")
        if series is None:
            continue
        found += 1
        yield _delivery(path, number, observation, series, kind)
    if not found:
        raise Refused(f"{path.name}: has no MeasurementTimeseries")


def _delivery(
    path: Path, number: int, observation: etree._Element, series: etree._Element, kind: SeriesType
) -> Delivery:
    prop = _property(path, number, observation, series, kind)
    default = _quality(series.find(f"{_WML}defaultPointMetadata//{_WML}quality"))
    points = []
    for at, point in enumerate(series.iterfind(f"{_WML}point/{_WML}MeasurementTVP"), 1):
        text = (point.findtext(f"{_WML}value") or "").strip()
        if not text:
            continue
        value = decimal(text)
        if value is None:
            raise broken(path, at, f"{text[:30]!r} is not a number", "point")
        spread = decimal((point.findtext(f".//{_WML}accuracy/*/{{*}}value") or "").strip())
        time = instant(path, at, (point.findtext(f"{_WML}time") or "").strip(), "point")
        points.append(Point(time, value, spread, _quality(point.find(f"{_WML}metadata//{_WML}quality"))))
    station, placed = _station(path, number, observation, kind)
    datum = kind.properties[prop].datum
    return Delivery(
        station, READER, kind.status, "", datum, default or Quality.UNCHECKED, kept(path, {prop: points}), placed=placed
    )  # fmt: skip


def _property(
    path: Path, number: int, observation: etree._Element, series: etree._Element, kind: SeriesType
) -> str:
    """The property of ours whose name, definition or title an observation states, in our unit."""
    element = observation.find(f"{_OM}observedProperty")
    href = "" if element is None else element.get(_HREF, "")
    title = "" if element is None else element.get(_TITLE, "")
    for name, known in kind.properties.items():
        if name in (_last(href), title) or (known.definition and known.definition == href):
            unit = series.find(f"{_WML}defaultPointMetadata//{_WML}uom")
            if unit is not None and unit.get("code") not in (None, known.unit):
                raise broken(path, number, f"is in {unit.get('code')!r}, not {known.unit}", "observation")
            return name
    raise broken(path, number, f"{kind.id} has no property {(href or title)[:80]!r}", "observation")


def _station(path: Path, number: int, observation: etree._Element, kind: SeriesType) -> tuple[Station, bool]:
    element = observation.find(f"{_OM}featureOfInterest")
    if element is None:
        raise broken(path, number, "has no feature of interest", "observation")
    inside = next(iter(element), None)
    name = (
        _last(element.get(_HREF, "")) if inside is None else _last(inside.findtext(f"{_GML}identifier") or "")
    )
    own = station_id(path, re.sub(r"[^A-Za-z0-9._-]+", "-", name))
    title = element.get(_TITLE, "") if inside is None else inside.findtext(f"{_GML}name") or ""
    position = None if inside is None else inside.find(f".//{_GML}pos")
    spot = (0.0, 0.0) if position is None else _position(path, position)
    station = Station(own, "", kind.body, title or own, "", "", "", *spot, None, (own,))
    return station, position is not None


def _position(path: Path, element: etree._Element) -> tuple[float, float]:
    """Longitude and latitude; EPSG:4326 has the latitude first, CRS84 the longitude (09-048r5)."""
    numbers: Sequence[str] = (element.text or "").split()
    first, second = (decimal(part) for part in numbers[:2]) if len(numbers) >= 2 else (None, None)
    if "CRS84" in (element.get("srsName") or ""):
        return place(path, first, second)
    return place(path, second, first)


def _quality(element: etree._Element | None) -> Quality | None:
    href = "" if element is None else element.get(_HREF, "")
    words = {one.value: one for one in Quality}
    return words.get(href.removeprefix(_QUALITY)) if href.startswith(_QUALITY) else None


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]
