# SPDX-License-Identifier: Apache-2.0
"""The polygons of a collection's products as features, with their own attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping

from catalog.crs import WGS84, transform, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import AssetRole, Product
from catalog.model.time import micros_text
from catalog.query import And, During, Meets, Order, equal
from catalog.query import Property as Column
from catalog.service import Catalog
from catalog.vector import Polygon
from config.product_types import ProductType
from ogc.common.blocks import link
from ogc.features.source import Asked, Document, Page, Sorts, Where
from ogc.filter.queryables import Vocabulary

_TOKEN = re.compile(r"([0-9]{1,9})-([0-9]{1,9})\Z", re.ASCII)
_ITEM = re.compile(r"(.{1,200})\.([0-9]{1,9})\Z", re.ASCII)
_MOST_PRODUCTS = 2_000


class PolygonFeatures:
    """The polygons of one collection, product after product, the newest first."""

    item_type = "feature"
    filters = False

    def __init__(self, catalog: Catalog, kind: ProductType) -> None:
        self._catalog, self._kind, self._files = catalog, kind, catalog.polygons
        self.names: Vocabulary = {}
        self.sorts: Sorts = {}

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next polygons; the token says the number of the product and that of the polygon. Raises Fault."""
        first, number = _place(asked.token)
        products = self._products(asked, who, deadline)
        found: list[Document] = []
        matched, token = 0, ""
        for at, product in enumerate(products):
            deadline.check()
            for box in _boxes(product, asked.boxes):
                matched += self._files.count(self._path(product), box)
                if at < first or token:
                    continue
                room = asked.limit - len(found)
                rows = self._files.page(self._path(product), box, number if at == first else 0, room + 1)
                found += [self._feature(product, one, where) for one in rows[:room]]
                if len(rows) > room:
                    token = f"{at}-{rows[room].number}"
        return Page(found, matched, token)

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """A polygon by the product's id and its number. Raises Fault UNKNOWN_PRODUCT."""
        match = _ITEM.match(name)
        lost = Fault(Kind.UNKNOWN_PRODUCT, f"there is no polygon {name[:80]} in {self._kind.id}", "featureId")
        if match is None:
            raise lost
        product = self._catalog.product(match[1], who, deadline)
        if product.collection != self._kind.id or product.first(AssetRole.VECTOR) is None:
            raise lost
        rows = self._files.page(self._path(product), None, int(match[2]), 1)
        if not rows:
            raise lost
        return self._feature(product, rows[0], where)

    def _products(self, asked: Asked, who: Principal, deadline: Deadline) -> Sequence[Product]:
        parts: list[Any] = [equal(Column.COLLECTION, self._kind.id)]
        parts += [During(asked.period)] if asked.period else []
        areas = asked.boxes or (None,)
        out: dict[str, Product] = {}
        for area in areas:
            tree = And((*parts, *((Meets(area),) if area else ())))
            for one in self._catalog.search(tree, who, deadline, Order.NEWEST, _MOST_PRODUCTS, bands=()):
                if one.first(AssetRole.VECTOR):
                    out.setdefault(one.id, one)
        return tuple(out.values())

    def _path(self, product: Product) -> Any:
        asset = product.first(AssetRole.VECTOR)
        assert asset
        return self._catalog.archive / asset.path

    def _feature(self, product: Product, one: Polygon, where: Where) -> Document:
        epsg = _epsg(product)

        def moved(points: Any) -> Any:
            return np.column_stack(transform(epsg, WGS84.epsg, points[:, 0], points[:, 1]))

        stac = f"{where.server}/stac/collections/{product.collection}/items/{product.id}"
        field = self._kind.polygons.class_field.lower() if self._kind.polygons else ""
        value = next((item for name, item in one.attributes.items() if name.lower() == field), None)
        (band,) = self._kind.bands.values()
        title = next((known.title.en for known in band.classes if known.value == value), None)
        times = {"datetime": micros_text(product.period.start), "product": product.id}
        return {
            "type": "Feature", "id": f"{product.id}.{one.number}", "geometry": mapping(shapely.transform(one.shape, moved)),
            "properties": {**times, **({"class": title} if title else {}), **one.attributes},
            "links": [link(stac, "related", "STAC item with the files", "application/geo+json")],
        }  # fmt: skip


def _epsg(product: Product) -> int:
    asset = product.first(AssetRole.VECTOR)
    assert asset and asset.grid
    return asset.grid.epsg


def _boxes(product: Product, boxes: Sequence[Box]) -> Iterator[Box | None]:
    """The boxes of a question in the CRS of a product's polygons; None for everything."""
    if not boxes:
        yield None
    for box in boxes:
        moved = transform_box(box, WGS84.epsg, _epsg(product))
        if moved is not None:
            yield moved


def _place(token: str) -> tuple[int, int]:
    if not token:
        return 0, 0
    match = _TOKEN.match(token)
    if match is None:
        raise Fault(Kind.INVALID, "this is no token of a page of ours", "token")
    return int(match[1]), int(match[2])
