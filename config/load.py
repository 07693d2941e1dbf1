# SPDX-License-Identifier: Apache-2.0
"""One precedence for every setting: flag > environment (HYSOPE_…) > conf.d/*.yaml > file > default.

The environment name of `wms.strict_time` is `HYSOPE_WMS__STRICT_TIME`. All faults are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from config import yaml_source
from config.problems import ConfigError, Place, Problem, did_you_mean
from config.settings import Settings
from config.yaml_source import Document, Key, dotted

PREFIX = "HYSOPE_"
NOT_SETTINGS = frozenset({"HYSOPE_CONFIG", "HYSOPE_NUMBA"})
"""Names that other parts read: the settings file, and whether loops are compiled."""
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Loaded:
    """The settings and the origin of every value that is not a default."""

    settings: Settings
    origin: Mapping[Key, Place]


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[Key, object] | None = None,
) -> Loaded:
    """The settings from all sources. Raises ConfigError with every fault of every source."""
    merged: dict[str, object] = {}
    places: dict[Key, Place] = {}
    problems: list[Problem] = []
    for source in _files(file):
        try:
            document = yaml_source.read(source, environment)
        except ConfigError as error:
            problems += error.problems
            continue
        _merge(merged, document.value, (), document, places)
    for key, value, place in _environment(environment or {}):
        _put(merged, key, value)
        places[key] = place
    for flag, flag_value in (flags or {}).items():
        _put(merged, flag, flag_value)
        places[flag] = Place("command line")
    if problems:
        raise ConfigError(problems)
    return Loaded(validated(Settings, Document(merged, places)), places)


def validated(model: type[Model], document: Document) -> Model:
    """A document as a model. Raises ConfigError with a place for each fault."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise ConfigError(_problem(model, document, detail) for detail in error.errors()) from error


def _files(file: Path | None) -> Iterator[Path]:
    if file is None:
        return
    if not file.is_file():
        raise ConfigError([Problem(Place(str(file)), "<file>", "does not exist")])
    yield file
    yield from sorted((file.parent / "conf.d").glob("*.yaml"))


def _merge(
    into: dict[str, object],
    value: Mapping[str, object],
    at: Key,
    document: Document,
    places: dict[Key, Place],
) -> None:
    """Mappings merge key by key; anything else replaces what stood there."""
    places.setdefault(at, document.place(at))
    for name, item in value.items():
        here = (*at, str(name))
        places[here] = document.place(here)
        if isinstance(item, dict):
            inner = into.setdefault(str(name), {})
            if not isinstance(inner, dict):
                inner = into[str(name)] = {}
            _merge(inner, item, here, document, places)
        else:
            into[str(name)] = item
            places.update({key: place for key, place in document.places.items() if key[: len(here)] == here})


def _environment(environment: Mapping[str, str]) -> Iterator[tuple[Key, object, Place]]:
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            key = tuple(part.lower() for part in name.removeprefix(PREFIX).split("__"))
            text = environment[name]
            yield (
                key,
                (text if key[-1:] == ("url",) else yaml.safe_load(text)),
                Place(f"environment variable {name}"),
            )


def _put(into: dict[str, object], key: Key, value: object) -> None:
    for part in key[:-1]:
        inner = into.setdefault(str(part), {})
        if not isinstance(inner, dict):
            inner = into[str(part)] = {}
        into = inner
    into[str(key[-1])] = value


def _problem(model: type[BaseModel], document: Document, detail: ErrorDetails) -> Problem:
    key: Key = tuple(part for part in detail["loc"] if part != "[key]")
    message = detail["msg"].removeprefix("Value error, ")
    hint = ""
    if detail["type"] == "extra_forbidden":
        message = "is not a known key"
        hint = did_you_mean(str(key[-1]), _fields(model, key[:-1]))
    elif detail["type"] == "missing":
        message = "is required"
    return Problem(document.place(key), dotted(key), message, hint)


def _fields(model: type[BaseModel], key: Key) -> list[str]:
    """The field names of the model at a key path, walking through mappings and unions as far as they are models."""
    here: type[BaseModel] | None = model
    for part in key:
        info = here.model_fields.get(str(part)) if here else None
        if info is None:
            continue
        here = next((kind for kind in _models(info.annotation)), None)
    return list(here.model_fields) if here else []


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def flat(settings: BaseModel, at: Key = ()) -> Iterator[tuple[Key, object]]:
    """Every leaf of a settings tree, secrets masked."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from flat(value, (*at, name))
        else:
            yield (*at, name), ("***" if isinstance(value, SecretStr) else value)
