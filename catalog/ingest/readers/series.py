# SPDX-License-Identifier: Apache-2.0
"""Which reader knows a file of series. A new layout is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from catalog.ingest.readers import hydroweb, swot, table, waterml
from catalog.model.observation import Delivery
from config.series_types import SeriesType

ENDINGS = (".txt", ".json", ".csv", ".geojson", ".xml", ".zip")


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """A file with the observations of stations, and how it is read."""

    source: Path
    read: Callable[[int], Iterator[Delivery]]
    """By the most bytes that may be read; raises Refused."""
    collection: str = ""
    """The series type that takes it, where its name says so."""


def series_file(path: Path, kinds: Sequence[SeriesType]) -> SeriesFile | None:
    """How a file is read; None where it is no file of series."""
    if not path.name.lower().endswith(ENDINGS):
        return None
    for kind in kinds:
        if table.recognised(path, kind):
            return SeriesFile(path, partial(table.read, path, kind), kind.id)
    if hydroweb.recognised(path):
        return SeriesFile(path, partial(hydroweb.read, path))
    if swot.recognised(path):
        return SeriesFile(path, partial(swot.read, path))
    if waterml.recognised(path):
        for kind in kinds:
            if kind.reader == waterml.READER and fnmatchcase(path.name, kind.files):
                return SeriesFile(path, partial(waterml.read, path, kind), kind.id)
    return None
