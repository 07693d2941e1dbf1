# SPDX-License-Identifier: Apache-2.0
"""Any address and parameters under `/ogcapi`: a document, a picture or an exception document; never a 5xx."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World

GOOD = {
    "bbox": "0.5,44.2,0.51,44.21", "bbox-crs": "[OGC:CRS84]", "crs": "[EPSG:2154]", "width": "40", "height": "30", "datetime": "2023-03-01/..", "bgcolor": "white",
    "transparent": "false", "f": "png",
}  # fmt: skip
ODD = st.one_of(
    st.text(max_size=30),
    st.text(string.digits + ".,-/:TZP[]", max_size=30),
    st.sampled_from(
        ["", "-180,-90,180,90", "180,90,181,91", "0,0,1e-12,1e-12", "-1e30,-1e30,1e30,1e30", "nan,0,1,1", "1", "4096", "1e3", "../2023-03-05", "0001-01-01/9999-12-31", "..", "[EPSG:32633]",
         "http://www.opengis.net/def/crs/EPSG/0/4326", "0xGGGGGG", "html", "tiff", "file:///etc/passwd"]
    ),
)  # fmt: skip
PLACES = st.sampled_from(
    [
        "",
        "/collections/sentinel2-l2a",
        "/collections/sentinel2-l2a/styles/ndvi",
        "/collections/oso-23.confidence",
        "/collections/x",
    ]
)
TAILS = st.one_of(
    st.just("/map"), st.just("/map/tiles"), st.just("/styles"), st.just(""),
    st.builds(
        "/map/tiles/{}/{}/{}/{}".format, st.sampled_from(["WebMercatorQuad", "WorldCRS84Quad", "LAMB93", "x"]), st.sampled_from(["0", "7", "14", "99", "-1"]),
        st.integers(-1, 2**33), st.integers(-1, 2**33),
    ),
)  # fmt: skip


@settings(max_examples=250, deadline=4_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=PLACES,
    tail=TAILS,
    kept=st.sets(st.sampled_from(sorted(GOOD))),
    changes=st.dictionaries(st.sampled_from([*sorted(GOOD), "other"]), ODD, max_size=2),
)
def test_any_request_gets_an_answer(
    world: World, place: str, tail: str, kept: set[str], changes: dict[str, str]
) -> None:
    parameters = {**{name: value for name, value in GOOD.items() if name in kept}, **changes}
    answer = world.client.get(
        f"/ogcapi{place}{tail}",
        params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()},
    )
    assert answer.status_code in (200, 400, 404), (place, tail, parameters, answer.text[:500])
    if answer.status_code != 200 and answer.headers["content-type"] == "application/json":
        assert answer.json()["status"] == answer.status_code
