# SPDX-License-Identifier: Apache-2.0
"""STAC words to the catalogue's search; pages that publications do not shift.

Products of ours are items, and so is every record besides that says a time (`ogc.stac.records`): one list in the order of their times.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import shapely

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Facet, Product, Summary, Totals
from catalog.model.record import Record
from catalog.model.time import Micros, day_of
from catalog.query import Among, And, Cursor, Filter, Missing, Not, Order, Property, equal
from catalog.records import texts
from catalog.service import Catalog
from catalog.words import indexed
from config.product_types import ProductType
from config.series_types import SeriesType
from config.settings import Settings
from ogc.http.cursors import cursor_of, token
from ogc.stac import records
from ogc.stac.documents import Document, collection, item
from ogc.stac.request import AGGREGATIONS, CollectionSearch, Search

_NO_COLLECTION = Not(equal(Property.KIND, "collection"))
_TIMELY = (Order.NEWEST, Order.OLDEST)
_TIMED = Not(Missing(Property.START))


@dataclass(frozen=True)
class _Collection:
    """A collection, and what it is searched by."""

    document: Document
    summary: Summary
    words: tuple[str, ...]


class StacService:
    """Collections and items, as one who asks may see them."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    def every(self, who: Principal, base: str, server: str) -> list[Document]:
        """Every collection that holds a thing for `who`: of products, those of spaces after the official ones, of stations, of other centres."""
        return [one.document for one in self._every(who, base, server)]

    def _every(self, who: Principal, base: str, server: str) -> Iterator[_Collection]:
        deadline = self._deadline()
        series = self._catalog.station_collections(who, deadline)
        names = (*self._catalog.registry.types, *self._catalog.space_collections(who, deadline), *series)
        for name in names:
            kind, summary = self._catalog.kind_of(name), self._catalog.summary(name, who, deadline)
            if isinstance(kind, ProductType | SeriesType) and summary.products:
                yield _Collection(_document(kind, summary, base, server), summary, (kind.id, *texts(kind)))
        for name, summary in self._sources(who, deadline).items():
            made = records.source_collection(name, self._settings.harvest.get(name), summary, base)
            yield _Collection(made, summary, (name, made["title"], made["description"]))

    def _sources(self, who: Principal, deadline: Deadline) -> Mapping[str, Summary]:
        """The other centres that have something here, also one that the settings no longer have, and those that may be sent something."""
        there = self._catalog.sources(who, deadline)
        found = {
            name: there.get(name) or Summary(name, (), None, (), 0, None, None)
            for name, one in self._settings.harvest.items()
            if name in there or (not one.fetched and self._catalog.may_see(name, who))
        }
        return {**found, **there}

    def collections(
        self, search: CollectionSearch, who: Principal, base: str, server: str
    ) -> tuple[list[Document], int]:
        """The collections of a search, at most its limit of them, and how many there are."""
        found = [one.document for one in self._every(who, base, server) if _wanted(search, one)]
        return found[: search.limit], len(found)

    def collection(self, name: str, who: Principal, base: str, server: str) -> Document:
        """A collection. Raises Fault UNKNOWN_LAYER."""
        self.check(name, who)
        kind, deadline = self._catalog.kind_of(name), self._deadline()
        if isinstance(kind, ProductType | SeriesType):
            return _document(kind, self._catalog.summary(name, who, deadline), base, server)
        return records.source_collection(name, self._settings.harvest.get(name), self._sources(who, deadline)[name], base)  # fmt: skip

    def check(self, name: str, who: Principal) -> None:
        """Raises Fault UNKNOWN_LAYER where there is no such collection for `who`."""
        kind = self._catalog.kind_of(name)
        known = isinstance(kind, ProductType | SeriesType) or name in self._sources(who, self._deadline())
        if not known or not self._catalog.may_see(name, who):
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no collection {name[:80]!r}")

    def item(self, name: str, item_id: str, who: Principal, base: str, server: str) -> Document:
        """An item of a collection. Raises Fault UNKNOWN_LAYER or UNKNOWN_PRODUCT."""
        self.check(name, who)
        kind = self._catalog.kind_of(name)
        if isinstance(kind, ProductType):
            product = self._catalog.product(item_id, who, self._deadline())
            if product.collection == name:
                return item(product, kind, base, server, self._settings.archive.addresses)
        else:
            tree = And((_besides((name,)), equal(Property.ID, item_id)))
            found = self._records(tree, who, Order.NEWEST, 1, None)
            if found:
                return records.item(found[0], base, server)
        raise Fault(Kind.UNKNOWN_PRODUCT, f"{name} has no item {item_id[:80]!r}", "id")

    def withdraw(self, name: str, item_id: str, who: Principal) -> None:
        """Takes a product of a collection out of every door. Raises Fault UNKNOWN_LAYER, UNKNOWN_PRODUCT, or FORBIDDEN for what is no product."""
        self.check(name, who)
        if not isinstance(self._catalog.kind_of(name), ProductType):
            raise Fault(Kind.FORBIDDEN, f"items of {name} are what others delivered")
        product = self._catalog.product(item_id, who, self._deadline())
        if product.collection != name:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"{name} has no item {item_id[:80]!r}", "id")
        self._catalog.withdraw(product.id, who, "deleted at the STAC API")

    def search(
        self, search: Search, who: Principal, base: str, server: str
    ) -> tuple[list[Document], int, str]:
        """A page of items, how many there are in all, and where the next page begins."""
        after, passed = search.after, max(0, search.page - 1) * search.limit
        if passed:
            before = self._rows(search, who, None, passed, bands=())
            after = _cursor(before[-1]) if len(before) == passed else None
        rows = [] if passed and after is None else self._rows(search, who, after, search.limit + 1)
        page = rows[: search.limit]
        following = token(_cursor(page[-1])) if len(rows) > search.limit else ""
        found = [search.fields.of(self._item(one, base, server)) for one in page]
        return found, self._count(search, who), following

    def _rows(
        self,
        search: Search,
        who: Principal,
        after: Cursor | None,
        most: int,
        bands: Sequence[str] | None = None,
    ) -> list[Product | Record]:
        """The next things behind a cursor, products and records in one order."""
        found: list[Iterable[Product | Record]] = []
        if self._of_products(search):
            deadline = self._deadline()
            found.append(self._catalog.search(search.tree, who, deadline, search.order, most, bands, after))
        tree = self._beside(search, who)
        if search.order in _TIMELY:
            if tree is not None:
                found.append(self._records(tree, who, search.order, most, after, whole=bands is None))
            place = _up if search.order is Order.OLDEST else _down
            return list(islice(heapq.merge(*found, key=place), most))
        if tree is not None:  # no record says how cloudy it is: all products come before
            behind = after if after is not None and after.record else None
            found.append(self._records(tree, who, Order.NEWEST, most, behind, whole=bands is None))
        return list(islice(chain(*found), most))

    def _records(
        self,
        tree: Filter,
        who: Principal,
        order: Order,
        most: int,
        after: Cursor | None,
        *,
        whole: bool = True,
    ) -> tuple[Record, ...]:
        """Records; `whole` with what other centres wrote, which pages by number need not unpack of all before them."""
        deadline = self._deadline()
        return self._catalog.search_records(tree, who, deadline, order, most, originals=whole, after=after)

    def _of_products(self, search: Search) -> bool:
        """Whether a product may be among the items of a search."""
        named = search.collections
        return not named or any(isinstance(self._catalog.kind_of(name), ProductType) for name in named)

    def _beside(self, search: Search, who: Principal) -> Filter | None:
        """The search of records; None where no collection that has any is asked for."""
        deadline = self._deadline()
        there = (*self._catalog.station_collections(who, deadline), *self._sources(who, deadline))
        asked = [name for name in there if not search.collections or name in search.collections]
        return And((_besides(asked), search.tree)) if asked else None

    def _count(self, search: Search, who: Principal) -> int:
        """How many items a search has."""
        tree, deadline = self._beside(search, who), self._deadline()
        products = self._catalog.count(search.tree, who, deadline) if self._of_products(search) else 0
        return products + (self._catalog.count_records(tree, who, deadline) if tree is not None else 0)

    def totals(self, search: Search, names: Sequence[str], who: Principal) -> Totals:
        """What a search has in all, by the names of aggregations; records count by their collection only."""
        facets = [facet for name in names if (facet := AGGREGATIONS[name]) is not None]
        deadline = self._deadline()
        found = Totals(0, None, None, dict.fromkeys(facets, ()))
        if self._of_products(search):
            found = self._catalog.totals(search.tree, who, facets, deadline)
        tree = self._beside(search, who)
        span = None if tree is None else self._catalog.span_of_records(tree, who, deadline)
        if tree is None or span is None:
            return found
        spread = dict(found.facets)
        if Facet.COLLECTION in spread:
            spread[Facet.COLLECTION] = self._spread(spread[Facet.COLLECTION], tree, who)
        first = span[0] if found.first is None else min(found.first, span[0])
        last = span[1] if found.last is None else max(found.last, span[1])
        return Totals(found.count + self._catalog.count_records(tree, who, deadline), first, last, spread)

    def _spread(
        self, products: Sequence[tuple[str, int]], tree: Filter, who: Principal
    ) -> tuple[tuple[str, int], ...]:
        """The collections of a search with their numbers, the commonest first."""
        deadline = self._deadline()
        names = (*self._catalog.station_collections(who, deadline), *self._sources(who, deadline))
        counts = [
            (name, self._catalog.count_records(And((tree, equal(Property.COLLECTION, name))), who, deadline))
            for name in names
        ]
        found = sorted((*products, *(one for one in counts if one[1])), key=lambda one: (-one[1], one[0]))
        return tuple(found[: self._settings.limits.facet_values])

    def _item(self, thing: Product | Record, base: str, server: str) -> Document:
        if isinstance(thing, Record):
            return records.item(thing, base, server)
        kind = self._catalog.kind_of(thing.collection)
        assert isinstance(kind, ProductType)
        return item(thing, kind, base, server, self._settings.archive.addresses)

    def _deadline(self) -> Deadline:
        return Deadline.after(self._settings.limits.search_seconds)


def _document(kind: ProductType | SeriesType, summary: Summary, base: str, server: str) -> Document:
    if isinstance(kind, SeriesType):
        return records.station_collection(kind, summary, base, server)
    return collection(kind, summary, base, server)


def _besides(names: Sequence[str]) -> Filter:
    """The records of collections that are no collections of products, and say a time."""
    return And((Among(Property.COLLECTION, tuple(names)), _NO_COLLECTION, _TIMED))


def _cursor(thing: Product | Record) -> Cursor:
    if isinstance(thing, Product):
        return cursor_of(thing)
    assert thing.period is not None
    return Cursor(day_of(thing.period.start), thing.period.start, thing.key, record=True)


def _up(thing: Product | Record) -> tuple[int, int, bool]:
    """The place of a thing in the order OLDEST."""
    at = _cursor(thing)
    return at.day, at.start, at.record


def _down(thing: Product | Record) -> tuple[int, int, bool]:
    """The place of a thing in the order NEWEST: of one time, products come first there, too."""
    at = _cursor(thing)
    return -at.day, -at.start, at.record


def _wanted(search: CollectionSearch, one: _Collection) -> bool:
    box, period = one.summary.extent, search.period
    if search.area is not None and (
        box is None or not search.area.intersects(shapely.box(box.west, box.south, box.east, box.north))
    ):
        return False
    first, last = one.summary.first or Micros(0), one.summary.last or Micros(0)
    if period is not None and not (first < period.end and period.start < last):
        return False
    words = frozenset(indexed(" ".join(one.words)).split())
    return not search.terms or any(
        all(any(form in words for form in forms) for forms in term) for term in search.terms
    )
