# SPDX-License-Identifier: Apache-2.0
"""Are the files of the archive what was written? A campaign compares them with their checksums, the longest unchecked first, and keeps a second copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.durable import settle
from catalog.model.time import Micros
from catalog.service import Catalog
from catalog.tape import digest

GOOD, CHANGED, MISSING, COPIED, REPAIRED = "good", "changed", "missing", "copied", "repaired"
_BATCH = 100


@dataclass(frozen=True)
class Checked:
    """A file and what was found of it."""

    product: str
    path: Path
    outcome: str
    copy: str = ""
    """Of the second copy: `good`, `copied` now, `repaired` from the archive; empty without one."""


class Fixity:
    """A campaign over the archive; one that was ended goes on with those that were not checked."""

    def __init__(self, catalog: Catalog, second: Path | None) -> None:
        self._catalog, self._table, self._second = catalog, catalog.fixity, second

    def run(self, older: Micros, limit: int, *, repair: bool) -> Iterator[Checked]:
        """Checks the files that were not found right since `older`, the longest unchecked first; what is wrong comes again with each run."""
        checked = self._table.checked()
        due = [
            (checked.get(str(path), Micros(0)), product, path, sha256)
            for product, path, sha256 in self._catalog.files()
            if sha256
        ]
        outcomes: dict[str, str] = {}
        for at, product, path, sha256 in sorted(due)[:limit]:
            if at >= older:
                break
            found = self._one(product, path, sha256, repair)
            if found.outcome in (GOOD, REPAIRED):
                outcomes[str(path)] = found.outcome
            else:
                self._table.forget([str(path)])
            if len(outcomes) >= _BATCH:
                self._table.keep(outcomes)
                outcomes = {}
            yield found
        if outcomes:
            self._table.keep(outcomes)

    def _one(self, product: str, path: Path, sha256: str, repair: bool) -> Checked:
        ours = path.is_relative_to(self._catalog.archive)
        copy = self._second / path.relative_to(self._catalog.archive) if self._second and ours else None
        outcome = _compared(path, sha256)
        if outcome != GOOD and repair and copy is not None and _compared(copy, sha256) == GOOD:
            replaced(copy, path)
            outcome = REPAIRED
        if copy is None or outcome not in (GOOD, REPAIRED):
            return Checked(product, path, outcome)
        there = _compared(copy, sha256)
        if there != GOOD:
            replaced(path, copy)
        return Checked(product, path, outcome, {MISSING: COPIED, CHANGED: REPAIRED}.get(there, there))


def _compared(path: Path, sha256: str) -> str:
    if not path.is_file():
        return MISSING
    return GOOD if digest(path) == sha256 else CHANGED


def replaced(source: Path, target: Path) -> None:
    """A file becomes a copy of another one: written beside it, synced, renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, part)
        settle(part, target)
    finally:
        part.unlink(missing_ok=True)
