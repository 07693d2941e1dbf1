# SPDX-License-Identifier: Apache-2.0
"""Stations on a map: discs of one colour with a dark edge, and which of them lie under a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.crs import WGS84, transform, transform_box
from catalog.model.area import WORLD, Box
from catalog.model.observation import Mark, Seen
from config.series_types import SeriesType
from config.styles import Points, rgba
from tiles.canvas import Canvas, Kind, paths
from tiles.frame import Frame
from tiles.labels import Label, with_labels
from tiles.style import Coloured, colour_at

_FINER = 4
"""Samples a side of a pixel, for smooth edges."""
_EDGE = 1.2
"""Pixels."""
_EDGE_COLOUR = (30, 30, 30)
_REACH = 3.0
_FAR_METRES = 1_500.0
"""Of a pixel: on farther maps a reach or a lake is a disc."""
"""Pixels around a disc in which a click still finds it."""


@dataclass(frozen=True, slots=True)
class StationQuery:
    """One layer of stations, in its style."""

    kind: SeriesType
    style: Points


@dataclass(frozen=True)
class ProbedStations:
    """The stations under a point."""

    query: StationQuery
    seen: tuple[Seen, ...]


def search_area(frame: Frame, style: Points) -> Box | None:
    """Where a station may lie to be seen on a map: the map and a disc around it, in longitude and latitude."""
    box = frame.lon_lat
    if box is None:
        return None
    grown = box.grown(box.width / frame.width * style.radius, box.height / frame.height * style.radius)
    return _inside_world(grown)


def click_area(frame: Frame, x: float, y: float, style: Points) -> Box | None:
    """The longitudes and latitudes around a point of the map's CRS in which a click finds a station."""
    across = frame.box.width / frame.width * (style.radius + _REACH)
    down = frame.box.height / frame.height * (style.radius + _REACH)
    found = transform_box(
        Box(west=x - across, south=y - down, east=x + across, north=y + down), frame.crs.epsg, WGS84.epsg
    )
    return _inside_world(found) if found and found.meets(WORLD) else None


def draw_stations(marks: Sequence[Mark], frame: Frame, style: Points) -> Coloured:
    """Discs at longitudes and latitudes, later ones over earlier ones, the farthest from ordinary on top: H x W x 4."""
    out = np.zeros((frame.height, frame.width, 4), np.float32)
    named: list[Label] = []
    if any(mark.outline for mark in marks):
        out[:] = _outlines(marks, frame, style)
    marks = [mark for mark in marks if not mark.outline or metres(frame) > _FAR_METRES]
    if marks:
        marks = sorted(marks, key=lambda one: abs(one.anomaly or 0.0)) if style.by == "anomaly" else marks
        lon, lat = np.array([(one.longitude, one.latitude) for one in marks], np.float64).T
        x, y = transform(WGS84.epsg, frame.crs.epsg, lon, lat)
        columns = (x - frame.box.west) / frame.box.width * frame.width
        rows = (frame.box.north - y) / frame.box.height * frame.height
        discs = [_disc(style.radius, colour) for colour in _colours(marks, style)]
        half = discs[0].shape[0] // 2
        near = np.isfinite(columns) & np.isfinite(rows)
        near[near] &= (np.abs(columns[near] - frame.width / 2) < frame.width / 2 + half) & (
            np.abs(rows[near] - frame.height / 2) < frame.height / 2 + half
        )
        for number in np.flatnonzero(near).tolist():
            column, row = int(columns[number]), int(rows[number])
            _put(out, discs[number], column - half, row - half)
            named.append(Label(column + half, row, marks[number].label))
    pixels = (out + 0.5).astype(np.uint8)
    if named and metres(frame) < style.labels_below:
        pixels = with_labels(pixels, named)
    return Coloured(pixels)


def _outlines(marks: Sequence[Mark], frame: Frame, style: Points) -> NDArray[np.uint8]:
    """Reaches as lines and lakes as shapes, with a dark edge."""
    canvas = Canvas(frame)
    for mark, colour in zip(marks, _colours(marks, style), strict=True):
        for path, kind in paths(mark.outline, frame) if mark.outline else ():
            if kind is not Kind.LINE:
                canvas.polygon(path, colour if kind is Kind.RING else (0, 0, 0, 0))
                canvas.line(path, (*_EDGE_COLOUR, 255), 1.0, closed=True)
            else:
                canvas.line(path, (*_EDGE_COLOUR, 255), style.radius + _EDGE, closed=False)
                canvas.line(path, colour, style.radius - _EDGE, closed=False)
    return canvas.pixels()


def touched(mark: Mark, area: Box) -> bool:
    """Whether a station lies in an area: its line or shape, or the point that it is."""
    if mark.outline:
        box = shapely.box(area.west, area.south, area.east, area.north)
        return bool(shapely.intersects(shapely.from_wkb(mark.outline), box))
    return area.west <= mark.longitude <= area.east and area.south <= mark.latitude <= area.north


def _colours(marks: Sequence[Mark], style: Points) -> list[tuple[int, int, int, int]]:
    """The colour of each mark: by its newest value, or how far that is from ordinary; the plain one where it has neither."""
    plain = rgba(style.colour)
    if not style.by:
        return [plain] * len(marks)
    numbers = [one.value if style.by == "value" else one.anomaly for one in marks]
    return [plain if number is None else colour_at(style, number) for number in numbers]


def metres(frame: Frame) -> float:
    """The height of a pixel in the middle of a map, metres."""
    box = frame.lon_lat
    return box.height / frame.height * 111_320.0 if box else np.inf


def disc_picture(style: Points) -> NDArray[np.uint8]:
    """One disc, for a legend: n x n x 4."""
    found: NDArray[np.uint8] = (_disc(style.radius, rgba(style.colour)) + 0.5).astype(np.uint8)
    return found


def _put(out: NDArray[np.float32], disc: NDArray[np.float32], left: int, top: int) -> None:
    """Paints a disc over the picture, as far as it lies in it."""
    height, width = out.shape[:2]
    side = disc.shape[0]
    first_row, first_column = max(0, -top), max(0, -left)
    last_row, last_column = min(side, height - top), min(side, width - left)
    if last_row <= first_row or last_column <= first_column:
        return
    over = disc[first_row:last_row, first_column:last_column]
    under = out[top + first_row : top + last_row, left + first_column : left + last_column]
    alpha, below = over[..., 3:] / 255.0, under[..., 3:] / 255.0
    total = alpha + below * (1.0 - alpha)
    mixed = over[..., :3] * alpha + under[..., :3] * below * (1.0 - alpha)
    under[..., :3] = np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0)
    under[..., 3:] = total * 255.0


@lru_cache(512)
def _disc(radius: float, colour: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """A disc with smooth edges on an odd number of pixels a side."""
    half = int(np.ceil(radius))
    side = (2 * half + 1) * _FINER
    at = (np.arange(side) + 0.5) / _FINER - half - 0.5
    distance = np.hypot(at[:, None], at[None, :])
    fill, edge = distance <= radius - _EDGE, distance <= radius
    red, green, blue, alpha = colour
    fine = np.zeros((side, side, 4), np.float32)
    fine[edge] = (*_EDGE_COLOUR, 255)
    fine[fill] = (red, green, blue, alpha)
    fine[..., :3] *= fine[..., 3:] / 255.0
    small = fine.reshape(side // _FINER, _FINER, side // _FINER, _FINER, 4).mean(axis=(1, 3))
    weight = small[..., 3:] / 255.0
    small[..., :3] = np.divide(small[..., :3], weight, out=np.zeros_like(small[..., :3]), where=weight > 0)
    found: NDArray[np.float32] = small.astype(np.float32)
    return found


def _inside_world(box: Box) -> Box:
    return Box(
        west=max(box.west, WORLD.west),
        south=max(box.south, WORLD.south),
        east=min(box.east, WORLD.east),
        north=min(box.north, WORLD.north),
    )
