# SPDX-License-Identifier: Apache-2.0
"""The one `draw` and the one `values_at` behind every map door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.crs import WGS84, transform
from catalog.kept import Kept
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.observation import SeriesQuery
from catalog.model.principal import Deadline, Principal
from catalog.model.product import AssetRole, Product
from catalog.model.time import Period
from catalog.query import And, Compare, During, Filter, Meets, Order, Property, Relation, equal
from catalog.raster.files import Unreadable
from catalog.service import Catalog
from config.limits import Limits
from config.product_types import ProductType
from config.styles import Classes, Relief
from tiles.encode import blank
from tiles.footprints import draw_footprints, holds
from tiles.frame import Frame
from tiles.mosaic import Painter
from tiles.polygons import PolygonLayer
from tiles.queries import ExtractQuery, FootprintQuery, LayerQuery, MapLayer, Priority, TimedQuery
from tiles.read import Reader
from tiles.relief import shaded, with_margin
from tiles.sample import PixelValue, is_clear, pixel_values, shown_value
from tiles.stations import ProbedStations, StationQuery, click_area, draw_stations, search_area, touched
from tiles.style import Coloured, Picture, bands_of, colour, stack
from tiles.times import Resolved, resolve

_KEPT_PRODUCTS = 2_000
"""A list of more products than this is asked of the database by area, not kept."""
_KEPT_IN_ALL = 20_000
"""Products in all kept lists: at most 100 MB."""


@dataclass(frozen=True)
class Extracted:
    """Counts (bands x H x W), what means "no value" in each band, and what they were made of."""

    counts: NDArray[Any]
    nodata: tuple[float, ...]
    products: tuple[Product, ...]
    resolved: Resolved | None


@dataclass(frozen=True)
class PixelRow:
    """What a product has at a point: values in their units by band, without those that are none."""

    product: Product
    values: dict[str, float]


@dataclass(frozen=True)
class Planned:
    """A layer of a map and the products that it will be made of, in drawing order; stations are asked for when they are drawn."""

    query: MapLayer
    resolved: Resolved | None
    products: tuple[Product, ...]


@dataclass(frozen=True)
class Drawn:
    """A picture and what it was made of."""

    picture: Picture
    resolved: tuple[tuple[LayerQuery | FootprintQuery, Resolved | None], ...]
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """What a layer's style shows of one product at a point: the value of its first band, or of its index."""

    product: Product
    value: float
    clear: bool
    """Whether the product's own mask says neither cloud nor shadow."""


@dataclass(frozen=True)
class Probed:
    """The products under a point, newest first, with their values there; for a period also the series, oldest first."""

    query: LayerQuery | FootprintQuery
    resolved: Resolved | None
    values: tuple[tuple[Product, tuple[PixelValue, ...]], ...]
    series: tuple[SeriesPoint, ...] = ()
    polygons: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the polygon at the point says, by product."""


class Tiles:
    """Draws and probes; safe to share between threads."""

    def __init__(self, catalog: Catalog, limits: Limits, kept_bytes: int) -> None:
        self._catalog, self._limits = catalog, limits
        self._reader = Reader(catalog.archive, catalog.pixels_of, kept_bytes)
        self._polygons = PolygonLayer(catalog.archive, catalog.polygons, limits.tile_features)
        self._lists = Kept[tuple[tuple[Product, ...], np.ndarray[tuple[int, int], np.dtype[np.float64]]]](
            _KEPT_IN_ALL
        )
        self._many = Kept[bool](_KEPT_IN_ALL)

    def draw(self, layers: Sequence[MapLayer], frame: Frame, who: Principal, deadline: Deadline) -> Drawn:
        """A map of layers, the first at the bottom; nothing but transparency without any. Raises Fault TOO_LARGE, BAD_TIME or BUSY."""
        return self.paint(self.plan(layers, frame, who, deadline), frame, who, deadline)

    def plan(
        self, layers: Sequence[MapLayer], frame: Frame, who: Principal, deadline: Deadline
    ) -> tuple[Planned, ...]:
        """What a map will be made of; no pixel is read. Raises Fault TOO_LARGE, BAD_TIME or BUSY."""
        if frame.width * frame.height > self._limits.map_pixels:
            raise too_large(
                f"a map of {frame.width} x {frame.height} pixels",
                self._limits.map_pixels,
                "limits.map_pixels",
                "WIDTH",
            )
        area, out = frame.lon_lat, []
        for layer in layers:
            if isinstance(layer, StationQuery):
                out.append(Planned(layer, None, ()))
                continue
            when = self.when(layer, who, deadline)
            found = self._products(layer, when, area, who, deadline) if when and area else ()
            out.append(Planned(layer, when, tuple(self._at_hand(found))))
        return tuple(out)

    def paint(self, layers: Sequence[Planned], frame: Frame, who: Principal, deadline: Deadline) -> Drawn:
        """The map of a plan. Raises Fault UNAVAILABLE or BUSY."""
        pictures: list[Picture] = []
        resolved: list[tuple[LayerQuery | FootprintQuery, Resolved | None]] = []
        products: list[Product] = []
        for one in layers:
            query = one.query
            if isinstance(query, StationQuery):
                pictures.append(self._stations(query, frame, who, deadline))
                continue
            resolved.append((query, one.resolved))
            if isinstance(query, FootprintQuery):
                outlines = [product.footprint for product in one.products]
                pictures.append(draw_footprints(outlines, frame, query.style, deadline))
                products += one.products
            else:
                picture, used = self._layer(query, one.products, frame, deadline)
                pictures.append(picture)
                products += used
        if not pictures:
            pictures.append(Coloured(np.zeros((frame.height, frame.width, 4), np.uint8)))
        return Drawn(stack(pictures), tuple(resolved), tuple(products))

    def _stations(self, layer: StationQuery, frame: Frame, who: Principal, deadline: Deadline) -> Picture:
        area = search_area(frame, layer.style)
        marks = (
            self._catalog.observations.marks(layer.kind.id, area, layer.kind.coloured, who, deadline)
            if area
            else ()
        )
        return draw_stations(marks, frame, layer.style)

    def footprints_at(
        self,
        layer: FootprintQuery,
        x: float,
        y: float,
        epsg: int,
        count: int,
        who: Principal,
        deadline: Deadline,
    ) -> Probed:
        """The products whose footprints hold a point, the newest first, at most `count`; without values."""
        when = self.when(layer, who, deadline)
        lon, lat = transform(epsg, WGS84.epsg, np.array([x]), np.array([y]))
        if when is None or not (np.isfinite(lon[0]) and np.isfinite(lat[0])):
            return Probed(layer, when, ())
        here = Box(west=float(lon[0]), south=float(lat[0]), east=float(lon[0]), north=float(lat[0]))
        tree = And((self._filter(layer, when), Meets(here)))
        found = self._catalog.search(
            tree, who, deadline, Order.NEWEST, self._limits.series_products, bands=()
        )
        held = [one for one in found if holds(one.footprint, here.west, here.south)]
        return Probed(layer, when, tuple((one, ()) for one in held[:count]))

    def stations_at(
        self,
        layer: StationQuery,
        frame: Frame,
        x: float,
        y: float,
        count: int,
        who: Principal,
        deadline: Deadline,
    ) -> ProbedStations:
        """The stations whose discs lie under a point of the map's CRS, at most `count`."""
        area = click_area(frame, x, y, layer.style)
        if area is None:
            return ProbedStations(layer, ())
        observations = self._catalog.observations
        near = observations.marks(layer.kind.id, area, layer.kind.coloured, who, deadline)
        ids = tuple(mark.id for mark in near if touched(mark, area))
        if not ids:
            return ProbedStations(layer, ())
        query = SeriesQuery(collections=(layer.kind.id,), stations=ids)
        return ProbedStations(layer, observations.seen(query, who, count, deadline))

    def when(self, layer: TimedQuery, who: Principal, deadline: Deadline) -> Resolved | None:
        """The products that a layer's time names; None for an empty collection."""
        summary = self._catalog.summary(layer.kind.id, who, deadline)
        return resolve(layer.time, layer.kind, summary, self._limits.time_steps, strict=layer.strict_time)

    def extract_rows(
        self, query: ExtractQuery, frame: Frame, who: Principal, deadline: Deadline, rows: int
    ) -> Iterator[Extracted]:
        """The same some rows at a time, from the north: what is held does not grow with the height. The limit is `limits.coverage_file_values`."""
        self.must_be_within(query, frame, self._limits.coverage_file_values, "limits.coverage_file_values")
        step = frame.box.height / frame.height
        for top in range(0, frame.height, rows):
            bottom = min(frame.height, top + rows)
            part = replace(
                frame.box, north=frame.box.north - top * step, south=frame.box.north - bottom * step
            )
            deadline.check()
            yield self.extract(query, Frame(frame.crs, part, frame.width, bottom - top), who, deadline)

    @staticmethod
    def must_be_within(query: ExtractQuery, frame: Frame, most: int, name: str) -> None:
        """Raises Fault TOO_LARGE where an extraction has more values than a limit allows: known before the first is read."""
        cost = frame.width * frame.height * len(query.bands)
        if cost > most:
            raise too_large(
                f"{cost} values; ask for less, or order the process `extract` over it", most, name
            )

    def extract(self, query: ExtractQuery, frame: Frame, who: Principal, deadline: Deadline) -> Extracted:
        """The counts of bands on a grid, mosaicked as a map is; where there is no value, the band's own nodata.

        Raises Fault TOO_LARGE before anything is read, UNAVAILABLE for what lies on tape, BAD_TIME, BUSY.
        """
        self.must_be_within(query, frame, self._limits.coverage_values, "limits.coverage_values")
        kind, when, area = query.kind, self.when(query, who, deadline), frame.lon_lat
        nodata = tuple(kind.bands[name].void for name in query.bands)
        painter = Painter(kind, query.bands, frame, self._reader, deadline, None, query.smooth)
        if when is not None and area is not None:
            try:
                products = self._products(query, when, area, who, deadline)
                self._catalog.tape.must_be_here(products, query.bands)
                painter.paint(self._at_hand(products))
            except Unreadable as error:
                raise _unreadable() from error
        mosaic = painter.mosaic
        for number, count in enumerate(nodata):
            mosaic.values[number][mosaic.todo != 0] = count
        return Extracted(mosaic.values, nodata, tuple(mosaic.products), when)

    def values_at(
        self, layer: LayerQuery, x: float, y: float, epsg: int, count: int, who: Principal, deadline: Deadline
    ) -> Probed:
        """The values of all bands at a point, for at most `count` products that have a value there, in the map's order."""
        when = self.when(layer, who, deadline)
        lon, lat = transform(epsg, WGS84.epsg, np.array([x]), np.array([y]))
        if when is None or not (np.isfinite(lon[0]) and np.isfinite(lat[0])):
            return Probed(layer, when, ())
        here = Box(west=float(lon[0]), south=float(lat[0]), east=float(lon[0]), north=float(lat[0]))
        tree = And((self._filter(layer, when), Meets(here)))
        products = self._catalog.search(tree, who, deadline, _order(layer), self._limits.series_products)
        found = []
        for product in products:
            deadline.check()
            values = pixel_values(self._reader, layer.kind, product, x, y, epsg)
            if any(value.valid and value.band.role == "data" for value in values):
                found.append((product, values))
            if len(found) == count:
                break
        series = self._series(layer, products, x, y, epsg, deadline) if when.many else ()
        try:
            told = {one.id: self._polygons.at(one, x, y, epsg) for one, _ in found if layer.kind.polygons}
        except OSError as error:
            raise _unreadable() from error
        return Probed(layer, when, tuple(found), series, told)

    def series_at(
        self,
        kind: ProductType,
        bands: Sequence[str],
        longitude: float,
        latitude: float,
        period: Period | None,
        who: Principal,
        deadline: Deadline,
        *,
        clear: bool = False,
    ) -> tuple[PixelRow, ...]:
        """The values of bands at a point, of each product that has one there, oldest first; with `clear`, where its own mask says so.

        Raises Fault TOO_LARGE above the limit of products, BUSY.
        """
        here = Box(west=longitude, south=latitude, east=longitude, north=latitude)
        most = self._limits.series_products
        rule = kind.cloudy if clear else None
        names = {*bands, *([rule.band] if rule else [])}
        products = self.meeting(kind, Meets(here), period, who, deadline, most + 1, tuple(names))
        if len(products) > most:
            raise too_large(
                "more products; ask for a shorter time", most, "limits.series_products", "datetime"
            )
        out = []
        for product in products:
            deadline.check()
            found = pixel_values(self._reader, kind, product, longitude, latitude, WGS84.epsg, names)
            values = {
                one.name: one.value
                for one in found
                if one.name in bands and one.valid and one.special is None
            }
            if values and is_clear(rule, found):
                out.append(PixelRow(product, values))
        return tuple(out)

    def meeting(
        self,
        kind: ProductType,
        area: Filter,
        period: Period | None,
        who: Principal,
        deadline: Deadline,
        limit: int = 100_000,
        bands: Sequence[str] | None = None,
    ) -> tuple[Product, ...]:
        """The products of a collection in an area and time, oldest first; with `bands`, only with the assets for these."""
        parts = (equal(Property.COLLECTION, kind.id), area, *((During(period),) if period else ()))
        return self._catalog.search(And(parts), who, deadline, Order.OLDEST, limit, bands)

    def _series(
        self,
        layer: LayerQuery,
        products: Sequence[Product],
        x: float,
        y: float,
        epsg: int,
        deadline: Deadline,
    ) -> tuple[SeriesPoint, ...]:
        rule = layer.kind.cloudy
        names = {*layer.style.bands, *([rule.band] if rule else [])}
        out = []
        for product in sorted(products, key=lambda one: one.period.start):
            deadline.check()
            values = pixel_values(self._reader, layer.kind, product, x, y, epsg, names)
            value = shown_value(layer.style, values)
            if value is not None:
                out.append(SeriesPoint(product, value, is_clear(rule, values)))
        return tuple(out)

    def _layer(
        self, layer: LayerQuery, products: Sequence[Product], frame: Frame, deadline: Deadline
    ) -> tuple[Picture, list[Product]]:
        if not products:
            return blank(frame.width, frame.height), []
        try:
            if layer.kind.polygons and isinstance(layer.style, Classes):
                drawn_whole = self._polygons.draw(layer.kind, layer.style, products, frame, deadline)
                if drawn_whole is not None:
                    return drawn_whole, list(products)
        except OSError as error:
            raise _unreadable() from error
        baked = all(product.first(AssetRole.VISUAL) for product in products)
        bands = bands_of(layer.kind, layer.style, baked=baked)
        clear = layer.kind.cloudy if layer.priority is Priority.CLEAR else None
        drawn = with_margin(frame) if isinstance(layer.style, Relief) else frame
        painter = Painter(layer.kind, bands, drawn, self._reader, deadline, clear)
        try:
            mosaic = painter.paint(products)
        except Unreadable as error:
            raise _unreadable() from error
        if isinstance(layer.style, Relief):
            return shaded(layer.kind, layer.style, mosaic, drawn), mosaic.products
        return colour(layer.kind, layer.style, bands, mosaic), mosaic.products

    def _at_hand(self, products: Sequence[Product]) -> Sequence[Product]:
        """Products whose files came back from tape, as if these had never been away."""
        if not any(asset.on_tape for product in products for asset in product.assets):
            return products
        here = self._catalog.tape.here
        return [
            replace(
                product,
                assets=tuple(
                    replace(one, tier="online") if one.on_tape and here(one) else one
                    for one in product.assets
                ),
            )
            for product in products
        ]

    def _products(
        self, layer: TimedQuery, when: Resolved, area: Box, who: Principal, deadline: Deadline
    ) -> tuple[Product, ...]:
        """The products of a layer that meet an area, in drawing order."""
        bands = self._needed(layer)
        tree = self._filter(layer, when)
        kept = self._kept(layer, tree, bands, who, deadline)
        if kept is None:
            return self._catalog.search(
                And((tree, Meets(area))), who, deadline, _order(layer), self._limits.scenes_per_map, bands
            )
        products, boxes = kept
        meets = (
            (boxes[:, 0] <= area.east)
            & (boxes[:, 2] >= area.west)
            & (boxes[:, 1] <= area.north)
            & (boxes[:, 3] >= area.south)
        )
        numbers = dict.fromkeys(boxes[meets, 4].astype(int).tolist())
        return tuple(products[number] for number in numbers)

    def _kept(
        self, layer: TimedQuery, tree: Filter, bands: Sequence[str], who: Principal, deadline: Deadline
    ) -> tuple[tuple[Product, ...], np.ndarray[tuple[int, int], np.dtype[np.float64]]] | None:
        """All products of a layer and time, if they are few: neighbouring tiles ask for the same list."""
        key = (layer.kind.id, tree, tuple(bands), layer.priority, who.view)
        edition = self._catalog.edition()
        kept = self._lists.get(edition, key)
        if kept is not None or self._many.get(edition, key):
            return kept
        found = self._catalog.search(tree, who, deadline, _order(layer), _KEPT_PRODUCTS + 1, bands)
        rows = [
            (box.west, box.south, box.east, box.north, number)
            for number, product in enumerate(found)
            for box in product.boxes
        ]
        boxes = np.array(rows, np.float64).reshape(-1, 5)
        if len(found) > _KEPT_PRODUCTS:
            self._many.put(edition, key, True)
            return None
        self._lists.put(edition, key, (found, boxes), 1 + len(found))
        return found, boxes

    @staticmethod
    def _needed(layer: TimedQuery) -> tuple[str, ...]:
        if isinstance(layer, FootprintQuery):
            return ()
        if isinstance(layer, ExtractQuery):
            return layer.bands
        rule = layer.kind.cloudy
        return (
            (*layer.style.bands, rule.band)
            if rule and layer.priority is Priority.CLEAR
            else layer.style.bands
        )

    @staticmethod
    def _filter(layer: TimedQuery, when: Resolved) -> Filter:
        parts: list[Filter] = [equal(Property.COLLECTION, layer.kind.id), when.filter]
        if isinstance(layer, ExtractQuery) and layer.only:
            parts.append(equal(Property.ID, layer.only))
        if layer.max_cloud is not None:
            parts.append(Compare(Property.CLOUD, Relation.AT_MOST, layer.max_cloud))
        return And(tuple(parts))


def _unreadable() -> Fault:
    return Fault(
        Kind.UNAVAILABLE,
        "a file of the archive cannot be read; the operator can find it with `hysope verify`",
    )


def _order(layer: TimedQuery) -> Order:
    return Order.LEAST_CLOUDY if layer.priority is Priority.LEAST_CLOUDY else Order.NEWEST
