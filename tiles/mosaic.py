# SPDX-License-Identifier: Apache-2.0
"""Many scenes, one array of values: the first scene in the order wins a pixel, and reading stops when the map is full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.model.principal import Deadline
from catalog.model.product import Product
from config.product_types import PixelRule, ProductType
from tiles.frame import Frame, Nodes, nodes
from tiles.loops import loops
from tiles.plan import Choice, Read, Step, choose, holder, steps
from tiles.read import Reader

_NEVER = 1 << 40
"""A count that no pixel has."""
_DTYPES = {"uint8": np.uint8, "int16": np.int16, "uint16": np.uint16, "float32": np.float32}


@dataclass
class Mosaic:
    """Values (bands x H x W) and where there is none yet (`todo`, 1 = empty), with the products that gave a pixel."""

    values: NDArray[Any]
    todo: NDArray[np.uint8]
    products: list[Product] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether every pixel has a value."""
        return not self.todo.any()


class Painter:
    """Draws products of one type into one frame."""

    def __init__(
        self,
        kind: ProductType,
        bands: Sequence[str],
        frame: Frame,
        reader: Reader,
        deadline: Deadline,
        clear: PixelRule | None = None,
        smooth: bool = True,
    ) -> None:
        self._kind, self._bands, self._frame, self._reader, self._deadline, self._clear = (
            kind,
            tuple(bands),
            frame,
            reader,
            deadline,
            clear,
        )
        self._nodes: dict[int, Nodes] = {}
        visual = bands[0].startswith("visual.")
        dtype = np.dtype(np.uint8 if visual else _DTYPES[kind.bands[bands[0]].dtype])
        self._smooth = (
            smooth and kind.continuous and (visual or not any(kind.bands[band].categorical for band in bands))
        )
        self.mosaic = Mosaic(
            np.zeros((len(bands), frame.height, frame.width), dtype),
            np.ones((frame.height, frame.width), np.uint8),
        )
        self._left = frame.width * frame.height

    def paint(self, products: Iterable[Product]) -> Mosaic:
        """Paints in the given order. With a clear-pixel rule, clear pixels of all products come before any other."""
        products = tuple(products)
        if self._clear:
            self._pass(products, self._clear)
        self._pass(products, None)
        return self.mosaic

    def _pass(self, products: Iterable[Product], rule: PixelRule | None) -> None:
        for product in products:
            if not self._left:
                return
            self._deadline.check()
            filled = self._one(product, rule)
            self._left -= filled
            if filled and product not in self.mosaic.products[-1:]:
                self.mosaic.products.append(product)

    def _one(self, product: Product, rule: PixelRule | None) -> int:
        todo, choice = self.mosaic.todo, self._choose(product, self._bands)
        if choice is None:
            return 0
        top, bottom, left, right = choice.rect
        if not todo[top:bottom, left:right].any():
            return 0
        planned = self._steps(choice)
        if not planned:
            return 0
        if len(planned) == 1 and rule is None and planned[0].bands == self._bands:
            return self._warp(planned[0], self._bands, self.mosaic.values, todo)
        values = np.zeros_like(self.mosaic.values)
        got = np.ones(todo.shape, np.bool_)
        for step in planned:
            got &= self._aside(step, values)
        if rule:
            got &= self._clear_pixels(product, rule)
        return int(loops.commit(values, got.astype(np.uint8), self.mosaic.values, todo))

    def _aside(self, step: Step, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Warps the bands of one grid into their places of `values`; where it succeeded."""
        names = step.bands
        part = np.zeros((len(names), *values.shape[1:]), values.dtype)
        todo = self.mosaic.todo.copy()
        before = todo.copy()
        self._warp(step, names, part, todo)
        for number, name in enumerate(names):
            values[self._bands.index(name)] = part[number]
        got: NDArray[np.bool_] = (before != 0) & (todo == 0)
        return got

    def _clear_pixels(self, product: Product, rule: PixelRule) -> NDArray[np.bool_]:
        """Where the product's own mask says neither cloud nor shadow; everywhere when it has no such mask."""
        shape = self.mosaic.todo.shape
        choice = self._choose(product, (rule.band,))
        planned = self._steps(choice) if choice else []
        if not planned:
            return np.ones(shape, np.bool_)
        counts = np.zeros((1, *shape), _DTYPES[self._kind.bands[rule.band].dtype])
        todo = np.ones(shape, np.uint8)
        self._warp(planned[0], (rule.band,), counts, todo, smooth=False)
        hit = (
            np.isin(counts[0], rule.values)
            if rule.values
            else (counts[0] & sum(1 << bit for bit in rule.bits)) != 0
        )
        clear: NDArray[np.bool_] = (todo == 0) & ~hit
        return clear

    def _choose(self, product: Product, bands: Sequence[str]) -> Choice | None:
        asset = holder(product, bands[0])
        if asset is None or asset.grid is None:
            return None
        epsg = asset.grid.epsg
        if epsg not in self._nodes:
            self._nodes[epsg] = nodes(self._frame, epsg)
        return choose(product, bands, self._frame, self._nodes[epsg], epsg)

    def _steps(self, choice: Choice) -> list[Step]:
        """The steps of a choice, if they bring all of its bands. Its files are asked for the sizes of their overviews."""
        exact = tuple((self._reader.exact(level), bands) for level, bands in choice.levels)
        epsg = exact[0][0].grid.epsg
        planned = list(steps(replace(choice, levels=exact), self._nodes[epsg]))
        wanted = sum(len(bands) for _, bands in exact)
        return planned if sum(len(step.bands) for step in planned) == wanted else []

    def _warp(
        self,
        step: Step,
        bands: Sequence[str],
        out: NDArray[Any],
        todo: NDArray[np.uint8],
        *,
        smooth: bool | None = None,
    ) -> int:
        parts = [self._marked(read) for read in step.reads]
        pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
        bilinear = self._smooth if smooth is None else smooth
        marks = _marks(step.reads, pixels.dtype)
        return int(loops.warp(pixels, step.columns, step.rows, *step.rect, marks, bilinear, out, todo))

    def _marked(self, read: Read) -> NDArray[Any]:
        """The pixels of a read, with one count for "no value" where the asset has several."""
        pixels = self._reader.read(read, self._kind)
        others = read.level.asset.nodata[1:]
        if others:
            pixels = np.where(np.isin(pixels, others), pixels.dtype.type(read.level.asset.nodata[0]), pixels)
        return pixels


def _marks(reads: Sequence[Read], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The count that means "no value" for each band, or one that no pixel has."""
    if dtype.kind == "f":
        return np.array(
            [
                read.level.asset.nodata[0] if read.level.asset.nodata else np.nan
                for read in reads
                for _ in read.bands
            ]
        )
    return np.array(
        [
            read.level.asset.nodata[0] if read.level.asset.nodata else _NEVER
            for read in reads
            for _ in read.bands
        ],
        np.int64,
    )
