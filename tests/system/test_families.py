# SPDX-License-Identifier: Apache-2.0
"""The families of products beside Sentinel-2's: real samples where there are some, exact values, and grids in netCDF in the forms that producers write."""

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
import shapely
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient
from support import DAYS, TILE, World, shared
from wms_probe import get_info, get_map, pixels

from catalog.generator.families import write_dem, write_smos
from catalog.generator.optical import write_l1c, write_landsat, write_venus
from catalog.ingest.batch import Ingest, Report
from catalog.ingest.readers import safe
from catalog.ingest.readers.scene import Members
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.product import Product
from catalog.raster.cf import describe_variable, read_variable
from catalog.raster.files import Unreadable, read_band
from catalog.service import Catalog, open_catalog
from config.limits import Limits
from config.registry import load_registry
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    found = open_catalog(f"sqlite:///{tmp_path / 'h.db'}", load_registry(), Limits(), tmp_path / "archive")
    yield found
    found.close()


def take(catalog: Catalog, *paths: Path, policies: dict[str, str] | None = None) -> Report:
    worker = Ingest(catalog, Limits(), OPERATOR, policies)  # type: ignore[arg-type]
    return worker.run(worker.find(paths))


def stored(catalog: Catalog, name: str) -> Product:
    return catalog.product(name, ANONYMOUS, Deadline.after(10))


def counts(catalog: Catalog, product: Product, band: str) -> np.ndarray:
    asset = product.asset_of(band)
    assert asset
    return read_band(catalog.archive / asset.path, asset.bands[band])


def test_every_generated_family_is_taken(families: World) -> None:
    assert {outcome.status for outcome in families.report.outcomes} == {"new"}
    assert len(families.report.outcomes) == 15


def test_the_real_n2a_of_the_former_format(catalog: Catalog) -> None:
    """Seven bands of one file, as uint16; masks of one date are uint16 and those of the other uint8."""
    home = shared("data", "products", "l8_n2a_oldformat")
    assert [one.status for one in take(catalog, home).outcomes if one.status != "skipped"] == ["new", "new"]
    product = stored(catalog, "LANDSAT8_OLITIRS_XS_20160415_N2A_France-MetropoleD0005H0002")
    (raster,) = home.rglob("*20160415*PENTE*.TIF")
    with rasterio.open(raster) as dataset:
        for number in range(1, 8):
            assert (counts(catalog, product, f"B{number}") == dataset.read(number)).all()
    red = product.asset_of("B4")
    assert red
    assert (red.scale, red.grid.epsg if red.grid else 0, product.cloud) == (0.001, 2154, 0.0)


def test_the_real_l1c_has_the_offset_of_its_baseline(catalog: Catalog) -> None:
    """Baseline 05.10: reflectance = (count - 1000) / 10000 (RADIO_ADD_OFFSET)."""
    home = shared("data", "products", "l1c_safe_t31tcj")
    take(catalog, home)
    product = stored(catalog, "S2A_MSIL1C_20240120T105341_R051_T31TCJ")
    (path,) = home.rglob("*_B04.jp2")
    with rasterio.open(path) as dataset:
        assert (counts(catalog, product, "B04") == dataset.read(1)).all()
    red = product.asset_of("B04")
    assert red
    assert (red.scale, red.offset) == pytest.approx((0.0001, -0.1))
    assert product.quality["PROCESSING_BASELINE"] == "05.10"


def test_an_old_baseline_has_no_offset(tmp_path: Path) -> None:
    home = write_l1c(tmp_path, TILE, DAYS[0], 0.0)
    path = home / "MTD_MSIL1C.xml"
    new = safe.read(Members({path.name: path}, 1 << 20))
    assert (new.scale, new.offset) == pytest.approx((0.0001, -0.1))
    root = etree.fromstring(path.read_bytes())
    for element in list(root.iter("Radiometric_Offset_List")):
        element.getparent().remove(element)
    path.write_bytes(etree.tostring(root))
    assert safe.read(Members({path.name: path}, 1 << 20)).offset == 0.0


def test_a_jpeg_2000_can_stay_where_it_is(catalog: Catalog, tmp_path: Path) -> None:
    home = write_l1c(tmp_path, TILE, DAYS[0], 0.0)
    assert [one.status for one in take(catalog, home, policies={"sentinel2-l1c": "in_place"}).outcomes] == [
        "new"
    ]
    asset = stored(catalog, "S2A_MSIL1C_20230305T105031_R051_T31TCJ").asset_of("B04")
    assert asset
    assert (asset.driver, Path(asset.path).suffix, asset.nodata) == ("JP2OpenJPEG", ".jp2", (0,))


def test_the_real_relief_has_its_heights(catalog: Catalog) -> None:
    path = shared("data", "products", "dem", "N44E005.hgt")
    take(catalog, path)
    heights = np.fromfile(path, ">i2").reshape(1_201, 1_201)
    assert (counts(catalog, stored(catalog, "SRTM_N44E005"), "HEIGHT") == heights).all()


@pytest.mark.parametrize("write", [write_landsat, write_venus])
def test_generated_metadata_validate(write, tmp_path: Path) -> None:
    folder = shared("data", "products", "muscate_schema")
    (path,) = folder.rglob("Muscate_Metadata.xsd")
    home = write(tmp_path, TILE, DAYS[0], 0.1)
    (metadata,) = home.glob("*_MTD_ALL.xml")
    etree.XMLSchema(file=str(path)).assertValid(etree.parse(metadata))


def test_venus_counts_are_thousandths(families: World) -> None:
    """REFLECTANCE_QUANTIFICATION_VALUE is 1000: the same land has the same reflectance as from Sentinel-2."""
    product = families.services.catalog.product(
        "VENUS-XS_20230305-105554-000_L2A_FR-LUS_D", ANONYMOUS, Deadline.after(10)
    )
    red = product.asset_of("B7")
    assert red
    assert red.scale == pytest.approx(0.001)


def netcdf(path: Path, lat: np.ndarray, lon: np.ndarray, values: np.ndarray, **attributes: object) -> Path:
    with netCDF4.Dataset(path, "w") as out:
        for name, axis, unit in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            out.createDimension(name, axis.size)
            made = out.createVariable(name, "f8", (name,))
            made.units = unit
            made[:] = axis
        variable = out.createVariable("v", "f4", ("lat", "lon"), fill_value=-1.0)
        variable.setncatts(attributes)
        variable[:] = values
    return path


LAT, LON = np.array([-45.0, 0.0, 45.0]), np.array([45.0, 135.0, 225.0, 315.0])
VALUES = np.arange(12.0).reshape(3, 4)


def test_rows_from_the_south_and_longitudes_to_360_are_brought_in_order(tmp_path: Path) -> None:
    path = netcdf(tmp_path / "a.nc", LAT, LON, VALUES)
    grid = describe_variable(path, "v", None).grid
    assert (grid.epsg, grid.west, grid.north, grid.pixel_width, grid.pixel_height) == (
        4326,
        -180,
        67.5,
        90,
        45,
    )
    assert read_variable(path, "v", None).tolist() == [[10, 11, 8, 9], [6, 7, 4, 5], [2, 3, 0, 1]]


def test_packed_values_come_in_their_unit_and_fill_values_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    netcdf(path, LAT[::-1], LON - 180, VALUES)
    with netCDF4.Dataset(path, "a") as out:
        packed = out.createVariable("p", "i2", ("lat", "lon"), fill_value=-7)
        packed.setncatts({"scale_factor": 0.5, "add_offset": 100.0})
        packed.set_auto_maskandscale(False)
        packed[:] = np.array([[0, 1, 2, -7]] * 3)
    row = read_variable(path, "p", None)[0]
    assert row[:3].tolist() == [100, 100.5, 101]
    assert np.isnan(row[3])


def test_ease_grid_comes_back_on_its_metres(tmp_path: Path) -> None:
    path = write_smos(tmp_path, date(2023, 3, 5))
    grid = describe_variable(path, "Soil_Moisture", 6933).grid
    assert (grid.epsg, grid.width, grid.height) == (6933, 1_388, 584)
    assert grid.pixel_width == pytest.approx(25_025.26, rel=1e-4)
    assert grid.west == pytest.approx(-17_367_530.44, abs=20)


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (np.array([0.0, 1.0, 3.0]), LON, "do not rise evenly"),
        (LAT, np.array([0.0, 10.0, 5.0, 20.0]), "do not rise evenly"),
    ],
)
def test_uneven_axes_are_refused(tmp_path: Path, lat: np.ndarray, lon: np.ndarray, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        describe_variable(netcdf(tmp_path / "a.nc", lat, lon, VALUES), "v", None)


def test_what_is_no_grid_is_refused(tmp_path: Path) -> None:
    path = netcdf(tmp_path / "a.nc", LAT, LON, VALUES)
    with pytest.raises(Unreadable, match="has no variable w"):
        describe_variable(path, "w", None)
    with pytest.raises(Unreadable, match="is not one grid"):
        describe_variable(path, "lat", None)
    broken = tmp_path / "b.nc"
    broken.write_bytes(path.read_bytes()[:900])
    with pytest.raises(Unreadable, match="not a readable netCDF"):
        describe_variable(broken, "v", None)


def test_a_grid_of_the_world_covers_it(families: World) -> None:
    for name in ("PRECIPITATION_DAILY_20230305", "GRACE_LWE_20230301", "SM_MIR_CLF3SA_20230305"):
        product = families.services.catalog.product(name, ANONYMOUS, Deadline.after(10))
        west, south, east, north = shapely.from_wkb(product.footprint).bounds
        assert (west, east) == pytest.approx((-180, 180), abs=0.3), name
        assert north - south > 160, name


def test_a_float_is_drawn_and_told_in_its_unit(families: World) -> None:
    layer = "precipitation"
    box = {"BBOX": "-90,-180,90,180", "LAYERS": layer, "QUERY_LAYERS": layer, "WIDTH": 720, "HEIGHT": 360}
    told = json.loads(get_info(families, **box, I=100, J=50).body)["features"][0]["properties"]["RAIN (mm/d)"]
    product = families.services.catalog.product("PRECIPITATION_DAILY_20230305", ANONYMOUS, Deadline.after(10))
    asset = product.asset_of("RAIN")
    assert asset
    stored_value = read_band(families.services.catalog.archive / asset.path, 1)[50, 100]
    assert told == pytest.approx(stored_value, rel=1e-6)


def test_snow_seasons_stand_for_their_year(families: World) -> None:
    name = "LIS_S2-SNOW-SEASON_T31TCJ_20220901_20230831"
    product = families.services.catalog.product(name, ANONYMOUS, Deadline.after(10))
    assert product.period.end - product.period.start == 365 * 86_400_000_000


def test_shaded_tiles_have_no_seam(families: World) -> None:
    """Slopes reach one pixel over the edge: four quarters side by side are the whole."""

    def picture(west: float, south: float, east: float, north: float, side: int) -> np.ndarray:
        answer = get_map(
            families, LAYERS="dem", BBOX=f"{south},{west},{north},{east}", WIDTH=side, HEIGHT=side
        )
        return pixels(answer)

    whole = picture(0.2, 44.2, 0.4, 44.4, 128).astype(int)
    rows = [
        np.concatenate([picture(x, y, x + 0.1, y + 0.1, 64) for x in (0.2, 0.3)], axis=1)
        for y in (44.3, 44.2)
    ]
    assert np.abs(np.concatenate(rows).astype(int) - whole).max() <= 1


def test_light_from_the_north_west_brightens_what_faces_it(tmp_path: Path) -> None:
    """A pyramid: its north-western side is the brightest, its south-eastern the darkest."""
    path = write_dem(tmp_path, 44, 0)
    down, across = np.mgrid[0:1_201, 0:1_201]
    path.write_bytes((12_000 - 20 * np.maximum(abs(down - 600), abs(across - 600))).astype(">i2").tobytes())
    settings = Settings(data=tmp_path)
    own = wire_catalog(settings)
    worker = wire_ingest(settings, own)
    worker.run(worker.find([path]))
    own.close()
    with TestClient(build(settings)) as client:
        query = (
            "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=dem&STYLES=relief&CRS=CRS:84&BBOX=0,44,1,45"
            "&WIDTH=200&HEIGHT=200&FORMAT=image/png"
        )
        shown = np.asarray(Image.open(BytesIO(client.get(query).content)).convert("L")).astype(float)
    north, south, west, east = shown[40, 100], shown[160, 100], shown[100, 40], shown[100, 160]
    assert min(north, west) > max(south, east) + 20
