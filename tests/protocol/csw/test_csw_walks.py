"""The walks of harvesters that cannot be started here, request by request: GeoNetwork's and ckanext-spatial's, over products, stations and other centres' records.

What such a walk misses, the harvester deletes.
"""

import dataclasses
from collections.abc import Callable

import pytest
from centres import Centre
from lxml import etree
from starlette.testclient import TestClient
from support import World

from config.settings import Csw
from hysope.app import build

CSW, DC, DCT = (
    "{http://www.opengis.net/cat/csw/2.0.2}",
    "{http://purl.org/dc/elements/1.1/}",
    "{http://purl.org/dc/terms/}",
)
GMD = "http://www.isotc211.org/2005/gmd"
GMD_SPACE, GCO = f"{{{GMD}}}", "{http://www.isotc211.org/2005/gco}"
NAMES = 'xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml" xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ows="http://www.opengis.net/ows"'
Post = Callable[[str], etree._Element]


def poster(client: TestClient) -> Post:
    def post(body: str) -> etree._Element:
        answer = client.post("/csw", content=body.encode(), headers={"content-type": "application/xml"})
        root = etree.fromstring(answer.content)
        assert answer.status_code == 200 and not root.tag.endswith("ExceptionReport"), answer.text[:500]
        return root

    return post


def ours(client: TestClient) -> set[str]:
    """Every id, as the door of records has them."""
    return {one["id"] for one in client.get("/ogcapi/collections/metadata/items?limit=1000").json()["features"]}  # fmt: skip


def test_geonetwork_walks_by_summaries_of_twenty(centre: Centre) -> None:
    """Harvester.java: capabilities, a probe of one record, pages of 20 from 1 until nextRecord is 0, each record with its date, then GetRecordById in ISO."""
    client = centre.client
    root = etree.fromstring(client.get("/csw?SERVICE=CSW&REQUEST=GetCapabilities&VERSION=2.0.2").content)
    operations = {one.get("name"): one for one in root.iter("{http://www.opengis.net/ows}Operation")}
    assert {"GetRecords", "GetRecordById"} <= set(operations)
    told = {one.get("name"): [value.text for value in one] for one in operations["GetRecords"].iter("{*}Constraint", "{*}Parameter")}  # fmt: skip
    assert {"FILTER", "CQL_TEXT"} <= {str(value).upper() for value in told["CONSTRAINTLANGUAGE"]}
    assert GMD in told["outputSchema"]
    post = poster(client)
    query = '<csw:GetRecords {} service="CSW" version="2.0.2" resultType="results" outputSchema="{}" maxRecords="{}" startPosition="{}"><csw:Query typeNames="csw:Record"><csw:ElementSetName>summary</csw:ElementSetName></csw:Query></csw:GetRecords>'
    probe = post(query.format(NAMES, "http://www.opengis.net/cat/csw/2.0.2", 1, 1)).find(
        f"{CSW}SearchResults"
    )
    assert probe is not None and probe.get("numberOfRecordsReturned") == "1"
    seen: list[str] = []
    start = 1
    while start:
        (results,) = post(query.format(NAMES, "http://www.opengis.net/cat/csw/2.0.2", 20, start)).iter(f"{CSW}SearchResults")  # fmt: skip
        assert int(results.get("numberOfRecordsReturned", -1)) == len(results)
        assert results.get("numberOfRecordsMatched") == probe.get("numberOfRecordsMatched")
        for record in results:
            assert record.findtext(f"{DCT}modified"), "records are skipped by their date"
            seen.append(record.findtext(f"{DC}identifier") or "")
        start = int(results.get("nextRecord", -1))
    assert len(seen) == len(set(seen)) > 20 and set(seen) == ours(client)
    for name in seen[::9]:
        answer = client.get("/csw", params={"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": name, "elementsetname": "full", "outputschema": GMD})  # fmt: skip
        assert len(etree.fromstring(answer.content)) == 1, name


def test_geonetwork_asks_boxes_longitude_first(world: World) -> None:
    """ "xmin ymin" without a CRS, which is a setting."""
    box = "<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName><gml:Envelope><gml:lowerCorner>0.4 44.1</gml:lowerCorner><gml:upperCorner>0.6 44.3</gml:upperCorner></gml:Envelope></ogc:BBOX>"
    body = f'<csw:GetRecords {NAMES} service="CSW" version="2.0.2" resultType="results" maxRecords="20" startPosition="1"><csw:Query typeNames="csw:Record"><csw:ElementSetName>summary</csw:ElementSetName><csw:Constraint version="1.1.0"><ogc:Filter>{box}</ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>'
    settings = world.settings.model_copy(update={"csw": Csw(longitude_first=True)})
    with TestClient(build(settings)) as client:
        (results,) = poster(client)(body).iter(f"{CSW}SearchResults")
    (swapped,) = poster(world.client)(body).iter(f"{CSW}SearchResults")
    assert int(results.get("numberOfRecordsMatched", 0)) > 5
    assert swapped.get("numberOfRecordsMatched") == "0"


@dataclasses.dataclass
class _Page:
    ids: list[str]
    matched: int


@pytest.mark.parametrize("cql", ["", "dc:type = 'dataset'"])
def test_ckanext_spatial_walks_in_pages_that_overlap(centre: Centre, cql: str) -> None:
    """getrecords2 in brief ISO, sorted by the identifier; no startPosition, then 10, 20 … until that is beyond the matches; each whole record by its id."""
    post = poster(centre.client)
    constraint = f'<csw:Constraint version="1.1.0"><csw:CqlText>{cql}</csw:CqlText></csw:Constraint>' if cql else ""  # fmt: skip
    sort = "<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>dc:identifier</ogc:PropertyName><ogc:SortOrder>ASC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>"

    def page(start: int) -> _Page:
        place = f' startPosition="{start}"' if start else ""
        body = f'<csw:GetRecords {NAMES} service="CSW" version="2.0.2" resultType="results" outputSchema="{GMD}" maxRecords="10"{place}><csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName>{constraint}{sort}</csw:Query></csw:GetRecords>'
        (results,) = post(body).iter(f"{CSW}SearchResults")
        named = [one.findtext(f"{GMD_SPACE}fileIdentifier/{GCO}CharacterString") or "" for one in results]
        assert all(named), "brief ISO has the identifier"
        return _Page(named, int(results.get("numberOfRecordsMatched", 0)))

    found, start, matched = list[str](), 0, 1
    while start < matched + 1:
        one = page(start)
        matched = one.matched
        found += one.ids
        start += 10
    unique = set(found)
    assert len(unique) == matched > 10
    assert [page(0).ids, page(10).ids] == [page(0).ids, page(10).ids], "the order is total"
    if not cql:
        assert unique == {_written(centre, name) for name in ours(centre.client)}


def _written(centre: Centre, name: str) -> str:
    """The identifier that stands in a record's ISO document: another centre's keeps its own."""
    answer = centre.client.get("/csw", params={"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": name, "elementsetname": "full", "outputschema": GMD})  # fmt: skip
    (record,) = etree.fromstring(answer.content)
    return next((one.text or "" for one in record.iterfind(f"{GMD_SPACE}fileIdentifier/*")), "")
