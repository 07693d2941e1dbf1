# SPDX-License-Identifier: Apache-2.0
"""Moves files between the archive's folder and its object storage. At every moment each file is whole where the catalogue says that it is."""

from __future__ import annotations

import time
from pathlib import Path

from catalog.model.objects import OBJECT, ObjectError
from catalog.model.principal import Principal
from catalog.model.product import AssetRole, Product
from catalog.model.time import now
from catalog.objects import ObjectStore
from catalog.service import Catalog

_HEARD_SECONDS = 1.0
"""Servers look for changes of the catalogue twice as often."""
_RASTERS = (AssetRole.DATA, AssetRole.MASK, AssetRole.VISUAL, AssetRole.SIDECAR)


class Mover:
    """Moves products one after the other; what they leave behind goes with `release`, or in time with the next product."""

    def __init__(self, catalog: Catalog, who: Principal) -> None:
        if catalog.objects is None:
            raise ObjectError("there is no object storage in the settings")
        self._catalog, self._who, self._objects = catalog, who, catalog.objects
        self._left: list[tuple[float, str, bool]] = []

    def away(self, product: Product) -> list[str]:
        """The rasters of a product go to object storage; arrays for small maps, metadata and quicklook stay. Raises ObjectError."""
        chosen = [
            asset.path
            for asset in product.assets
            if asset.role in _RASTERS and asset.tier == "online" and not Path(asset.path).is_absolute()
        ]
        for path in chosen:
            self._objects.put(self._catalog.archive / path, path)
        self._moved(product, chosen, OBJECT, "to object storage")
        return chosen

    def back(self, product: Product) -> list[str]:
        """The files of a product come back into the folder. Raises ObjectError."""
        chosen = [asset.path for asset in product.assets if asset.in_bucket]
        for path in chosen:
            self._objects.fetch(path, self._catalog.archive / path)
        self._moved(product, chosen, "online", "from object storage")
        return chosen

    def release(self) -> None:
        """Drops what was left behind, when every server has heard where the files are now."""
        for at, path, stored in self._left:
            time.sleep(max(0.0, at + _HEARD_SECONDS - time.monotonic()))
            _drop(self._catalog.archive, self._objects, path, stored=stored)
        self._left.clear()

    def _moved(self, product: Product, paths: list[str], tier: str, word: str) -> None:
        if not paths:
            return
        with self._catalog.unit(self._who) as unit:
            unit.move(paths, tier)
            unit.note(now(), self._who.name, "move", f"{product.id}@{product.version}", word)
        at = time.monotonic()
        self._left += [(at, path, tier != OBJECT) for path in paths]
        due = [one for one in self._left if one[0] + 2 * _HEARD_SECONDS < at]
        for one in due:
            _drop(self._catalog.archive, self._objects, one[1], stored=one[2])
            self._left.remove(one)


def _drop(archive: Path, objects: ObjectStore, path: str, *, stored: bool) -> None:
    if stored:
        objects.drop(path)
    else:
        (archive / path).unlink(missing_ok=True)
