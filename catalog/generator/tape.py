# SPDX-License-Identifier: Apache-2.0
"""A tape library to try with: `python -m catalog.generator.tape put|get|locate FOLDER FILE KEY`.

It behaves as a real one does: few drives, each mount takes time, a file lies on one of some tapes, and now and then a read fails.
HYSOPE_TAPE settings of its folder (`behaviour.json`): seconds of a mount, drives, tapes, and keys whose next reads fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

_DEFAULT = {"mount_seconds": 0.2, "drives": 2, "tapes": 3, "fail": {}}


def main(argv: list[str]) -> int:
    """0, or 1 with a word on standard error."""
    verb, folder, file, key = argv[1], Path(argv[2]), Path(argv[3]), argv[4]
    folder.mkdir(parents=True, exist_ok=True)
    behaviour: dict[str, Any] = {**_DEFAULT, **_read(folder / "behaviour.json")}
    name = hashlib.sha256(key.encode()).hexdigest()
    tape = int(name, 16) % behaviour["tapes"]
    stored = folder / f"tape{tape}" / name
    if verb == "locate":
        print(f"tape{tape}")
        return 0
    if verb == "put":
        stored.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, stored)
        return 0
    with _drive(folder, behaviour["drives"]):
        time.sleep(behaviour["mount_seconds"])
        with (folder / "journal").open("a") as journal:
            journal.write(f"tape{tape} {key}\n")
        if not stored.is_file():
            print(f"{key}: no such file", file=sys.stderr)
            return 1
        if _fails(folder, key):
            print(f"{key}: read error on tape{tape}", file=sys.stderr)
            return 1
        shutil.copyfile(stored, file)
    return 0


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.is_file() else {}


class _drive:  # noqa: N801  (a context manager)
    """One of the drives, waited for."""

    def __init__(self, folder: Path, count: int) -> None:
        self._locks = [folder / f"drive{number}" for number in range(count)]

    def __enter__(self) -> None:
        while True:
            for path in self._locks:
                self._held = path.open("w")
                try:
                    fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    self._held.close()
                    continue
                return
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._held.close()


def _fails(folder: Path, key: str) -> bool:
    """Whether this read fails: a key fails as often as the behaviour says."""
    path = folder / "behaviour.json"
    behaviour = _read(path)
    left = behaviour.get("fail", {}).get(key, 0)
    if left <= 0:
        return False
    behaviour["fail"][key] = left - 1
    path.write_text(json.dumps(behaviour))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv))
