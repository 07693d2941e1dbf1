# SPDX-License-Identifier: Apache-2.0
"""Opening and reading: grids, windows, decimated arrays. Every path comes from the catalogue or from ingest, never from a client."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.windows import Window

from catalog.crs import KNOWN_EPSG
from catalog.model.product import Grid
from catalog.raster.unpack import Layout, Raw, Undo, layout_of, unpacked

_DRIVERS = {".jp2": "JP2OpenJPEG", ".hgt": "SRTMHGT"}
Pixels = NDArray[Any]
"""Bands x rows x columns."""
_OPEN_PER_THREAD = 48


class Unreadable(Exception):
    """A file is not the raster it should be; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a raster file says of itself."""

    grid: Grid
    dtypes: tuple[str, ...]
    nodata: float | None
    overviews: tuple[int, ...]


def driver_of(path: Path) -> str:
    """The driver that alone may open a file of a product, by its ending."""
    return _DRIVERS.get(path.suffix.lower(), "GTiff")


def describe(path: Path, driver: str = "GTiff") -> Description:
    """Grid, types and levels of a file. Raises Unreadable when it is damaged, has no CRS of ours, or is not north-up."""
    if not path.is_file() or path.stat().st_size == 0:
        raise Unreadable(f"{path.name}: is empty or missing")
    try:
        with rasterio.open(path, driver=driver) as dataset:
            epsg = dataset.crs.to_epsg() if dataset.crs else None
            at = dataset.transform
            if epsg not in KNOWN_EPSG:
                raise Unreadable(
                    f"{path.name}: has no coordinate reference system that we know ({'none' if epsg is None else f'EPSG:{epsg}'})"
                )
            if at.b or at.d or at.a <= 0 or at.e >= 0:
                raise Unreadable(f"{path.name}: is not north-up")
            grid = Grid(epsg, at.c, at.f, at.a, -at.e, dataset.width, dataset.height)
            return Description(grid, dataset.dtypes, dataset.nodata, tuple(dataset.overviews(1)))
    except (RasterioError, CRSError) as error:
        raise Unreadable(f"{path.name}: is not a readable {driver} file") from error


def read_band(path: Path, index: int, driver: str = "GTiff") -> NDArray[Any]:
    """A whole band, rows x columns. Raises Unreadable."""
    try:
        with rasterio.open(path, driver=driver) as dataset:
            band: NDArray[Any] = dataset.read(index)
            return band
    except (RasterioError, IndexError) as error:
        raise Unreadable(f"{path.name}: band {index} cannot be read (is the file cut off?)") from error


def read_rows(path: Path, index: int, rows: slice, driver: str = "GTiff") -> NDArray[Any]:
    """Some rows of a band, all columns. Raises Unreadable."""
    try:
        with rasterio.open(path, driver=driver) as dataset:
            window = Window(0, rows.start, dataset.width, rows.stop - rows.start)
            band: NDArray[Any] = dataset.read(index, window=window)
            return band
    except (RasterioError, IndexError) as error:
        raise Unreadable(f"{path.name}: band {index} cannot be read (is the file cut off?)") from error


def read_small(path: Path, side: int, average: bool, driver: str = "GTiff") -> Pixels:
    """All bands, decimated so that no side has more than `side` pixels; nodata of the file's own tag is left out of averages."""
    with rasterio.open(path, driver=driver) as dataset:
        width, height = fitted(dataset.width, dataset.height, side)
        how = Resampling.average if average else Resampling.nearest
        small: Pixels = dataset.read(out_shape=(dataset.count, height, width), resampling=how)
        return small


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height scaled so that the longer is at most `side`."""
    factor = max(1.0, max(width, height) / side)
    return max(1, math.ceil(width / factor)), max(1, math.ceil(height / factor))


class Handles:
    """Open datasets, one set per thread (GDAL handles are not shared between threads), least recently used closed first."""

    def __init__(self, undo: Undo | None = None, per_thread: int = _OPEN_PER_THREAD) -> None:
        self._undo, self._per_thread = undo, per_thread
        self._local = threading.local()

    def read(
        self,
        path: str,
        driver: str,
        level: int,
        bands: Sequence[int],
        column: int,
        row: int,
        width: int,
        height: int,
    ) -> Pixels:
        """An integer window of some bands at a level: -1 the full resolution, else the overview's number.

        Integer windows stay clear of GDAL's resampler: 14 to 28 times faster than fractional ones. Raises Unreadable.
        """
        try:
            pixels: Pixels = self._opened(path, driver, level).dataset.read(
                list(bands), window=Window(column, row, width, height)
            )
        except RasterioError as error:
            self._forget(path)
            raise Unreadable(f"{Path(path).name}: cannot be read") from error
        return pixels

    def size(self, path: str, driver: str, level: int) -> tuple[int, int]:
        """Columns and rows of a level, as the file says. Raises Unreadable."""
        try:
            dataset = self._opened(path, driver, level).dataset
        except RasterioError as error:
            raise Unreadable(f"{Path(path).name}: cannot be read") from error
        return dataset.width, dataset.height

    def block(
        self, path: str, driver: str, level: int, bands: Sequence[int], x: int, y: int
    ) -> Pixels | None:
        """Some bands of a whole block of 256 x 256 by its place among blocks; None where only `read` can have it, which also says what is wrong."""
        try:
            opened = self._opened(path, driver, level)
        except RasterioError:
            return None
        if self._undo is None or opened.layout is None or opened.raw is None:
            return None
        pixels = unpacked(opened.dataset, opened.raw, opened.layout, x, y, self._undo)
        if pixels is None or tuple(bands) == tuple(range(1, opened.layout.bands + 1)):
            return pixels
        return pixels[[band - 1 for band in bands]]

    def _opened(self, path: str, driver: str, level: int) -> _Opened:
        pool: OrderedDict[tuple[str, int], _Opened] | None = getattr(self._local, "pool", None)
        if pool is None:
            pool = self._local.pool = OrderedDict()
        key = (path, level)
        opened = pool.get(key)
        if opened is None:
            opened = pool[key] = _open(path, driver, level, raw=self._undo is not None)
            if len(pool) > self._per_thread:
                pool.popitem(last=False)[1].dataset.close()
        pool.move_to_end(key)
        return opened

    def _forget(self, path: str) -> None:
        pool = getattr(self._local, "pool", {})
        for key in [key for key in pool if key[0] == path]:
            pool.pop(key).dataset.close()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A dataset; of a local file whose blocks can be unpacked here also its bytes and their layout."""

    dataset: rasterio.DatasetReader
    raw: Raw | None
    layout: Layout | None


def _open(path: str, driver: str, level: int, *, raw: bool) -> _Opened:
    options = {"overview_level": level} if level >= 0 else {}
    dataset = rasterio.open(path, driver=driver, **options)
    layout = layout_of(dataset) if raw and not path.startswith("/vsi") else None
    try:
        bytes_of = Raw(path) if layout else None
    except OSError:
        bytes_of = None
    return _Opened(dataset, bytes_of if bytes_of and bytes_of.little else None, layout)


def valid(pixels: NDArray[Any], nodata: Sequence[int]) -> NDArray[np.bool_]:
    """Where there is a value: not one of the nodata counts, not NaN."""
    good = np.isfinite(pixels) if pixels.dtype.kind == "f" else np.ones(pixels.shape, np.bool_)
    for count in nodata:
        good &= pixels != count
    return good
