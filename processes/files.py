# SPDX-License-Identifier: Apache-2.0
"""The files that a run and its supervisor share: each is written under another name, synced and renamed, so that a half one is never read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from catalog.durable import write_text

TASK, STATUS, EXIT, LOG = "task.json", "status.json", "exit.json", "log.txt"
OUTPUTS, VALUES = "outputs", "values.json"
"""Folder of the outputs that are no products, and the values in it."""
RESULTS = "results"
"""Folder of the results: one folder a product of the selection, by its number."""


def write_json(path: Path, value: Any) -> None:
    """Writes a document so that a reader sees the old one or the whole new one."""
    write_text(path, json.dumps(value, ensure_ascii=False))


def read_json(path: Path) -> dict[str, Any] | None:
    """A document, or None where there is none (yet)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def tail(path: Path, most: int) -> str:
    """The last bytes of a log, from the start of a line."""
    try:
        with path.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - most))
            found = opened.read(most)
    except OSError:
        return ""
    text = found.decode("utf-8", "replace")
    return text if size <= most else text.partition("\n")[2]
