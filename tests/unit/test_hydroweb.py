# SPDX-License-Identifier: Apache-2.0
"""Hydroweb's deliveries: real values in three layouts, and broken files refused with line and reason."""

import json
from pathlib import Path

import pytest
from support import shared

from catalog.generator.hydroweb import AGEN, write_river
from catalog.ingest.readers import hydroweb
from catalog.ingest.readers.hydroweb import AREA, HEIGHT, VOLUME, recognised
from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Quality
from catalog.model.time import micros_text

LIMIT = 1 << 24


def read(path: Path, limit: int) -> Delivery:
    """The one delivery of a file of one station."""
    (found,) = hydroweb.read(path, limit)
    return found


def test_the_json_and_the_text_of_a_station_say_the_same() -> None:
    folder = shared("data", "hydroweb")
    names = [path.name.split("_from_")[0] for path in sorted((folder / "json_api").glob("*.json"))]
    assert len(names) == 7
    for name in names:
        text = read(folder / "reconstructed_txt" / f"{name}.txt", LIMIT)
        former = read(next((folder / "json_api").glob(f"{name}_from*.json")), LIMIT)
        assert text.points == former.points
        assert (text.datum, text.status, text.version) == (former.datum, former.status, former.version)
        assert text.station.aliases == former.station.aliases
        assert (text.station.water, text.station.basin) == (former.station.water, former.station.basin)


def test_a_river_text_in_full() -> None:
    found = read(
        shared("data", "hydroweb", "reconstructed_txt", "hydroprd_R_MARONI_OELEMARI_KM0387.txt"), LIMIT
    )
    station = found.station
    assert (station.id, station.body, station.water, station.basin) == (
        "R_MARONI_OELEMARI_KM0387",
        "river",
        "Oelemari",
        "Maroni",
    )
    assert (station.longitude, station.latitude, station.distance_km) == (-54.2864, 3.1944, 387.0)
    assert station.aliases == ("0000000006494", "R_MARONI_OELEMARI_KM0387")
    assert (found.datum, found.quality, found.status) == ("3855", Quality.UNCHECKED, "operational")
    assert [(micros_text(p.time), p.value, p.uncertainty) for p in found.points[HEIGHT]] == [
        ("2023-11-23T13:39:00Z", 122.36, 0.22),
        ("2023-12-20T13:39:00Z", 122.89, 0.22),
        ("2024-01-16T13:39:00Z", 123.08, 0.04),
    ]


def test_a_lake_text_has_heights_areas_and_volumes_without_the_missing_ones() -> None:
    tana = read(shared("data", "hydroweb", "reconstructed_txt", "hydroprd_L_tana.txt"), LIMIT)
    assert {name: len(points) for name, points in tana.points.items()} == {
        HEIGHT: 702,
        AREA: 682,
        VOLUME: 682,
    }
    first = {name: points[0].value for name, points in tana.points.items()}
    assert first == {HEIGHT: 1787.91, AREA: 3056.16, VOLUME: 0.0}
    victoria = read(shared("data", "hydroweb", "reconstructed_txt", "hydroprd_L_victoria.txt"), LIMIT)
    assert {name: len(points) for name, points in victoria.points.items()} == {HEIGHT: 988}
    assert (victoria.station.body, victoria.station.country) == ("lake", "Uganda")


def test_the_expanded_form_is_read_as_the_short_one(tmp_path: Path) -> None:
    short, long = write_river(tmp_path, AGEN, 40), write_river(tmp_path, AGEN, 40, expanded=True)
    plain, whole = read(short, LIMIT), read(long, LIMIT)
    assert plain.station == whole.station
    assert [(one.time, one.value, one.uncertainty) for one in plain.points[HEIGHT]] == [
        (one.time, one.value, one.uncertainty) for one in whole.points[HEIGHT]
    ]
    assert {one.mission for one in plain.points[HEIGHT]} == {""}
    (seen,) = {one.mission for one in whole.points[HEIGHT]}
    assert seen.startswith("S3")


def test_files_of_others_are_not_recognised() -> None:
    assert not recognised(shared("data", "hydroweb", "malformed", "hydroprd_L_gerd.csv"))
    assert not recognised(shared("data", "hydroweb", "grealm", "lake000314.10d.2.txt"))
    assert not recognised(shared("data", "hydroweb", "README.md"))


def _broken(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2016-03-01 10:12", "2016-02-30 10:12", "line 34: '2016-02-30 10:12' is not a date and a time"),
        ("2016-03-01 10:12", "2016-03-01", "line 34: 3 fields"),
        ("#REFERENCE LONGITUDE:: 0.6150\n", "", "the header has no REFERENCE LONGITUDE"),
        ("REFERENCE LATITUDE:: 44.2", "REFERENCE LATITUDE:: 944.2", "no longitude and latitude"),
        ("2016-03-28", "nonsense", "line 35"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_reason(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(Refused, match="hydroprd_R_GARONNE_GARONNE_KM0220") as caught:
        read(_broken(write_river(tmp_path, AGEN, 3), old, new), LIMIT)
    assert says in str(caught.value)


def test_values_that_are_no_numbers_are_refused_and_missing_ones_left_out(tmp_path: Path) -> None:
    path = write_river(tmp_path, AGEN, 3)
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join(
            [
                *lines[:-2],
                "2016-03-28 10:12 9999.999 9999.999",
                "2016-04-24 10:12 NaN NaN",
                "2016-05-21 10:12 41.5 9999.999",
            ]
        )
    )
    points = read(path, LIMIT).points[HEIGHT]
    assert len(points) == 2
    assert (points[-1].value, points[-1].uncertainty) == (41.5, None)
    path.write_text("\n".join([*lines, "2016-06-01 10:12 1_000 0.1"]))
    with pytest.raises(Refused, match="'1_000' is not a number"):
        read(path, LIMIT)
    path.write_text("\n".join([*lines, f"{lines[-1][:16]} 1.0 0.1"]))
    with pytest.raises(Refused, match="two values"):
        read(path, LIMIT)


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": None},
        {"properties": {}},
        {"data": [7]},
        {"data": [{"date": "x", "time": "y"}]},
        {"data": []},
    ],
)
def test_a_json_that_is_none_of_hydroweb_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    whole = {
        "type": "Feature",
        "geometry": {"coordinates": [1.0, 2.0]},
        "properties": {"resource": "R_A_B_KM0001", "basin": "A"},
        "data": [
            {
                "date": "2020-01-01",
                "time": "10:00",
                "orthometric_height_of_water_surface_at_reference_position": 3.5,
            }
        ],
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps(whole))
    assert len(read(path, LIMIT).points[HEIGHT]) == 1
    path.write_text(json.dumps({**whole, **change}))
    with pytest.raises(Refused):
        read(path, LIMIT)


def test_rows_of_the_wfs_say_the_same_as_the_former_api() -> None:
    """Real answers of two services for the same stations; the WFS swaps the axes of its points."""
    folder = shared("data", "hydroweb")
    (table,) = sorted((folder / "wfs_csv").glob("*2023-11-01*.csv"))
    rows = {one.station.id: one for one in hydroweb.read(table, LIMIT)}
    assert len(rows) == 4
    for name, found in rows.items():
        former = read(next((folder / "json_api").glob(f"hydroprd_{name}_from*.json")), LIMIT)
        assert (found.station.longitude, found.station.latitude) == (
            former.station.longitude, former.station.latitude,
        )  # fmt: skip
        assert (found.station.water, found.station.basin) == (former.station.water, former.station.basin)
        assert found.points == former.points


def test_the_geojson_of_the_wfs_is_read_in_its_own_axis_order(tmp_path: Path) -> None:
    facts = {"name": "R_A_B_KM0001", "river": "B", "basin": "A", "status": "research", "validation": "Expert", "start_time": "2023-11-04T01:35:00", "wse": 48.96, "wse_u": None}  # fmt: skip
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-54.5, 4.2]},
        "properties": facts,
    }
    path = tmp_path / "rows.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = read(path, LIMIT)
    assert (found.station.longitude, found.station.latitude, found.status) == (-54.5, 4.2, "research")
    assert (found.quality, found.points[HEIGHT][0].uncertainty) == (Quality.GOOD, None)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{**feature, "geometry": {}}]}))
    with pytest.raises(Refused, match="GeoJSON"):
        read(path, LIMIT)


def test_the_csv_of_a_lake_says_what_its_text_says_but_not_where_it_is() -> None:
    for name in ("L_tana", "L_victoria"):
        found = read(shared("data", "hydroweb", "lakes_csv", f"hydroprd_{name}.csv"), LIMIT)
        text = read(shared("data", "hydroweb", "reconstructed_txt", f"hydroprd_{name}.txt"), LIMIT)
        assert found.points == text.points
        assert (found.placed, text.placed, found.station.id) == (False, True, text.station.id)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("FID,fid,start_time,end_time,geom,name,river,basin,status,validation,wse,wse_u\n1,1,2024-01-01T00:00:00,,POINT (x y),R_A_B_KM0001,B,A,operational,,1,\n", "row|line 2"),
        ("FID,fid,start_time,end_time,geom,name,river,basin,status,validation,wse,wse_u\n1,1,soon,,POINT (1 2),R_A_B_KM0001,B,A,operational,,1,\n", "row 2"),
        ("FID,fid,start_time,end_time,geom,name,river,basin,status,validation,wse,wse_u\n", "no observation"),
        ("Decimal year,Date,Time,Height,Standard deviation,Area,Volume\n1,2,3\n", "line 2"),
    ],
)  # fmt: skip
def test_a_broken_table_is_refused(tmp_path: Path, body: str, says: str) -> None:
    path = tmp_path / "hydroprd_L_x.csv"
    path.write_text(body)
    assert recognised(path)
    with pytest.raises(Refused, match=says):
        read(path, LIMIT)
