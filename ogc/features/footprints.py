# SPDX-License-Identifier: Apache-2.0
"""The footprints of a collection's products as features: the outlines of their valid pixels."""

from __future__ import annotations

import shapely
from shapely.geometry import mapping

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Product
from catalog.model.tape import NEARLINE
from catalog.model.time import Micros, micros_text
from catalog.query import And, Order, Property, equal
from catalog.service import Catalog
from config.product_types import ProductType
from ogc.common.blocks import link
from ogc.features.source import Asked, Document, Page, Where
from ogc.filter.queryables import Queryable, Type, Vocabulary
from ogc.http.cursors import cursor_of, read_token, token

NAMES: Vocabulary = {
    "id": Queryable(Property.ID, Type.TEXT, "Id"), "datetime": Queryable(Property.START, Type.TIME, "Acquisition", Property.END),
    "start_datetime": Queryable(Property.START, Type.TIME, "Start"), "end_datetime": Queryable(Property.END, Type.TIME, "End"),
    "platform": Queryable(Property.PLATFORM, Type.TEXT, "Platform"), "tile": Queryable(Property.ZONE, Type.TEXT, "Tile"),
    "version": Queryable(Property.VERSION, Type.TEXT, "Version"), "cloud_cover": Queryable(Property.CLOUD, Type.NUMBER, "Cloud cover, %"),
    "snow_cover": Queryable(Property.SNOW, Type.NUMBER, "Snow cover, %"),
}  # fmt: skip
_SORTS = {"datetime": (Order.OLDEST, Order.NEWEST)}


class Footprints:
    """The products of a collection."""

    item_type = "feature"
    names = NAMES
    sorts = _SORTS
    filters = True

    def __init__(self, catalog: Catalog, kind: ProductType) -> None:
        self._catalog, self._kind = catalog, kind
        self._first = tuple(name for name, band in kind.bands.items() if band.role == "data")[:1]
        """Its file tells for all of them whether they lie on tape."""

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next footprints, the newest first."""
        tree = And((equal(Property.COLLECTION, self._kind.id), asked.tree))
        order = asked.order or Order.NEWEST
        after = read_token(asked.token)
        rows = self._catalog.search(
            tree, who, deadline, order, asked.limit + 1, bands=self._first, after=after
        )
        page = rows[: asked.limit]
        return Page(
            [self._feature(one, where) for one in page],
            self._catalog.count(tree, who, deadline),
            token(cursor_of(page[-1])) if len(rows) > asked.limit else "",
        )

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """A product's footprint. Raises Fault UNKNOWN_PRODUCT."""
        found = self._catalog.product(name, who, deadline)
        if found.collection != self._kind.id:
            raise Fault(
                Kind.UNKNOWN_PRODUCT, f"there is no product {name[:80]} in {self._kind.id}", "featureId"
            )
        return self._feature(found, where)

    def _feature(self, product: Product, where: Where) -> Document:
        values = {
            "title": product.id, "datetime": micros_text(product.period.start), "start_datetime": micros_text(product.period.start),
            "end_datetime": micros_text(Micros(product.period.end - 1)), "platform": product.platform, "tile": product.zone,
            "version": product.version, "cloud_cover": product.cloud, "snow_cover": product.snow,
        }  # fmt: skip
        if any(asset.on_tape for asset in product.assets):
            values["storage:tier"] = NEARLINE
        stac = f"{where.server}/stac/collections/{product.collection}/items/{product.id}"
        return {
            "type": "Feature", "id": product.id, "geometry": mapping(shapely.from_wkb(product.footprint)),
            "properties": {name: value for name, value in values.items() if value not in (None, "")},
            "links": [link(stac, "related", "STAC item with the files", "application/geo+json")],
        }  # fmt: skip
