# SPDX-License-Identifier: Apache-2.0
"""Let-it-snow products with Hysope-2 names, and OSO land cover with its contradicting metadata (a reader must trust the raster)."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pyproj
import shapefile

from catalog.crs import transform_box
from catalog.generator.landscape import TO_17, Landscape
from catalog.generator.muscate import Tile, snow_counts
from catalog.model.product import Grid
from catalog.raster.burn import outlined
from catalog.raster.write import write_strips

_OSO_XML = """<?xml version="1.0" encoding="UTF-8"?>
<Muscate_Metadata_Document>
  <Metadata_Identification><METADATA_FORMAT version="1.16">METADATA_MUSCATE</METADATA_FORMAT></Metadata_Identification>
  <Dataset_Identification><IDENTIFIER>{name}</IDENTIFIER><PROJECT>OSO</PROJECT></Dataset_Identification>
  <Product_Characteristics><PRODUCT_ID>{name}</PRODUCT_ID><PRODUCTION_DATE>{year}-03-01T00:00:00Z</PRODUCTION_DATE>
    <PLATFORM>OSO</PLATFORM><ORBIT_NUMBER>500</ORBIT_NUMBER></Product_Characteristics>
  <Geoposition_Informations><Coordinate_Reference_System><Horizontal_Coordinate_System>
    <HORIZONTAL_CS_NAME>WGS 84 / UTM zone 15N</HORIZONTAL_CS_NAME><HORIZONTAL_CS_CODE>32615</HORIZONTAL_CS_CODE>
  </Horizontal_Coordinate_System></Coordinate_Reference_System></Geoposition_Informations>
  <Statistic_Informations><Global_Statistic name="KAPPA">0.87</Global_Statistic></Statistic_Informations>
</Muscate_Metadata_Document>
"""


def write_fsc(folder: Path, tile: Tile, day: date, cover: float, counter: int = 1) -> Path:
    """Fractional snow cover with a Hysope-2 name, and its quality flags. Returns the product's folder."""
    name = f"LIS_S2-SNOW-FSC_{tile.zone}_{day:%Y%m%d}T105031_1-11_{counter:02d}"
    home = folder / name
    home.mkdir(parents=True)
    binary = snow_counts(tile, day, cover)
    grid = tile.grid(20)
    land = Landscape(tile.seed, grid.width, 20.0, tile.metres)
    share = np.clip(70 + 25 * land.noise(30, 1.0, 0, grid.height, 3), 5, 100).astype(np.uint8)
    fraction = np.where(binary == 100, share, binary)
    fraction[land.classes(0, grid.height) == 23] = 255
    write_strips(home / f"{name}.tif", fraction[None].astype(np.uint8), grid, 255)
    flags = np.where(
        binary == 205, 0, (land.classes(0, grid.height) == 23) * 4 + (land.classes(0, grid.height) == 17) * 8
    )
    write_strips(home / f"{name.replace('-FSC_', '-FSC-QCFLAGS_')}.tif", flags[None].astype(np.uint8), grid)
    return home


def write_oso(folder: Path, tile: Tile, year: int, *, version: str = "1-0") -> Path:
    """A yearly land cover in Lambert-93, zipped as distributed: 17 classes up to 2017, 23 from 2018. Returns the zip."""
    name = f"OSO_{year}0101_RASTER_V{version}"
    box = transform_box(tile.grid(10).box, tile.epsg, 2154)
    assert box
    side = min(tile.size, 10_980)
    grid = Grid(2154, float(round(box.west, -1)), float(round(box.north, -1)), 10.0, 10.0, side, side)
    land = Landscape(tile.seed, side, 10.0, tile.metres)
    classes = np.concatenate([land.classes(top, min(side, top + 512)) for top in range(0, side, 512)])
    if year < 2018:
        table = np.zeros(256, np.uint8)
        for new, old in TO_17.items():
            table[new] = old
        classes = table[classes]
    home = folder / f".{name}"
    home.mkdir(parents=True)
    raster = home / f"OCS_{year}.tif"
    write_strips(raster, classes[None], grid)
    confidence = home / f"OCS_{year}_confidence.tif"
    write_strips(
        confidence, np.clip(75 + 12 * land.noise(31, 2.0, 0, side, 3), 1, 100).astype(np.uint8)[None], grid
    )
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(raster, f"{name}/DATA/{raster.name}")
        packed.write(confidence, f"{name}/DATA/{confidence.name}")
        packed.writestr(f"{name}/{name}_MTD_ALL.xml", _OSO_XML.format(name=name, year=year + 1))
    for path in (raster, confidence):
        path.unlink()
    home.rmdir()
    return target


def write_oso_polygons(
    folder: Path, tile: Tile, year: int, departement: str = "31", *, version: str = "1-0"
) -> Path:
    """The same land cover as the polygons of a département, zipped. Returns the zip.

    The name of the archive and the fields (Classe, Validmean, Validstd, Confidence) are the distributed ones; the member's name and the
    columns of shares are ours, as no distributed archive is public.
    """
    name = f"OSO_{year}0101_VECTOR_departement_{departement}_V{version}"
    box = transform_box(tile.grid(10).box, tile.epsg, 2154)
    assert box
    side = min(tile.size // 2, 2_000)
    grid = Grid(2154, float(round(box.west, -1)), float(round(box.north, -1)), 20.0, 20.0, side, side)
    land = Landscape(tile.seed, side, 20.0, tile.metres)
    classes = land.classes(0, side).astype(np.uint8)
    home = folder / f".{name}"
    home.mkdir(parents=True)
    stem = home / f"departement_{departement}"
    with shapefile.Writer(str(stem), shapeType=shapefile.POLYGON, encoding="utf-8") as out:
        out.field("ID", "N", 9)
        out.field("Classe", "N", 3)
        for field in ("Validmean", "Validstd", "Confidence", "Pct_Classe"):
            out.field(field, "N", 6, 2)
        for number, (polygon, value) in enumerate(outlined(classes, grid)):
            out.shape(polygon)
            out.record(number, value, 20 + number % 15, number % 5, 60 + number % 40, 100.0)
    stem.with_suffix(".prj").write_text(pyproj.CRS.from_epsg(2154).to_wkt("WKT1_ESRI"), "ascii")
    stem.with_suffix(".cpg").write_text("UTF-8", "ascii")
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(home.iterdir()):
            packed.write(path, f"{name}/DATA/{path.name}")
            path.unlink()
        packed.writestr(f"{name}/{name}_MTD_ALL.xml", _OSO_XML.format(name=name, year=year + 1))
    home.rmdir()
    return target
