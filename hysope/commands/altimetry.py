# SPDX-License-Identifier: Apache-2.0
"""`hysope altimetry STATION FILES`: the series of a virtual station from the tracks over it, as a delivery that `hysope ingest` takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import shapely
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.hydroweb_text import river
from catalog.model.observation import Quality, Series, Station
from catalog.model.time import now
from processes.chains.altimetry import Rules, UnusableTrack, edited, one_pass, provenance, read_sentinel3

_ENDING = ".nc"


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


def altimetry(arguments: argparse.Namespace) -> int:
    """Writes `hydroprd_<name>_exp.txt` and `hydroprd_<name>_provenance.json`; says of each file what became of it."""
    try:
        station = Definition.model_validate(yaml.safe_load(arguments.station.read_text(encoding="utf-8")))
        polygon = shapely.from_wkt(station.polygon)
        rules = Rules(**station.rules)  # type: ignore[arg-type]
    except (
        ValidationError,
        yaml.YAMLError,
        shapely.errors.ShapelyError,
        TypeError,
        ValueError,
        OSError,
    ) as error:
        print(f"{arguments.station}: {error}", file=sys.stderr)
        return 2
    passes, broken = [], 0
    for path in _tracks(arguments.files):
        try:
            passes.append(one_pass(read_sentinel3(path), polygon, rules))
        except UnusableTrack as unusable:
            print(f"failed   {unusable}", file=sys.stderr)
            broken += 1
    found = edited(passes, rules)
    for one in found:
        told = (
            f"{one.point.value:.3f} m, MAD {one.point.uncertainty:.3f} m of {one.used}"
            if one.point
            else one.reason
        )
        print(f"{'kept    ' if one.point else 'rejected'} {one.source}: {told}")
    points = [one.point for one in found if one.point]
    if not points:
        print("no pass has a height", file=sys.stderr)
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    place = Station(
        station.name, "", "river", station.name, station.water, station.basin, "", station.longitude, station.latitude, station.distance_km,
    )  # fmt: skip
    series = Series(
        station.name, "", "water_surface_height", "Hysope altimetry chain", "", "3855", Quality.UNCHECKED, points[0].time, points[-1].time,
        len(points), now(),
    )  # fmt: skip
    target = arguments.out / f"hydroprd_{station.name}_exp.txt"
    target.write_text("".join(f"{line}\n" for line in river(place, series, "operational", points)), "utf-8")
    target.with_name(f"hydroprd_{station.name}_provenance.json").write_text(
        json.dumps(provenance(found, rules), indent=1), "utf-8"
    )
    print(f"{target}: {len(points)} of {len(passes)} passes")
    return 1 if broken else 0


def _tracks(paths: list[Path]) -> list[Path]:
    """The files themselves, and the measurements in folders of products."""
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob(f"*{_ENDING}"))
            best = [one for one in found if one.name.startswith(("standard_", "enhanced_"))]
            out += best or found
        else:
            out.append(path)
    return out
