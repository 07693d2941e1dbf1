# SPDX-License-Identifier: Apache-2.0
"""Bands as the chains work with them: reflectances on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.product import Grid
from catalog.raster.files import describe, read_band
from catalog.raster.onto import Method, read_onto


def reflectance(band: Mapping[str, Any], grid: Grid, method: Method) -> NDArray[np.float32]:
    """A band of a job's product in its unit, resampled where its grid is another; NaN without a value."""
    path, nodata = Path(band["path"]), next(iter(band["nodata"]), None)
    if describe(path).grid == grid:
        stored = read_band(path, band["index"]).astype(np.float32)
        stored[np.isin(stored, band["nodata"])] = np.nan
    else:
        stored = read_onto(path, band["index"], grid, method, nodata)
    return np.asarray(stored * np.float32(band["scale"]) + np.float32(band["offset"]))
