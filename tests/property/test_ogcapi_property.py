# SPDX-License-Identifier: Apache-2.0
"""Any address and parameters under `/ogcapi`: a document, a picture or an exception document; never a 5xx."""

import string

import pytest
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


ITEMS = {
    "bbox": "0.5,44.2,0.6,44.3", "bbox-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
    "datetime": "2023-03-01/..", "limit": "3", "q": "neige,oso", "ids": "a,b", "filter": "cloud_cover < 10", "filter-lang": "cql2-text", "sortby": "-datetime",
    "f": "json", "type": "series", "tile": "T31TCJ", "token": "3",
}  # fmt: skip
WORDS = st.sampled_from(
    ["cloud_cover", "id", "geometry", "datetime", "<", ">=", "=", "<>", "AND", "OR", "NOT", "(", ")", "IN", "LIKE", "BETWEEN", "IS NULL", "CASEI(", "'x'", "'é%'", "5", "-1e9",
     "S_INTERSECTS(geometry,", "POINT(0 44))", "BBOX(0,0,1,1)", "DATE('2023-01-01')", "T_AFTER(datetime,", "INTERVAL('..','2023-01-01')", ",", "--", "+", ";", '"', "'"]
)  # fmt: skip
FILTERS = st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.text(max_size=60))
JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), st.just({"property": "id"}), st.just({"property": "geometry"})),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries(
            {"op": st.sampled_from(["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "s_intersects", "t_after", "t_during", "casei", "x"]), "args": st.lists(inner, max_size=3)}
        ),
        st.dictionaries(st.sampled_from(["property", "interval", "date", "bbox", "type", "coordinates", "op", "args"]), inner, max_size=2),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=250, deadline=4_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(["sentinel2-l2a", "oso-23", "metadata", "x"]),
    kept=st.sets(st.sampled_from(sorted(ITEMS))),
    changes=st.dictionaries(st.sampled_from([*sorted(ITEMS), "other"]), ODD, max_size=2),
    tree=FILTERS,
)
def test_any_question_about_items_gets_an_answer(
    world: World, place: str, kept: set[str], changes: dict[str, str], tree: str
) -> None:
    parameters = {**{name: value for name, value in ITEMS.items() if name in kept}, "filter": tree, **changes}
    answer = world.client.get(
        f"/ogcapi/collections/{place}/items",
        params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()},
    )
    assert answer.status_code in (200, 400, 404), (place, parameters, answer.text[:500])


@settings(max_examples=250, deadline=4_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=JSONS)
def test_any_json_filter_gets_the_same_answer_at_both_doors(world: World, tree: object) -> None:
    """Features and STAC read one language: what one refuses, the other refuses."""
    items = world.client.post("/ogcapi/collections/sentinel2-l2a/items?limit=100", json=tree)
    found = world.client.post(
        "/stac/search", json={"filter": tree, "collections": ["sentinel2-l2a"], "limit": 100}
    )
    assert items.status_code in (200, 400), items.text
    if tree in (None, "") or isinstance(tree, str):
        assert found.status_code in (200, 400)
        return
    assert items.status_code == found.status_code, (tree, items.text, found.text)
    if items.status_code == 200:
        assert [one["id"] for one in items.json()["features"]] == [
            one["id"] for one in found.json()["features"]
        ]


DATA = {
    "coords": "POINT(0.51 44.217)", "bbox": "0.50,44.21,0.505,44.215", "datetime": "2023-03-01/..", "parameter-name": "B4", "crs": "CRS84", "clear": "true",
    "within": "5", "within-units": "km", "resolution-x": "4", "resolution-y": "3", "f": "CSV",
}  # fmt: skip
SHAPES = st.sampled_from(
    ["POINT(0 0)", "POINT(0.51 44.217 5)", "POINT Z (0.51 44.217 5)", "POINT EMPTY", "MULTIPOINT((0 0),(1 1))", "POLYGON((0.5 44.2,0.52 44.2,0.52 44.22,0.5 44.2))",
     "POLYGON((0 0,0 0,0 0,0 0))", "GEOMETRYCOLLECTION(POINT(0 0))", "POINT(1e400 0)", "POINT(nan nan)", "POINT(0 0),", "CIRCULARSTRING(0 0,1 1,2 0)"]
)  # fmt: skip


@settings(max_examples=200, deadline=6_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(["sentinel2-l2a", "oso-23", "x"]),
    query=st.sampled_from(["position", "area", "cube", "radius", "locations", "locations/x"]),
    kept=st.sets(st.sampled_from(sorted(DATA))),
    changes=st.dictionaries(st.sampled_from([*sorted(DATA), "z"]), st.one_of(ODD, SHAPES), max_size=3),
)
def test_any_data_query_gets_an_answer(
    world: World, place: str, query: str, kept: set[str], changes: dict[str, str]
) -> None:
    parameters = {**{name: value for name, value in DATA.items() if name in kept}, **changes}
    answer = world.client.get(
        f"/ogcapi/collections/{place}/{query}",
        params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()},
    )
    assert answer.status_code in (200, 400, 404), (place, query, parameters, answer.text[:500])


MATHS = st.lists(
    st.sampled_from(["B4", "B8", "b3", "B99", "+", "-", "*", "/", "**", "%", "(", ")", "2", "9", "9**9", "0.5", ",", ";", "where(", "sqrt(", "__import__(", "'os'", "~", "<", "==", "&", "[", "1e308", "B4.x", "lambda"]),
    max_size=12,
).map("".join)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=6_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tail=st.sampled_from(["/preview.tif", "/point/0.51,44.217", "/tiles/WebMercatorQuad/14/8215/5943.tif", "/statistics", "/bbox/0.5,44.21,0.51,44.22.tif", "/info", "/x"]),
    maths=st.one_of(st.none(), MATHS, ODD),
    rest=st.dictionaries(
        st.sampled_from(["bands", "style", "datetime", "max_size", "width", "height", "tilesize", "dst_crs", "coord_crs", "resampling", "rescale", "colormap", "colormap_name", "nodata"]),
        st.one_of(ODD, st.sampled_from(["B4", "ndvi", "2023-03-15", "8", "EPSG:2154", "0,1"])),
        max_size=3,
    ),
)  # fmt: skip
def test_any_tile_request_gets_an_answer(
    world: World, tail: str, maths: str | None, rest: dict[str, str]
) -> None:
    parameters = {"max_size": "16", **({} if maths is None else {"expression": maths}), **rest}
    answer = world.client.get(
        f"/titiler/collections/sentinel2-l2a{tail}",
        params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()},
    )
    assert answer.status_code < 500, (tail, parameters, answer.text[:300])
