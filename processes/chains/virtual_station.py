# SPDX-License-Identifier: Apache-2.0
"""A virtual station from tracks in a folder: the steps of `processes.chains.altimetry`, and the delivery that is written of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import shapely
from pydantic import BaseModel, ConfigDict, Field

from catalog.hydroweb_text import river
from catalog.model.observation import Point, Quality, Series, Station
from catalog.model.time import micros_text, now
from processes.chains.altimetry import (
    Pass,
    Rules,
    UnusableTrack,
    edited,
    one_pass,
    provenance,
    read_sentinel3,
)

_ENDING = ".nc"
_TRACK = re.compile(r"(S3[AB])_SR_2_(?:WAT|LAN).*?_([0-9]{8})T[0-9]{6}")
"""The mission and the day of a Sentinel-3 product, in its name or its folder's."""
_EGM2008 = "3855"


class Definition(BaseModel):
    """A virtual station as its file describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[RL]_[A-Za-z0-9._-]{1,180}$")
    water: str
    basin: str = ""
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)
    polygon: str
    """WKT, longitude and latitude."""
    distance_km: float | None = None
    rules: dict[str, float | bool | str | None] = {}


@dataclass(frozen=True)
class Made:
    """What tracks say of a station: each pass with its height or why it has none, and the files that are no tracks."""

    passes: Sequence[Pass]
    unusable: Sequence[str]

    @property
    def points(self) -> list[Point]:
        """The heights, oldest first."""
        return [one.point for one in self.passes if one.point]


def make(paths: Sequence[Path], polygon: shapely.Geometry, rules: Rules, tell: Callable[[int], None]) -> Made:
    """All steps from files to a series; `tell` hears of each file that was read."""
    passes, unusable = [], []
    for number, path in enumerate(paths):
        try:
            passes.append(one_pass(read_sentinel3(path), polygon, rules))
        except UnusableTrack as error:
            unusable.append(str(error))
        tell(number + 1)
    return Made(edited(passes, rules), unusable)


def write(station: Definition, points: Sequence[Point], target: Path) -> None:
    """A delivery in Hydroweb's layout, which ingest takes."""
    place = Station(
        station.name, "", "river", station.name, station.water, station.basin, "", station.longitude, station.latitude, station.distance_km,
    )  # fmt: skip
    series = Series(
        station.name, "", "water_surface_height", "Hysope altimetry chain", "", _EGM2008, Quality.UNCHECKED, points[0].time, points[-1].time,
        len(points), now(),
    )  # fmt: skip
    target.write_text("".join(f"{line}\n" for line in river(place, series, "operational", points)), "utf-8")


def tracks_in(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and those in folders; of a product that is a folder, which holds its records up to three times, one file."""
    out: list[Path] = []
    for path in paths:
        folders: dict[Path, list[Path]] = {}
        for found in sorted(path.rglob(f"*{_ENDING}")) if path.is_dir() else ():
            folders.setdefault(found.parent, []).append(found)
        out += [one for files in folders.values() for one in _best(files)] if folders else [path]
    return out


def _best(files: list[Path]) -> list[Path]:
    """Of the files of a folder: the fullest measurement of a product, or everything where it is none."""
    for kind in ("enhanced_", "standard_"):
        named = [one for one in files if one.name.startswith(kind)]
        if named:
            return named
    return files


def chosen(folder: Path, missions: Sequence[str], start: str, end: str) -> Iterator[Path]:
    """The tracks of a folder by mission and day (both ends in), the days as `2023-05-02`."""
    first, last = start.replace("-", ""), end.replace("-", "")
    for path in tracks_in([folder]):
        found = _TRACK.search(str(path.relative_to(folder)))
        if found and found[1] in missions and first <= found[2] <= last:
            yield path


def run(
    _items: Sequence[dict[str, Any]], values: dict[str, Any], out: Path, tell: Callable[[int, str], None]
) -> dict[str, Any]:
    """Writes `series.txt`; gives the heights, and what became of each pass. Raises ValueError where no pass has a height."""
    polygon = shapely.geometry.shape(values["polygon"])
    centre = polygon.point_on_surface()
    known = {one.name for one in fields(Rules)}
    rules = Rules(**{name: value for name, value in values.items() if name in known})
    station = Definition(
        name=values["name"], water=values["water"], basin=values["basin"], longitude=round(centre.x, 6), latitude=round(centre.y, 6),
        polygon=polygon.wkt,
    )  # fmt: skip
    paths = list(chosen(Path(values["tracks"]), values["missions"], values["start"], values["end"]))
    if not paths:
        raise ValueError("there is no track of these missions and days")
    made = make(
        paths, polygon, rules, lambda count: tell(95 * count // len(paths), f"track {count} of {len(paths)}")
    )
    for one in made.passes:
        print(f"{one.source}: {one.reason or 'kept'}")
    if not made.points:
        reasons = sorted({one.reason for one in made.passes} | set(made.unusable))
        raise ValueError(f"no pass has a height: {'; '.join(reasons)[:500]}")
    write(station, made.points, out / "series.txt")
    return {"heights": _heights(station, made, rules)}


def _heights(station: Definition, made: Made, rules: Rules) -> Mapping[str, object]:
    """The series as JSON, with its provenance."""
    return {
        "station": station.name, "longitude": station.longitude, "latitude": station.latitude, "unit": "m", "verticalDatum": f"EPSG:{_EGM2008}",
        "values": [
            {"time": micros_text(one.time), "height": one.value, "uncertainty": one.uncertainty, "mission": one.mission} for one in made.points
        ],
        "provenance": json.loads(json.dumps(provenance(made.passes, rules))), "unusable": list(made.unusable),
    }  # fmt: skip
