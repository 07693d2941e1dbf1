# SPDX-License-Identifier: Apache-2.0
"""WCS 1.0.0 and 2.0.1: schema-valid documents, values that are the stored ones, each fault with its code and status."""

from io import BytesIO

import numpy as np
import pytest
import rasterio
from lxml import etree
from rasterio.io import MemoryFile
from support import World, schema

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.query import And, Property, equal
from catalog.raster.files import read_band

ID = "sentinel2-l2a"
DAY = "2023-03-05"
NS = {
    "wcs1": "http://www.opengis.net/wcs", "wcs": "http://www.opengis.net/wcs/2.0", "gml": "http://www.opengis.net/gml/3.2", "gml1": "http://www.opengis.net/gml",
    "gmlcov": "http://www.opengis.net/gmlcov/1.0", "swe": "http://www.opengis.net/swe/2.0", "ows": "http://www.opengis.net/ows/2.0",
}  # fmt: skip


def get(world: World, version: str = "2.0.1", **parameters: str):
    return world.client.get("/wcs", params={"SERVICE": "WCS", "VERSION": version, **parameters})


def document(world: World, version: str, **parameters: str) -> etree._Element:
    answer = get(world, version, **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8"), (
        answer.text
    )
    return etree.fromstring(answer.content)


def values(answer) -> tuple[np.ndarray, rasterio.DatasetReader]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/tiff"), answer.text
    opened = rasterio.open(BytesIO(answer.content))
    return opened.read(), opened


def stored(world: World, band: str, day: int = 0) -> np.ndarray:
    catalog = world.services.catalog
    tree = And((equal(Property.COLLECTION, ID), equal(Property.ZONE, "T31TCJ")))
    found = catalog.search(tree, OPERATOR, Deadline.after(10))
    product = sorted(found, key=lambda one: one.day)[day]
    return read_band(catalog.archive / product.asset_of(band).path, 1)


def test_the_documents_of_2_0_1_are_valid(world: World) -> None:
    for where in (
        "/wcs?service=WCS&request=GetCapabilities",
        "/wcs?service=WCS&request=GetCapabilities&acceptversions=2.0.1",
        "/wcs?SERVICE=WCS&REQUEST=GetCapabilities&VERSION=2.0.1",
    ):
        root = etree.fromstring(world.client.get(where).content)
        assert root.get("version") == "2.0.1"
        schema("http://schemas.opengis.net/wcs/2.0/wcsAll.xsd").assertValid(root)
    ids = [one.text for one in root.iterfind(".//wcs:CoverageId", NS)]
    assert ID in ids
    assert "ndvi" not in ids
    described = document(world, "2.0.1", REQUEST="DescribeCoverage", COVERAGEID=",".join(ids))
    schema("http://schemas.opengis.net/wcs/2.0/wcsAll.xsd").assertValid(described)
    assert [one.text for one in described.iterfind(".//wcs:CoverageId", NS)] == ids
    only = etree.fromstring(
        world.client.get("/wcs?service=WCS&request=GetCapabilities&sections=Contents").content
    )
    assert [etree.QName(child).localname for child in only] == ["Contents"]


def test_the_documents_of_1_0_0_are_valid(world: World) -> None:
    root = document(world, "1.0.0", REQUEST="GetCapabilities")
    schema("http://schemas.opengis.net/wcs/1.0.0/wcsCapabilities.xsd").assertValid(root)
    described = document(world, "1.0.0", REQUEST="DescribeCoverage")
    schema("http://schemas.opengis.net/wcs/1.0.0/describeCoverage.xsd").assertValid(described)
    offering = next(
        one
        for one in described.iterfind("wcs1:CoverageOffering", NS)
        if one.findtext("wcs1:name", namespaces=NS) == ID
    )
    times = [
        one.text for one in offering.iterfind("wcs1:domainSet/wcs1:temporalDomain/gml1:timePosition", NS)
    ]
    assert times == [DAY, "2023-03-15", "2023-04-04"]
    assert offering.findtext(".//wcs1:nativeCRSs", namespaces=NS) == "EPSG:32631"
    assert offering.findtext(".//wcs1:nullValues/wcs1:singleValue", namespaces=NS) == "-10000"


def test_the_native_grid_lies_on_the_pixels_of_the_products(world: World) -> None:
    described = document(world, "2.0.1", REQUEST="DescribeCoverage", COVERAGEID=ID)
    envelope = described.find(".//gml:EnvelopeWithTimePeriod", NS)
    assert envelope.get("axisLabels") == "E N"
    west, south = map(float, envelope.findtext("gml:lowerCorner", namespaces=NS).split())
    east, north = map(float, envelope.findtext("gml:upperCorner", namespaces=NS).split())
    assert (west, north) == (300_000.0, 4_900_020.0)
    assert ((east - west) / 10, (north - south) / 10) == (360.0, 200.0), (
        "two tiles of 2 km, 400 m of them in common"
    )
    origin = described.findtext(".//gml:origin/gml:Point/gml:pos", namespaces=NS)
    assert origin == "300005.0 4900015.0"
    fields = [one.get("name") for one in described.iterfind(".//swe:field", NS)]
    assert fields[:3] == ["B2", "B3", "B4"]
    assert "CLM" not in fields


def test_native_values_are_the_stored_counts(world: World) -> None:
    counts, opened = values(
        get(world, REQUEST="GetCoverage", COVERAGEID=ID, SUBSET=f'time("{DAY}")', RANGESUBSET="B4")
    )
    assert opened.shape == (200, 360)
    assert (opened.crs.to_epsg(), opened.nodata, opened.descriptions) == (32631, -10_000, ("B4",))
    assert opened.scales == (0.0001,)
    assert (opened.transform.c, opened.transform.f, opened.res) == (300_000.0, 4_900_020.0, (10.0, 10.0))
    assert np.array_equal(counts[0, :, :200], stored(world, "B4"))
    assert (counts[0, :, 200:] == -10_000).all()


def test_subsets_ranges_and_their_order(world: World) -> None:
    whole, _ = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4,B3:B4,B8"))
    assert whole.shape[0] == 3, "a band is given once, in the order that was asked"
    query = (
        f"/wcs?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID={ID}&TIME={DAY}&RANGESUBSET=B4,B3,B8"
    )
    east, north = "E(300500,301000)", "N(4899000,4899500)"
    part, opened = values(world.client.get(f"{query}&SUBSET={east}&SUBSET0={north}"))
    assert opened.bounds == (300_500.0, 4_899_000.0, 301_000.0, 4_899_500.0)
    assert np.array_equal(part, whole[:, 52:102, 50:100])
    other, _ = values(world.client.get(f"{query}&SUBSET={north}&SUBSET1={east}"))
    assert np.array_equal(other, part)
    joined, _ = values(world.client.get(f"{query}&SUBSET={east},{north}"))
    assert np.array_equal(joined, part)
    one, opened = values(world.client.get(f"{query}&SUBSET=E(300505)&SUBSET0=N(4899015,4899015)"))
    assert one.shape == (3, 1, 1)
    assert np.array_equal(one[:, 0, 0], whole[:, 100, 50])
    open_end, opened = values(world.client.get(f"{query}&SUBSET=E(301000,*)"))
    assert opened.bounds.left == 301_000.0
    assert np.array_equal(open_end, whole[:, :, 100:])


def test_scaling_and_another_crs(world: World) -> None:
    half, opened = values(
        get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4", SCALEFACTOR="0.5")
    )
    assert half.shape == (1, 100, 180)
    sized, _ = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            TIME=DAY,
            RANGESUBSET="B4",
            SCALESIZE="i(90),j(50)",
            INTERPOLATION="http://www.opengis.net/def/interpolation/OGC/1/linear",
        )
    )
    assert sized.shape == (1, 50, 90)
    degrees, opened = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            TIME=DAY,
            RANGESUBSET="B4",
            SUBSETTINGCRS="http://www.opengis.net/def/crs/EPSG/0/4326",
            SUBSET="Lat(44.215,44.222)",
            SUBSET0="Long(0.50,0.51)",
        )
    )
    assert opened.crs.to_epsg() == 4326
    assert opened.bounds == pytest.approx((0.50, 44.215, 0.51, 44.222))
    assert 60 < opened.width < 100
    assert (degrees != -10_000).all()
    moved, opened = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            TIME=DAY,
            RANGESUBSET="B4",
            OUTPUTCRS="http://www.opengis.net/def/crs/EPSG/0/2154",
        )
    )
    assert opened.crs.to_epsg() == 2154
    assert set(np.unique(moved)) <= set(np.unique(stored(world, "B4"))) | {-10_000}, (
        "nearest makes no value that was not there"
    )


def test_a_period_is_a_mosaic_and_no_time_the_default_window(world: World) -> None:
    latest, _ = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4"))
    mosaic, _ = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            RANGESUBSET="B4",
            SUBSET='time("2023-03-01","2023-04-30")',
        )
    )
    assert ((mosaic != -10_000) >= (latest != -10_000)).all()
    assert (mosaic != -10_000).sum() > (latest != -10_000).sum()
    nothing, _ = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4", TIME="2023-03-20"))
    assert (nothing == -10_000).all()


def test_1_0_0_gives_the_box_and_size_that_were_asked(world: World) -> None:
    base = {"REQUEST": "GetCoverage", "COVERAGE": ID, "CRS": "EPSG:32631", "FORMAT": "GeoTIFF", "TIME": DAY}
    counts, opened = values(
        get(
            world, "1.0.0", **base, BBOX="300000,4898020,302000,4900020", WIDTH="200", HEIGHT="200", BANDS="3"
        )
    )
    assert np.array_equal(counts[0], stored(world, "B4"))
    by_step, _ = values(
        get(world, "1.0.0", **base, BBOX="300000,4898020,302000,4900020", RESX="10", RESY="10", BANDS="3")
    )
    assert np.array_equal(by_step, counts)
    small, opened = values(
        get(world, "1.0.0", **base, BBOX="300000,4898020,302000,4900020", WIDTH="6", HEIGHT="3")
    )
    assert (small.shape[1:], opened.bounds) == ((3, 6), (300_000.0, 4_898_020.0, 302_000.0, 4_900_020.0))
    degrees = {**base, "CRS": "EPSG:4326"}
    _, opened = values(get(world, "1.0.0", **degrees, BBOX="0.50,44.215,0.51,44.222", WIDTH="10", HEIGHT="7"))
    assert opened.bounds == pytest.approx((0.50, 44.215, 0.51, 44.222)), "x, y in every CRS"


def test_classes_stay_classes(world: World) -> None:
    counts, opened = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID="oso-23",
            RANGESUBSET="CLASS",
            SCALEFACTOR="0.37",
            INTERPOLATION="linear",
        )
    )
    known = {one.value for one in world.services.catalog.registry.types["oso-23"].bands["CLASS"].classes}
    assert set(np.unique(counts)) <= known | {0}
    assert opened.dtypes == ("uint8",)


@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"SERVICE": ""}, "MissingParameterValue", 400),
        ({"SERVICE": "WMS"}, "InvalidParameterValue", 400),
        ({"REQUEST": ""}, "MissingParameterValue", 400),
        ({"REQUEST": "Process"}, "OperationNotSupported", 501),
        ({"VERSION": "9.9"}, "InvalidParameterValue", 400),
        ({"REQUEST": "GetCapabilities", "ACCEPTVERSIONS": "9.9"}, "VersionNegotiationFailed", 400),
        ({"COVERAGEID": "nothing"}, "NoSuchCoverage", 404),
        ({"COVERAGEID": ""}, "MissingParameterValue", 400),
        ({"REQUEST": "DescribeCoverage", "COVERAGEID": f"{ID},nothing"}, "NoSuchCoverage", 404),
        ({"REQUEST": "DescribeCoverage", "COVERAGEID": f"{ID},"}, "MissingParameterValue", 400),
        ({"FORMAT": "image/png"}, "InvalidParameterValue", 400),
        ({"MEDIATYPE": "multipart/mixed"}, "InvalidParameterValue", 400),
        ({"SUBSET": "X1(1,2)"}, "InvalidParameterValue", 400),
        ({"SUBSET": "height(1,2)"}, "InvalidAxisLabel", 404),
        ({"SUBSET": "E(300500,300600)", "SUBSET0": "E(300500,300600)"}, "InvalidAxisLabel", 404),
        ({"SUBSET": "E(300600,300500)"}, "InvalidSubsetting", 404),
        ({"SUBSET": "E(1,2)"}, "InvalidSubsetting", 404),
        ({"SUBSET": "E(nan,2)"}, "InvalidParameterValue", 400),
        ({"SUBSET": "time(yesterday)"}, "InvalidParameterValue", 400),
        ({"RANGESUBSET": "B99"}, "NoSuchField", 404),
        ({"RANGESUBSET": "B4:B2"}, "IllegalFieldSequence", 404),
        ({"SCALEFACTOR": "0"}, "InvalidScaleFactor", 404),
        ({"SCALEFACTOR": "0.5", "SCALESIZE": "i(5)"}, "InvalidParameterValue", 400),
        ({"SCALESIZE": "k(5)"}, "ScaleAxisUndefined", 404),
        ({"SCALESIZE": "i(0)"}, "InvalidParameterValue", 400),
        ({"SCALEFACTOR": "1000"}, "InvalidParameterValue", 400),
        ({"INTERPOLATION": "magic"}, "InterpolationMethodNotSupported", 404),
        ({"SUBSETTINGCRS": "http://www.opengis.net/def/crs/EPSG/0/32733"}, "SubsettingCrs-NotSupported", 404),
        ({"OUTPUTCRS": "EPSG:9999"}, "OutputCrs-NotSupported", 404),
    ],
)
def test_each_fault_of_2_0_1_has_its_code_and_status(
    world: World, changed: dict[str, str], code: str, status: int
) -> None:
    parameters = {"SERVICE": "WCS", "VERSION": "2.0.1", "REQUEST": "GetCoverage", "COVERAGEID": ID, **changed}
    answer = world.client.get("/wcs", params=parameters)
    root = etree.fromstring(answer.content)
    assert (root[0].get("exceptionCode"), answer.status_code) == (code, status), answer.text
    schema("http://schemas.opengis.net/ows/2.0/owsExceptionReport.xsd").assertValid(root)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"COVERAGE": "nothing"}, "CoverageNotDefined"),
        ({"COVERAGE": ""}, "MissingParameterValue"),
        ({"FORMAT": "image/png"}, "InvalidFormat"),
        ({"FORMAT": ""}, "MissingParameterValue"),
        ({"CRS": "EPSG:9999"}, "InvalidParameterValue"),
        ({"BBOX": "1,2,3"}, "InvalidParameterValue"),
        ({"BBOX": "302000,4898020,300000,4900020"}, "InvalidParameterValue"),
        ({"WIDTH": "0"}, "InvalidParameterValue"),
        ({"WIDTH": "999999"}, "InvalidParameterValue"),
        ({"WIDTH": ""}, "MissingParameterValue"),
        ({"TIME": "yesterday"}, "InvalidParameterValue"),
        ({"BANDS": "99"}, "InvalidParameterValue"),
        ({"INTERPOLATION": "magic"}, "InvalidParameterValue"),
    ],
)
def test_each_fault_of_1_0_0_has_its_code(world: World, changed: dict[str, str], code: str) -> None:
    base = {
        "REQUEST": "GetCoverage",
        "COVERAGE": ID,
        "CRS": "EPSG:32631",
        "FORMAT": "GeoTIFF",
        "TIME": DAY,
        "BBOX": "300000,4898020,302000,4900020",
        "WIDTH": "20",
        "HEIGHT": "20",
    }
    answer = get(world, "1.0.0", **{**base, **changed})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.ogc.se_xml")
    root = etree.fromstring(answer.content)
    schema("http://schemas.opengis.net/wcs/1.0.0/OGC-exception.xsd").assertValid(root)
    assert root[0].get("code") == code


def test_too_many_values_are_refused_before_anything_is_read(world: World) -> None:
    answer = get(
        world,
        "1.0.0",
        REQUEST="GetCoverage",
        COVERAGE=ID,
        CRS="EPSG:32631",
        FORMAT="GeoTIFF",
        TIME=DAY,
        BBOX="300000,4898020,302000,4900020",
        WIDTH="15000",
        HEIGHT="15000",
    )
    assert "limits.coverage_file_values" in answer.text
    assert "order the process `extract`" in answer.text


def test_a_coverage_of_a_space_is_its_owners(world: World) -> None:
    _, key = world.services.catalog.keys.create(KeyRequest("wilma", Role.USER), OPERATOR)
    answer = world.client.get(
        "/wcs?service=WCS&version=2.0.1&request=DescribeCoverage&coverageid=u.wilma.ndvi",
        headers={"X-API-Key": key},
    )
    assert answer.status_code == 404
    assert (
        world.client.get(
            "/wcs?service=WCS&request=GetCapabilities", headers={"X-API-Key": "hyk_no"}
        ).status_code
        == 401
    )


def test_a_band_that_the_products_lack_is_not_offered_and_empties_nothing(world: World) -> None:
    """The number of clear images of OSO is optional, and these products come without it."""
    described = world.client.get(
        "/wcs?service=WCS&version=2.0.1&request=DescribeCoverage&coverageId=oso-23"
    ).text
    assert "CONFIDENCE" in described
    assert "VALIDITY" not in described
    whole = world.client.get(
        "/wcs?service=WCS&version=2.0.1&request=GetCoverage&coverageId=oso-23&format=image/tiff"
    )
    with MemoryFile(whole.content) as memory, memory.open() as opened:
        assert opened.descriptions == ("CLASS", "CONFIDENCE")
        assert (opened.read(1) > 0).mean() > 0.9
