# SPDX-License-Identifier: Apache-2.0
"""What is wrong in a configuration file, said so that the reader can mend it: file, line, column, caret, suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a source: line and column count from 1; line 0 means the source has no lines (flag, environment)."""

    source: str
    line: int = 0
    column: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration."""

    place: Place
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The fault as an editor understands it (`file:line:column: text`), with the line and a caret under it."""
        where = (
            f"{self.place.source}:{self.place.line}:{self.place.column}"
            if self.place.line
            else self.place.source
        )
        lines = [f"{where}: {self.key}: {self.message}" + (f" ({self.hint})" if self.hint else "")]
        if self.place.text:
            lines += [f"    {self.place.text}", "    " + " " * (self.place.column - 1) + "^"]
        return "\n".join(lines)


class ConfigError(Exception):
    """The configuration has faults; all of them are in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for the nearest known word, or nothing when none is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""
