# SPDX-License-Identifier: Apache-2.0
"""Archives, member by member (THREATS D8): every name is judged before the first byte is written, and bytes are counted as they come."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from catalog.ingest.refusal import Refused
from config.limits import Limits

_PIECE = 1 << 20
_BAD = re.compile(r"[\x00-\x1f\x7f\\:]")


def members(archive: Path, limits: Limits) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip by name. Raises Refused for an archive that is damaged, too large, or holds a name or kind that is not safe."""
    try:
        with zipfile.ZipFile(archive) as opened:
            listed = opened.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise Refused(f"{archive.name}: is not a readable zip file") from error
    if len(listed) > limits.archive_members:
        raise Refused(f"{archive.name}: has {len(listed)} members, the limit is {limits.archive_members}")
    out: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in listed:
        _judge(archive, info, limits)
        if info.filename.casefold() in seen:
            raise Refused(f"{archive.name}: holds {info.filename[:120]!r} twice")
        seen.add(info.filename.casefold())
        if not info.is_dir():
            out[info.filename] = info
    if sum(info.file_size for info in out.values()) > limits.archive_bytes:
        raise Refused(f"{archive.name}: unpacks to more than {limits.archive_bytes} bytes")
    return out


def extract(archive: Path, wanted: Iterable[str], into: Path, limits: Limits) -> dict[str, Path]:
    """Writes the named members under `into`, in their folders. Raises Refused when one is longer than it said, or damaged."""
    out: dict[str, Path] = {}
    left = limits.archive_bytes
    with zipfile.ZipFile(archive) as opened:
        for name in wanted:
            target = into.joinpath(*PurePosixPath(name).parts)
            if not target.resolve().is_relative_to(into.resolve()):
                raise Refused(f"{archive.name}: {name[:120]!r} leads out of the archive")
            target.parent.mkdir(parents=True, exist_ok=True)
            left -= _copy(archive, opened, name, target, min(left, opened.getinfo(name).file_size))
            out[name] = target
    return out


def _copy(archive: Path, opened: zipfile.ZipFile, name: str, target: Path, most: int) -> int:
    written = 0
    try:
        with opened.open(name) as source, target.open("xb") as sink:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > most:
                    raise Refused(f"{archive.name}: {name[:120]!r} is longer than it says")
                sink.write(piece)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{archive.name}: {name[:120]!r} is damaged") from error
    except (OSError, ValueError) as error:
        raise Refused(
            f"{archive.name}: {name[:120]!r} cannot be unpacked ({error.__class__.__name__})"
        ) from error
    return written


def _judge(archive: Path, info: zipfile.ZipInfo, limits: Limits) -> None:
    name = info.filename
    path = PurePosixPath(name)
    shown = f"{archive.name}: {name[:120]!r}"
    if not name or path.is_absolute() or ".." in path.parts or _BAD.search(name) or len(name) > 1_000:
        raise Refused(f"{shown} is not a safe name")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(f"{shown} is not a regular file")
    if info.flag_bits & 0x1:
        raise Refused(f"{shown} is encrypted")
    if info.file_size > _PIECE and info.file_size > limits.archive_ratio * max(1, info.compress_size):
        raise Refused(f"{shown} is packed more than {limits.archive_ratio} to 1")
