# SPDX-License-Identifier: Apache-2.0
"""What is asked of the pixels: the layers of a map, and bands to take away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from config.product_types import ProductType
from config.styles import Outlines, Style
from tiles.stations import StationQuery
from tiles.times import TimeQuery


class Priority(Enum):
    """Which scene is on top where several have a pixel."""

    NEWEST = "newest"
    LEAST_CLOUDY = "least-cloudy"
    CLEAR = "clear"
    """Pixels that the product's own mask calls clear come first, the newest of them on top."""


@dataclass(frozen=True, slots=True)
class LayerQuery:
    """One layer of a map, in one style, at some times."""

    kind: ProductType
    style: Style
    time: TimeQuery = ()
    priority: Priority = Priority.NEWEST
    max_cloud: float | None = None
    strict_time: bool = False


@dataclass(frozen=True, slots=True)
class ExtractQuery:
    """Bands of one dtype of a collection, at some times; `smooth` is bilinear where values between pixels mean something."""

    kind: ProductType
    bands: tuple[str, ...]
    time: TimeQuery = ()
    smooth: bool = False
    priority: Priority = Priority.NEWEST
    max_cloud: float | None = None
    strict_time: bool = False
    only: str = ""
    """The id of the one product that is read."""


@dataclass(frozen=True, slots=True)
class FootprintQuery:
    """The footprints of a collection's products at some times."""

    kind: ProductType
    style: Outlines
    time: TimeQuery = ()
    max_cloud: float | None = None
    strict_time: bool = False
    priority: Priority = Priority.NEWEST


MapLayer = LayerQuery | StationQuery | FootprintQuery
TimedQuery = LayerQuery | ExtractQuery | FootprintQuery
