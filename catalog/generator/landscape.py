# SPDX-License-Identifier: Apache-2.0
"""A landscape that never was: fields, forests, a river, a town, mountains, and the weather over it. Row block by row block, so any size fits in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

BANDS_10M = ("B2", "B3", "B4", "B8")
BANDS_20M = ("B5", "B6", "B7", "B8A", "B11", "B12")
BANDS = (*BANDS_10M, *BANDS_20M)
_SPECTRA = {  # surface reflectance of B2 B3 B4 B8 B5 B6 B7 B8A B11 B12
    "soil": (0.075, 0.105, 0.145, 0.255, 0.175, 0.205, 0.225, 0.265, 0.335, 0.290),
    "leaf": (0.022, 0.048, 0.026, 0.440, 0.085, 0.290, 0.390, 0.455, 0.205, 0.095),
    "water": (0.045, 0.048, 0.030, 0.012, 0.024, 0.018, 0.016, 0.011, 0.006, 0.004),
    "roof": (0.115, 0.130, 0.150, 0.220, 0.165, 0.180, 0.195, 0.225, 0.240, 0.215),
    "snow": (0.680, 0.690, 0.680, 0.610, 0.670, 0.660, 0.650, 0.630, 0.090, 0.070),
    "cloud": (0.620, 0.610, 0.615, 0.650, 0.625, 0.635, 0.640, 0.655, 0.480, 0.380),
}
SPECTRA = {
    name: dict(zip((*BANDS_10M, *BANDS_20M), values, strict=True)) for name, values in _SPECTRA.items()
}
_CROPS = (5, 6, 6, 9, 10, 10, 13, 13, 15)
"""OSO classes (23) of the fields, as often as they occur."""
_SUMMER, _WINTER = frozenset({8, 9, 10, 11, 12}), frozenset({5, 6, 7})
TO_17 = {
    1: 41,
    2: 42,
    3: 43,
    4: 44,
    5: 12,
    6: 12,
    7: 12,
    8: 11,
    9: 11,
    10: 11,
    11: 11,
    12: 11,
    13: 211,
    14: 221,
    15: 222,
    16: 31,
    17: 32,
    18: 34,
    19: 36,
    20: 45,
    21: 46,
    22: 53,
    23: 51,
}


@dataclass(frozen=True)
class Landscape:
    """A square of `size` pixels of `metres` each; the same seed and place give the same land at any resolution."""

    seed: int
    size: int
    metres: float
    extent_m: float

    def _coordinates(self, top: int, bottom: int) -> tuple[Floats, Floats]:
        """Kilometres from the upper left corner, of the pixel centres."""
        down = ((np.arange(top, bottom) + 0.5) * self.metres / 1_000).astype(np.float32)
        across = ((np.arange(self.size) + 0.5) * self.metres / 1_000).astype(np.float32)
        return down, across

    def noise(self, name: int, cell_km: float, top: int, bottom: int, octaves: int = 4) -> Floats:
        """Smooth noise of about zero mean and unit size."""
        down, across = self._coordinates(top, bottom)
        out = np.zeros((down.size, across.size), np.float32)
        amplitude, cell = 1.0, cell_km
        for octave in range(octaves):
            count = int(self.extent_m / 1_000 / cell) + 3
            knots = (
                np.random.default_rng((self.seed, name, octave))
                .standard_normal((count, count))
                .astype(np.float32)
            )
            out += np.float32(amplitude) * (
                _weights(down / cell, count) @ knots @ _weights(across / cell, count).T
            )
            amplitude, cell = amplitude * 0.5, cell / 2
            if cell * 1_000 < 2 * self.metres:
                break
        return out

    def height_m(self, top: int, bottom: int) -> Floats:
        """Metres above the sea: plains in the north, mountains in the south."""
        down, _ = self._coordinates(top, bottom)
        share = (down / (self.extent_m / 1_000))[:, None]
        rough: Floats = np.maximum(
            60.0,
            170
            + 70 * self.noise(1, self.extent_m / 4_000, top, bottom)
            + 2_100
            * np.clip(share - 0.62, 0, 1)
            * (1.4 + self.noise(2, self.extent_m / 8_000, top, bottom, 5)),
        )
        return rough.astype(np.float32)

    def parcels(self, top: int, bottom: int) -> NDArray[np.uint32]:
        """A number for each field: a brick wall, bent by noise."""
        down, across = self._coordinates(top, bottom)
        bend = 0.18
        y = down[:, None] + bend * self.noise(3, 0.9, top, bottom, 3)
        x = across[None, :] + bend * self.noise(4, 0.9, top, bottom, 3)
        row = np.floor(y / 0.22 + 1_000).astype(np.uint32)
        column = np.floor(x / 0.34 + 1_000 + (row % 2) * 0.5).astype(np.uint32)
        mixed: NDArray[np.uint32] = (
            (row * np.uint32(73_856_093))
            ^ (column * np.uint32(19_349_663))
            ^ np.uint32(self.seed * 83_492_791 & 0xFFFFFFFF)
        )
        mixed ^= mixed >> np.uint32(13)
        return mixed * np.uint32(2_654_435_761) >> np.uint32(8)

    def classes(self, top: int, bottom: int) -> Bytes:
        """OSO classes (23) of a row block."""
        height = self.height_m(top, bottom)
        parcel = self.parcels(top, bottom)
        out = np.array(_CROPS, np.uint8)[parcel % len(_CROPS)]
        wood = self.noise(5, 2.2, top, bottom) + (height - 250) / 700
        out[wood > 1.0] = 16
        out[(wood > 1.0) & (height > 800)] = 17
        out[height > 1_700] = 18
        out[height > 2_150] = 20
        town = self.noise(6, 3.5, top, bottom, 3)
        out[(town > 1.75) & (height < 500)] = 2
        out[(town > 2.15) & (height < 500)] = 1
        river = np.abs(self.noise(7, self.extent_m / 3_000, top, bottom, 3))
        out[(river < 0.02) & (height < 700)] = 23
        out[(self.noise(8, 1.6, top, bottom, 2) < -2.0) & (height < 400)] = 23
        return out


@dataclass(frozen=True)
class Weather:
    """The sky and the season of a day: clouds with their shadows, snow line, how green things are."""

    land: Landscape
    day: date
    cover: float
    """About how much of the sky is cloud, 0 to 1."""

    def clouds(self, top: int, bottom: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Cloud and shadow of a row block; the shadow lies to the north-west, as at half past ten in the northern hemisphere."""
        shift = max(1, round(600 / self.land.metres))
        low, high = max(0, top - shift), min(self.land.size, bottom + shift)
        thick = self.land.noise(
            1_000 + self.day.toordinal(), self.land.extent_m / 5_000, low, high, 6
        ) > _threshold(self.cover)
        cloud = thick[top - low : bottom - low]
        moved = np.zeros_like(cloud)
        source = thick[top - low + shift : bottom - low + shift, shift:]
        moved[: source.shape[0], : source.shape[1]] = source
        return cloud, moved & ~cloud

    def snow(self, top: int, bottom: int) -> NDArray[np.bool_]:
        """Where snow lies: above a line that follows the season."""
        season = np.cos(2 * np.pi * (self.day.timetuple().tm_yday - 25) / 365)
        line = 1_900 - 1_000 * season
        found: NDArray[np.bool_] = (
            self.land.height_m(top, bottom) + 90 * self.land.noise(9, 0.7, top, bottom, 3) > line
        )
        return found

    def green(self, top: int, bottom: int) -> Floats:
        """The share of a pixel that is leaves, by class and season."""
        kinds = self.land.classes(top, bottom)
        yearday = self.day.timetuple().tm_yday
        table = np.zeros(256, np.float32)
        for kind in range(1, 24):
            table[kind] = _greenness(kind, yearday)
        grain = (self.land.parcels(top, bottom) % 1_000).astype(np.float32) / 1_000 - 0.5
        leafy: Floats = np.clip(
            table[kinds] * (1 + 0.35 * grain) + 0.02 * self.land.noise(10, 0.15, top, bottom, 2), 0, 0.95
        )
        return leafy

    def scene(self, top: int, bottom: int) -> Scene:
        """Everything of a row block that all bands share."""
        parcel = self.land.parcels(top, bottom)
        grain = (parcel >> np.uint32(5) & np.uint32(255)).astype(np.float32)
        bright = np.float32(0.85) + np.float32(0.3 / 255) * grain
        cloud, shadow = self.clouds(top, bottom)
        return Scene(
            self.land.classes(top, bottom),
            self.green(top, bottom),
            bright,
            np.float32(1) + np.float32(0.04) * self.land.noise(11, 0.05, top, bottom, 2),
            self.snow(top, bottom),
            cloud,
            shadow,
            np.float32(0.9) + np.float32(0.1) * self.land.noise(12, 1.0, top, bottom, 3),
        )

    def reflectance(self, band: str, top: int, bottom: int) -> Floats:
        """Surface reflectance of a band, clouds included."""
        return self.scene(top, bottom).reflectance(band)


@dataclass(frozen=True)
class Scene:
    """A row block as the satellite sees it; each band is a few lines on top of this."""

    classes: Bytes
    leaf: Floats
    bright: Floats
    texture: Floats
    snow: NDArray[np.bool_]
    cloud: NDArray[np.bool_]
    shadow: NDArray[np.bool_]
    cloud_texture: Floats

    def reflectance(self, band: str) -> Floats:
        """Surface reflectance of a band."""
        value = SPECTRA["soil"][band] * self.bright * (1 - self.leaf) + SPECTRA["leaf"][band] * self.leaf
        for kind, name in ((1, "roof"), (2, "roof"), (23, "water")):
            value[self.classes == kind] = SPECTRA[name][band]
        value[self.snow] = 0.85 * SPECTRA["snow"][band] + 0.15 * value[self.snow]
        value *= self.texture
        value[self.shadow] *= 0.45
        value[self.cloud] = SPECTRA["cloud"][band] * self.cloud_texture[self.cloud]
        clipped: Floats = np.clip(value, 0.001, 1.2).astype(np.float32)
        return clipped


def _weights(position: Floats, count: int) -> Floats:
    """The matrix that interpolates `count` knots at positions, smoothly."""
    left = np.minimum(position.astype(np.intp), count - 2)
    part = position - left
    part = part * part * (3 - 2 * part)
    out = np.zeros((position.size, count), np.float32)
    rows = np.arange(position.size)
    out[rows, left] = 1 - part
    out[rows, left + 1] = part
    return out


def _threshold(cover: float) -> float:
    """The noise level above which a share `cover` lies (the noise is about normal, deviation 0.75)."""
    return float(
        np.interp(cover, (0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 1.0), (9.0, 1.6, 1.0, 0.42, 0.0, -0.65, -9.0))
    )


def _greenness(kind: int, yearday: int) -> float:
    if kind in _SUMMER:
        return float(0.08 + 0.78 * np.exp(-(((yearday - 210) / 45) ** 2)))
    if kind in _WINTER:
        return float(0.08 + 0.80 * np.exp(-(((yearday - 125) / 50) ** 2)))
    season = 0.5 - 0.5 * np.cos(2 * np.pi * (yearday - 20) / 365)
    base = {
        13: (0.45, 0.35),
        14: (0.3, 0.35),
        15: (0.15, 0.3),
        16: (0.15, 0.75),
        17: (0.7, 0.1),
        18: (0.2, 0.4),
        19: (0.35, 0.3),
    }.get(kind, (0.0, 0.0))
    return float(base[0] + base[1] * season)
