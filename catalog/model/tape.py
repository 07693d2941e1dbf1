# SPDX-License-Identifier: Apache-2.0
"""Files on tape."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catalog.model.time import Micros

NEARLINE = "nearline"


class State(Enum):
    """Where a file stands."""

    KEPT = "kept"
    """On tape alone."""
    ASKED = "asked"
    STAGING = "staging"
    STAGED = "staged"
    """On tape, with a copy here."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TapeFile:
    """A file on tape."""

    path: str
    """As the asset has it, relative to the archive."""
    sha256: str
    size: int
    tape: str
    state: State
    owner: str
    """Who asked first."""
    attempts: int
    message: str
    asked: Micros
