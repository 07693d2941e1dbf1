# SPDX-License-Identifier: Apache-2.0
"""Finds the products in files, zips and trees, and says of everything else why it is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from catalog.ingest import archive
from catalog.ingest.names import Identity, identify, prefix_of
from catalog.ingest.readers.series import SeriesFile, series_file
from catalog.ingest.refusal import Refused
from config.limits import Limits
from config.product_types import ProductType
from config.series_types import SeriesType

_RASTER = (".tif", ".tiff", ".nc", ".hgt")
_IGNORED = (".aux.xml", ".md5", ".txt", ".json", ".geojson", ".png", ".jpg", ".qml", ".part", ".tmp")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looks like a product."""

    source: Path
    form: Literal["folder", "zip", "file"]
    identity: Identity


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that is no product of ours, and why. `broken` when it should have been one."""

    source: Path
    reason: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is looked for."""

    products: Sequence[ProductType]
    series: Sequence[SeriesType] = ()


Found = Candidate | SeriesFile | Passed


def discover(paths: Iterable[Path], kinds: Kinds, limits: Limits) -> Iterator[Found]:
    """Walks files and trees in order of their names. Links are not followed."""
    for path in paths:
        if not path.exists():
            yield Passed(path, "does not exist", broken=True)
        elif path.is_dir():
            yield from _folder(path, kinds, limits)
        else:
            yield from _file(path, kinds, limits)


def fingerprint(candidate: Candidate) -> str:
    """Changes when a member's name, size or time changes: what tells a product that was delivered again from one that was seen."""
    digest = hashlib.sha256()
    source = candidate.source
    files = (
        sorted(path for path in source.rglob("*") if path.is_file())
        if candidate.form == "folder"
        else [source]
    )
    for path in files:
        facts = path.stat()
        digest.update(
            f"{path.relative_to(source.parent).as_posix()} {facts.st_size} {facts.st_mtime_ns}\n".encode()
        )
    return digest.hexdigest()


def _folder(folder: Path, kinds: Kinds, limits: Limits) -> Iterator[Found]:
    found = identify(folder.name, kinds.products) or _by_metadata(folder, kinds.products)
    if found:
        yield Candidate(folder, "folder", found)
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        yield from _folder(path, kinds, limits) if path.is_dir() else _file(path, kinds, limits)


def _by_metadata(folder: Path, kinds: Sequence[ProductType]) -> Identity | None:
    """The identity in the name of a folder's metadata file: folders are renamed, prefixes are not."""
    for path in sorted(folder.glob("*_MTD_ALL.xml")):
        found = prefix_of(path.name, kinds)
        if found:
            return found
    return None


def _file(path: Path, kinds: Kinds, limits: Limits) -> Iterator[Found]:
    lower = path.name.lower()
    series = series_file(path, kinds.series)
    if series:
        yield series
    elif lower.endswith(".zip"):
        yield _zip(path, kinds.products, limits)
    elif lower.endswith(_RASTER):
        found = identify(path.stem, kinds.products)
        yield Candidate(path, "file", found) if found else Passed(path, "no product type knows this name")
    elif not lower.endswith(_IGNORED):
        yield Passed(path, "is not a raster, a zip or a folder")


def _zip(path: Path, kinds: Sequence[ProductType], limits: Limits) -> Candidate | Passed:
    try:
        names = list(archive.members(path, limits))
    except Refused as refused:
        return Passed(path, str(refused), broken=True)
    folders = {part for name in names for part in PurePosixPath(name).parts[:-1]}
    heads = [PurePosixPath(name).name for name in names if name.endswith("_MTD_ALL.xml")]
    for found in (
        *(prefix_of(head, kinds) for head in heads),
        *(identify(folder, kinds) for folder in sorted(folders)),
        identify(path.stem, kinds),
    ):
        if found:
            return Candidate(path, "zip", found)
    rasters = [identify(PurePosixPath(name).stem, kinds) for name in names if name.lower().endswith(_RASTER)]
    known = next((found for found in rasters if found), None)
    return (
        Candidate(path, "zip", known) if known else Passed(path, "holds no product that a product type knows")
    )
