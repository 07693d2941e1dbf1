# SPDX-License-Identifier: Apache-2.0
"""Polygons of classes on a map that is finer than their raster: filled by their class, with edges and, near enough, with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from catalog.crs import transform, transform_box
from catalog.model.principal import Deadline
from catalog.model.product import Asset, AssetRole, Product
from catalog.raster.burn import on_picture
from catalog.vector import Polygon, PolygonFiles
from config.product_types import Polygons, ProductType
from config.styles import Classes, rgba
from tiles.frame import Frame
from tiles.labels import Label, with_labels
from tiles.stations import metres
from tiles.style import Bytes, Coloured, Indexed, Picture, as_rgba, palette_of

_ROOM = 1_500
"""Square pixels that a polygon covers for its name to be written."""
_SIMPLER = 0.25
"""Pixels by which an edge may be off."""


class PolygonLayer:
    """Draws and finds the polygons of products under an archive folder."""

    def __init__(self, archive: Path, files: PolygonFiles, most: int) -> None:
        self._archive, self._files, self._most = archive, files, most

    def draw(
        self, kind: ProductType, style: Classes, products: Sequence[Product], frame: Frame, deadline: Deadline
    ) -> Picture | None:
        """The polygons of products, the first on top; None where their raster shows as much, or there are too many. Raises OSError."""
        told = kind.polygons
        if told is None or metres(frame) >= told.pixel:
            return None
        found: list[Polygon] = []
        shapes: list[NDArray[Any]] = []
        for product in reversed(products):
            deadline.check()
            asset = product.first(AssetRole.VECTOR)
            if asset is None or asset.grid is None:
                return None
            mine = self._within(asset, frame, self._most - len(found))
            if mine is None:
                return None
            found += mine
            shapes.append(_in_pixels(mine, asset.grid.epsg, frame))
        return _painted(kind, told, style, found, np.concatenate(shapes), frame)

    def at(self, product: Product, x: float, y: float, epsg: int) -> Mapping[str, Any]:
        """The attributes of the polygon at a point of a CRS; nothing where there is none. Raises OSError."""
        asset = product.first(AssetRole.VECTOR)
        if asset is None or asset.grid is None:
            return {}
        at_x, at_y = transform(epsg, asset.grid.epsg, np.array([x]), np.array([y]))
        if not (np.isfinite(at_x[0]) and np.isfinite(at_y[0])):
            return {}
        found = self._files.at(self._archive / asset.path, float(at_x[0]), float(at_y[0]))
        return found.attributes if found else {}

    def _within(self, asset: Asset, frame: Frame, most: int) -> list[Polygon] | None:
        assert asset.grid
        box = transform_box(frame.box, frame.crs.epsg, asset.grid.epsg)
        return self._files.within(self._archive / asset.path, box, most) if box and most > 0 else None


def _in_pixels(found: Sequence[Polygon], epsg: int, frame: Frame) -> NDArray[Any]:
    """Shapes in columns and rows of a map; what the projection has no place for is empty."""

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transform(epsg, frame.crs.epsg, points[:, 0], points[:, 1])
        across, down = frame.width / frame.box.width, frame.height / frame.box.height
        return np.column_stack([(x - frame.box.west) * across, (frame.box.north - y) * down])

    shapes = np.array([one.shape for one in found], object)
    return shapely.simplify(shapely.transform(shapes, moved), _SIMPLER) if len(shapes) else shapes


def _painted(
    kind: ProductType,
    told: Polygons,
    style: Classes,
    found: Sequence[Polygon],
    shapes: NDArray[Any],
    frame: Frame,
) -> Picture:
    classes = kind.bands[style.bands[0]].classes
    entries = {one.value: number for number, one in enumerate(classes, 1)}
    values = [int(one.attributes[_field(told, one)]) for one in found]
    filled = on_picture(list(shapes), [entries.get(one, 0) for one in values], frame.width, frame.height)
    palette = palette_of(kind, style)
    edges = on_picture(list(shapely.boundary(shapes)), [1] * len(shapes), frame.width, frame.height)
    # an edge is darker than what it surrounds: each colour has a second entry, that of its edge
    pixels = np.where((edges != 0) & (filled != 0), filled + np.uint8(len(palette) - 1), filled)
    picture = Indexed(pixels, np.concatenate([palette, _mixed(palette[1:], rgba(told.edge))]))
    if metres(frame) >= told.labels_below:
        return picture
    return Coloured(
        with_labels(np.ascontiguousarray(as_rgba(picture)), _labels(kind, style, values, shapes, frame))
    )


def _mixed(colours: Bytes, over: tuple[int, int, int, int]) -> Bytes:
    """Colours (n x 4) under a translucent one."""
    share = over[3] / 255
    mixed = colours[:, :3] * (1 - share) + np.array(over[:3]) * share
    return np.column_stack([(mixed + 0.5).astype(np.uint8), colours[:, 3]])


def _labels(
    kind: ProductType, style: Classes, values: Sequence[int], shapes: NDArray[Any], frame: Frame
) -> list[Label]:
    """The names of the classes of polygons that have room for them on the map, the largest first."""
    titles = {one.value: one.title.en for one in kind.bands[style.bands[0]].classes}
    shapes = shapely.intersection(shapes, shapely.box(0, 0, frame.width, frame.height))
    areas = shapely.area(shapes)
    chosen = [number for number in np.argsort(-areas) if areas[number] > _ROOM]
    places = shapely.point_on_surface(shapes[chosen]) if chosen else []
    return [
        Label(round(place.x), round(place.y), titles.get(values[number], ""))
        for number, place in zip(chosen, places, strict=True)
    ]


def _field(told: Polygons, one: Polygon) -> str:
    return next(name for name in one.attributes if name.lower() == told.class_field.lower())
