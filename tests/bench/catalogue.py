# SPDX-License-Identifier: Apache-2.0
"""The catalogue's doors over 10,000, 100,000 and 1,000,000 products with their records (one worker; SQLite and PostgreSQL), and a stock pycsw over the same words and boxes.

Products are written as rows: what is asked is the search. Questions are many different ones, so that no answer is kept from the one before.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

import pgstac
import psycopg
import shapely
from load import measure
from peers import Server, free_port, hysope, wait_for
from support import SHARED, postgres_cluster

from catalog.harvest.received import Received, Step, Walk
from catalog.harvest.run import Harvester
from catalog.model.time import DAY_MICROS, Micros
from catalog.words import indexed
from config.limits import Limits
from config.settings import Database, HarvestSource, Settings
from hysope.wiring import wire_catalog

ROOT = Path("bench-data").resolve()
SIZES = (10_000, 100_000, 1_000_000)
PYCSW_MOST = 100_000
_TITLES = (
    "Réflectance de surface", "Couverture neigeuse", "Occupation du sol", "Humidité du sol", "Qualité de l'eau", "Indice de végétation",
    "Hauteur d'eau des rivières", "Précipitations", "Biomasse forestière", "Rugosité",
)  # fmt: skip
_PLACES = ("Toulouse", "Orléans", "Montpellier", "Paris", "Grenoble", "Nîmes", "Bordeaux", "Strasbourg")
_PYCSW = "identifier, typename, schema, mdsource, insert_date, xml, anytext, title, type, wkt_geometry"
_FIRST_DAY = 16_436
"""2015-01-01."""


def catalogue() -> None:
    """Each size in turn, on SQLite beside pycsw, then on PostgreSQL. DATABASE and SIZES (with commas) in the environment choose some."""
    sizes = tuple(int(one) for one in os.environ.get("SIZES", ",".join(map(str, SIZES))).split(","))
    if os.environ.get("DATABASE", "sqlite") == "sqlite":
        for size in sizes:
            with hysope(_filled(size), workers=1, caches=True) as server:
                _ask(f"{size:9,}", size, server)
                if size <= PYCSW_MOST:
                    _beside(size, server)
                    pgstac.beside(size, server, _filled(size), _searches())
    if os.environ.get("DATABASE", "postgresql") == "postgresql":
        for size in sizes:
            with postgres_cluster() as cluster:
                data = ROOT / f"catalogue{size}-postgresql"
                settings = Settings(data=data, database=Database(url=cluster.url))
                _fill_postgresql(size, settings)
                environment = {"HYSOPE_DATABASE__URL": cluster.url}
                with hysope(data, workers=1, caches=True, environment=environment) as server:
                    _ask(f"{size:9,} PostgreSQL", size, server)
                    if size <= PYCSW_MOST:
                        pgstac.beside(size, server, data, _searches())


def load() -> None:
    """Records a second through a whole harvest: staged, read, written; small STAC items, and ISO 19139 of 35 KB (asked: 3,000 and 600)."""
    item = {"type": "Feature", "stac_version": "1.1.0", "bbox": [1, 43, 2, 44], "geometry": {"type": "Point", "coordinates": [1.5, 43.5]}, "properties": {"datetime": "2020-01-01T00:00:00Z", "title": "Réflectance de surface, Toulouse"}, "links": [], "assets": {}}  # fmt: skip
    iso = (
        SHARED / "data" / "catalog" / "iso19139" / "pycsw-idswithpaths" / "file_id_with_colon.xml"
    ).read_text()
    forms: dict[str, Callable[[int], bytes]] = {
        "without XML": lambda at: json.dumps({**item, "id": f"item-{at}"}).encode(),
        "ISO 19139": lambda at: iso.replace("urn:hi:im:a:urn:or:url", f"urn:{at}").encode(),
    }
    for name, one in forms.items():
        with tempfile.TemporaryDirectory() as folder:
            catalog = wire_catalog(Settings(data=Path(folder)))
            source = HarvestSource(type="records", url="http://127.0.0.1/")
            documents = [Received(f"{at}", f"http://127.0.0.1/{at}", one(at)) for at in range(6_000)]
            for again in ("new", "the same again"):
                start = time.perf_counter()
                walk = _Walk(documents)
                run = Harvester(catalog, {"source": source}, Limits(), partial(_opened, walk)).run("source")
                print(f"load, {name}, {again}: {len(documents) / (time.perf_counter() - start):.0f} records a second {dict(run.counts)}", flush=True)  # fmt: skip
            catalog.close()


def _opened(walk: Walk, _source: HarvestSource) -> Walk:
    return walk


class _Walk:
    """A source that has all its documents at hand, in pages of a hundred."""

    incremental = tells_gone = False

    def __init__(self, documents: Sequence[Received]) -> None:
        self._documents = documents

    def steps(self, _since: Micros | None, _cursor: str) -> Iterator[Step]:
        for at in range(0, len(self._documents), 100):
            page = tuple(self._documents[at : at + 100])
            yield Step(page, str(at) if at + 100 < len(self._documents) else "")


def _ask(label: str, size: int, server: Server) -> None:
    for name, path, queries, bar in _questions(size):
        door = replace(server, address=server.address.replace("/wms", path))
        cost = measure(door, queries, connections=1, seconds=4, warm=20)
        asked = f" (asked {bar:g}: {'met' if cost.p95_ms <= bar else 'MISSED'})" if bar else ""
        print(
            f"{label} {name:34s} p50 {cost.p50_ms:7.1f}, p95 {cost.p95_ms:7.1f} ms, CPU {cost.cpu_ms:.1f} ms{asked}",
            flush=True,
        )
    print(f"{label} largest worker {server.largest_mb():.0f} MB (asked: below 300)", flush=True)


def _beside(size: int, ours: Server) -> None:
    """Three questions of CSW, both asked in turn: stock pycsw 2.6.2 under wsgiref, one process."""
    mine = replace(ours, address=ours.address.replace("/wms", "/csw"))
    with _pycsw(size) as peer:
        for name, tail in (("all", _alls()), ("box", _boxes("bbox")), ("text", _texts("q"))):
            base = "service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&resulttype=results&elementsetname=summary&maxrecords=10"
            queries = [f"{base}{one}" for one in tail]
            theirs_queries = [f"{base}{_as_pycsw(one)}" for one in tail]
            # of pycsw few: it looks at each record for a box or a word, which is seconds at 100,000
            few, seconds = (4, 30) if size >= PYCSW_MOST else (30, 8)
            a = measure(mine, queries, connections=1, seconds=4, warm=12)
            b = measure(peer, theirs_queries[:few], connections=1, seconds=seconds, warm=3)
            print(
                f"{size:9,} CSW {name}: {a.per_second:.1f} | pycsw {b.per_second:.2f} req/s, ratio {a.per_second / b.per_second:.1f}; CPU {a.cpu_ms:.1f} | {b.cpu_ms:.1f} ms",
                flush=True,
            )


def _as_pycsw(tail: str) -> str:
    """pycsw's GET takes a constraint."""
    if "bbox=" in tail:
        west, south, east, north = tail.split("bbox=")[1].split(",")
        envelope = f"<gml:Envelope><gml:lowerCorner>{south} {west}</gml:lowerCorner><gml:upperCorner>{north} {east}</gml:upperCorner></gml:Envelope>"
        xml = f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml"><ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName>{envelope}</ogc:BBOX></ogc:Filter>'
    elif "q=" in tail:
        word = tail.split("q=")[1]
        xml = f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc"><ogc:PropertyIsLike wildCard="%25" singleChar="_" escapeChar="x"><ogc:PropertyName>csw:AnyText</ogc:PropertyName><ogc:Literal>%25{word}%25</ogc:Literal></ogc:PropertyIsLike></ogc:Filter>'
        return f"{tail}&constraintlanguage=FILTER&constraint_language_version=1.1.0&constraint={quote(xml, safe='%')}"
    else:
        return tail
    return f"&constraintlanguage=FILTER&constraint_language_version=1.1.0&constraint={quote(xml)}"


def _alls() -> list[str]:
    return [f"&startposition={1 + 10 * at}" for at in range(100)]


def _boxes(name: str) -> list[str]:
    dice = random.Random(3)
    out = []
    for _ in range(300):
        west, south = dice.uniform(-10, 20), dice.uniform(35, 60)
        out.append(f"&{name}={west:.3f},{south:.3f},{west + 1:.3f},{south + 1:.3f}")
    return out


def _texts(name: str) -> list[str]:
    return [f"&{name}={quote(place)}" for place in _PLACES]


def _questions(size: int) -> Iterator[tuple[str, str, list[str], float | None]]:
    """Name, door, queries, and what p95 was asked to be, milliseconds."""
    dice = random.Random(5)
    big = size > 100_000
    ids = [f"PRODUCT_{dice.randrange(size)}" for _ in range(300)]
    yield "STAC by id", "/stac", [f"/stac/collections/sentinel2-l2a/items/{one}" for one in ids], 2
    record = "service=CSW&version=2.0.2&request=GetRecordById&elementsetname=full&id="
    yield "CSW by id", "/csw", [record + one for one in ids], 6
    pages = []
    for box in _boxes("bbox"):
        month = dice.randrange(1, 13)
        cloud = quote("eo:cloud_cover < 20")
        pages.append(f"limit=10{box}&datetime=20{dice.randrange(16, 23)}-{month:02}-01T00:00:00Z/..&filter={cloud}&sortby=-properties.datetime")  # fmt: skip
    yield "STAC box, date, cloud, sorted", "/stac/search", pages, 200 if big else 30
    texts = [f"q={quote(place)}%20{quote(title.split()[0])}" for place in _PLACES for title in _TITLES]
    yield "Records, French text", "/ogcapi/collections/metadata/items", texts, 50
    yield "STAC, French text", "/stac/search", [f"limit=10&{one}" for one in texts], 50
    yield "CSW box", "/csw", [f"service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&resulttype=results&elementsetname=summary&maxrecords=10{box}" for box in _boxes("bbox")], None  # fmt: skip
    yield "OAI-PMH, a page", "/oai", ["verb=ListRecords&metadataPrefix=oai_dc"], None


def _searches() -> list[tuple[str, list[str]]]:
    """What pgstac is asked, too: the same words for both."""
    dice = random.Random(7)
    boxes = [f"limit=10{box}" for box in _boxes("bbox")]
    dates = [f"limit=10&collections=sentinel2-l2a{box}&datetime=20{dice.randrange(16, 23)}-{dice.randrange(1, 13):02}-01T00:00:00Z/.." for box in _boxes("bbox")]  # fmt: skip
    clouds = [
        f"{one}&filter-lang=cql2-text&filter={quote('eo:cloud_cover < 20')}&sortby=-datetime" for one in dates
    ]
    ids = [f"ids=PRODUCT_{dice.randrange(10_000)}" for _ in range(300)]
    return [
        ("box", boxes),
        ("collection, box, date", dates),
        ("the same, cloud, sorted", clouds),
        ("by id", ids),
    ]


def _filled(size: int) -> Path:
    """An archive's database with so many products and records."""
    data = ROOT / f"catalogue{size}"
    if (data / "done").is_file():
        return data
    data.mkdir(parents=True, exist_ok=True)
    (data / "hysope.db").unlink(missing_ok=True)
    wire_catalog(Settings(data=data)).close()
    start = time.perf_counter()
    with sqlite3.connect(data / "hysope.db") as database:
        database.execute("PRAGMA synchronous = OFF")
        for table, rows in _rows(size):
            marks = ", ".join("?" for _ in rows[0])
            columns = ", ".join(rows[0])
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [tuple(one.values()) for one in rows])  # fmt: skip
        database.execute("UPDATE meta SET value = '2' WHERE key = 'revision'")
        database.execute("ANALYZE")
    print(
        f"{size:9,} products and records as rows: {size / (time.perf_counter() - start):.0f} a second",
        flush=True,
    )
    (data / "done").touch()
    return data


_AREA = "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
_POSTGRESQL = {
    "product_box": f"INSERT INTO product_box VALUES (%(product)s, {_AREA})",
    "record_box": f"INSERT INTO record_box VALUES (%(record)s, {_AREA})",
    "record_text": "INSERT INTO record_text VALUES (%(rowid)s, to_tsvector('simple', %(words)s))",
}


def _fill_postgresql(size: int, settings: Settings) -> None:
    """The same rows; PostgreSQL's cluster is new each time."""
    settings.data.mkdir(parents=True, exist_ok=True)
    wire_catalog(settings).close()
    start = time.perf_counter()
    address = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the keys are right by construction
        for table, rows in _rows(size):
            marks = ", ".join(f"%({name})s" for name in rows[0])
            plain = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})"
            cursor.executemany(_POSTGRESQL.get(table, plain), rows)
        cursor.execute("UPDATE meta SET value = '2' WHERE key = 'revision'")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    print(f"{size:9,} PostgreSQL: products and records as rows: {size / (time.perf_counter() - start):.0f} a second", flush=True)  # fmt: skip


def _rows(size: int) -> Iterator[tuple[str, list[dict[str, object]]]]:
    dice = random.Random(1)
    for first in range(0, size, 10_000):
        out: dict[str, list[dict[str, object]]] = {}
        for key in range(first + 1, min(size, first + 10_000) + 1):
            for table, row in _one(key, dice):
                out.setdefault(table, []).append(row)
        yield from out.items()


def _one(key: int, dice: random.Random) -> Iterator[tuple[str, dict[str, object]]]:
    west, south, day = dice.uniform(-10, 20), dice.uniform(35, 60), _FIRST_DAY + dice.randrange(3_600)
    sides: dict[str, object] = {"west": west, "south": south, "east": west + 1.0, "north": south + 0.9}
    start = day * DAY_MICROS
    name, title = f"PRODUCT_{key - 1}", f"{dice.choice(_TITLES)}, {dice.choice(_PLACES)}, {key}"
    yield "product", {
        "key": key, "id": name, "version": "1-0", "collection": "sentinel2-l2a", "status": "published", "day": day, "start_us": start, "end_us": start + DAY_MICROS,
        "visible_from_us": -(2**62), "ingested_us": start, "cloud": dice.uniform(0, 100), "platform": dice.choice(("SENTINEL2A", "SENTINEL2B")), "zone": "T31TCJ",
        "source": "", "reason": "", "audience": "", "footprint": shapely.box(west, south, west + 1, south + 0.9).wkb, **sides,
    }  # fmt: skip
    yield "product_box", {**sides, "product": key}
    yield "asset", {
        "key": key, "product": key, "name": "B4", "role": "data", "path": f"x/{key}.tif", "driver": "GTiff", "bytes": 1, "sha256": "", "tier": "online", "epsg": 32631,
        "west": 3e5, "north": 4.9e6, "pixel_width": 10.0, "pixel_height": 10.0, "width": 100, "height": 100, "dtype": "int16", "scale": 1e-4, "value_offset": 0.0,
        "nodata": "-10000", "overviews": "", "low": "",
    }  # fmt: skip
    yield "asset_band", {"asset": key, "name": "B4", "number": 1}
    yield "record", {
        "key": key, "id": name, "kind": "product", "collection": "sentinel2-l2a", "product": key, "audience": "", "lineage": "", "visible_from_us": -(2**62), "title": title,
        "abstract": title, "keywords": "", "start_us": start, "end_us": start + DAY_MICROS, "modified_us": start, "changed_us": start, "source": "", "facts": "", **sides,
    }  # fmt: skip
    yield "record_box", {"key": key, **sides, "record": key}
    yield "record_text", {"rowid": key, "words": indexed(title)}


@contextmanager
def _pycsw(size: int) -> Iterator[Server]:
    """A stock pycsw over rows with the same titles and boxes."""
    folder, port = ROOT / f"pycsw{size}", free_port()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = [
        ".venv-foreign/bin/python",
        "tests/foreign/pycsw_server.py",
        str(folder),
        str(folder),
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/?service=CSW&version=2.0.2&request=GetCapabilities")
        with sqlite3.connect(folder / "records.db") as database:
            database.executemany(f"INSERT INTO records ({_PYCSW}) VALUES (?, 'csw:Record', 'http://www.opengis.net/cat/csw/2.0.2', 'local', '2020-01-01', ?, ?, ?, 'dataset', ?)", _foreign_rows(size))  # fmt: skip
        yield Server(f"http://127.0.0.1:{port}/", (process.pid,))
    finally:
        process.terminate()
        process.wait(10)


def _foreign_rows(size: int) -> Iterator[tuple[str, ...]]:
    dice = random.Random(1)
    for key in range(1, size + 1):
        row = next(one for table, one in _one(key, dice) if table == "record")
        box = shapely.box(*(float(str(row[side])) for side in ("west", "south", "east", "north"))).wkt
        title, name = str(row["title"]), str(row["id"])
        xml = f'<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier>{name}</dc:identifier><dc:title>{title}</dc:title></csw:Record>'
        yield name, xml, f"{name} {title}", title, box


if __name__ == "__main__":
    sys.exit("run.py catalogue")
