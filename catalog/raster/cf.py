# SPDX-License-Identifier: Apache-2.0
"""Grids in netCDF after the Climate and Forecast conventions: where their pixels are (5.2, 5.6), and their values in physical units (8.1).

Read by netCDF4 and not by GDAL, whose netCDF driver takes an axis for one of another unit and a variable for a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from catalog.crs import KNOWN_EPSG, transform
from catalog.model.product import Grid
from catalog.raster.files import Description, Unreadable

_EVEN = 0.01
"""Of a pixel: by how much the distance of two centres may differ from the others'."""
_LON_LAT = 4326


def describe_variable(path: Path, variable: str, epsg: int | None) -> Description:
    """The grid of a variable; `epsg` is the CRS of files that do not say theirs. Raises Unreadable."""
    with _opened(path, variable) as (dataset, found):
        return Description(_layout(path, dataset, found, epsg).grid, ("float64",), None, ())


def read_variable(path: Path, variable: str, epsg: int | None) -> NDArray[np.float64]:
    """The values of a variable in its unit, the first row in the north, the first column in the west; NaN where there is none. Raises Unreadable."""
    with _opened(path, variable) as (dataset, found):
        layout = _layout(path, dataset, found, epsg)
        try:
            values = np.ma.filled(np.ma.asarray(found[:], np.float64), np.nan)
        except (OSError, RuntimeError) as error:
            raise Unreadable(f"{path.name}: {variable} cannot be read (is the file cut off?)") from error
        plane = values.reshape(values.shape[-2:])
        if layout.flipped:
            plane = plane[::-1]
        return np.ascontiguousarray(np.roll(plane, layout.shift, axis=1))


class _Layout:
    """The grid of a variable, and how its values lie on it."""

    def __init__(self, grid: Grid, flipped: bool, shift: int) -> None:
        self.grid, self.flipped, self.shift = grid, flipped, shift


@contextmanager
def _opened(path: Path, variable: str) -> Iterator[tuple[netCDF4.Dataset, Any]]:
    try:
        with netCDF4.Dataset(path, "r") as dataset:
            found = dataset.variables.get(variable)
            if found is None:
                raise Unreadable(f"{path.name}: has no variable {variable}")
            yield dataset, found
    except (OSError, RuntimeError) as error:
        raise Unreadable(f"{path.name}: is not a readable netCDF file") from error


def _layout(path: Path, dataset: netCDF4.Dataset, found: Any, epsg: int | None) -> _Layout:
    if len(found.shape) < 2 or any(size != 1 for size in found.shape[:-2]):
        raise Unreadable(f"{path.name}: {found.name} is not one grid")
    y, x = (_axis(path, dataset, name) for name in found.dimensions[-2:])
    own = _mapping(dataset, found)
    degrees = str(getattr(dataset.variables[found.dimensions[-1]], "units", "")).startswith("degree")
    code = own or epsg or (_LON_LAT if degrees else 0)
    if code not in KNOWN_EPSG:
        raise Unreadable(f"{path.name}: has no coordinate reference system that we know")
    shift = 0
    if degrees:
        shift = int((x > 180.0).sum()) if x[-1] > 180.0 else 0
        x = np.roll(np.where(x > 180.0, x - 360.0, x), shift)
        if code != _LON_LAT:
            x, _ = transform(_LON_LAT, code, x, np.zeros_like(x))
            _, y = transform(_LON_LAT, code, np.zeros_like(y), y)
    flipped = bool(y[0] < y[-1])
    width, height = _step(path, x), _step(path, y[::-1] if not flipped else y)
    grid = Grid(
        code, float(x[0] - width / 2), float(max(y[0], y[-1]) + height / 2), width, height, x.size, y.size
    )
    return _Layout(grid, flipped, shift)


def _axis(path: Path, dataset: netCDF4.Dataset, name: str) -> NDArray[np.float64]:
    axis = dataset.variables.get(name)
    if axis is None or axis.shape != (dataset.dimensions[name].size,) or axis.shape[0] < 2:
        raise Unreadable(f"{path.name}: the dimension {name} has no axis of two or more centres")
    return np.ma.filled(np.ma.asarray(axis[:], np.float64), np.nan)


def _step(path: Path, centres: NDArray[np.float64]) -> float:
    """The distance of the centres, which must rise evenly."""
    steps = np.diff(centres)
    mean = float(steps.mean())
    if not (np.isfinite(steps).all() and mean > 0 and np.abs(steps - mean).max() <= _EVEN * mean):
        raise Unreadable(f"{path.name}: its axes do not rise evenly")
    return float(centres[-1] - centres[0]) / (centres.size - 1)


def _mapping(dataset: netCDF4.Dataset, found: Any) -> int | None:
    """The EPSG code of a grid mapping, where it says one."""
    mapping: Any = dataset.variables.get(str(getattr(found, "grid_mapping", "")))
    told = str(getattr(mapping, "crs_wkt", "") or getattr(mapping, "spatial_ref", ""))
    if not told.lstrip().upper().startswith(("PROJCRS[", "GEOGCRS[", "PROJCS[", "GEOGCS[")):
        return None
    try:
        return pyproj.CRS.from_wkt(told).to_epsg()
    except CRSError:
        return None
