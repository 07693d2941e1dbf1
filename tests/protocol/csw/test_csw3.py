# SPDX-License-Identifier: Apache-2.0
"""Catalogue 3.0 (12-176r7) by pycsw over our store: schema-valid, with the answers of 2.0.2, filters of version 2.0, OpenSearch's parameters, its own reports."""

from typing import Any

import pytest
from lxml import etree
from support import LocalSchemas, World, shared

CSW = "{http://www.opengis.net/cat/csw/3.0}"
OWS = "{http://www.opengis.net/ows/2.0}"
DC = "{http://purl.org/dc/elements/1.1/}"
FES = "http://www.opengis.net/fes/2.0"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def valid() -> etree.XMLSchema:
    shared("schemas", "schemas.opengis.net", "cat", "csw", "3.0", "cswAll.xsd")
    places = (("cat/csw/3.0", "cat/csw/3.0/cswAll.xsd"), ("ows/2.0", "ows/2.0/owsAll.xsd"))
    imports = "".join(
        f'<xs:import namespace="http://www.opengis.net/{name}" schemaLocation="http://schemas.opengis.net/{place}"/>'
        for name, place in places
    )
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text, parser))


def get(world: World, valid: etree.XMLSchema, status: int = 200, **parameters: Any) -> etree._Element:
    sent = {"service": "CSW", "version": "3.0.0", **parameters}
    answer = world.client.get("/csw", params=sent)
    assert answer.status_code == status, answer.text
    root = etree.fromstring(answer.content)
    if not root.tag.startswith(ATOM):
        assert valid.validate(root), valid.error_log
    return root


def ids(root: etree._Element) -> set[str]:
    return {one.text for one in root.iter(f"{DC}identifier")}


def post(world: World, valid: etree.XMLSchema, constraint: str, status: int = 200) -> etree._Element:
    body = f"""<csw:GetRecords xmlns:csw="{CSW[1:-1]}" xmlns:fes="{FES}" xmlns:gml="http://www.opengis.net/gml/3.2" service="CSW" version="3.0.0" maxRecords="500">
      <csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName><csw:Constraint version="2.0.0">{constraint}</csw:Constraint></csw:Query></csw:GetRecords>"""
    answer = world.client.post("/csw", content=body, headers={"Content-Type": "application/xml"})
    assert answer.status_code == status, answer.text
    root = etree.fromstring(answer.content)
    assert valid.validate(root), valid.error_log
    return root


def of_202(world: World, **parameters: str) -> set[str]:
    sent = {
        "service": "CSW",
        "version": "2.0.2",
        "request": "GetRecords",
        "resulttype": "results",
        "maxrecords": "500",
        "elementsetname": "brief",
        **parameters,
    }
    return ids(etree.fromstring(world.client.get("/csw", params=sent).content))


def test_versions_are_negotiated(world: World, valid: etree.XMLSchema) -> None:
    for accepted, version in (
        ("3.0.0", "3.0.0"),
        ("3.0.0,2.0.2", "3.0.0"),
        ("2.0.2,3.0.0", "2.0.2"),
        ("9.9,3.0.0", "3.0.0"),
    ):
        answer = world.client.get(
            "/csw", params={"service": "CSW", "request": "GetCapabilities", "acceptversions": accepted}
        )
        assert etree.fromstring(answer.content).get("version") == version
    root = get(world, valid, request="GetCapabilities", acceptversions="3.0.0")
    assert {one.get("name") for one in root.iter(f"{OWS}Operation")} == {
        "GetCapabilities",
        "GetDomain",
        "GetRecords",
        "GetRecordById",
    }
    claimed = {
        one.get("name")
        for one in root.iter(f"{{{FES}}}Constraint")
        if one.findtext("{http://www.opengis.net/ows/1.1}DefaultValue") == "TRUE"
    }
    assert claimed >= {
        "ImplementsAdHocQuery",
        "ImplementsStandardFilter",
        "ImplementsMinSpatialFilter",
        "ImplementsSorting",
    }
    assert not claimed & {"ImplementsFunctions", "ImplementsTemporalFilter", "ImplementsVersionNav"}
    assert b"pycsw" not in etree.tostring(root)


@pytest.mark.parametrize("form", ["brief", "summary", "full"])
def test_records_are_valid_and_those_of_the_older_version(
    world: World, valid: etree.XMLSchema, form: str
) -> None:
    root = get(world, valid, request="GetRecords", elementsetname=form, maxrecords="500")
    assert ids(root) == of_202(world)
    root = get(world, valid, request="GetRecords", elementsetname=form, maxrecords="2", startposition="3")
    (results,) = root.iter(f"{CSW}SearchResults")
    assert (results.get("numberOfRecordsReturned"), results.get("nextRecord")) == ("2", "5")


def test_parameters_of_opensearch_filter(world: World, valid: etree.XMLSchema) -> None:
    words = {"request": "GetRecords", "maxrecords": "500"}
    assert ids(get(world, valid, q="reflectance", **words)) == of_202(world, q="reflectance")
    box = "0.4,44.1,0.6,44.3"
    assert ids(get(world, valid, bbox=box, **words)) == of_202(world, bbox=box)
    assert ids(get(world, valid, bbox=f"{box},urn:ogc:def:crs:OGC:1.3:CRS84", **words)) == of_202(
        world, bbox=box
    )
    some = sorted(of_202(world))[:2]
    assert ids(get(world, valid, recordids=",".join([*some, "none"]), **words)) == set(some)
    month = ids(get(world, valid, time="2023-03-01/2023-03-31", **words))
    assert month
    assert month < of_202(world)
    cql = ids(get(world, valid, constraint="dc:title LIKE '%L2A%'", constraintlanguage="CQL_TEXT", **words))
    assert cql == of_202(world, constraint="dc:title LIKE '%L2A%'", constraintlanguage="CQL_TEXT")


def test_filters_of_version_2_find_what_those_of_1_1_do(world: World, valid: etree.XMLSchema) -> None:
    like = '<fes:PropertyIsLike wildCard="%" singleChar="_" escapeChar="!"><fes:ValueReference>dc:title</fes:ValueReference><fes:Literal>%L2A%</fes:Literal></fes:PropertyIsLike>'
    kind = "<fes:PropertyIsEqualTo><fes:ValueReference>dc:type</fes:ValueReference><fes:Literal>series</fes:Literal></fes:PropertyIsEqualTo>"
    box = "<fes:BBOX><fes:ValueReference>ows:BoundingBox</fes:ValueReference><gml:Envelope srsName='urn:ogc:def:crs:EPSG::4326'><gml:lowerCorner>44.1 0.4</gml:lowerCorner><gml:upperCorner>44.3 0.6</gml:upperCorner></gml:Envelope></fes:BBOX>"
    titles = of_202(world, constraint="dc:title LIKE '%L2A%'", constraintlanguage="CQL_TEXT")
    series = of_202(world, constraint="dc:type = 'series'", constraintlanguage="CQL_TEXT")
    near = of_202(world, bbox="0.4,44.1,0.6,44.3")
    for text, expected in (
        (like, titles), (kind, series), (box, near), (f"<fes:And>{like}{box}</fes:And>", titles & near), (f"<fes:Or>{kind}{box}</fes:Or>", series | near),
        (f"<fes:And>{like}<fes:Not>{kind}</fes:Not></fes:And>", titles - series),
    ):  # fmt: skip
        assert expected
        assert ids(post(world, valid, f"<fes:Filter>{text}</fes:Filter>")) == expected
    assert ids(post(world, valid, "<csw:CqlText>dc:type = 'series'</csw:CqlText>")) == series


def test_one_record_and_one_that_is_not_there(world: World, valid: etree.XMLSchema) -> None:
    assert ids(get(world, valid, request="GetRecordById", id="sentinel2-l2a")) == {"sentinel2-l2a"}
    root = get(world, valid, 404, request="GetRecordById", id="none")
    assert root.find(f"{OWS}Exception").get("locator") == "id"
    iso = get(
        world,
        valid,
        request="GetRecords",
        outputschema="http://www.isotc211.org/2005/gmd",
        elementsetname="full",
        maxrecords="3",
    )
    assert len(list(iso.iter("{http://www.isotc211.org/2005/gmd}MD_Metadata"))) == 3


def test_an_atom_feed_leads_to_our_own_search(world: World, valid: etree.XMLSchema) -> None:
    root = get(
        world,
        valid,
        request="GetRecords",
        q="reflectance",
        outputformat="application/atom+xml",
        maxrecords="500",
    )
    assert root.tag == f"{ATOM}feed"
    assert {one.text for one in root.iter(f"{DC}identifier")} == of_202(world, q="reflectance")
    search = next(one.get("href") for one in root.findall(f"{ATOM}link") if one.get("rel") == "search")
    assert world.client.get(search.removeprefix("http://maps.example")).status_code == 200


def test_the_values_of_the_type_are_counted(world: World, valid: etree.XMLSchema) -> None:
    root = get(world, valid, request="GetDomain", valuereference="dc:type")
    counts = {one.text: int(one.get("count")) for one in root.iter(f"{CSW}Value")}
    assert counts["series"] == len(
        of_202(world, constraint="dc:type = 'series'", constraintlanguage="CQL_TEXT")
    )


@pytest.mark.parametrize(
    ("sent", "code", "locator"),
    [
        ({"request": "Nothing"}, "OperationNotSupported", "request"), ({"request": "GetRecords", "bbox": "1,2"}, "InvalidParameterValue", "bbox"),
        ({"request": "GetRecords", "maxrecords": "x"}, "InvalidParameterValue", "maxrecords"), ({}, "MissingParameterValue", "request"),
        ({"request": "GetRecords", "time": "yesterday"}, "InvalidParameterValue", "time"), ({"request": "GetCapabilities", "acceptversions": "3.0.0x"}, "VersionNegotiationFailed", "acceptversions"),
    ],
)  # fmt: skip
def test_wrong_requests_have_reports_of_ows_2(
    world: World, valid: etree.XMLSchema, sent: dict[str, str], code: str, locator: str
) -> None:
    exception = get(world, valid, 400, **sent).find(f"{OWS}Exception")
    assert (exception.get("exceptionCode"), exception.get("locator").lower()) == (code, locator)


def test_a_wrong_filter_has_one_too(world: World, valid: etree.XMLSchema) -> None:
    root = post(world, valid, "<fes:Filter><fes:Dance/></fes:Filter>", 400)
    assert root.find(f"{OWS}Exception").get("exceptionCode") == "InvalidParameterValue"


def test_a_wrong_credential_is_told_in_the_words_of_the_version(world: World) -> None:
    for version, space in (
        ("2.0.2", "http://www.opengis.net/ows"),
        ("3.0.0", "http://www.opengis.net/ows/2.0"),
    ):
        sent = {"service": "CSW", "version": version, "request": "GetRecords"}
        answer = world.client.get("/csw", params=sent, headers={"X-API-Key": "wrong"})
        root = etree.fromstring(answer.content)
        assert (answer.status_code, root.tag) == (401, f"{{{space}}}ExceptionReport")
