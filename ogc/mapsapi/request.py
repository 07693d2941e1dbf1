# SPDX-License-Identifier: Apache-2.0
"""The parameters of OGC API Maps (20-058) and Tiles (20-057), read strictly into frozen values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalog.crs import CRS84, Crs, box_from, read_crs, transform_box
from catalog.model.area import WORLD, Box
from catalog.model.faults import Fault, Kind, invalid, too_large
from catalog.model.time import read_instant
from config.limits import Limits
from ogc.http.fields import Field, boolean, four_numbers, list_of, pixels, plain, shown
from ogc.maps.words import image_format
from tiles.encode import Format
from tiles.frame import Frame
from tiles.times import Interval, TimeQuery

_CURIE = re.compile(r"\[(EPSG|OGC):([A-Za-z0-9]{1,10})\]\Z", re.ASCII)
_HEX = re.compile(r"(?:0x|#)?([0-9A-Fa-f]{6})\Z", re.ASCII)
_NAMED = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
}
_FORMS = {
    "png": Format.PNG,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "webp": Format.WEBP,
    "tiff": Format.GEOTIFF,
}
_SIDE = 1_024
_FIRST, _LAST = "0001-01-01", "9999-12-31"
MAP_PARAMETERS = ("bbox", "bbox-crs", "crs", "width", "height", "datetime", "bgcolor", "transparent")
TILE_PARAMETERS = ("datetime", "bgcolor", "transparent")
MAP_FORMS = (Format.PNG, Format.JPEG, Format.WEBP, Format.GEOTIFF)
TILE_FORMS = (Format.PNG, Format.JPEG, Format.WEBP)
SHORT = {Format.PNG: "png", Format.JPEG: "jpeg", Format.WEBP: "webp", Format.GEOTIFF: "tiff"}
"""The values of `f`."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is delivered."""

    form: Format
    background: tuple[int, int, int] | None
    time: TimeQuery


@dataclass(frozen=True, slots=True)
class Space:
    """Which part of the world; what is None follows from the collection and from the rest."""

    crs: Crs | None
    box: Box | None
    box_crs: Crs
    width: int | None
    height: int | None


def read_look(parameters: Mapping[str, str], accept: str, forms: tuple[Format, ...]) -> Look:
    """Format, background and time. A picture is transparent unless `bgcolor`, `transparent=false` or its format says otherwise."""
    form = _form(parameters.get("f", ""), accept, forms)
    transparent = _TRANSPARENT.read_or(parameters, "bgcolor" not in parameters)
    colour = _BACKGROUND.read_or(parameters, (255, 255, 255))
    time = DATETIME.read_or(parameters, ())
    return Look(form, None if transparent and form.transparent else colour, time)


def read_space(parameters: Mapping[str, str], limits: Limits) -> Space:
    """CRS, box and size. Raises Fault INVALID, UNKNOWN_CRS or TOO_LARGE."""
    crs, box_crs = _CRS.read_or(parameters, None), _BOX_CRS.read_or(parameters, CRS84)
    box = None
    if "bbox" in parameters:
        values = _BBOX.read(parameters)
        box = box_from(values, box_crs)
        if not (box.width and box.height):
            raise Fault(Kind.INVALID, "bbox: the box has no area", "bbox")
    width, height = (
        Field(name, pixels(limits.map_side, "limits.map_side")).read_or(parameters, None)
        for name in ("width", "height")
    )
    return Space(crs, box, box_crs, width, height)


def frame_of(space: Space, extent: Box | None, limits: Limits) -> Frame:
    """The map: in CRS84 unless another CRS is asked, over the extent of the collections unless there is a box. Where a side is not given,
    pixels are square on the ground in the middle of a map in degrees, else in the CRS. Raises Fault INVALID for a box that does not lie in the CRS.
    """
    crs = space.crs or CRS84
    box, source = (space.box, space.box_crs) if space.box else (extent or WORLD, CRS84)
    if source.epsg != crs.epsg:
        moved = transform_box(box, source.epsg, crs.epsg)
        if moved is None or not (moved.width and moved.height):
            raise Fault(Kind.INVALID, f"the box does not lie in {crs.name}", "bbox")
        box = moved
    shrunk = max(0.01, math.cos(math.radians((box.south + box.north) / 2))) if crs.geographic else 1.0
    shape = box.width / box.height * shrunk
    width, height = space.width, space.height
    if width is None and height is None:
        width = _SIDE if shape >= 1 else _side(_SIDE * shape, limits)
    if width is None:
        assert height is not None
        width = _side(height * shape, limits)
    if height is None:
        height = _side(width / shape, limits)
    if width * height > limits.map_pixels:
        raise too_large(f"{width} x {height} pixels", limits.map_pixels, "limits.map_pixels", "width")
    return Frame(crs, box, width, height)


def _side(pixels: float, limits: Limits) -> int:
    return max(1, min(limits.map_side, round(pixels)))


def _form(name: str, accept: str, forms: tuple[Format, ...]) -> Format:
    """`f`, else the first known type of the Accept header, else PNG. Raises Fault INVALID or NOT_ACCEPTABLE."""
    if name:
        found = _FORMS.get(name.lower()) or (image_format(name) if "/" in name else None)
        if found is None or found not in forms:
            raise Fault(Kind.INVALID, f"f: {shown(name)} is not a form of this resource", "f")
        return found
    wanted = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for one in wanted:
        known = next((form for form in forms if form.media_type == one), None)
        if known is not None:
            return known
    if (
        wanted
        and not {"*/*", "image/*", "application/*"} & set(wanted)
        and not any(one.startswith("text/") for one in wanted)
    ):
        raise Fault(
            Kind.NOT_ACCEPTABLE, f"this resource is {', '.join(form.media_type for form in forms)}", "Accept"
        )
    return Format.PNG


def _crs(locator: str) -> Callable[[str], Crs]:
    """A URI or a safe CURIE such as [EPSG:2154]."""

    def parse(text: str) -> Crs:
        match = _CURIE.match(text)
        return read_crs(f"{match[1]}:{match[2]}" if match else text, locator)

    return parse


def _colour(text: str) -> tuple[int, int, int]:
    """`0xRRGGBB`, `#RRGGBB`, or one of a few names of the web (20-058, 7.5)."""
    match = _HEX.match(text)
    if match:
        value = int(match[1], 16)
        return value >> 16, value >> 8 & 255, value & 255
    found = _NAMED.get(text.lower())
    if found is None:
        raise invalid(f"{shown(text)} is not a colour such as 0xFFFFFF")
    return found


def _datetime(text: str) -> TimeQuery:
    """An instant, or an interval that may be open at one end (17-069r4, 7.15.3)."""
    parts = text.split("/")
    if len(parts) == 1:
        return (read_instant(text),)
    if len(parts) != 2 or {*parts} <= {"", ".."}:
        raise Fault(Kind.BAD_TIME, f"{shown(text)} is not a time, nor an interval", "datetime")
    start, end = (
        (_FIRST if parts[0] in ("", "..") else parts[0]),
        (_LAST if parts[1] in ("", "..") else parts[1]),
    )
    first, last = read_instant(start), read_instant(end)
    if first.start >= last.end:
        raise Fault(Kind.BAD_TIME, f"{shown(text)} ends before it begins", "datetime")
    return (Interval(first, last),)


_CRS, _BOX_CRS = Field("crs", _crs("crs")), Field("bbox-crs", _crs("bbox-crs"))
_BBOX = Field("bbox", four_numbers)
_TRANSPARENT, _BACKGROUND, DATETIME = (
    Field("transparent", boolean),
    Field("bgcolor", _colour),
    Field("datetime", _datetime),
)
COLLECTIONS = Field("collections", list_of(plain, 100))
