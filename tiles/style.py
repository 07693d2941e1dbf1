# SPDX-License-Identifier: Apache-2.0
"""Values to colours. Every style but a composite becomes a palette of at most 256 colours and a table from counts to entries."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.product_types import Band, ProductType
from config.styles import Classes, Composite, Outlines, Points, Ramp, Relief, Stop, Style, rgba
from tiles.loops import loops
from tiles.mosaic import Mosaic
from tiles.once import once

Bytes = NDArray[np.uint8]
_TABLES = 256
"""Kept for so many styles: at most 16 MB. Nobody writes into them; marked as not to be written, numba would compile its loops anew."""
_STEPS = 240
"""Shades of an interpolated ramp; the entries after them are the special values."""


@dataclass(frozen=True)
class Indexed:
    """A picture of palette entries; entry 0 is transparent."""

    pixels: Bytes
    """H x W."""
    palette: Bytes
    """n x 4: red, green, blue, alpha."""


@dataclass(frozen=True)
class Coloured:
    """A picture of colours."""

    pixels: Bytes
    """H x W x 3 (all opaque) or H x W x 4."""


Picture = Indexed | Coloured


def bands_of(kind: ProductType, style: Style, *, baked: bool) -> tuple[str, ...]:
    """The bands that a style reads; the visual's when every product has it and it was made with this style."""
    if baked and isinstance(style, Composite) and kind.visual == style.id:
        return ("visual.1", "visual.2", "visual.3")
    return style.bands


def colour(kind: ProductType, style: Style, bands: Sequence[str], mosaic: Mosaic) -> Picture:
    """A mosaic in the colours of a style."""
    if isinstance(style, Composite):
        return _composite(kind, style, bands, mosaic)
    assert not isinstance(style, Relief), "tiles.relief"
    palette = palette_of(kind, style)
    out = np.empty(mosaic.todo.shape, np.uint8)
    if isinstance(style, Ramp) and len(style.bands) == 2:
        band = kind.bands[style.bands[0]]
        loops.normalised_difference(
            mosaic.values,
            mosaic.todo,
            band.offset / band.scale,
            style.stops[0].value,
            style.stops[-1].value,
            _STEPS,
            out,
        )
    elif mosaic.values.dtype.kind == "f":
        assert isinstance(style, Ramp)
        loops.grade(mosaic.values[0], mosaic.todo, bounds_of(kind.bands[style.bands[0]], style), out)
    else:
        table = table_of(kind, style)
        loops.look_up(mosaic.values[0], mosaic.todo, table, table.size - 1, out)
    return Indexed(out, palette)


def palette_of(kind: ProductType, style: Classes | Ramp | Relief) -> Bytes:
    """The palette of a style, entry 0 transparent."""
    return _palette(kind.bands[style.bands[0]], style)


@once(_TABLES)
def _palette(band: Band, style: Classes | Ramp | Relief) -> Bytes:
    if isinstance(style, Classes):
        colours = [rgba(one.colour) for one in (band.classes or band.bits)]
    elif isinstance(style, Relief):
        colours = _shades(style.stops)
    else:
        colours = [*_ramp_colours(style), *(rgba(special.colour) for special in style.special)]
    return np.array([(0, 0, 0, 0), *colours], np.uint8)


def table_of(kind: ProductType, style: Classes | Ramp) -> Bytes:
    """Counts (as unsigned numbers of their size) to palette entries."""
    return _table(kind.bands[style.bands[0]], style)


@once(_TABLES)
def _table(band: Band, style: Classes | Ramp) -> Bytes:
    size = 256 if band.dtype == "uint8" else 65_536
    if isinstance(style, Classes):
        return _class_table(band, size)
    counts = np.arange(size).astype(np.uint16)
    signed = counts.view(np.int16) if band.dtype == "int16" else counts
    values = signed * band.scale + band.offset
    stops = np.array([stop.value for stop in style.stops])
    if style.steps:
        table = (1 + np.minimum(np.searchsorted(stops, values, side="left"), len(stops) - 1)).astype(np.uint8)
    else:
        share = np.clip((values - stops[0]) / (stops[-1] - stops[0]), 0.0, 1.0)
        table = (1.5 + share * (_STEPS - 1)).astype(np.uint8)
    first = 1 + len(_ramp_colours(style))
    for number, special in enumerate(style.special):
        table[special.value] = first + number
    return _without(table, band)


def bounds_of(band: Band, style: Ramp | Relief) -> NDArray[np.float64]:
    """The counts between the palette's entries, for values that no table can hold."""
    stops = np.array([stop.value for stop in style.stops])
    if isinstance(style, Ramp) and style.steps:
        values = stops[:-1]
    else:
        values = stops[0] + (np.arange(1, _STEPS) - 0.5) / (_STEPS - 1) * (stops[-1] - stops[0])
    counts: NDArray[np.float64] = (values - band.offset) / band.scale
    return counts


def _class_table(band: Band, size: int) -> Bytes:
    table = np.zeros(size, np.uint8)
    if band.classes:
        for number, one in enumerate(band.classes, 1):
            table[one.value] = number
    else:
        counts = np.arange(size)
        for number, bit in enumerate(band.bits, 1):
            table[(counts >> bit.bit) & 1 == 1] = number
    return _without(table, band)


def _without(table: Bytes, band: Band) -> Bytes:
    for count in band.nodata:
        table[count & (table.size - 1)] = 0
    return table


def _ramp_colours(style: Ramp) -> list[tuple[int, int, int, int]]:
    return [rgba(stop.colour) for stop in style.stops] if style.steps else _shades(style.stops)


def colour_at(style: Points | Outlines, number: float) -> tuple[int, int, int, int]:
    """The colour of a number on the ramp of what is drawn as a whole."""
    known = [stop.value for stop in style.stops]
    if style.steps:
        return rgba(style.stops[min(bisect_left(known, number), len(known) - 1)].colour)
    planes = [
        np.interp(number, known, [rgba(stop.colour)[plane] for stop in style.stops]) for plane in range(4)
    ]
    return (int(planes[0] + 0.5), int(planes[1] + 0.5), int(planes[2] + 0.5), int(planes[3] + 0.5))


def _shades(stops: Sequence[Stop]) -> list[tuple[int, int, int, int]]:
    """The colours between stops, at equal distances of the value."""
    at = np.linspace(stops[0].value, stops[-1].value, _STEPS)
    known = [stop.value for stop in stops]
    planes = [np.interp(at, known, [rgba(stop.colour)[plane] for stop in stops]) for plane in range(4)]
    return [
        (int(r + 0.5), int(g + 0.5), int(b + 0.5), int(a + 0.5)) for r, g, b, a in zip(*planes, strict=True)
    ]


def _composite(kind: ProductType, style: Composite, bands: Sequence[str], mosaic: Mosaic) -> Coloured:
    depth = 3 if mosaic.full else 4
    out = np.empty((*mosaic.todo.shape, depth), np.uint8)
    if bands[0].startswith("visual."):
        loops.interleave(mosaic.values, mosaic.todo, out)
    else:
        loops.look_up_rgb(mosaic.values, mosaic.todo, _stretches(kind, style), 0xFFFF, out)
    return Coloured(out)


@once(_TABLES // 4)
def _stretches(kind: ProductType, style: Composite) -> Bytes:
    bands = [kind.bands[name] for name in style.bands]
    tables = [
        _stretch(band.dtype, band.scale, band.offset, style.low, style.high, style.gamma) for band in bands
    ]
    return np.stack(tables)


def _stretch(dtype: str, scale: float, offset: float, low: float, high: float, gamma: float) -> Bytes:
    """Counts (as unsigned numbers) to 1…255; it takes as long as a tile's warp."""
    counts = np.arange(65_536).astype(np.uint16)
    signed = counts.view(np.int16) if dtype == "int16" else counts
    share = np.clip((signed * scale + offset - low) / (high - low), 0.0, 1.0)
    table: Bytes = (share ** (1.0 / gamma) * 254.0 + 1.5).astype(np.uint8)
    return table


def as_rgba(picture: Picture) -> Bytes:
    """Any picture as H x W x 4."""
    if isinstance(picture, Indexed):
        coloured: Bytes = picture.palette[picture.pixels]
        return coloured
    if picture.pixels.shape[2] == 4:
        return picture.pixels
    return np.dstack([picture.pixels, np.full(picture.pixels.shape[:2], 255, np.uint8)])


def stack(pictures: Sequence[Picture]) -> Picture:
    """Pictures painted over each other, the first at the bottom."""
    if len(pictures) == 1:
        return pictures[0]
    base = as_rgba(pictures[0]).astype(np.float32)
    for picture in pictures[1:]:
        over = as_rgba(picture).astype(np.float32)
        alpha = over[..., 3:] / 255.0
        under = base[..., 3:] / 255.0 * (1.0 - alpha)
        total = alpha + under
        base[..., :3] = np.divide(
            over[..., :3] * alpha + base[..., :3] * under,
            total,
            out=np.zeros_like(base[..., :3]),
            where=total > 0,
        )
        base[..., 3:] = total * 255.0
    return Coloured((base + 0.5).astype(np.uint8))


def on_background(picture: Picture, background: tuple[int, int, int]) -> Picture:
    """The picture on an opaque background."""
    if isinstance(picture, Indexed):
        opacity = picture.palette[:, 3:].astype(np.float32) / 255.0
        mixed = picture.palette[:, :3] * opacity + np.array(background, np.float32) * (1 - opacity)
        return Indexed(
            picture.pixels,
            np.column_stack([(mixed + 0.5).astype(np.uint8), np.full(len(picture.palette), 255, np.uint8)]),
        )
    if picture.pixels.shape[2] == 3:
        return picture
    out = np.empty((*picture.pixels.shape[:2], 3), np.uint8)
    loops.lay_on(picture.pixels, np.array(background, np.uint8), out)
    return Coloured(out)
