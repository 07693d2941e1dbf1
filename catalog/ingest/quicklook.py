# SPDX-License-Identifier: Apache-2.0
"""A small picture of a product, made where none was distributed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.model.product import Asset, AssetRole
from catalog.raster.files import driver_of, read_small
from config.product_types import ProductType
from config.styles import rgba

_SIDE = 512


def write_quicklook(kind: ProductType, assets: Iterable[Asset], folder: Path) -> list[Asset]:
    """Writes `quicklook.png` from the visual or the first data band, unless the product brought one."""
    assets = tuple(assets)
    if any(folder.glob("quicklook.*")):
        return []
    best = next((asset for asset in assets if asset.role is AssetRole.VISUAL), None) or next(
        asset for asset in assets if asset.role is AssetRole.DATA
    )
    path = Path(best.path) if Path(best.path).is_absolute() else folder / best.path
    small = read_small(path, _SIDE, average=best.role is AssetRole.VISUAL, driver=driver_of(path))
    target = folder / "quicklook.png"
    if best.role is AssetRole.VISUAL:
        Image.fromarray(
            np.dstack([small[0], small[1], small[2], np.where(small.any(axis=0), 255, 0).astype(np.uint8)]),
            "RGBA",
        ).save(target)
    else:
        _palette_picture(kind, best, small[0]).save(target)
    return [Asset("quicklook", AssetRole.QUICKLOOK, target.name, "", bytes=target.stat().st_size)]


def _palette_picture(kind: ProductType, asset: Asset, counts: NDArray[Any]) -> Image.Image:
    classes = next(iter(kind.bands[name].classes for name in asset.bands))
    table = np.zeros((256, 4), np.uint8)
    if classes:
        for one in classes:
            table[one.value] = rgba(one.colour)
    else:
        table[:, :3] = np.arange(256)[:, None]
        table[:, 3] = 255
    for count in asset.nodata:
        if 0 <= count < 256:
            table[count] = 0
    if counts.dtype != np.uint8:
        low, high = np.percentile(counts, (2, 98))
        counts = np.clip((counts - low) / max(1, high - low) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(table[counts], "RGBA")
