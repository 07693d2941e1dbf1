# SPDX-License-Identifier: Apache-2.0
"""WCS 2.0.1 beyond the core: requests in XML, scaling in its four forms, netCDF after CF, the coverage in GML beside its values."""

import shutil
import subprocess
from email import message_from_bytes
from io import BytesIO
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
from lxml import etree
from support import World, schema
from test_wcs import DAY, ID, NS, document, get, stored, values

HEAD = (
    'xmlns:wcs="http://www.opengis.net/wcs/2.0" xmlns:scal="http://www.opengis.net/wcs/scaling/1.0" xmlns:rsub="http://www.opengis.net/wcs/range-subsetting/1.0" '
    'xmlns:crs="http://www.opengis.net/wcs/crs/1.0" xmlns:int="http://www.opengis.net/wcs/interpolation/1.0" xmlns:ows="http://www.opengis.net/ows/2.0" '
    'service="WCS" version="2.0.1"'
)


def post(world: World, body: str):
    return world.client.post("/wcs", content=body.encode(), headers={"content-type": "text/xml"})


def coverage(inner: str, extension: str = "") -> str:
    told = f"<wcs:Extension>{extension}</wcs:Extension>" if extension else ""
    return f"<wcs:GetCoverage {HEAD}>{told}<wcs:CoverageId>{ID}</wcs:CoverageId>{inner}</wcs:GetCoverage>"


TRIM = "<wcs:DimensionTrim><wcs:Dimension>{}</wcs:Dimension><wcs:TrimLow>{}</wcs:TrimLow><wcs:TrimHigh>{}</wcs:TrimHigh></wcs:DimensionTrim>"
DATE = f"<wcs:DimensionSlice><wcs:Dimension>time</wcs:Dimension><wcs:SlicePoint>{DAY}</wcs:SlicePoint></wcs:DimensionSlice>"
AXIS = "<scal:{0}><scal:axis>{1}</scal:axis><scal:{2}>{3}</scal:{2}></scal:{0}>"


def test_requests_in_xml_answer_as_their_parameters_do(world: World) -> None:
    capabilities = post(
        world, '<wcs:GetCapabilities xmlns:wcs="http://www.opengis.net/wcs/2.0" service="WCS"/>'
    )
    assert capabilities.content == get(world, REQUEST="GetCapabilities").content
    described = post(
        world,
        f"<wcs:DescribeCoverage {HEAD}><wcs:CoverageId>{ID}</wcs:CoverageId><wcs:CoverageId>oso-23</wcs:CoverageId></wcs:DescribeCoverage>",
    )
    assert described.content == get(world, REQUEST="DescribeCoverage", COVERAGEID=f"{ID},oso-23").content
    cases = (
        (coverage(TRIM.format("E", 300500, 301000) + DATE), {"SUBSET": f'E(300500,301000),time("{DAY}")'}),
        (coverage(DATE, "<rsub:RangeSubset><rsub:RangeItem><rsub:RangeComponent>B4</rsub:RangeComponent></rsub:RangeItem><rsub:RangeItem><rsub:RangeInterval><rsub:startComponent>B2</rsub:startComponent><rsub:endComponent>B3</rsub:endComponent></rsub:RangeInterval></rsub:RangeItem></rsub:RangeSubset>"), {"TIME": DAY, "RANGESUBSET": "B4,B2:B3"}),
        (coverage(DATE, "<scal:ScaleByFactor><scal:scaleFactor>0.5</scal:scaleFactor></scal:ScaleByFactor>"), {"TIME": DAY, "SCALEFACTOR": "0.5"}),
        (coverage(DATE, f"<scal:ScaleToSize>{AXIS.format('TargetAxisSize', 'i', 'targetSize', 20)}{AXIS.format('TargetAxisSize', 'j', 'targetSize', 10)}</scal:ScaleToSize>"), {"TIME": DAY, "SCALESIZE": "i(20),j(10)"}),
        (coverage(DATE, "<int:Interpolation><int:globalInterpolation>http://www.opengis.net/def/interpolation/OGC/1/linear</int:globalInterpolation></int:Interpolation><crs:outputCrs>http://www.opengis.net/def/crs/EPSG/0/2154</crs:outputCrs>"), {"TIME": DAY, "INTERPOLATION": "linear", "OUTPUTCRS": "EPSG:2154"}),
        (coverage(DATE, '<geotiff:parameters xmlns:geotiff="http://www.opengis.net/gmlcov/geotiff/1.0"><geotiff:compression>LZW</geotiff:compression></geotiff:parameters>'), {"TIME": DAY, "GEOTIFF:COMPRESSION": "LZW"}),
        (coverage(f"{DATE}<wcs:format>application/netcdf</wcs:format>"), {"TIME": DAY, "FORMAT": "application/netcdf"}),
    )  # fmt: skip
    for body, parameters in cases:
        answer, same = post(world, body), get(world, REQUEST="GetCoverage", COVERAGEID=ID, **parameters)
        assert answer.status_code == 200, (body, answer.text)
        assert answer.headers["content-type"] == same.headers["content-type"]
        if answer.headers["content-type"] == "image/tiff":
            assert answer.content == same.content
    tree = document(world, "2.0.1", REQUEST="GetCapabilities")
    encodings = tree.findall(
        ".//ows:Post/ows:Constraint[@name='PostEncoding']/ows:AllowedValues/ows:Value", NS
    )
    assert [one.text for one in encodings] == ["XML"] * 4


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ("<wcs:GetCoverage", "InvalidEncodingSyntax", 400), ("<a/>", "OperationNotSupported", 501), (coverage("<wcs:Colour>red</wcs:Colour>"), "InvalidEncodingSyntax", 400),
        (f'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><wcs:GetCoverage {HEAD}>&b;</wcs:GetCoverage>', "InvalidEncodingSyntax", 400),
        (coverage(TRIM.format("E", "1)", "2")), "InvalidParameterValue", 400), (coverage(TRIM.format("E", 1, 2) * 2), "InvalidAxisLabel", 404),
        (coverage("<wcs:format>image/png</wcs:format>"), "InvalidParameterValue", 400), (coverage("<wcs:format>a</wcs:format>" * 2), "InvalidEncodingSyntax", 400),
        (f"<wcs:GetCoverage {HEAD}/>", "MissingParameterValue", 400), (coverage("").replace(ID, "nothing"), "NoSuchCoverage", 404),
        (coverage("", "<scal:ScaleByFactor><scal:scaleFactor>0</scal:scaleFactor></scal:ScaleByFactor>"), "InvalidScaleFactor", 404),
        (coverage("", f"<scal:ScaleToExtent>{AXIS.format('TargetAxisExtent', 'i', 'low', 1)}</scal:ScaleToExtent>"), "InvalidEncodingSyntax", 400),
    ],
)  # fmt: skip
def test_each_fault_of_a_body_is_a_report(world: World, body: str, code: str, status: int) -> None:
    answer = post(world, body)
    root = etree.fromstring(answer.content)
    assert (root.find("ows:Exception", NS).get("exceptionCode"), answer.status_code) == (code, status), (
        answer.text
    )
    schema("http://schemas.opengis.net/ows/2.0/owsExceptionReport.xsd").assertValid(root)


def test_scaling_by_axes_and_to_an_extent(world: World) -> None:
    whole, _ = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4"))
    _, rows, columns = whole.shape
    scaled, _ = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            TIME=DAY,
            RANGESUBSET="B4",
            SCALEAXES="i(0.5),j(0.25)",
        )
    )
    assert scaled.shape == (1, rows // 4, columns // 2)
    one, _ = values(
        get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4", SCALEAXES="j(0.5)")
    )
    assert one.shape == (1, rows // 2, columns)
    extent, _ = values(
        get(
            world,
            REQUEST="GetCoverage",
            COVERAGEID=ID,
            TIME=DAY,
            RANGESUBSET="B4",
            SCALEEXTENT="i(10:49),j(0:19)",
        )
    )
    assert extent.shape == (1, 20, 40)


def test_a_geotiff_is_packed_as_asked(world: World) -> None:
    plain, _ = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY))
    sizes = []
    for packing, told in (("None", None), ("LZW", "lzw"), ("Deflate", "deflate")):
        answer = get(
            world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, **{"geotiff:compression": packing}
        )
        found, opened = values(answer)
        assert (found == plain).all()
        assert (opened.compression.value.lower() if opened.compression else None) == told
        sizes.append(len(answer.content))
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"SCALEAXES": "k(2)"}, "ScaleAxisUndefined"), ({"SCALEAXES": "i(2),i(3)"}, "ScaleAxisUndefined"), ({"SCALEAXES": "i(-1)"}, "InvalidScaleFactor"),
        ({"SCALEEXTENT": "i(9:2)"}, "InvalidExtent"), ({"SCALEEXTENT": "i(9)"}, "InvalidParameterValue"), ({"SCALESIZE": "i(1:2)"}, "InvalidParameterValue"),
        ({"SCALEEXTENT": "i(0:999999999)"}, "InvalidParameterValue"), ({"SCALEAXES": "i(2)", "SCALEFACTOR": "2"}, "InvalidParameterValue"),
        ({"MEDIATYPE": "text/plain"}, "InvalidParameterValue"), ({"GEOTIFF:COMPRESSION": "JPEG"}, "InvalidParameterValue"),
        ({"GEOTIFF:COMPRESSION": "None", "FORMAT": "application/netcdf"}, "InvalidParameterValue"), ({"SCALEEXTENT": "i(1.5:2)"}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_each_fault_of_scaling_has_its_code(world: World, parameters: dict[str, str], code: str) -> None:
    answer = get(world, REQUEST="GetCoverage", COVERAGEID=ID, **parameters)
    assert etree.fromstring(answer.content).find("ows:Exception", NS).get("exceptionCode") == code, (
        answer.text
    )
    assert answer.status_code in (400, 404)


def test_netcdf_has_the_stored_counts_their_meaning_and_their_place(world: World, tmp_path: Path) -> None:
    answer = get(
        world,
        REQUEST="GetCoverage",
        COVERAGEID=ID,
        TIME=DAY,
        RANGESUBSET="B4,B8",
        FORMAT="application/netcdf",
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/netcdf")
    _, tiff = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4,B8"))
    with netCDF4.Dataset("x", memory=answer.content) as found:
        assert found.Conventions == "CF-1.11"
        variable = found["B4"]
        assert (variable.dtype, variable.grid_mapping) == (np.dtype("int16"), "crs")
        assert (variable.scale_factor, variable.add_offset, variable._FillValue) == (
            pytest.approx(0.0001),
            0.0,
            -10_000,
        )
        variable.set_auto_maskandscale(False)
        assert (variable[0] == tiff.read(1)).all()
        assert (variable[0, :200, :200] == stored(world, "B4")).all()
        assert (found["x"][0], found["y"][0]) == (tiff.bounds.left + 5, tiff.bounds.top - 5)
        assert (found["x"].standard_name, found["y"].units) == ("projection_x_coordinate", "m")
        assert found["crs"].grid_mapping_name == "transverse_mercator"
        when = netCDF4.num2date(found["time_bnds"][0], found["time"].units, only_use_cftime_datetimes=False)
        assert [one.isoformat()[:10] for one in when] == [DAY, "2023-03-06"]
    classes = get(
        world,
        REQUEST="GetCoverage",
        COVERAGEID="oso-23",
        FORMAT="application/netcdf",
        SUBSETTINGCRS="EPSG:4326",
    )
    with netCDF4.Dataset("x", memory=classes.content) as found:
        assert found["lat"].standard_name == "latitude"
        assert len(found["CLASS"].flag_values) == len(found["CLASS"].flag_meanings.split()) == 23
        assert "scale_factor" not in found["CLASS"].ncattrs()
    old = get(
        world,
        "1.0.0",
        REQUEST="GetCoverage",
        COVERAGE=ID,
        CRS="EPSG:32631",
        BBOX="300000,4898020,302000,4900020",
        WIDTH="20",
        HEIGHT="20",
        FORMAT="NetCDF",
        TIME=DAY,
    )
    assert old.headers["content-type"] == "application/netcdf"


def test_gdal_reads_the_netcdf_as_the_geotiff(world: World, tmp_path: Path) -> None:
    if not shutil.which("gdal_translate"):
        pytest.skip("GDAL's programs are not installed (Debian: gdal-bin)")
    answer = get(
        world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4", FORMAT="application/netcdf"
    )
    (tmp_path / "a.nc").write_bytes(answer.content)
    subprocess.run(["gdal_translate", "-q", str(tmp_path / "a.nc"), str(tmp_path / "a.tif")], check=True)
    _, tiff = values(get(world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4"))
    with rasterio.open(tmp_path / "a.tif") as found:
        assert (found.read(1) == tiff.read(1)).all()
        assert (found.crs.to_epsg(), found.bounds, found.nodata, found.scales) == (
            tiff.crs.to_epsg(),
            tiff.bounds,
            tiff.nodata,
            tiff.scales,
        )


@pytest.mark.parametrize("form", ["image/tiff", "application/netcdf"])
def test_a_coverage_comes_in_gml_beside_its_values(world: World, form: str) -> None:
    answer = get(
        world,
        REQUEST="GetCoverage",
        COVERAGEID=ID,
        TIME=DAY,
        RANGESUBSET="B4",
        SUBSET="E(300500,301000)",
        FORMAT=form,
        MEDIATYPE="multipart/related",
    )
    assert answer.headers["content-type"].startswith("multipart/related; boundary=")
    whole = message_from_bytes(
        b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    )
    told, data = whole.get_payload()
    assert (told.get_content_type(), data.get_content_type()) == ("application/gml+xml", form)
    root = etree.fromstring(told.get_payload(decode=True))
    schema("http://schemas.opengis.net/gmlcov/1.0/gmlcovAll.xsd").assertValid(root)
    assert root.findtext(".//gml:fileReference", "", NS) == "cid:" + data["Content-ID"].strip("<>")
    low, high = (root.findtext(f".//gml:{name}Corner", "", NS).split() for name in ("lower", "upper"))
    assert (float(low[0]), float(high[0])) == (300_500, 301_000)
    assert [one.get("name") for one in root.iterfind(".//swe:field", NS)] == ["B4"]
    plain = get(
        world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4", SUBSET="E(300500,301000)"
    )
    if form == "image/tiff":
        with rasterio.open(BytesIO(data.get_payload(decode=True))) as found:
            assert (found.read() == values(plain)[0]).all()
            high_index = [int(one) for one in root.findtext(".//gml:high", "", NS).split()]
            assert high_index == [found.width - 1, found.height - 1]
