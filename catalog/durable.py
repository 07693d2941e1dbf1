# SPDX-License-Identifier: Apache-2.0
"""Files that outlive a power cut: written under another name, synced, renamed, and the folder synced, so that a name is never that of half a file."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """What was written of a file, or which names a folder has, is on the disk afterwards."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle(part: Path, target: Path) -> None:
    """A file that was written as `part`, on the same file system, becomes `target`, instead of what is there; a folder where nothing is there."""
    sync(part)
    part.replace(target)
    sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Whoever reads sees the old text, or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        settle(part, path)
    finally:
        part.unlink(missing_ok=True)
