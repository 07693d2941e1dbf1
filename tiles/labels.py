# SPDX-License-Identifier: Apache-2.0
"""Text on pictures: names beside what they name, dark with a light rim, none on another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_SIZE = 12
_GAP = 3
_MOST = 500


class Label(NamedTuple):
    """A text to the right of a place, in pixels."""

    column: int
    row: int
    text: str


@lru_cache(8)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans, which MapProxy's wheel carries: Pillow's own font has no accents."""
    spec = find_spec("mapproxy")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "image" / "fonts" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def with_labels(pixels: NDArray[np.uint8], labels: Sequence[Label]) -> NDArray[np.uint8]:
    """A picture (H x W x 4) with the labels that have room: the first come first, and none that would be cut off."""
    image = Image.fromarray(pixels, "RGBA")
    draw, written = ImageDraw.Draw(image), font(_SIZE)
    taken: list[tuple[float, float, float, float]] = []
    for label in labels[:_MOST]:
        left, top = label.column + _GAP, label.row - _SIZE // 2 - 1
        box = (left, top, left + written.getlength(label.text), top + _SIZE + 2)
        if box[0] < 0 or box[1] < 0 or box[2] > image.width or box[3] > image.height:
            continue
        if any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for other in taken
        ):
            continue
        taken.append(box)
        draw.text(
            (left, top), label.text, fill=(20, 20, 20, 255), font=written, stroke_width=2,
            stroke_fill=(255, 255, 255, 220),
        )  # fmt: skip
    found: NDArray[np.uint8] = np.asarray(image)
    return found
