# SPDX-License-Identifier: Apache-2.0
"""`/cascade` over a real server: pictures come through with their time; what is dead or wrong is told, and hurts nothing else."""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np
import pytest
from lxml import etree
from owslib.wms import WebMapService
from PIL import Image
from running import running
from starlette.testclient import TestClient
from support import schema

from config.settings import Bilingual, Cascaded, Settings
from hysope.app import build

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""MapProxy leaves files of its locks, and the answers of upstreams that failed, to the garbage collector."""
TITLE = Bilingual(en="A layer", fr="Une couche")
DAYS = ("2023-03-05", "2023-03-15", "2023-04-04")
BOX = "55200,5500000,58200,5503000"
TILES = "{z}/{x}/{y}"


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """What MapProxy left is collected here, where it is expected, and not in a test that comes later."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/wms?"


def entries(server: str, silent: str) -> dict[str, Cascaded]:
    wms = f"{server}/wms?"
    return {
        "theia": Cascaded(title=TITLE, url=wms, layers="sentinel2-l2a", times=DAYS, attribution="Theia"),
        "cover": Cascaded(title=TITLE, url=wms, layers="oso-23"),
        "kept": Cascaded(title=TITLE, url=wms, layers="sentinel2-l2a", times=DAYS, keep_days=1),
        "plan": Cascaded(
            title=TITLE,
            type="tiles",
            url=f"{server}/titiler/collections/sentinel2-l2a/tiles/WebMercatorQuad/{TILES}",
        ),
        "one": Cascaded(title=TITLE, url=wms, layers="sentinel2-l2a", times=DAYS[:1]),
        "dead": Cascaded(title=TITLE, url="http://127.0.0.1:9/wms?", layers="a"),
        "silent": Cascaded(title=TITLE, url=silent, layers="a", timeout_seconds=1),
    }


@pytest.fixture(scope="module")
def client(server: str, silent: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(data=tmp_path_factory.mktemp("cascade"), cascade=entries(server, silent))
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as made:
        made.data = settings.data  # type: ignore[attr-defined]
        yield made


def get_map(client: TestClient, **changed: str):
    return client.get("/cascade/service", params=query(**changed))


def query(**changed: str) -> dict[str, str]:
    return {
        "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "theia", "STYLES": "", "CRS": "EPSG:3857", "BBOX": BOX, "WIDTH": "256",
        "HEIGHT": "256", "FORMAT": "image/png", "TRANSPARENT": "TRUE", **changed,
    }  # fmt: skip


def pixels(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(int)


def code(answer) -> str:
    root = etree.fromstring(answer.content)
    schema("http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd").assertValid(root)
    return root[0].get("code")


@pytest.mark.parametrize("day", DAYS)
def test_a_map_is_that_of_the_upstream_at_its_time(client: TestClient, server: str, day: str) -> None:

    answer = get_map(client, TIME=day)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    theirs = httpx2.get(f"{server}/wms", params=query(TIME=day, LAYERS="sentinel2-l2a"))
    ours, expected = pixels(answer.content), pixels(theirs.content)
    both = (ours[..., 3] > 0) & (expected[..., 3] > 0)
    assert both.mean() > 0.08
    assert np.median(np.abs(ours - expected)[both]) <= 8, "resampled once more"


def test_times_differ_and_the_last_is_the_default(client: TestClient) -> None:
    first, last, none = (
        get_map(client, **more).content for more in ({"TIME": DAYS[0]}, {"TIME": DAYS[2]}, {})
    )
    assert pixels(first).tolist() != pixels(last).tolist()
    assert pixels(none).tolist() == pixels(last).tolist()


@pytest.mark.parametrize("time", ["1999-01-01", "../../x", "2023-03-05/2023-04-04", "x" * 200])
def test_a_time_that_is_not_in_the_list_is_refused_and_keeps_nothing(client: TestClient, time: str) -> None:
    get_map(client, LAYERS="kept", TIME=DAYS[0])
    folder = Path(client.data) / "cascade"  # type: ignore[attr-defined]
    before = sorted(str(path) for path in folder.rglob("*"))
    assert any("2023-03-05" in path for path in before), "what is kept lies on disk"
    answer = get_map(client, LAYERS="kept", TIME=time)
    assert code(answer) == "InvalidDimensionValue"
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_a_layer_of_one_time_is_always_of_it(client: TestClient) -> None:
    expected = pixels(get_map(client, TIME=DAYS[0]).content)
    for more in ({}, {"TIME": DAYS[0]}):
        assert np.abs(pixels(get_map(client, LAYERS="one", **more).content) - expected).max() <= 8
    assert code(get_map(client, LAYERS="one", TIME=DAYS[1])) == "InvalidDimensionValue"


def test_what_is_not_asked_to_be_kept_is_not(client: TestClient) -> None:
    get_map(client, TIME=DAYS[0])
    assert not list((Path(client.data) / "cascade").rglob("theia*/**/*.png"))  # type: ignore[attr-defined]


def test_tiles_of_another_server_are_a_layer(client: TestClient) -> None:
    answer = get_map(client, LAYERS="plan")
    assert answer.headers["content-type"] == "image/png", answer.text
    assert (pixels(answer.content)[..., 3] > 0).mean() > 0.08


def test_its_capabilities_are_valid_and_owslib_reads_them(client: TestClient) -> None:
    answer = client.get("/cascade/service?SERVICE=WMS&REQUEST=GetCapabilities&VERSION=1.3.0")
    root = etree.fromstring(answer.content)
    names = [one.text for one in root.iter("{http://www.opengis.net/wms}Name")]
    assert {"theia", "cover", "plan", "dead"} <= set(names)
    service = WebMapService("http://x", version="1.3.0", xml=answer.content)
    assert service.contents["theia"].timepositions == list(DAYS)
    assert service.getOperationByName("GetMap").methods[0]["url"].startswith("http://testserver/cascade")


def test_wmts_gives_the_dated_tile(client: TestClient) -> None:
    root = etree.fromstring(client.get("/cascade/service?SERVICE=WMTS&REQUEST=GetCapabilities").content)
    assert "theia" in etree.tostring(root).decode()
    kvp = {
        "SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "LAYER": "theia", "STYLE": "", "FORMAT": "image/png",
        "TILEMATRIXSET": "webmercator", "TILEMATRIX": "12", "TILEROW": "1486", "TILECOL": "2053", "TIME": DAYS[0],
    }  # fmt: skip
    answer = client.get("/cascade/service", params=kvp)
    assert answer.headers["content-type"] == "image/png", answer.text
    wrong = client.get("/cascade/service", params={**kvp, "TIME": "1999-01-01"})
    assert b"InvalidDimensionValue" in wrong.content


@pytest.mark.parametrize("layer", ["dead", "silent"])
def test_a_dead_upstream_is_an_exception_in_time(client: TestClient, layer: str) -> None:
    start = time.monotonic()
    answer = get_map(client, LAYERS=layer)
    assert answer.status_code < 500
    assert b"ServiceException" in answer.content
    assert time.monotonic() - start < 15


def test_an_upstream_that_hangs_takes_no_other_door(client: TestClient) -> None:
    threads = [
        threading.Thread(target=get_map, args=(client,), kwargs={"LAYERS": "silent"}) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    start = time.monotonic()
    for path in ("/wms?SERVICE=WMS&REQUEST=GetCapabilities", "/stac", "/health/ready"):
        assert client.get(path).status_code == 200
    assert time.monotonic() - start < 3
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"LAYERS": "nothing"}, "LayerNotDefined"),
        ({"LAYERS": "theia,nothing"}, "LayerNotDefined"),
        ({"LAYERS": ""}, "LayerNotDefined"),
    ],
)
def test_unknown_layers_are_told(client: TestClient, changed: dict[str, str], expected: str) -> None:
    assert code(get_map(client, **changed)) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"BBOX": "a,b,c,d"}, {"WIDTH": "-1"}, {"WIDTH": "99999", "HEIGHT": "99999"}, {"CRS": "EPSG:99999"}, {"FORMAT": "text/html"},
        {"REQUEST": "Nothing"}, {"SERVICE": "WFS"}, {"BBOX": "0,0,0,0"}, {"CRS": "http://127.0.0.1/x"},
    ],
)  # fmt: skip
def test_bad_input_is_no_5xx(client: TestClient, changed: dict[str, str]) -> None:
    assert get_map(client, **changed).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/cascade/wmts/../../etc/passwd",
        "/cascade/%2e%2e/%2e%2e/x",
        "/cascade/tms/1.0.0/kept/..%2f..%2fx/0/0/0.png",
        "/cascade",
    ],
)
def test_bad_addresses_are_no_5xx(client: TestClient, path: str) -> None:
    assert client.get(path).status_code < 500


def test_without_the_setting_there_is_no_such_door(tmp_path: Path) -> None:
    with TestClient(build(Settings(data=tmp_path))) as made:
        assert made.get("/cascade/service?SERVICE=WMS&REQUEST=GetCapabilities").status_code == 404


def test_a_server_starts_with_it(tmp_path: Path, server: str) -> None:
    (tmp_path / "hysope.yaml").write_text(
        f"version: 1\ncascade:\n  far: {{title: {{en: Far, fr: Loin}}, url: '{server}/wms?', layers: oso-23}}\n"
    )

    with running(["serve", "--data", str(tmp_path / "data")], tmp_path) as one:
        found = httpx2.get(f"{one.address}/cascade/service", params=query(LAYERS="far"), timeout=30)
        assert found.headers["content-type"] == "image/png", found.text
        assert (pixels(found.content)[..., 3] > 0).mean() > 0.08
