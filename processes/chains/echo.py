# SPDX-License-Identifier: Apache-2.0
"""Gives back what it was given: what conformance suites and clients try first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(
    _items: list[Any], values: dict[str, Any], _out: Path, _tell: Callable[[int, str], None]
) -> dict[str, Any]:
    """Every input under its own name, after `pause` seconds."""
    if values.get("pause"):
        time.sleep(values["pause"])
    return {name: value for name, value in values.items() if name != "pause"}
