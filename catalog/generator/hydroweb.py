# SPDX-License-Identifier: Apache-2.0
"""Water-level deliveries in the layouts of Hydroweb: river text (short and expanded), deterministic, with any number of points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_CYCLE = timedelta(days=27)


@dataclass(frozen=True)
class River:
    """A virtual station, as its file's header tells it."""

    basin: str
    river: str
    km: int
    longitude: float
    latitude: float
    number: int
    """Hydroweb's own, 13 digits when written."""
    mean: float = 90.0
    """Metres over the geoid."""
    status: str = "OPERATIONAL"
    validation: str = "AUTOMATIC"

    @property
    def name(self) -> str:
        """The name of the product."""
        basin, river = (text.upper().replace(" ", "-") for text in (self.basin, self.river))
        return f"R_{basin}_{river}_KM{self.km:04d}"


def write_river(
    folder: Path, river: River, points: int, first: datetime = datetime(2016, 3, 1, 10, 12, tzinfo=UTC), step: timedelta = _CYCLE,
    *, expanded: bool = False,
) -> Path:  # fmt: skip
    """Writes `hydroprd_<name>[_exp].txt` and returns its path."""
    rows = []
    for number in range(points):
        at = first + number * step
        season = math.sin(2 * math.pi * (at.timetuple().tm_yday - 60) / 365.25)
        height = river.mean + 2.4 * season + 0.3 * math.sin(number * 12.9898 + river.number)
        spread = 0.02 + 0.2 * abs(math.sin(number * 78.233))
        row = f"{at:%Y-%m-%d %H:%M} {height:.2f} {spread:.2f}"
        if expanded:
            row += f" : {river.longitude:.4f} {river.latitude:.4f} {height + 45.1:.2f} 45.10 {river.km:.3f} S3A SRAL 0427 {number:03d} OCOG NA"
        rows.append(row)
    last = first + (points - 1) * step
    columns = [
        "DATE(YYYY-MM-DD)",
        "TIME(HH:MM)",
        "ORTHOMETRIC HEIGHT (M) OF WATER SURFACE AT REFERENCE POSITION",
        "ASSOCIATED UNCERTAINTY(M)",
    ]
    if expanded:
        columns += [
            "LONGITUDE",
            "LATITUDE",
            "ELLIPSOIDAL HEIGHT",
            "GEOID ONDULATION",
            "DISTANCE (km)",
            "SATELLITE",
            "ORBIT",
            "TRACK",
            "CYCLE",
            "RETRACKER",
            "GDR",
        ]
    header = [
        f"BASIN:: {river.basin.upper()}", f"RIVER:: {river.river.upper()}", f"ID:: {river.number:013d}", "TRIBUTARY OF:: NA",
        "APPROX. WIDTH OF REACH (m):: 310", "SURFACE OF UPSTREAM WATERSHED (km2):: 38000",
        "RATING CURVE PARAMETERS A,b,Zo such that Q(m3/s) = A[H(m)-Zo]^b:: NA NA NA", "REFERENCE ELLIPSOID:: WGS84",
        f"REFERENCE LONGITUDE:: {river.longitude:.4f}", f"REFERENCE LATITUDE:: {river.latitude:.4f}", f"REFERENCE DISTANCE (km):: {river.km}",
        "GEOID MODEL:: EGM2008", "GEOID ONDULATION AT REF POSITION(M.mm):: 45.10", "MISSION(S)-TRACK(S):: S3A-0427", f"STATUS:: {river.status}",
        f"VALIDATION CRITERIA:: {river.validation}", f"MEAN ALTITUDE(M.mm):: {river.mean:.2f}", "MEAN SLOPE (mm/km):: NA",
        f"NUMBER OF MEASUREMENTS IN DATASET:: {points}", f"FIRST DATE IN DATASET:: {first:%Y-%m-%d}", f"LAST DATE IN DATASET:: {last:%Y-%m-%d}",
        "DISTANCE MIN IN DATASET (km):: NA", "DISTANCE MAX IN DATASET (km):: NA", f"PRODUCTION DATE:: {last:%Y-%m-%d}", "PRODUCT VERSION:: NA",
        "PRODUCT CITATION:: generated, not a measurement", "SOURCES:: generated", "PRODUCT CONTENT::",
        *(["FIELD SEPARATOR :"] if expanded else []), *(f"COL {number} : {text}" for number, text in enumerate(columns, 1)),
    ]  # fmt: skip
    path = folder / f"hydroprd_{river.name}{'_exp' if expanded else ''}.txt"
    text = "\n".join([*(f"#{line}" for line in header), "#" * 64, *rows])
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


ORLEANS = River("Loire", "Loire", 617, 1.9050, 47.8940, 999_000_000_001)
AGEN = River("Garonne", "Garonne", 220, 0.6150, 44.2000, 999_000_000_002, mean=41.0)
"""The stations of the demo."""


def demo_series(folder: Path) -> None:
    """Writes the demo's stations: ten years of a pass every 27 days."""
    folder.mkdir(parents=True, exist_ok=True)
    write_river(folder, ORLEANS, 120)
    write_river(folder, AGEN, 120, expanded=True)
