# SPDX-License-Identifier: Apache-2.0
"""Footprints of products on a map: outlines with a fill, or how many of them cover a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from catalog.crs import WGS84, transform
from catalog.model.principal import Deadline
from catalog.raster.zones import covered
from config.styles import Outlines, rgba
from tiles.frame import Frame
from tiles.style import Coloured, colour_at

_FINER = 3
"""Samples a side of a pixel, for smooth lines."""
_MOST_FINE = 4_000_000
"""Pixels of a picture that is drawn finer than it is."""
_FAR = 20_000.0
"""Pixels beyond the picture at which a line is cut: Pillow counts in 16 bits."""
Ring = NDArray[np.float64]


def draw_footprints(
    footprints: Sequence[bytes], frame: Frame, style: Outlines, deadline: Deadline
) -> Coloured:
    """Footprints (WKB, longitude and latitude), the first on top: H x W x 4."""
    if style.stops:
        return _counts(footprints, frame, style, deadline)
    finer = _FINER if frame.width * frame.height * _FINER**2 <= _MOST_FINE * 4 else 1
    size = (frame.width * finer, frame.height * finer)
    fills, lines = Image.new("RGBA", size), Image.new("RGBA", size)
    fill, line = ImageDraw.Draw(fills), ImageDraw.Draw(lines)
    width = max(1, round(style.width * finer))
    for footprint in reversed(footprints):
        deadline.check()
        for ring in _rings(footprint, frame):
            points = [tuple(point) for point in (ring * finer).tolist()]
            if len(points) >= 3:
                fill.polygon(points, fill=rgba(style.fill))
                line.line([*points, points[0]], fill=rgba(style.colour), width=width, joint="curve")
    fills.alpha_composite(lines)
    if finer > 1:
        fills = fills.resize((frame.width, frame.height), Image.Resampling.BOX)
    return Coloured(np.asarray(fills))


def _counts(footprints: Sequence[bytes], frame: Frame, style: Outlines, deadline: Deadline) -> Coloured:
    polygons = []
    for footprint in footprints:
        deadline.check()
        polygons += [shapely.Polygon(ring) for ring in _rings(footprint, frame) if len(ring) >= 3]
    counts = covered(polygons, frame.width, frame.height)
    table = np.zeros((int(counts.max()) + 1, 4), np.uint8)
    for number in range(1, len(table)):
        table[number] = colour_at(style, number)
    return Coloured(table[counts])


def _rings(footprint: bytes, frame: Frame) -> Iterator[Ring]:
    """The outer rings in pixels of a map; what its projection has no place for is left out."""
    for part in shapely.get_parts(shapely.from_wkb(footprint)):
        lon, lat = shapely.get_coordinates(part.exterior)[:-1].T
        x, y = transform(WGS84.epsg, frame.crs.epsg, lon, lat)
        pixels = np.column_stack(
            [
                (x - frame.box.west) / frame.box.width * frame.width,
                (frame.box.north - y) / frame.box.height * frame.height,
            ]
        )
        yield np.clip(pixels[np.isfinite(pixels).all(axis=1)], -_FAR, _FAR)


def holds(footprint: bytes, longitude: float, latitude: float) -> bool:
    """Whether a footprint holds a point."""
    return bool(shapely.intersects_xy(shapely.from_wkb(footprint), longitude, latitude))
