# SPDX-License-Identifier: Apache-2.0
"""Any parameters, any body at the other doors: an answer of the protocol, never a 5xx; and no text of a client reaches out."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from support import World

from catalog.generator.hydroweb import AGEN
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

QUIET = settings(
    max_examples=120, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GOOD = {
    "service": "SOS", "version": "2.0.0", "offering": "hydroweb-rivers-operational", "procedure": "hydroweb-rivers-operational",
    "observedProperty": "water_surface_height", "featureOfInterest": AGEN.name, "temporalFilter": "om:phenomenonTime,2016-01-01/2017-01-01",
    "spatialFilter": "om:featureOfInterest/*/sams:shape,40,-5,50,10", "responseFormat": "http://www.opengis.net/waterml/2.0",
    "procedureDescriptionFormat": "http://www.opengis.net/sensorml/2.0", "sections": "All",
}  # fmt: skip
ODD = st.one_of(
    st.text(max_size=40),
    st.text(string.digits + ".,-+eE/:TZP", max_size=40),
    st.sampled_from(
        ["", ",", "nan", "1e999", "om:phenomenonTime,", "om:phenomenonTime,/", "om:phenomenonTime,9999-12-31/9999-12-31", "om:phenomenonTime,0001-01-01", "sams:shape,1,2,3,4,EPSG:2154",
         "sams:shape,90,180,91,181", "http://127.0.0.1:1/x", "file:///etc/passwd", "'; DROP TABLE series; --"]
    ),
)  # fmt: skip


@QUIET
@given(
    request=st.sampled_from(["GetCapabilities", "DescribeSensor", "GetObservation", "GetFeatureOfInterest"]),
    changes=st.dictionaries(st.sampled_from(sorted(GOOD)), ODD, max_size=4),
    dropped=st.sets(st.sampled_from(sorted(GOOD)), max_size=4),
)
def test_any_parameters_of_sos_get_an_answer(
    hydro: World, request: str, changes: dict[str, str], dropped: set[str]
) -> None:
    parameters = {
        "request": request,
        **{name: value for name, value in {**GOOD, **changes}.items() if name not in dropped},
    }
    answer = hydro.client.get(
        "/sos", params={name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    )
    assert answer.status_code in (200, 400)
    root = etree.fromstring(answer.content)
    assert (etree.QName(root).localname == "ExceptionReport") == (answer.status_code == 400)


@QUIET
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: f'<GetObservation service="SOS" version="2.0.0"><offering>{text}</offering></GetObservation>'.encode("utf-8", "replace"))))  # fmt: skip
def test_any_body_of_sos_gets_a_report_or_an_answer(hydro: World, body: bytes) -> None:
    answer = hydro.client.post("/sos", content=body, headers={"content-type": "application/xml"})
    assert answer.status_code in (200, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["inputs", "outputs", "response", "products", "keep_clouds", "value", "href", "collection", "datetime", "bbox"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def key(hydro: World) -> str:
    return hydro.services.catalog.keys.create(KeyRequest("fuzz", Role.USER), OPERATOR)[1]


@QUIET
@given(document=JSON, process=st.sampled_from(["ndvi", "otb-water", "nothing", "../x"]))
def test_any_order_is_an_exception_document(hydro: World, key: str, document: object, process: str) -> None:
    """There is no product in this world, so no order can be right."""
    answer = hydro.client.post(
        f"/ogcapi/processes/{process}/execution",
        content=json.dumps(document).encode(),
        headers={"X-API-Key": key},
    )
    assert answer.status_code in (400, 404)
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["status"] == answer.status_code


@QUIET
@given(
    path=st.text(max_size=60),
    parameters=st.dictionaries(
        st.sampled_from(["limit", "offset", "status", "processID", "type", "f"]), ODD, max_size=3
    ),
)
def test_any_job_is_not_there_and_any_list_is_one_or_a_refusal(
    hydro: World, key: str, path: str, parameters: dict[str, str]
) -> None:
    from urllib.parse import quote

    headers = {"X-API-Key": key}
    clean = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    assert hydro.client.get("/ogcapi/jobs", params=clean, headers=headers).status_code in (200, 400)
    name = quote(path.encode("utf-8", "replace"), safe="")
    for tail in ("", "/log", "/results"):
        assert hydro.client.get(f"/ogcapi/jobs/x{name}{tail}", headers=headers).status_code in (404, 405)
    assert hydro.client.get(f"/stations/x{name}").status_code == 404


STA_PATHS = st.sampled_from(
    ["", "Things", "Datastreams", "Observations", "Locations", "Sensors", "ObservedProperties", "FeaturesOfInterest", "HistoricalLocations", "Things('x')",
     "Things('R_LOIRE_LOIRE_KM0617')/Datastreams", "Things/$count", "Things/$ref", "Things/Datastreams", "Observations('a.b.c.5')", "Things(''')", "Things('a')/name/$value", "x"]
)  # fmt: skip
STA_WORDS = st.sampled_from(
    ["name", "id", "@iot.id", "result", "phenomenonTime", "properties/basin", "Thing/name", "location", "eq", "ne", "gt", "le", "and", "or", "not", "(", ")", "in", "add", "null",
     "'x'", "'é''", "5", "-1e3", "2020-01-01", "2020-01-01T00:00:00Z", "tolower(name)", "substringof('x',name)", "geo.intersects(location,geography'POINT(0 44)')",
     "geo.distance(location,geography'POINT(0 44)')", "year(phenomenonTime)", ",", "$", ";", "now()", "true"]
)  # fmt: skip
STA_EXPANDS = st.lists(
    st.sampled_from(["Things", "Datastreams", "Observations", "Thing", "Locations", "Sensor", "(", ")", ";", ",", "/", "=", "$top=1", "$expand", "$filter=result gt 1", "'", "$select=id"]),
    max_size=8,
).map("".join)  # fmt: skip


@QUIET
@given(
    path=STA_PATHS,
    tree=st.one_of(st.none(), st.lists(STA_WORDS, max_size=10).map(" ".join), ODD),
    expand=st.one_of(st.none(), STA_EXPANDS),
    rest=st.dictionaries(st.sampled_from(["$top", "$skip", "$count", "$orderby", "$select", "$resultFormat", "x"]), st.one_of(ODD, st.sampled_from(["1", "true", "id", "result desc", "dataArray"])), max_size=3),
)  # fmt: skip
def test_any_path_and_options_of_sensorthings_get_an_answer(
    hydro: World, path: str, tree: str | None, expand: str | None, rest: dict[str, str]
) -> None:
    options = {
        **({} if tree is None else {"$filter": tree}),
        **({} if expand is None else {"$expand": expand}),
        **rest,
    }
    answer = hydro.client.get(
        f"/sta/v1.1/{path}",
        params={name: value.encode("utf-8", "replace").decode() for name, value in options.items()},
    )
    assert answer.status_code in (200, 400, 404), (path, options, answer.text[:400])
