# SPDX-License-Identifier: Apache-2.0
"""Reflectances of other satellites over the same landscape: Landsat and Venµs L2A in MUSCATE's layout, Sentinel-2 L1C as a SAFE."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from catalog.crs import transform_box
from catalog.generator.muscate import (
    NODATA,
    Sensor,
    Tile,
    product_home,
    reflectances,
    write_masks,
    write_metadata,
    write_quicklook,
)
from catalog.model.product import Grid
from catalog.raster.write import write_jp2, write_strips
from catalog.xml.build import document, el

_LANDSAT: Mapping[str, str] = {
    "B1": "B2", "B2": "B2", "B3": "B3", "B4": "B4", "B5": "B8", "B6": "B11", "B7": "B12",
}  # fmt: skip
_VENUS: Mapping[str, str] = {
    "B1": "B2", "B2": "B2", "B3": "B2", "B4": "B3", "B5": "B4", "B6": "B4", "B7": "B4", "B8": "B5",
    "B9": "B6", "B10": "B7", "B11": "B8", "B12": "B8A",
}  # fmt: skip
"""A band to the band of the landscape's spectra that is nearest to it."""
_L1C: Mapping[str, tuple[str, int, float]] = {
    "B01": ("B2", 60, 0.10), "B02": ("B2", 10, 0.06), "B03": ("B3", 10, 0.04), "B04": ("B4", 10, 0.02),
    "B05": ("B5", 20, 0.02), "B06": ("B6", 20, 0.01), "B07": ("B7", 20, 0.01), "B08": ("B8", 10, 0.01),
    "B8A": ("B8A", 20, 0.01), "B09": ("B8A", 60, 0.0), "B10": ("B12", 60, 0.0), "B11": ("B11", 20, 0.0),
    "B12": ("B12", 20, 0.0),
}  # fmt: skip
"""A band to its nearest band, its pixel in metres, and the light that the air adds."""
_OFFSET = -1_000


def write_landsat(folder: Path, tile: Tile, day: date, cover: float, *, platform: str = "LANDSAT8") -> Path:
    """A Landsat L2A (profile D) at 30 m, reflectance x 10000. Returns its folder."""
    name = f"{platform}-OLITIRS-XS_{day:%Y%m%d}-103532-111_L2A_{tile.zone}_D_V2-2"
    sensor = Sensor((("XS", tuple(_LANDSAT), 30),), "LANDSAT", "Path")
    return _level_2a(folder, name, tile, day, cover, sensor, _LANDSAT)


def write_venus(folder: Path, tile: Tile, day: date, cover: float, *, site: str = "FR-LUS") -> Path:
    """A Venµs L2A (profile D) at 10 m, reflectance x 1000. Returns its folder."""
    name = f"VENUS-XS_{day:%Y%m%d}-105554-000_L2A_{site}_D_V3-0"
    sensor = Sensor(
        (("XS", tuple(_VENUS), 10),), "VENUS", zone="Site", looks=("B7", "B4", "B3"), quantification=1_000
    )
    return _level_2a(folder, name, tile, day, cover, sensor, _VENUS)


def _level_2a(
    folder: Path,
    name: str,
    tile: Tile,
    day: date,
    cover: float,
    sensor: Sensor,
    bands: Mapping[str, str],
) -> Path:
    home = product_home(folder, name)
    _, _, pixel = sensor.groups[0]
    weather, grid = tile.weather(day, cover, pixel), tile.grid(pixel)
    seen = reflectances(weather, grid, tuple(dict.fromkeys(bands.values())))
    outside = np.zeros((grid.height, grid.width), np.uint8)
    outside[:, : grid.width // 20] = 1
    for band, near in bands.items():
        counts = np.round(seen[near] * (sensor.quantification / 10_000)).astype(np.int16)
        counts[outside == 1] = NODATA
        write_strips(home / f"{name}_FRE_{band}.tif", counts[None], grid)
        flat = np.where(counts == NODATA, counts, (counts * np.float32(0.97)).astype(np.int16))
        write_strips(home / f"{name}_SRE_{band}.tif", flat[None], grid)
    write_masks(home, name, "XS", weather, grid, outside)
    write_quicklook(home, name, tile.weather(day, cover, 20), tile.grid(20))
    write_metadata(home, name, tile, day, "L2A", "N2", sensor)
    return home


def write_n2a(
    folder: Path, tile: Tile, day: date, cover: float, *, zone: str = "France-MetropoleD0005H0002"
) -> Path:
    """A Landsat-8 N2A of the former format: seven bands in one file in Lambert-93, reflectance x 1000, masks beside it. Returns its folder."""
    stem = f"LANDSAT8_OLITIRS_XS_{day:%Y%m%d}_N2A"
    home = folder / f"{stem}_{zone}"
    (home / "MASK").mkdir(parents=True)
    box = transform_box(tile.grid(30).box, tile.epsg, 2154)
    assert box
    weather, near = tile.weather(day, cover, 30), tile.grid(30)
    grid = Grid(
        2154, float(round(box.west, -1)), float(round(box.north, -1)), 30.0, 30.0, near.width, near.height
    )
    seen = reflectances(weather, near, tuple(dict.fromkeys(_LANDSAT.values())))
    bands = np.stack([np.round(seen[one] / 10) for one in _LANDSAT.values()]).astype(np.int16)
    write_strips(home / f"{stem}_ORTHO_SURF_CORR_PENTE_{zone}.TIF", bands, grid)
    cloud, shadow = weather.clouds(0, near.height)
    mask = np.where(cloud, 0b11, np.where(shadow, 0b1001, 0)).astype(np.uint8)
    write_strips(home / "MASK" / f"{stem}_{zone}_NUA.TIF", mask[None], grid)
    return home


def write_l1c(folder: Path, tile: Tile, day: date, cover: float, *, platform: str = "S2A") -> Path:
    """A level 1C of baseline 05.10 as a SAFE: JPEG 2000, counts with the offset of -1000. Returns its folder."""
    taken = f"{day:%Y%m%d}T105031"
    name = f"{platform}_MSIL1C_{taken}_N0510_R051_{tile.zone}_{day:%Y%m%d}T125244.SAFE"
    images = folder / name / "GRANULE" / f"L1C_{tile.zone}_A044807_{taken}" / "IMG_DATA"
    images.mkdir(parents=True)
    for pixel in (10, 20, 60):
        weather, grid = tile.weather(day, cover, pixel), tile.grid(pixel)
        chosen = {band: one for band, one in _L1C.items() if one[1] == pixel}
        seen = reflectances(weather, grid, tuple(dict.fromkeys(near for near, _, _ in chosen.values())))
        for band, (near, _, haze) in chosen.items():
            top: NDArray[Any] = seen[near] * 0.9 + haze * 10_000 - _OFFSET
            write_jp2(images / f"{tile.zone}_{taken}_{band}.jp2", np.round(top).astype(np.uint16), grid)
    (folder / name / "MTD_MSIL1C.xml").write_bytes(_safe_metadata(name, day))
    return folder / name


def _safe_metadata(name: str, day: date) -> bytes:
    """What a reader needs of `MTD_MSIL1C.xml` (S2 PSD 14.9): times, baseline, quantification, offsets, clouds."""
    space = "https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-1C.xsd"
    root = etree.Element(f"{{{space}}}Level-1C_User_Product", nsmap={"n1": space})
    general = el(root, f"{{{space}}}General_Info")
    product = el(general, "Product_Info")
    for tag, text in (
        ("PRODUCT_START_TIME", f"{day:%Y-%m-%d}T10:50:31.024Z"),
        ("PRODUCT_STOP_TIME", f"{day:%Y-%m-%d}T10:50:31.024Z"),
        ("PRODUCT_URI", name),
        ("PROCESSING_LEVEL", "Level-1C"),
        ("PRODUCT_TYPE", "S2MSI1C"),
        ("PROCESSING_BASELINE", "05.10"),
        ("GENERATION_TIME", f"{day:%Y-%m-%d}T12:52:44.000000Z"),
    ):
        el(product, tag, text)
    image = el(general, "Product_Image_Characteristics")
    el(image, "QUANTIFICATION_VALUE", 10_000, unit="none")
    offsets = el(image, "Radiometric_Offset_List")
    for number in range(13):
        el(offsets, "RADIO_ADD_OFFSET", _OFFSET, band_id=number)
    quality = el(root, f"{{{space}}}Quality_Indicators_Info")
    el(quality, "Cloud_Coverage_Assessment", "5.0")
    return document(root)
