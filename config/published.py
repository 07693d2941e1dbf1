# SPDX-License-Identifier: Apache-2.0
"""What every collection says of itself, whatever it holds: titles, owner, licence, layers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.settings import Bilingual


class Frozen(BaseModel):
    """A value of the registry: unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Layer(Frozen):
    """A map layer of the collection; the one without a suffix is the collection's own."""

    suffix: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = ""
    title: Bilingual
    styles: Annotated[tuple[str, ...], Field(min_length=1)]
    """Style ids; the first is the default."""


class Published(Frozen):
    """What every collection says of itself, whatever it holds."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]
    title: Bilingual
    abstract: Bilingual
    keywords: tuple[Bilingual, ...] = ()
    order: int = 100
    """Where the collection stands in lists; the least first."""
    level: str
    topic: Literal["imageryBaseMapsEarthCover", "inlandWaters", "environment"] = "imageryBaseMapsEarthCover"
    """The ISO 19115 topic category."""
    platforms: tuple[str, ...] = ()
    maturity: Literal["demonstration", "research", "operational"]
    centre: str
    """The expertise centre that owns the product."""
    producer: str
    licence: str
    licence_url: str | None = None
    attribution: str
    attribution_url: str | None = None
    doi: str | None = None

    def layer_name(self, layer: Layer) -> str:
        """The name of a layer in every map service."""
        return f"{self.id}.{layer.suffix}" if layer.suffix else self.id
