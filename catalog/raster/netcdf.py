# SPDX-License-Identifier: Apache-2.0
"""A grid of counts as netCDF-4 after the Climate and Forecast conventions 1.11: packed data (8.1), a grid mapping (5.6), flags (3.5), a time with bounds (7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from catalog.crs import cf_attributes, is_geographic
from catalog.model.product import Grid
from catalog.model.time import Period

_EPOCH = "seconds since 1970-01-01 00:00:00"


@dataclass(frozen=True, slots=True)
class Variable:
    """A band: value = count x scale + offset, in a unit; counts of a categorical one name things."""

    name: str
    title: str
    scale: float = 1.0
    offset: float = 0.0
    unit: str = "1"
    nodata: int | None = None
    flags: Mapping[int, str] = field(default_factory=dict)
    """What counts mean."""
    bits: Mapping[int, str] = field(default_factory=dict)
    """What bits mean, by their numbers from 0."""


def write_netcdf(
    bands: NDArray[Any],
    grid: Grid,
    variables: Sequence[Variable],
    periods: Sequence[Period],
    about: Mapping[str, str],
) -> bytes:
    """Bands (bands x rows x columns, or with several periods bands x periods x rows x columns) on a grid, the first row in the north; `about` are
    attributes of the whole (title, institution, source).
    """
    out = netCDF4.Dataset("answer.nc", mode="w", memory=bands.nbytes + 65_536)
    out.setncatts({"Conventions": "CF-1.11", "history": "made by Hysope", **about})
    axes = _axes(out, grid)
    if periods:
        _time(out, periods)
        axes = ("time", *axes)
        bands = bands if bands.ndim == 4 else bands[:, np.newaxis]
    for values, one in zip(bands, variables, strict=True):
        variable = out.createVariable(
            one.name, values.dtype, axes, zlib=True, complevel=1, fill_value=one.nodata
        )
        variable.set_auto_maskandscale(False)
        variable.setncatts(_attributes(one, values.dtype))
        variable[:] = values
    return bytes(out.close())


def _axes(out: netCDF4.Dataset, grid: Grid) -> tuple[str, ...]:
    """Pixel centres, and the grid mapping with what GDAL reads of it."""
    geographic = is_geographic(grid.epsg)
    x = grid.west + (np.arange(grid.width) + 0.5) * grid.pixel_width
    y = grid.north - (np.arange(grid.height) + 0.5) * grid.pixel_height
    names = ("lat", "lon") if geographic else ("y", "x")
    told = (
        ({"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"})
        if geographic
        else tuple({"standard_name": f"projection_{one}_coordinate", "units": "m", "axis": one.upper()} for one in ("y", "x"))
    )  # fmt: skip
    for name, facts, values in zip(names, told, (y, x), strict=True):
        out.createDimension(name, len(values))
        axis = out.createVariable(name, "f8", (name,))
        axis.setncatts(facts)
        axis[:] = values
    mapping = out.createVariable("crs", "i4")
    mapping.setncatts(cf_attributes(grid.epsg))
    mapping.setncattr(
        "GeoTransform", f"{grid.west!r} {grid.pixel_width!r} 0 {grid.north!r} 0 {-grid.pixel_height!r}"
    )
    return names


def _time(out: netCDF4.Dataset, periods: Sequence[Period]) -> None:
    """The time as an axis: the beginnings, with the periods as their bounds; files of several dates can be joined along it."""
    out.createDimension("time", len(periods))
    out.createDimension("nv", 2)
    time = out.createVariable("time", "f8", ("time",))
    time.setncatts(
        {
            "standard_name": "time",
            "units": _EPOCH,
            "calendar": "standard",
            "units_metadata": "leap_seconds: none",
            "bounds": "time_bnds",
        }
    )
    bounds = np.array([[one.start / 1e6, one.end / 1e6] for one in periods])
    time[:] = bounds[:, 0]
    out.createVariable("time_bnds", "f8", ("time", "nv"))[:] = bounds


def _attributes(one: Variable, dtype: np.dtype[Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"long_name": one.title, "grid_mapping": "crs"}
    if one.flags:
        facts["flag_values"] = np.array(list(one.flags), dtype)
        facts["flag_meanings"] = " ".join(_word(text) for text in one.flags.values())
    elif one.bits:
        facts["flag_masks"] = np.array([1 << bit for bit in one.bits], dtype)
        facts["flag_meanings"] = " ".join(_word(text) for text in one.bits.values())
    else:
        facts["units"] = one.unit or "1"
        if (one.scale, one.offset) != (1.0, 0.0):
            facts |= {"scale_factor": one.scale, "add_offset": one.offset}
    return facts


def _word(text: str) -> str:
    """A meaning as one word (CF 3.5)."""
    return (
        "".join(char if (char.isalnum() and char.isascii()) or char in "_-.+@" else "_" for char in text)
        or "_"
    )
