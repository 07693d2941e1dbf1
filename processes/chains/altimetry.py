# SPDX-License-Identifier: Apache-2.0
"""From along-track altimetry to the series of a virtual station (Crétaux et al. 2011; Santos da Silva et al. 2010; C3S lake water level ATBD).

A height over the geoid is altitude - range - corrections - geoid, at 20 Hz; over inland water the corrections are dry and wet troposphere (model, at the
height of the measurement), ionosphere (GIM), solid earth, pole and load tides: no ocean tide, no inverse barometer, no sea-state bias.
Of a pass over the station's polygon the median is kept, with the median absolute deviation (MAD) as its uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import netCDF4
import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.model.observation import Point
from catalog.model.time import Micros

Heights = NDArray[np.float64]
CORRECTIONS = {
    "dry troposphere": "mod_dry_tropo_cor_meas_altitude_01", "wet troposphere": "mod_wet_tropo_cor_meas_altitude_01", "ionosphere": "iono_cor_gim_01_ku",
    "solid earth tide": "solid_earth_tide_01", "pole tide": "pole_tide_01", "load tide": "load_tide_sol1_01",
}  # fmt: skip
"""What is added to the range, by the names of Sentinel-3's variables (1 Hz, metres)."""
_EPOCH_2000 = 946_684_800_000_000
_TO_SIGMA = 1.4826
"""From a MAD to the standard deviation of a normal distribution."""
_CONTINENTAL_WATER = 2


class UnusableTrack(Exception):
    """A file that is no track of Sentinel-3 over land, with the reason."""


@dataclass(frozen=True)
class Track:
    """The records of a pass, one each 20 Hz."""

    mission: str
    """Satellite and pass, `S3A-0427`."""
    cycle: int
    time: NDArray[np.int64]
    """Microseconds since 1970, UTC."""
    longitude: Heights
    latitude: Heights
    """Degrees, WGS 84."""
    height: Heights
    """Metres over EGM2008; NaN where something is missing."""
    sigma0: Heights
    """Backscatter, dB."""
    water: NDArray[np.bool_]
    """What the product calls continental water."""
    source: str


def weighted(heights: Heights, sigma0: Heights) -> float:
    """The mean of heights by the power that came back, 10^(sigma0 / 10)."""
    return float(np.average(heights, weights=10.0 ** (sigma0 / 10.0)))


ESTIMATORS: Mapping[str, Callable[[Heights, Heights], float]] = {
    "median": lambda heights, _: float(np.median(heights)),
    "mean": lambda heights, _: float(np.mean(heights)),
    "weighted": weighted,
}
"""The height of a pass of those of its records and their backscatter (dB); mean and weighted are `hbar` and `hwbar` of GRRATS (Coss et al. 2020)."""


@dataclass(frozen=True)
class Rules:
    """What is kept of the records of a pass, and of the passes of a series."""

    water_only: bool = True
    prior: float | None = None
    """Metres over the geoid: a height further than `prior_range` from it is dropped."""
    prior_range: float = 30.0
    rejection: float = 3.0
    """Records further than this many sigmas (1.4826 MAD) from the median are dropped, again and again."""
    floor: float = 0.05
    """Metres: the least sigma that rejects."""
    least: int = 3
    """Records of a pass."""
    estimator: str = "median"
    """Of the records that stay: one of ESTIMATORS."""
    most_mad: float = 1.0
    """Metres: a pass of a larger MAD is dropped."""
    window_days: float = 60.0
    """Half of the window of the running median that a pass is compared with."""
    outlier: float = 3.0
    """A pass further than this many sigmas of the residuals from the running median is dropped."""

    def __post_init__(self) -> None:
        """Raises ValueError for an estimator that there is not."""
        if self.estimator not in ESTIMATORS:
            raise ValueError(f"estimator: {self.estimator!r} is none of {', '.join(ESTIMATORS)}")


@dataclass(frozen=True)
class Estimate:
    """The height of a pass."""

    median: float
    mad: float
    kept: NDArray[np.bool_]
    """Which of the records it stands on."""


@dataclass(frozen=True)
class Pass:
    """A pass over the station, or why it has no height."""

    mission: str
    cycle: int
    source: str
    records: int
    """Inside of the polygon."""
    used: int
    point: Point | None
    reason: str = ""


def read_sentinel3(path: Path) -> Track:
    """A Sentinel-3 SRAL L2 file (WAT or LAN, standard or enhanced). Raises UnusableTrack."""
    try:
        with netCDF4.Dataset(path) as data:
            data.set_auto_maskandscale(True)
            time = _column(data, "time_20_ku")
            range_ = _column(data, "range_ocog_20_ku") + sum(
                _at_20hz(data, name, time) for name in CORRECTIONS.values()
            )
            height = _column(data, "alt_20_ku") - range_ - _at_20hz(data, "geoid_01", time)
            longitude = _column(data, "lon_20_ku")
            letter = str(data.mission_name).strip()[-1]
            water = np.ma.filled(data["surf_class_20_ku"][:], 0) == _CONTINENTAL_WATER
            return Track(
                f"S3{letter}-{int(data.pass_number):04d}", int(data.cycle_number), _micros(time), (longitude + 180.0) % 360.0 - 180.0,
                _column(data, "lat_20_ku"), height, _column(data, "sig0_ocog_20_ku"), water, path.name,
            )  # fmt: skip
    except (OSError, IndexError, AttributeError, ValueError, RuntimeError) as error:
        raise UnusableTrack(f"{path.name}: is not a Sentinel-3 track over land ({error})") from error


def _column(data: netCDF4.Dataset, name: str) -> Heights:
    return np.ma.filled(np.ma.asarray(data[name][:], dtype=np.float64), np.nan)


def _at_20hz(data: netCDF4.Dataset, name: str, time: Heights) -> Heights:
    """A term at 1 Hz, interpolated linearly; NaN beside a missing one."""
    return np.interp(time, _column(data, "time_01"), _column(data, name))


def _micros(time: Heights) -> NDArray[np.int64]:
    return np.asarray(np.nan_to_num(time) * 1e6, dtype=np.int64) + _EPOCH_2000


def inside(track: Track, polygon: shapely.Geometry) -> NDArray[np.intp]:
    """The records whose point lies in a polygon of longitude and latitude."""
    west, south, east, north = polygon.bounds
    near = (
        (track.longitude >= west) & (track.longitude <= east) & (track.latitude >= south) & (track.latitude <= north)
    )  # fmt: skip
    found = np.flatnonzero(near)
    within: NDArray[np.bool_] = shapely.contains_xy(polygon, track.longitude[found], track.latitude[found])
    return found[within]


def estimate(heights: Heights, rules: Rules = Rules()) -> Estimate | None:
    """The median of heights without outliers: |h - median| > rejection x max(1.4826 MAD, floor) goes until nothing more goes.

    None where fewer than `least` stay.
    """
    kept = np.isfinite(heights)
    if rules.prior is not None:
        kept &= np.abs(heights - rules.prior) <= rules.prior_range
    while kept.sum() >= rules.least:
        median = float(np.median(heights[kept]))
        mad = float(np.median(np.abs(heights[kept] - median)))
        limit = rules.rejection * max(_TO_SIGMA * mad, rules.floor)
        fewer = kept & (np.abs(heights - median) <= limit)
        if fewer.sum() == kept.sum():
            return Estimate(median, mad, kept)
        kept = fewer
    return None


def one_pass(track: Track, polygon: shapely.Geometry, rules: Rules = Rules()) -> Pass:
    """What a track says of a station."""
    found = inside(track, polygon)
    if rules.water_only:
        found = found[track.water[found]]
    facts = (track.mission, track.cycle, track.source, len(found))
    if not len(found):
        return Pass(*facts, 0, None, "has no record of water in the polygon")
    heights, sigma0 = track.height[found], track.sigma0[found]
    if rules.estimator == "weighted":
        heights = np.where(np.isfinite(sigma0), heights, np.nan)
    best = estimate(heights, rules)
    if best is None:
        return Pass(*facts, 0, None, f"has fewer than {rules.least} heights that agree")
    used = int(best.kept.sum())
    if best.mad > rules.most_mad:
        return Pass(*facts, used, None, f"has a MAD of {best.mad:.2f} m, more than {rules.most_mad:g} m")
    at = Micros(int(np.median(track.time[found[best.kept]])))
    value = ESTIMATORS[rules.estimator](heights[best.kept], sigma0[best.kept])
    point = Point(at, round(value, 3), round(best.mad, 3), None, track.mission)
    return Pass(*facts, used, point)


def edited(passes: Sequence[Pass], rules: Rules = Rules()) -> list[Pass]:
    """Passes by time, those off the running median of the others dropped with their reason."""
    good = sorted((one for one in passes if one.point), key=_time_of)
    others = [one for one in passes if not one.point]
    times = np.array([_time_of(one) for one in good], dtype=np.float64) / 86_400e6
    heights = np.array([one.point.value for one in good if one.point])
    if len(good) < 5:
        return [*good, *others]
    residuals = np.array(
        [heights[at] - _around(times, heights, at, rules.window_days) for at in range(len(good))]
    )
    spread = max(_TO_SIGMA * float(np.median(np.abs(residuals - np.median(residuals)))), rules.floor)
    out = []
    for one, residual in zip(good, residuals, strict=True):
        if abs(residual) <= rules.outlier * spread:
            out.append(one)
            continue
        reason = f"is {residual:+.2f} m off the running median, more than {rules.outlier:g} sigmas ({spread:.2f} m)"
        out.append(replace(one, point=None, reason=reason))
    return [*out, *others]


def _around(times: Heights, heights: Heights, at: int, days: float) -> float:
    """The median of the heights around one, without it; of its two neighbours where the window has fewer."""
    near = np.abs(times - times[at]) <= days
    near[at] = False
    if near.sum() < 2:
        near[[max(at - 1, 0), min(at + 1, len(times) - 1)]] = True
        near[at] = False
    return float(np.median(heights[near]))


def _time_of(one: Pass) -> int:
    assert one.point is not None
    return int(one.point.time)


def provenance(passes: Sequence[Pass], rules: Rules) -> Mapping[str, object]:
    """What a series was made of and how, for its record."""
    return {
        "chain": "hysope-altimetry", "retracker": "OCOG", "corrections": list(CORRECTIONS), "geoid": "EGM2008", "estimator": rules.estimator,
        "uncertainty": "MAD", "rules": asdict(rules),
        "passes": [
            {
                "file": one.source, "mission": one.mission, "cycle": one.cycle, "records": one.records, "used": one.used,
                **({"height": one.point.value} if one.point else {"rejected": one.reason}),
            }
            for one in passes
        ],
    }  # fmt: skip
