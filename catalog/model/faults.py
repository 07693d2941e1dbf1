# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the domain. A fault says what is wrong; each protocol has one place that turns it into its own report.

Fault
├── Invalid          a value that is none: text, number, box, time
├── Missing          a required value is absent
├── Unknown          a name nobody has: layer, style, CRS, format, operation, band, product
├── OutOfRange       a value outside of what is offered: time, point
├── TooLarge         more than a limit allows; the limit is named
├── Forbidden        who asks may not
├── Busy             not now; `retry_after` says when
└── Unavailable      a part we depend on is gone
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a fault is about, finer than its class where protocols have codes of their own."""

    INVALID = "invalid"
    INVALID_REQUEST = "invalid request"
    """A body that is no request at all."""
    MISSING = "missing"
    UNKNOWN_LAYER = "unknown layer"
    UNKNOWN_STYLE = "unknown style"
    UNKNOWN_CRS = "unknown CRS"
    UNKNOWN_FORMAT = "unknown format"
    UNKNOWN_OPERATION = "unknown operation"
    UNKNOWN_PRODUCT = "unknown product"
    UNKNOWN_STATION = "unknown station"
    UNKNOWN_PROCESS = "unknown process"
    UNKNOWN_JOB = "unknown job"
    NOT_READY = "not ready"
    FAILED = "failed"
    GONE = "gone"
    TAKEN = "taken"
    """Something of that id is there already."""
    NOBODY = "nobody asked"
    """Somebody must say who they are."""
    QUOTA = "quota"
    UNKNOWN_VERSION = "unknown version"
    NOT_QUERYABLE = "layer not queryable"
    BAD_TIME = "bad time"
    MISSING_TIME = "missing time"
    UNKNOWN_AXIS = "unknown axis"
    BAD_SUBSET = "bad subset"
    BAD_SCALE = "bad scale"
    BAD_METHOD = "bad interpolation"
    UNKNOWN_BAND = "unknown band"
    OUT_OF_RANGE = "tile out of range"
    NOT_ACCEPTABLE = "not acceptable"
    BAD_POINT = "point outside of the image"
    BAD_UPDATE_SEQUENCE = "update sequence too high"
    CURRENT_UPDATE_SEQUENCE = "update sequence unchanged"
    TOO_LARGE = "too large"
    FORBIDDEN = "forbidden"
    BAD_CREDENTIAL = "bad credential"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


class Fault(Exception):
    """Something that the one who asks should know. `locator` names the parameter, `text` is for people."""

    def __init__(self, kind: Kind, text: str, locator: str = "", retry_after: int | None = None) -> None:
        super().__init__(text)
        self.kind, self.text, self.locator, self.retry_after = kind, text, locator, retry_after


def invalid(text: str, locator: str = "") -> Fault:
    """A value that cannot be read."""
    return Fault(Kind.INVALID, text, locator)


def too_large(what: str, limit: int, name: str, locator: str = "") -> Fault:
    """More than a limit allows; `name` is the limit's name in the settings."""
    return Fault(Kind.TOO_LARGE, f"{what}: the limit is {limit} ({name})", locator)


def timed_out() -> Fault:
    """The deadline has passed."""
    return Fault(
        Kind.BUSY, "this takes longer than a request may; ask for less, or again later", retry_after=5
    )
