# SPDX-License-Identifier: Apache-2.0
"""Reads the product types and styles that ship with Hysope and those of the operator, and checks that they fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from config import yaml_source
from config.load import validated
from config.problems import ConfigError, Problem, did_you_mean
from config.product_types import ProductType, Registry
from config.styles import Classes, Style
from config.yaml_source import Document

_HERE = Path(__file__).parent


class _StyleFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    style: Style


def load_registry(folders: Iterable[Path] = ()) -> Registry:
    """The shipped product types and those in `folders`; a type of the same id replaces the shipped one.

    Raises ConfigError with every fault of every file.
    """
    problems: list[Problem] = []
    styles: dict[str, Style] = {}
    types: dict[str, tuple[ProductType, Document]] = {}
    for path in _files([_HERE / "styles", *(folder / "styles" for folder in folders)]):
        try:
            style = validated(_StyleFile, yaml_source.read(path)).style
        except ConfigError as error:
            problems += error.problems
            continue
        styles[style.id] = style
    for path in _files([_HERE / "product_types", *folders]):
        try:
            document = yaml_source.read(path)
            kind = validated(ProductType, document)
        except ConfigError as error:
            problems += error.problems
            continue
        types[kind.id] = (kind, document)
    ordered = sorted((kind for kind, _ in types.values()), key=lambda kind: (kind.order, kind.id))
    registry = Registry(types={kind.id: kind for kind in ordered}, shared_styles=styles)
    for kind, document in types.values():
        problems += _unfitting(registry, kind, document)
    if problems:
        raise ConfigError(problems)
    return registry


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.glob("*.yaml"))


def _unfitting(registry: Registry, kind: ProductType, document: Document) -> Iterator[Problem]:
    """Styles that do not exist, or that use bands which the type lacks."""
    known = [*registry.shared_styles, *(style.id for style in kind.styles)]
    for at, layer in enumerate(kind.layers):
        for number, style_id in enumerate(layer.styles):
            place = document.place(("layers", at, "styles", number))
            key = f"layers.{at}.styles.{number}"
            style = registry.style(kind, style_id)
            if style is None:
                yield Problem(place, key, f"there is no style {style_id}", did_you_mean(style_id, known))
                continue
            for band in style.bands:
                if band not in kind.bands:
                    yield Problem(
                        place,
                        key,
                        f"the style {style_id} uses the band {band}",
                        did_you_mean(band, kind.bands),
                    )
                elif isinstance(style, Classes) and not (kind.bands[band].classes or kind.bands[band].bits):
                    yield Problem(
                        place, key, f"the style {style_id} draws classes, but the band {band} has none"
                    )
    if kind.visual is not None and registry.visual(kind) is None:
        yield Problem(
            document.place(("visual",)),
            "visual",
            f"{kind.visual} is not a composite style",
            did_you_mean(kind.visual, known),
        )
