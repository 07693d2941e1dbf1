# SPDX-License-Identifier: Apache-2.0
"""Where the sun does not reach the ground: slopes that turn away from it, and what higher ground stands before."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
_VERY_LOW = np.float32(-1e6)


def in_shadow(height: Plane, pixel: float, zenith: float, azimuth: float, dim: float = 0.2) -> Mask:
    """Pixels of a relief (metres, rows from the north, square pixels of so many metres) that are in the shadow of the sun.

    `zenith` and `azimuth` (clockwise from the grid's north) in degrees. On a slope the cosine of incidence is below `dim`; a cast shadow is where
    the ray to the sun meets ground. False where the relief is not known.
    """
    known = np.isfinite(height)
    filled = np.where(known, height, np.float32(-1e4))
    return np.asarray(known & ((_incidence(height, pixel, zenith, azimuth) < dim) | _cast(filled, pixel, zenith, azimuth)))  # fmt: skip


def _incidence(height: Plane, pixel: float, zenith: float, azimuth: float) -> Plane:
    """The cosine of the angle between the sun and the normal of the ground; NaN beside unknown heights."""
    down, east = np.gradient(height, pixel)
    theta, phi = math.radians(zenith), math.radians(azimuth)
    toward = -east * (math.sin(theta) * math.sin(phi)) + down * (math.sin(theta) * math.cos(phi))
    return np.asarray((toward + math.cos(theta)) / np.sqrt(1 + east**2 + down**2), np.float32)


def _cast(height: Plane, pixel: float, zenith: float, azimuth: float) -> Mask:
    """Where the ground toward the sun is above the ray to it.

    The highest of `z - distance x tan(elevation)` over 2, 4, 8, … steps toward the sun is that over half as many, and the same from halfway on:
    eight passes instead of hundreds.
    """
    if zenith <= 0:
        return np.zeros(height.shape, np.bool_)
    phi, rise = math.radians(azimuth), pixel / math.tan(math.radians(min(zenith, 89.0)))
    steps, above = 1, _moved(height, -math.cos(phi), math.sin(phi)) - np.float32(rise)
    known = height[height > -9e3]
    relief = float(known.max() - known.min()) if known.size else 0.0
    while steps * rise < relief and steps < max(height.shape):
        further = _moved(above, -math.cos(phi) * steps, math.sin(phi) * steps) - np.float32(rise * steps)
        above, steps = np.maximum(above, further), steps * 2
    return np.asarray(above > height)


def _moved(plane: Plane, rows: float, columns: float) -> Plane:
    """What stands so far below and to the right of each pixel, between its four neighbours; very low beyond the edge."""
    down, right = math.floor(rows), math.floor(columns)
    lower, other = np.float32(rows - down), np.float32(columns - right)
    out = np.zeros_like(plane)
    for at, share in ((0, 1 - lower), (1, lower)):
        for beside, part in ((0, 1 - other), (1, other)):
            if share * part > 0:
                out += share * part * _shifted(plane, down + at, right + beside)
    return out


def _shifted(plane: Plane, down: int, right: int) -> Plane:
    out = np.full_like(plane, _VERY_LOW)
    height, width = plane.shape
    if abs(down) >= height or abs(right) >= width:
        return out
    target = (slice(max(0, -down), height - max(0, down)), slice(max(0, -right), width - max(0, right)))
    source = (slice(max(0, down), height - max(0, -down)), slice(max(0, right), width - max(0, -right)))
    out[target] = plane[source]
    return out
