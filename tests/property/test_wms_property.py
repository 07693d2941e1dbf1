# SPDX-License-Identifier: Apache-2.0
"""Any parameters at all: an answer of the protocol, never a 5xx."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World

NAMES = [
    "SERVICE",
    "VERSION",
    "REQUEST",
    "LAYERS",
    "STYLES",
    "CRS",
    "SRS",
    "BBOX",
    "WIDTH",
    "HEIGHT",
    "FORMAT",
    "TIME",
    "TRANSPARENT",
    "BGCOLOR",
    "EXCEPTIONS",
    "QUERY_LAYERS",
    "INFO_FORMAT",
    "I",
    "J",
    "X",
    "Y",
    "FEATURE_COUNT",
    "LAYER",
    "STYLE",
    "UPDATESEQUENCE",
    "PRIORITY",
    "MAXCC",
]
GOOD = {
    "SERVICE": "WMS", "VERSION": "1.3.0", "LAYERS": "sentinel2-l2a", "STYLES": "", "CRS": "EPSG:4326", "SRS": "EPSG:4326", "BBOX": "44.21,0.49,44.23,0.53",
    "WIDTH": "16", "HEIGHT": "16", "FORMAT": "image/png", "QUERY_LAYERS": "sentinel2-l2a", "INFO_FORMAT": "application/json", "I": "3", "J": "3",
}  # fmt: skip
ODD = st.one_of(
    st.text(max_size=40),
    st.text(string.digits + ".,-+eE/:TZP", max_size=40),
    st.sampled_from(["nan", "inf", "-1", "1e308,1e308,1e309,2", "-1e300,-1e300,1e300,1e300", "0,0,0,0", "2023-03-05/2023-03-06/P1D", "EPSG:3857", "EPSG:32631", "EPSG:3035", "1.1.1", "image/jpeg", "image/tiff", "BLANK", "INIMAGE", "true", "4096"]),
)  # fmt: skip


@settings(max_examples=150, deadline=1_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    request=st.sampled_from(["GetMap", "GetFeatureInfo", "GetLegendGraphic", "GetCapabilities"]),
    changes=st.dictionaries(st.sampled_from(NAMES), ODD, max_size=4),
    dropped=st.sets(st.sampled_from(NAMES), max_size=2),
)
def test_any_parameters_get_an_answer_of_the_protocol(
    world: World, request: str, changes: dict[str, str], dropped: set[str]
) -> None:
    parameters = {
        "REQUEST": request,
        **{name: value for name, value in {**GOOD, **changes}.items() if name not in dropped},
    }
    parameters = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    answer = world.client.get("/wms", params=parameters)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in (
        "text/xml", "application/vnd.ogc.se_xml", "application/vnd.ogc.wms_xml", "image/png", "image/jpeg", "image/tiff", "image/webp",
        "application/json", "text/html", "text/plain", "application/vnd.ogc.gml",
    )  # fmt: skip


@settings(max_examples=100, deadline=1_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.binary(max_size=200))
def test_any_bytes_as_a_form_get_a_report(world: World, query: bytes) -> None:
    answer = world.client.post(
        "/wms", content=query, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 200
