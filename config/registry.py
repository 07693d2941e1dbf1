# SPDX-License-Identifier: Apache-2.0
"""Reads the product types and styles that ship with Hysope and those of the operator, and checks that they fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from config import yaml_source
from config.chains import Process
from config.collections import Place, Registry
from config.load import validated
from config.problems import ConfigError, Problem, did_you_mean
from config.product_types import ProductType
from config.series_types import SeriesType
from config.styles import Classes, Composite, Ramp, Style
from config.yaml_source import Document

_HERE = Path(__file__).parent
Model = TypeVar("Model", bound=BaseModel)


class _PlaceFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    places: tuple[Place, ...]


class _StyleFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    style: Style


def load_registry(folders: Iterable[Path] = ()) -> Registry:
    """The shipped product types and those in `folders`; a type of the same id replaces the shipped one.

    Raises ConfigError with every fault of every file.
    """
    problems: list[Problem] = []
    folders = tuple(folders)
    styles = _read(_StyleFile, [_HERE / "styles", *(folder / "styles" for folder in folders)], problems)
    found = _read(ProductType, [_HERE / "product_types", *folders], problems)
    chains = _read(SeriesType, [_HERE / "series_types", *(folder / "series" for folder in folders)], problems)
    places = _read(
        _PlaceFile, [_HERE / "vocabularies", *(folder / "vocabularies" for folder in folders)], problems
    )
    processes = _read(Process, [_HERE / "chains", *(folder / "chains" for folder in folders)], problems)
    types = {kind.id: (kind, document) for kind, document in found}
    ordered = sorted((kind for kind, _ in types.values()), key=lambda kind: (kind.order, kind.id))
    series = sorted({kind.id: kind for kind, _ in chains}.values(), key=lambda kind: (kind.order, kind.id))
    registry = Registry(
        types={kind.id: kind for kind in ordered},
        series_types={kind.id: kind for kind in series},
        processes={process.id: process for process, _ in processes},
        places=tuple(place for file, _ in places for place in file.places),
        shared_styles={file.style.id: file.style for file, _ in styles},
    )
    for kind, document in types.values():
        problems += _unfitting(registry, kind, document)
    for process, document in processes:
        problems += _unfitting_process(registry, process, document)
    if problems:
        raise ConfigError(problems)
    return registry


def _read(
    model: type[Model], folders: Iterable[Path], problems: list[Problem]
) -> list[tuple[Model, Document]]:
    """Every file of some folders, checked; what is wrong with one is a problem, and the others go on."""
    out = []
    for path in _files(folders):
        try:
            document = yaml_source.read(path)
            out.append((validated(model, document), document))
        except ConfigError as error:
            problems += error.problems
    return out


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.glob("*.yaml"))


def _unfitting_process(registry: Registry, process: Process, document: Document) -> Iterator[Problem]:
    """Product types and bands that a process names and that do not exist."""
    types, selection = registry.types, process.selection
    for name in selection.collections if selection else ():
        place = document.place(("selection", "collections"))
        if name not in types:
            yield Problem(
                place, "selection.collections", f"there is no product type {name}", did_you_mean(name, types)
            )
            continue
        for band in selection.bands if selection else ():
            if band not in types[name].bands:
                yield Problem(
                    place,
                    "selection.bands",
                    f"{name} has no band {band}",
                    did_you_mean(band, types[name].bands),
                )
    if process.result is None:
        return
    result = types.get(process.result.type)
    if result is None or not result.derived:
        place = document.place(("result", "type"))
        derived = [name for name, kind in types.items() if kind.derived]
        yield Problem(
            place,
            "result.type",
            f"{process.result.type} is no derived product type",
            did_you_mean(process.result.type, derived),
        )


def _counted(style: Style) -> bool:
    """Whether a style works on whole numbers only."""
    return isinstance(style, Composite | Classes) or (isinstance(style, Ramp) and bool(style.special))


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
                elif kind.bands[band].dtype == "float32" and _counted(style):
                    yield Problem(place, key, f"the style {style_id} names counts, but {band} is of floats")
    if kind.visual is not None and registry.visual(kind) is None:
        yield Problem(
            document.place(("visual",)),
            "visual",
            f"{kind.visual} is not a composite style",
            did_you_mean(kind.visual, known),
        )
