# SPDX-License-Identifier: Apache-2.0
"""Pictures to files. PNG is written here because it is where map servers lose their time: zlib level 6 takes forty times ISA-L's (docs/adr/0006)."""

from __future__ import annotations

import struct
from enum import Enum
from io import BytesIO

import numpy as np
from isal import isal_zlib
from PIL import Image

from catalog.model.product import Grid
from catalog.raster.write import write_geotiff
from tiles.frame import Frame
from tiles.loops import loops
from tiles.style import Bytes, Coloured, Indexed, Picture, as_rgba, on_background

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_QUALITY = 85
_WEBP_QUALITY = 80


class Format(Enum):
    """What a map can be encoded as, with its media type."""

    PNG = "image/png"
    PNG8 = "image/png; mode=8bit"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GEOTIFF = "image/tiff"

    @property
    def media_type(self) -> str:
        """For Content-Type."""
        return "image/png" if self is Format.PNG8 else self.value

    @property
    def transparent(self) -> bool:
        """Whether it can carry transparency."""
        return self is not Format.JPEG


def encode(
    picture: Picture, form: Format, background: tuple[int, int, int] | None, frame: Frame | None = None
) -> bytes:
    """A picture as a file; with a background it is opaque. A GeoTIFF needs the frame."""
    if background is not None or not form.transparent:
        picture = on_background(picture, background or (255, 255, 255))
    if form is Format.PNG:
        return _png(picture)
    if form is Format.PNG8:
        return _png(_quantised(picture))
    if form is Format.GEOTIFF:
        assert frame
        return _geotiff(picture, frame)
    image = _image(picture)
    out = BytesIO()
    if form is Format.JPEG:
        (image if image.mode == "RGB" else image.convert("RGB")).save(out, "JPEG", quality=_JPEG_QUALITY)
    else:
        image.save(out, "WEBP", quality=_WEBP_QUALITY, method=0)
    return out.getvalue()


def blank(width: int, height: int) -> Indexed:
    """A transparent picture."""
    return Indexed(np.zeros((height, width), np.uint8), np.zeros((1, 4), np.uint8))


def _png(picture: Picture) -> bytes:
    if isinstance(picture, Indexed):
        height, width = picture.pixels.shape
        rows = np.zeros((height, 1 + width), np.uint8)
        rows[:, 1:] = picture.pixels
        palette = picture.palette
        chunks = _chunk(b"PLTE", palette[:, :3].tobytes())
        if (palette[:, 3] != 255).any():
            chunks += _chunk(b"tRNS", palette[:, 3].tobytes())
        return _assemble(width, height, 3, chunks, rows)
    height, width, depth = picture.pixels.shape
    rows = np.empty((height, 1 + width * depth), np.uint8)
    loops.filter_up(picture.pixels.reshape(height, width * depth), rows)
    return _assemble(width, height, 2 if depth == 3 else 6, b"", rows)


def _assemble(width: int, height: int, colour_type: int, chunks: bytes, rows: Bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            chunks,
            _chunk(b"IDAT", isal_zlib.compress(rows, 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(tag: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + tag
        + data
        + struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(tag)))
    )


def _quantised(picture: Picture) -> Indexed:
    """At most 255 colours and one transparent entry; only ever on request, since it changes colours."""
    if isinstance(picture, Indexed):
        return picture
    pixels = as_rgba(picture)
    small = Image.fromarray(np.ascontiguousarray(pixels[..., :3]), "RGB").quantize(
        255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    colours = np.array(small.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)
    palette = np.zeros((len(colours) + 1, 4), np.uint8)
    palette[1:, :3], palette[1:, 3] = colours, 255
    return Indexed(np.where(pixels[..., 3] == 0, 0, np.asarray(small) + 1).astype(np.uint8), palette)


def _image(picture: Picture) -> Image.Image:
    if isinstance(picture, Coloured) and picture.pixels.shape[2] == 3:
        return Image.fromarray(picture.pixels, "RGB")
    return Image.fromarray(as_rgba(picture), "RGBA")


def _geotiff(picture: Picture, frame: Frame) -> bytes:
    pixel_width, pixel_height = frame.box.width / frame.width, frame.box.height / frame.height
    grid = Grid(
        frame.crs.epsg, frame.box.west, frame.box.north, pixel_width, pixel_height, frame.width, frame.height
    )
    if isinstance(picture, Indexed):
        colours = {
            number: (int(r), int(g), int(b), int(a))
            for number, (r, g, b, a) in enumerate(picture.palette.tolist())
        }
        return write_geotiff(picture.pixels[None], grid, None, colours)
    return write_geotiff(np.ascontiguousarray(np.moveaxis(picture.pixels, 2, 0)), grid, None)
