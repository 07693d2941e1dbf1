# SPDX-License-Identifier: Apache-2.0
"""Files on tape: written there, asked for, fetched a tape at a time by a few drives, dropped again when nobody uses the copy.

The library itself is a command of the operator's (an HPSS client, say): a list of arguments for each verb, never a shell's line.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from catalog.durable import settle
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Principal
from catalog.model.product import Asset, AssetRole, Product
from catalog.model.tape import NEARLINE, State, TapeFile
from catalog.model.time import Micros, now
from catalog.store.tape import TapeTable
from config.limits import Limits
from config.settings import Tape

log = logging.getLogger("hysope.tape")
_BLOCK = 1 << 20
_RETRY_MICROS = (5_000_000, 60_000_000, 600_000_000)
_ATTEMPTS = 4
_MOUNT = 20
"""Files that are fetched while a tape is in a drive."""
_DROPPED = 500
_HEARD_SECONDS = 1.0
"""Servers look for changes of the catalogue twice as often."""


class TapeError(Exception):
    """The library did not do what it was told, and why."""


class Library:
    """The operator's command; a key is a file's path in the archive, which never comes back for another file."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def put(self, path: Path, key: str) -> str:
        """Writes a file to tape; returns the tape's name, which groups what lies together. Raises TapeError."""
        self._run(self._tape.put, path, key)
        return self._run(self._tape.locate, path, key).strip()[:100] if self._tape.locate else ""

    def get(self, key: str, path: Path) -> None:
        """Fetches a file. Raises TapeError."""
        self._run(self._tape.get, path, key)

    def _run(self, words: Sequence[str], path: Path, key: str) -> str:
        argv = [word.replace("{file}", str(path)).replace("{key}", key) for word in words]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        try:
            found = subprocess.run(  # noqa: S603  (the operator's own list; file and key are ours)
                argv, capture_output=True, text=True, errors="replace", timeout=self._tape.seconds, check=False, env=environment, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TapeError(f"{argv[0]}: {error}") from error
        if found.returncode:
            last = (found.stderr or found.stdout).strip().splitlines()[-1:] or ["no word"]
            raise TapeError(f"{argv[0]} ended with {found.returncode}: {last[0][:300]}")
        return found.stdout


class TapeArchive:
    """What every door asks: is a file here, and if not, may it come."""

    def __init__(self, table: TapeTable, archive: Path, limits: Limits) -> None:
        self._table, self._archive, self._limits = table, archive, limits

    def here(self, asset: Asset) -> bool:
        """Whether the file of an asset can be read now."""
        return asset.tier != NEARLINE or (self._archive / asset.path).is_file()

    def ask(self, assets: Sequence[Asset], who: Principal) -> tuple[TapeFile, ...]:
        """Asks for the files of some assets that are on tape alone; returns those that are not here yet. Raises Fault TOO_LARGE."""
        wanted = [asset.path for asset in assets if asset.tier == NEARLINE]
        if not wanted:
            return ()
        fresh = [one for one in self._table.missing(wanted) if one.state in (State.KEPT, State.FAILED)]
        if fresh and self._table.asked_by(who.name) + len(fresh) > self._limits.tape_files:
            raise too_large("more files from tape at once", self._limits.tape_files, "limits.tape_files")
        return self._table.ask(wanted, who.name)

    def failed(self, assets: Sequence[Asset]) -> tuple[TapeFile, ...]:
        """Those of some assets whose files could not be read from tape."""
        missing = self._table.missing([asset.path for asset in assets if asset.tier == NEARLINE])
        return tuple(one for one in missing if one.state is State.FAILED)

    def must_be_here(self, products: Sequence[Product], bands: Sequence[str]) -> None:
        """Raises Fault UNAVAILABLE where a band of one of the products lies on tape alone."""
        for product in products:
            for band in bands:
                asset = product.asset_of(band)
                if asset is not None and not self.here(asset):
                    raise Fault(
                        Kind.UNAVAILABLE,
                        f"{product.id} lies on tape: ask for its files (/files/{product.id}/{asset.key}), or order a process over it",
                        retry_after=300,
                    )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Number and bytes of files on tape, by state."""
        return self._table.counts()


class Stager:
    """Writes to tape, fetches, drops."""

    def __init__(self, table: TapeTable, tape: Tape, archive: Path) -> None:
        self._table, self._tape, self._archive = table, tape, archive
        self._library = Library(tape)

    def migrate(self, product: Product) -> list[str]:
        """Writes the data of a product to tape; what maps are drawn from stays. Returns the paths of the files, whose copies `release` drops. Raises TapeError."""
        went = []
        for asset in product.assets:
            path = self._archive / asset.path
            ours = not Path(asset.path).is_absolute()
            if asset.role not in (AssetRole.DATA, AssetRole.MASK) or asset.tier != "online" or not ours:
                continue
            sha256 = asset.sha256 or digest(path)
            tape = self._library.put(path, asset.path)
            self._table.keep(asset.path, sha256, path.stat().st_size, tape)
            went.append(asset.path)
        return went

    def release(self, paths: Sequence[str]) -> None:
        """Drops the copies of files that went to tape, when every server has heard of it."""
        time.sleep(_HEARD_SECONDS)
        before = Micros(now() + 1)
        for path in paths:
            if self._table.dropped(path, before):
                (self._archive / path).unlink(missing_ok=True)

    def run(self, stop: threading.Event) -> None:
        """Works with as many drives as there are, until `stop` is set."""
        for number in range(self._tape.drives):
            again = self._table.forget_worker(self._worker(number))
            if again:
                log.info("%d files are asked for again after a restart", again)
        drives = [
            threading.Thread(target=self._drive, args=(number, stop), daemon=True)
            for number in range(self._tape.drives)
        ]
        for drive in drives:
            drive.start()
        for drive in drives:
            drive.join()

    def _drive(self, number: int, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.turn(number):
                if number == 0:
                    self.drop()
                stop.wait(self._tape.idle_seconds)

    def turn(self, number: int = 0) -> int:
        """One tape in one drive: how many files were fetched for."""
        taken = self._table.claim(self._worker(number), _MOUNT)
        for one in taken:
            self._fetch(one)
        return len(taken)

    def drop(self) -> int:
        """Removes copies that nobody used for some days; how many."""
        before, gone = Micros(now() - int(self._tape.keep_days * 86_400_000_000)), 0
        for one in self._table.unused(before, _DROPPED):
            if self._table.dropped(one.path, before):
                (self._archive / one.path).unlink(missing_ok=True)
                gone += 1
        return gone

    def _fetch(self, one: TapeFile) -> None:
        """A copy beside its place, compared with what was written, then renamed: nobody reads half a file."""
        target = self._archive / one.path
        part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._library.get(one.path, part)
            if digest(part) != one.sha256:
                raise TapeError("what came from tape is not what was written")
            settle(part, target)
        except (TapeError, OSError) as error:
            part.unlink(missing_ok=True)
            log.warning("%s: %s", one.path, error)
            tried = one.attempts + 1
            wait = _RETRY_MICROS[min(tried, len(_RETRY_MICROS)) - 1] * self._tape.retry_factor
            self._table.failed(
                one.path, str(error), None if tried >= _ATTEMPTS else Micros(now() + int(wait))
            )
        else:
            self._table.staged(one.path)

    @staticmethod
    def _worker(number: int) -> str:
        return f"{platform.node()}:{number}"


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
