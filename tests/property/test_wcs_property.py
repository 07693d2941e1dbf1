# SPDX-License-Identifier: Apache-2.0
"""Any parameters of WCS: values, a document or that version's report; never a 5xx but the 501 of its own standard."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from support import World

GOOD = {
    "SERVICE": "WCS", "COVERAGEID": "sentinel2-l2a", "COVERAGE": "sentinel2-l2a", "SUBSET": "E(300500,300600)", "SUBSET0": "N(4899000,4899100)", "TIME": "2023-03-05",
    "RANGESUBSET": "B4", "SCALEFACTOR": "0.5", "SCALESIZE": "i(5),j(5)", "INTERPOLATION": "linear", "OUTPUTCRS": "EPSG:4326", "SUBSETTINGCRS": "EPSG:32631",
    "FORMAT": "image/tiff", "CRS": "EPSG:32631", "BBOX": "300000,4898020,302000,4900020", "WIDTH": "20", "HEIGHT": "20", "RESX": "10", "RESY": "10", "BANDS": "1:2",
    "ACCEPTVERSIONS": "2.0.1", "SECTIONS": "Contents", "UPDATESEQUENCE": "0",
}  # fmt: skip
ODD = st.one_of(
    st.text(max_size=40),
    st.text(string.digits + string.ascii_letters + ".,-+(*):/\"", max_size=40),
    st.sampled_from(
        ["", ",", "nan", "1e999", "-1", "E(*,*)", "E(1e308,*)", "Lat(-90,90)", "Long(180,180)", 'time("2023-01-01","2024-01-01")', "time(*)", "i(1)", "1:99999", "99:1", "1e-300", "1e300",
         "-1e308,-1e308,1e308,1e308", "299999.9,4898020,300000,4898020.1", "EPSG:3857", "EPSG:2154", "CRS:84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "9999-12-31", "'; DROP TABLE product; --"]
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=4_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    version=st.sampled_from(["1.0.0", "2.0.1"]),
    request=st.sampled_from(
        ["GetCapabilities", "DescribeCoverage", "GetCoverage", "GetCoverage", "GetCoverage"]
    ),
    kept=st.sets(st.sampled_from(sorted(GOOD))),
    changes=st.dictionaries(st.sampled_from(sorted(GOOD)), ODD, max_size=3),
)
def test_any_parameters_get_an_answer(
    world: World, version: str, request: str, kept: set[str], changes: dict[str, str]
) -> None:
    needed = {"SERVICE", "COVERAGEID", "COVERAGE", "FORMAT", "CRS", "BBOX"}
    parameters = {
        "VERSION": version,
        "REQUEST": request,
        **{name: value for name, value in GOOD.items() if name in kept | needed},
        **changes,
    }
    answer = world.client.get(
        "/wcs",
        params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()},
    )
    assert answer.status_code in (200, 400, 404), (parameters, answer.text[:500])
    if answer.headers["content-type"] == "image/tiff":
        assert answer.content[:2] == b"II"
    else:
        root = etree.fromstring(answer.content)
        fault = etree.QName(root).localname in ("ExceptionReport", "ServiceExceptionReport")
        assert fault or answer.status_code == 200
