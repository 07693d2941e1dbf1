# SPDX-License-Identifier: Apache-2.0
"""EDR: the values are the files' own, each form says the same, a collection says what it answers, and nothing else is answered."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Geod, Transformer
from rasterio.io import MemoryFile
from rasterio.warp import transform as warp
from starlette.testclient import TestClient
from support import World, shared

from catalog.keys import KeyRequest
from catalog.model.observation import SeriesQuery
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline, Role
from catalog.model.time import micros_text
from config.problems import ConfigError
from config.settings import Bilingual, Mount
from hysope.app import build
from hysope.wiring import checked_registry

L2A = "sentinel2-l2a"
RIVERS = "hydroweb-rivers-operational"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
POINT = (0.51, 44.217)


def ask(world: World, path: str, **parameters: Any) -> Any:
    return world.client.get(
        f"/ogcapi/collections/{path}",
        params={name.replace("_", "-"): value for name, value in parameters.items()},
    )


def get(world: World, path: str, **parameters: Any) -> dict[str, Any]:
    answer = ask(world, path, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/prs.coverage+json"
    return answer.json()


def check(document: dict[str, Any]) -> dict[str, Any]:
    """The rules of CoverageJSON that a schema would say (21-069r2, clauses 6 to 9)."""
    shared = document.get("parameters", {})
    coverages = document["coverages"] if document["type"] == "CoverageCollection" else [document]
    for one in coverages:
        assert one["type"] == "Coverage"
        domain = one["domain"]
        assert domain["domainType"] in ("PointSeries", "Grid")
        assert domain.get("referencing") or document.get("referencing")
        sizes = {name: len(axis["values"]) for name, axis in domain["axes"].items()}
        times = domain["axes"]["t"]["values"]
        assert times == sorted(times)
        if domain["domainType"] == "PointSeries":
            assert sizes["x"] == sizes["y"] == 1
        for name, values in one["ranges"].items():
            assert name in one.get("parameters", shared)
            assert values["type"] == "NdArray"
            assert values["shape"] == [sizes[axis] for axis in values["axisNames"]]
            assert len(values["values"]) == int(np.prod(values["shape"]))
    for about in shared.values():
        assert about["type"] == "Parameter"
        assert about["observedProperty"]["label"]["en"]
        assert about["unit"]["symbol"]["value"]
    return document


def files_say(
    world: World, band: str, longitude: float, latitude: float, mask: bool = False
) -> list[tuple[str, float]]:
    """Time and value of every L2A product at a place, read by rasterio from the files themselves."""
    out = []
    for item in world.client.get(f"/stac/collections/{L2A}/items?limit=100&sortby=%2Bdatetime").json()[
        "features"
    ]:
        values = {}
        for name in (band, "CLM"):
            asset = next(
                one
                for one in item["assets"].values()
                if any(each["name"] == name for each in one.get("bands", ()))
            )
            body = world.client.get(asset["href"].removeprefix("http://maps.example")).content
            with MemoryFile(body) as memory, memory.open() as opened:
                (x,), (y,) = warp("EPSG:4326", opened.crs, [longitude], [latitude])
                row, column = opened.index(x, y)
                if not (0 <= row < opened.height and 0 <= column < opened.width):
                    continue
                values[name] = opened.read(1)[row, column]
                nodata = opened.nodata if name == band else None
            if name == band and values[band] == (-10_000 if nodata is None else nodata):
                del values[band]
        if band in values and not (mask and values["CLM"]):
            out.append((item["properties"]["datetime"], values[band] * 1e-4))
    return out


def test_the_series_of_a_pixel_is_what_the_files_hold(world: World) -> None:
    longitude, latitude = POINT
    expected = files_say(world, "B4", longitude, latitude)
    assert len(expected) >= 2
    found = check(get(world, f"{L2A}/position", coords=f"POINT({longitude} {latitude})", parameter_name="B4"))
    assert found["domain"]["axes"]["t"]["values"] == [at for at, _ in expected]
    assert found["ranges"]["B4"]["values"] == pytest.approx([value for _, value in expected])
    assert found["domain"]["axes"]["x"]["values"] == [longitude]
    assert found["parameters"]["B4"]["unit"]["symbol"]["value"] == "1"
    march = get(
        world,
        f"{L2A}/position",
        coords=f"POINT({longitude} {latitude})",
        datetime="2023-03-10/2023-03-31",
        parameter_name="B4,B8",
    )
    assert march["domain"]["axes"]["t"]["values"] == [
        at for at, _ in expected if "2023-03-10" <= at < "2023-04"
    ]
    assert set(march["ranges"]) == {"B4", "B8"}


def test_only_clear_values_where_that_is_asked(world: World) -> None:
    everything, clear = 0, 0
    for longitude in np.linspace(0.498, 0.519, 6):
        expected = files_say(world, "B4", longitude, POINT[1], mask=True)
        found = get(
            world,
            f"{L2A}/position",
            coords=f"POINT({longitude} {POINT[1]})",
            parameter_name="B4",
            clear="true",
        )
        assert found["domain"]["axes"]["t"]["values"] == [at for at, _ in expected]
        everything += len(files_say(world, "B4", longitude, POINT[1]))
        clear += len(expected)
    assert 0 < clear < everything


def test_every_form_and_crs_says_the_same(world: World) -> None:
    longitude, latitude = POINT
    query = {"coords": f"POINT({longitude} {latitude})", "parameter_name": "B4"}
    plain = get(world, f"{L2A}/position", **query)
    values, times = plain["ranges"]["B4"]["values"], plain["domain"]["axes"]["t"]["values"]
    geojson = ask(world, f"{L2A}/position", f="GeoJSON", **query)
    assert geojson.headers["content-type"] == "application/geo+json"
    features = geojson.json()["features"]
    assert [one["properties"]["B4"] for one in features] == values
    assert [one["properties"]["datetime"] for one in features] == times
    assert features[0]["geometry"]["coordinates"] == [longitude, latitude]
    assert features[0]["properties"]["from"].startswith("SENTINEL2")
    table = ask(world, f"{L2A}/position", f="CSV", **query)
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [float(row["B4 (1)"]) for row in rows] == values
    assert [row["datetime"] for row in rows] == times
    assert (
        ask(world, f"{L2A}/position", **query).headers["content-crs"]
        == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    )
    for code, north_first in ((4326, True), (2154, False), (3035, True), (32631, False)):
        x, y = Transformer.from_crs(4326, code, always_xy=True).transform(longitude, latitude)
        coords = f"POINT({y} {x})" if north_first else f"POINT({x} {y})"
        found = get(world, f"{L2A}/position", coords=coords, parameter_name="B4", crs=f"{EPSG}{code}")
        assert found["ranges"]["B4"]["values"] == values, code
        assert found["domain"]["axes"]["x"]["values"] == pytest.approx([x])
        assert found["domain"]["referencing"][0]["coordinates"] == (["y", "x"] if north_first else ["x", "y"])


def test_several_points_are_several_coverages(world: World) -> None:
    found = check(
        get(world, f"{L2A}/position", coords="MULTIPOINT((0.51 44.217),(0.512 44.22))", parameter_name="B4")
    )
    assert found["type"] == "CoverageCollection"
    assert len(found["coverages"]) == 2
    for one, (x, y) in zip(found["coverages"], ((0.51, 44.217), (0.512, 44.22)), strict=True):
        alone = get(world, f"{L2A}/position", coords=f"POINT({x} {y})", parameter_name="B4")
        assert one["ranges"] == alone["ranges"]


def test_a_cube_on_native_pixels_is_the_coverage_of_the_wcs(world: World) -> None:
    native = world.client.get(
        "/wcs?service=WCS&version=2.0.1&request=GetCoverage&coverageId=oso-23&format=image/tiff"
    )
    with MemoryFile(native.content) as memory, memory.open() as opened:
        epsg, box = opened.crs.to_epsg(), opened.bounds
        inner = (box.left + 200, box.bottom + 300, box.left + 600, box.bottom + 700)
        window = opened.window(*inner)
        expected = opened.read(1, window=window)
    found = check(get(world, "oso-23/cube", bbox=",".join(map(str, inner)), crs=f"{EPSG}{epsg}"))
    name = next(iter(found["ranges"]))
    values = np.array(found["ranges"][name]["values"]).reshape(found["ranges"][name]["shape"])
    assert values.shape == (1, *expected.shape)
    assert len(np.unique(expected)) > 3
    np.testing.assert_array_equal(values[0], expected)
    axes = found["domain"]["axes"]
    assert axes["x"]["values"][0] == pytest.approx(inner[0] + 5)
    assert axes["y"]["values"][0] == pytest.approx(inner[3] - 5)
    assert axes["t"]["values"] == ["2022-01-01T00:00:00Z"]
    years = get(
        world, "oso-23/cube", bbox=",".join(map(str, inner)), crs=f"{EPSG}{epsg}", datetime="2020-01-01/.."
    )
    assert years["domain"]["axes"]["t"]["values"] == ["2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z"]


def test_an_area_has_values_inside_only(world: World) -> None:
    triangle = shapely.Polygon([(0.500, 44.212), (0.515, 44.212), (0.500, 44.222)])
    found = check(get(world, "oso-23/area", coords=triangle.wkt))
    name = next(iter(found["ranges"]))
    values = np.array(found["ranges"][name]["values"], float).reshape(found["ranges"][name]["shape"])[0]
    x, y = np.meshgrid(found["domain"]["axes"]["x"]["values"], found["domain"]["axes"]["y"]["values"])
    inside = shapely.contains_xy(triangle, x, y)
    assert np.array_equal(np.isfinite(values), inside)
    assert 0.3 < inside.mean() < 0.7
    small = get(world, "oso-23/area", coords=triangle.wkt, resolution_x=7, resolution_y=5)
    assert small["ranges"][name]["shape"] == [1, 5, 7]
    cells = ask(
        world, "oso-23/area", coords=triangle.wkt, resolution_x=7, resolution_y=5, f="GeoJSON"
    ).json()["features"]
    assert 0 < len(cells) < 35


def test_a_station_is_a_location_with_its_series(hydro: World) -> None:
    listed = ask(hydro, f"{RIVERS}/locations", limit=1_000).json()
    assert listed["numberReturned"] == len(listed["features"]) == listed["numberMatched"]
    one = next(each for each in listed["features"] if each["properties"].get("water") == "Loire")
    found = check(get(hydro, f"{RIVERS}/locations/{one['id']}"))
    catalog, deadline = hydro.services.catalog, Deadline.after(10)
    query = SeriesQuery((RIVERS,), (), (one["id"],))
    (series,) = catalog.observations.series(query, ANONYMOUS, deadline)
    points = [point for page in catalog.observations.points(series, query, deadline) for point in page]
    assert found["ranges"]["water_surface_height"]["values"] == [point.value for point in points]
    assert found["domain"]["axes"]["t"]["values"] == [micros_text(point.time) for point in points]
    assert found["parameters"]["water_surface_height"]["unit"]["symbol"]["value"] == "m"
    year = get(hydro, f"{RIVERS}/locations/{one['id']}", datetime="2020")
    assert year["domain"]["axes"]["t"]["values"] == [
        micros_text(point.time) for point in points if micros_text(point.time).startswith("2020")
    ]
    link = next(each["href"] for each in one["links"] if each["rel"] == "data")
    assert hydro.client.get(link.removeprefix("http://maps.example")).json() == found


def test_stations_are_found_by_distance_area_and_nearness(hydro: World) -> None:
    features = ask(hydro, f"{RIVERS}/items", limit=1_000).json()["features"]
    places = {one["id"]: tuple(one["geometry"]["coordinates"]) for one in features}
    name, (x, y) = next((name, at) for name, at in places.items() if "LOIRE" in name)
    measure = Geod(ellps="WGS84")

    def ids(found: dict[str, Any]) -> set[str]:
        coverages = found.get("coverages", [found])
        return {one["id"].split(".")[0] for one in coverages}

    for reach, unit, metres in ((50, "km", 50_000), (400, "km", 400_000), (100, "mi", 160_934.4)):
        expected = {one for one, at in places.items() if measure.inv(x, y, *at)[2] <= metres}
        assert (
            ids(
                check(
                    get(hydro, f"{RIVERS}/radius", coords=f"POINT({x} {y})", within=reach, within_units=unit)
                )
            )
            == expected
        )
    box = shapely.box(x - 1, y - 1, x + 3, y + 1)
    inside = {one for one, at in places.items() if box.intersects(shapely.Point(at))}
    assert ids(get(hydro, f"{RIVERS}/area", coords=box.wkt)) == inside
    assert ids(get(hydro, f"{RIVERS}/cube", bbox=",".join(map(str, box.bounds)))) == inside
    assert ids(get(hydro, f"{RIVERS}/position", coords=f"POINT({x + 0.01} {y})")) == {name}
    assert check(get(hydro, f"{RIVERS}/position", coords="POINT(-150 -40)"))["coverages"] == []


def test_a_collection_says_what_it_answers_and_answers_it(world: World, hydro: World) -> None:
    """As the conformance suite asks: each query, form and CRS, at the centre of the extent, over the whole interval."""
    for found in (world, hydro):
        for one in found.client.get("/ogcapi/collections").json()["collections"]:
            if "data_queries" not in one:
                continue
            west, south, east, north = one["extent"]["spatial"]["bbox"][0]
            centre, when = (
                ((west + east) / 2, (south + north) / 2),
                "/".join(one["extent"]["temporal"]["interval"][0]),
            )
            assert one["parameter_names"]
            first = next(iter(one["parameter_names"]))
            for name, query in one["data_queries"].items():
                link = query["link"]
                if name != "position":
                    assert link["href"].endswith(f"/{one['id']}/{name}")
                    continue
                path = link["href"].removeprefix("http://maps.example/ogcapi/collections/")
                for form in link["variables"]["output_formats"]:
                    answer = ask(
                        found,
                        path,
                        parameter_name=first,
                        coords=f"POINT({centre[0]} {centre[1]})",
                        f=form,
                        datetime=when,
                    )
                    assert answer.status_code == 200, (path, form, answer.text)
                for crs in one["crs"]:
                    assert ask(
                        found, path, coords=f"POINT({centre[1]} {centre[0]})", crs=crs
                    ).status_code in (200, 400)


@pytest.mark.parametrize(
    ("path", "query", "locator"),
    [
        ("position", "", "coords"), ("area", "", "coords"), ("cube", "", "bbox"), ("position", "coords=", "coords"), ("position", "coords=POINT()", "coords"),
        ("position", "coords=POINT(0 0", "coords"), ("position", "coords=POINT(500 0)", "coords"), ("position", "coords=POINT(a b)", "coords"),
        ("position", "coords=LINESTRING(0 0,1 1)", "coords"), ("position", "coords=POLYGON((0 0,1 0,1 1,0 0))", "coords"), ("area", "coords=POLYGON()", "coords"),
        ("area", "coords=POINT(0 44)", "coords"), ("position", "coords=MULTIPOINT(" + ",".join(["(0 44)"] * 101) + ")", "coords"), ("area", "coords=POLYGON((0 0,1 1,0 1,1 0,0 0))", "coords"), ("position", "coords=POINT(0.5 44.2)&f=netCDF", "f"),
        ("position", "coords=POINT(0.5 44.2)&parameter-name=B99", "parameter-name"), ("position", "coords=POINT(0.5 44.2)&crs=EPSG:99999", "crs"),
        ("position", "coords=POINT(0.5 44.2)&crs=EPSG:27572", "crs"), ("position", "coords=POINT(0.5 44.2)&datetime=now", "datetime"),
        ("position", "coords=POINT(0.5 44.2)&z=5", "z"), ("position", "coords=POINT(0.5 44.2)&clear=maybe", "clear"), ("cube", "bbox=1,2,3", "bbox"),
        ("cube", "bbox=0.5,44.2,0.6,44.3&resolution-x=5", "resolution-x"), ("cube", "bbox=0.5,44.2,0.6,44.3&resolution-x=0&resolution-y=1", "resolution-x"),
        ("cube", "bbox=0,44,1,45&crs=EPSG:4326", None), ("area", "coords=" + "POLYGON((" + "0 0," * 9_000 + "0 0))", None),
    ],
)  # fmt: skip
def test_a_wrong_query_is_400_and_names_the_parameter(
    world: World, path: str, query: str, locator: str | None
) -> None:
    answer = world.client.get(f"/ogcapi/collections/{L2A}/{path}?{query}")
    assert answer.status_code in ((400,) if locator else (400, 414, 200)), answer.text
    if locator:
        assert answer.json()["locator"] == locator


def test_too_much_is_refused_before_it_is_read(world: World) -> None:
    answer = ask(world, f"{L2A}/cube", bbox="-5,42,8,51")
    assert answer.status_code == 400
    assert "limits.edr_values" in answer.json()["detail"]


def test_queries_that_a_collection_has_not_and_rights(world: World, hydro: World) -> None:
    assert ask(world, f"{L2A}/radius", coords="POINT(0 44)", within=5, within_units="km").status_code == 404
    assert ask(world, f"{L2A}/locations").status_code == 404
    assert ask(world, "nothing/position", coords="POINT(0 44)").status_code == 404
    assert ask(hydro, f"{RIVERS}/locations/nothing").status_code == 404
    research = "/ogcapi/collections/hydroweb-rivers-research/position?coords=POINT(1.9 47.9)"
    assert hydro.client.get(research).status_code == 404
    secret = hydro.services.catalog.keys.create(KeyRequest("eva", Role.USER, ("hydro",), "test"), OPERATOR)[1]
    answer = hydro.client.get(research, headers={"X-API-Key": secret})
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")
    assert rasterio.__version__
    assert json.loads(answer.text)["type"] in ("Coverage", "CoverageCollection")


TOWN = {
    "type": "Polygon",
    "coordinates": [[[0.505, 44.214], [0.515, 44.214], [0.515, 44.220], [0.510, 44.222], [0.505, 44.214]]],
}


def mount(path: Path, key: str) -> Mount:
    """A file as a collection, by pygeoapi's own provider."""
    return Mount(
        title=Bilingual(en="Communes", fr="Communes"), description=Bilingual(en="Polygons", fr="Polygones"),
        provider={"name": "GeoJSON", "data": str(path), "id_field": key},
    )  # fmt: skip


@pytest.fixture
def placed(world: World, tmp_path: Path) -> Iterator[TestClient]:
    features = [
        {"type": "Feature", "id": "31555", "properties": {"code": "31555", "name": "Town"}, "geometry": TOWN},
        {
            "type": "Feature",
            "id": "x y",
            "properties": {"code": "x y", "name": "Point"},
            "geometry": {"type": "Point", "coordinates": [0.5, 44.2]},
        },
    ]
    (tmp_path / "communes.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    settings = world.settings.model_copy(
        update={"features": {"communes": mount(tmp_path / "communes.geojson", "code")}, "places": "communes"}
    )
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield client


def test_rasters_have_the_named_places_of_the_settings(placed: TestClient, world: World) -> None:
    home = f"/ogcapi/collections/{L2A}"
    about = placed.get(home).json()
    assert "locations" in about["data_queries"]
    listed = placed.get(f"{home}/locations").json()
    assert [one["properties"]["name"] for one in listed["features"]] == ["Town", "Point"]
    link = listed["features"][0]["links"][0]["href"].removeprefix("http://maps.example")
    found = placed.get(link, params={"datetime": "2023-03-01/2023-03-31", "parameter-name": "B4"})
    assert found.headers["content-type"] == "application/prs.coverage+json"
    same = get(
        world,
        f"{L2A}/area",
        coords=shapely.from_geojson(json.dumps(TOWN)).wkt,
        datetime="2023-03-01/2023-03-31",
        parameter_name="B4",
    )
    assert check(found.json()) == same
    values = found.json()["ranges"]["B4"]["values"]
    assert len(found.json()["domain"]["axes"]["t"]["values"]) == 2
    assert any(one is None for one in values)
    assert any(one is not None for one in values)
    moved = placed.get(
        f"{home}/locations/31555", params={"crs": f"{EPSG}2154", "parameter-name": "B4", "f": "CSV"}
    )
    assert moved.headers["content-crs"] == f"<{EPSG}2154>"
    assert placed.get(f"{home}/locations/nowhere").status_code == 404
    assert placed.get(f"{home}/locations/x%20y").status_code == 400
    assert placed.get("/ogcapi/collections/sentinel2-l2a.clouds/locations").status_code in (200, 404)
    assert ask(world, f"{L2A}/locations").status_code == 404, "not without the setting"


def test_places_that_are_not_in_degrees_are_told_as_such(world: World) -> None:
    """The real communes of the north, which are in Lambert-93."""
    path = shared("data", "products", "zonal", "COMMUNE_59xxx.geojson")
    settings = world.settings.model_copy(
        update={"features": {"communes": mount(path, "INSEE_COM")}, "places": "communes"}
    )
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        answer = client.get(f"/ogcapi/collections/{L2A}/locations/59340")
        assert (answer.status_code, "longitude and latitude" in answer.text) == (503, True)


def test_places_must_be_a_collection_of_features(world: World) -> None:
    with pytest.raises(ConfigError, match="no collection of features"):
        checked_registry(world.settings.model_copy(update={"places": "comunes"}))
