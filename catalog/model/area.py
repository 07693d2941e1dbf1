# SPDX-License-Identifier: Apache-2.0
"""Boxes. There are no bare tuples of coordinates in this house: a Box is built by keyword, always x = east, y = north."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from catalog.model.faults import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in one CRS; x grows to the east, y to the north, whatever the axis order of the CRS."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not all(isfinite(value) for value in (self.west, self.south, self.east, self.north)):
            raise invalid("a box needs four finite numbers")
        if self.west > self.east or self.south > self.north:
            raise invalid("a box needs west <= east and south <= north")

    @property
    def width(self) -> float:
        """East minus west."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """North minus south."""
        return self.north - self.south

    def meets(self, other: Box) -> bool:
        """Whether the two share at least a point."""
        return (
            self.west <= other.east
            and other.west <= self.east
            and self.south <= other.north
            and other.south <= self.north
        )

    def grown(self, x: float, y: float) -> Box:
        """The box with a margin on each side."""
        return Box(west=self.west - x, south=self.south - y, east=self.east + x, north=self.north + y)


def union(boxes: Iterable[Box]) -> Box | None:
    """The least box that holds all of them; None for no boxes."""
    boxes = list(boxes)
    if not boxes:
        return None
    return Box(
        west=min(box.west for box in boxes),
        south=min(box.south for box in boxes),
        east=max(box.east for box in boxes),
        north=max(box.north for box in boxes),
    )


WORLD = Box(west=-180.0, south=-90.0, east=180.0, north=90.0)
