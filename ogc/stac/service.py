# SPDX-License-Identifier: Apache-2.0
"""STAC words to the catalogue's search: exact footprints, pages that publications do not shift."""

from __future__ import annotations

import shapely

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Product
from catalog.query import Cursor
from catalog.service import Catalog
from config.product_types import ProductType
from config.settings import Settings
from ogc.stac.documents import Document, collection, item
from ogc.stac.request import Search

_LOOKS = 20
"""Pages of the index that one answer may read where few of the boxes' finds meet the geometry itself."""


class StacService:
    """Collections and items, as one who asks may see them."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    def kinds(self, who: Principal) -> list[ProductType]:
        """The types of the collections that hold a product for `who`, those of spaces after the official ones."""
        deadline = self._deadline()
        names = (*self._catalog.registry.types, *self._catalog.space_collections(who, deadline))
        found = (self._catalog.kind_of(name) for name in names)
        return [
            kind
            for kind in found
            if isinstance(kind, ProductType) and self._catalog.summary(kind.id, who, deadline).products
        ]

    def collections(self, who: Principal, base: str, server: str) -> list[Document]:
        """Every collection."""
        return [
            collection(kind, self._catalog.summary(kind.id, who, self._deadline()), base, server)
            for kind in self.kinds(who)
        ]

    def collection(self, name: str, who: Principal, base: str, server: str) -> Document:
        """A collection. Raises Fault UNKNOWN_LAYER."""
        kind = self.kind(name, who)
        return collection(kind, self._catalog.summary(kind.id, who, self._deadline()), base, server)

    def kind(self, name: str, who: Principal) -> ProductType:
        """The type of a collection that exists for `who`. Raises Fault UNKNOWN_LAYER."""
        found = self._catalog.kind_of(name)
        if not isinstance(found, ProductType) or not self._catalog.may_see(name, who):
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no collection {name[:80]!r}")
        return found

    def item(self, name: str, product_id: str, who: Principal, base: str, server: str) -> Document:
        """An item of a collection. Raises Fault UNKNOWN_LAYER or UNKNOWN_PRODUCT."""
        kind = self.kind(name, who)
        product = self._catalog.product(product_id, who, self._deadline())
        if product.collection != name:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"{name} has no item {product_id[:80]!r}", "id")
        return item(product, kind, base, server)

    def search(
        self, search: Search, who: Principal, base: str, server: str
    ) -> tuple[list[Document], int | None, Cursor | None]:
        """A page of items, how many there are in all (only without a geometry, whose finds are not counted), and where the next page begins."""
        deadline = self._deadline()
        found, after = self._page(search, who, deadline)
        matched = None if search.area is not None else self._catalog.count(search.tree, who, deadline)
        return [item(product, self._of(product), base, server) for product in found], matched, after

    def _page(
        self, search: Search, who: Principal, deadline: Deadline
    ) -> tuple[list[Product], Cursor | None]:
        """The next products whose footprints meet the search's area; the index knows their boxes only."""
        area = search.area
        if area is not None:
            shapely.prepare(area)
        kept: list[Product] = []
        after = search.after
        for _ in range(_LOOKS):
            rows = self._catalog.search(
                search.tree, who, deadline, search.order, search.limit + 1, after=after
            )
            for product in rows:
                meets = area is None or shapely.intersects(area, shapely.from_wkb(product.footprint))
                if meets and len(kept) == search.limit:
                    return kept, after
                if meets:
                    kept.append(product)
                after = _cursor(product)
            if len(rows) <= search.limit:
                return kept, None
        return kept, after

    def _of(self, product: Product) -> ProductType:
        kind = self._catalog.kind_of(product.collection)
        assert isinstance(kind, ProductType)
        return kind

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)


def _cursor(product: Product) -> Cursor:
    return Cursor(product.day, product.period.start, product.key)
