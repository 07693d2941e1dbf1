# SPDX-License-Identifier: Apache-2.0
"""Land cover as polygons: ingested from a département's shapefile, drawn from a raster far away and as polygons near by, told, listed, in vector tiles."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pyarrow.parquet as pq
import pyproj
import pytest
import rasterio
import shapefile
import shapely
from PIL import Image
from starlette.testclient import TestClient

from catalog.crs import transform
from catalog.generator.muscate import Tile
from catalog.generator.rasters import write_oso_polygons
from catalog.ingest.batch import Ingest
from catalog.model.area import Box
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.product import AssetRole, Product
from catalog.query import Property, equal
from catalog.service import Catalog
from catalog.vector import GROUP, PolygonFiles, write_polygons
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest

TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 400)
LAYER = "SERVICE=WMS&VERSION=1.3.0&LAYERS=oso-vector&STYLES=&CRS=EPSG:2154&FORMAT=image/png&TIME=2020-01-01"


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, Settings]]:
    folder = tmp_path_factory.mktemp("land")
    settings = Settings(data=folder / "data")
    catalog = wire_catalog(settings)
    write_oso_polygons(folder / "inbox", TILE, 2020)
    worker = wire_ingest(settings, catalog)
    assert worker.run(worker.find([folder / "inbox"])).counts() == {"new": 1}
    yield catalog, settings
    catalog.close()


@pytest.fixture(scope="module")
def client(land: tuple[Catalog, Settings]) -> Iterator[TestClient]:
    with TestClient(build(land[1])) as made:
        yield made


def product(catalog: Catalog) -> Product:
    (found,) = catalog.search(equal(Property.COLLECTION, "oso-vector"), ANONYMOUS, Deadline.after(10))
    return found


def middle(catalog: Catalog) -> tuple[float, float]:
    asset = product(catalog).asset_of("CLASS")
    assert asset and asset.grid
    box = asset.grid.box
    return (box.west + box.east) / 2, (box.south + box.north) / 2


def picture(client: TestClient, x: float, y: float, metres: float, side: int = 256) -> np.ndarray:
    half = metres * side / 2
    answer = client.get(f"/wms?{LAYER}&REQUEST=GetMap&TRANSPARENT=TRUE&BBOX={x - half},{y - half},{x + half},{y + half}&WIDTH={side}&HEIGHT={side}")  # fmt: skip
    assert answer.headers["content-type"] == "image/png", answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def test_its_raster_its_polygons_and_its_archive_name(land: tuple[Catalog, Settings]) -> None:
    catalog, _ = land
    found = product(catalog)
    assert (found.id, found.zone) == ("OSO_20200101_VECTOR_departement_31", "31")
    raster, kept = found.asset_of("CLASS"), found.first(AssetRole.VECTOR)
    assert raster and raster.grid and kept and kept.path.endswith("polygons.parquet")
    assert (raster.grid.epsg, raster.grid.pixel_width) == (2154, 10.0)
    told = json.loads(pq.read_schema(catalog.archive / kept.path).metadata[b"geo"])
    assert told["version"] == "1.1.0" and told["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 2154}  # fmt: skip
    table = pq.read_table(catalog.archive / kept.path)
    assert {"Classe", "Validmean", "Validstd", "Confidence"} <= set(table.column_names)
    with rasterio.open(catalog.archive / raster.path) as opened:
        pixels = opened.read(1)
    shapes = shapely.from_wkb(table.column("geometry").to_numpy())
    for number in range(0, len(shapes), max(1, len(shapes) // 40)):
        point = shapely.point_on_surface(shapes[number])
        row, column = int((raster.grid.north - point.y) / 10), int((point.x - raster.grid.west) / 10)
        assert pixels[row, column] == table.column("Classe")[number].as_py()
    assert shapely.area(shapes).sum() == pytest.approx(np.count_nonzero(pixels) * 100, rel=0.01)


def test_near_by_the_polygons_are_drawn_with_the_colours_of_the_raster_and_edges(
    land: tuple[Catalog, Settings], client: TestClient
) -> None:
    x, y = middle(land[0])
    far, near = picture(client, x, y, 12.0), picture(client, x, y, 4.0)
    colours = {tuple(one) for one in far.reshape(-1, 4) if one[3]}
    inner = {tuple(one) for one in near.reshape(-1, 4) if one[3]}
    whole = colours | {tuple(one) for one in picture(client, x, y, 30.0).reshape(-1, 4) if one[3]}
    edges = inner - whole
    assert edges and {tuple(round(part * (1 - 96 / 255)) for part in one[:3]) for one in whole} >= {
        one[:3] for one in edges
    }
    # a pixel well inside of a polygon has the colour that the raster has there
    same = [
        tuple(near[128 + 3 * a, 128 + 3 * b]) == tuple(far[128 + a, 128 + b])
        for a in range(-40, 40, 8)
        for b in range(-40, 40, 8)
        if tuple(near[128 + 3 * a, 128 + 3 * b]) not in edges
    ]
    assert np.mean(same) > 0.9


def test_very_near_classes_are_named_beside_their_polygons(
    land: tuple[Catalog, Settings], client: TestClient
) -> None:
    x, y = middle(land[0])
    close = picture(client, x, y, 1.0, 512)
    dark = (close[..., :3].sum(axis=2) < 150) & (close[..., 3] == 255)
    assert dark.sum() > 60  # letters; no class is so dark and opaque


def test_a_click_tells_the_polygon(land: tuple[Catalog, Settings], client: TestClient) -> None:
    x, y = middle(land[0])
    box = f"{x - 500},{y - 500},{x + 500},{y + 500}"
    said = client.get(f"/wms?{LAYER}&REQUEST=GetFeatureInfo&QUERY_LAYERS=oso-vector&INFO_FORMAT=application/json&I=50&J=50&BBOX={box}&WIDTH=100&HEIGHT=100").json()  # fmt: skip
    (feature,) = said["features"]
    known = feature["properties"]
    assert known["CLASS_value"] == known["Classe"] and 60 <= known["Confidence"] < 100
    assert known["product"] == "OSO_20200101_VECTOR_departement_31"


def test_polygons_are_features_in_pages_and_vector_tiles(
    land: tuple[Catalog, Settings], client: TestClient
) -> None:
    catalog, _ = land
    items = "/ogcapi/collections/oso-vector/items"
    first = client.get(f"{items}?limit=7").json()
    seen = [one["id"] for one in first["features"]]
    page = first
    while len(seen) < 30 and (
        href := next((one["href"] for one in page["links"] if one["rel"] == "next"), "")
    ):
        page = client.get("/" + href.split("/", 3)[3]).json()
        seen += [one["id"] for one in page["features"]]
    assert len(seen) == len(set(seen)) >= 28 and first["numberMatched"] > len(seen)
    one = client.get(f"{items}/{seen[0]}").json()
    assert one["properties"]["class"] and one["geometry"]["type"] in ("Polygon", "MultiPolygon")
    x, y = middle(catalog)
    lon, lat = transform(2154, 4326, np.array([x, x + 300.0]), np.array([y, y + 300.0]))
    inside = client.get(f"{items}?bbox={lon[0]},{lat[0]},{lon[1]},{lat[1]}&limit=100").json()
    assert 0 < inside["numberMatched"] < first["numberMatched"]
    assert client.get(f"{items}?datetime=2019-01-01").json()["numberMatched"] == 0
    assert client.get(f"{items}/OSO_20200101_VECTOR_departement_31.999999").status_code == 404
    size = 360 / 2**15
    column, row = int((lon[0] + 180) / size), int((90 - lat[0]) / size)
    tile = client.get(f"/ogcapi/collections/oso-vector/tiles/WorldCRS84Quad/14/{row}/{column}")
    layer = mapbox_vector_tile.decode(tile.content)["oso-vector"]
    assert layer["features"] and "Classe" in layer["features"][0]["properties"]


@pytest.mark.parametrize(
    ("field", "value", "says"), [("Class", 5, "has no field Classe"), ("Classe", 99, "which are no classes"), ("Classe", None, "not a number")]
)  # fmt: skip
def test_what_is_no_land_cover_is_refused_with_its_reason(tmp_path: Path, land: tuple[Catalog, Settings], field: str, value: int | None, says: str) -> None:  # fmt: skip
    catalog, _ = land
    name = "OSO_20210101_VECTOR_departement_09_V1-0"
    stem = tmp_path / "x"
    with shapefile.Writer(str(stem), shapeType=shapefile.POLYGON) as out:
        out.field(field, "N", 3)
        out.poly([[[500_000, 6_200_000], [500_000, 6_200_100], [500_100, 6_200_100], [500_000, 6_200_000]]])
        out.record(value)
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as packed:
        for ending in ("shp", "shx", "dbf"):
            packed.write(stem.with_suffix(f".{ending}"), f"{name}/DATA/x.{ending}")
        packed.writestr(f"{name}/DATA/x.prj", pyproj.CRS.from_epsg(2154).to_wkt("WKT1_ESRI"))
    worker = Ingest(catalog, land[1].limits, OPERATOR)
    (outcome,) = worker.run(worker.find([tmp_path / f"{name}.zip"])).outcomes
    assert outcome.status == "failed" and says in outcome.reason


def test_a_file_of_many_groups_gives_what_a_scan_gives(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    corners = rng.uniform(0, 10_000, (3 * GROUP, 2))
    shapes = np.array([shapely.box(x, y, x + 20, y + 20) for x, y in corners], object)
    write_polygons(tmp_path / "p.parquet", 2154, shapes, {"n": list(range(len(shapes)))})
    files = PolygonFiles()
    for _ in range(5):
        x, y = rng.uniform(0, 9_000, 2)
        box = Box(west=x, south=y, east=x + 700, north=y + 700)
        found = files.within(tmp_path / "p.parquet", box, 10_000)
        assert found is not None
        expected = {n for n, (a, b) in enumerate(corners) if a <= x + 700 and a + 20 >= x and b <= y + 700 and b + 20 >= y}  # fmt: skip
        assert {one.attributes["n"] for one in found} == expected
        assert all(one.shape.equals(shapes[one.attributes["n"]]) for one in found)
    assert files.within(tmp_path / "p.parquet", Box(west=0, south=0, east=1e5, north=1e5), 10) is None
    (tmp_path / "broken.parquet").write_bytes(b"no")
    with pytest.raises(OSError):
        files.count(tmp_path / "broken.parquet", None)
