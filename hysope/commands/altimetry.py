# SPDX-License-Identifier: Apache-2.0
"""`hysope altimetry STATION FILES`: the series of a virtual station from the tracks over it, as a delivery that `hysope ingest` takes."""

from __future__ import annotations

import argparse
import json
import sys

import shapely
import yaml
from pydantic import ValidationError

from processes.chains.altimetry import Rules, provenance
from processes.chains.virtual_station import Definition, make, tracks_in, write


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
    made = make(tracks_in(arguments.files), polygon, rules, lambda _: None)
    for reason in made.unusable:
        print(f"failed   {reason}", file=sys.stderr)
    for one in made.passes:
        told = (
            f"{one.point.value:.3f} m, MAD {one.point.uncertainty:.3f} m of {one.used}"
            if one.point
            else one.reason
        )
        print(f"{'kept    ' if one.point else 'rejected'} {one.source}: {told}")
    if not made.points:
        print("no pass has a height", file=sys.stderr)
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    target = arguments.out / f"hydroprd_{station.name}_exp.txt"
    write(station, made.points, target)
    account = json.dumps(provenance(made.passes, rules), indent=1)
    target.with_name(f"hydroprd_{station.name}_provenance.json").write_text(account, "utf-8")
    print(f"{target}: {len(made.points)} of {len(made.passes)} passes")
    return 1 if made.unusable else 0
