# SPDX-License-Identifier: Apache-2.0
"""The values of a product at a point: physical values with their units, class and mask names."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from catalog.crs import transform
from catalog.model.product import Product
from catalog.raster.files import Unreadable
from config.product_types import Band, PixelRule, ProductType
from config.settings import Bilingual
from config.styles import Ramp, Special, Style
from tiles.read import Reader


@dataclass(frozen=True, slots=True)
class PixelValue:
    """One band at one point."""

    name: str
    band: Band
    count: float
    """As stored, in the product type's scale."""
    valid: bool
    special: Special | None = None
    """Set when the count is no measurement."""

    @property
    def value(self) -> float:
        """In the band's unit."""
        return self.count * self.band.scale + self.band.offset

    @property
    def meanings(self) -> tuple[Bilingual, ...]:
        """The class, or the bits that are set."""
        if self.special:
            return (self.special.title,)
        if self.band.classes:
            return tuple(one.title for one in self.band.classes if one.value == self.count)
        return tuple(bit.title for bit in self.band.bits if int(self.count) >> bit.bit & 1)


def pixel_values(
    reader: Reader,
    kind: ProductType,
    product: Product,
    x: float,
    y: float,
    epsg: int,
    only: Collection[str] = (),
) -> tuple[PixelValue, ...]:
    """Each band of a product, or some, at a point of a CRS, from the full-resolution pixel that holds it.

    Bands that do not reach there are left out.
    """
    out = []
    for name, band in kind.bands.items():
        asset = product.asset_of(name) if not only or name in only else None
        if asset is None or asset.grid is None:
            continue
        at_x, at_y = _moved(x, y, epsg, asset.grid.epsg)
        if not (math.isfinite(at_x) and math.isfinite(at_y)):
            continue
        column = math.floor((at_x - asset.grid.west) / asset.grid.pixel_width)
        row = math.floor((asset.grid.north - at_y) / asset.grid.pixel_height)
        if not (0 <= column < asset.grid.width and 0 <= row < asset.grid.height):
            continue
        try:
            count = reader.pixel(asset, name, column, row, kind)
        except Unreadable:
            continue
        out.append(PixelValue(name, band, count, _valid(count, asset.nodata), _special(kind, name, count)))
    return tuple(out)


@lru_cache(1_024)
def _moved(x: float, y: float, epsg: int, to: int) -> tuple[float, float]:
    """A point in another CRS; a series asks for the same one for each product."""
    at_x, at_y = transform(epsg, to, np.array([x]), np.array([y]))
    return float(at_x[0]), float(at_y[0])


def shown_value(style: Style, values: Sequence[PixelValue]) -> float | None:
    """What a style shows at a point: the index of a two-band ramp, else the value of its first band; None without data."""
    found = {value.name: value for value in values if value.valid and value.special is None}
    first = found.get(style.bands[0])
    if first is None:
        return None
    if isinstance(style, Ramp) and len(style.bands) == 2:
        second = found.get(style.bands[1])
        total = first.value + second.value if second else 0.0
        return (first.value - second.value) / total if second and total else None
    return first.value


def is_clear(rule: PixelRule | None, values: Sequence[PixelValue]) -> bool:
    """Whether a product's own mask says neither cloud nor shadow at a point; true without a mask."""
    count = next((int(value.count) for value in values if rule and value.name == rule.band), None)
    if rule is None or count is None:
        return True
    return count not in rule.values and not any(count >> bit & 1 for bit in rule.bits)


def _valid(count: float, nodata: tuple[int, ...]) -> bool:
    return not math.isnan(count) and count not in nodata


def _special(kind: ProductType, band: str, count: float) -> Special | None:
    ramps = (style for style in kind.styles if isinstance(style, Ramp) and style.bands == (band,))
    return next((special for ramp in ramps for special in ramp.special if special.value == count), None)
