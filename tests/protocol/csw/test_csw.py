# SPDX-License-Identifier: Apache-2.0
"""CSW 2.0.2 by pycsw over our store, behind our edge."""

import pytest
from lxml import etree
from starlette.testclient import TestClient
from support import World, schema

from config.settings import Csw, Inspire
from hysope.app import build

CSW = "{http://www.opengis.net/cat/csw/2.0.2}"
DC = "{http://purl.org/dc/elements/1.1/}"
DCT = "{http://purl.org/dc/terms/}"
OWS = "{http://www.opengis.net/ows}"
GMD = "http://www.isotc211.org/2005/gmd"
NAMESPACES = 'xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml" xmlns:ows="http://www.opengis.net/ows" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/" xmlns:apiso="http://www.opengis.net/cat/csw/apiso/1.0"'
COLLECTIONS = {"sentinel2-l2a", "sentinel2-l3a", "snow-cover", "snow-fsc", "oso-23", "oso-17"}


@pytest.fixture(scope="module")
def response_schema() -> etree.XMLSchema:
    return schema("http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd")


def get(world: World, **parameters: object) -> etree._Element:
    """A GET; parameters in any case."""
    answer = world.client.get("/csw", params={"SERVICE": "CSW", **{k: str(v) for k, v in parameters.items()}})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/xml"
    return etree.fromstring(answer.content)


def post(world: World, body: str) -> etree._Element:
    answer = world.client.post("/csw", content=body.encode(), headers={"content-type": "application/xml"})
    assert answer.status_code == 200
    return etree.fromstring(answer.content)


def records(
    world: World,
    constraint: str = "",
    *,
    typename: str = "csw:Record",
    element_set: str = "brief",
    attributes: str = 'resultType="results" maxRecords="100"',
    sort: str = "",
) -> etree._Element:
    """GetRecords by POST with an ogc:Filter, or a CQL text."""
    inner = ""
    if constraint:
        held = (
            f"<ogc:Filter>{constraint}</ogc:Filter>"
            if constraint.startswith("<")
            else f"<csw:CqlText>{constraint}</csw:CqlText>"
        )
        inner = f'<csw:Constraint version="1.1.0">{held}</csw:Constraint>'
    query = f'<csw:Query typeNames="{typename}"><csw:ElementSetName>{element_set}</csw:ElementSetName>{inner}{sort}</csw:Query>'
    return post(
        world,
        f'<csw:GetRecords {NAMESPACES} service="CSW" version="2.0.2" {attributes}>{query}</csw:GetRecords>',
    )


def ids(root: etree._Element) -> set[str]:
    assert not root.tag.endswith("ExceptionReport"), etree.tostring(root)[:500]
    return {element.text or "" for element in root.iter(f"{DC}identifier")}


def code(root: etree._Element) -> tuple[str, str]:
    """Code and locator of a report."""
    assert root.tag == f"{OWS}ExceptionReport", etree.tostring(root)[:300]
    return root[0].get("exceptionCode", ""), root[0].get("locator", "")


def compare(operator: str, name: str, value: str, attributes: str = "") -> str:
    return f"<ogc:{operator}{attributes}><ogc:PropertyName>{name}</ogc:PropertyName><ogc:Literal>{value}</ogc:Literal></ogc:{operator}>"


def like(name: str, value: str, attributes: str = ' wildCard="%" singleChar="_" escapeChar="\\"') -> str:
    return compare("PropertyIsLike", name, value, attributes)


SERIES = compare("PropertyIsEqualTo", "dc:type", "series")


def test_capabilities_are_2_0_2_and_say_what_works(world: World) -> None:
    for version in ({}, {"VERSION": "2.0.2"}, {"ACCEPTVERSIONS": "2.0.2,3.0.0"}):
        root = get(world, REQUEST="GetCapabilities", **version)
        assert (root.tag, root.get("version")) == (f"{CSW}Capabilities", "2.0.2")
    assert [element.text for element in root.iter(f"{OWS}ServiceTypeVersion")] == ["2.0.2", "3.0.0"]
    operations = {operation.get("name") for operation in root.iter(f"{OWS}Operation")}
    assert {"GetCapabilities", "DescribeRecord", "GetRecords", "GetRecordById"} <= operations
    assert not operations & {"Transaction", "Harvest"}
    spatial = {element.get("name") for element in root.iter("{http://www.opengis.net/ogc}SpatialOperator")}
    assert spatial == {"BBOX", "Intersects", "Disjoint"}
    assert code(get(world, REQUEST="GetCapabilities", ACCEPTVERSIONS="4.0.0")) == (
        "VersionNegotiationFailed",
        "acceptversions",
    )


def test_documents_are_valid_against_the_csw_schema(world: World, response_schema: etree.XMLSchema) -> None:
    documents = [
        get(world, REQUEST="GetCapabilities"),
        get(world, REQUEST="DescribeRecord", VERSION="2.0.2"),
        *(records(world, SERIES, element_set=view) for view in ("brief", "summary", "full")),
        get(world, REQUEST="GetRecordById", VERSION="2.0.2", ID="oso-23"),
    ]
    for root in documents:
        assert response_schema.validate(root), (root.tag, response_schema.error_log)


@pytest.mark.parametrize("name", ["oso-23", "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"])
def test_iso_19139_documents_are_valid(world: World, name: str) -> None:
    root = get(
        world, REQUEST="GetRecordById", VERSION="2.0.2", ID=name, OUTPUTSCHEMA=GMD, ELEMENTSETNAME="full"
    )
    (found,) = root
    assert found.tag == f"{{{GMD}}}MD_Metadata"
    checked = schema("http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd")
    alone = etree.fromstring(etree.tostring(found))
    assert checked.validate(alone), checked.error_log
    assert b"http://maps.example/wms" in etree.tostring(found)
    assert b"Etalab 2.0" in etree.tostring(found)


def test_every_collection_and_product_is_found(world: World) -> None:
    assert ids(records(world, SERIES)) == COLLECTIONS
    everything = records(world)
    results = everything.find(f"{CSW}SearchResults")
    assert results is not None
    assert int(results.get("numberOfRecordsMatched")) == len(ids(everything)) == len(COLLECTIONS) + 10


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (like("csw:AnyText", "%réflectance%"), {"sentinel2-l2a", "sentinel2-l3a"}),
        (like("csw:AnyText", "REFLECTANCE"), {"sentinel2-l2a", "sentinel2-l3a"}),
        (compare("PropertyIsEqualTo", "csw:AnyText", "neigeuse"), {"snow-cover", "snow-fsc"}),
        (like("csw:AnyText", "neiges"), {"snow-cover", "snow-fsc", "sentinel2-l2a"}),
        (like("dc:title", "Land cover%"), {"oso-23", "oso-17"}),
        (like("dc:title", "land cover%"), set()),
        (
            like("dc:title", "land cover%", ' wildCard="%" singleChar="_" escapeChar="\\" matchCase="false"'),
            {"oso-23", "oso-17"},
        ),
        (
            like("dc:title", "Land cover*", ' wildCard="*" singleChar="#" escapeChar="!"'),
            {"oso-23", "oso-17"},
        ),
        (like("dc:title", "Land cover%", ' wildCard="*" singleChar="#" escapeChar="!"'), set()),
        (like("dc:identifier", "oso-2#", ' wildCard="*" singleChar="#" escapeChar="!"'), {"oso-23"}),
        (compare("PropertyIsEqualTo", "dc:identifier", "oso-23"), {"oso-23"}),
        (compare("PropertyIsEqualTo", "dc:identifier", "OSO-23", ' matchCase="false"'), {"oso-23"}),
        (compare("PropertyIsEqualTo", "dc:subject", "neige"), {"snow-cover", "snow-fsc"}),
        (compare("PropertyIsEqualTo", "apiso:Subject", "neig"), set()),
        (compare("PropertyIsNotEqualTo", "dc:identifier", "oso-23"), COLLECTIONS - {"oso-23"}),
        (compare("PropertyIsLessThan", "apiso:TempExtent_begin", "2018-01-01"), {"oso-17"}),
        (
            compare("PropertyIsGreaterThanOrEqualTo", "apiso:TempExtent_begin", "2023-01-01"),
            {"sentinel2-l2a", "sentinel2-l3a", "snow-cover", "snow-fsc"},
        ),
        (compare("PropertyIsGreaterThan", "dct:modified", "2001-01-01"), COLLECTIONS),
        (compare("PropertyIsLessThan", "dct:modified", "2001-01-01T00:00:00Z"), set()),
        (
            "<ogc:PropertyIsBetween><ogc:PropertyName>dct:modified</ogc:PropertyName><ogc:LowerBoundary><ogc:Literal>2001-01-01</ogc:Literal></ogc:LowerBoundary><ogc:UpperBoundary><ogc:Literal>2100-01-01</ogc:Literal></ogc:UpperBoundary></ogc:PropertyIsBetween>",
            COLLECTIONS,
        ),
        ("<ogc:PropertyIsNull><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsNull>", set()),
    ],
)
def test_filters(world: World, constraint: str, expected: set[str]) -> None:
    assert ids(records(world, f"<ogc:And>{SERIES}{constraint}</ogc:And>")) == expected


def test_nested_groups_keep_their_own_terms(world: World) -> None:
    """(A or B) and (C or D): pycsw's own parser puts A and B into the second group too."""

    def either(*parts: str) -> str:
        return f"<ogc:Or>{''.join(parts)}</ogc:Or>"

    first = either(
        compare("PropertyIsEqualTo", "dc:identifier", "oso-23"),
        compare("PropertyIsEqualTo", "dc:identifier", "oso-17"),
    )
    second = either(
        compare("PropertyIsEqualTo", "dc:identifier", "snow-fsc"),
        compare("PropertyIsEqualTo", "dc:identifier", "oso-17"),
    )
    assert ids(records(world, f"<ogc:And>{first}{second}</ogc:And>")) == {"oso-17"}
    neither = f"<ogc:And>{SERIES}<ogc:Not>{first}</ogc:Not></ogc:And>"
    assert ids(records(world, neither)) == COLLECTIONS - {"oso-23", "oso-17"}


@pytest.mark.parametrize(
    ("srs", "low", "high", "hit"),
    [
        ("urn:ogc:def:crs:EPSG::4326", "44.2 0.5", "44.3 0.6", True),
        ("urn:ogc:def:crs:EPSG::4326", "0.5 44.2", "0.6 44.3", False),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "0.5 44.2", "0.6 44.3", True),
        ("EPSG:4326", "0.5 44.2", "0.6 44.3", True),
        ("", "44.2 0.5", "44.3 0.6", True),
    ],
)
def test_a_box_is_read_in_the_axis_order_of_its_crs(
    world: World, srs: str, low: str, high: str, hit: bool
) -> None:
    name = f' srsName="{srs}"' if srs else ""
    envelope = f"<gml:Envelope{name}><gml:lowerCorner>{low}</gml:lowerCorner><gml:upperCorner>{high}</gml:upperCorner></gml:Envelope>"
    box = f"<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName>{envelope}</ogc:BBOX>"
    assert (ids(records(world, f"<ogc:And>{SERIES}{box}</ogc:And>")) == COLLECTIONS) is hit
    apart = box.replace("BBOX", "Disjoint")
    assert (ids(records(world, f"<ogc:And>{SERIES}{apart}</ogc:And>")) == set()) is hit


@pytest.mark.parametrize(
    ("cql", "expected"),
    [
        (
            "dc:type = 'series' and (dc:title like 'Land%' or csw:AnyText like 'neigeuse')",
            {"oso-23", "oso-17", "snow-cover", "snow-fsc"},
        ),
        (
            "dc:type = 'series' AND NOT (dc:identifier = 'oso-23') AND dc:title LIKE '%cover%'",
            {"oso-17", "snow-cover", "snow-fsc"},
        ),
        ("dc:type = 'series' AND BBOX(ows:BoundingBox, 0.5, 44.2, 0.6, 44.3)", COLLECTIONS),
        ("dc:type = 'series' AND apiso:TempExtent_begin < '2018-01-01'", {"oso-17"}),
    ],
)
def test_cql_by_both_bindings_is_the_same_question(world: World, cql: str, expected: set[str]) -> None:
    by_get = get(
        world,
        VERSION="2.0.2",
        REQUEST="GetRecords",
        TYPENAMES="csw:Record",
        RESULTTYPE="results",
        ELEMENTSETNAME="brief",
        MAXRECORDS=100,
        CONSTRAINTLANGUAGE="CQL_TEXT",
        CONSTRAINT=cql,
    )
    assert ids(by_get) == expected
    assert ids(records(world, cql.replace("<", "&lt;").replace("&lt;ogc", "<ogc"))) == expected


def test_a_filter_in_parameters(world: World) -> None:
    constraint = (
        f"<ogc:Filter {NAMESPACES}>{compare('PropertyIsEqualTo', 'dc:identifier', 'oso-23')}</ogc:Filter>"
    )
    root = get(
        world,
        VERSION="2.0.2",
        REQUEST="GetRecords",
        TYPENAMES="csw:Record",
        RESULTTYPE="results",
        CONSTRAINTLANGUAGE="FILTER",
        CONSTRAINT=constraint,
    )
    assert ids(root) == {"oso-23"}
    root = get(
        world,
        VERSION="2.0.2",
        REQUEST="GetRecords",
        TYPENAMES="csw:Record",
        RESULTTYPE="results",
        Q="occupation du sol",
        BBOX="0.5,44.2,0.6,44.3",
        MAXRECORDS=100,
    )
    assert {"oso-23", "oso-17", "OSO_20220101_RASTER"} <= ids(root)


def test_views_have_their_elements(world: World) -> None:
    one = compare("PropertyIsEqualTo", "dc:identifier", "oso-23")
    brief, summary, full = (
        records(world, one, element_set=view)[1][0] for view in ("brief", "summary", "full")
    )
    assert (brief.tag, summary.tag, full.tag) == (f"{CSW}BriefRecord", f"{CSW}SummaryRecord", f"{CSW}Record")
    assert brief.find(f"{OWS}BoundingBox") is not None
    assert summary.findtext(f"{DCT}abstract")
    schemes = {link.get("scheme"): link.text for link in full.iter(f"{DCT}references")}
    assert schemes["OGC:WMS"] == "http://maps.example/wms"
    assert float(full.findtext(f"{OWS}BoundingBox/{OWS}LowerCorner").split()[0]) == pytest.approx(
        44.2, abs=0.05
    ), "latitude first, as OWSLib reads it"


def test_pages_are_complete_and_in_a_total_order(world: World) -> None:
    sort = "<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>dc:title</ogc:PropertyName><ogc:SortOrder>ASC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>"
    seen: list[str] = []
    start = 1
    while start:
        page = records(
            world, attributes=f'resultType="results" maxRecords="5" startPosition="{start}"', sort=sort
        )
        results = page.find(f"{CSW}SearchResults")
        assert results is not None
        seen += [element.text or "" for element in page.iter(f"{DC}identifier")]
        start = int(results.get("nextRecord"))
    assert len(seen) == len(set(seen)) == len(COLLECTIONS) + 10
    titles = [
        records(world, attributes='resultType="results" maxRecords="100"', sort=sort.replace("ASC", order))
        for order in ("ASC", "DESC")
    ]
    up, down = ([element.text for element in root.iter(f"{DC}title")] for root in titles)
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)


def test_hits_and_validate_and_none(world: World) -> None:
    hits = records(world, attributes="")
    results = hits.find(f"{CSW}SearchResults")
    assert results is not None
    assert len(results) == 0
    assert int(results.get("numberOfRecordsMatched")) > 10
    assert records(world, attributes='resultType="validate"').tag == f"{CSW}Acknowledgement"
    none = records(world, attributes='resultType="results" maxRecords="0"')
    assert ids(none) == set()
    nothing = get(world, REQUEST="GetRecordById", VERSION="2.0.2", ID="nothing")
    assert (nothing.tag, len(nothing)) == (f"{CSW}GetRecordByIdResponse", 0)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ("MissingParameterValue", "request")),
        ({"REQUEST": "GetBogus"}, ("OperationNotSupported", "request")),
        ({"REQUEST": "Harvest", "SOURCE": "http://127.0.0.1:9/"}, ("OperationNotSupported", "request")),
        ({"REQUEST": "GetRecords"}, ("MissingParameterValue", "version")),
        ({"REQUEST": "GetRecords", "VERSION": "4.0.0"}, ("InvalidParameterValue", "version")),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "MAXRECORDS": "many"},
            ("InvalidParameterValue", "MAXRECORDS"),
        ),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "STARTPOSITION": "0"},
            ("InvalidParameterValue", "STARTPOSITION"),
        ),
        ({"REQUEST": "GetRecords", "VERSION": "2.0.2", "BBOX": "1,2,3"}, ("InvalidParameterValue", "BBOX")),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "CONSTRAINT": "x", "CONSTRAINTLANGUAGE": "SQL"},
            ("InvalidParameterValue", "constraintlanguage"),
        ),
        (
            {
                "REQUEST": "GetRecords",
                "VERSION": "2.0.2",
                "CONSTRAINT": "dc:nothing = 'x'",
                "CONSTRAINTLANGUAGE": "CQL_TEXT",
            },
            ("InvalidParameterValue", "constraint"),
        ),
        (
            {
                "REQUEST": "GetRecords",
                "VERSION": "2.0.2",
                "CONSTRAINT": "dc:title = ",
                "CONSTRAINTLANGUAGE": "CQL_TEXT",
            },
            ("InvalidParameterValue", "constraint"),
        ),
        (
            {
                "REQUEST": "GetRecords",
                "VERSION": "2.0.2",
                "CONSTRAINT": "(" * 1_000,
                "CONSTRAINTLANGUAGE": "CQL_TEXT",
            },
            ("InvalidParameterValue", "constraint"),
        ),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "RESPONSEHANDLER": "mailto:a@example.org"},
            ("InvalidParameterValue", "responsehandler"),
        ),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "OUTPUTSCHEMA": "x"},
            ("InvalidParameterValue", "outputschema"),
        ),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "OUTPUTFORMAT": "text/html"},
            ("InvalidParameterValue", "outputformat"),
        ),
        (
            {"REQUEST": "GetRecords", "VERSION": "2.0.2", "TYPENAMES": "x"},
            ("InvalidParameterValue", "typenames"),
        ),
        ({"REQUEST": "GetRecordById", "VERSION": "2.0.2"}, ("MissingParameterValue", "id")),
        ({"SERVICE": "WMS", "REQUEST": "GetCapabilities"}, ("InvalidParameterValue", "service")),
    ],
)
def test_faults_in_parameters(world: World, parameters: dict[str, str], expected: tuple[str, str]) -> None:
    assert code(get(world, **parameters)) == expected


@pytest.mark.parametrize(
    "body",
    [
        "not xml",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        "<x/>",
        f'<csw:Transaction {NAMESPACES} service="CSW" version="2.0.2"/>',
        f'<csw:Harvest {NAMESPACES} service="CSW" version="2.0.2"><csw:Source>http://127.0.0.1:9/</csw:Source></csw:Harvest>',
        f'<csw:GetRecords {NAMESPACES} service="CSW" version="2.0.2"><csw:ResponseHandler>http://127.0.0.1:9/</csw:ResponseHandler><csw:Query typeNames="csw:Record"/></csw:GetRecords>',
        f'<csw:GetRecords {NAMESPACES} service="CSW" version="2.0.2" maxRecords="1_0"><csw:Query typeNames="csw:Record"/></csw:GetRecords>',
        f'<csw:GetRecords {NAMESPACES} service="CSW" version="2.0.2"><csw:Nonsense/></csw:GetRecords>',
    ],
)
def test_faults_in_xml(world: World, body: str) -> None:
    assert code(post(world, body))[0] in (
        "InvalidParameterValue",
        "OperationNotSupported",
        "NoApplicableCode",
    )


@pytest.mark.parametrize(
    "constraint",
    [
        "<ogc:Bogus/>",
        "<ogc:And/>",
        compare("PropertyIsEqualTo", "dc:nothing", "x"),
        compare("PropertyIsEqualTo", "dct:modified", "yesterday"),
        compare("PropertyIsEqualTo", "ows:BoundingBox", "x"),
        "<ogc:PropertyIsEqualTo><ogc:PropertyName>dc:title</ogc:PropertyName><ogc:Function name='f'/></ogc:PropertyIsEqualTo>",
        "<ogc:BBOX><ogc:PropertyName>dc:title</ogc:PropertyName><gml:Envelope><gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName><gml:Envelope srsName='http://127.0.0.1:9/'><gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName><gml:Envelope><gml:lowerCorner>nan 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:Not>" * 40 + compare("PropertyIsEqualTo", "dc:title", "x") + "</ogc:Not>" * 40,
        "<ogc:Or>" + compare("PropertyIsEqualTo", "dc:title", "x") * 300 + "</ogc:Or>",
    ],
)
def test_faults_in_filters(world: World, constraint: str) -> None:
    assert code(records(world, constraint))[0] == "InvalidParameterValue"


def test_what_one_may_not_see_is_not_in_the_catalogue(world: World) -> None:
    from starlette.testclient import TestClient

    from catalog.keys import KeyRequest
    from catalog.model.principal import OPERATOR, Role
    from hysope.app import build

    _, key = world.services.catalog.keys.create(KeyRequest("bob", Role.USER, ("land",)), OPERATOR)
    settings = world.settings.model_copy(update={"access": {"oso-23": ("land",)}})
    query = "/csw?SERVICE=CSW&VERSION=2.0.2&REQUEST=GetRecords&TYPENAMES=csw:Record&RESULTTYPE=results&ELEMENTSETNAME=brief&MAXRECORDS=100"
    with TestClient(build(settings), client=("127.0.0.1", 1)) as client:
        assert b"oso-23" not in client.get(query).content
        assert (
            b"OSO_20220101"
            not in client.get(
                "/csw?SERVICE=CSW&VERSION=2.0.2&REQUEST=GetRecordById&ID=OSO_20220101_RASTER"
            ).content
        )
        assert b"oso-23" in client.get(query, headers={"x-api-key": key}).content
        assert client.get(query, headers={"x-api-key": "hyk_wrong"}).status_code == 401


def test_an_envelope_without_a_crs_is_read_as_the_settings_say(world: World) -> None:
    """Latitude first, as pycsw and pygeoapi mean it; longitude first for GeoNetwork's harvester. One that names its CRS is read as it says."""

    def asked(low: str, high: str, srs: str = "") -> str:
        envelope = f"<gml:Envelope{srs}><gml:lowerCorner>{low}</gml:lowerCorner><gml:upperCorner>{high}</gml:upperCorner></gml:Envelope>"
        box = f"<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName>{envelope}</ogc:BBOX>"
        return f'<csw:GetRecords {NAMESPACES} service="CSW" version="2.0.2" resultType="results"><csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName><csw:Constraint version="1.1.0"><ogc:Filter><ogc:And>{box}{SERIES}</ogc:And></ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>'

    swapped = world.settings.model_copy(update={"csw": Csw(longitude_first=True)})
    lat_lon, lon_lat = ("44.2 0.5", "44.3 0.6"), ("0.5 44.2", "0.6 44.3")
    plain = {
        "service": "CSW",
        "version": "2.0.2",
        "request": "GetRecords",
        "resulttype": "results",
        "typenames": "csw:Record",
        "elementsetname": "brief",
    }
    urn = ' srsName="urn:ogc:def:crs:EPSG::4326"'
    with TestClient(build(swapped)) as client:
        for corners, here, there in ((lat_lon, COLLECTIONS, set()), (lon_lat, set(), COLLECTIONS)):
            assert ids(post(world, asked(*corners))) == here
            other = client.post("/csw", content=asked(*corners), headers={"content-type": "application/xml"})
            assert ids(etree.fromstring(other.content)) == there
            tail = {
                "constraintlanguage": "FILTER",
                "constraint_language_version": "1.1.0",
                "constraint": asked(*corners).split("<ogc:Filter>")[1].split("</ogc:Filter>")[0],
            }
            tail["constraint"] = (
                f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ows="http://www.opengis.net/ows">{tail["constraint"]}</ogc:Filter>'
            )
            kvp = client.get("/csw", params={**plain, **tail})
            assert ids(etree.fromstring(kvp.content)) == there
        named = client.post("/csw", content=asked(*lat_lon, urn), headers={"content-type": "application/xml"})
        assert ids(etree.fromstring(named.content)) == COLLECTIONS


def test_the_capabilities_say_what_inspire_wants_where_the_settings_ask_for_it(world: World) -> None:
    common = "{http://inspire.ec.europa.eu/schemas/common/1.0}"
    assert not list(get(world, REQUEST="GetCapabilities").iter(f"{common}ResourceType"))
    asked = Csw(inspire=Inspire(themes=("Land cover", "Hydrography"), conformity="conformant"))
    with TestClient(build(world.settings.model_copy(update={"csw": asked}))) as client:
        root = etree.fromstring(client.get("/csw?service=CSW&request=GetCapabilities").content)
        french = etree.fromstring(client.get("/csw?service=CSW&request=GetCapabilities&language=fre").content)
        klingon = etree.fromstring(
            client.get("/csw?service=CSW&request=GetCapabilities&language=tlh").content
        )
        newer = client.get("/csw?service=CSW&version=3.0.0&request=GetCapabilities")
    (said,) = root.iter("{http://inspire.ec.europa.eu/schemas/inspire_ds/1.0}ExtendedCapabilities")
    assert said.findtext(f"{common}SpatialDataServiceType") == "discovery"
    assert [one.findtext(f"{common}KeywordValue") for one in said.iter(f"{common}Keyword")] == [
        "Land cover",
        "Hydrography",
    ]
    assert said.findtext(f".//{common}Degree") == "conformant"
    assert said.findtext(f".//{common}EmailAddress") == world.settings.service.contact.email
    first, last = said.findtext(f".//{common}StartingDate"), said.findtext(f".//{common}EndDate")
    assert first and last and "2016" < first < last
    assert (
        said.findtext(f".//{common}DefaultLanguage/{common}Language"),
        french.findtext(f".//{common}ResponseLanguage/{common}Language"),
    ) == ("eng", "fre")
    assert code(klingon) == ("InvalidParameterValue", "language")
    assert newer.status_code == 200


@pytest.mark.parametrize(
    ("envelope", "media"),
    [("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"), ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml")],
)  # fmt: skip
def test_soap(world: World, response_schema: etree.XMLSchema, envelope: str, media: str) -> None:
    """Both versions of SOAP: the answers of plain XML in an envelope, and faults of ours and of the engine as SOAP faults."""

    def asked(inner: str) -> tuple[int, etree._Element]:
        body = (
            f'<s:Envelope xmlns:s="{envelope}" {NAMESPACES}><s:Header/><s:Body>{inner}</s:Body></s:Envelope>'
        )
        answer = world.client.post("/csw", content=body, headers={"content-type": media})
        assert answer.headers["content-type"].split(";")[0] == media
        root = etree.fromstring(answer.content)
        (found,) = root.find(f"{{{envelope}}}Body")
        return answer.status_code, etree.fromstring(etree.tostring(found))

    box = "<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName><gml:Envelope><gml:lowerCorner>44.2 0.5</gml:lowerCorner><gml:upperCorner>44.3 0.6</gml:upperCorner></gml:Envelope></ogc:BBOX>"
    query = f'<csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName><csw:Constraint version="1.1.0"><ogc:Filter><ogc:And>{box}{SERIES}</ogc:And></ogc:Filter></csw:Constraint></csw:Query>'
    records_ = '<csw:GetRecords service="CSW" version="2.0.2" resultType="results" maxRecords="{}">{}</csw:GetRecords>'
    status, found = asked(records_.format(100, query))
    assert status == 200 and ids(found) == COLLECTIONS and response_schema.validate(found)
    status, found = asked('<csw:GetCapabilities service="CSW"/>')
    assert status == 200 and found.tag == f"{CSW}Capabilities" and response_schema.validate(found)
    wrong = records_.format(100, query.replace("dc:type", "dc:colour"))
    for inner, text in (
        (wrong, "colour"),
        (records_.format("many", query), "maxRecords"),
        (records_.format(5, ""), ""),
    ):
        status, found = asked(inner)
        assert found.tag == f"{{{envelope}}}Fault" and status == 400, etree.tostring(found)
        assert next(found.iter(f"{OWS}Exception")).get("exceptionCode")
        assert text in etree.tostring(found).decode()
    for inner in ("", records_.format(5, query) * 2):
        body = f'<s:Envelope xmlns:s="{envelope}" {NAMESPACES}><s:Body>{inner}</s:Body></s:Envelope>'
        answer = world.client.post("/csw", content=body, headers={"content-type": media})
        assert code(etree.fromstring(answer.content))[0] and "one request" in answer.text
