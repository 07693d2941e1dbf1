# SPDX-License-Identifier: Apache-2.0
"""Features 1 to 3 and Records: footprints, stations, metadata and what pygeoapi's providers hold, asked in every way that is advertised."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from lxml import etree
from pyproj import Transformer
from shapely.geometry import shape
from starlette.testclient import TestClient
from support import World, schema

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.problems import ConfigError
from config.registry import load_registry
from config.settings import Bilingual, Mount, Server, Settings
from hysope.app import build
from hysope.wiring import checked_registry
from ogc.common.endpoint import _link_header

L2A = "sentinel2-l2a"
RIVERS = "hydroweb-rivers-operational"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def get(world: World, path: str, **parameters: Any) -> dict[str, Any]:
    answer = world.client.get(f"/ogcapi/collections/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["features"]]


def walked(world: World, path: str, **parameters: Any) -> list[str]:
    """The ids of all pages, by the links."""
    page, out = get(world, f"{path}/items", **parameters), []
    while True:
        assert page["numberReturned"] == len(page["features"])
        out += ids(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            assert page["numberMatched"] == len(out)
            return out
        page = world.client.get(following[0].removeprefix("http://maps.example")).json()


def test_footprints_are_those_of_the_stac_items(world: World) -> None:
    stac = world.client.get(f"/stac/collections/{L2A}/items?limit=100").json()["features"]
    found = get(world, f"{L2A}/items", limit=100)
    assert ids(found) == [one["id"] for one in stac]
    for mine, theirs in zip(found["features"], stac, strict=True):
        assert mine["geometry"] == theirs["geometry"]
        assert mine["properties"]["cloud_cover"] == theirs["properties"]["eo:cloud_cover"]
        assert mine["properties"]["datetime"] == theirs["properties"]["datetime"]
        related = next(link["href"] for link in mine["links"] if link["rel"] == "related")
        assert world.client.get(related.removeprefix("http://maps.example")).json()["id"] == mine["id"]
        own = world.client.get(
            next(one["href"] for one in mine["links"] if one["rel"] == "self").removeprefix(
                "http://maps.example"
            )
        )
        assert own.headers["content-type"] == "application/geo+json"
        assert own.json() == mine


def test_pages_have_no_gaps_and_no_repeats(world: World, hydro: World) -> None:
    assert walked(world, L2A, limit=1) == walked(world, L2A, limit=100)
    assert walked(world, "metadata", limit=3) == walked(world, "metadata", limit=1_000)
    stations = walked(hydro, RIVERS, limit=2)
    assert stations == sorted(set(stations)) == walked(hydro, RIVERS, limit=1_000)
    assert len(stations) >= 2


def test_items_are_asked_by_place_time_and_property(world: World) -> None:
    everything = get(world, f"{L2A}/items", limit=100)["features"]

    def expected(right: Any) -> list[str]:
        found = [one["id"] for one in everything if right(one)]
        assert found
        return found

    box = shapely.box(0.53, 44.2, 0.6, 44.3)
    assert ids(get(world, f"{L2A}/items", bbox="0.53,44.2,0.6,44.3")) == expected(
        lambda one: shape(one["geometry"]).intersects(box)
    )
    assert ids(get(world, f"{L2A}/items", bbox="0.53,44.2,0,0.6,44.3,9")) == ids(
        get(world, f"{L2A}/items", bbox="0.53,44.2,0.6,44.3")
    )
    assert ids(get(world, f"{L2A}/items", bbox="177,65,-177,70")) == []
    assert ids(get(world, f"{L2A}/items", bbox="44.2,0.53,44.3,0.6", **{"bbox-crs": f"{EPSG}4326"})) == ids(
        get(world, f"{L2A}/items", bbox="0.53,44.2,0.6,44.3")
    )
    west, south = Transformer.from_crs(4326, 3857, always_xy=True).transform(0.53, 44.2)
    east, north = Transformer.from_crs(4326, 3857, always_xy=True).transform(0.6, 44.3)
    assert ids(
        get(world, f"{L2A}/items", bbox=f"{west},{south},{east},{north}", **{"bbox-crs": f"{EPSG}3857"})
    ) == ids(get(world, f"{L2A}/items", bbox="0.53,44.2,0.6,44.3"))
    march = expected(lambda one: one["properties"]["datetime"][:7] == "2023-03")
    for when in (
        "2023-03",
        "2023-03-01/2023-03-31",
        "2023-03-01/P1M",
        "../2023-03-31T23:59:59Z",
        "P2M/2023-03-31",
    ):
        assert ids(get(world, f"{L2A}/items", datetime=when)) == march, when
    assert ids(get(world, f"{L2A}/items", platform="SENTINEL2B")) == expected(
        lambda one: one["properties"]["platform"] == "SENTINEL2B"
    )
    assert ids(get(world, f"{L2A}/items", filter="cloud_cover < 10 AND tile = 'T31TCJ'")) == expected(
        lambda one: one["properties"]["cloud_cover"] < 10 and one["properties"]["tile"] == "T31TCJ"
    )
    posted = world.client.post(
        f"/ogcapi/collections/{L2A}/items?limit=50",
        json={"op": "<", "args": [{"property": "cloud_cover"}, 10]},
    )
    assert ids(posted.json()) == ids(get(world, f"{L2A}/items", filter="cloud_cover < 10"))
    assert ids(get(world, f"{L2A}/items", sortby="datetime")) == list(
        reversed(ids(get(world, f"{L2A}/items", sortby="-datetime")))
    )
    assert ids(get(world, f"{L2A}/items", ids=f"{march[0]},nothing")) == [march[0]]


def test_coordinates_are_in_the_crs_and_its_axis_order(world: World) -> None:
    plain = get(world, f"{L2A}/items")["features"][0]
    for code, north_first in ((4326, True), (3857, False), (2154, False), (3035, True)):
        answer = world.client.get(f"/ogcapi/collections/{L2A}/items", params={"crs": f"{EPSG}{code}"})
        assert answer.headers["content-crs"] == f"<{EPSG}{code}>"
        found = answer.json()["features"][0]
        move = Transformer.from_crs(4326, code, always_xy=True)
        west, south, east, north = shape(plain["geometry"]).bounds
        x, y = move.transform((west + east) / 2, (south + north) / 2)
        middle = shape(found["geometry"]).centroid
        seen = (middle.y, middle.x) if north_first else (middle.x, middle.y)
        assert seen == pytest.approx((x, y), abs=0.005 if code == 4326 else 400)
    assert world.client.get(f"/ogcapi/collections/{L2A}/items").headers["content-crs"] == f"<{CRS84}>"


def test_links_are_headers_too(world: World) -> None:
    answer = world.client.get(f"/ogcapi/collections/{L2A}/items?limit=1")
    links = {one["rel"]: one["href"] for one in answer.json()["links"] if one["rel"] != "alternate"}
    assert set(links) == {"self", "collection", "next", "http://www.opengis.net/def/rel/ogc/1.0/queryables"}
    assert {rel: answer.links[rel]["url"] for rel in links} == links
    foreign = [
        {"rel": "alternate", "href": "http://x/\r\nSet-Cookie: a", "type": "a"},
        {"rel": "self", "href": "http://x/>"},
        {"rel": "next", "href": "/a", "type": "b"},
    ]
    assert _link_header({"links": foreign}) == {"Link": '</a>; rel="next"; type="b"'}
    long = world.client.get(f"/ogcapi/collections/{L2A}/items", params={"q": "x" * 900})
    assert long.status_code == 200
    assert "link" not in long.headers, "proxies keep a few kB of headers"


def test_stations_are_asked_as_hydrologists_do(hydro: World) -> None:
    everything = get(hydro, f"{RIVERS}/items", limit=1_000)["features"]
    one = next(item for item in everything if "Loire" in item["properties"].get("water", "").title())
    assert one["properties"]["points"] > 1
    assert one["properties"]["water_surface_height"] == pytest.approx(
        one["properties"]["water_surface_height"]
    )
    water = one["properties"]["water"]
    assert ids(get(hydro, f"{RIVERS}/items", water=water)) == [
        item["id"] for item in everything if item["properties"].get("water") == water
    ]
    assert one["id"] in ids(get(hydro, f"{RIVERS}/items", q="orleans"))
    lon, lat = one["geometry"]["coordinates"]
    assert one["id"] in ids(
        get(hydro, f"{RIVERS}/items", bbox=f"{lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}")
    )
    many = one["properties"]["points"]
    assert set(ids(get(hydro, f"{RIVERS}/items", limit=1_000, filter=f"points >= {many}"))) == {
        item["id"] for item in everything if item["properties"]["points"] >= many
    }
    basin = one["properties"]["basin"]
    assert one["id"] in ids(
        get(
            hydro,
            f"{RIVERS}/items",
            filter=f"CASEI(basin) = CASEI('{basin.upper()}') AND updated > DATE('2020-01-01')",
        )
    )
    end = one["properties"]["end_datetime"]
    assert one["id"] in ids(get(hydro, f"{RIVERS}/items", datetime=f"{end}/.."))
    assert get(hydro, f"{RIVERS}/items/{one['id']}")["properties"] == one["properties"]


def test_a_collection_that_is_for_a_group_is_not_there_for_others(hydro: World) -> None:
    research = "/ogcapi/collections/hydroweb-rivers-research/items"
    assert hydro.client.get(research).status_code == 404
    secret = hydro.services.catalog.keys.create(KeyRequest("ana", Role.USER, ("hydro",), "test"), OPERATOR)[1]
    found = hydro.client.get(research, headers={"X-API-Key": secret})
    assert found.status_code == 200
    assert found.json()["numberMatched"] >= 1
    assert found.headers["cache-control"].startswith("private")
    hidden = ids(found.json())[0]
    assert hidden not in walked(hydro, "metadata", limit=1_000)
    assert hydro.client.get(f"/ogcapi/collections/metadata/items/{hidden}").status_code == 404


def test_records_are_those_of_the_csw(world: World) -> None:
    answer = world.client.get(
        "/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results&elementSetName=brief&maxRecords=1000"
    )
    root = etree.fromstring(answer.content)
    theirs = {one.text for one in root.iter("{http://purl.org/dc/elements/1.1/}identifier")}
    mine = get(world, "metadata/items", limit=1_000)
    assert set(ids(mine)) == theirs
    for record in mine["features"]:
        assert record["properties"]["type"] in ("dataset", "series")
        assert {"title", "description", "updated", "keywords"} <= set(record["properties"])
        assert len(record["time"]["interval"]) == 2
        assert sum(link["rel"] == "collection" for link in record["links"]) == 1
        assert any(link.get("protocol") == "OGC:WMS" for link in record["links"])


def test_records_are_found_by_text_type_and_filter(world: World) -> None:
    assert set(ids(get(world, "metadata/items", type="series", limit=100))) == {
        one["id"] for one in world.client.get("/stac/collections").json()["collections"]
    }
    both = get(world, "metadata/items", type="series,dataset", limit=100)["numberMatched"]
    assert both == get(world, "metadata/items")["numberMatched"]
    assert set(ids(get(world, "metadata/items", q="neige", type="series"))) == {
        "sentinel2-l2a",
        "snow-cover",
        "snow-fsc",
    }
    assert ids(get(world, "metadata/items", filter="type = 'series' AND id LIKE 'oso%'", sortby="title")) == [
        "oso-17",
        "oso-23",
    ]
    assert ids(get(world, "metadata/items", externalIds="nothing")) == []
    titles = [
        one["properties"]["title"]
        for one in get(world, "metadata/items", sortby="-title", limit=100)["features"]
    ]
    assert titles == sorted(titles, reverse=True)


def test_a_record_is_iso_19139_too(world: World) -> None:
    record = get(world, "metadata/items/oso-23")
    form = next(one for one in record["links"] if one["type"].endswith("19139+xml"))
    answer = world.client.get(form["href"].removeprefix("http://maps.example"))
    assert answer.headers["content-type"] == form["type"]
    root = etree.fromstring(answer.content)
    assert root.findtext("{*}fileIdentifier/{*}CharacterString") == "oso-23"
    schema("http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd").assertValid(root)


def test_everything_that_is_said_to_be_askable_is(world: World, hydro: World) -> None:
    for found, name in ((world, L2A), (world, "metadata"), (hydro, RIVERS)):
        asked = get(found, f"{name}/queryables")
        assert asked["$id"] == f"http://maps.example/ogcapi/collections/{name}/queryables"
        for one, about in asked["properties"].items():
            if one == "geometry":
                continue
            value = about.get("enum", ["2023-01-01" if "format" in about else "5"])[0]
            text = value if about["type"] == "number" else f"'{value}'"
            assert get(found, f"{name}/items", filter=f"{one} = {text}")["numberReturned"] >= 0
            get(found, f"{name}/items", **{one: value})
        for one in get(found, f"{name}/sortables")["properties"]:
            assert get(found, f"{name}/items", sortby=f"-{one}")["numberReturned"] > 0


@pytest.mark.parametrize(
    ("query", "locator"),
    [
        ("limit=unlimited", "limit"), ("limit=0", "limit"), ("limit=-1", "limit"), ("colour=red", "colour"), ("bbox=1,2,3", "bbox"), ("bbox=a,b,c,d", "bbox"),
        ("bbox=0,50,1,40", "bbox"), ("bbox=500,0,501,1", "bbox"), ("bbox-crs=EPSG:4326&bbox=1,2,3,4", "bbox-crs"), (f"crs={EPSG}99999", "crs"),
        (f"crs={EPSG}32631", "crs"), ("datetime=yesterday", "datetime"), ("datetime=../..", "datetime"), ("datetime=2023-01-01/P0D", "datetime"),
        ("sortby=colour", "sortby"), ("filter=colour='red'", "filter"), ("filter=(", "filter"), ("filter=a=1&filter-lang=ecql", "filter-lang"),
        (f"filter=id='x'&filter-crs={EPSG}3857", "filter-crs"), ("token=here", "token"), ("limit=1&limit=2", "limit"), ("f=xml", "f"),
        ("cloud_cover=much", "cloud_cover"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_400_and_names_the_parameter(world: World, query: str, locator: str) -> None:
    answer = world.client.get(f"/ogcapi/collections/{L2A}/items?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["locator"] == locator


def test_what_is_not_there_is_404(world: World, hydro: World) -> None:
    for path in (
        "nothing/items",
        "nothing/queryables",
        f"{L2A}/items/nothing",
        f"{L2A}/items/oso-23",
        "metadata/items/nothing",
    ):
        assert world.client.get(f"/ogcapi/collections/{path}").status_code == 404, path
    assert hydro.client.get(f"/ogcapi/collections/{RIVERS}/items/nothing").status_code == 404


def test_pages_for_people(world: World) -> None:
    for path in (f"{L2A}/items", "metadata/items", "metadata/items/oso-23", f"{L2A}/queryables", "metadata"):
        answer = world.client.get(f"/ogcapi/collections/{path}", headers={"Accept": "text/html"})
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "<script" not in answer.text


# pygeoapi's providers


def towns(path: Path, count: int = 30) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["code", "name", "lon", "lat", "people"])
        for number, place in enumerate(load_registry().places[:count]):
            out.writerow([f"T{number}", place.name, place.longitude, place.latitude, number * 10])


def mount(**provider: Any) -> Mount:
    return Mount(
        title=Bilingual(en="Towns", fr="Villes"),
        description=Bilingual(en="Towns", fr="Villes"),
        provider=provider,
    )


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("plugged")
    towns(folder / "towns.csv")
    provider = {
        "name": "CSV",
        "data": str(folder / "towns.csv"),
        "id_field": "code",
        "geometry": {"x_field": "lon", "y_field": "lat"},
    }
    settings = Settings(
        data=folder, server=Server(public_url="http://maps.example"), access={"secret-towns": ("hydro",)},
        features={"towns": mount(**provider), "secret-towns": mount(**provider), "away": mount(**{**provider, "data": str(folder / "none.csv")})},
    )  # fmt: skip
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield client


def test_a_provider_of_pygeoapi_is_a_collection(plugged: TestClient) -> None:
    places = load_registry().places[:30]
    listed = {one["id"]: one for one in plugged.get("/ogcapi/collections").json()["collections"]}
    assert "towns" in listed
    assert "secret-towns" not in listed
    assert plugged.get("/ogcapi/collections/towns").json() == listed["towns"]
    assert plugged.get("/ogcapi/collections/secret-towns/items").status_code == 404
    page = plugged.get("/ogcapi/collections/towns/items?limit=7").json()
    assert (page["numberMatched"], page["numberReturned"]) == (30, 7)
    names = []
    address = "/ogcapi/collections/towns/items?limit=7"
    while address:
        page = plugged.get(address).json()
        names += [one["properties"]["name"] for one in page["features"]]
        address = next(
            (
                link["href"].removeprefix("http://maps.example")
                for link in page["links"]
                if link["rel"] == "next"
            ),
            "",
        )
    assert names == [place.name for place in places]
    one = plugged.get("/ogcapi/collections/towns/items/T3").json()
    assert one["geometry"]["coordinates"] == [places[3].longitude, places[3].latitude]
    named = plugged.get("/ogcapi/collections/towns/items", params={"name": places[5].name}).json()
    assert [item["id"] for item in named["features"]] == ["T5"]
    x, y = places[8].longitude, places[8].latitude
    near = plugged.get(
        f"/ogcapi/collections/towns/items?bbox={x - 0.01},{y - 0.01},{x + 0.01},{y + 0.01}"
    ).json()
    assert "T8" in [item["id"] for item in near["features"]]
    assert set(plugged.get("/ogcapi/collections/towns/queryables").json()["properties"]) == {
        "geometry",
        "code",
        "name",
        "people",
    }
    for query, status in (
        ("filter=name='x'", 400),
        ("colour=1", 400),
        ("q=x", 400),
        ("bbox=170,0,-170,1", 400),
    ):
        assert plugged.get(f"/ogcapi/collections/towns/items?{query}").status_code == status
    assert plugged.get("/ogcapi/collections/towns/items/T99").status_code == 404
    assert plugged.get("/ogcapi/collections/away/items").status_code == 503


def test_a_geopackage_is_a_collection(tmp_path: Path) -> None:
    """By Debian's Python where ours was built without loadable extensions, which pygeoapi's provider needs."""
    if not shutil.which("ogr2ogr"):
        pytest.skip("ogr2ogr is not installed (Debian: gdal-bin)")
    python = next(
        (one for one in (sys.executable, "/usr/bin/python3") if Path(one).exists() and _loads(one)), None
    )
    if python is None:
        pytest.skip("no Python here loads mod_spatialite (Debian: libsqlite3-mod-spatialite, python3)")
    towns(tmp_path / "towns.csv")
    subprocess.run(
        ["ogr2ogr", "-f", "GPKG", str(tmp_path / "towns.gpkg"), str(tmp_path / "towns.csv"), "-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat",
         "-a_srs", "EPSG:4326", "-nln", "towns"],
        check=True, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    session = Path(__file__).parent / "geopackage_session.py"
    paths = ":".join(one for one in sys.path if "site-packages" in one)
    done = subprocess.run(
        [python, str(session), str(tmp_path / "towns.gpkg")], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        env={"PYTHONPATH": f"{Path(__file__).parents[3]}:{paths}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {
        "matched": 30,
        "walked": [place.name for place in load_registry().places[:30]],
        "near": ["T8"],
        "one": "T3",
        "missing": 404,
    }


def _loads(python: str) -> bool:
    code = (
        "import sqlite3, sys; assert sys.version_info[:2] == ({}, {}); c = sqlite3.connect(':memory:'); "
        "c.enable_load_extension(True); c.execute(\"SELECT load_extension('mod_spatialite.so')\")"
    ).format(*sys.version_info[:2])
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_mount_does_not_take_the_id_of_another_collection() -> None:
    for name in (L2A, "metadata"):
        with pytest.raises(ConfigError, match="id of another collection"):
            checked_registry(Settings(features={name: mount(name="CSV", data="x")}))
    with pytest.raises(ValueError, match="name of a provider"):
        mount(data="x")
