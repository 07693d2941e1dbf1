# SPDX-License-Identifier: Apache-2.0
"""Statistics of a band in polygons, product by product: count, mean, deviation, least, greatest, percentiles; hectares of each class.

A pixel belongs to a polygon when its centre lies in it (GDAL's rule of rasterisation without ALL_TOUCHED; what rasterstats and rastertools do).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.crs import transform
from catalog.model.product import Grid
from catalog.raster.files import describe, valid
from catalog.raster.zones import read_zone

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
_MOST_CLASSES = 256
_STATISTICS = ("count", "nodata", "mean", "std", "min", "max", *(f"p{one}" for one in PERCENTILES))


def run(
    items: Sequence[dict[str, Any]], values: dict[str, Any], out: Path, tell: Callable[[int, str], None]
) -> dict[str, Any]:
    """Writes `statistics.csv`; gives a FeatureCollection whose features have the statistics of each product."""
    features, band = values["polygons"]["features"], values["band"]
    shapes = [shapely.geometry.shape(one["geometry"]) for one in features]
    found: list[list[Mapping[str, Any]]] = [[] for _ in shapes]
    for number, item in enumerate(items):
        tell(100 * number // len(items), f"product {number + 1} of {len(items)}: {item['id']}")
        one = item["bands"].get(band)
        if one is None:
            raise ValueError(f"{item['id']} has no band {band}")
        for at, shape in enumerate(shapes):
            found[at].append({"product": item["id"], **statistics(one, shape, classes=values["classes"])})
    _write_csv(out / "statistics.csv", features, found)
    return {
        "statistics": {
            "type": "FeatureCollection",
            "features": [
                {**feature, "properties": {**(feature.get("properties") or {}), "statistics": rows}}
                for feature, rows in zip(features, found, strict=True)
            ],
        }
    }


def statistics(band: dict[str, Any], shape: shapely.Geometry, *, classes: bool) -> dict[str, Any]:
    """The statistics of a band (path, index, scale, offset, nodata) in a polygon of longitude and latitude, in physical units."""
    path = Path(band["path"])
    grid = describe(path).grid
    return zone_statistics(path, band, grid, in_grid(shape, grid), classes=classes)


def in_grid(shape: shapely.Geometry, grid: Grid) -> shapely.Geometry:
    """A polygon of longitude and latitude in the CRS of a grid."""
    moved = shapely.transform(shape, lambda x, y: transform(4326, grid.epsg, x, y), interleaved=False)
    return shapely.make_valid(moved)


def zone_statistics(
    path: Path, band: dict[str, Any], grid: Grid, shape: shapely.Geometry, *, classes: bool
) -> dict[str, Any]:
    """The same for a polygon in the CRS of the raster."""
    zone = read_zone(path, band["index"], grid, shape)
    if zone is None:
        return _of(np.empty(0), 0)
    pixels, inside = zone
    good = inside & valid(pixels, band["nodata"])
    if pixels.dtype.kind == "f":
        good &= np.isfinite(pixels)
    values = pixels[good].astype(np.float64) * band["scale"] + band["offset"]
    found = _of(values, int(inside.sum() - good.sum()))
    if classes:
        found["hectares"] = _hectares(pixels[good], grid)
    return found


def _of(values: NDArray[np.float64], missing: int) -> dict[str, Any]:
    if not len(values):
        return {**dict.fromkeys(_STATISTICS, None), "count": 0, "nodata": missing}
    ranks = np.percentile(values, PERCENTILES)
    return {
        "count": len(values), "nodata": missing, "mean": float(values.mean()), "std": float(values.std()), "min": float(values.min()),
        "max": float(values.max()), **{f"p{one}": float(rank) for one, rank in zip(PERCENTILES, ranks, strict=True)},
    }  # fmt: skip


def _hectares(pixels: NDArray[Any], grid: Grid) -> dict[str, float]:
    """Of each value; in a geographic CRS a degree of latitude is 111.32 km, of longitude that times the cosine."""
    numbers, counts = np.unique(pixels, return_counts=True)
    if len(numbers) > _MOST_CLASSES:
        raise ValueError(f"the band has more than {_MOST_CLASSES} values; ask without classes")
    area = grid.pixel_width * grid.pixel_height
    if grid.epsg == 4326:
        middle = math.radians(grid.north - grid.height * grid.pixel_height / 2)
        area *= 111_320.0**2 * math.cos(middle)
    return {
        str(number): round(count * area / 10_000, 4)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    }


def _write_csv(
    path: Path, features: Sequence[dict[str, Any]], found: Sequence[Sequence[Mapping[str, Any]]]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as opened:
        out = csv.writer(opened)
        out.writerow(("polygon", "product", *_STATISTICS))
        for number, (feature, rows) in enumerate(zip(features, found, strict=True)):
            name = feature.get("id", number)
            for row in rows:
                out.writerow(
                    (name, row["product"], *("" if row[key] is None else row[key] for key in _STATISTICS))
                )
