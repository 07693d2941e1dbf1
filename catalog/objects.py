# SPDX-License-Identifier: Apache-2.0
"""Files of the archive in S3-compatible storage, under the paths that they had in its folder. Pixels are read there by GDAL, whole files by obstore.

Only what moved there is read there: its tier says so. No address and no key ever comes from a client.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from catalog.durable import settle
from catalog.model.objects import ObjectError, Told
from catalog.raster.environment import let_gdal_reach
from config.settings import Objects

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

_PAIR, _TOKEN = ("aws_access_key_id", "aws_secret_access_key"), "aws_session_token"
_PIECE = 1 << 20
_SIGNED = timedelta(days=2)
"""Longer than a job may wait and run; 7 days is the most that the signature allows."""


class ObjectStore:
    """A bucket, or a part of one. Safe to share between threads."""

    def __init__(self, chosen: Objects) -> None:
        self._chosen = chosen
        keys = _keys(chosen)
        parts = urlsplit(chosen.endpoint)
        where: S3Config = {
            "endpoint": chosen.endpoint, "region": chosen.region, "virtual_hosted_style_request": False, "skip_signature": not keys,
        }  # fmt: skip
        if keys:
            where["access_key_id"], where["secret_access_key"] = (keys[name] for name in _PAIR)
        if _TOKEN in keys:
            where["session_token"] = keys[_TOKEN]
        client: ClientConfig = {
            "allow_http": parts.scheme == "http", "timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=5),
        }  # fmt: skip
        self._store = S3Store(chosen.bucket, config=where, client_options=client)
        let_gdal_reach(parts.hostname or "", {
            "AWS_S3_ENDPOINT": parts.netloc, "AWS_HTTPS": "YES" if parts.scheme == "https" else "NO", "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_REGION": chosen.region, **{name.upper(): value for name, value in keys.items()},
            **({} if keys else {"AWS_NO_SIGN_REQUEST": "YES"}),
        })  # fmt: skip

    def pixels(self, path: str) -> str:
        """The name under which GDAL opens a file of the archive."""
        return f"/vsis3/{self._chosen.bucket}/{self._key(path)}"

    def address(self, path: str) -> str:
        """The address of a file, for people."""
        return f"s3://{self._chosen.bucket}/{self._key(path)}"

    def put(self, source: Path, path: str) -> None:
        """Stores a file; when it returns, it is there whole. Raises ObjectError."""
        try:
            obstore.put(self._store, self._key(path), source)
            stored = obstore.head(self._store, self._key(path))["size"]
        except (BaseError, OSError) as error:
            raise ObjectError(f"{path}: {_first_line(error)}") from error
        if stored != source.stat().st_size:
            raise ObjectError(f"{path}: {stored} bytes arrived of {source.stat().st_size}")

    def told(self, path: str) -> Told:
        """Size and time of a file. Raises ObjectError where it is not there."""
        try:
            found = obstore.head(self._store, self._key(path))
        except (BaseError, OSError) as error:
            raise ObjectError(f"{path}: {_first_line(error)}") from error
        return Told(found["size"], found["last_modified"])

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` (in) to `end` (out, the file's own end without it), a piece after the other. Raises ObjectError."""
        try:
            end = obstore.head(self._store, self._key(path))["size"] if end is None else end
            for at in range(start, end, _PIECE):
                yield bytes(obstore.get_range(self._store, self._key(path), start=at, end=min(end, at + _PIECE)))  # fmt: skip
        except (BaseError, OSError) as error:
            raise ObjectError(f"{path}: {_first_line(error)}") from error

    def signed(self, path: str) -> str:
        """An address of a file that anybody may read for two days: for a node that has no key. Raises ObjectError."""
        try:
            return str(obstore.sign(self._store, "GET", self._key(path), _SIGNED))
        except (BaseError, OSError) as error:
            raise ObjectError(f"{path}: {_first_line(error)}") from error

    def fetch(self, path: str, target: Path) -> None:
        """Brings a file here; it stands under its name when it is whole. Raises ObjectError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        with part.open("wb") as opened:
            for piece in self.read(path):
                opened.write(piece)
        settle(part, target)

    def drop(self, path: str) -> None:
        """Removes a file; nothing where there is none. Raises ObjectError."""
        try:
            obstore.delete(self._store, self._key(path))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise ObjectError(f"{path}: {_first_line(error)}") from error

    def _key(self, path: str) -> str:
        return f"{self._chosen.prefix.strip('/')}/{path}".lstrip("/")


def _keys(chosen: Objects) -> Mapping[str, str]:
    """The credential: of the file that the settings name, else of the environment; none is an open bucket. Raises ObjectError."""
    names = (*_PAIR, _TOKEN)
    if chosen.credentials is None:
        found = {name: os.environ.get(name.upper(), "") for name in names}
    else:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(chosen.credentials.read_text("utf-8"))
            found = {name: parser.get(chosen.profile, name, fallback="") for name in names}
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            raise ObjectError(f"{chosen.credentials}: {_first_line(error)}") from error
    given = {name: value for name, value in found.items() if value}
    if given and not set(_PAIR) <= given.keys():
        raise ObjectError("a credential has both aws_access_key_id and aws_secret_access_key")
    return given


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
