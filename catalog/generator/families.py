# SPDX-License-Identifier: Apache-2.0
"""Products of the other families over the same landscape: soil moisture, water quality, vegetation, biomass, snow seasons, SWOT, grids, relief.

Soil moisture of plots, biophysical variables, biomass, precipitation and gravimetry have no public layout or name: these are ours, and so are the
suffixes of the water quality's files. SMOS (CATDS), SWOT (PO.DAAC), snow seasons (Let-it-snow) and SRTM have their distributed names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from catalog.crs import transform, transform_box
from catalog.generator.landscape import Landscape
from catalog.generator.muscate import Tile, blocks
from catalog.model.product import Grid
from catalog.model.time import Period, read_instant
from catalog.raster.netcdf import Variable, write_netcdf
from catalog.raster.write import write_strips

_EASE2_M = 25_025.26
_EASE2_COLUMNS, _EASE2_ROWS = 1_388, 584
_ABOUT = {"institution": "generated", "source": "generated, no measurement"}


def write_plots(folder: Path, tile: Tile, day: date, *, site: str = "OCCITANIE") -> Path:
    """Soil moisture of plots in EPSG:4326: 5 x volume percent, 0 = no value, on agricultural land only. Returns the file."""
    box = transform_box(tile.grid(20).box, tile.epsg, 4326)
    assert box
    side = tile.size // 2
    grid = Grid(4326, box.west, box.north, box.width / side, box.height / side, side, side)
    land = Landscape(tile.seed, side, 20.0, tile.metres)
    fields = np.isin(land.classes(0, side), (5, 6, 7, 8, 9, 10, 11, 12, 13))
    wet = np.clip(22 + 8 * land.noise(40 + day.toordinal() % 97, 3.0, 0, side, 3), 2, 48)
    target = folder / f"S2MP_SSM_{site}_{day:%Y%m%d}_V1-0.tif"
    write_strips(target, np.where(fields, np.round(wet * 5), 0).astype(np.uint8)[None], grid)
    return target


def write_smos(folder: Path, day: date) -> Path:
    """Soil moisture of the world on EASE-Grid 2.0 (its axes in longitude and latitude, as CATDS has them), in swaths. Returns the file."""
    x = (np.arange(_EASE2_COLUMNS, dtype=np.float64) - _EASE2_COLUMNS / 2 + 0.5) * _EASE2_M
    y = (_EASE2_ROWS / 2 - 0.5 - np.arange(_EASE2_ROWS, dtype=np.float64)) * _EASE2_M
    lon, _ = transform(6933, 4326, x, np.zeros_like(x))
    _, lat = transform(6933, 4326, np.zeros_like(y), y)
    wet = _world(lon, lat, day.toordinal() // 10, 0.22, 0.09)
    swath = ((lon[None, :] + 0.35 * lat[:, None] + 24.9 * day.toordinal()) % 25.0) < 17.0
    fields = {
        "Soil_Moisture": ("m3 m-3", np.clip(wet, 0.01, 0.6)),
        "Root_Zone_Soil_Moisture": ("m3 m-3", np.clip(0.12 + 0.6 * wet, 0.02, 0.5)),
        "Drought_Index": ("1", np.clip((wet - 0.22) / 0.09, -3, 3)),
        "Roughness": ("1", np.clip(_world(lon, lat, 3, 0.18, 0.1), 0, 0.9)),
    }
    target = folder / f"SM_OPER_MIR_CLF3SA_{day:%Y%m%d}T000000_{day:%Y%m%d}T235959_300_002_7.DBL.nc"
    with netCDF4.Dataset(target, "w") as out:
        out.setncatts({"Conventions": "CF-1.6", **_ABOUT})
        for name, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            out.createDimension(name, values.size)
            axis = out.createVariable(name, "f4", (name,))
            axis.units = units
            axis[:] = values
        for name, (units, values) in fields.items():
            variable = out.createVariable(name, "i2", ("lat", "lon"), zlib=True, fill_value=-32_768)
            variable.setncatts({"units": units, "scale_factor": 0.0002, "add_offset": 0.0})
            variable[:] = np.ma.masked_where(~swath, values)
    return target


def write_water(folder: Path, tile: Tile, day: date, cover: float, *, platform: str = "SENTINEL2A") -> Path:
    """Suspended matter, chlorophyll, turbidity of the waters, at 20 m. Returns its folder."""
    name = f"{platform}_{day:%Y%m%d}-105031-461_L2B-WATER_{tile.zone}_D_V1-0"
    grid, weather = tile.grid(20), tile.weather(day, cover, 20)
    land = weather.land

    def state(top: int, bottom: int) -> NDArray[Any]:
        cloud, shadow = weather.clouds(top, bottom)
        return np.where(cloud | shadow, 2, (land.classes(top, bottom) == 23) * 1)

    mask = blocks(grid, np.uint8, state)
    load = np.exp(2.6 + 0.8 * land.noise(50, 1.5, 0, grid.height, 3))
    home = folder / name
    home.mkdir(parents=True)
    for suffix, values in (("SPM", load), ("CHL", 4 + load / 3), ("TUR", load * 0.7)):
        counts = np.where(mask == 1, np.clip(np.round(values * 100), 0, 65_534), 65_535)
        write_strips(home / f"{name}_{suffix}_R2.tif", counts.astype(np.uint16)[None], grid)
    write_strips(home / f"{name}_MNDWI_R2.tif", mask[None], grid)
    return home


def write_biophysical(
    folder: Path, tile: Tile, day: date, cover: float, *, platform: str = "SENTINEL2A"
) -> Path:
    """Leaf area index, absorbed radiation, cover, at 20 m; no value under clouds. Returns its folder."""
    name = f"{platform}_{day:%Y%m%d}-105031-461_L2B-BIOPHY_{tile.zone}_D_V1-0"
    grid, weather = tile.grid(20), tile.weather(day, cover, 20)
    green = blocks(grid, np.float32, weather.green)
    cloud = blocks(grid, np.uint8, lambda top, bottom: weather.clouds(top, bottom)[0] * 1) != 0
    home = folder / name
    home.mkdir(parents=True)
    for suffix, values in (
        ("LAI", -np.log(1 - np.clip(green, 0, 0.97)) / 0.5 * 1_000),
        ("FAPAR", green * 0.95 * 10_000),
        ("FCOVER", green * 10_000),
    ):
        counts = np.where(cloud, -10_000, np.round(values)).astype(np.int16)
        write_strips(home / f"{name}_{suffix}_R2.tif", counts[None], grid)
    return home


def write_biomass(folder: Path, tile: Tile, year: int, *, zone: str = "FRANCE") -> Path:
    """Above-ground biomass of the forests, t/ha, in Lambert-93 at 20 m. Returns the file."""
    box = transform_box(tile.grid(20).box, tile.epsg, 2154)
    assert box
    side = tile.size // 2
    grid = Grid(2154, float(round(box.west, -1)), float(round(box.north, -1)), 20.0, 20.0, side, side)
    land = Landscape(tile.seed, side, 20.0, tile.metres)
    dense = np.clip(170 + 60 * land.noise(60, 1.2, 0, side, 3) + (year - 2020) * 2, 10, 600)
    counts = np.where(np.isin(land.classes(0, side), (16, 17)), np.round(dense), 65_535)
    target = folder / f"FOREST-AGB_{zone}_{year}_V1-0.tif"
    write_strips(target, counts.astype(np.uint16)[None], grid)
    return target


def write_season(folder: Path, tile: Tile, year: int) -> Path:
    """Duration, melt-out and onset of snow of the hydrological year that begins in a September. Returns its folder."""
    grid = tile.grid(20)
    land = Landscape(tile.seed, grid.width, 20.0, tile.metres)
    height = blocks(grid, np.float32, land.height_m)
    days = np.clip((height - 300) / 9 + 12 * land.noise(70, 0.8, 0, grid.height, 3), 0, 330)
    onset = np.clip(150 - days / 2.4, 0, 200)
    water = blocks(grid, np.uint8, land.classes) == 23
    names: Mapping[str, NDArray[Any]] = {
        "SCD": days,
        "SOD": np.where(days > 0, onset, 65_535),
        "SMOD": np.where(days > 0, onset + days, 65_535),
        "NOBS": np.clip(70 + 12 * land.noise(71, 6.0, 0, grid.height, 2), 20, 120),
        "NSP": np.where(days > 0, 1 + (days % 3), 0),
    }
    span = f"{tile.zone}_{year}0901_{year + 1}0831_1.11_01"
    home = folder / f"LIS_S2-SNOW-SEASON_{span}"
    home.mkdir(parents=True)
    for name, values in names.items():
        counts = np.where(water, 65_535, np.round(values)).astype(np.uint16)
        write_strips(home / f"LIS_S2-SNOW-{name}_{span}.tif", counts[None], grid, 65_535)
    return home


def write_swot(folder: Path, tile: Tile, day: date, *, cycle: int = 8, number: int = 16) -> Path:
    """Water heights of a scene of SWOT at 100 m, as PO.DAAC names them. Returns the file."""
    side = tile.size // 10
    grid = Grid(tile.epsg, tile.west, tile.north, 100.0, 100.0, side, side)
    land = Landscape(tile.seed, side, 100.0, tile.metres)
    share = np.clip(1.2 - np.abs(land.noise(7, tile.metres / 3_000, 0, side, 3)) * 3, 0, 1)
    wet = share > 0.1
    wse = np.where(wet, 120 - np.arange(side)[:, None] * 0.02 + 0.1 * land.noise(80, 2.0, 0, side, 3), -9_999)
    bands = np.stack([wse, np.where(wet, np.round(share * 1_000) / 1_000, -9_999)]).astype(np.float32)
    taken = f"{day:%Y%m%d}T102030_{day:%Y%m%d}T102051"
    name = f"SWOT_L2_HR_Raster_100m_UTM{tile.zone[1:3]}{tile.zone[3]}_N_x_x_x_{cycle:03d}_{number:03d}_045F_{taken}_PIC0_01.nc"
    variables = [
        Variable("wse", "water surface elevation above geoid", unit="m", nodata=-9_999),
        Variable("water_frac", "water fraction", nodata=-9_999),
    ]
    quality = np.where(wet, (share < 0.5) * 1 + (share < 0.25) * 1, -9_999).astype(np.float32)
    flags = Variable("wse_qual", "summary quality indicator for wse", nodata=-9_999)
    target = folder / name
    target.write_bytes(
        write_netcdf(
            np.concatenate([bands, quality[None]]),
            grid,
            [*variables, flags],
            [_moment(day)],
            {"title": name, **_ABOUT},
        )
    )
    return target


def write_rain(folder: Path, day: date) -> Path:
    """Rain of a day over the world, 0.5 degrees, longitudes from 0 to 360 as many producers write them. Returns the file."""
    lon, lat = np.arange(0.25, 360, 0.5), np.arange(-89.75, 90, 0.5)
    values = np.clip(_world(np.where(lon > 180, lon - 360, lon), lat, day.toordinal(), -6, 12), 0, None)
    target = folder / f"PRECIPITATION_DAILY_{day:%Y%m%d}_V1-0.nc"
    _write_degrees(target, lon, lat, "precipitation", "mm d-1", values)
    return target


def write_gravimetry(folder: Path, month: date) -> Path:
    """The anomaly of the water stored on land in a month, 1 degree, centimetres of water. Returns the file."""
    lon, lat = np.arange(-179.5, 180, 1.0), np.arange(89.5, -90, -1.0)
    values = _world(lon, lat, 7, 0, 9) + 6 * np.sin(np.radians(lat))[:, None] * np.cos(
        2 * np.pi * month.month / 12
    )
    target = folder / f"GRACE_LWE_{month:%Y%m}01_V1-0.nc"
    _write_degrees(target, lon, lat, "lwe_thickness", "cm", values)
    return target


def write_dem(folder: Path, north: int, east: int, seed: int = 7) -> Path:
    """A degree of relief as SRTM distributes it: 1201 x 1201 big-endian whole metres, corner pixels shared. Returns the file."""
    land = Landscape(seed, 1_201, 92.6, 111_200.0)
    heights = np.concatenate([land.height_m(top, min(1_201, top + 400)) for top in range(0, 1_201, 400)])
    target = (
        folder / f"{'N' if north >= 0 else 'S'}{abs(north):02d}{'E' if east >= 0 else 'W'}{abs(east):03d}.hgt"
    )
    target.write_bytes(np.round(heights).astype(">i2").tobytes())
    return target


def _write_degrees(
    target: Path,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    name: str,
    unit: str,
    values: NDArray[Any],
) -> None:
    with netCDF4.Dataset(target, "w") as out:
        out.setncatts({"Conventions": "CF-1.8", **_ABOUT})
        for axis_name, centres, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            out.createDimension(axis_name, centres.size)
            axis = out.createVariable(axis_name, "f8", (axis_name,))
            axis.units = units
            axis[:] = centres
        variable = out.createVariable(name, "f4", ("lat", "lon"), zlib=True, fill_value=9.96921e36)
        variable.units = unit
        variable[:] = values


def _world(
    lon: NDArray[np.float64], lat: NDArray[np.float64], seed: int, mean: float, spread: float
) -> NDArray[np.float64]:
    """Smooth waves over a sphere: rows of latitudes, columns of longitudes."""
    random = np.random.default_rng((11, seed))
    out = np.zeros((lat.size, lon.size))
    for _ in range(12):
        across, along = random.integers(1, 9), random.uniform(0.5, 8)
        phase = random.uniform(0, 2 * np.pi, 2)
        out += np.cos(np.radians(along * lat) * 2 + phase[0])[:, None] * np.cos(
            np.radians(lon) * across + phase[1]
        )
    made: NDArray[np.float64] = mean + spread * out / 2.4
    return made


def _moment(day: date) -> Period:
    taken = read_instant(f"{day:%Y-%m-%d}T10:20:30Z")
    return Period(taken.start, taken.end)
