# SPDX-License-Identifier: Apache-2.0
"""Time as an axis (setting), stacks of dates in netCDF, and answers that are larger than memory."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
from lxml import etree
from starlette.requests import Request
from starlette.testclient import TestClient
from support import LocalSchemas, World, schema, shared
from test_wcs import DAY, ID, NS, get, stored, values

from catalog.model.faults import Fault
from catalog.model.principal import ANONYMOUS
from config.limits import Limits
from config.settings import Settings, Wcs
from hysope.app import build
from ogc.wcs import service
from ogc.wcs.endpoint import WcsEndpoint
from ogc.wcs.service import Large

RGRID = {**NS, "gmlrgrid": "http://www.opengis.net/gml/3.3/rgrid"}


@pytest.fixture(scope="module")
def axis(world: World) -> Iterator[TestClient]:
    """The same archive with time as an axis."""
    settings = world.settings.model_copy(update={"wcs": Wcs(time_axis=True)})
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield client


BOTH = """<schema xmlns="http://www.w3.org/2001/XMLSchema">
<import namespace="http://www.opengis.net/gml/3.3/rgrid" schemaLocation="http://schemas.opengis.net/gml/3.3/referenceableGrid.xsd"/>
<import namespace="http://www.opengis.net/wcs/2.0" schemaLocation="http://schemas.opengis.net/wcs/2.0/wcsAll.xsd"/></schema>"""


def both() -> etree.XMLSchema:
    """WCS with the grids of GML 3.3, which its own schema does not import."""
    shared("schemas", "schemas.opengis.net", "gml", "3.3")
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(BOTH, parser)))


def ask(client: TestClient, **parameters: str):
    return client.get("/wcs", params={"SERVICE": "WCS", "VERSION": "2.0.1", **parameters})


def test_the_time_is_the_third_axis_with_the_dates_as_they_fall(axis: TestClient) -> None:
    root = etree.fromstring(ask(axis, REQUEST="DescribeCoverage", COVERAGEID=ID).content)
    both().assertValid(root)
    envelope = root.find(".//gml:Envelope", RGRID)
    assert (envelope.get("axisLabels"), envelope.get("srsDimension")) == ("E N time", "3")
    first = (date(2023, 3, 5) - date(1600, 12, 31)).days
    assert envelope.findtext("gml:lowerCorner", namespaces=RGRID).split()[2] == str(first)
    grid = root.find(".//gmlrgrid:ReferenceableGridByVectors", RGRID)
    assert [one.text for one in grid.iterfind(".//gmlrgrid:coefficients", RGRID)] == [None, None, "0 10 30"]
    summary = etree.fromstring(ask(axis, REQUEST="GetCapabilities").content)
    schema("http://schemas.opengis.net/wcs/2.0/wcsAll.xsd").assertValid(summary)


def test_a_stretch_of_time_is_a_stack(axis: TestClient, world: World) -> None:
    answer = ask(
        axis, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4", FORMAT="application/netcdf",
        SUBSET='E(300000,302000),time("2023-03-01","2023-03-31")',
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    opened = netCDF4.Dataset("a.nc", memory=answer.content)
    opened.set_auto_maskandscale(False)
    assert opened["B4"].dimensions == ("time", "y", "x")
    dates = netCDF4.num2date(opened["time"][:], opened["time"].units)
    assert [one.strftime("%Y-%m-%d") for one in dates] == [DAY, "2023-03-15"]
    for number in (0, 1):
        assert (opened["B4"][number] == stored(world, "B4", number)).all()


def test_no_time_is_every_date_and_one_date_is_no_stack(axis: TestClient) -> None:
    parameters = {"REQUEST": "GetCoverage", "COVERAGEID": ID, "RANGESUBSET": "B4"}
    whole = netCDF4.Dataset("a.nc", memory=ask(axis, **parameters, FORMAT="application/netcdf").content)
    assert whole["B4"].shape[0] == 3
    assert values(ask(axis, **parameters, SUBSET=f'time("{DAY}")'))[0].shape[0] == 1


@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"FORMAT": "image/tiff"}, "InvalidParameterValue", 400),
        (
            {"FORMAT": "application/netcdf", "SUBSET": 'time("2001-01-01","2001-02-01")'},
            "InvalidSubsetting",
            404,
        ),
    ],
)
def test_what_is_no_stack_is_said(axis: TestClient, changed: dict[str, str], code: str, status: int) -> None:
    answer = ask(axis, REQUEST="GetCoverage", COVERAGEID=ID, **changed)
    root = etree.fromstring(answer.content)
    assert (root.find("ows:Exception", NS).get("exceptionCode"), answer.status_code) == (code, status)


def test_a_stack_has_a_limit_before_anything_is_read(world: World) -> None:
    settings = world.settings.model_copy(
        update={"wcs": Wcs(time_axis=True), "limits": Limits(coverage_values=200 * 360 * 2)}
    )
    with TestClient(build(settings)) as client:
        answer = ask(
            client, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4", FORMAT="application/netcdf"
        )
    assert answer.status_code == 400
    assert "3 dates" in answer.text


def test_a_large_geotiff_is_made_on_disk_and_is_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"REQUEST": "GetCoverage", "COVERAGEID": ID, "RANGESUBSET": "B4,B3", "TIME": DAY}
    parameters |= {"SCALEFACTOR": "4", "INTERPOLATION": "linear"}
    small = get(world, **parameters)
    monkeypatch.setattr(service, "_IN_MEMORY", 1_000)
    monkeypatch.setattr(service, "_ROWS", 64)
    large = get(world, **parameters)
    assert int(large.headers["content-length"]) == len(large.content)
    (first, one), (second, other) = values(small), values(large)
    assert first.shape == second.shape == (2, 800, 1_440)
    difference = np.abs(first.astype(int) - second)
    assert ((difference > 1).mean(), int(difference.max()) < 10_000) == (0.0, True)
    for fact in ("transform", "crs", "nodata", "descriptions", "scales", "offsets"):
        assert getattr(one, fact) == getattr(other, fact), fact
    assert not list(Path(world.settings.data).glob(".coverage-*")), "the file has gone"


def test_a_large_geotiff_has_a_limit_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_IN_MEMORY", 1_000)
    settings = world.settings.model_copy(update={"limits": Limits(coverage_file_values=10_000)})
    with TestClient(build(settings)) as client:
        answer = ask(client, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4")
    assert answer.status_code == 400
    assert "limits.coverage_file_values" in answer.text
    assert "extract" in answer.text


class Edge:
    """What the endpoint asks of the edge here."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def test_nobody_waits_for_an_answer_that_a_gone_client_asked(tmp_path: Path) -> None:
    """The making sees the word to stop, the file goes, and a second large one is refused meanwhile."""
    endpoint = WcsEndpoint(None, Edge(Settings(data=tmp_path)))  # type: ignore[arg-type]
    seen: list[str] = []

    def make(path: Path, stop: threading.Event) -> None:
        assert stop.wait(20), "the client went away, and nobody said so"
        seen.append("stopped")

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def two() -> None:
        request = Request({"type": "http", "method": "GET", "headers": []}, gone)
        first = asyncio.ensure_future(endpoint._large(Large(make, "image/tiff", {}), request, ANONYMOUS))
        await asyncio.sleep(0.05)
        with pytest.raises(Fault, match="another large coverage"):
            await endpoint._large(Large(make, "image/tiff", {}), request, ANONYMOUS)
        await first

    asyncio.run(two())
    assert seen == ["stopped"]
    assert not list(tmp_path.iterdir())


def test_rasterio_reads_the_stack_as_bands(axis: TestClient, tmp_path: Path) -> None:
    answer = ask(axis, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4", FORMAT="application/netcdf")
    path = tmp_path / "stack.nc"
    path.write_bytes(BytesIO(answer.content).getvalue())
    with rasterio.open(f"netcdf:{path}:B4") as opened:
        assert (opened.count, opened.crs.to_epsg()) == (3, 32631)
