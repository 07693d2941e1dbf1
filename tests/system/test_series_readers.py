# SPDX-License-Identifier: Apache-2.0
"""Readers of SWOT, of hydrocron's answers, of declared tables and of WaterML, on real granules and answers."""

import shutil
from pathlib import Path

import pytest
import shapefile
from starlette.testclient import TestClient
from support import World, shared

from catalog.ingest.readers import swot, table, waterml
from catalog.ingest.refusal import Refused
from catalog.model.observation import Delivery, Quality
from catalog.model.time import micros_text
from config.registry import load_registry
from config.series_types import ObservedProperty, SeriesType, Table
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest

LIMIT = 1 << 24
HEIGHT = "water_surface_height"


def granule(name: str) -> Path:
    return next(shared("data", "hydroweb", "swot").glob(f"*{name}*.zip"))


@pytest.mark.parametrize(("name", "features", "version", "mission"), [("049_058", 52, "D", "SWOT-058"), ("033_506", 723, "D", "SWOT-506"), ("018_100", 5389, "C", "SWOT-100")])  # fmt: skip
def test_a_granule_is_a_point_of_each_feature_that_was_seen(
    tmp_path: Path, name: str, features: int, version: str, mission: str
) -> None:
    """Against the table itself, read by its library."""
    path = granule(name)
    shutil.unpack_archive(path, tmp_path)
    with shapefile.Reader(str(next(tmp_path.glob("*.dbf")))) as reader:
        records = [record.as_dict() for record in reader.iterRecords()]
    assert len(records) == features
    key, flag = ("lake_id", "quality_f") if "LakeSP" in path.name else ("reach_id", "reach_q")
    expected = {one[key]: one for one in records if one["wse"] > -1e6 and one[flag] != 3}
    found = {one.station.aliases[1]: one for one in swot.read(path, LIMIT) if HEIGHT in one.points}
    assert found.keys() == expected.keys()
    for number, one in found.items():
        fact, (point,) = expected[number], one.points[HEIGHT]
        assert (point.value, point.uncertainty) == (fact["wse"], fact["wse_u"])
        assert micros_text(point.time) == fact["time_str"]
        assert (one.version, point.mission, one.datum) == (version, mission, "3855")
        assert (one.station.longitude, one.station.latitude) == (fact["p_lon"], fact["p_lat"])
        km2 = fact["area_total"] if key == "lake_id" else fact["area_total"] / 1e6
        assert one.points["water_area"][0].value == pytest.approx(km2, rel=1e-12)


def test_what_makes_a_height_doubtful_lowers_its_quality() -> None:
    lakes = {one.station.aliases[1]: one.points[HEIGHT][0] for one in swot.read(granule("018_100"), LIMIT) if HEIGHT in one.points}  # fmt: skip
    assert lakes["9120230942"].quality is Quality.GOOD
    assert lakes["9120230902"].quality is Quality.SUSPECT


def answers(*names: str) -> list[Delivery]:
    folder = shared("data", "hydroweb", "swot", "hydrocron_api")
    return [one for name in names for one in swot.read(folder / name, LIMIT)]


def test_each_form_of_an_answer_says_the_same() -> None:
    table_, features, compact = answers("test_data__api_query_results_csv.csv", "test_data__api_query_results_geojson.json", "test_data__api_query_results_geojson_compact.json")  # fmt: skip
    assert table_.points == features.points == compact.points
    assert table_.station.id == "sword-reach-71224100223"
    assert table_.station.longitude == pytest.approx(features.station.longitude, abs=1e-6)
    reach, plain = answers("ops__reach__reach_d_basic.geojson", "ops__reach__reach_d_basic.csv")
    assert reach.points == plain.points
    assert [point.value for point in reach.points[HEIGHT]] == [1014.5819, 1015.6602, 1013.8288]
    assert (reach.placed, plain.placed) == (True, False)


def test_an_answer_without_an_observation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no observation"):
        answers("test_data__api_query_results_geojson_lakes.json")
    for body in ('{"csv":"x,time_str\\n1,2\\n"}', '{"results": {"geojson": {"features": [{}]}}, "time_str": 1}', '{"time_str": 1, "results": []}'):  # fmt: skip
        path = tmp_path / "x.json"
        path.write_text(body)
        with pytest.raises(Refused):
            list(swot.read(path, LIMIT))
    broken = tmp_path / granule("049_058").name
    broken.write_bytes(granule("049_058").read_bytes()[:9_000])
    with pytest.raises(Refused, match="not a SWOT granule"):
        list(swot.read(broken, LIMIT))


def gauge(**changed: object) -> SeriesType:
    base = load_registry(()).series_types["hydroweb-rivers-operational"]
    columns = {
        "files": "gauges_*.csv", "separator": ";", "station": "code", "prefix": "gauge-", "name": "label", "longitude": "x", "latitude": "y",
        "time": "when", "time_format": "%d/%m/%Y %H:%M", "zone": "Europe/Paris", "values": {HEIGHT: "h_mm"}, "scales": {HEIGHT: 0.001},
        "quality": "q", "qualities": {"16": "suspect", "20": "good"},
    }  # fmt: skip
    return base.model_copy(
        update={
            "id": "gauges", "reader": "table", "body": "gauge", "table": Table.model_validate({**columns, **changed}),
        }
    )  # fmt: skip


def test_a_declared_table_is_read_in_its_zone_and_unit(tmp_path: Path) -> None:
    path = tmp_path / "gauges_2024.csv"
    path.write_text("code;label;x;y;when;h_mm;q\nO 200;Toulouse;1,44;43,6;01/07/2024 02:30;1234;20\nO 200;Toulouse;1,44;43,6;01/01/2024 02:30;1200;16\nA1;Agen;0.6;44.2;01/01/2024 02:30;;\n")  # fmt: skip
    assert table.recognised(path, gauge())
    (found,) = table.read(path, gauge(), LIMIT)
    assert (found.station.id, found.station.name, found.station.longitude) == (
        "gauge-O-200",
        "Toulouse",
        1.44,
    )
    assert [(micros_text(one.time), one.value, one.quality) for one in found.points[HEIGHT]] == [
        ("2024-01-01T01:30:00Z", 1.2, Quality.SUSPECT), ("2024-07-01T00:30:00Z", 1.234, Quality.GOOD),
    ]  # fmt: skip
    for body, says in (
        ("code;label;x;y;when;q\n", "no column h_mm"),
        ("code;label;x;y;when;h_mm;q\na;b;1;2;soon;3;20\n", "line 2: 'soon'"),
        ("code;label;x;y;when;h_mm;q\na;b;1;2;01/07/2024 02:30;tall;20\n", "line 2: 'tall'"),
        ("code;label;x;y;when;h_mm;q\n;b;1;2;01/07/2024 02:30;3;20\n", "line 2: names no station"),
        ("code;label;x;y;when;h_mm;q\na;b;1;200;01/07/2024 02:30;3;20\n", "no longitude and latitude"),
    ):
        path.write_text(body)
        with pytest.raises(Refused, match=says):
            list(table.read(path, gauge(), LIMIT))


def test_a_table_is_declared_in_full() -> None:
    facts = gauge().model_dump()
    with pytest.raises(ValueError, match="IANA"):
        Table.model_validate({**facts["table"], "zone": "Mars/Olympus"})
    with pytest.raises(ValueError, match="needs `table`"):
        SeriesType.model_validate({**facts, "table": None})
    with pytest.raises(ValueError, match="not among the properties"):
        SeriesType.model_validate({**facts, "properties": {"other": ObservedProperty(title={"en": "o", "fr": "o"}, unit="m")}})  # fmt: skip


def test_our_own_waterml_comes_back_as_it_was(hydro: World, tmp_path: Path) -> None:
    """And one of the standard's form, with the station inside and qualities of points."""
    kind = load_registry(()).series_types["hydroweb-rivers-operational"]
    asked = "/sos?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest=R_MARONI_OELEMARI_KM0387&responseFormat=http://www.opengis.net/waterml/2.0"
    path = tmp_path / "maroni.xml"
    path.write_bytes(hydro.client.get(asked).content)
    assert waterml.recognised(path)
    (found,) = waterml.read(path, kind, LIMIT)
    assert [(micros_text(one.time), one.value, one.uncertainty) for one in found.points[HEIGHT]] == [
        ("2023-11-23T13:39:00Z", 122.36, 0.22), ("2023-12-20T13:39:00Z", 122.89, 0.22), ("2024-01-16T13:39:00Z", 123.08, 0.04),
    ]  # fmt: skip
    assert (found.station.id, found.placed, found.quality) == (
        "R_MARONI_OELEMARI_KM0387",
        False,
        Quality.UNCHECKED,
    )


def test_the_quality_and_the_mission_of_a_point_are_kept_and_told(tmp_path: Path) -> None:
    """A real granule, through the store, as WaterML, CSV and SensorThings."""
    settings = Settings(data=tmp_path / "data")
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    report = worker.run(worker.find([granule("033_506")]))
    assert [(one.status, one.product) for one in report.outcomes] == [("new", "106 stations")]
    again = worker.run(worker.find([granule("033_506")]))
    assert [one.status for one in again.outcomes] == ["skipped"]
    with TestClient(build(settings)) as client:
        asked = "/sos?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest=5240012913&observedProperty=water_surface_height&responseFormat="
        text = client.get(f"{asked}http://www.opengis.net/waterml/2.0").text
        assert "quality/suspect" in text
        rows = client.get(f"{asked}text/csv").text.splitlines()
        assert rows[1].endswith(",187.226,0.076,m,suspect,SWOT-506")
        found = client.get("/sta/v1.1/Observations?$filter=FeatureOfInterest/id eq 'pld-lake-5240012913' and result gt 100").json()  # fmt: skip
        assert [(one["resultQuality"], one["parameters"]) for one in found["value"]] == [
            ("suspect", {"uncertainty": 0.076, "mission": "SWOT-506"})
        ]
    catalog.close()


def test_the_waterml_examples_with_a_place_are_read() -> None:
    kind = load_registry(()).series_types["hydroweb-rivers-operational"]
    (found,) = waterml.read(shared("knowledge", "hydro", "examples", "get_observation_waterml20_inline_foi.xml"), kind, LIMIT)  # fmt: skip
    assert (found.station.longitude, found.station.latitude, found.placed) == (-54.2864, 3.1944, True)
    assert len(found.points[HEIGHT]) == 3


@pytest.mark.parametrize(("old", "new", "says"), [("water_surface_height", "colour", "no property"), ("<wml2:value>122.36", "<wml2:value>tall", "point 1"), ('code="m"', 'code="ft"', "not m"), ("MeasurementTimeseries", "Other", "no MeasurementTimeseries")])  # fmt: skip
def test_a_waterml_of_something_else_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    kind = load_registry(()).series_types["hydroweb-rivers-operational"]
    text = shared("knowledge", "hydro", "examples", "get_observation_waterml20.xml").read_text()
    assert old in text
    path = tmp_path / "x.xml"
    path.write_text(text.replace(old, new))
    with pytest.raises(Refused, match=says):
        list(waterml.read(path, kind, LIMIT))
