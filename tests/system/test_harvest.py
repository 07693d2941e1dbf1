# SPDX-License-Identifier: Apache-2.0
"""The metacatalogue: real documents, real servers, and what happens when a source misbehaves."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import uvicorn
import yaml
from lxml import etree
from starlette.testclient import TestClient
from support import SHARED, World

from catalog.harvest.client import Client, Rules
from catalog.harvest.neutral import Origin
from catalog.harvest.read import read_record
from catalog.harvest.run import Harvester
from catalog.harvest.walks import walk_of
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.time import read_instant
from catalog.query import And, Order, Property, Text, equal
from catalog.service import Catalog, open_catalog
from catalog.words import asked
from config.limits import Limits
from config.registry import load_registry
from config.settings import HarvestSource, Server, Settings
from hysope.app import build
from hysope.cli import main
from hysope.commands.harvest import run_due
from hysope.wiring import wire_catalog, wire_ingest

REAL = SHARED / "data" / "catalog"
MAPSERV = Path("/usr/lib/cgi-bin/mapserv")
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared samples are not beside this clone")


class Site:
    """A folder on the web; `rules` may answer a path in another way."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.rules: dict[str, Callable[[Any], None]] = {}
        site = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                rule = site.rules.get(self.path)
                return rule(self) if rule else super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def served() -> Iterator[Callable[[Path], Site]]:
    sites: list[Site] = []

    def serve(folder: Path) -> Site:
        sites.append(Site(folder))
        return sites[-1]

    yield serve
    for site in sites:
        site.close()


@pytest.fixture
def catalog(database_url: str, tmp_path: Path) -> Iterator[Catalog]:
    made = open_catalog(database_url, load_registry(), Limits(), tmp_path / "archive")
    yield made
    made.close()


def source(url: str, kind: str = "waf", **more: Any) -> HarvestSource:
    return HarvestSource(type=kind, url=url, private=True, pause_seconds=0, timeout_seconds=20, **more)


def harvester(catalog: Catalog, **sources: HarvestSource) -> Harvester:
    return Harvester(catalog, sources, Limits())


def ids(catalog: Catalog, *parts: Any) -> list[str]:
    found = catalog.search_records(And(parts), ANONYMOUS, Deadline.after(20), Order.TITLE, 1_000)
    return sorted(one.id for one in found)


def waf(folder: Path, names: dict[str, str]) -> None:
    """Copies of a real record with other identifiers."""
    folder.mkdir(exist_ok=True)
    text = (REAL / "iso19139" / "pycsw-idswithpaths" / "file_id_with_colon.xml").read_text()
    for name, title in names.items():
        changed = text.replace("urn:hi:im:a:urn:or:url", name).replace("AVHRR Sea Surface Temperature", title)
        assert name in changed
        (folder / f"{name}.xml").write_text(changed)


# documents


def documents() -> list[Path]:
    suffixes = (".xml", ".json", ".geojson")
    return [one for one in sorted(REAL.rglob("*")) if one.suffix in suffixes and "expected" not in one.name]


def test_every_real_record_is_read_or_refused_for_a_right_reason() -> None:
    """Not read: lists of records (each of their members is), forms that we do not read, and documents that are no records."""
    refused = {}
    for path in documents():
        body = path.read_bytes()
        try:
            record = read_record(Origin("s", path.name, "http://x/", "", body), 10_000_000)
        except Fault as fault:
            refused[str(path.relative_to(REAL))] = fault.text
            continue
        assert record.id
        assert record.title
        assert record.words
        if body.lstrip()[:1] == b"<" and etree.QName(etree.fromstring(body)).localname.endswith("Response"):
            assert etree.QName(etree.fromstring(record.foreign.original)).localname == "MD_Metadata"
        else:
            assert record.foreign.original == body
    right = {
        "dif-fgdc": "in no form",
        "theia-legacy": "",
        "ogcapi-records": "no identifier",
        "provider-responses": "",
        "theia-ozcar": "no identifier",
    }
    for name, text in refused.items():
        room = name.split("/")[0]
        listed = name.endswith(("config.json", "geodes_collections.json")) or "itemcollection" in name
        assert listed or (room in right and right[room] in text), (name, text)
    assert len(documents()) - len(refused) >= 106


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("iso19139/owslib/csw_geobretagne_mdmetadata.xml", ("955c3e47-411e-4969-b61b-3556d1b9f879", "dataset", "Cadastre 2018 en Bretagne", "fr", "DGFIP Bretagne")),
        ("iso19115-3/geonetwork/metadata-iso19115-3.xml", ("ffc45d44-1cc2-4924-bb8c-214096eb9058", "series", "INSPIRE - Sites protégés en Wallonie (BE)", "fr", "Helpdesk carto du SPW (SPW)")),
        ("iso19139/owslib/iso19139_srv.xml", ("01ef8e6a-df59-4c2d-8468-79da95046705", "service", None, "en", None)),
        ("dublincore/ets-csw202/Record_94bc9c83-97f6-4b40-9eb8-a8e8787a5c63.xml", ("urn:uuid:94bc9c83-97f6-4b40-9eb8-a8e8787a5c63", "dataset", "Mauris sed neque", "en", "")),
        ("stac/pycsw/sentinel-2-l2a.json", ("sentinel-2-l2a", "series", "Sentinel-2 Level-2A", "en", "ESA")),
        ("ogcapi-records/record.json", (None, "dataset", "Total Ozone - daily observations", "en", None)),
    ],
)  # fmt: skip
def test_what_a_document_says_is_what_the_record_says(path: str, expected: tuple[str | None, ...]) -> None:
    record = read_record(Origin("s", "x", "http://x/", "", (REAL / path).read_bytes()), 10_000_000)
    said = (record.id, record.kind, record.title, record.foreign.language, record.foreign.publisher)
    assert [one for one, wanted in zip(said, expected, strict=True) if wanted is not None] == [
        one for one in expected if one is not None
    ]


def test_places_and_times_are_those_of_the_document() -> None:
    path = REAL / "dublincore" / "ets-csw202" / "Record_94bc9c83-97f6-4b40-9eb8-a8e8787a5c63.xml"
    box = read_record(Origin("s", "x", "http://x/", "", path.read_bytes()), 10_000_000).box
    corners = etree.parse(path).getroot().find("{*}BoundingBox")
    south, west = map(float, corners.findtext("{*}LowerCorner").split())
    assert (box.west, box.south) == (west, south)
    body = (REAL / "iso19139" / "pycsw-apiso" / "pacioos-NS06agg.xml").read_bytes()
    record = read_record(Origin("s", "x", "http://x/", "", body), 10_000_000)
    assert record.box.west == pytest.approx(158.22, abs=0.01)
    assert record.period is not None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff\xfe", b'{"id": 7}' * 2,
        b'{"type": "Feature", "id": "", "properties": {}}', b'{"' + b'a": {"' * 5_000 + b'b": 1' + b"}" * 5_001,
        b"<MD_Metadata xmlns='http://www.isotc211.org/2005/gmd'/>",
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        read_record(Origin("s", "x", "http://x/", "", body), 100_000)
    assert caught.value.kind in (Kind.INVALID, Kind.TOO_LARGE)


# real servers


@pytest.fixture(scope="module")
def remote(world: World) -> Iterator[str]:
    """The generated archive behind a socket: another centre."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = world.settings.model_copy(update={"server": Server(port=port)})
    server = uvicorn.Server(uvicorn.Config(build(settings), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def test_another_centre_is_harvested_through_each_of_its_doors(
    remote: str, world: World, catalog: Catalog
) -> None:
    everything = world.client.get("/ogcapi/collections/metadata/items?limit=1000").json()
    theirs = {one["id"]: one for one in everything["features"]}
    worker = harvester(
        catalog,
        csw=source(f"{remote}/csw", "csw", prefix="csw:"),
        oai=source(f"{remote}/oai", "oai", prefix="oai:"),
        stac=source(f"{remote}/stac", "stac", items=True),
        records=source(f"{remote}/ogcapi/collections/metadata/items?limit=5", "records", prefix="rec:"),
    )
    for name in ("csw", "oai", "records"):
        run = worker.run(name)
        assert (run.status, run.counts) == ("done", {"new": len(theirs)}), run
        again = worker.run(name)
        assert set(again.counts) <= {"same"}, again
    run = worker.run("stac")
    assert run.status == "done", run
    assert run.counts["new"] == len(theirs), "collections and items of STAC are all records but stations"
    for name, prefix in (("csw", "csw:"), ("oai", "oai:"), ("records", "rec:"), ("stac", "stac:")):
        assert ids(catalog, equal(Property.COLLECTION, name)) == sorted(f"{prefix}{one}" for one in theirs)
    assert worker.run("oai").mode == "incremental"
    assert worker.run("records").mode == "full"
    for prefix, name in (("csw:", "csw"), ("oai:", "oai"), ("rec:", "records"), ("stac:", "stac")):
        found = catalog.search_records(
            equal(Property.ID, f"{prefix}oso-23"), ANONYMOUS, Deadline.after(5), Order.TITLE, 1
        )[0]
        theirs_box = world.services.catalog.search_records(
            equal(Property.ID, "oso-23"), ANONYMOUS, Deadline.after(5), Order.TITLE, 1
        )[0].box
        assert found.title == theirs["oso-23"]["properties"]["title"], name
        assert found.kind == "series"
        assert (found.box.west, found.box.north) == pytest.approx(
            (theirs_box.west, theirs_box.north), abs=1e-4
        )
        assert {f"{prefix}snow-fsc", f"{prefix}snow-cover"} <= set(
            ids(catalog, Text(asked("neige")), equal(Property.COLLECTION, name))
        )


def test_what_a_centre_withdraws_is_gone_after_the_next_run(
    database_url: str, tmp_path: Path, served: Callable[[Path], Site], catalog: Catalog
) -> None:
    """OAI-PMH tells deletions: a Hysope that harvested a folder is harvested by a second one."""
    folder = tmp_path / "waf"
    waf(folder, {"urn:a": "First", "urn:b": "Second"})
    middle = Settings(data=tmp_path / "middle", harvest={"folder": source(served(folder).url)})
    (tmp_path / "middle").mkdir()
    with live(middle) as (services, address):
        first = Harvester(services, middle.harvest, Limits())
        assert first.run("folder").counts == {"new": 2}
        worker = harvester(catalog, centre=source(f"{address}/oai", "oai"))
        assert worker.run("centre").counts == {"new": 2}
        (folder / "urn:b.xml").unlink()
        assert first.run("folder").counts == {"same": 1, "gone": 1}
        run = worker.run("centre")
        assert run.mode == "incremental"
        assert run.counts["gone"] == 1
        assert ids(catalog) == ["urn:a"]


@contextlib.contextmanager
def live(settings: Settings) -> Iterator[tuple[Catalog, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings.model_copy(update={"server": Server(port=port)})
    app = build(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    catalog = open_catalog(settings.database_url, load_registry(), Limits(), settings.data)
    try:
        yield catalog, f"http://127.0.0.1:{port}"
    finally:
        catalog.close()
        server.should_exit = True
        thread.join(10)


def test_a_folder_of_real_records_is_harvested(served: Callable[[Path], Site], catalog: Catalog) -> None:
    worker = harvester(catalog, greek=source(served(REAL / "iso19139").url))
    run = worker.run("greek")
    count = len(list((REAL / "iso19139").rglob("*.xml")))
    assert run.status == "done"
    assert sum(run.counts.values()) == count
    assert run.counts.get("refused", 0) == 0
    doubles = worker.book.items("greek", "shadowed")
    assert len(doubles) == count - len(ids(catalog)), "of files with one identifier, one is kept"
    assert worker.run("greek").counts == {"same": len(ids(catalog)), "shadowed": len(doubles)}
    assert ids(catalog, Text(asked("cadastre bretagne"))) == ["955c3e47-411e-4969-b61b-3556d1b9f879"]
    assert "https://ioos.noaa.gov/stations/BRJASL" in ids(catalog)


def test_recorded_answers_of_foreign_catalogues_are_harvested(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    """GEODES and Earth Search (STAC), SARA (resto), the old Theia, observatories of Theia/OZCAR; the next page, which was not recorded, is cut off."""
    folder = tmp_path / "answers"
    folder.mkdir()
    for name in ("geodes_search", "earth_search_search", "sara_search"):
        found = json.loads((REAL / "provider-responses" / f"{name}.json").read_text())
        for holder in (found, found.get("properties", {})):
            holder["links"] = [one for one in holder.get("links", ()) if one.get("rel") != "next"]
        (folder / f"{name}.json").write_text(json.dumps(found))
    site, ozcar = served(folder), served(REAL / "theia-ozcar")
    worker = harvester(
        catalog,
        geodes=source(f"{site.url}geodes_search.json", "stac", items=True),
        earth=source(f"{site.url}earth_search_search.json", "stac", items=True),
        sara=source(f"{site.url}sara_search.json", "resto"),
        cryo=source(f"{ozcar.url}CRYO_en_pivot.json", "pivot"),
    )
    for name, file in (
        ("geodes", "geodes_search"),
        ("earth", "earth_search_search"),
        ("sara", "sara_search"),
    ):
        features = json.loads((folder / f"{file}.json").read_text())["features"]
        run = worker.run(name)
        assert (run.status, run.counts) == ("done", {"new": len(features)}), run
    run = worker.run("cryo")
    datasets = json.loads((REAL / "theia-ozcar" / "CRYO_en_pivot.json").read_text())["datasets"]
    assert run.counts == {"new": len(datasets)}
    found = catalog.search_records(
        Text(asked("argentiere glacier")), ANONYMOUS, Deadline.after(5), Order.TITLE, 5
    )
    assert "CRYO_DAT_gl_mb_alp_arg" in [one.id for one in found]
    box = next(one.box for one in found if one.id == "CRYO_DAT_gl_mb_alp_arg")
    assert (box.west, box.north) == pytest.approx((6.96007, 45.96389))


@contextlib.contextmanager
def foreign(python: Path, script: str, *arguments: str) -> Iterator[str]:
    """A foreign server on a free port, ended by its pid."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(python), str(Path(__file__).parents[1] / "foreign" / script), *arguments, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the foreign server did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def test_a_stock_pycsw_is_harvested(catalog: Catalog, tmp_path: Path) -> None:
    python = Path(__file__).parents[2] / ".venv-foreign" / "bin" / "python"
    if not python.exists():
        pytest.skip("the third environment is not there (make foreign)")
    folder = REAL / "iso19139" / "pycsw-apiso"
    with foreign(python, "pycsw_server.py", str(tmp_path), str(folder)) as address:
        worker = harvester(catalog, greece=source(address, "csw"))
        run = worker.run("greece")
        assert (run.status, run.counts) == ("done", {"new": len(list(folder.glob("*.xml")))}), run
        assert worker.run("greece").counts.keys() <= {"same"}
        assert worker.run("greece", full=True).counts == {"same": run.counts["new"]}
    record = catalog.search_records(
        equal(Property.ID, "NS06agg"), ANONYMOUS, Deadline.after(5), Order.TITLE, 1, originals=True
    )[0]
    assert record.foreign.form == "iso19139"
    assert record.foreign.publisher == "University of Hawaii"
    assert b"MI_Metadata" in record.foreign.original
    assert "NS06agg" in ids(catalog, Text(asked("pohnpei")))


def test_a_stock_pygeoapi_is_harvested(catalog: Catalog, tmp_path: Path) -> None:
    record = REAL / "ogcapi-records" / "record.json"
    with foreign(Path(sys.executable), "pygeoapi_server.py", str(tmp_path), str(record)) as address:
        worker = harvester(catalog, ozone=source(f"{address}collections/records/items?f=json", "records"))
        run = worker.run("ozone")
        assert (run.status, run.counts) == ("done", {"new": 23}), run
    found = catalog.search_records(
        equal(Property.ID, "urn:record:23"), ANONYMOUS, Deadline.after(5), Order.TITLE, 1
    )[0]
    assert found.title == "Total Ozone - daily observations 23"
    assert found.box is not None


# sources that misbehave


def test_a_source_that_loses_too_much_is_suspicious_and_nothing_is_deleted(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "waf"
    waf(folder, {f"urn:r{number}": f"Record {number}" for number in range(20)})
    worker = harvester(catalog, folder=source(served(folder).url))
    assert worker.run("folder").counts == {"new": 20}
    for number in range(3):
        (folder / f"urn:r{number}.xml").unlink()
    assert worker.run("folder").counts == {"same": 17, "gone": 3}
    for number in range(3, 10):
        (folder / f"urn:r{number}.xml").unlink()
    held = worker.run("folder")
    assert held.status == "suspicious"
    assert "7 records (41%)" in held.message
    assert len(ids(catalog)) == 17
    assert worker.run("folder", accept_deletions=True).counts == {"same": 10, "gone": 7}
    assert len(ids(catalog)) == 10


def test_a_source_that_fails_or_lies_changes_nothing(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "waf"
    waf(folder, {"urn:a": "First", "urn:b": "Second"})
    site = served(folder)
    worker = harvester(catalog, folder=source(site.url))
    assert worker.run("folder").status == "done"
    for answer in (
        lambda one: one.send_error(404),
        lambda one: one.send_error(403),
        lambda one: one.connection.close(),
    ):
        site.rules["/urn:b.xml"] = site.rules["/urn%3Ab.xml"] = answer
        run = worker.run("folder")
        assert run.status == "failed", run
        assert ids(catalog) == ["urn:a", "urn:b"]
    site.rules.clear()

    def error_page(one: Any) -> None:
        body = b"<html><body>Down for maintenance</body></html>"
        one.send_response(200)
        one.send_header("Content-Length", str(len(body)))
        one.end_headers()
        one.wfile.write(body)

    site.rules["/"] = error_page
    assert worker.run("folder").counts.get("gone", 0) in (0, 2)
    site.rules.clear()
    assert worker.run("folder").status == "done"
    assert ids(catalog) == ["urn:a", "urn:b"]


def test_a_csw_that_sends_fewer_than_it_says_changes_nothing(
    served: Callable[[Path], Site], catalog: Catalog, remote: str
) -> None:
    """A proxy that loses records: the answer of a real CSW with some cut out."""
    import urllib.request

    folder = SHARED
    site = served(folder)
    worker = harvester(catalog, centre=source(f"{site.url}csw", "csw"))
    lose = [0]

    def relay(one: Any) -> None:
        body = one.rfile.read(int(one.headers["Content-Length"]))
        request = urllib.request.Request(
            f"{remote}/csw", data=body, headers={"Content-Type": "application/xml"}
        )
        with urllib.request.urlopen(request) as answer:
            root = etree.fromstring(answer.read())
        results = root.find("{*}SearchResults")
        for element in list(results)[: lose[0]]:
            results.remove(element)
        out = etree.tostring(root)
        one.send_response(200)
        one.send_header("Content-Length", str(len(out)))
        one.end_headers()
        one.wfile.write(out)

    site.server.RequestHandlerClass.func.do_POST = relay
    whole = worker.run("centre")
    assert whole.status == "done"
    lose[0] = 2
    run = worker.run("centre", full=True)
    assert run.status == "failed"
    assert "that it says it has" in run.message
    assert len(ids(catalog)) == whole.counts["new"]


def test_a_source_that_turns_in_circles_ends(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    site = served(tmp_path)
    head = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    bodies = {
        "ListMetadataFormats": f"{head}<ListMetadataFormats><metadataFormat><metadataPrefix>oai_dc</metadataPrefix></metadataFormat></ListMetadataFormats></OAI-PMH>",
        "ListRecords": f"{head}<ListRecords><resumptionToken>again</resumptionToken></ListRecords></OAI-PMH>",
    }

    def answer(one: Any) -> None:
        body = next(text for verb, text in bodies.items() if verb in one.path).encode()
        one.send_response(200)
        one.send_header("Content-Length", str(len(body)))
        one.end_headers()
        one.wfile.write(body)

    for verb in (
        "verb=ListMetadataFormats",
        "verb=ListRecords&metadataPrefix=oai_dc",
        "verb=ListRecords&resumptionToken=again",
    ):
        site.rules[f"/oai?{verb}"] = answer
    run = harvester(catalog, loop=source(f"{site.url}oai", "oai")).run("loop")
    assert run.status == "failed"
    assert "same resumption token" in run.message


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("stac", '{"type": "Catalog", "links": [{"rel": "child", "href": "http://[/"}]}'),
        ("stac", '{"type": "Catalog", "links": {"rel": "child"}}'),
        ("records", '{"collections": 7}'),
        ("records", '{"collections": [{"links": 1}, 2, null]}'),
        ("records", '{"features": null, "links": [{"rel": "next", "href": "//[::1"}]}'),
        ("waf", '<html><a href="http://[/x.xml">x</a></html>'),
        ("csw", '<GetRecordsResponse xmlns="http://www.opengis.net/cat/csw/2.0.2"><SearchResults numberOfRecordsMatched="many" nextRecord="²"/></GetRecordsResponse>'),
        ("pivot", '{"datasets": [7, {"observations": [{"temporalExtent": {"dateBeg": [1]}}, 2]}]}'),
    ],
)  # fmt: skip
def test_what_is_no_address_or_count_ends_no_walk_in_an_error(
    kind: str, body: str, served: Callable[[Path], Site], tmp_path: Path
) -> None:
    site = served(tmp_path)

    def answer(one: Any) -> None:
        one.send_response(200)
        one.send_header("Content-Length", str(len(body.encode())))
        one.end_headers()
        one.wfile.write(body.encode())

    site.rules["/"] = answer
    site.server.RequestHandlerClass.func.do_POST = answer
    walk = walk_of(source(site.url, kind), Client(site.url, Rules(private=True, pause=0)), 1_000_000)
    steps = list(walk.steps(None, ""))
    assert [step.cursor for step in steps] == [""]
    assert {one.url for step in steps for one in step.found} <= {site.url}


def test_of_two_records_with_one_id_the_better_one_is_kept(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    waf(tmp_path / "one", {"urn:a": "Of one"})
    waf(tmp_path / "two", {"urn:a": "Of two", "sentinel2-l2a": "An impostor"})
    from test_store import product

    catalog.publish(product("A"), OPERATOR)
    sources = {
        "one": source(served(tmp_path / "one").url),
        "two": source(served(tmp_path / "two").url, priority=5),
    }
    worker = Harvester(catalog, sources, Limits())
    assert worker.run("one").counts == {"new": 1}
    run = worker.run("two")
    assert run.counts == {"new": 1, "shadowed": 1}

    def title(name: str) -> str:
        return catalog.search_records(equal(Property.ID, name), ANONYMOUS, Deadline.after(5), Order.TITLE, 1)[
            0
        ].title

    assert title("urn:a").startswith("Of two")
    assert not title("sentinel2-l2a").startswith("An impostor")
    assert worker.book.items("two", "shadowed")[0].message == "our own record has this id"
    assert worker.run("one").counts == {"shadowed": 1}
    (tmp_path / "two" / "urn:a.xml").unlink()
    worker.run("two")
    assert worker.run("one").counts == {"new": 1}
    assert title("urn:a").startswith("Of one")
    catalog.reindex(OPERATOR)
    assert title("urn:a").startswith("Of one"), "making our own records anew leaves those of others"


def test_the_watcher_outlives_a_store_that_is_down(
    catalog: Catalog, served: Callable[[Path], Site], tmp_path: Path
) -> None:
    waf(tmp_path / "waf", {"urn:a": "First"})
    worker = harvester(catalog, folder=source(served(tmp_path / "waf").url))
    for name, other in (("harvest_source", "away"), ("away", "harvest_source")):
        with catalog.database.writing() as connection:
            connection.execute(sqlalchemy.text(f"ALTER TABLE {name} RENAME TO {other}"))
        run_due(worker, threading.Event())
        assert ids(catalog) == ([] if other == "away" else ["urn:a"])


def test_a_source_is_harvested_by_one_process_at_a_time(
    catalog: Catalog, served: Callable[[Path], Site], tmp_path: Path
) -> None:
    waf(tmp_path / "waf", {"urn:a": "First"})
    worker = harvester(catalog, folder=source(served(tmp_path / "waf").url))
    other = harvester(catalog, folder=source("http://127.0.0.1:1/"))
    other._holder = "another:1"
    assert other._hold("folder")
    with pytest.raises(Fault) as caught:
        worker.run("folder")
    assert caught.value.kind is Kind.BUSY
    assert worker.due() == ["folder"]
    other.book.release("folder", "another:1", catalog_time(0))
    assert worker.run("folder").status == "done"
    assert worker.due() == []


def catalog_time(value: int) -> Any:
    from catalog.model.time import Micros

    return Micros(value)


def test_a_harvest_that_was_killed_goes_on_where_it_was(
    served: Callable[[Path], Site], tmp_path: Path
) -> None:
    """kill -9 while the third folder hangs; the next run asks for what was not staged only."""
    root = tmp_path / "waf"
    for number in range(4):
        root.mkdir(exist_ok=True)
        waf(root / f"f{number}", {f"urn:r{number}": f"Record {number}"})
    site = served(root)
    hang, over = threading.Event(), threading.Event()
    site.rules["/f1/"] = lambda one: (hang.set(), over.wait(60))
    config = tmp_path / "hysope.yaml"
    config.write_text(
        f"data: {tmp_path / 'data'}\nharvest:\n  folder: {{type: waf, url: '{site.url}', private: true, pause_seconds: 0}}\n"
    )
    command = [sys.executable, "-m", "hysope", "harvest", "--config", str(config)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert hang.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    over.set()
    site.rules.clear()
    site.asked.clear()
    settings = Settings(data=tmp_path / "data")
    catalog = open_catalog(settings.database_url, load_registry(), Limits(), tmp_path)
    with catalog.database.writing() as connection:
        connection.exec_driver_sql("UPDATE harvest_source SET until_us = 0")
    catalog.close()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 new" in done.stdout
    assert "/f3/" not in site.asked, "staged before the kill"
    assert "/f1/" in site.asked
    report = subprocess.run(
        [*command, "--report"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "folder: 4 records" in report


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
    ],
)
def test_an_address_that_is_not_public_is_not_asked(address: str) -> None:
    with pytest.raises(Fault, match=r"no public address|no address|cannot be reached"):
        Client(address, Rules(pause=0), wait=lambda _: None).get(address)


@pytest.mark.parametrize("length", [True, False], ids=["a known length", "until the connection ends"])
def test_an_answer_that_drips_is_ended(
    served: Callable[[Path], Site], tmp_path: Path, *, length: bool
) -> None:
    site = served(tmp_path)

    def drip(one: Any) -> None:
        one.send_response(200)
        if length:
            one.send_header("Content-Length", "1000")
        one.end_headers()
        with suppress(OSError):
            for _ in range(200):
                one.wfile.write(b"x")
                time.sleep(0.1)

    site.rules["/drip"] = drip
    client = Client(site.url, Rules(private=True, seconds=5.0, whole=0.5, pause=0), wait=lambda _: None)
    began = time.monotonic()
    with pytest.raises(Fault, match="cannot be reached"):
        client.get(f"{site.url}drip")
    assert client.once(f"{site.url}drip") == (0, b"")
    assert time.monotonic() - began < 10


def test_the_client_keeps_to_its_host_and_its_limits(served: Callable[[Path], Site], tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 200_000)
    site, other = served(tmp_path), served(tmp_path)
    client = Client(site.url, Rules(private=True, largest=100_000, pause=0), wait=lambda _: None)

    def to(address: str) -> Callable[[Any], None]:
        def answer(one: Any) -> None:
            one.send_response(302)
            one.send_header("Location", address)
            one.send_header("Content-Length", "0")
            one.end_headers()

        return answer

    site.rules.update(
        {
            "/there": to("/small"),
            "/away": to(f"{other.url}small"),
            "/round": to("/round"),
            "/file": to("file:///etc/passwd"),
        }
    )
    (tmp_path / "small").write_bytes(b"here")
    assert client.get(f"{site.url}there").body == b"here"
    for name, says in (
        ("away", "another host"),
        ("round", "circles"),
        ("file", "no address"),
        ("none", "404"),
    ):
        with pytest.raises(Fault, match=says):
            client.get(f"{site.url}{name}")
    assert other.asked == []
    with pytest.raises(Fault) as caught:
        client.get(f"{site.url}big")
    assert caught.value.kind is Kind.TOO_LARGE
    for address in ("file:///etc/passwd", "ftp://example.org/", "gopher://x", "http://", "//x"):
        with pytest.raises(Fault):
            Client(address, Rules())


def test_a_busy_source_is_asked_again_when_it_says(served: Callable[[Path], Site], tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"here")
    site, waits = served(tmp_path), []

    def busy(one: Any) -> None:
        del site.rules["/small"]
        one.send_response(503)
        one.send_header("Retry-After", "7")
        one.send_header("Content-Length", "0")
        one.end_headers()

    site.rules["/small"] = busy
    assert (
        Client(site.url, Rules(private=True, pause=0), wait=waits.append).get(f"{site.url}small").body
        == b"here"
    )
    assert 7.0 in waits


# at the doors


@pytest.fixture(scope="module")
def metacatalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Real records of other centres at every door; one source is for a group."""
    folder = tmp_path_factory.mktemp("meta")
    site = Site(REAL)
    settings = Settings(
        data=folder, server=Server(public_url="http://maps.example"), access={"closed": ("hydro",)},
        harvest={
            "wallonia": source(f"{site.url}iso19139/geonetwork/"), "paths": source(f"{site.url}iso19139/pycsw-idswithpaths/"),
            "bretagne": source(f"{site.url}iso19139/owslib/"), "closed": source(f"{site.url}theia-ozcar/"),
        },
    )  # fmt: skip
    catalog = open_catalog(settings.database_url, load_registry(), Limits(), folder, settings.access)
    worker = Harvester(catalog, settings.harvest, Limits())
    for name in settings.harvest:
        assert worker.run(name).status == "done"
    catalog.close()
    site.close()
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield client


BRETAGNE = "955c3e47-411e-4969-b61b-3556d1b9f879"


def test_foreign_records_are_the_same_at_every_door(metacatalogue: TestClient) -> None:
    records = metacatalogue.get("/ogcapi/collections/metadata/items?limit=1000").json()
    mine = {one["id"] for one in records["features"]}
    assert BRETAGNE in mine
    root = etree.fromstring(
        metacatalogue.get(
            "/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results&elementSetName=full&maxRecords=1000"
        ).content
    )
    assert {one.text for one in root.iter("{http://purl.org/dc/elements/1.1/}identifier")} == mine
    harvested, token = set(), "&metadataPrefix=oai_dc"
    while token:
        root = etree.fromstring(metacatalogue.get(f"/oai?verb=ListIdentifiers{token}").content)
        harvested |= {one.text.removeprefix("oai:hysope.local:") for one in root.iter("{*}identifier")}
        found = root.findtext(".//{*}resumptionToken")
        token = f"&resumptionToken={found}" if found else ""
    assert harvested == mine
    assert not any("OZCAR" in json.dumps(one) for one in records["features"]), (
        "a closed source is for its group"
    )


def test_every_set_of_a_header_is_listed(metacatalogue: TestClient) -> None:
    listed = {
        one.text
        for one in etree.fromstring(metacatalogue.get("/oai?verb=ListSets").content).iter("{*}setSpec")
    }
    assert {"collection:bretagne", "kind:service"} <= listed
    assert "collection:closed" not in listed
    root = etree.fromstring(
        metacatalogue.get("/oai?verb=ListIdentifiers&metadataPrefix=oai_dc&set=collection:bretagne").content
    )
    assert {one.text for one in root.iter("{*}setSpec")} <= listed
    assert any(one.text.endswith(BRETAGNE) for one in root.iter("{*}identifier"))


def test_words_of_foreign_records_are_found_without_accents(metacatalogue: TestClient) -> None:
    for words in ("sites proteges", "Sites Protégés", "site protégé wallonie"):
        found = metacatalogue.get("/ogcapi/collections/metadata/items", params={"q": words}).json()
        assert [one["id"] for one in found["features"]] == ["ffc45d44-1cc2-4924-bb8c-214096eb9058"], words
    query = "/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results&constraintLanguage=CQL_TEXT&constraint_language_version=1.1.0"
    answer = metacatalogue.get(f"{query}&constraint=AnyText like 'proteges'").text
    assert "Sites protégés en Wallonie" in answer


def test_an_original_comes_back_as_it_was_received(metacatalogue: TestClient) -> None:
    original = (REAL / "iso19139" / "owslib" / "csw_geobretagne_mdmetadata.xml").read_bytes()
    answer = metacatalogue.get(f"/ogcapi/collections/metadata/items/{BRETAGNE}?f=xml")
    assert answer.content == original
    gmd = "http://www.isotc211.org/2005/gmd"
    by_csw = etree.fromstring(
        metacatalogue.get(
            f"/csw?service=CSW&version=2.0.2&request=GetRecordById&id={BRETAGNE}&elementSetName=full&outputSchema={gmd}"
        ).content
    )
    by_oai = etree.fromstring(
        metacatalogue.get(
            f"/oai?verb=GetRecord&identifier=oai:hysope.local:{BRETAGNE}&metadataPrefix=iso19139"
        ).content
    )
    plain = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    wanted = [(one.tag, (one.text or "").strip()) for one in etree.fromstring(original, plain).iter()]
    for root in (by_csw, by_oai):
        inner = next(root.iter(f"{{{gmd}}}MD_Metadata"))
        assert [(one.tag, (one.text or "").strip()) for one in inner.iter(etree.Element)] == wanted


def test_xml_of_others_runs_nowhere(metacatalogue: TestClient) -> None:
    """An original comes back byte for byte, with whatever stands in it: a browser must not run it."""
    for path in (
        f"/ogcapi/collections/metadata/items/{BRETAGNE}?f=xml", f"/oai?verb=GetRecord&identifier=oai:hysope.local:{BRETAGNE}&metadataPrefix=iso19139",
        f"/csw?service=CSW&version=2.0.2&request=GetRecordById&id={BRETAGNE}", "/opensearch/search",
    ):  # fmt: skip
        answer = metacatalogue.get(path)
        assert "xml" in answer.headers["content-type"]
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_identifiers_that_look_like_paths_are_only_names(metacatalogue: TestClient) -> None:
    records = metacatalogue.get("/ogcapi/collections/metadata/items?limit=1000").json()["features"]
    odd = [one for one in records if "/" in one["id"] or "\\" in one["id"]]
    assert len(odd) >= 4
    for one in odd:
        href = next(link["href"] for link in one["links"] if link["rel"] == "self")
        answer = metacatalogue.get(href.removeprefix("http://maps.example"))
        assert answer.status_code == 200, one["id"]
        assert answer.json()["id"] == one["id"]


def test_a_record_says_where_it_came_from(metacatalogue: TestClient) -> None:
    record = metacatalogue.get(f"/ogcapi/collections/metadata/items/{BRETAGNE}").json()
    via = next(one for one in record["links"] if one["rel"] == "via")
    assert via["title"] == "bretagne"
    assert via["href"].endswith("iso19139/owslib/csw_geobretagne_mdmetadata.xml")
    assert record["properties"]["language"] == {"code": "fr"}
    assert record["properties"]["collection"] == "bretagne"
    page = metacatalogue.get(f"/ogcapi/collections/metadata/items/{BRETAGNE}?f=html")
    assert "Cadastre 2018 en Bretagne" in page.text


# capabilities


def instant(text: str) -> Any:
    return read_instant(text).start


MAPFILE = """MAP NAME "river" EXTENT 0 40 5 45 SIZE 100 100 PROJECTION "init=epsg:4326" END
WEB METADATA "ows_title" "Cartes d'hydrologie" "ows_abstract" "Un MapServer" "ows_keywordlist" "eau,rivière" "ows_onlineresource" "http://ms.example/cgi?" "ows_enable_request" "*" "ows_srs" "EPSG:4326" "wms_fees" "none" END END
LAYER NAME "basins" TYPE POLYGON STATUS ON EXTENT 1 41 3 44 PROJECTION "init=epsg:4326" END METADATA "ows_title" "Bassins versants" "ows_abstract" "Les bassins" "ows_keywordlist" "bassin" "wms_extent" "1 41 3 44" "gml_featureid" "ID" END END
LAYER NAME "snow" GROUP "cryosphere" TYPE POLYGON STATUS ON PROJECTION "init=epsg:4326" END METADATA "ows_title" "Neige" "wms_timeextent" "2018-01-01/2021-06-30/P1D" "wms_timedefault" "2021-06-30" "wms_timeitem" "T" "gml_featureid" "ID" END END
END"""


def capabilities_of(service: str, version: str, folder: Path) -> bytes:
    """What a real MapServer says, by its CGI program."""
    (folder / "m.map").write_text(MAPFILE, encoding="utf-8")
    query = f"map={folder}/m.map&SERVICE={service}&VERSION={version}&REQUEST=GetCapabilities"
    environment = {"PATH": "/usr/bin:/bin", "MS_MAP_PATTERN": "."}
    (folder / "mapserver.conf").write_text('CONFIG ENV MS_MAP_PATTERN "." END END')
    environment["MAPSERVER_CONFIG_FILE"] = str(folder / "mapserver.conf")
    said = subprocess.run(
        [str(MAPSERV), "-nh", f"QUERY_STRING={query}"], capture_output=True, env=environment, check=True
    )
    return said.stdout


@pytest.mark.skipif(not MAPSERV.is_file(), reason="MapServer is not installed (Debian: cgi-mapserver)")
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_the_layers_of_a_mapserver_are_records_with_their_way_in(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path, version: str
) -> None:
    (tmp_path / "cap.xml").write_bytes(capabilities_of("WMS", version, tmp_path))
    worker = harvester(catalog, ms=source(f"{served(tmp_path).url}cap.xml", "capabilities"))
    run = worker.run("ms")
    assert run.status == "done", run
    assert {"ms:wms-service", "ms:basins", "ms:snow"} <= set(ids(catalog))
    found = {
        one.id: one for one in catalog.search_records(And(()), ANONYMOUS, Deadline.after(10), Order.TITLE, 50)
    }
    basins, snow, service = found["ms:basins"], found["ms:snow"], found["ms:wms-service"]
    assert (basins.title, basins.abstract, basins.keywords) == (
        "Bassins versants",
        "Les bassins",
        ("bassin",),
    )
    assert basins.box == Box(west=1, south=41, east=3, north=44)
    assert service.kind == "service" and service.keywords == ("eau", "rivière")
    (way,) = basins.foreign.ways
    assert (way.name, way.protocol) == ("basins", "OGC:WMS-1.3.0-http-get-map")
    assert way.href.startswith("http://ms.example/cgi")
    assert snow.period and (snow.period.start, snow.period.end) == (
        instant("2018-01-01"),
        instant("2021-07-01"),
    )
    assert snow.box == Box(west=0, south=40, east=5, north=45), "inherited"
    assert worker.run("ms").counts.get("same") == len(found)
    assert "ms:wms-service" in ids(catalog, Text(asked("riviere")))


@pytest.mark.parametrize("subset", ['<!ENTITY a "b">', '<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;'])
def test_a_doctype_with_entities_is_refused(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path, subset: str
) -> None:
    layer = "<Capability><Layer><Name>&a;</Name></Layer></Capability>"
    (tmp_path / "cap.xml").write_text(f"<!DOCTYPE WMT_MS_Capabilities [{subset}]><WMT_MS_Capabilities>{layer}</WMT_MS_Capabilities>")  # fmt: skip
    run = harvester(catalog, bad=source(f"{served(tmp_path).url}cap.xml", "capabilities")).run("bad")
    assert (run.status, "DOCTYPE" in run.message, ids(catalog)) == ("failed", True, [])


@pytest.mark.skipif(not MAPSERV.is_file(), reason="MapServer is not installed (Debian: cgi-mapserver)")
def test_the_feature_types_of_a_wfs_are_records(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "wfs.xml").write_bytes(capabilities_of("WFS", "2.0.0", tmp_path))
    run = harvester(catalog, wfs=source(f"{served(tmp_path).url}wfs.xml", "capabilities")).run("wfs")
    assert run.status == "done" and run.counts["new"] >= 3, run
    assert "wfs:wfs-service" in ids(catalog) and any(one.endswith("basins") for one in ids(catalog))


@pytest.mark.parametrize(
    ("door", "kind", "name"),
    [("/wms", "WMS", "sentinel2-l2a"), ("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", "WMTS", "sentinel2-l2a"),
     ("/wcs?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCapabilities", "WCS", "sentinel2-l2a"), ("/sos?SERVICE=SOS&REQUEST=GetCapabilities", "SOS", "")],
)  # fmt: skip
def test_another_centres_services_are_harvested(
    remote: str, catalog: Catalog, door: str, kind: str, name: str
) -> None:
    run = harvester(catalog, far=source(f"{remote}{door}", "capabilities")).run("far")
    assert run.status == "done" and not run.counts.get("refused"), run
    there = {
        one.id: one
        for one in catalog.search_records(And(()), ANONYMOUS, Deadline.after(10), Order.TITLE, 500)
    }
    assert there[f"far:{kind.lower()}-service"].kind == "service"
    if name:
        one = there[f"far:{name}"]
        assert one.title and one.foreign.ways[0].protocol.startswith(f"OGC:{kind}")
        assert one.box is not None


def test_what_is_no_capabilities_changes_nothing(
    served: Callable[[Path], Site], catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "x.xml").write_text("<a><Layer><Name>b</Name></Layer></a>")
    run = harvester(catalog, bad=source(f"{served(tmp_path).url}x.xml", "capabilities")).run("bad")
    assert (run.status, "no capabilities" in run.message, ids(catalog)) == ("failed", True, [])


def test_harvested_layers_are_offered_to_the_cascade_and_duplicates_told(
    remote: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {
        "one": source(f"{remote}/wms", "capabilities"),
        "two": source(f"{remote}/wms", "capabilities"),
    }
    settings = Settings(data=tmp_path / "data", harvest=sources)
    config = tmp_path / "h.yaml"
    config.write_text(json.dumps(json.loads(settings.model_dump_json(include={"data", "harvest"}))))
    assert main(["harvest", "--config", str(config)]) == 0
    capsys.readouterr()
    assert main(["harvest", "one", "--cascade", "--config", str(config)]) == 0
    offered = yaml.safe_load(capsys.readouterr().out)["cascade"]
    layer = offered["one-sentinel2-l2a"]
    assert layer["layers"] == "sentinel2-l2a" and layer["url"].startswith("http")
    assert Settings(data=tmp_path, cascade={"one-sentinel2-l2a": layer}).cascade
    assert main(["harvest", "--duplicates", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "one:sentinel2-l2a (one)  two:sentinel2-l2a (two)" in told


# the metacatalogue of centres


@pytest.fixture(scope="module")
def centres(
    products: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Settings, str]]]:
    """Three centres, each with products of its own, behind sockets."""
    holdings = {"toulouse": "_L2A_T31TCJ", "montpellier": "SNOW", "paris": "OSO_"}
    with ExitStack() as stack:
        out = {}
        for name, mark in holdings.items():
            settings = Settings(data=tmp_path_factory.mktemp(name))
            made = wire_catalog(settings)
            worker = wire_ingest(settings, made)
            worker.run(worker.find([path for path in sorted(products.iterdir()) if mark in path.name]))
            made.close()
            _, address = stack.enter_context(live(settings))
            out[name] = (settings, address)
        yield out


def test_a_fourth_centre_is_the_catalogue_of_three(
    centres: dict[str, tuple[Settings, str]], tmp_path: Path
) -> None:
    """Each by another protocol; every door of the fourth gives the same ids, and what one withdraws goes there too."""
    toulouse, montpellier, paris = (centres[name][1] for name in ("toulouse", "montpellier", "paris"))
    sources = {
        "toulouse": source(f"{toulouse}/csw", "csw"),
        "montpellier": source(f"{montpellier}/oai", "oai"),
        "paris": source(f"{paris}/ogcapi/collections/metadata/items?limit=50", "records"),
    }
    settings = Settings(
        data=tmp_path / "data", harvest=sources, server=Server(public_url="http://meta.example")
    )
    meta = wire_catalog(settings)
    worker = Harvester(meta, sources, Limits())
    counts = {name: worker.run(name) for name in sources}
    assert {name: run.status for name, run in counts.items()} == dict.fromkeys(sources, "done"), counts
    theirs = {}
    for name, (other, _) in centres.items():
        there = wire_catalog(other)
        theirs[name] = ids(there)
        there.close()
    with TestClient(build(settings)) as client:
        assert on_each_door(client) == [sorted({one for some in theirs.values() for one in some})] * 4
        gone = next(one for one in theirs["montpellier"] if "LIS" in one or "SNOW" in one)
        there = wire_catalog(centres["montpellier"][0])
        there.withdraw(gone, OPERATOR, "wrong")
        there.close()
        run = worker.run("montpellier")
        assert (run.mode, run.counts.get("gone")) == ("incremental", 1), run
        assert all(gone not in door for door in on_each_door(client))
    meta.close()


def on_each_door(client: TestClient) -> list[list[str]]:
    """The ids that CSW, Records, OAI-PMH and STAC give."""
    records = client.get("/ogcapi/collections/metadata/items?limit=1000").json()["features"]
    csw = client.get("/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results&ElementSetName=brief&maxRecords=1000")  # fmt: skip
    oai = client.get("/oai?verb=ListIdentifiers&metadataPrefix=oai_dc").content
    root = etree.fromstring(csw.content)
    named = [one.text for one in root.iterfind(".//{http://purl.org/dc/elements/1.1/}identifier")]
    headers = etree.fromstring(oai).iterfind(".//{http://www.openarchives.org/OAI/2.0/}header")
    listed = [one.findtext("{*}identifier").partition(":")[2].partition(":")[2] for one in headers if one.get("status") != "deleted"]  # fmt: skip
    items = client.post("/stac/search", json={"limit": 1_000}).json()["features"]
    return [sorted(one["id"] for one in records), sorted(named), sorted(listed), sorted(one["id"] for one in items)]  # fmt: skip
