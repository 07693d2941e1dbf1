# SPDX-License-Identifier: Apache-2.0
"""Footprints of products on a map: outlines with a fill, or how many of them cover a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from catalog.model.principal import Deadline
from catalog.raster.zones import covered
from config.styles import Outlines, rgba
from tiles.canvas import Canvas, Kind, paths
from tiles.frame import Frame
from tiles.style import Coloured, colour_at


def draw_footprints(
    footprints: Sequence[bytes], frame: Frame, style: Outlines, deadline: Deadline
) -> Coloured:
    """Footprints (WKB, longitude and latitude), the first on top: H x W x 4."""
    if style.stops:
        return _counts(footprints, frame, style, deadline)
    canvas = Canvas(frame)
    for footprint in reversed(footprints):
        deadline.check()
        for path, kind in paths(footprint, frame):
            if kind is not Kind.RING:
                continue
            canvas.polygon(path, rgba(style.fill))
            canvas.line(path, rgba(style.colour), style.width, closed=True)
    return Coloured(canvas.pixels())


def _counts(footprints: Sequence[bytes], frame: Frame, style: Outlines, deadline: Deadline) -> Coloured:
    polygons = []
    for footprint in footprints:
        deadline.check()
        polygons += [
            shapely.Polygon(path)
            for path, kind in paths(footprint, frame)
            if kind is Kind.RING and len(path) >= 3
        ]
    counts = covered(polygons, frame.width, frame.height)
    table = np.zeros((int(counts.max()) + 1, 4), np.uint8)
    for number in range(1, len(table)):
        table[number] = colour_at(style, number)
    return Coloured(table[counts])


def holds(footprint: bytes, longitude: float, latitude: float) -> bool:
    """Whether a footprint holds a point."""
    return bool(shapely.intersects_xy(shapely.from_wkb(footprint), longitude, latitude))
