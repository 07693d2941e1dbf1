# SPDX-License-Identifier: Apache-2.0
"""A zip that is made while it is sent: no temporary copy, memory for one chunk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Entry:
    """A file of the zip."""

    name: str
    """Its path in the zip, with `/`."""
    modified: datetime
    parts: Iterable[bytes]
    compress: bool = True
    """Pictures and rasters are compressed already."""


class _Sink(io.RawIOBase):
    """Takes what the zip writes, and gives it away; it cannot be sought, so sizes stand behind each file."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Holds some bytes."""
        held = bytes(data)  # type: ignore[call-overload]
        self.held.append(held)
        return len(held)

    def taken(self) -> bytes:
        """What was written since the last time."""
        out = b"".join(self.held)
        self.held.clear()
        return out


def streamed(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The bytes of a zip of some files, one after the other."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in entries:
            at = entry.modified.astimezone(UTC).timetuple()[:6]
            info = zipfile.ZipInfo(entry.name, max(at, (1980, 1, 1, 0, 0, 0)))
            info.compress_type = zipfile.ZIP_DEFLATED if entry.compress else zipfile.ZIP_STORED
            with out.open(info, "w", force_zip64=True) as file:
                for part in entry.parts:
                    file.write(part)
                    if sink.held:
                        yield sink.taken()
            yield sink.taken()
    yield sink.taken()
