# SPDX-License-Identifier: Apache-2.0
"""The Earth Observation profile of WCS (10-140r1): each product a dataset, each collection a series, and sets of them by place and time."""

import numpy as np
import pytest
from lxml import etree
from support import SHARED, World, shared
from test_wcs import ID, NS, document, get, stored, values
from test_wcs_extensions import HEAD, TRIM, post

from catalog.model.principal import OPERATOR, Deadline
from catalog.query import Property, equal

EO = {
    **NS,
    "wcseo": "http://www.opengis.net/wcs/wcseo/1.0",
    "eop": "http://www.opengis.net/eop/2.0",
    "om": "http://www.opengis.net/om/2.0",
}
SERIES = f"{ID}.products"
DATASET = "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"
STUB = """<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.opengis.net/eop/2.0">
<element name="EarthObservation" type="anyType"/><element name="Footprint" type="anyType"/></schema>"""


class Resolver(etree.Resolver):
    """The offline mirror, which lacks the schema of eop 2.0: what the profile takes of it is anything here, and looked at below."""

    def resolve(self, url, _pid, context):
        if "omeo/1.0" in url:
            return self.resolve_string(STUB, context, base_url=url)
        path = SHARED / "schemas" / url.split("://", 1)[1]
        return self.resolve_string(path.read_bytes(), context, base_url=url.replace("https://", "http://"))


def eo_schema() -> etree.XMLSchema:
    path = shared("schemas", "schemas.opengis.net", "wcs", "wcseo", "1.0", "wcsEOAll.xsd")
    parser = etree.XMLParser()
    parser.resolvers.add(Resolver())
    url = "http://schemas.opengis.net/wcs/wcseo/1.0/wcsEOAll.xsd"
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(path.read_bytes(), parser, base_url=url)))


def ids(root: etree._Element) -> list[str]:
    return [one.text for one in root.iterfind(".//wcs:CoverageId", EO)]


def described(world: World, **parameters: str) -> etree._Element:
    return document(world, "2.0.1", REQUEST="DescribeEOCoverageSet", **parameters)


def everything(world: World) -> set[str]:
    found = world.services.catalog.search(
        equal(Property.COLLECTION, ID), OPERATOR, Deadline.after(10), limit=100
    )
    return {one.id for one in found}


def test_the_profile_and_its_series_are_advertised(world: World) -> None:
    root = document(world, "2.0.1", REQUEST="GetCapabilities")
    profiles = {one.text for one in root.iterfind("ows:ServiceIdentification/ows:Profile", EO)}
    assert "http://www.opengis.net/spec/WCS_application-profile_earth-observation/1.0/conf/eowcs" in profiles
    assert root.find("ows:OperationsMetadata/ows:Operation[@name='DescribeEOCoverageSet']", EO) is not None
    assert root.findtext(
        "ows:OperationsMetadata/ows:Constraint[@name='CountDefault']/ows:DefaultValue", namespaces=EO
    ) == str(world.settings.limits.coverage_set)
    series = root.findall("wcs:Contents/wcs:Extension/wcseo:DatasetSeriesSummary", EO)
    checked = eo_schema()
    for one in series:
        checked.assertValid(etree.fromstring(etree.tostring(one)))
    named = [one.findtext("wcseo:DatasetSeriesId", namespaces=EO) for one in series]
    assert SERIES in named
    assert not set(named) & set(ids(root)), "an id is a coverage's or a series'"
    only = document(world, "2.0.1", REQUEST="GetCapabilities", SECTIONS="DatasetSeriesSummary")
    assert only.find("wcs:Contents/wcs:Extension/wcseo:DatasetSeriesSummary", EO) is not None
    assert not ids(only)


def test_a_set_is_the_products_of_a_series(world: World) -> None:
    root = described(world, EOID=SERIES)
    eo_schema().assertValid(root)
    assert set(ids(root)) == everything(world)
    assert root.get("numberMatched") == root.get("numberReturned") == str(len(everything(world)))
    assert root.findtext(".//wcseo:DatasetSeriesId", namespaces=EO) == SERIES
    assert {one.text for one in root.iterfind(".//wcs:CoverageSubtype", EO)} == {"RectifiedDataset"}


def test_a_set_is_bounded_by_place_time_and_number(world: World) -> None:
    day = 'phenomenonTime("2023-03-05T00:00:00Z","2023-03-06T00:00:00Z")'
    assert ids(described(world, EOID=SERIES, SUBSET=day)) == [DATASET]
    assert ids(described(world, EOID=SERIES, SUBSET=f"{day},Lat(10,20)")) == []
    assert len(ids(described(world, EOID=SERIES, SUBSET="Lat(44,45),Long(0,1)"))) == len(everything(world))
    one = described(world, EOID=SERIES, COUNT="1")
    assert (len(ids(one)), int(one.get("numberMatched"))) == (1, len(everything(world)))
    none = described(world, EOID=SERIES, COUNT="0")
    assert (ids(none), none.get("numberReturned")) == ([], "0")
    eo_schema().assertValid(none)
    mixed = described(world, EOID=f"{DATASET},oso-23.products")
    assert DATASET in ids(mixed)
    assert any(name.startswith("OSO_") for name in ids(mixed))
    sections = described(world, EOID=SERIES, SECTIONS="DatasetSeriesDescriptions")
    assert ids(sections) == []
    assert len(sections.findall(".//wcseo:DatasetSeriesDescription", EO)) == 1


def test_what_is_contained_lies_within(world: World) -> None:
    """A box that cuts the tile meets it and does not hold it."""
    cut = "Lat(44.2,44.222),Long(0.4,0.6)"
    assert DATASET in ids(described(world, EOID=SERIES, SUBSET=cut))
    assert DATASET not in ids(described(world, EOID=SERIES, SUBSET=cut, CONTAINMENT="contains"))
    around = "Lat(44,45),Long(0,1)"
    assert DATASET in ids(described(world, EOID=SERIES, SUBSET=around, CONTAINMENT="contains"))
    part = 'phenomenonTime("2023-03-05T00:00:00Z","2023-03-05T10:50:31Z")'
    later = 'phenomenonTime("2023-03-05T10:50:31Z","2023-03-05T10:50:31Z")'
    for time in (part, later):
        assert ids(described(world, EOID=SERIES, SUBSET=time)) == [DATASET]


def test_a_dataset_has_one_metadata_of_earth_observation(world: World) -> None:
    root = document(world, "2.0.1", REQUEST="DescribeCoverage", COVERAGEID=DATASET)
    (one,) = root.iterfind(".//wcseo:EOMetadata/eop:EarthObservation", EO)
    assert one.findtext(".//eop:EarthObservationMetaData/eop:identifier", namespaces=EO) == DATASET
    begin = one.findtext("om:phenomenonTime/gml:TimePeriod/gml:beginPosition", namespaces=EO)
    end = one.findtext("om:phenomenonTime/gml:TimePeriod/gml:endPosition", namespaces=EO)
    assert begin.startswith("2023-03-05T10:50:31")
    assert begin <= end
    numbers = np.array(one.findtext(".//gml:posList", namespaces=EO).split(), float).reshape(-1, 2)
    assert (numbers[:, 0].min(), numbers[:, 0].max()) == pytest.approx((44.2094, 44.2280), abs=0.01)
    assert [etree.QName(child).localname for child in one] == [
        "phenomenonTime", "resultTime", "procedure", "observedProperty", "featureOfInterest", "result", "metaDataProperty",
    ]  # fmt: skip


def test_the_metadata_have_the_form_of_the_next_version_s_schema(world: World) -> None:
    """eop 2.0's schema is not in the mirror; 2.1 (10-157r4, 1.1) differs in its namespace."""
    path = shared("schemas", "schemas.opengis.net", "eompom", "1.1", "xsd", "eop.xsd")
    parser = etree.XMLParser()
    parser.resolvers.add(Resolver())
    url = "http://schemas.opengis.net/eompom/1.1/xsd/eop.xsd"
    checked = etree.XMLSchema(etree.ElementTree(etree.fromstring(path.read_bytes(), parser, base_url=url)))
    root = document(world, "2.0.1", REQUEST="DescribeCoverage", COVERAGEID=DATASET)
    one = root.find(".//eop:EarthObservation", EO)
    text = etree.tostring(one).replace(b"http://www.opengis.net/eop/2.0", b"http://www.opengis.net/eop/2.1")
    checked.assertValid(etree.fromstring(text))


def test_a_dataset_gives_its_own_values(world: World) -> None:
    answer = get(world, REQUEST="GetCoverage", COVERAGEID=DATASET, RANGESUBSET="B4")
    counts, opened = values(answer)
    assert (counts[0] == stored(world, "B4")).all()
    assert opened.bounds.left == 300_000.0
    later = get(world, REQUEST="GetCoverage", COVERAGEID=DATASET, RANGESUBSET="B4", TIME="2023-04-04")
    assert (values(later)[0] == -10_000).all(), "another time than its own is without data"


def test_a_dataset_comes_in_gml_as_one(world: World) -> None:
    answer = get(
        world, REQUEST="GetCoverage", COVERAGEID=DATASET, RANGESUBSET="B4", MEDIATYPE="multipart/related"
    )
    start = answer.content.index(b"<?xml")
    root = etree.fromstring(answer.content[start : answer.content.index(b"\r\n--", start)])
    assert root.tag == f"{{{EO['wcseo']}}}RectifiedDataset"
    assert root.find(".//eop:EarthObservation", EO) is not None
    eo_schema().assertValid(root)


def test_a_body_asks_for_a_set_too(world: World) -> None:
    body = (
        f'<wcseo:DescribeEOCoverageSet xmlns:wcseo="{EO["wcseo"]}" {HEAD} count="5"><wcseo:eoId>{SERIES}</wcseo:eoId>'
        "<wcseo:containment>OVERLAPS</wcseo:containment><wcseo:Sections><wcseo:Section>All</wcseo:Section></wcseo:Sections>"
        f"{TRIM.format('Long', 0, 1)}</wcseo:DescribeEOCoverageSet>"
    )
    same = get(world, REQUEST="DescribeEOCoverageSet", EOID=SERIES, COUNT="5", SUBSET="Long(0,1)")
    assert post(world, body).content == same.content


@pytest.mark.parametrize(
    ("parameters", "code", "status"),
    [
        ({}, "MissingParameterValue", 400),
        ({"EOID": ""}, "MissingParameterValue", 400),
        ({"EOID": "nothing"}, "NoSuchDatasetSeriesOrCoverage", 404),
        ({"EOID": SERIES, "CONTAINMENT": "near"}, "InvalidParameterValue", 400),
        ({"EOID": SERIES, "SECTIONS": "Colours"}, "InvalidParameterValue", 400),
        ({"EOID": SERIES, "COUNT": "-1"}, "InvalidParameterValue", 400),
        ({"EOID": SERIES, "COUNT": "many"}, "InvalidParameterValue", 400),
        ({"EOID": SERIES, "SUBSET": "Lat(1)"}, "InvalidAxisLabel", 404),
        ({"EOID": SERIES, "SUBSET": "Lat(1,2),Lat(3,4)"}, "InvalidAxisLabel", 404),
        ({"EOID": SERIES, "SUBSET": "Height(1,2)"}, "InvalidAxisLabel", 404),
        ({"EOID": SERIES, "SUBSET": "Lat(2,1)"}, "InvalidSubsetting", 404),
        (
            {"EOID": SERIES, "SUBSET": 'phenomenonTime("yesterday","2023-01-01")'},
            "InvalidParameterValue",
            400,
        ),
    ],
)
def test_each_fault_has_its_code(world: World, parameters: dict[str, str], code: str, status: int) -> None:
    answer = get(world, REQUEST="DescribeEOCoverageSet", **parameters)
    root = etree.fromstring(answer.content)
    assert (root.find("ows:Exception", EO).get("exceptionCode"), answer.status_code) == (code, status)
