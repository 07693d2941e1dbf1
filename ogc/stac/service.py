# SPDX-License-Identifier: Apache-2.0
"""STAC words to the catalogue's search; pages that publications do not shift."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Product, Summary, Totals
from catalog.model.time import Micros
from catalog.records import texts
from catalog.service import Catalog
from catalog.words import indexed
from config.product_types import ProductType
from config.settings import Settings
from ogc.http.cursors import behind, token
from ogc.stac.documents import Document, collection, item
from ogc.stac.request import AGGREGATIONS, CollectionSearch, Search


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

    def collections(
        self, search: CollectionSearch, who: Principal, base: str, server: str
    ) -> tuple[list[Document], int]:
        """The collections of a search, at most its limit of them, and how many there are."""
        found = [
            (kind, summary)
            for kind in self.kinds(who)
            if _wanted(search, kind, summary := self._catalog.summary(kind.id, who, self._deadline()))
        ]
        return [collection(*one, base, server) for one in found[: search.limit]], len(found)

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
        return item(product, kind, base, server, self._settings.archive.addresses)

    def search(
        self, search: Search, who: Principal, base: str, server: str
    ) -> tuple[list[Document], int, str]:
        """A page of items, how many there are in all, and where the next page begins."""
        deadline = self._deadline()
        rows = self._rows(search, who, deadline)
        page = rows[: search.limit]
        after = token(page[-1]) if len(rows) > search.limit else ""
        matched = self._catalog.count(search.tree, who, deadline)
        ways = self._settings.archive.addresses
        found = [search.fields.of(item(product, self._of(product), base, server, ways)) for product in page]
        return found, matched, after

    def _rows(self, search: Search, who: Principal, deadline: Deadline) -> tuple[Product, ...]:
        """The products of a page and, where there is more, one."""
        after, passed = search.after, max(0, search.page - 1) * search.limit
        if passed:
            after = behind(self._catalog, search.tree, who, deadline, search.order, passed)
            if after is None:
                return ()
        return self._catalog.search(search.tree, who, deadline, search.order, search.limit + 1, after=after)

    def totals(self, search: Search, names: Sequence[str], who: Principal) -> Totals:
        """What a search has in all, by the names of aggregations."""
        facets = [facet for name in names if (facet := AGGREGATIONS[name]) is not None]
        return self._catalog.totals(search.tree, who, facets, self._deadline())

    def _of(self, product: Product) -> ProductType:
        kind = self._catalog.kind_of(product.collection)
        assert isinstance(kind, ProductType)
        return kind

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)


def _wanted(search: CollectionSearch, kind: ProductType, summary: Summary) -> bool:
    box, period = summary.extent, search.period
    if search.area is not None and (
        box is None or not search.area.intersects(shapely.box(box.west, box.south, box.east, box.north))
    ):
        return False
    first, last = summary.first or Micros(0), summary.last or Micros(0)
    if period is not None and not (first < period.end and period.start < last):
        return False
    words = frozenset(indexed(" ".join((kind.id, *texts(kind)))).split())
    return not search.terms or any(
        all(any(form in words for form in forms) for forms in term) for term in search.terms
    )
