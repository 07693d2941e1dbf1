# SPDX-License-Identifier: Apache-2.0
"""Writing cloud-optimised GeoTIFFs, laid out as measured (docs/adr/0004): ZSTD, predictor 2, 256 blocks, overviews to under 256 pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.windows import Window

from catalog.model.product import Grid
from catalog.raster.files import fitted, read_small

BLOCK = 256
Packing = Literal["none", "lzw", "deflate"]
LOW_SIDES = (128, 32)
"""Sides of the low-zoom arrays, largest first."""


@dataclass(frozen=True, slots=True)
class BandLabel:
    """What a band is: value = count x scale + offset, in a unit."""

    name: str
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""


def grid_transform(grid: Grid) -> Affine:
    """Pixel to CRS coordinates."""
    return Affine(grid.pixel_width, 0.0, grid.west, 0.0, -grid.pixel_height, grid.north)


class CogMaker:
    """A COG in the making: its bands are put one by one, so that no more than one of them is held twice."""

    def __init__(self, grid: Grid, count: int, dtype: str, nodata: float | None) -> None:
        profile = {
            "driver": "MEM", "width": grid.width, "height": grid.height, "count": count, "dtype": dtype,
            "crs": f"EPSG:{grid.epsg}", "transform": grid_transform(grid), "nodata": nodata,
        }  # fmt: skip
        self.grid = grid
        self._memory = rasterio.open("", "w", **profile)

    def put(self, number: int, band: NDArray[Any]) -> None:
        """Sets a band (rows x columns), counted from 1."""
        self._memory.write(band, number)

    def finish(self, path: Path, *, average: bool) -> tuple[int, ...]:
        """Writes the file and returns the decimations of its overviews.

        `average` makes these by averages of valid pixels, else by the commonest value (classes).
        """
        options = {
            "COMPRESS": "ZSTD", "LEVEL": 9, "PREDICTOR": "YES", "BLOCKSIZE": BLOCK, "BIGTIFF": "IF_SAFER", "NUM_THREADS": "ALL_CPUS",
            "OVERVIEW_RESAMPLING": "AVERAGE" if average else "MODE", "OVERVIEW_COMPRESS": "ZSTD", "OVERVIEW_PREDICTOR": "YES",
        }  # fmt: skip
        with self._memory as memory:
            rasterio.shutil.copy(memory, path, driver="COG", **options)
        with rasterio.open(path, driver="GTiff") as written:
            return tuple(written.overviews(1))

    def drop(self) -> None:
        """Forgets the bands."""
        self._memory.close()


def write_cog(
    path: Path, band: NDArray[Any], grid: Grid, nodata: float | None, *, average: bool
) -> tuple[int, ...]:
    """Writes one band (rows x columns) as a COG and returns the decimations of its overviews."""
    maker = CogMaker(grid, 1, band.dtype.name, nodata)
    maker.put(1, band)
    return maker.finish(path, average=average)


def write_low(source: Path, stem: Path, driver: str, *, average: bool) -> None:
    """Writes the low-zoom arrays of a raster beside `stem`: a map of a whole country reads these few kilobytes a scene."""
    for side in LOW_SIDES:
        np.save(low_path(stem, side), read_small(source, side, average, driver))


def low_path(stem: Path, side: int) -> Path:
    """The file of the low-zoom array of a side."""
    return stem.with_name(f"{stem.name}.low{side}.npy")


def low_size(grid: Grid, side: int) -> tuple[int, int]:
    """Width and height of the low-zoom array of a raster."""
    return fitted(grid.width, grid.height, side)


def decimated(
    band: NDArray[Any], grid: Grid, nodata: float | None, factor: int, *, average: bool
) -> tuple[NDArray[Any], Grid]:
    """A band at `factor` times the pixel size, and its grid (the outer edge may grow by a part of a pixel)."""
    width, height = -(-grid.width // factor), -(-grid.height // factor)
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1, "dtype": band.dtype.name, "nodata": nodata,
        "crs": f"EPSG:{grid.epsg}", "transform": grid_transform(grid), "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(band, 1)
        with memory.open(driver="GTiff") as dataset:
            how = rasterio.enums.Resampling.average if average else rasterio.enums.Resampling.mode
            small: NDArray[Any] = dataset.read(1, out_shape=(height, width), resampling=how)
    return small, Grid(
        grid.epsg,
        grid.west,
        grid.north,
        grid.width * grid.pixel_width / width,
        grid.height * grid.pixel_height / height,
        width,
        height,
    )


def write_geotiff(
    bands: NDArray[Any],
    grid: Grid,
    nodata: float | None,
    colours: dict[int, tuple[int, int, int, int]] | None = None,
    named: Sequence[BandLabel] = (),
    packing: Packing = "deflate",
) -> bytes:
    """A small GeoTIFF in memory, for an answer; `named` labels its bands, so that a reader finds the physical values."""
    profile = _packed(grid, bands.shape[0], bands.dtype, nodata, packing, classes=bool(colours)) | {
        "blockysize": min(256, grid.height)
    }
    if bands.shape[0] in (3, 4) and bands.dtype == np.uint8:
        profile.update(photometric="RGB")
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(bands)
            if colours:
                dataset.write_colormap(1, colours)
            _label(dataset, named)
        return bytes(memory.read())


def write_geotiff_rows(
    path: Path,
    parts: Iterable[NDArray[Any]],
    grid: Grid,
    count: int,
    dtype: str,
    nodata: float | None,
    named: Sequence[BandLabel],
    packing: Packing,
) -> None:
    """A large GeoTIFF from its parts (bands x rows x columns) from the north; no more than one of them is held."""
    profile = _packed(grid, count, np.dtype(dtype), nodata, packing, classes=False)
    profile |= {"tiled": True, "blockxsize": 256, "blockysize": 256, "BIGTIFF": "IF_SAFER", "num_threads": 2}
    top = 0
    with rasterio.open(path, "w", **profile) as dataset:
        _label(dataset, named)
        for part in parts:
            dataset.write(part, window=Window(0, top, grid.width, part.shape[1]))
            top += part.shape[1]


def _packed(
    grid: Grid, count: int, dtype: np.dtype[Any], nodata: float | None, packing: Packing, *, classes: bool
) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": count, "dtype": dtype.name,
        "crs": f"EPSG:{grid.epsg}", "transform": grid_transform(grid), "nodata": nodata,
    }  # fmt: skip
    if packing != "none":
        profile |= {"compress": packing, "predictor": _predictor(dtype, classes=classes)}
    if packing == "deflate":
        profile["zlevel"] = 1
    return profile


def _label(dataset: Any, named: Sequence[BandLabel]) -> None:
    if named:
        dataset.descriptions = tuple(one.name for one in named)
        dataset.scales = tuple(one.scale for one in named)
        dataset.offsets = tuple(one.offset for one in named)
        dataset.units = tuple(one.unit for one in named)


def _predictor(dtype: np.dtype[Any], *, classes: bool) -> int:
    """Of TIFF: differences of integers (2) or floats (3); none for classes. With level 1 and tall strips, reflectances become smaller than by
    level 6 without one, in less time (measured: 3.9 MB in 36 ms, 6.2 MB in 57 ms).
    """
    if classes:
        return 1
    return 3 if dtype.kind == "f" else 2


def write_strips(path: Path, bands: NDArray[Any], grid: Grid, nodata: float | None = None) -> None:
    """A GeoTIFF as producers distribute it: no compression, strips, no overviews, and no nodata tag unless one is given."""
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": bands.shape[0], "dtype": bands.dtype.name, "nodata": nodata,
        "crs": f"EPSG:{grid.epsg}", "transform": grid_transform(grid), "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(bands)


def write_jp2(path: Path, band: NDArray[Any], grid: Grid) -> None:
    """One band (rows x columns, uint16) as lossless JPEG 2000 in tiles, as level 1C is distributed."""
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1, "dtype": band.dtype.name,
        "crs": f"EPSG:{grid.epsg}", "transform": grid_transform(grid),
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(band, 1)
        with memory.open(driver="GTiff") as dataset:
            rasterio.shutil.copy(dataset, path, driver="JP2OpenJPEG", QUALITY=100, REVERSIBLE="YES")
