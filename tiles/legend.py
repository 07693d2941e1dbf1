# SPDX-License-Identifier: Apache-2.0
"""Legends: compact, in French or English, never higher than a screen (23 classes stand in columns)."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from config.collections import Collection
from config.product_types import ProductType
from config.styles import Classes, Composite, MapStyle, Outlines, Points, Ramp, Relief, Stop, Style, rgba
from tiles.labels import font
from tiles.stations import disc_picture
from tiles.style import colour_at, palette_of

_ROW = 18
_SWATCH = 22
_PAD = 8
_SIZE = 11
_MOST_ROWS = 16
_SHADES = 64
_BAR = (22, 150)
_INK = (20, 20, 20, 255)
_NAMES = {"en": ("red", "green", "blue", "reflectance"), "fr": ("rouge", "vert", "bleu", "réflectance")}


def legend(kind: Collection, style: MapStyle, language: str) -> Image.Image:
    """The legend of a style of a collection."""
    if isinstance(style, Points | Outlines):
        return _whole(style, language)
    assert isinstance(kind, ProductType)
    if isinstance(style, Relief) or (isinstance(style, Ramp) and not style.steps):
        special = style.special if isinstance(style, Ramp) else ()
        specials = [(rgba(one.colour), one.title.in_language(language)) for one in special]
        return _bar(palette_of(kind, style), style.stops, style.unit, specials, language)
    return _rows(_entries(kind, style, language))


def _whole(style: Points | Outlines, language: str) -> Image.Image:
    """Of what is drawn as a whole: its one colour, or the colours of its numbers."""
    if not style.stops:
        return (
            _point(style, language)
            if isinstance(style, Points)
            else _rows([(rgba(style.colour), style.title.in_language(language))])
        )
    if style.steps:
        return _rows(_steps(style.stops, style.unit, language))
    at = np.linspace(style.stops[0].value, style.stops[-1].value, _SHADES)
    palette = np.array([(0, 0, 0, 0), *(colour_at(style, value) for value in at)], np.uint8)
    return _bar(palette, style.stops, style.unit, [], language)


def legend_png(kind: Collection, style: MapStyle, language: str) -> bytes:
    """The legend as a PNG file."""
    out = BytesIO()
    legend(kind, style, language).save(out, "PNG")
    return out.getvalue()


def _entries(kind: ProductType, style: Style, language: str) -> list[tuple[tuple[int, int, int, int], str]]:
    if isinstance(style, Composite):
        red, green, blue, reflectance = _NAMES[language]
        span = f"{reflectance} {style.low:g}–{style.high:g}"
        titles = [kind.bands[name].title.in_language(language) for name in style.bands]
        marks = zip(
            ((230, 40, 40, 255), (40, 170, 40, 255), (50, 80, 230, 255)),
            (red, green, blue),
            style.bands,
            titles,
            strict=True,
        )
        return [(colour, f"{word}: {band} ({title})") for colour, word, band, title in marks] + [
            ((255, 255, 255, 0), span)
        ]
    if isinstance(style, Classes):
        band = kind.bands[style.bands[0]]
        return [(rgba(one.colour), one.title.in_language(language)) for one in (band.classes or band.bits)]
    assert isinstance(style, Ramp)
    return _steps(style.stops, style.unit, language) + [
        (rgba(special.colour), special.title.in_language(language)) for special in style.special
    ]


def _steps(stops: Sequence[Stop], unit: str, language: str) -> list[tuple[tuple[int, int, int, int], str]]:
    out = []
    last: float | None = None
    for stop in stops:
        label = (
            stop.label.in_language(language)
            if stop.label
            else f"{stop.value:g}"
            if last is None or last + 1 >= stop.value
            else f"{last:g}–{stop.value:g}"
        )
        out.append((rgba(stop.colour), f"{label} {unit}".strip()))
        last = stop.value
    return out


def _rows(entries: list[tuple[tuple[int, int, int, int], str]]) -> Image.Image:
    columns = -(-len(entries) // _MOST_ROWS)
    rows = -(-len(entries) // columns)
    widths = [
        max(_width(text) for _, text in entries[at * rows : (at + 1) * rows]) + _SWATCH + 3 * _PAD
        for at in range(columns)
    ]
    image, draw = _canvas(sum(widths), rows * _ROW + 2 * _PAD)
    left = 0
    for at, width in enumerate(widths):
        for number, (colour, text) in enumerate(entries[at * rows : (at + 1) * rows]):
            top = _PAD + number * _ROW
            if colour[3]:
                draw.rectangle(
                    (left + _PAD, top + 2, left + _PAD + _SWATCH, top + _ROW - 3),
                    fill=colour[:3],
                    outline=(90, 90, 90),
                )
            draw.text((left + 2 * _PAD + _SWATCH, top + 1), text, fill=_INK, font=font(_SIZE))
        left += width
    return image


def _bar(
    palette: NDArray[np.uint8],
    stops: Sequence[Stop],
    unit: str,
    specials: Sequence[tuple[tuple[int, int, int, int], str]],
    language: str,
) -> Image.Image:
    low, high = stops[0].value, stops[-1].value
    labels = [
        (
            stop.label.in_language(language) if stop.label else f"{stop.value:g} {unit}".strip(),
            (high - stop.value) / (high - low),
        )
        for stop in stops
    ]
    width = (
        max(_width(text) for text in (*(label for label, _ in labels), *(text for _, text in specials)))
        + _BAR[0]
        + 3 * _PAD
    )
    image, draw = _canvas(width, _BAR[1] + 3 * _PAD + _ROW * len(specials))
    shades = len(palette) - 1 - len(specials)
    for row in range(_BAR[1]):
        entry = 1 + round((1 - row / (_BAR[1] - 1)) * (shades - 1))
        draw.line((_PAD, _PAD + row, _PAD + _BAR[0], _PAD + row), fill=tuple(palette[entry].tolist()[:3]))
    for text, share in _apart(labels):
        draw.text(
            (2 * _PAD + _BAR[0], _PAD + share * (_BAR[1] - 1) - _SIZE * 0.6),
            text,
            fill=_INK,
            font=font(_SIZE),
        )
    for number, (colour, text) in enumerate(specials):
        top = _BAR[1] + 2 * _PAD + number * _ROW
        draw.rectangle((_PAD, top + 2, _PAD + _SWATCH, top + _ROW - 3), fill=colour[:3], outline=(90, 90, 90))
        draw.text((2 * _PAD + _SWATCH, top + 1), text, fill=_INK, font=font(_SIZE))
    return image


def _apart(labels: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The labels that have room beside a bar, from the bottom up; the two ends always, the first of others that would lie on each other."""
    room = (_SIZE + 2) / (_BAR[1] - 1)
    kept = [labels[0]]
    for text, share in labels[1:-1]:
        if kept[-1][1] - share >= room and share - labels[-1][1] >= room:
            kept.append((text, share))
    return [*kept, labels[-1]]


def _point(style: Points, language: str) -> Image.Image:
    text = style.title.in_language(language)
    disc = Image.fromarray(disc_picture(style), "RGBA")
    image, draw = _canvas(disc.width + _width(text) + 3 * _PAD, max(disc.height, _ROW) + 2 * _PAD)
    image.alpha_composite(disc, (_PAD, (image.height - disc.height) // 2))
    draw.text((2 * _PAD + disc.width, (image.height - _SIZE) // 2 - 2), text, fill=_INK, font=font(_SIZE))
    return image


def _canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (int(width), int(height)), (255, 255, 255, 255))
    return image, ImageDraw.Draw(image)


def _width(text: str) -> int:
    return int(font(_SIZE).getlength(text)) + 1


def has_accents() -> bool:
    """Whether the legends' font is the one with accents."""
    found = font(_SIZE)
    return isinstance(found, ImageFont.FreeTypeFont) and "DejaVu" in str(found.getname()[0])
