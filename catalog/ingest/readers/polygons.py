# SPDX-License-Identifier: Apache-2.0
"""Products that are polygons in a shapefile (OSO of a département): kept as GeoParquet, and burnt into the raster from which small maps are drawn."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapefile
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from catalog.crs import KNOWN_EPSG
from catalog.ingest.refusal import Refused
from catalog.model.product import Grid
from catalog.raster.burn import burnt
from catalog.raster.write import write_strips
from catalog.vector import write_polygons
from config.product_types import Band, Polygons

POLYGONS = "polygons.parquet"
_NAME = re.compile(r"[^A-Za-z0-9_]+")


def burn(path: Path, band: Band, told: Polygons, home: Path, work: Path, most: int) -> Path:
    """Writes the polygons of a shapefile into `home` and their classes as a raster into `work`, whose path it returns. Raises Refused."""
    epsg = _epsg(path)
    shapes, rows = _read(path)
    field = next((name for name in rows[0] if name.lower() == told.class_field.lower()), None)
    if field is None:
        raise Refused(f"{path.name}: has no field {told.class_field}; there are {', '.join(rows[0])}")
    try:
        values = [int(row[field]) for row in rows]
    except (TypeError, ValueError) as error:
        raise Refused(f"{path.name}: {field} is not a number in each row") from error
    known = {one.value for one in band.classes}
    if unknown := sorted(set(values) - known):
        raise Refused(f"{path.name}: {field} has {unknown[:5]}, which are no classes")
    grid = _grid(shapes, epsg, told.pixel, most, path.name)
    target = work / f"{path.stem}.tif"
    none = band.nodata[0]
    write_strips(target, burnt(list(shapes), values, grid, none)[None], grid, none)
    columns = {_NAME.sub("_", name): [_plain(row[name]) for row in rows] for name in rows[0]}
    write_polygons(home / POLYGONS, epsg, shapes, columns)
    return target


def _read(path: Path) -> tuple[NDArray[Any], list[dict[str, Any]]]:
    """Shapes and attributes. Raises Refused."""
    try:
        with shapefile.Reader(str(path), encoding=_encoding(path)) as reader:
            if reader.shapeType not in (shapefile.POLYGON, shapefile.POLYGONZ, shapefile.POLYGONM):
                raise Refused(f"{path.name}: holds {reader.shapeTypeName}, not polygons")
            pairs = [(one.shape, one.record.as_dict()) for one in reader.iterShapeRecords()]
    except (shapefile.ShapefileException, OSError, ValueError, LookupError, IndexError) as error:
        raise Refused(f"{path.name}: is no readable shapefile: {error}") from error
    if not pairs:
        raise Refused(f"{path.name}: has no polygon")
    shapes = shapely.force_2d(np.array([shapely.geometry.shape(shape) for shape, _ in pairs], object))
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes, [row for _, row in pairs]


def _encoding(path: Path) -> str:
    """As the file beside it says, else UTF-8."""
    said = path.with_suffix(".cpg")
    text = said.read_text("ascii", "replace").strip() if said.is_file() else ""
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,20}", text) else "utf-8"


def _epsg(path: Path) -> int:
    """The CRS of the file beside it. Raises Refused where it is none of ours."""
    said = path.with_suffix(".prj")
    try:
        epsg = pyproj.CRS.from_wkt(said.read_text("utf-8")[:10_000]).to_epsg(min_confidence=60)
    except (OSError, UnicodeDecodeError, CRSError) as error:
        raise Refused(f"{said.name}: says no coordinate reference system") from error
    if epsg is None or epsg not in KNOWN_EPSG:
        raise Refused(f"{said.name}: is no coordinate reference system that we know ({epsg or 'none'})")
    return epsg


def _grid(shapes: NDArray[Any], epsg: int, pixel: float, most: int, name: str) -> Grid:
    west, south, east, north = (float(one) for one in shapely.total_bounds(shapes))
    west, north = math.floor(west / pixel) * pixel, math.ceil(north / pixel) * pixel
    width, height = math.ceil((east - west) / pixel), math.ceil((north - south) / pixel)
    if not (0 < width <= most and 0 < height <= most):
        raise Refused(f"{name}: would have {width} x {height} pixels, the limit is {most} a side")
    return Grid(epsg, west, north, pixel, pixel, width, height)


def _plain(value: Any) -> Any:
    """Dates as text, so that a column has one type."""
    return value if value is None or isinstance(value, int | float | str) else str(value)
