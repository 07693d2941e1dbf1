# SPDX-License-Identifier: Apache-2.0
"""A rio-tiler reader over a collection at a time: pictures of its styles, or its bands in their units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

import attr
import numpy as np
import shapely
from morecantile import Tile, TileMatrixSet
from rio_tiler.constants import WEB_MERCATOR_TMS, WGS84_CRS
from rio_tiler.errors import InvalidExpression, TileOutsideBounds
from rio_tiler.io.base import BaseReader
from rio_tiler.models import ImageData, Info, PointData
from shapely.geometry import shape as shapely_shape

from catalog.crs import WGS84, Crs, transform, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Deadline, Principal
from catalog.raster.systems import crs_of, rasterio_crs
from config.limits import Limits
from config.product_types import ProductType
from config.styles import Style
from ogc.http.fields import shown
from tiles.frame import Frame
from tiles.queries import ExtractQuery, LayerQuery
from tiles.service import Tiles
from tiles.style import as_rgba
from tiles.times import TimeQuery

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?!\s*\()\b")
_LONGEST = 500
_POWER = re.compile(r"\*\*(?!\s*[0-9](?:\.[0-9]{1,3})?(?![0-9.])(?!\s*\*\*))")
"""A power whose exponent is not one plain digit: numexpr folds constants as integers of any size, and `9**9**9` does not end."""
_MOST_POWERS = 3
_METRES_PER_DEGREE = 111_319.49
_TINY = 1e-7
"""Degrees: the box of a point."""


@dataclass(frozen=True)
class Selection:
    """What a request is about: a collection at a time, for somebody."""

    kind: ProductType
    style: Style
    """That of a picture."""
    time: TimeQuery
    extent: Box
    pixel: float
    """The side of the finest pixel, in metres."""
    who: Principal
    tiles: Tiles
    limits: Limits
    slots: BoundedSemaphore
    """How many readings may run at once."""


@attr.s
class CatalogReader(BaseReader):
    """What titiler asks for pixels."""

    input: Selection = attr.ib()
    tms: TileMatrixSet = attr.ib(default=WEB_MERCATOR_TMS)

    def __attrs_post_init__(self) -> None:
        box = self.input.extent
        self.bounds = (box.west, box.south, box.east, box.north)
        self.crs = WGS84_CRS

    @property
    def minzoom(self) -> int:
        """Every zoom has a picture."""
        return int(self.tms.minzoom)

    @property
    def maxzoom(self) -> int:
        """The zoom whose pixels are about as large as the product's."""
        unit = _METRES_PER_DEGREE if self.tms.rasterio_crs.is_geographic else 1.0
        return int(self.tms.zoom_for_res(self.input.pixel / unit))

    def info(self) -> Info:
        """Extent and bands."""
        bands = {name: band for name, band in self.input.kind.bands.items() if band.role == "data"}
        return Info(
            bounds=self.bounds, crs="http://www.opengis.net/def/crs/EPSG/0/4326",
            band_metadata=[(name, {"unit": band.unit, "scale": band.scale, "offset": band.offset}) for name, band in bands.items()],
            band_descriptions=[(name, band.title.en) for name, band in bands.items()], dtype="float32", nodata_type="Mask",
        )  # fmt: skip

    def statistics(self, **options: Any) -> Any:
        """Of a preview."""
        return self.preview(**options).statistics()

    def tile(
        self, tile_x: int, tile_y: int, tile_z: int, tilesize: int | None = None, **options: Any
    ) -> ImageData:
        """A tile of a matrix set. Raises TileOutsideBounds."""
        if not self.tms.minzoom <= tile_z <= self.tms.maxzoom:
            raise Fault(Kind.OUT_OF_RANGE, f"there is no zoom {tile_z}", "z")
        if not self.tile_exists(tile_x, tile_y, tile_z):
            raise TileOutsideBounds(f"Tile(x={tile_x}, y={tile_y}, z={tile_z}) is outside bounds")
        west, south, east, north = self.tms.xy_bounds(Tile(tile_x, tile_y, tile_z))
        side = tilesize or self.tms.matrix(tile_z).tileWidth
        crs = crs_of(self.tms.rasterio_crs)
        return self._image(
            Frame(crs, Box(west=west, south=south, east=east, north=north), side, side), **options
        )

    def part(
        self,
        bbox: tuple[float, float, float, float],
        dst_crs: Any = None,
        bounds_crs: Any = None,
        max_size: int | None = None,
        height: int | None = None,
        width: int | None = None,
        **options: Any,
    ) -> ImageData:
        """A box, in the CRS of its bounds unless another is asked."""
        given = crs_of(bounds_crs) if bounds_crs else WGS84
        target = crs_of(dst_crs) if dst_crs else given
        box = transform_box(_box(bbox), given.epsg, target.epsg)
        if box is None or not box.width or not box.height:
            raise Fault(Kind.INVALID, f"the box does not lie in {target.name}", "bbox")
        return self._image(Frame(target, box, *self._size(target, box, max_size, height, width)), **options)

    def preview(
        self,
        max_size: int | None = 1_024,
        height: int | None = None,
        width: int | None = None,
        dst_crs: Any = None,
        **options: Any,
    ) -> ImageData:
        """The whole extent."""
        return self.part(self.bounds, dst_crs, None, max_size, height, width, **options)

    def point(self, lon: float, lat: float, coord_crs: Any = None, **options: Any) -> PointData:
        """The pixel at a place."""
        crs = crs_of(coord_crs) if coord_crs else WGS84
        x, y = transform(crs.epsg, 4326, np.array([lon]), np.array([lat]))
        if not (np.isfinite(x[0]) and np.isfinite(y[0])):
            raise Fault(Kind.INVALID, f"the point does not lie in {crs.name}", "lon")
        here = _box((float(x[0]) - _TINY, float(y[0]) - _TINY, float(x[0]) + _TINY, float(y[0]) + _TINY))
        image = self._image(Frame(WGS84, here, 1, 1), **options)
        return PointData(
            image.array[:, 0, 0], band_names=image.band_names, band_descriptions=image.band_descriptions, coordinates=(lon, lat), crs=rasterio_crs(crs.epsg),
        )  # fmt: skip

    def feature(
        self,
        shape: dict[str, Any],
        dst_crs: Any = None,
        shape_crs: Any = None,
        max_size: int | None = None,
        height: int | None = None,
        width: int | None = None,
        **options: Any,
    ) -> ImageData:
        """The pixels whose centres lie in a polygon; in its CRS unless another is asked."""
        try:
            outline = shapely_shape(shape.get("geometry", shape))
            bounds = outline.bounds
        except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError) as error:
            raise Fault(Kind.INVALID, "the body is no GeoJSON polygon", "body") from error
        given = crs_of(shape_crs) if shape_crs else WGS84
        image = self.part(bounds, dst_crs, rasterio_crs(given.epsg), max_size, height, width, **options)
        outside = ~_inside(outline, given, image)
        image.array.mask |= outside
        image.cutline_mask = outside
        if image.alpha_mask is not None:
            image.alpha_mask[outside] = 0
        return image

    def _image(
        self,
        frame: Frame,
        bands: str | None = None,
        expression: str | None = None,
        style: str | None = None,
        bilinear: bool = False,
        **_: Any,
    ) -> ImageData:
        """A picture, the values of bands, or of an expression over bands."""
        if frame.width * frame.height > self.input.limits.map_pixels:
            raise too_large(
                f"{frame.width} x {frame.height} pixels", self.input.limits.map_pixels, "limits.map_pixels"
            )
        deadline = Deadline.after(self.input.limits.render_seconds)
        with self.input.slots:
            if not bands and not expression:
                return self._picture(frame, deadline)
            named = tuple(one.strip() for one in (bands or "").split(","))
            names = self._asked(expression) if expression else named
            image = self._values(names, frame, bilinear, deadline)
        if not expression:
            return image
        image.band_names = [name.lower() for name in names]  # rio-tiler folds an expression to lower case
        return image.apply_expression(expression)

    def _picture(self, frame: Frame, deadline: Deadline) -> ImageData:
        """The engine's own drawing of a style: the bytes of every map door."""
        source = self.input
        drawn = source.tiles.draw(
            [LayerQuery(source.kind, source.style, source.time)], frame, source.who, deadline
        )
        pixels = as_rgba(drawn.picture)
        alpha = pixels[..., 3]
        array = np.ma.MaskedArray(
            np.moveaxis(pixels[..., :3], 2, 0).copy(),
            mask=np.broadcast_to(alpha == 0, (3, *alpha.shape)).copy(),
        )
        return self._made(array, ["red", "green", "blue"], ["red", "green", "blue"], frame, alpha.copy())

    def _values(self, names: tuple[str, ...], frame: Frame, bilinear: bool, deadline: Deadline) -> ImageData:
        """Bands in their units; masked where there is no value."""
        source, known = self.input, self.input.kind.bands
        for name in names:
            if name not in known:
                raise Fault(
                    Kind.UNKNOWN_BAND,
                    f"{source.kind.id} has no band {shown(name)}; there are {', '.join(known)}",
                    "bands",
                )
        if len({known[name].dtype for name in names}) > 1:
            raise Fault(Kind.INVALID, "bands of different types are asked one by one", "bands")
        query = ExtractQuery(source.kind, names, source.time, bilinear)
        found = source.tiles.extract(query, frame, source.who, deadline)
        scales = np.array([known[name].scale for name in names], np.float32)[:, None, None]
        offsets = np.array([known[name].offset for name in names], np.float32)[:, None, None]
        counts = found.counts
        none = [
            np.isin(counts[at], (*(known[name].nodata or ()), found.nodata[at])) | ~np.isfinite(counts[at])
            for at, name in enumerate(names)
        ]
        array = np.ma.MaskedArray(counts.astype(np.float32) * scales + offsets, mask=np.stack(none))
        return self._made(array, list(names), [known[name].title.en for name in names], frame, None)

    def _made(self, array: Any, names: list[str], titles: list[str], frame: Frame, alpha: Any) -> ImageData:
        box = frame.box
        return ImageData(
            array, bounds=(box.west, box.south, box.east, box.north), crs=rasterio_crs(frame.crs.epsg), band_names=names, band_descriptions=titles,
            alpha_mask=alpha,
        )  # fmt: skip

    def _asked(self, expression: str) -> tuple[str, ...]:
        """The bands that an expression names; it knows nothing else than bands, numbers and rio-tiler's functions."""
        if len(expression) > _LONGEST:
            raise InvalidExpression(f"longer than {_LONGEST} characters")
        if _POWER.search(expression) or expression.count("**") > _MOST_POWERS:
            raise InvalidExpression(f"at most {_MOST_POWERS} powers, each with an exponent of one digit")
        known = {name.lower(): name for name in self.input.kind.bands}
        names = tuple(dict.fromkeys(known.get(word.lower(), word) for word in _WORD.findall(expression)))
        if not names:
            raise InvalidExpression("names no band")
        return names

    def _size(
        self, crs: Crs, box: Box, max_size: int | None, height: int | None, width: int | None
    ) -> tuple[int, int]:
        """Columns and rows: as asked, else about the product's own pixels, at most `max_size` a side."""
        if (
            (width is not None and width < 1)
            or (height is not None and height < 1)
            or (max_size is not None and max_size < 1)
        ):
            raise Fault(Kind.INVALID, "a side has at least one pixel", "width")
        if width and height:
            return width, height
        if width or height:
            ratio = box.height / box.width
            return (
                (width, max(1, round(width * ratio)))
                if width
                else (max(1, round((height or 1) / ratio)), height or 1)
            )
        step = self.input.pixel / (_METRES_PER_DEGREE if crs.geographic else 1.0)
        columns, rows = max(1.0, box.width / step), max(1.0, box.height / step)
        shrink = min(1.0, (max_size or 1_000_000) / max(columns, rows))
        return max(1, round(columns * shrink)), max(1, round(rows * shrink))


def _box(bounds: tuple[float, ...]) -> Box:
    return Box(west=bounds[0], south=bounds[1], east=bounds[2], north=bounds[3])


def _inside(outline: Any, crs: Crs, image: ImageData) -> Any:
    assert image.bounds is not None
    west, south, east, north = image.bounds
    x = west + (np.arange(image.width) + 0.5) * (east - west) / image.width
    y = north - (np.arange(image.height) + 0.5) * (north - south) / image.height
    across, down = np.meshgrid(x, y)
    moved = transform(crs_of(image.crs).epsg, crs.epsg, across, down)
    shapely.prepare(outline)
    return np.asarray(shapely.contains_xy(outline, moved[0], moved[1])).reshape(image.height, image.width)
