# SPDX-License-Identifier: Apache-2.0
"""Geometry of footprints in longitude and latitude."""

from __future__ import annotations

import shapely

from catalog.model.area import Box, union


def footprint_boxes(wkb: bytes) -> tuple[Box, ...]:
    """One box per part of a footprint that is split at the antimeridian, else one box for all parts."""
    shape = shapely.from_wkb(wkb)
    boxes = [
        Box(west=b[0], south=b[1], east=b[2], north=b[3])
        for b in shapely.bounds(shapely.get_parts(shape)).tolist()
    ]
    whole = union(boxes)
    assert whole is not None
    return tuple(boxes) if whole.width > 180.0 and len(boxes) > 1 else (whole,)
