# SPDX-License-Identifier: Apache-2.0
"""LAI, FAPAR and FCOVER by the neural networks of BV-NET (Weiss, Baret: S2ToolBox Level 2 products, ATBD 1.1 and 2.0).

Eleven inputs: reflectances of B3 B4 B5 B6 B7 B8A B11 B12 and the cosines of view zenith, sun zenith and relative azimuth; five tanh neurons, one
linear. The numbers of the networks are not ours to ship: the operator names a folder (`processes.networks`) with one folder a variable, in the layout
of the S2 ToolBox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.raster.files import describe
from catalog.raster.onto import read_bits_onto
from catalog.raster.write import write_cog
from processes.chains.planes import reflectance

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.uint8]
BANDS = ("B3", "B4", "B5", "B6", "B7", "B8A", "B11", "B12")
VARIABLES = {"LAI": 1_000.0, "FAPAR": 10_000.0, "FCOVER": 10_000.0}
"""What is made, and counts of one unit."""
NODATA, NO_FLAGS = -10_000, 255
OUTSIDE, BELOW, ABOVE = 1, 2, 4
"""Flags of a pixel: its reflectances are unlike what the network learned; the value was below or above the possible ones, and is the nearest of these."""
_BELOW_BY, _ABOVE_BY = {"LAI": 2, "FAPAR": 8, "FCOVER": 32}, {"LAI": 4, "FAPAR": 16, "FCOVER": 64}
"""The flags BELOW and ABOVE of each variable in the band FLAGS; bit 0 is OUTSIDE."""
_CLASSES = 10
_ROWS = 256


@dataclass(frozen=True)
class Network:
    """The numbers of one variable's network."""

    low: Floats
    high: Floats
    """What each of the 11 inputs is normalised by."""
    hidden: Floats
    """Weights, 5 x 11."""
    hidden_bias: Floats
    output: Floats
    """Weights, 5."""
    output_bias: float
    least: float
    most: float
    """What the output is denormalised by."""
    tolerance: float
    floor: float
    ceiling: float
    """Possible values, and how far an output may be off them before it has none."""


@dataclass(frozen=True)
class Domain:
    """What the networks learned from, over the 8 reflectances; it is that of LAI for all of them."""

    low: Floats
    high: Floats
    cells: NDArray[np.int64]
    """The cells of the grid of 10 classes a band that hold something, as numbers in base 10, sorted."""


def read_domain(folder: Path) -> Domain:
    """The domain from its files. Raises ValueError where one is missing."""
    bounds = _table(folder, "LAI", "DefinitionDomain_MinMax")
    grid = _table(folder, "LAI", "DefinitionDomain_Grid").astype(np.int64)
    return Domain(bounds[0], bounds[1], np.sort(_cell(grid.T - 1)))


def _table(folder: Path, variable: str, name: str) -> Floats:
    path = folder / variable / f"{variable}_{name}"
    try:
        return np.loadtxt(path, delimiter=",", ndmin=2)
    except OSError as error:
        raise ValueError(f"processes.networks has no {variable}/{path.name}") from error


def read_network(folder: Path, variable: str) -> Network:
    """The network of a variable from its files. Raises ValueError where one is missing or has another shape."""
    table = partial(_table, folder, variable)
    scale, back, extremes = table("Normalisation"), table("Denormalisation"), table("ExtremeCases")
    hidden = table("Weights_Layer1_Neurons")
    if hidden.shape != (5, len(BANDS) + 3) or scale.shape != (len(BANDS) + 3, 2):
        raise ValueError(f"the network of {variable} has {hidden.shape[1]} inputs, not {len(BANDS) + 3}")
    return Network(
        scale[:, 0], scale[:, 1], hidden, table("Weights_Layer1_Bias").ravel(), table("Weights_Layer2_Neurons").ravel(),
        float(table("Weights_Layer2_Bias")[0, 0]), float(back[0, 0]), float(back[0, 1]), abs(float(extremes[0, 0])), float(extremes[0, 1]),
        float(extremes[0, 2]),
    )  # fmt: skip


def answer(network: Network, inputs: Floats) -> Floats:
    """The output for inputs (11 x pixels, reflectances and cosines), as the network gives it."""
    kind = inputs.dtype
    span = (network.high - network.low).astype(kind)[:, None]
    scaled = 2 * (inputs - network.low.astype(kind)[:, None]) / span - 1
    neurons = np.tanh(network.hidden.astype(kind) @ scaled + network.hidden_bias.astype(kind)[:, None])
    out = network.output.astype(kind) @ neurons + kind.type(network.output_bias)
    return np.asarray(
        kind.type(0.5) * (out + 1) * kind.type(network.most - network.least) + kind.type(network.least)
    )


def bounded(network: Network, found: Floats) -> tuple[Floats, Flags]:
    """Outputs within the possible values, and BELOW or ABOVE where one was not; NaN where it was further off than the tolerance."""
    low, high = found < network.floor, found > network.ceiling
    out = np.clip(found, network.floor, network.ceiling)
    out[(found < network.floor - network.tolerance) | (found > network.ceiling + network.tolerance)] = np.nan
    return out, (low * BELOW + high * ABOVE).astype(np.uint8)


def outside(domain: Domain, reflectances: Floats) -> NDArray[np.bool_]:
    """Where reflectances (8 x pixels) are unlike all that the network learned from: beyond their bounds, or in an empty cell of their grid."""
    low, high = domain.low[:, None], domain.high[:, None]
    beyond = ((reflectances < low) | (reflectances > high)).any(axis=0)
    share = np.nan_to_num((reflectances - low) / (high - low))
    cells = _cell(np.clip((share * _CLASSES).astype(np.int64), 0, _CLASSES - 1))
    at = np.minimum(np.searchsorted(domain.cells, cells), len(domain.cells) - 1)
    return np.asarray(beyond | (domain.cells[at] != cells))


def _cell(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Classes 0 to 9 of the bands (bands x cells) as one number."""
    powers = _CLASSES ** np.arange(classes.shape[0], dtype=np.int64)
    return np.asarray(powers @ classes)


def run(item: dict[str, Any], values: dict[str, Any], out: Path) -> None:
    """Writes LAI, FAPAR, FCOVER (int16; -10000 without a value) and FLAGS on the grid of B5. Raises ValueError for angles that nobody told."""
    home = Path(item["networks"])
    networks, domain = {name: read_network(home, name) for name in VARIABLES}, read_domain(home)
    cosines = _cosines(item.get("angles", {}), values)
    grid = describe(Path(item["bands"]["B5"]["path"])).grid
    planes = [reflectance(item["bands"][name], grid, "average") for name in BANDS]
    mask = item["bands"].get("CLM")
    hidden = None
    if mask is not None and not values["keep_clouds"]:
        hidden = read_bits_onto(Path(mask["path"]), mask["index"], grid) > 0
    made = {name: np.full((grid.height, grid.width), NODATA, np.int16) for name in VARIABLES}
    flags = np.full((grid.height, grid.width), NO_FLAGS, np.uint8)
    for top in range(0, grid.height, _ROWS):
        rows = slice(top, top + _ROWS)
        good = np.isfinite(sum(plane[rows] for plane in planes))
        if hidden is not None:
            good &= ~hidden[rows]
        _fill(
            networks,
            domain,
            np.stack([plane[rows][good] for plane in planes]),
            cosines,
            good,
            {name: one[rows] for name, one in made.items()},
            flags[rows],
        )
    for name, counts in made.items():
        write_cog(out / f"{name}.tif", counts, grid, NODATA, average=True)
    write_cog(out / "FLAGS.tif", flags, grid, NO_FLAGS, average=False)


def _fill(
    networks: Mapping[str, Network],
    domain: Domain,
    reflectances: Floats,
    cosines: tuple[float, float, float],
    good: NDArray[np.bool_],
    made: Mapping[str, NDArray[np.int16]],
    flags: Flags,
) -> None:
    """Some rows: the values of the good pixels, and their flags."""
    angles = np.repeat(np.array(cosines, reflectances.dtype)[:, None], reflectances.shape[1], axis=1)
    inputs = np.concatenate([reflectances, angles])
    told = outside(domain, reflectances) * np.uint8(OUTSIDE)
    for name, network in networks.items():
        found, off = bounded(network, answer(network, inputs))
        told |= (off & BELOW > 0) * np.uint8(_BELOW_BY[name]) | (off & ABOVE > 0) * np.uint8(_ABOVE_BY[name])
        counts = np.where(np.isfinite(found), np.rint(found * VARIABLES[name]), NODATA)
        made[name][good] = counts.astype(np.int16)
    flags[good] = told


def _cosines(told: Mapping[str, float], values: Mapping[str, Any]) -> tuple[float, float, float]:
    """Of view zenith, sun zenith and relative azimuth: as ordered, else as the product says them (means over the image, degrees)."""
    view, sun, relative = values.get("view_zenith"), values.get("sun_zenith"), values.get("relative_azimuth")
    if relative is None and {"view_azimuth", "sun_azimuth"} <= told.keys():
        relative = told["view_azimuth"] - told["sun_azimuth"]
    view, sun = (
        told.get("view_zenith") if view is None else view,
        told.get("sun_zenith") if sun is None else sun,
    )
    if view is None or sun is None or relative is None:
        raise ValueError(
            "the product does not say its angles: give view_zenith, sun_zenith and relative_azimuth"
        )
    found = np.cos(np.radians([view, sun, relative]))
    return float(found[0]), float(found[1]), float(found[2])
