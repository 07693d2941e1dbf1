# SPDX-License-Identifier: Apache-2.0
"""Water levels at the size of SWOT's nodes: 1,000,000 stations and 50,000,000 observations on SQLite and on PostgreSQL, asked through every door.

The rows are made in the database by one statement a table (stations and records would take hours one by one, and how long a delivery takes is measured apart); their
values are a sine. STATIONS and POINTS in the environment make it smaller, DATABASE (sqlite, postgresql) chooses one.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from load import measure
from peers import Server, hysope
from sqlalchemy import text
from support import postgres_cluster

from catalog.model.observation import Delivery, Point, Quality, Station
from catalog.model.principal import OPERATOR
from catalog.model.time import Micros
from catalog.service import Catalog
from config.settings import Database, Settings
from hysope.wiring import wire_catalog

ROOT = Path("bench-data").resolve() / "water"
STATIONS, POINTS = int(os.environ.get("STATIONS", "1000000")), int(os.environ.get("POINTS", "50"))
LONG = 1_000
"""Observations of the one long series."""
_FIRST, _STEP = 1_451_606_400_000_000, 864_000_000_000
_CHAIN = "hydroweb-rivers-operational"
_STATION = """
INSERT INTO station (key, id, collection, body, name, water, basin, country, lon, lat, distance_km)
SELECT n, 'R_B' || (n % 500) || '_W' || (n % 20000) || '_KM' || n, :chain, 'river', 'R_B' || (n % 500) || '_W' || (n % 20000) || '_KM' || n,
  'Water ' || (n % 20000), 'Basin ' || (n % 500), 'Country ' || (n % 180), -179.9 + (n * 0.6180339887498949 - {floor}(n * 0.6180339887498949)) * 359.8,
  -59.0 + (n * 0.7548776662466927 - {floor}(n * 0.7548776662466927)) * 130.0, n % 3000
FROM numbers
"""
_SERIES = """
INSERT INTO series (key, station, collection, property, producer, version, datum, quality, first_us, last_us, points, modified_us, source, current, mean, variance)
SELECT n, n, :chain, 'water_surface_height', 'operational', '', '3855', 'unchecked', {first}, {first} + {step} * (CASE WHEN n = 1 THEN {long} ELSE {points} END - 1),
  CASE WHEN n = 1 THEN {long} ELSE {points} END, {first} + n, 'bench', 1, 100, 1 FROM numbers
"""
_OBSERVATION = """
INSERT INTO observation (series, time_us, value, uncertainty, quality, mission)
SELECT s.key, {first} + {step} * p.n, 100 + ((s.key * 7 + p.n * 13) % 1000) / 500.0, 0.1, '', 'S3A' FROM series s JOIN points p ON p.n < s.points
ORDER BY s.key, p.n
"""


def water() -> None:
    """Both databases, one after the other."""
    ROOT.mkdir(parents=True, exist_ok=True)
    if os.environ.get("DATABASE", "sqlite") == "sqlite":
        settings = Settings(data=ROOT / "sqlite")
        if not (settings.data / "hysope.db").is_file():
            _fill(settings)
        _ask("SQLite", settings, None)
    if os.environ.get("DATABASE", "postgresql") != "postgresql":
        return
    tuned = {
        "fsync": "on", "shared_buffers": "1GB", "work_mem": "64MB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB", "jit": "off",
    }  # fmt: skip
    with postgres_cluster(tuned) as cluster:
        settings = Settings(data=ROOT / "postgres", database=Database(url=cluster.url))
        shutil.rmtree(settings.data, ignore_errors=True)
        _fill(settings)
        _ask("PostgreSQL", settings, cluster.url)


def _fill(settings: Settings) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    catalog = wire_catalog(settings)
    database = catalog.database
    lite = database.dialect == "sqlite"
    begun = time.perf_counter()
    with database.writing() as connection:
        if not lite:  # the keys are right by construction
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name, most in (("numbers", STATIONS), ("points", LONG)):
            first = 1 if name == "numbers" else 0
            made = (
                f"CREATE TEMPORARY TABLE {name} AS WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {most - 1 + first}) SELECT n FROM c"
                if lite
                else f"CREATE TEMPORARY TABLE {name} AS SELECT n FROM generate_series({first}, {most - 1 + first}) n"
            )
            connection.execute(text(made))
        floor = "cast" if lite else "floor"
        station = _STATION.format(floor=floor)
        if lite:
            for factor in ("0.6180339887498949", "0.7548776662466927"):
                station = station.replace(f"cast(n * {factor})", f"CAST(n * {factor} AS INTEGER)")
        sizes = {"first": _FIRST, "step": _STEP, "points": POINTS, "long": LONG}
        connection.execute(text(station), {"chain": _CHAIN})
        connection.execute(text("INSERT INTO station_alias SELECT id, key FROM station"))
        connection.execute(text(_SERIES.format(**sizes)), {"chain": _CHAIN})
        boxes = (
            "INSERT INTO station_box (key, west, east, south, north, station) SELECT key, lon, lon, lat, lat, key FROM station"
            if lite
            else "INSERT INTO station_box SELECT key, ST_MakeEnvelope(lon, lat, lon, lat, 4326) FROM station"
        )
        connection.execute(text(boxes))
        connection.execute(text(_OBSERVATION.format(**sizes)))
        if not lite:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('station', 'key'), {STATIONS})"))
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('series', 'key'), {STATIONS})"))
        connection.execute(
            text("UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'revision'")
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    print(
        f"{database.dialect}: {STATIONS:,} stations and {STATIONS * POINTS:,} observations made in {time.perf_counter() - begun:.0f} s",
        flush=True,
    )
    catalog.close()


def _ask(name: str, settings: Settings, url: str | None) -> None:
    catalog = wire_catalog(settings)
    _deliveries(name, catalog)
    catalog.close()
    with _served(settings, url) as server:
        for case, (path, query, most) in _cases().items():
            door = replace(server, address=server.address.replace("/wms", path))
            try:
                cost = measure(door, [query], connections=1, seconds=3, warm=2)
            except (RuntimeError, OSError) as error:
                print(f"{name} {case:58s} {str(error)[:150]}", flush=True)
                continue
            told = f"; asked: below {most} ms" if most else ""
            print(
                f"{name} {case:58s} {cost.p50_ms:7.1f} ms (p95 {cost.p95_ms:.1f}), {cost.kilobytes:.0f} kB{told}",
                flush=True,
            )
        _readers(name, server)
        print(f"{name} server: {server.largest_mb():.0f} MB", flush=True)


@contextmanager
def _served(settings: Settings, url: str | None) -> Iterator[Server]:
    if url:
        os.environ["HYSOPE_DATABASE__URL"] = url
    try:
        with hysope(settings.data, workers=1) as server:
            yield server
    finally:
        os.environ.pop("HYSOPE_DATABASE__URL", None)


def _cases() -> dict[str, tuple[str, str, int | None]]:
    """Door, question, and what the project asks for in ms."""
    long, some = (
        "R_B1_W1_KM1",
        f"R_B{777_777 % STATIONS % 500}_W{777_777 % STATIONS % 20_000}_KM{777_777 % STATIONS}",
    )
    stream = f"{some}.{_CHAIN}.water_surface_height"
    sos = "service=SOS&version=2.0.0&request="
    return {
        "WaterML of 1,000 points": ("/sos", f"{sos}GetObservation&featureOfInterest={long}&responseFormat=http://www.opengis.net/waterml/2.0", 50),
        "CSV of 1,000 points": ("/series", f"station={long}", 15),
        "SOS GetCapabilities": ("/sos", "service=SOS&request=GetCapabilities", 50),
        "SOS GetFeatureOfInterest, a box": ("/sos", f"{sos}GetFeatureOfInterest&spatialFilter=om:featureOfInterest/sams:SF_SpatialSamplingFeature/sams:shape,43.0,0.0,43.5,0.5,urn:ogc:def:crs:EPSG::4326", None),
        "STA 1,000 observations of a long series": (f"/sta/v1.1/Datastreams('{long}.{_CHAIN}.water_surface_height')/Observations", "$top=1000", 60),
        "STA Observations, newest first": (f"/sta/v1.1/Datastreams('{stream}')/Observations", "$top=10&$orderby=phenomenonTime%20desc", None),
        "STA 1,000 Observations of everything": ("/sta/v1.1/Observations", "$top=1000", None),
        "STA a Thing with its streams and newest values": (f"/sta/v1.1/Things('{some}')", "$expand=Locations,Datastreams($expand=Observations($top=1;$orderby=phenomenonTime%20desc))", None),
        "STA Things by name": ("/sta/v1.1/Things", f"$filter=name%20eq%20'{some}'", None),
        "STA Things of a basin": ("/sta/v1.1/Things", "$top=100&$filter=properties/basin%20eq%20'Basin%207'", None),
        "STA Things in a polygon": ("/sta/v1.1/Things", "$top=100&$filter=st_within(Locations/location,geography'POLYGON((0%2043,1%2043,1%2044,0%2044,0%2043))')", None),
        "STA the first 100 Things": ("/sta/v1.1/Things", "$top=100", None),
        "STA how many Things": ("/sta/v1.1/Things", "$top=0&$count=true", None),
        "EDR position": (f"/ogcapi/collections/{_CHAIN}/locations/{some}", "f=CoverageJSON", None),
        "EDR area": (f"/ogcapi/collections/{_CHAIN}/area", "coords=POLYGON((0%2043,0.5%2043,0.5%2043.5,0%2043.5,0%2043))", None),
        "Features of a box, 100": (f"/ogcapi/collections/{_CHAIN}/items", "limit=100&bbox=0,43,2,45", None),
        "Features by basin and water": (f"/ogcapi/collections/{_CHAIN}/items", "limit=100&filter=basin='Basin%207'%20AND%20water='Water%207'", None),
        "series of a basin, how many and their newest": ("/series/stations", "basin=Basin%207", None),
        "feed of a basin": ("/series/feed", "basin=Basin%207", None),
        "map of a region, 1024 x 768": ("/wms", f"service=WMS&version=1.3.0&request=GetMap&layers={_CHAIN}&styles=&crs=CRS:84&bbox=0,42,8,48&width=1024&height=768&format=image/png", None),
        "vector tile, level 7": (f"/ogcapi/collections/{_CHAIN}/tiles/WebMercatorQuad/7/46/64", "f=mvt", None),
    }  # fmt: skip


def _deliveries(name: str, catalog: Catalog) -> None:
    """How many deliveries of 50 observations a second go in beside all this, each a transaction with its two records."""
    kind = catalog.registry.series_types[_CHAIN]
    count, begun = 200, time.perf_counter()
    for number in range(count):
        points = tuple(Point(Micros(_FIRST + _STEP * n), 10.0 + n / 100, 0.1) for n in range(50))
        key = f"R_NEW_NEW_KM{int(begun * 1000) % 10**9}{number:04d}"
        place = Station(key, "", "river", key, "New", "New", "", number / 10, 45.0, 1.0, (key,))
        catalog.deliver(
            Delivery(place, "hydroweb", "operational", "", "3855", Quality.UNCHECKED, {"water_surface_height": points}), kind, OPERATOR, "bench",
        )  # fmt: skip
    spent = time.perf_counter() - begun
    print(f"{name} deliveries of 50 observations: {count / spent:.0f} a second", flush=True)


def _readers(name: str, server: Server) -> None:
    """Sixty-four readers at once, each of another series."""
    base = server.address.replace("/wms", "/series?station=")
    stations = [f"R_B{n % 500}_W{n % 20_000}_KM{n}" for n in range(1_000, 1_640)]
    said: Counter[int] = Counter()

    def one(station: str) -> None:
        try:
            with urllib.request.urlopen(base + station, timeout=60) as answer:
                said[answer.status if len(answer.read().splitlines()) > POINTS else 0] += 1
        except urllib.error.HTTPError as error:
            said[error.code] += 1

    begun = time.perf_counter()
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(one, stations))
    print(
        f"{name} 64 readers, {len(stations)} series: {dict(said)} in {time.perf_counter() - begun:.1f} s",
        flush=True,
    )
