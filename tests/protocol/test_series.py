# SPDX-License-Identifier: Apache-2.0
"""`/series`: the same observations as CSV, Parquet, netCDF, chart and feed; what is wrong is said; rights hold."""

import csv
import io
import math

import netCDF4
import pyarrow.parquet as pq
import pytest
from lxml import etree
from support import World

from catalog.generator.hydroweb import AGEN, ORLEANS
from catalog.keys import KeyRequest
from catalog.model.observation import SeriesQuery
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Role
from catalog.model.time import micros_text

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def rows(hydro: World, query: str = "") -> list[dict[str, str]]:
    answer = hydro.client.get(f"/series?{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def stored(hydro: World, station: str) -> list[tuple[str, float, float | None]]:
    observations = hydro.services.catalog.observations
    (series,) = observations.series(SeriesQuery(stations=(station,)), ANONYMOUS, Deadline.after(10))
    pages = observations.points(series, SeriesQuery(), Deadline.after(10))
    return [(micros_text(one.time), one.value, one.uncertainty) for page in pages for one in page]


def test_csv_is_what_is_stored(hydro: World) -> None:
    found = rows(hydro, f"station={AGEN.name}")
    assert [
        (one["time"], float(one["value"]), float(one["uncertainty"]) if one["uncertainty"] else None) for one in found
    ] == stored(hydro, AGEN.name)  # fmt: skip
    assert {(one["name"], one["water"], one["unit"], one["datum"]) for one in found} == {(AGEN.name, "Garonne", "m", "3855")}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "stations"),
    [
        ("basin=garonne", {AGEN.name}),
        ("water=LOIRE", {ORLEANS.name}),
        (f"station={AGEN.name},{ORLEANS.name}", {AGEN.name, ORLEANS.name}),
        ("bbox=0.5,44.1,0.7,44.3", {AGEN.name}),
        ("q=Orléans", {ORLEANS.name}),
        ("q=orleans", {ORLEANS.name}),
        ("basin=garonne&datetime=1990", set()),
        ("basin=nowhere", set()),
        ("since=2199-01-01", set()),
        ("property=water_area&body=lake&datetime=2001", {"L_tana"}),
    ],
)
def test_series_are_chosen_as_hydrologists_ask(hydro: World, query: str, stations: set[str]) -> None:
    assert {one["station"] for one in rows(hydro, query)} == stations


def test_parquet_is_the_csv(hydro: World) -> None:
    answer = hydro.client.get("/series?f=parquet&datetime=2016/2020")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    expected = rows(hydro, "datetime=2016/2020")
    assert len(found) == len(expected) > 100
    for one, row in zip(found, expected, strict=True):
        assert one["time"].isoformat().replace("+00:00", "Z") == row["time"]
        assert (one["station"], one["observed_property"], one["value"]) == (
            row["station"], row["observed_property"], float(row["value"]),
        )  # fmt: skip


def test_netcdf_is_a_ragged_array_of_time_series(hydro: World) -> None:
    answer = hydro.client.get("/series?f=netcdf&property=water_surface_height&body=river")
    assert answer.headers["content-type"] == "application/x-netcdf"
    with netCDF4.Dataset("x", memory=answer.content) as found:
        assert (found.Conventions, found.featureType) == ("CF-1.11", "timeSeries")
        assert found["row_size"].sample_dimension == "obs"
        assert found["time"].units_metadata == "leap_seconds: none"
        names = list(found["station_id"][:])
        number = next(at for at, name in enumerate(names) if name.startswith(AGEN.name))
        start = int(found["row_size"][:number].sum())
        end = start + int(found["row_size"][number])
        values = found["water_surface_height"][start:end].tolist()
        times = netCDF4.num2date(
            found["time"][start:end], found["time"].units, only_use_cftime_datetimes=False
        )
        assert (found["longitude"][number], found["latitude"][number]) == (AGEN.longitude, AGEN.latitude)
        assert int(found["row_size"][:].sum()) == len(found.dimensions["obs"])
    mine = stored(hydro, AGEN.name)
    assert values == [value for _, value, _ in mine]
    assert [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times] == [at for at, _, _ in mine]


def test_a_chart_has_columns(hydro: World) -> None:
    (found,) = hydro.client.get(f"/series?f=json&station={AGEN.name}").json()["series"]
    mine = stored(hydro, AGEN.name)
    assert found["values"] == [value for _, value, _ in mine]
    assert found["mean"] == pytest.approx(sum(found["values"]) / len(mine), abs=1e-9)
    spread = math.sqrt(sum((value - found["mean"]) ** 2 for value in found["values"]) / len(mine))
    assert found["deviation"] == pytest.approx(spread, abs=1e-6)
    assert (found["unit"], found["title"]["fr"]) == ("m", "hauteur de la surface de l'eau")


def test_the_newest_value_of_each_series_and_how_unusual_it_is(hydro: World) -> None:
    found = hydro.client.get("/series/stations?body=river").json()
    mine = {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}
    (chart,) = hydro.client.get(f"/series?f=json&station={AGEN.name}").json()["series"]
    agen = mine[AGEN.name]
    assert (agen["value"], agen["time"]) == (chart["values"][-1], chart["times"][-1])
    assert agen["anomaly"] == pytest.approx(
        (chart["values"][-1] - chart["mean"]) / chart["deviation"], abs=0.01
    )
    assert mine["R_MARONI_OELEMARI_KM0387"]["anomaly"] is None


def test_the_feed_tells_what_came(hydro: World) -> None:
    answer = hydro.client.get("/series/feed?basin=Garonne")
    assert answer.headers["content-type"] == "application/atom+xml"
    root = etree.fromstring(answer.content)
    (entry,) = root.iterfind("a:entry", ATOM)
    assert entry.findtext("a:title", namespaces=ATOM) == "Garonne: water surface height"
    (page,) = [one.get("href") for one in entry.iterfind("a:link[@rel='alternate']", ATOM)]
    assert hydro.client.get(page.removeprefix("http://maps.example")).status_code == 200
    every = [one.text for one in etree.fromstring(hydro.client.get("/series/feed").content).iterfind(".//a:entry/a:updated", ATOM)]  # fmt: skip
    assert every == sorted(every, reverse=True)
    assert len(every) >= 4
    assert (
        len(etree.fromstring(hydro.client.get("/series/feed?limit=2").content).findall("a:entry", ATOM)) == 2
    )
    assert len(etree.fromstring(hydro.client.get("/series/feed?since=2199-01-01").content).findall("a:entry", ATOM)) == 0  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("f=xlsx", 400, "csv, parquet, netcdf, json"),
        ("bbox=1,2,3", 400, "bbox"),
        ("datetime=soon", 400, "datetime"),
        ("basn=Garonne", 400, "BASN"),
        ("f=netcdf&body=lake", 400, "property="),
        ("f=netcdf&basin=nowhere", 400, "none"),
        ("limit=0", 400, "LIMIT"),
        ("station=" + ",".join("x" for _ in range(101)), 413, "101 items"),
    ],
)
def test_what_is_wrong_is_said(hydro: World, query: str, status: int, says: str) -> None:
    answer = hydro.client.get(f"/series?{query}")
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_a_protected_series_is_for_its_group(hydro: World) -> None:
    _, key = hydro.services.catalog.keys.create(KeyRequest("greta", Role.USER, ("hydro",)), OPERATOR)
    for address in (
        "/series?collection=hydroweb-rivers-research",
        "/series/stations",
        "/series/feed",
        "/series?f=json",
    ):
        public = hydro.client.get(address)
        secret = hydro.client.get(address, headers={"X-API-Key": key})
        assert "KM0700" not in public.text
        assert "KM0700" in secret.text
        assert "private" in secret.headers["cache-control"]
