# SPDX-License-Identifier: Apache-2.0
"""Series in the text layouts of Hydroweb that users' readers know: the expanded form of rivers, and lakes (see `catalog.ingest.readers.hydroweb`).

Readers count the lines of a header, so their number is fixed: 45 of a river. What we do not know is NA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from catalog.ingest.readers.hydroweb import AREA, HEIGHT, VOLUME
from catalog.model.observation import Point, Quality, Series, Station
from catalog.model.time import Micros

_GEOIDS = {"3855": "EGM2008", "5773": "EGM96"}
_COLUMNS = (
    "DATE(YYYY-MM-DD)", "TIME(HH:MM)", "ORTHOMETRIC HEIGHT (M) OF WATER SURFACE AT REFERENCE POSITION", "ASSOCIATED UNCERTAINTY(M)",
    "LONGITUDE OF ALTIMETRY MEASUREMENT (deg)", "LATITUDE OF ALTIMETRY MEASUREMENT (deg)", "ELLIPSOIDAL HEIGHT OF ALTIMETRY MEASUREMENT (M)",
    "GEOIDAL ONDULATION (M)", "DISTANCE OF ALTIMETRY MEASUREMENT TO REFERENCE POSITION (KM)", "SATELLITE", "ORBIT / MISSION", "GROUND-TRACK NUMBER",
    "CYCLE NUMBER", "RETRACKING ALGORITHM", "GDR VERSION",
)  # fmt: skip
_MISSING = "9999.999"


def river(station: Station, series: Series, status: str, points: Sequence[Point]) -> Iterator[str]:
    """The lines of `hydroprd_<name>_exp.txt`."""
    first, last = (_moment(points[at].time) for at in (0, -1))
    mean = sum(point.value for point in points) / len(points)
    number = next((alias for alias in station.aliases if len(alias) == 13 and alias.isdecimal()), "NA")
    missions = " ".join(dict.fromkeys(point.mission for point in points if point.mission)) or "NA"
    facts = (
        ("BASIN", station.basin.upper() or "NA"), ("RIVER", station.water.upper() or "NA"), ("ID", number), ("TRIBUTARY OF", "NA"),
        ("APPROX. WIDTH OF REACH (m)", "NA"), ("SURFACE OF UPSTREAM WATERSHED (km2)", "NA"),
        ("RATING CURVE PARAMETERS A,b,Zo such that Q(m3/s) = A[H(m)-Zo]^b", "NA NA NA"), ("REFERENCE ELLIPSOID", "WGS84"),
        ("REFERENCE LONGITUDE", f"{station.longitude:.4f}"), ("REFERENCE LATITUDE", f"{station.latitude:.4f}"),
        ("REFERENCE DISTANCE (km)", "NA" if station.distance_km is None else f"{station.distance_km:g}"),
        ("GEOID MODEL", _GEOIDS.get(series.datum, series.datum or "NA")), ("GEOID ONDULATION AT REF POSITION(M.mm)", "NA"),
        ("MISSION(S)-TRACK(S)", missions), ("STATUS", status.upper()), ("VALIDATION CRITERIA", "EXPERT" if series.quality is Quality.GOOD else "AUTOMATIC"),
        ("MEAN ALTITUDE(M.mm)", f"{mean:.2f}"), ("MEAN SLOPE (mm/km)", "NA"), ("NUMBER OF MEASUREMENTS IN DATASET", str(len(points))),
        ("FIRST DATE IN DATASET", f"{first:%Y-%m-%d}"), ("LAST DATE IN DATASET", f"{last:%Y-%m-%d}"), ("DISTANCE MIN IN DATASET (km)", "NA"),
        ("DISTANCE MAX IN DATASET (km)", "NA"), ("PRODUCTION DATE", f"{_moment(series.modified):%Y-%m-%d}"), ("PRODUCT VERSION", series.version or "NA"),
        ("PRODUCT CITATION", "NA"), ("SOURCES", series.producer or "NA"),
    )  # fmt: skip
    yield from (f"#{name}:: {value}" for name, value in facts)
    yield "#PRODUCT CONTENT::"
    yield "#FIELD SEPARATOR : ':'"
    yield from (f"#COL {at} : {text}" for at, text in enumerate(_COLUMNS, 1))
    yield "#" * 64
    for point in points:
        satellite, _, track = point.mission.partition("-")
        spread = _MISSING if point.uncertainty is None else _number(point.uncertainty)
        yield (
            f"{_moment(point.time):%Y-%m-%d %H:%M} {_number(point.value)} {spread} : NA NA NA NA NA {satellite or 'NA'} NA {track or 'NA'} NA NA NA"
        )


def lake(
    station: Station, status: str, points: Mapping[str, Sequence[Point]], modified: Micros
) -> Iterator[str]:
    """The lines of `hydroprd_<name>.txt`; a line for each height, with the area and the volume of its time."""
    heights = points[HEIGHT]
    area, volume = ({point.time: point.value for point in points.get(name, ())} for name in (AREA, VOLUME))
    first, last = (_moment(heights[at].time) for at in (0, -1))
    number = next((alias for alias in station.aliases if len(alias) == 13 and alias.isdecimal()), "NA")
    yield (
        f"lake={station.water.lower() or station.name};country={station.country or 'NA'};basin={station.basin or 'NA'};lat={station.latitude:g};"
        f"lon={station.longitude:g};date={_year(modified)};first_date={_year(heights[0].time)};last_date={_year(heights[-1].time)};"
        f"type={status};diff=public;id={number}"
    )
    yield from (
        "#", "# Water height from satellite altimetry:", "#", "# surface of ref: EGM2008", "#", f"# first date {first:%Y/%m/%d %H:%M}",
        f"# last date {last:%Y/%m/%d %H:%M}", "#", "# data file format", "# (1): decimal year (2) date = yyyy/mm/dd (3): time = hh:mm",
        "# (4): height above surface of ref (m), (5): standard deviation from height (m)",
        "# (6): area (km2), (7): volume with respect to volume of first date (km3)", "# (8): flag", "#",
    )  # fmt: skip
    for point in heights:
        fields = (
            _year(point.time), f"{_moment(point.time):%Y/%m/%d;%H:%M}", _number(point.value),
            _MISSING if point.uncertainty is None else _number(point.uncertainty),
            *(_number(of[point.time]) if point.time in of else _MISSING for of in (area, volume)),
        )  # fmt: skip
        yield ";".join(fields) + ";"


def _moment(at: Micros) -> datetime:
    return datetime.fromtimestamp(at / 1e6, UTC)


def _number(value: float) -> str:
    """Two decimals where they say it all, as Hydroweb writes; else what it takes."""
    short = f"{value:.2f}"
    return short if float(short) == value else repr(value)


def _year(at: Micros) -> str:
    """A moment as a decimal year."""
    moment = _moment(at)
    start, end = datetime(moment.year, 1, 1, tzinfo=UTC), datetime(moment.year + 1, 1, 1, tzinfo=UTC)
    return f"{moment.year + (moment - start) / (end - start):.8f}"
