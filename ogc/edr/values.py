# SPDX-License-Identifier: Apache-2.0
"""What a data query answers, before it is written in any form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.crs import Crs
from catalog.model.time import Micros


@dataclass(frozen=True, slots=True)
class Parameter:
    """What was measured."""

    name: str
    title: str
    unit: str
    """UCUM."""
    definition: str | None = None


@dataclass(frozen=True)
class PointSeries:
    """Values at one place, oldest first."""

    id: str
    x: float
    y: float
    """East and north in the CRS of the answer."""
    times: Sequence[Micros]
    values: Mapping[str, Sequence[float | None]]
    """By parameter, each as long as the times."""
    notes: Sequence[str] = ()
    """Of each time, what it was taken from; empty where there is nothing to say."""


@dataclass(frozen=True)
class GridStack:
    """Values on a grid, a layer for each time."""

    x: NDArray[np.float64]
    """Centres of the columns, westmost first, in the CRS of the answer."""
    y: NDArray[np.float64]
    """Centres of the rows, northmost first."""
    times: Sequence[Micros]
    values: Mapping[str, NDArray[np.float64]]
    """By parameter: times x rows x columns, NaN where there is no value."""


@dataclass(frozen=True)
class Found:
    """The answer to a data query: series of places, or one stack of grids."""

    parameters: tuple[Parameter, ...]
    crs: Crs
    series: tuple[PointSeries, ...] = ()
    grid: GridStack | None = None
