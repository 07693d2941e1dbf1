# SPDX-License-Identifier: Apache-2.0
"""MUSCATE products (L2A, L3A, L2B-SNOW) in the layout of version 2.2, with metadata that validate against schema 1.18."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree
from numpy.typing import NDArray
from PIL import Image

from catalog.crs import transform
from catalog.generator.landscape import BANDS_10M, BANDS_20M, Landscape, Weather
from catalog.model.product import Grid
from catalog.raster.write import write_strips
from catalog.xml.build import document, el

NODATA = -10_000
_BLOCK = 512
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class Tile:
    """A Sentinel-2 tile, or the upper left part of it: `size` pixels of 10 m."""

    zone: str
    epsg: int
    west: float
    north: float
    size: int
    seed: int = 7

    @property
    def metres(self) -> float:
        """Length of a side."""
        return self.size * 10.0

    def grid(self, pixel: int) -> Grid:
        """The grid at 10 or 20 m."""
        side = self.size * 10 // pixel
        return Grid(self.epsg, self.west, self.north, float(pixel), float(pixel), side, side)

    def weather(self, day: date, cover: float, pixel: int) -> Weather:
        """The weather of a day at a resolution."""
        return Weather(Landscape(self.seed, self.size * 10 // pixel, float(pixel), self.metres), day, cover)


@dataclass(frozen=True)
class Sensor:
    """How the products of a sensor are laid out: its groups of bands (their pixels in metres), and what its metadata say of it."""

    groups: tuple[tuple[str, tuple[str, ...], int], ...]
    project: str = "SENTINEL2"
    orbit: str = "Orbit"
    zone: str = "Tile"
    looks: tuple[str, str, str] = ("B4", "B3", "B2")
    quantification: int = 10_000

    @property
    def bands(self) -> tuple[str, ...]:
        """All of them, in the order of the groups."""
        return tuple(band for _, bands, _ in self.groups for band in bands)


SENTINEL2 = Sensor((("R1", BANDS_10M, 10), ("R2", BANDS_20M, 20)))


def write_l2a(
    folder: Path,
    tile: Tile,
    day: date,
    cover: float,
    *,
    platform: str = "SENTINEL2A",
    version: str = "2-2",
    swath: float = 0.0,
) -> Path:
    """An L2A product (profile D) under `folder`; `swath` is the share of the tile that the orbit does not reach. Returns its folder."""
    name = f"{platform}_{day:%Y%m%d}-105031-461_L2A_{tile.zone}_D_V{version}"
    home = product_home(folder, name)
    for group, bands, pixel in SENTINEL2.groups:
        weather, grid = tile.weather(day, cover, pixel), tile.grid(pixel)
        outside = blocks(grid, np.uint8, lambda top, bottom: _outside(grid.width, top, bottom, swath))
        for band, counts in reflectances(weather, grid, bands).items():
            counts[outside == 1] = NODATA
            write_strips(home / f"{name}_FRE_{band}.tif", counts[None], grid)
            flat = np.where(counts == NODATA, counts, (counts * np.float32(0.97)).astype(np.int16))
            write_strips(home / f"{name}_SRE_{band}.tif", flat[None], grid)
        write_masks(home, name, group, weather, grid, outside)
    write_quicklook(home, name, tile.weather(day, cover, 20), tile.grid(20))
    write_metadata(home, name, tile, day, "L2A", "N2")
    return home


def write_l3a(folder: Path, tile: Tile, day: date, *, version: str = "1-1") -> Path:
    """A monthly synthesis (profile D): cloud-free, with weight, date and pixel state. Returns its folder."""
    name = f"SENTINEL2X_{day:%Y%m%d}-000000-000_L3A_{tile.zone}_D_V{version}"
    home = product_home(folder, name)
    for group, bands, pixel in SENTINEL2.groups:
        weather, grid = tile.weather(day, 0.0, pixel), tile.grid(pixel)
        for band, counts in reflectances(weather, grid, bands).items():
            write_strips(home / f"{name}_FRC_{band}.tif", counts[None], grid)
        state = blocks(grid, np.uint8, lambda top, bottom: _state(weather, top, bottom))
        weight = blocks(
            grid,
            np.int16,
            lambda top, bottom: 600 + 200 * np.clip(weather.land.noise(20, 20, top, bottom, 2), -2, 2),
        )
        when = np.full_like(weight, day.timetuple().tm_yday - 1)
        for suffix, values in (("FLG", state), ("WGT", weight), ("DTS", when)):
            write_strips(home / "MASKS" / f"{name}_{suffix}_{group}.tif", values[None], grid)
    write_quicklook(home, name, tile.weather(day, 0.0, 20), tile.grid(20))
    write_metadata(home, name, tile, day, "L3A", "N3")
    return home


def write_snow(
    folder: Path, tile: Tile, day: date, cover: float, *, platform: str = "SENTINEL2A", version: str = "2-0"
) -> Path:
    """An L2B-SNOW product, the C profile nested in the D folder as MUSCATE distributes it. Returns the D folder."""
    stem = f"{platform}_{day:%Y%m%d}-105031-461_L2B-SNOW_{tile.zone}"
    home = folder / f"{stem}_D_V{version}" / f"{stem}_C_V{version}"
    home.mkdir(parents=True)
    write_strips(
        home / f"{stem}_C_V{version}_SNW_R2.tif", snow_counts(tile, day, cover)[None], tile.grid(20), 255
    )
    return home.parent


def snow_counts(tile: Tile, day: date, cover: float) -> NDArray[np.uint8]:
    """0 no snow, 100 snow, 205 cloud or shadow, at 20 m."""
    weather = tile.weather(day, cover, 20)

    def block(top: int, bottom: int) -> NDArray[Any]:
        cloud, shadow = weather.clouds(top, bottom)
        return np.where(cloud | shadow, 205, np.where(weather.snow(top, bottom), 100, 0))

    return blocks(tile.grid(20), np.uint8, block)


def product_home(folder: Path, name: str) -> Path:
    """The folder of a product, with one for its masks."""
    home = folder / name
    (home / "MASKS").mkdir(parents=True)
    return home


def blocks(grid: Grid, dtype: Any, block: Callable[[int, int], NDArray[Any]]) -> NDArray[Any]:
    """A band made row block by row block."""
    out = np.empty((grid.height, grid.width), dtype)
    for top in range(0, grid.height, _BLOCK):
        bottom = min(grid.height, top + _BLOCK)
        out[top:bottom] = block(top, bottom)
    return out


def reflectances(weather: Weather, grid: Grid, bands: Sequence[str]) -> dict[str, NDArray[np.int16]]:
    """Reflectance x 10000 of some bands, each row block seen once."""
    out = {band: np.empty((grid.height, grid.width), np.int16) for band in bands}
    for top in range(0, grid.height, _BLOCK):
        bottom = min(grid.height, top + _BLOCK)
        scene = weather.scene(top, bottom)
        for band, counts in out.items():
            counts[top:bottom] = np.round(scene.reflectance(band) * 10_000)
    return out


def _outside(size: int, top: int, bottom: int, swath: float) -> NDArray[np.uint8]:
    """1 outside of the swath: a slanted edge on the west side."""
    edge = swath * size * 1.2 - 0.2 * np.arange(top, bottom)
    found: NDArray[np.uint8] = (np.arange(size)[None, :] < edge[:, None]).astype(np.uint8)
    return found if swath else np.zeros((bottom - top, size), np.uint8)


def write_masks(
    home: Path, name: str, group: str, weather: Weather, grid: Grid, outside: NDArray[np.uint8]
) -> None:
    """Clouds, geophysical mask, edge and the rest of a group."""

    def cloud_bits(top: int, bottom: int) -> NDArray[Any]:
        cloud, shadow = weather.clouds(top, bottom)
        return np.where(cloud, 0b1011, np.where(shadow, 0b100001, 0))

    def ground_bits(top: int, bottom: int) -> NDArray[Any]:
        cloud, shadow = weather.clouds(top, bottom)
        water = weather.land.classes(top, bottom) == 23
        bits: NDArray[Any] = water * 1 + cloud * 2 + (weather.snow(top, bottom) & ~cloud) * 4 + shadow * 8
        return bits

    inside = 1 - outside
    aerosol = np.stack([np.full(outside.shape, 25, np.uint8), np.full(outside.shape, 18, np.uint8)]) * inside
    write_strips(home / f"{name}_ATB_{group}.tif", aerosol.astype(np.uint8), grid)
    clm, mg2 = blocks(grid, np.uint8, cloud_bits) * inside, blocks(grid, np.uint8, ground_bits) * inside
    zero = np.zeros_like(outside)
    for suffix, values in (
        ("CLM", clm),
        ("MG2", mg2),
        ("EDG", outside),
        ("SAT", zero),
        ("DFP", zero),
        ("IAB", (clm != 0) * np.uint8(3)),
    ):
        write_strips(home / "MASKS" / f"{name}_{suffix}_{group}.tif", values[None], grid)


def _state(weather: Weather, top: int, bottom: int) -> NDArray[Any]:
    water = weather.land.classes(top, bottom) == 23
    return np.where(weather.snow(top, bottom), 2, np.where(water, 3, 4))


def write_quicklook(home: Path, name: str, weather: Weather, grid: Grid) -> None:
    """`*_QKL_ALL.jpg`: reflectance 0 to 0.25."""
    step = max(1, grid.width // 512)
    looks = reflectances(weather, grid, ("B4", "B3", "B2"))
    planes = [np.clip(counts[::step, ::step] / 2_500 * 255, 0, 255) for counts in looks.values()]
    Image.fromarray(np.dstack(planes).astype(np.uint8), "RGB").save(home / f"{name}_QKL_ALL.jpg", quality=85)


def write_metadata(
    home: Path, name: str, tile: Tile, day: date, level: str, quality: str, sensor: Sensor = SENTINEL2
) -> None:
    """`*_MTD_ALL.xml` in the order of Muscate_Metadata.xsd 1.18."""
    root = etree.Element("Muscate_Metadata_Document", nsmap={"xsi": _XSI})
    root.set(f"{{{_XSI}}}noNamespaceSchemaLocation", "Muscate_Metadata.xsd")
    taken, made = f"{day:%Y-%m-%d}T10:50:31.461Z", f"{day + timedelta(days=2):%Y-%m-%d}T15:50:31.461Z"
    part = el(root, "Metadata_Identification")
    el(part, "METADATA_FORMAT", "METADATA_MUSCATE", version="1.16")
    el(part, "METADATA_PROFILE", "DISTRIBUTED")
    el(part, "METADATA_INFORMATION", "PUBLIC")
    part = el(root, "Dataset_Identification")
    for tag, text in (
        ("IDENTIFIER", name.rsplit("_V", 1)[0]),
        ("AUTHORITY", "THEIA"),
        ("PRODUCER", "MUSCATE"),
        ("PROJECT", sensor.project),
    ):
        el(part, tag, text)
    el(part, "GEOGRAPHICAL_ZONE", tile.zone, type=sensor.zone)
    _characteristics(root, name, level, taken, made, sensor)
    _organisation(root, name, level, sensor)
    _position(root, tile, sensor)
    _geometry(root, sensor)
    _radiometry(root, sensor)
    _quality(root, name, quality, taken, made)
    _production(root, name, level, taken, made)
    (home / f"{name}_MTD_ALL.xml").write_bytes(document(root))


def _characteristics(
    root: etree._Element, name: str, level: str, taken: str, made: str, sensor: Sensor
) -> None:
    part = el(root, "Product_Characteristics")
    version = name.rsplit("_V", 1)[1].replace("-", ".")
    for tag, text in (
        ("PRODUCT_ID", name),
        ("ACQUISITION_DATE", taken),
        ("PRODUCTION_DATE", made),
        ("PRODUCT_VERSION", version),
        ("PRODUCT_LEVEL", level),
        ("PLATFORM", name.split("_")[0].split("-")[0]),
    ):
        el(part, tag, text)
    el(part, "ORBIT_NUMBER", "51", type=sensor.orbit)
    span = el(part, "UTC_Acquisition_Range")
    el(span, "MEAN", taken)
    el(span, "DATE_PRECISION", "0.001", unit="s")
    _band_list(part, "Band_Global_List", sensor.bands)
    groups = el(part, "Band_Group_List")
    for group, bands, _ in sensor.groups:
        _band_list(el(groups, "Group", group_id=group), "Band_List", bands)


def _band_list(parent: etree._Element, tag: str, bands: Sequence[str]) -> None:
    out = el(parent, tag, count=len(bands))
    for band in bands:
        el(out, "BAND_ID", band)


def _organisation(root: etree._Element, name: str, level: str, sensor: Sensor) -> None:
    product = el(el(root, "Product_Organisation"), "Muscate_Product")
    el(product, "QUICKLOOK", f"{name}_QKL_ALL.jpg", bands_id=",".join(sensor.looks))
    names = [group for group, _, _ in sensor.groups]
    images = el(product, "Image_List")
    natures = (
        (("Surface_Reflectance", "SRE"), ("Flat_Reflectance", "FRE"))
        if level == "L2A"
        else (("Composite_Surface_Reflectance_Image", "FRC"),)
    )
    for nature, tag in natures:
        files = _files(images, "Image", nature, "int16")
        for band in sensor.bands:
            el(files, "IMAGE_FILE", f"{name}_{tag}_{band}.tif", band_id=band)
    if level != "L2A":
        return
    for number, nature in ((1, "Water_Vapor_Content"), (2, "Aerosol_Optical_Thickness")):
        files = _files(images, "Image", nature, "byte")
        for group in names:
            el(files, "IMAGE_FILE", f"{name}_ATB_{group}.tif", group_id=group, band_number=number)
    masks = el(product, "Mask_List")
    for nature, tag, bit in (
        ("Detailed_Cloud", "CLM", 0),
        ("Edge", "EDG", 0),
        ("Water", "MG2", 1),
        ("Cloud", "MG2", 2),
        ("Snow", "MG2", 3),
        ("Cloud_Shadow", "MG2", 4),
    ):
        files = _files(masks, "Mask", nature, "byte")
        for group in names:
            entry = el(files, "MASK_FILE", f"MASKS/{name}_{tag}_{group}.tif", group_id=group)
            if bit:
                entry.set("bit_number", str(bit))


def _files(parent: etree._Element, what: str, nature: str, encoding: str) -> etree._Element:
    out = el(parent, what)
    properties = el(out, f"{what}_Properties")
    for tag, text in (
        ("NATURE", nature),
        ("FORMAT", "image/tiff"),
        ("ENCODING", encoding),
        ("ENDIANNESS", "LittleEndian"),
        ("COMPRESSION", "None"),
    ):
        el(properties, tag, text)
    return el(out, f"{what}_File_List")


def _position(root: etree._Element, tile: Tile, sensor: Sensor) -> None:
    part = el(root, "Geoposition_Informations")
    reference = el(part, "Coordinate_Reference_System")
    el(reference, "GEO_TABLES", "EPSG")
    horizontal = el(reference, "Horizontal_Coordinate_System")
    el(horizontal, "HORIZONTAL_CS_TYPE", "PROJECTED")
    el(horizontal, "HORIZONTAL_CS_NAME", f"WGS 84 / UTM zone {tile.epsg % 100}N")
    el(horizontal, "HORIZONTAL_CS_CODE", tile.epsg)
    for tag, kind in (("Raster_CS", "RASTER_CS_TYPE"), ("Metadata_CS", "METADATA_CS_TYPE")):
        system = el(part, tag)
        el(system, kind, "CELL")
        el(system, "PIXEL_ORIGIN", 0)
    positions = el(part, "Geopositioning")
    corners = el(positions, "Global_Geopositioning")
    for name, right, down in (
        ("upperLeft", 0, 0),
        ("upperRight", 1, 0),
        ("lowerRight", 1, 1),
        ("lowerLeft", 0, 1),
        ("center", 0.5, 0.5),
    ):
        x, y = tile.west + right * tile.metres, tile.north - down * tile.metres
        lon, lat = transform(tile.epsg, 4326, np.array([x]), np.array([y]))
        point = el(corners, "Point", name=name)
        for tag, value in (
            ("LAT", round(float(lat[0]), 9)),
            ("LON", round(float(lon[0]), 9)),
            ("X", x),
            ("Y", y),
        ):
            el(point, tag, value)
    groups = el(positions, "Group_Geopositioning_List")
    for group, _, pixel in sensor.groups:
        grid = tile.grid(pixel)
        out = el(groups, "Group_Geopositioning", group_id=group)
        for tag, whole in (
            ("ULX", int(grid.west)),
            ("ULY", int(grid.north)),
            ("XDIM", pixel),
            ("YDIM", -pixel),
            ("NROWS", grid.height),
            ("NCOLS", grid.width),
        ):
            el(out, tag, whole)


def _geometry(root: etree._Element, sensor: Sensor) -> None:
    means = el(el(root, "Geometric_Informations"), "Mean_Value_List")
    _angles(el(means, "Sun_Angles"), 45.0, 160.0)
    views = el(means, "Mean_Viewing_Incidence_Angle_List")
    for number, band in enumerate(sensor.bands):
        _angles(
            el(views, "Mean_Viewing_Incidence_Angle", band_id=band), 4.1 + 0.03 * number, 105.0 + 0.1 * number
        )


def _angles(parent: etree._Element, zenith: float, azimuth: float) -> None:
    el(parent, "ZENITH_ANGLE", f"{zenith:.2f}", unit="deg")
    el(parent, "AZIMUTH_ANGLE", f"{azimuth:.2f}", unit="deg")


def _radiometry(root: etree._Element, sensor: Sensor) -> None:
    part = el(root, "Radiometric_Informations")
    el(part, "REFLECTANCE_QUANTIFICATION_VALUE", sensor.quantification)
    el(part, "WATER_VAPOR_CONTENT_QUANTIFICATION_VALUE", 20)
    el(part, "AEROSOL_OPTICAL_THICKNESS_QUANTIFICATION_VALUE", 200)
    special = el(part, "Special_Values_List")
    for name, value in (
        ("nodata", NODATA),
        ("water_vapor_content_nodata", 0),
        ("aerosol_optical_thickness_nodata", 0),
    ):
        el(special, "SPECIAL_VALUE", value, name=name)
    bands = el(part, "Spectral_Band_Informations_List")
    for band, pixel in ((band, pixel) for _, members, pixel in sensor.groups for band in members):
        out = el(bands, "Spectral_Band_Informations", band_id=band)
        native = el(el(out, "Calibration_Coefficients_Lists"), "Native_Coefficients_List")
        el(native, "COEFFICIENT", "4.0", name="PhysicalGain")
        el(out, "SPATIAL_RESOLUTION", pixel, unit="m")


def _quality(root: etree._Element, name: str, level: str, taken: str, made: str) -> None:
    current = el(el(root, "Quality_Informations"), "Current_Product")
    product = el(el(current, "Product_Quality_List", level=level), "Product_Quality")
    _product(el(product, "Source_Product"), name, taken, made)
    indexes = el(product, "Global_Index_List")
    for index, value in (
        ("CloudPercent", 0),
        ("SnowPercent", 0),
        ("RainDetected", "false"),
        ("HotSpotDetected", "false"),
    ):
        el(indexes, "QUALITY_INDEX", value, name=index)


def _production(root: etree._Element, name: str, level: str, taken: str, made: str) -> None:
    job = el(el(el(root, "Production_Informations"), "Processing_Jobs_List"), "Job")
    for tag, text in (
        ("WORKPLAN_ID", "generated"),
        ("STEP_ID", level),
        ("JOB_ID", "1"),
        ("PRODUCER_NAME", "MUSCATE"),
        ("START_PRODUCTION_DATE", taken),
        ("END_PRODUCTION_DATE", made),
    ):
        el(job, tag, text)
    products = el(job, "Products_List")
    _product(el(el(products, "Inputs_List"), "PRODUCT"), name.replace(level, "L1C"), taken, taken)
    _product(el(el(products, "Outputs_List"), "PRODUCT"), name, taken, made)


def _product(parent: etree._Element, name: str, taken: str, made: str) -> None:
    for tag, text in (("PRODUCT_ID", name), ("ACQUISITION_DATE", taken), ("PRODUCTION_DATE", made)):
        el(parent, tag, text)
