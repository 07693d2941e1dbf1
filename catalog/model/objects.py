# SPDX-License-Identifier: Apache-2.0
"""Files in object storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OBJECT = "object"
"""The tier of an asset whose file is there."""


class ObjectError(Exception):
    """The storage did not do what it was asked; the text says what."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the storage says of a file."""

    bytes: int
    modified: datetime
