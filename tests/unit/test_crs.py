# SPDX-License-Identifier: Apache-2.0
"""The closed table of coordinate reference systems, and axis order."""

import pytest

from catalog.crs import CRS84, Crs, box_from, in_order_of, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind


@pytest.mark.parametrize(
    ("text", "epsg", "lon_lat"),
    [
        ("EPSG:4326", 4326, False),
        ("epsg:3857", 3857, False),
        ("EPSG:900913", 3857, False),
        ("CRS:84", 4326, True),
        ("urn:ogc:def:crs:EPSG::2154", 2154, False),
        ("http://www.opengis.net/def/crs/EPSG/0/32631", 32631, False),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, True),
    ],
)
def test_the_forms_of_a_name_are_one_crs(text: str, epsg: int, lon_lat: bool) -> None:
    assert read_crs(text) == Crs(epsg, lon_lat)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EPSG:",
        "EPSG:99999",
        "EPSG:4326 ",
        "EPSG:４３２６",
        "http://127.0.0.1/x",
        "+proj=longlat +nadgrids=/etc/passwd",
        "AUTO2:42001,1,nan,0",
        "/etc/passwd",
        "ESRI::http://127.0.0.1/",
        "x" * 3_000,
    ],
)
def test_anything_else_is_unknown(text: str) -> None:
    with pytest.raises(Fault) as caught:
        read_crs(text)
    assert caught.value.kind is Kind.UNKNOWN_CRS


@pytest.mark.parametrize(
    ("crs", "north_first"),
    [
        (Crs(4326), True),
        (Crs(4258), True),
        (Crs(3035), True),
        (CRS84, False),
        (Crs(3857), False),
        (Crs(2154), False),
        (Crs(32631), False),
    ],
)
def test_axis_order_follows_the_crs(crs: Crs, north_first: bool) -> None:
    box = Box(west=1.0, south=43.0, east=2.0, north=44.0)
    corners = in_order_of(box, crs)
    assert corners == ((43.0, 1.0, 44.0, 2.0) if north_first else (1.0, 43.0, 2.0, 44.0))
    assert box_from(corners, crs) == box


@pytest.mark.parametrize(
    "values", [(float("nan"), 0, 1, 1), (0, 0, float("inf"), 1), (2, 0, 1, 1), (0, 2, 1, 1)]
)
def test_a_box_is_finite_and_ordered(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(Fault):
        Box(west=values[0], south=values[1], east=values[2], north=values[3])
