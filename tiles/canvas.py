# SPDX-License-Identifier: Apache-2.0
"""Lines and polygons on a picture, drawn finer than it is and brought to its pixels, so that their edges are smooth."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from catalog.crs import WGS84, transform
from tiles.frame import Frame

_FINER = 3
"""Samples a side of a pixel."""
_MOST_FINE = 16_000_000
"""Samples of a picture; a larger one is drawn as it is."""
_FAR = 20_000.0
"""Pixels beyond the picture at which a line is cut: Pillow counts in 16 bits."""
Colour = tuple[int, int, int, int]
Path = NDArray[np.float64]


class Canvas:
    """A picture in the making: fills lie under lines."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._finer = _FINER if frame.width * frame.height * _FINER**2 <= _MOST_FINE else 1
        size = (frame.width * self._finer, frame.height * self._finer)
        self._fills, self._lines = Image.new("RGBA", size), Image.new("RGBA", size)
        self._fill, self._line = ImageDraw.Draw(self._fills), ImageDraw.Draw(self._lines)

    def polygon(self, ring: Path, fill: Colour) -> None:
        """Fills a ring (pixels: columns, rows)."""
        if len(ring) >= 3:
            self._fill.polygon([tuple(point) for point in (ring * self._finer).tolist()], fill=fill)

    def line(self, path: Path, colour: Colour, width: float, *, closed: bool) -> None:
        """Draws a line of a width in pixels."""
        points = [tuple(point) for point in (path * self._finer).tolist()]
        if len(points) >= 2:
            self._line.line(
                [*points, points[0]] if closed else points, fill=colour,
                width=max(1, round(width * self._finer)), joint="curve",
            )  # fmt: skip

    def pixels(self) -> NDArray[np.uint8]:
        """What was drawn: H x W x 4."""
        self._fills.alpha_composite(self._lines)
        image = self._fills
        if self._finer > 1:
            image = image.resize((self._frame.width, self._frame.height), Image.Resampling.BOX)
        found: NDArray[np.uint8] = np.asarray(image)
        return found


class Kind(Enum):
    """What a path is."""

    LINE = "line"
    RING = "ring"
    HOLE = "hole"
    """Of the ring before it."""


def paths(wkb: bytes, frame: Frame) -> Iterator[tuple[Path, Kind]]:
    """Lines and rings (WKB, longitude and latitude) in pixels of a map; what the projection has no place for is left out."""
    for part in shapely.get_parts(shapely.from_wkb(wkb)):
        if part.geom_type == "Polygon":
            yield _pixels(shapely.get_coordinates(part.exterior)[:-1], frame), Kind.RING
            for hole in part.interiors:
                yield _pixels(shapely.get_coordinates(hole)[:-1], frame), Kind.HOLE
        else:
            yield _pixels(shapely.get_coordinates(part), frame), Kind.LINE


def _pixels(points: Path, frame: Frame) -> Path:
    x, y = transform(WGS84.epsg, frame.crs.epsg, points[:, 0], points[:, 1])
    pixels = np.column_stack(
        [
            (x - frame.box.west) / frame.box.width * frame.width,
            (frame.box.north - y) / frame.box.height * frame.height,
        ]
    )
    return np.clip(pixels[np.isfinite(pixels).all(axis=1)], -_FAR, _FAR)
