# SPDX-License-Identifier: Apache-2.0
"""YAML with positions: the value of a document and the place of each of its keys."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from config.problems import ConfigError, Place, Problem

Key = tuple[str | int, ...]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times faster."""
_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class Document:
    """A parsed YAML document: plain values, and the place of every key and item by its path."""

    value: Mapping[str, object]
    places: Mapping[Key, Place] = field(default_factory=dict)

    def place(self, key: Key) -> Place:
        """The place of a key, or of its nearest parent that is written in the file."""
        for length in range(len(key), -1, -1):
            found = self.places.get(key[:length])
            if found:
                return found
        return Place("<empty>")


def read(path: Path, environment: Mapping[str, str] | None = None) -> Document:
    """The document in a file, with `${NAME}` and `${NAME:-default}` filled from the environment.

    Raises ConfigError when the file is not YAML, is not a mapping, has a key twice, or names an unset variable.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = _place(str(path), lines, mark) if mark else Place(str(path))
        raise ConfigError([Problem(place, "<yaml>", str(error.problem))]) from error
    walker = _Walker(str(path), lines, os.environ if environment is None else environment)
    if node is None:
        return Document({}, {(): Place(str(path), 1, 1)})
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            [Problem(Place(str(path), 1, 1), "<document>", "must be a mapping of keys to values")]
        )
    value = walker.walk(node, ())
    if walker.problems:
        raise ConfigError(walker.problems)
    assert isinstance(value, dict)
    return Document(value, walker.places)


def _place(source: str, lines: list[str], mark: yaml.Mark) -> Place:
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(source, mark.line + 1, mark.column + 1, text)


class _Walker:
    """Builds plain values from YAML nodes and remembers where each stood."""

    def __init__(self, source: str, lines: list[str], environment: Mapping[str, str]) -> None:
        self.source, self.lines, self.environment = source, lines, environment
        self.places: dict[Key, Place] = {}
        self.problems: list[Problem] = []
        self._scalars = yaml.SafeLoader("")

    def walk(self, node: yaml.Node, key: Key) -> object:
        self.places.setdefault(key, _place(self.source, self.lines, node.start_mark))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.walk(item, (*key, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, key)

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[object, object]:
        out: dict[object, object] = {}
        for name_node, value_node in node.value:
            name = self._scalars.construct_object(name_node, deep=True)
            here = (*key, name if isinstance(name, int) else str(name))
            place = _place(self.source, self.lines, name_node.start_mark)
            if not isinstance(name, Hashable) or name in out:
                self.problems.append(Problem(place, dotted(here), "is written twice"))
            self.places[here] = place
            out[name] = self.walk(value_node, here)
        return out

    def _scalar(self, node: yaml.ScalarNode, key: Key) -> object:
        filled = _VARIABLE.sub(lambda match: self._variable(match, key), node.value)
        if filled == node.value:
            value: object = self._scalars.construct_object(node, deep=True)
            return value
        tag = self._scalars.resolve(yaml.ScalarNode, filled, (True, False))  # type: ignore[no-untyped-call]
        return self._scalars.construct_object(yaml.ScalarNode(tag, filled), deep=True)

    def _variable(self, match: re.Match[str], key: Key) -> str:
        name, default = match.groups()
        if name not in self.environment and default is None:
            self.problems.append(
                Problem(self.places[key], dotted(key), f"the environment variable {name} is not set")
            )
        return self.environment.get(name, default or "")


def dotted(key: Key) -> str:
    """A key path as people write it: `wms.exception_status`."""
    return ".".join(str(part) for part in key) or "<document>"
