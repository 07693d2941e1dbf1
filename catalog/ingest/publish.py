# SPDX-License-Identifier: Apache-2.0
"""Atomic publication (THREATS D9): write in a private folder, fsync, rename, then one transaction makes the product visible.

A kill at any moment leaves no product or a whole one: an intent file names the folder that is about to appear and the
ones that it replaces, and the next run removes those of them that no row points to.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from catalog.durable import sync, write_text
from catalog.model.principal import Principal
from catalog.model.product import Asset, Product
from catalog.model.time import day_text
from catalog.service import Catalog
from catalog.store.unit import Unit

Reached = Callable[[str], None]
"""Called at each point where a crash would hurt most; tests kill the process there."""
POINTS = ("unpacked", "assets made", "intent written", "synced", "renamed", "stored", "intent removed")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def no_points(_point: str) -> None:
    """The `Reached` of ordinary life."""


class Publisher:
    """Owns the archive folder: working folders, intents, products."""

    def __init__(self, catalog: Catalog, who: Principal, reached: Reached = no_points) -> None:
        self._catalog, self._who, self.reached = catalog, who, reached
        self._work = catalog.archive / "work"

    @contextmanager
    def working_folder(self) -> Iterator[Path]:
        """A private folder on the archive's file system; gone afterwards, whatever happens."""
        folder = self._work / f"{_own()}-{secrets.token_hex(6)}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, product: Product, folder: Path) -> str:
        """Publishes a product whose own files lie in `folder`; asset paths become relative to the archive. Returns new, updated or older."""
        return self.publish_all([(product, folder)], lambda unit: None)[0]

    def publish_all(
        self, products: Sequence[tuple[Product, Path]], also: Callable[[Unit], None]
    ) -> list[str]:
        """The same for several, in one transaction with what `also` does; when `also` raises, nothing has happened."""
        token = secrets.token_hex(4)
        intent = self._work / f"{_own()}-{token}.intent"
        homes = [_home(product, token) for product, _ in products]
        before = [self._homes(product) for product, _ in products]
        write_text(intent, "\n".join(map(str, (*homes, *sorted(set().union(*before))))))
        self.reached("intent written")
        placed = [
            replace(product, assets=tuple(_placed(asset, folder, home) for asset in product.assets))
            for (product, folder), home in zip(products, homes, strict=True)
        ]
        for _, folder in products:
            for path in sorted(folder.iterdir()):
                sync(path)
            sync(folder)
        self.reached("synced")
        for (_, folder), home in zip(products, homes, strict=True):
            target = self._catalog.archive / home
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
            sync(target.parent)
        self.reached("renamed")
        decided = False
        try:
            with self._catalog.unit(self._who) as unit:
                outcomes = [self._catalog.publish_in(unit, product, self._who) for product in placed]
                also(unit)
                decided = True
        except BaseException:
            if (
                not decided
            ):  # a commit that failed may yet have happened: then `repair` looks at what the store says
                for home in homes:
                    shutil.rmtree(self._catalog.archive / home, ignore_errors=True)
                intent.unlink()
            raise
        self.reached("stored")
        for old in set().union(*before):
            shutil.rmtree(self._catalog.archive / old, ignore_errors=True)
        intent.unlink()
        self.reached("intent removed")
        return outcomes

    def repair(self) -> list[str]:
        """Removes what killed runs left behind: their working folders, and folders that were renamed but never stored. Says what it did."""
        done: list[str] = []
        if not self._work.is_dir():
            return done
        known: set[Path] | None = None
        for path in sorted(self._work.iterdir()):
            if _alive(path.name.removeprefix(".")):
                continue
            if path.suffix == ".intent":
                known = known if known is not None else {file.parent for _, file, _ in self._catalog.files()}
                homes = [
                    self._catalog.archive / line for line in path.read_text(encoding="utf-8").splitlines()
                ]
                for home in homes:
                    if home not in known and home.is_relative_to(self._catalog.archive) and home.is_dir():
                        shutil.rmtree(home)
                        done.append(f"removed {home.name}, which no product has")
                path.unlink()
            elif path.suffix == ".part":
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
                done.append(f"removed the working folder {path.name}")
        return done

    def _homes(self, product: Product) -> set[Path]:
        """The folders of this very version that is about to be replaced."""
        version = _UNSAFE.sub("-", product.version)
        parent = (self._catalog.archive / _home(product, "")).parent
        own = {path.relative_to(self._catalog.archive) for path in parent.glob(f"{version}-????????")}
        known = {file.parent for _, file, _ in self._catalog.files_of(product.id, product.version)}
        return {path for path in own if self._catalog.archive / path in known}


def _placed(asset: Asset, folder: Path, home: Path) -> Asset:
    path = (
        asset.path
        if Path(asset.path).is_absolute() and not Path(asset.path).is_relative_to(folder)
        else str(home / Path(asset.path).name)
    )
    return replace(asset, path=path, low=str(home / asset.low) if asset.low else "")


def _home(product: Product, token: str) -> Path:
    """The folder of a version in the archive."""
    version = _UNSAFE.sub("-", product.version)
    return Path(product.collection) / day_text(product.day)[:4] / product.id / f"{version}-{token}"


def _own() -> str:
    """This process, as its working names say it: several hosts share the folder."""
    return f"{_UNSAFE.sub('-', platform.node()) or 'host'}~{os.getpid()}"


def _alive(name: str) -> bool:
    """Whether the process that a working name belongs to still runs; of another host's nobody here can tell."""
    owner = name.rpartition("-")[0]
    host, _, pid = owner.rpartition("~")
    here = _own().rpartition("~")[0]
    if not pid.isdigit() or (host and host != here):
        return bool(host)
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
