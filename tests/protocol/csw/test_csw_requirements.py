"""The requirements of CSW 2.0.2 (test cases of OGC's suite, tc) and of CAT 3.0 (numbers of 12-176r7), one by one."""

from typing import Any

import pytest
from lxml import etree
from starlette.testclient import TestClient
from support import World

CSW2, CSW3 = "{http://www.opengis.net/cat/csw/2.0.2}", "{http://www.opengis.net/cat/csw/3.0}"
DC, ATOM, OS = (
    "{http://purl.org/dc/elements/1.1/}",
    "{http://www.w3.org/2005/Atom}",
    "{http://a9.com/-/spec/opensearch/1.1/}",
)
NAMES = 'xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:gml="http://www.opengis.net/gml" xmlns:ows="http://www.opengis.net/ows"'
ID = "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"
BRIEF = "<csw:ElementSetName>brief</csw:ElementSetName>"


class Door:
    """Requests of both versions, as trees."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, of: str = "", headers: dict[str, str] | None = None, **sent: Any) -> tuple[int, etree._Element]:  # fmt: skip
        whole = {"service": "CSW", "version": of, **sent} if of else sent
        answer = self._client.get("/csw", params=whole or None, headers=headers)
        return answer.status_code, etree.fromstring(answer.content)

    def post(self, body: str) -> etree._Element:
        answer = self._client.post("/csw", content=body, headers={"content-type": "application/xml"})
        assert answer.status_code == 200
        return etree.fromstring(answer.content)

    def query(self, inner: str = "", attributes: str = 'resultType="results"', names: str = "csw:Record", elements: str = BRIEF) -> etree._Element:  # fmt: skip
        query = f'<csw:Query typeNames="{names}">{elements}{inner}</csw:Query>'
        return self.post(f'<csw:GetRecords {NAMES} service="CSW" version="2.0.2" {attributes}>{query}</csw:GetRecords>')  # fmt: skip


@pytest.fixture(scope="module")
def door(world: World) -> Door:
    return Door(world.client)


def report(root: etree._Element) -> tuple[str, str]:
    """Code and locator of a report."""
    assert etree.QName(root).localname == "ExceptionReport", etree.tostring(root)[:400]
    found = next(root.iter("{*}Exception"))
    return found.get("exceptionCode", ""), (found.get("locator") or "").lower()


def elements(record: etree._Element) -> set[str]:
    return {etree.QName(child).localname for child in record}


@pytest.mark.parametrize(
    ("tc", "sent", "expected"),
    [
        ("1.2 unknown AcceptVersions", {"service": "CSW", "request": "GetCapabilities", "acceptversions": "2000.1.1"}, ("VersionNegotiationFailed", "acceptversions")),
        ("2.1 no request", {"service": "CSW"}, ("MissingParameterValue", "request")), ("3.1 another service", {"service": "WFS", "request": "GetCapabilities"}, ("InvalidParameterValue", "service")),
        ("GetRecordById 4.1 no id", {"service": "CSW", "version": "2.0.2", "request": "GetRecordById"}, ("MissingParameterValue", "id")),
        ("GetRecordById 5.1 outputFormat", {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": ID, "outputformat": "text/x"}, ("InvalidParameterValue", "outputformat")),
        ("GetRecordById 6.1 outputSchema", {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": ID, "outputschema": "http://x"}, ("InvalidParameterValue", "outputschema")),
    ],
)  # fmt: skip
def test_faults_of_2_0_2_in_parameters(door: Door, tc: str, sent: dict[str, str], expected: tuple[str, str]) -> None:  # fmt: skip
    status, root = door.get(**sent)
    assert (status, report(root)) == (200, expected), tc


def test_capabilities_of_2_0_2(door: Door) -> None:
    """GetCapabilities tc1.1, 4.1, 5.1, 5.2, 7.1, 7.2, 8.1: names in any case, what is unknown is passed over, sections."""
    for sent in (
        {"service": "CSW", "request": "GetCapabilities", "acceptversions": "2.0.2"}, {"SERVICE": "CSW", "ReQuest": "GetCapabilities", "foo": "bar"},
        {"service": "CSW", "request": "GetCapabilities", "version": "2.0.2", "acceptformats": "text/x"},
        {"service": "CSW", "request": "GetCapabilities", "version": "2.0.2", "acceptformats": "application/xml"},
    ):  # fmt: skip
        _, root = door.get(**sent)
        assert (root.tag, root.get("version")) == (f"{CSW2}Capabilities", "2.0.2")
        assert {"ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities"} <= elements(root)  # fmt: skip
    _, root = door.get("2.0.2", request="GetCapabilities", sections="ServiceIdentification")
    assert elements(root) == {"ServiceIdentification", "Filter_Capabilities"}


def test_describe_record(door: Door) -> None:
    """DescribeRecord tc1.1, 2.1, 5.1, 6.1, 7.1."""
    asked = '<csw:DescribeRecord {} service="CSW" version="2.0.2" {}>{}</csw:DescribeRecord>'
    every = door.post(asked.format(NAMES, "", ""))
    assert len(every.findall(f"{CSW2}SchemaComponent")) > 1
    one = door.post(asked.format(NAMES, "", "<csw:TypeName>csw:Record</csw:TypeName>"))
    assert len(one.findall(f"{CSW2}SchemaComponent")) == 1
    for attributes, inner, locator in (
        ('outputFormat="text/x"', "", "outputformat"), ('schemaLanguage="http://x"', "", "schemalanguage"), ("", "<csw:TypeName>Record</csw:TypeName>", "typename"),
    ):  # fmt: skip
        assert report(door.post(asked.format(NAMES, attributes, inner))) == ("InvalidParameterValue", locator)


def test_one_record_of_2_0_2(door: Door) -> None:
    """GetRecordById tc1.x (summary without a word), 2.x, 3.1 (nothing is an empty answer)."""
    for sent, name in (({}, "SummaryRecord"), ({"elementsetname": "brief"}, "BriefRecord"), ({"elementsetname": "full"}, "Record")):  # fmt: skip
        _, root = door.get("2.0.2", request="GetRecordById", id=ID, **sent)
        (found,) = root
        assert found.tag == f"{CSW2}{name}" and found.findtext(f"{DC}identifier") == ID
    status, root = door.get("2.0.2", request="GetRecordById", id="nothing")
    assert (status, root.tag, len(root)) == (200, f"{CSW2}GetRecordByIdResponse", 0)


def test_get_records(door: Door) -> None:
    """GetRecords tc1.1 (hits), 2.x, 3.1, 4.x, 22.1, 23.1, 24.1."""
    hits = door.query(attributes="").find(f"{CSW2}SearchResults")
    assert hits is not None and len(hits) == 0 and int(hits.get("numberOfRecordsMatched", 0)) > 10
    ten = door.query().find(f"{CSW2}SearchResults")
    assert ten is not None and len(ten) == 10
    view = door.query(elements="<csw:ElementName>dc:title</csw:ElementName>", inner="<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>dc:title</ogc:PropertyName><ogc:SortOrder>DESC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>")  # fmt: skip
    records = list(view.iter(f"{CSW2}Record"))
    assert records and all(elements(one) == {"title"} for one in records)
    titles = [one.findtext(f"{DC}title") or "" for one in records]
    assert titles == sorted(titles, reverse=True)
    some = door.query(attributes='resultType="results" startPosition="4" maxRecords="3"').find(f"{CSW2}SearchResults")  # fmt: skip
    assert some is not None and (len(some), some.get("nextRecord")) == (3, "7")
    none = door.query(attributes='resultType="results" maxRecords="0"').find(f"{CSW2}SearchResults")
    assert none is not None and len(none) == 0
    echo = door.query(attributes='resultType="validate"')
    assert echo.tag == f"{CSW2}Acknowledgement" and echo.find(f"{CSW2}EchoedRequest") is not None


@pytest.mark.parametrize(
    ("tc", "sent"),
    [
        ("5.2 a box of a text", {"inner": '<csw:Constraint version="1.1.0"><ogc:Filter><ogc:BBOX><ogc:PropertyName>dc:title</ogc:PropertyName><gml:Envelope><gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope></ogc:BBOX></ogc:Filter></csw:Constraint>'}),
        ("7.1 a function", {"inner": '<csw:Constraint version="1.1.0"><ogc:Filter><ogc:PropertyIsEqualTo><ogc:Function name="none"><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:Function><ogc:Literal>x</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter></csw:Constraint>'}),
        ("20 summaries", {"names": "csw:SummaryRecord"}), ("21 briefs", {"names": "csw:BriefRecord"}),
        ("25 outputFormat", {"attributes": 'resultType="results" outputFormat="text/x"'}), ("26 outputSchema", {"attributes": 'resultType="results" outputSchema="http://x"'}),
    ],
)  # fmt: skip
def test_faults_of_get_records(door: Door, tc: str, sent: dict[str, str]) -> None:
    assert report(door.query(**sent))[0] == "InvalidParameterValue", tc


def test_what_the_address_alone_and_accept_mean(door: Door) -> None:
    """CAT 3.0: 6, 7 (capabilities), 8 (the description of OpenSearch), 11 (names in any case), 43 to 45."""
    for headers in (None, {"accept": "application/xml"}, {"accept": "text/html,*/*;q=0.8"}):
        status, root = door.get(headers=headers)
        assert (status, root.tag) == (200, f"{CSW3}Capabilities")
    status, root = door.get(headers={"accept": "application/opensearchdescription+xml"})
    assert (status, root.tag) == (200, f"{OS}OpenSearchDescription")
    status, root = door.get(SeRvIcE="CSW", ReQuEsT="GetCapabilities", AcceptVersions="3.0.0")
    assert (status, root.get("version")) == (200, "3.0.0")
    _, root = door.get("3.0.0", request="GetCapabilities", sections="ServiceIdentification")
    assert "ServiceIdentification" in elements(root) and "OperationsMetadata" not in elements(root)


@pytest.mark.parametrize(
    ("number", "sent", "expected"),
    [
        ("10 no service", {"version": "3.0.0", "request": "GetCapabilities"}, ("MissingParameterValue", "service")),
        ("12 a value in the wrong case", {"service": "CSW", "acceptversions": "3.0.0", "request": "getCapabilities"}, ("InvalidParameterValue", "request")),
        ("36 an unknown version", {"service": "CSW", "request": "GetCapabilities", "acceptversions": "3.0.0x"}, ("VersionNegotiationFailed", "acceptversions")),
        ("42 an unknown format", {"service": "CSW", "version": "3.0.0", "request": "GetCapabilities", "acceptformats": "model/x3d"}, ("InvalidParameterValue", "acceptformats")),
        ("37 no id", {"service": "CSW", "version": "3.0.0", "request": "GetRecordById"}, ("MissingParameterValue", "id")),
        ("128 outputFormat", {"service": "CSW", "version": "3.0.0", "request": "GetRecordById", "id": ID, "outputformat": "text/csv"}, ("InvalidParameterValue", "outputformat")),
        ("136 outputSchema", {"service": "CSW", "version": "3.0.0", "request": "GetRecordById", "id": ID, "outputschema": "http://x"}, ("InvalidParameterValue", "outputschema")),
        ("88 typeNames", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "typenames": "Unknown"}, ("InvalidParameterValue", "typenames")),
        ("102 elementSetName", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "elementsetname": "all"}, ("InvalidParameterValue", "elementsetname")),
        ("91 elementName", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "elementname": "undefined"}, ("InvalidParameterValue", "elementname")),
        ("99 both", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "elementname": "dc:title", "elementsetname": "brief"}, ("NoApplicableCode", "elementsetname")),
        ("35 outputFormat", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "outputformat": "text/csv"}, ("InvalidParameterValue", "outputformat")),
        ("35 outputSchema", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "outputschema": "http://x"}, ("InvalidParameterValue", "outputschema")),
        ("17 the CRS of a box", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "bbox": "1,2,3,4,urn:ogc:def:crs:EPSG::32610"}, ("InvalidParameterValue", "bbox")),
        ("17 a CRS that is none", {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "bbox": "1,2,3,4,here"}, ("InvalidParameterValue", "bbox")),
    ],
)  # fmt: skip
def test_faults_of_3_0(door: Door, number: str, sent: dict[str, str], expected: tuple[str, str]) -> None:
    status, root = door.get(**sent)
    assert (status, report(root)) == (400, expected), number
    assert root.tag.startswith("{http://www.opengis.net/ows/2.0}")


def test_one_record_of_3_0(door: Door) -> None:
    """127, 141 (404), 123, 124, 134 (summary without a word), 2, 3, 139, 140 (Atom by Accept or outputFormat, which wins)."""
    status, root = door.get("3.0.0", request="GetRecordById", id="nothing")
    assert (status, report(root)[0]) == (404, "NotFound")
    for sent, name in (({}, "SummaryRecord"), ({"elementsetname": "brief"}, "BriefRecord"), ({"elementsetname": "full"}, "Record")):  # fmt: skip
        _, root = door.get("3.0.0", request="GetRecordById", id=ID, **sent)
        assert root.tag == f"{CSW3}{name}" and root.findtext(f"{DC}identifier") == ID
    atom, xml = {"accept": "application/atom+xml"}, {"accept": "application/xml"}
    for headers, sent in ((atom, {}), (xml, {"outputformat": "application/atom+xml"})):
        _, root = door.get("3.0.0", headers, request="GetRecordById", id=ID, **sent)
        assert root.tag == f"{ATOM}entry" and root.findtext(f"{DC}identifier") == ID
    _, root = door.get("3.0.0", atom, request="GetRecordById", id=ID, outputformat="application/xml")
    assert root.tag == f"{CSW3}SummaryRecord"


def test_get_records_of_3_0(door: Door) -> None:
    """63 (NAMESPACE), 80, 122 (a feed with the counts of OpenSearch), 82, 84 (slices), 86 (nothing is no fault), 93 (a view), 101 (summary without a word)."""
    _, root = door.get("3.0.0", request="GetRecords", typenames="tns:Record", namespace="xmlns(tns=http://www.opengis.net/cat/csw/3.0)", maxrecords="3", startposition="2")  # fmt: skip
    (results,) = root.iter(f"{CSW3}SearchResults")
    assert [one.tag for one in results] == [f"{CSW3}SummaryRecord"] * 3 and results.get("nextRecord") == "5"
    _, feed = door.get("3.0.0", {"accept": "application/atom+xml"}, request="GetRecords", maxrecords="3", startposition="2")  # fmt: skip
    assert feed.tag == f"{ATOM}feed" and len(feed.findall(f"{ATOM}entry")) == 3
    counts = [feed.findtext(f"{OS}{name}") for name in ("totalResults", "startIndex", "itemsPerPage")]
    assert counts == [results.get("numberOfRecordsMatched"), "2", "3"]
    status, root = door.get("3.0.0", request="GetRecords", q="nothingatall")
    assert status == 200 and next(root.iter(f"{CSW3}SearchResults")).get("numberOfRecordsMatched") == "0"
    _, root = door.get("3.0.0", request="GetRecords", elementname="dc:title", namespace="xmlns(dc=http://purl.org/dc/elements/1.1/)")  # fmt: skip
    (results,) = root.iter(f"{CSW3}SearchResults")
    assert {name for one in results for name in elements(one)} == {"identifier", "title"}


def test_a_box_of_3_0_is_in_the_order_of_its_crs(door: Door) -> None:
    """17: CRS84 without a word; a URN of EPSG:4326 has latitude first."""

    def matched(box: str) -> str | None:
        _, root = door.get("3.0.0", request="GetRecords", bbox=box)
        return next(root.iter(f"{CSW3}SearchResults")).get("numberOfRecordsMatched")

    plain = matched("0.4,44.1,0.6,44.3")
    assert plain not in ("0", None)
    assert matched("0.4,44.1,0.6,44.3,urn:ogc:def:crs:OGC:1.3:CRS84") == plain
    assert matched("44.1,0.4,44.3,0.6,urn:ogc:def:crs:EPSG::4326") == plain
    assert matched("0.4,44.1,0.6,44.3,urn:ogc:def:crs:EPSG::4326") != plain


def test_opensearch(world: World) -> None:
    """21 and the tests of OpenSearch: templates, an example that finds something, slices, a box in metres, an unknown uid."""
    root = etree.fromstring(world.client.get("/opensearch").content)
    (atom,) = [one for one in root.iter(f"{OS}Url") if one.get("type") == "application/atom+xml"]
    for name in ("{searchTerms?}", "{geo:box?}", "{geo:uid?}", "{startIndex?}", "{count?}"):
        assert name in atom.get("template", ""), name
    example = next(one for one in root.iter(f"{OS}Query") if one.get("role") == "example")
    feed = etree.fromstring(
        world.client.get("/opensearch/search", params={"q": example.get("searchTerms")}).content
    )
    assert int(feed.findtext(f"{OS}totalResults") or 0) > 0
    slice_ = etree.fromstring(world.client.get("/opensearch/search?startIndex=3&count=2").content)
    assert (slice_.findtext(f"{OS}startIndex"), len(slice_.findall(f"{ATOM}entry"))) == ("3", 2)
    assert world.client.get("/opensearch/search?bbox=514432,5429689,529130,5451619").status_code == 400
    assert world.client.get("/opensearch/search?uid=nothing").status_code == 404
    assert world.client.get(f"/opensearch/search?uid={ID}").status_code == 200
