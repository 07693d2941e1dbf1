# SPDX-License-Identifier: Apache-2.0
"""All that an installation publishes: its product types, series types, processes, styles and the towns that it knows."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from config.chains import Process
from config.product_types import ProductType
from config.published import Frozen
from config.series_types import SeriesType
from config.styles import Composite, Style

Collection = ProductType | SeriesType
"""What a collection's id stands for."""


class Place(NamedTuple):
    """A town by which people search."""

    name: str
    longitude: float
    latitude: float


class Registry(Frozen):
    """All product types and styles of an installation."""

    types: dict[str, ProductType]
    series_types: dict[str, SeriesType] = Field(default_factory=dict)
    places: tuple[Place, ...] = ()
    processes: dict[str, Process] = Field(default_factory=dict)
    shared_styles: dict[str, Style]

    @property
    def collections(self) -> dict[str, Collection]:
        """All collections by their ids, in the order of lists."""
        return {**self.types, **self.series_types}

    def style(self, kind: ProductType, style_id: str) -> Style | None:
        """A style that one of the type's layers may use."""
        own = next((style for style in kind.styles if style.id == style_id), None)
        return own or self.shared_styles.get(style_id)

    def visual(self, kind: ProductType) -> Composite | None:
        """The composite that ingest bakes into an 8-bit asset."""
        style = self.style(kind, kind.visual) if kind.visual else None
        return style if isinstance(style, Composite) else None
