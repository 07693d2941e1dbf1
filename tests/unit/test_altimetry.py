# SPDX-License-Identifier: Apache-2.0
"""The chain from tracks to series, on a real Sentinel-3 pass over Lake Bracciano and on every pass of 66 GRRATS stations."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import shapely
from support import shared

from catalog.ingest.readers import hydroweb
from catalog.model.observation import Point
from catalog.model.time import micros_text
from hysope.cli import main
from processes.chains.altimetry import (
    ESTIMATORS,
    Pass,
    Rules,
    UnusableTrack,
    edited,
    estimate,
    inside,
    one_pass,
    read_sentinel3,
)

BRACCIANO = "POLYGON ((12.2 42.08, 12.3 42.08, 12.3 42.139, 12.2 42.139, 12.2 42.08))"
SICILY = "POLYGON ((13.6 37.91, 13.66 37.91, 13.66 37.95, 13.6 37.95, 13.6 37.91))"
DAY = 86_400_000_000


def track_file() -> Path:
    return shared("data", "hydroweb", "altimetry_l2", "S3A_SR_2_WAT_20230502T200837_cycle098_pass427_standard_measurement.nc")  # fmt: skip


def test_lake_bracciano_has_its_known_height() -> None:
    track = read_sentinel3(track_file())
    found = one_pass(track, shapely.from_wkt(BRACCIANO), Rules(rejection=1e9))
    assert (found.mission, found.cycle, found.records) == ("S3A-0427", 98, 20)
    assert found.point is not None
    assert found.point.value == pytest.approx(161.818, abs=0.006)
    assert found.point.uncertainty == pytest.approx(0.111, abs=0.002)
    edges = one_pass(track, shapely.from_wkt(BRACCIANO))
    assert edges.point is not None
    assert edges.used < 20, "records of the shore are outliers"
    assert edges.point.value == pytest.approx(161.818, abs=0.1)
    assert micros_text(found.point.time).startswith("2023-05-02T")
    lake = inside(track, shapely.from_wkt(BRACCIANO))
    water = lake[track.water[lake]]
    plain = np.median(track.height[water])
    assert plain == pytest.approx(161.818, abs=0.006)
    assert np.median(np.abs(track.height[water] - plain)) == pytest.approx(0.111, abs=0.002)


def test_our_height_is_that_of_the_product() -> None:
    """Altitude, range and each correction by name, against the product's own elevation over the land records."""
    track = read_sentinel3(track_file())
    with netCDF4.Dataset(track_file()) as data:
        elevation = np.ma.filled(data["elevation_ocog_20_ku"][:], np.nan)
        geoid = np.interp(data["time_20_ku"][:], data["time_01"][:], data["geoid_01"][:])
        land = np.ma.filled(data["surf_type_20_ku"][:], 0) == 3
    difference = (track.height - (elevation - geoid))[land]
    difference = difference[np.isfinite(difference)]
    assert len(difference) > 900
    assert abs(np.median(difference)) < 0.002
    assert np.std(difference) < 0.02


def test_mountain_noise_is_rejected() -> None:
    found = one_pass(read_sentinel3(track_file()), shapely.from_wkt(SICILY))
    assert found.records > 0
    assert found.point is None
    assert found.reason


def grrats() -> list[Path]:
    return sorted(shared("data", "hydroweb", "grrats", "netcdf").glob("*.nc"))


def test_every_pass_of_grrats_is_found_again() -> None:
    passes = 0
    for path in grrats():
        with netCDF4.Dataset(path) as data:
            level3, series = data["Level3"], data["Timeseries"]
            cycle, height, sigma0 = (np.ma.filled(level3[name][:], np.nan) for name in ("cycle", "h", "sig0"))
            kept = np.ma.filled(level3["allfilter"][:], 0) == 1
            cycles, hbar, hwbar = (
                np.ma.filled(series[name][:], np.nan) for name in ("cycle", "hbar", "hwbar")
            )
        for number, plain, weighted in zip(cycles, hbar, hwbar, strict=True):
            mine = kept & (cycle == number)
            if plain <= -9_990 or not mine.any():
                continue
            assert ESTIMATORS["mean"](height[mine], sigma0[mine]) == pytest.approx(plain, abs=1e-9)
            assert ESTIMATORS["weighted"](height[mine], sigma0[mine]) == pytest.approx(weighted, abs=1e-9)
            passes += 1
    assert passes > 4_000


def test_outliers_go_until_nothing_more_goes() -> None:
    heights = np.array([10.0, 10.1, 9.9, 10.05, 14.0, 30.0, np.nan])
    found = estimate(heights, Rules())
    assert found is not None
    assert found.kept.tolist() == [True, True, True, True, False, False, False]
    assert found.median == pytest.approx(10.025)
    assert estimate(np.array([1.0, np.nan]), Rules()) is None
    near = estimate(heights, Rules(prior=14.0, prior_range=1.0, least=1))
    assert near is not None
    assert near.median == 14.0


def flown(day: int, height: float) -> Pass:
    return Pass("S3A-0001", day, f"{day}.nc", 10, 8, Point(day * DAY, height, 0.1))


def test_a_pass_off_its_neighbours_is_dropped_and_says_why() -> None:
    passes = [flown(day * 27, 50.0 + np.sin(day / 13 * 2 * np.pi)) for day in range(40)]
    passes[20] = flown(20 * 27, 57.0)
    lost = Pass("S3A-0001", 99, "x.nc", 0, 0, None, "has no record of water in the polygon")
    found = edited([*passes, lost], Rules())
    assert len(found) == 41
    dropped = [one for one in found if one.point is None]
    assert [one.cycle for one in dropped] == [540, 99]
    assert "off the running median" in dropped[0].reason


def test_other_files_are_no_tracks(tmp_path: Path) -> None:
    path = tmp_path / "x.nc"
    path.write_bytes(b"nothing")
    with pytest.raises(UnusableTrack):
        read_sentinel3(path)
    with pytest.raises(UnusableTrack, match="not a Sentinel-3 track"):
        read_sentinel3(shared("data", "hydroweb", "altimetry_l2", "S6_standard_measurement.nc"))


def test_the_command_writes_a_delivery_with_its_provenance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station = tmp_path / "station.yaml"
    station.write_text(
        f"name: R_TIBER_BRACCIANO_KM0001\nwater: Bracciano\nbasin: Tiber\nlongitude: 12.25\nlatitude: 42.11\npolygon: {BRACCIANO}\nrules: {{most_mad: 0.5}}\n"
    )
    out = tmp_path / "out"
    assert main(["altimetry", str(station), str(track_file()), "--out", str(out)]) == 0
    assert "kept" in capsys.readouterr().out
    (found,) = hydroweb.read(out / "hydroprd_R_TIBER_BRACCIANO_KM0001_exp.txt", 1 << 20)
    (point,) = found.points[hydroweb.HEIGHT]
    assert (point.mission, found.datum) == ("S3A-0427", "3855")
    assert point.value == pytest.approx(161.818, abs=0.1)
    about = json.loads((out / "hydroprd_R_TIBER_BRACCIANO_KM0001_provenance.json").read_text())
    assert about["passes"][0]["used"] >= 15
    assert "wet troposphere" in about["corrections"]
    broken = tmp_path / "broken.nc"
    broken.write_bytes(b"no")
    assert main(["altimetry", str(station), str(track_file()), str(broken), "--out", str(out)]) == 1
    station.write_text("name: wrong\n")
    assert main(["altimetry", str(station), str(track_file())]) == 2
