# SPDX-License-Identifier: Apache-2.0
"""Which towns a place covers, so that people find products by the names they know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.model.area import Box
from config.collections import Place


def covered(boxes: Iterable[Box], places: Sequence[Place], margin: float = 0.0) -> tuple[str, ...]:
    """The names of the places that lie in boxes (longitude, latitude), grown by a margin in degrees."""
    grown = [box.grown(margin, margin) for box in boxes]
    return tuple(
        place.name
        for place in places
        if any(
            box.west <= place.longitude <= box.east and box.south <= place.latitude <= box.north
            for box in grown
        )
    )
