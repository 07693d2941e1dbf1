# SPDX-License-Identifier: Apache-2.0
"""OAI-PMH 2.0: six verbs, each error by its code, pages that lose nothing, what is gone said for ever; the same on both stores."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient
from support import World, fresh_database, schema

from catalog.ingest.batch import Report
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.query import Property, equal
from catalog.service import Catalog
from config.limits import Limits
from config.settings import Database, Server, Service, Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest

NS = {"o": "http://www.openarchives.org/OAI/2.0/", "dc": "http://purl.org/dc/elements/1.1/", "gmd": "http://www.isotc211.org/2005/gmd", "gco": "http://www.isotc211.org/2005/gco"}  # fmt: skip
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


@dataclass
class House:
    """A catalogue with pages of three records."""

    client: TestClient
    catalog: Catalog
    report: Report

    def ask(self, verb: str, key: str = "", **arguments: str) -> etree._Element:
        if "from_" in arguments:
            arguments["from"] = arguments.pop("from_")
        answer = self.client.get(
            "/oai", params={"verb": verb, **arguments}, headers={"X-API-Key": key} if key else {}
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8"), (
            answer.text
        )
        return etree.fromstring(answer.content)

    def walk(
        self, verb: str = "ListIdentifiers", key: str = "", **arguments: str
    ) -> tuple[list[etree._Element], list[dict[str, str]]]:
        """All headers (or records) of a list, and the attributes of each token."""
        found, tokens = [], []
        root = self.ask(verb, key, **arguments)
        while True:
            found += root.findall(f"o:{verb}/*", NS)
            token = root.find(f"o:{verb}/o:resumptionToken", NS)
            if token is not None:
                found.pop()
                tokens.append({**token.attrib, "text": token.text or ""})
            if token is None or not token.text:
                return found, tokens
            root = self.ask(verb, key, resumptionToken=token.text)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(
    request: pytest.FixtureRequest, products: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("oai")
    with fresh_database(request.param, request, folder) as url:
        settings = Settings(
            data=folder, database=Database(url=url), limits=Limits(harvest_page=3), server=Server(public_url="http://maps.example"),
            service=Service(repository="theia.example.org"), access={"oso-17": ("land",)},
        )  # fmt: skip
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings, catalog)
        report = worker.run(worker.find([products]))
        with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
            yield House(client, catalog, report)
        catalog.close()


def ids(headers: list[etree._Element]) -> list[str]:
    return [one.findtext("o:identifier", namespaces=NS) for one in headers]


def error(root: etree._Element) -> str:
    return root.find("o:error", NS).get("code")


def test_identify_says_who_we_are(house: House) -> None:
    root = house.ask("Identify")
    one = root.find("o:Identify", NS)
    assert [etree.QName(child).localname for child in one] == [
        "repositoryName", "baseURL", "protocolVersion", "adminEmail", "earliestDatestamp", "deletedRecord", "granularity", "description",
    ]  # fmt: skip
    assert one.findtext("o:baseURL", namespaces=NS) == "http://maps.example/oai"
    assert one.findtext("o:deletedRecord", namespaces=NS) == "persistent"
    assert STAMP.match(one.findtext("o:earliestDatestamp", namespaces=NS))
    assert root.find("o:request", NS).get("verb") == "Identify"
    assert STAMP.match(root.findtext("o:responseDate", namespaces=NS))


def test_a_walk_meets_every_record_once(house: House) -> None:
    headers, tokens = house.walk(metadataPrefix="oai_dc")
    found = ids(headers)
    everything = house.catalog.count_records(equal(Property.KIND, "product"), OPERATOR, Deadline.after(10))
    assert len(found) == len(set(found)) >= everything - 2
    assert [token["cursor"] for token in tokens] == [str(3 * number) for number in range(len(tokens))]
    assert {token["completeListSize"] for token in tokens} == {str(len(found))}
    assert tokens[-1]["text"] == ""
    stamps = [one.findtext("o:datestamp", namespaces=NS) for one in headers]
    assert stamps == sorted(stamps)
    assert all(one.startswith("oai:theia.example.org:") for one in found)
    records, _ = house.walk("ListRecords", metadataPrefix="iso19139")
    assert [one.findtext("o:header/o:identifier", namespaces=NS) for one in records] == found


def test_records_are_the_documents_of_csw(house: House) -> None:
    headers, _ = house.walk(metadataPrefix="oai_dc")
    identifier = next(one for one in ids(headers) if "_L2A_T31TCJ_" in one)
    name = identifier.removeprefix("oai:theia.example.org:")
    dc = house.ask("GetRecord", identifier=identifier, metadataPrefix="oai_dc").find(
        "o:GetRecord/o:record/o:metadata/*", NS
    )
    assert name in [one.text for one in dc.iterfind("dc:identifier", NS)]
    assert dc.findtext("dc:type", namespaces=NS) == "Dataset"
    assert dc.findtext("dc:relation", namespaces=NS) == "sentinel2-l2a"
    iso = house.ask("GetRecord", identifier=identifier, metadataPrefix="iso19139").find(
        "o:GetRecord/o:record/o:metadata/*", NS
    )
    schema("http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd").assertValid(iso)
    csw = house.client.get(
        "/csw",
        params={
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecordById",
            "id": name,
            "elementSetName": "full",
            "outputSchema": "http://www.isotc211.org/2005/gmd",
        },
    )
    other = etree.fromstring(csw.content).find(".//gmd:MD_Metadata", NS)
    assert etree.tostring(iso, method="c14n2", strip_text=True) == etree.tostring(
        other, method="c14n2", strip_text=True
    )


def test_sets_select(house: House) -> None:
    listed = [one.text for one in house.ask("ListSets").iterfind("o:ListSets/o:set/o:setSpec", NS)]
    assert {"kind:product", "kind:collection", "collection:sentinel2-l2a"} <= set(listed)
    everything, _ = house.walk(metadataPrefix="oai_dc")
    for spec in ("kind:collection", "collection:sentinel2-l2a"):
        headers, _ = house.walk(metadataPrefix="oai_dc", set=spec)
        expected = [
            one for one in everything if spec in [child.text for child in one.iterfind("o:setSpec", NS)]
        ]
        assert ids(headers) == ids(expected) != []
    assert (
        error(house.ask("ListIdentifiers", metadataPrefix="oai_dc", set="collection:nothing"))
        == "noRecordsMatch"
    )


def test_times_select_with_both_ends_in(house: House) -> None:
    headers, _ = house.walk(metadataPrefix="oai_dc")
    stamps = [one.findtext("o:datestamp", namespaces=NS) for one in headers]
    middle = stamps[len(stamps) // 2]
    since, _ = house.walk(metadataPrefix="oai_dc", from_=middle)
    until, _ = house.walk(metadataPrefix="oai_dc", until=middle)
    assert ids(since) == [one for one, stamp in zip(ids(headers), stamps, strict=True) if stamp >= middle]
    assert ids(until) == [one for one, stamp in zip(ids(headers), stamps, strict=True) if stamp <= middle]
    today, _ = house.walk(metadataPrefix="oai_dc", from_=middle[:10], until=stamps[-1][:10])
    assert ids(today) == ids(headers)
    assert error(house.ask("ListRecords", metadataPrefix="oai_dc", until="1999-12-31")) == "noRecordsMatch"


def test_a_restricted_collection_is_for_its_group(house: House) -> None:
    key = house.catalog.keys.create(KeyRequest("carol", Role.USER, ("land",)), OPERATOR)[1]
    by_key, _ = house.walk(key=key, metadataPrefix="oai_dc", set="collection:oso-17")
    assert by_key
    assert (
        error(house.ask("ListIdentifiers", metadataPrefix="oai_dc", set="collection:oso-17"))
        == "noRecordsMatch"
    )
    assert (
        error(house.ask("GetRecord", metadataPrefix="oai_dc", identifier=ids(by_key)[0])) == "idDoesNotExist"
    )
    assert "collection:oso-17" not in [
        one.text for one in house.ask("ListSets").iter(f"{{{NS['o']}}}setSpec")
    ]
    assert house.client.get("/oai?verb=Identify", headers={"X-API-Key": "hyk_wrong"}).status_code == 401


def test_what_is_withdrawn_is_said_to_be_gone_until_it_comes_back(house: House, products: Path) -> None:
    headers, _ = house.walk(metadataPrefix="oai_dc", set="collection:sentinel2-l2a")
    identifier = next(one for one in ids(headers) if "_L2A_T31TDJ_" in one)
    name = identifier.removeprefix("oai:theia.example.org:")
    time.sleep(1.1)
    house.catalog.withdraw(name, OPERATOR, "a test")
    root = house.ask("GetRecord", identifier=identifier, metadataPrefix="oai_dc")
    header = root.find("o:GetRecord/o:record/o:header", NS)
    assert header.get("status") == "deleted"
    assert root.find("o:GetRecord/o:record/o:metadata", NS) is None
    changed, _ = house.walk(metadataPrefix="oai_dc", from_=header.findtext("o:datestamp", namespaces=NS))
    assert identifier in ids(changed)
    assert {
        one.get("status") for one in changed if one.findtext("o:identifier", namespaces=NS) == identifier
    } == {"deleted"}
    house.catalog.reindex(OPERATOR)
    again = house.ask("GetRecord", identifier=identifier, metadataPrefix="oai_dc")
    assert again.find("o:GetRecord/o:record/o:header", NS).get("status") == "deleted", (
        "for ever, also after a reindex"
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"), ("verb=Nothing", "badVerb"), ("verb=identify", "badVerb"), ("verb=Identify&verb=Identify", "badVerb"), ("verb=Identify&x=1", "badArgument"),
        ("verb=ListRecords", "badArgument"), ("verb=ListRecords&metadataprefix=oai_dc", "badArgument"), ("verb=ListRecords&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"), ("verb=ListRecords&metadataPrefix=oai_dc&from=yesterday", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2024-02-30", "badArgument"), ("verb=ListRecords&metadataPrefix=oai_dc&from=2024-01-01&until=2024-01-02T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2024-01-02&until=2024-01-01", "badArgument"), ("verb=ListRecords&metadataPrefix=oai_dc&from=", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=9999-12-31&from=9999-12-31", "badArgument"), ("verb=ListRecords&metadataPrefix=oai_dc&set=a:b", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"), ("verb=ListRecords&resumptionToken=WzFd", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x&metadataPrefix=oai_dc", "badArgument"), ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"), ("verb=GetRecord&metadataPrefix=oai_dc&identifier=x", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:theia.example.org:x", "idDoesNotExist"), ("verb=ListMetadataFormats&identifier=x", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=%00%01", "idDoesNotExist"), ("verb=ListRecords&metadataPrefix=oai_dc&set=%FF", "badArgument"),
    ],
)  # fmt: skip
def test_each_error_has_its_code(world: World, query: str, code: str) -> None:
    answer = world.client.get(f"/oai?{query}")
    assert answer.status_code == 200
    root = etree.fromstring(answer.content)
    assert error(root) == code
    request = root.find("o:request", NS)
    assert bool(request.attrib) == (code not in ("badVerb", "badArgument"))
    by_form = world.client.post(
        "/oai", content=query, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert error(etree.fromstring(by_form.content)) == code


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\n"])
def test_what_no_store_can_hold_is_refused_before_it(house: House, odd: str) -> None:
    token = base64.urlsafe_b64encode(json.dumps(["oai_dc", "", "", "", 1, odd, 0, 5]).encode()).decode()
    assert error(house.ask("ListRecords", resumptionToken=token)) == "badResumptionToken"
    if odd != "\ud800":
        assert (
            error(house.ask("GetRecord", metadataPrefix="oai_dc", identifier=f"oai:theia.example.org:{odd}"))
            == "idDoesNotExist"
        )


def test_formats_are_listed(world: World) -> None:
    root = etree.fromstring(world.client.get("/oai?verb=ListMetadataFormats").content)
    assert [one.text for one in root.iter(f"{{{NS['o']}}}metadataPrefix")] == ["oai_dc", "iso19139"]
