# SPDX-License-Identifier: Apache-2.0
"""Every door under changed requests of its own: no 5xx (but 501 of OWS, and 503), an answer in time, and canary, secret file and scratch path are untouched."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World

pytestmark = pytest.mark.filterwarnings("default")  # as a server runs: what libraries warn of is no failure
QUIET = settings(
    max_examples=300,
    deadline=4_000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
L2A = "sentinel2-l2a"
RIVERS = "hydroweb-rivers-operational"
GETS: dict[str, dict[str, str]] = {
    "/wms": {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": L2A, "STYLES": "", "CRS": "EPSG:4326", "BBOX": "44,0.4,44.3,0.6", "WIDTH": "32", "HEIGHT": "32", "FORMAT": "image/png", "TIME": "2023-03-05"},
    "/wmts": {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "LAYER": L2A, "STYLE": "default", "TILEMATRIXSET": "WebMercatorQuad", "TILEMATRIX": "8", "TILEROW": "92", "TILECOL": "128", "FORMAT": "image/png"},
    "/wcs": {"SERVICE": "WCS", "VERSION": "2.0.1", "REQUEST": "GetCoverage", "COVERAGEID": L2A, "SCALESIZE": "Long(4),Lat(4)", "FORMAT": "image/tiff"},
    "/csw": {"SERVICE": "CSW", "VERSION": "2.0.2", "REQUEST": "GetRecords", "typeNames": "csw:Record", "elementSetName": "brief", "resultType": "results", "constraintLanguage": "CQL_TEXT", "constraint": "csw:AnyText LIKE '%snow%'", "constraint_language_version": "1.1.0", "maxRecords": "2"},
    "/sos": {"service": "SOS", "version": "2.0.0", "request": "GetObservation", "offering": RIVERS, "temporalFilter": "om:phenomenonTime,latest"},
    "/oai": {"verb": "ListRecords", "metadataPrefix": "oai_dc"},
    "/opensearch/search": {"q": "snow", "bbox": "0,43,2,45", "startIndex": "1", "count": "2", "f": "atom"},
    "/stac/search": {"bbox": "0,43,2,45", "datetime": "2023-01-01/..", "collections": L2A, "limit": "2", "query": '{"eo:cloud_cover":{"lt":50}}', "filter": "id LIKE 'S%'", "sortby": "-datetime"},
    "/stac/aggregate": {"aggregations": "total_count", "bbox": "0,43,2,45"},
    "/resto2/api/collections/SENTINEL2/search.json": {"maxRecords": "2", "page": "1", "q": "Toulouse", "box": "0,43,2,45", "startDate": "2023-01-01", "cloudCover": "[0,50]"},
    "/series": {"collection": RIVERS, "bbox": "-10,40,10,50", "f": "csv", "datetime": "2010-01-01/2012-01-01"},
    "/series/feed": {"collection": RIVERS, "limit": "2"},
    "/sta/v1.1/Things": {"$filter": "name eq 'a'", "$expand": "Datastreams($top=1)", "$top": "2", "$orderby": "name asc"},
    "/ogcapi/map": {"bbox": "0,43,2,45", "width": "32", "height": "32", "datetime": "2023-03-05", "f": "png", "collections": L2A},
    f"/ogcapi/collections/{L2A}/items": {"bbox": "0,43,2,45", "limit": "2", "filter": "id LIKE 'S%'", "crs": "http://www.opengis.net/def/crs/EPSG/0/4326"},
    f"/ogcapi/collections/{L2A}/position": {"coords": "POINT(0.5 44.1)", "datetime": "2023-03-01/2023-03-31", "parameter-name": "B4", "f": "CSV"},
    "/ogcapi/systems": {"q": "garonne", "limit": "2"},
    f"/titiler/collections/{L2A}/preview.png": {"width": "32", "datetime": "2023-03-05", "expression": "(B8-B4)/(B8+B4)", "rescale": "-1,1", "colormap_name": "viridis"},
    f"/titiler/collections/{L2A}/point/0.5,44.1": {"bands": "B4", "coord_crs": "EPSG:4326"},
    "/files": {"products": "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"},
    "/search": {"q": "snow", "bbox": "0,43,2,45", "collection": L2A},
    "/stations": {"q": "garonne"},
    "/orders": {"process": "ndvi"},
}  # fmt: skip
POSTS: dict[str, tuple[str, str]] = {
    "/csw": ("application/xml", '<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc" service="CSW" version="2.0.2" resultType="results"><csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName><csw:Constraint version="1.1.0"><ogc:Filter><ogc:PropertyIsLike wildCard="*" singleChar="?" escapeChar="!"><ogc:PropertyName>csw:AnyText</ogc:PropertyName><ogc:Literal>*snow*</ogc:Literal></ogc:PropertyIsLike></ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>'),
    "/sos": ("application/xml", f'<sos:GetObservation xmlns:sos="http://www.opengis.net/sos/2.0" service="SOS" version="2.0.0"><sos:offering>{RIVERS}</sos:offering></sos:GetObservation>'),
    "/wcs": ("application/xml", f'<wcs:GetCoverage xmlns:wcs="http://www.opengis.net/wcs/2.0" service="WCS" version="2.0.1"><wcs:CoverageId>{L2A}</wcs:CoverageId></wcs:GetCoverage>'),
    "/stac/search": ("application/json", json.dumps({"bbox": [0, 43, 2, 45], "filter-lang": "cql2-json", "filter": {"op": "like", "args": [{"property": "id"}, "S%"]}})),
    f"/ogcapi/collections/{L2A}/items": ("application/json", json.dumps({"op": "like", "args": [{"property": "id"}, "S%"]})),
    "/ogcapi/processes/echo/execution": ("application/json", json.dumps({"inputs": {"message": "x", "list": ["y"]}, "outputs": {}, "response": "document"})),
    "/hydroweb/api/download/workflows": ("application/json", json.dumps({"workflowName": "a", "collections": [{"collectionId": RIVERS, "filters": {"bbox": [0, 40, 5, 45]}}]})),
}  # fmt: skip
PIECES = ("", "0", "-1", "1e999", "nan", "9" * 40, "é", "\u0000", "%", "'", '"', "<", ">", "&", ";", "..", "/", "[", "{", "(", ")", ",", "null", "true", "2023-02-30", "0001-01-01", "9999-12-31T23:59:59Z", "P1D", "EPSG:0", "POINT(1e308 1)", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]>", "&b;")  # fmt: skip


@dataclass
class Traps:
    """A listener that must hear nothing, a file that must not be shown, a folder that must stay empty."""

    port: int
    secret: Path
    scratch: Path
    heard: list[object] = field(default_factory=list)

    def texts(self) -> list[str]:
        """What a client would send who is after one of them."""
        return [
            f"http://127.0.0.1:{self.port}/x", f"/vsicurl/http://127.0.0.1:{self.port}/x.tif", f"WMS:http://127.0.0.1:{self.port}/", str(self.secret),
            f"file://{self.secret}", f"../../../../../../..{self.secret}", f"$(touch {self.scratch}/a)", f"'; touch {self.scratch}/a; '", f"{self.scratch}/a",
        ]  # fmt: skip


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traps]:
    home = tmp_path_factory.mktemp("traps")
    (home / "secret.txt").write_text("hunter2-hunter2")
    (home / "scratch").mkdir()
    listener = socket.create_server(("127.0.0.1", 0))
    found = Traps(listener.getsockname()[1], home / "secret.txt", home / "scratch")

    def listen() -> None:
        while True:
            try:
                connection, whence = listener.accept()
            except OSError:
                return
            found.heard.append(whence)
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield found
    listener.close()
    assert found.heard == []
    assert list(found.scratch.iterdir()) == []


@st.composite
def changes(draw: st.DrawFn, text: str, traps: list[str]) -> str:
    """A text with a few pieces put into it, or another one."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.one_of(st.sampled_from(traps), st.text(max_size=30)))
    for _ in range(draw(st.integers(1, 3))):
        at, gone = draw(st.integers(0, len(text))), draw(st.sampled_from((0, 0, 1, 4)))
        text = text[:at] + draw(st.sampled_from([*PIECES, *traps])) + text[at + gone :]
    return text


@QUIET
@given(data=st.data(), path=st.sampled_from(sorted(GETS)))
def test_any_parameters_at_any_door(
    world: World, hydro: World, traps: Traps, data: st.DataObject, path: str
) -> None:
    given = dict(GETS[path])
    for name in data.draw(st.sets(st.sampled_from(sorted(given)), max_size=3)):
        given[name] = data.draw(changes(given[name], traps.texts()))
    for name in data.draw(st.sets(st.sampled_from(sorted(given)), max_size=1)):
        del given[name]
    for one in (world, hydro):
        _kept(one.client.get(f"{path}?{urlencode(given, errors='replace')}"), path)


@QUIET
@given(data=st.data(), path=st.sampled_from(sorted(POSTS)))
def test_any_body_at_any_door(
    world: World, hydro: World, traps: Traps, data: st.DataObject, path: str
) -> None:
    media, body = POSTS[path]
    sent = data.draw(changes(body, traps.texts())).encode("utf-8", "replace")
    for one in (world, hydro):
        _kept(one.client.post(path, content=sent, headers={"content-type": media}), path)


@QUIET
@given(data=st.data(), path=st.sampled_from(["/products/", "/collections/", "/stations/", "/properties/", "/files/a/", "/wmts/1.0.0/", "/stac/collections/", "/ogcapi/collections/", "/ogcapi/jobs/", "/titiler/collections/", "/sta/v1.1/", "/resto2/collections/", "/hydroweb/api/download/workflows/", "/static/"]))  # fmt: skip
def test_any_path_at_any_door(
    world: World, hydro: World, traps: Traps, data: st.DataObject, path: str
) -> None:
    tail = data.draw(changes("a/b", traps.texts()))
    for one in (world, hydro):
        _kept(one.client.get(path + urlencode({"": tail}, errors="replace")[1:]), path)


def _kept(answer, path: str) -> None:
    assert answer.status_code < 500 or answer.status_code in (501, 503), (path, answer.text[:500])
    assert b"hunter2" not in answer.content
