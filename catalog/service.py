# SPDX-License-Identifier: Apache-2.0
"""The one way into the catalogue for everybody above: rights are applied here, by Principal, so that no door gives another answer."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from catalog.kept import Edition, Kept
from catalog.keys import Keys
from catalog.links import Links
from catalog.model import spaces
from catalog.model.faults import Fault, Kind
from catalog.model.objects import OBJECT
from catalog.model.observation import Delivery, Station
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.product import Asset, Facet, Product, Summary, Totals
from catalog.model.record import Change, Harvest, Record
from catalog.model.time import EVER, NEVER, Day, Micros, now
from catalog.observations import Observations
from catalog.query import Cursor, Filter, Order, measure
from catalog.records import of_product, of_station, product_record, station_record
from catalog.store.baskets import Basket
from catalog.store.rows import PUBLISHED, SUPERSEDED, Visible
from catalog.store.sensing import Sensing
from catalog.store.store import Store, open_store
from catalog.store.unit import Unit
from catalog.tape import Stager, TapeArchive
from catalog.usage import Usage
from catalog.vector import PolygonFiles
from config.collections import Collection, Registry
from config.limits import Limits
from config.product_types import ProductType, days
from config.series_types import SeriesType
from config.settings import Bilingual, Tape

if TYPE_CHECKING:
    from catalog.objects import ObjectStore

Access = Mapping[str, tuple[str, ...]]
"""Collection to the groups that may see it; a collection that is not named is for everybody."""
UnitOfWork = Unit
StoreDown = SQLAlchemyError
"""What is raised when the database cannot be reached."""
_KEPT = 8_192
_VIEWS = 100
"""Of how many sets of rights it is kept which other centres and stations there are."""
_LONG_QUESTION = 4_000
"""Characters."""
"""Entries of a cache."""
_REVISION_SECONDS = 0.5
_QUICK_SECONDS, _TIMES, _LONGEST_SECONDS = 0.1, 30.0, 60.0
"""A summary that takes longer than the first is kept for so many times of what it took, and no longer than the last."""
"""How long a worker may not know of a publication."""


class Catalog:
    """Search, summaries, publication."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        limits: Limits,
        archive: Path,
        access: Access | None = None,
        objects: ObjectStore | None = None,
    ) -> None:
        self._store, self.registry, self._limits, self.archive = store, registry, limits, archive
        self._access, self.objects = access or {}, objects
        self.keys = Keys(store.keys)
        self.tape = TapeArchive(store.tape, archive, limits)
        self.polygons = PolygonFiles()
        self.usage, self.links, self.fixity = Usage(store.usage), Links(store.keys), store.fixity
        self.subscriptions = store.subscriptions
        self.database = store.database
        """For the tables of jobs, whose success is one transaction with publication."""
        self.observations = Observations(store.stations, Sensing(store.database), limits, self._hidden)
        self._lock = threading.Lock()
        self._seen: tuple[float, int] = (-1.0, 0)
        self._summaries: OrderedDict[tuple[object, ...], tuple[tuple[int, int], Summary, float]] = (
            OrderedDict()
        )
        self._counts = Kept[int](_KEPT)
        self._inhabited = Kept[tuple[str, ...]](_VIEWS)
        self._sources = Kept[Mapping[str, Summary]](_VIEWS)
        self._changes: tuple[int, Mapping[str, int]] = (-1, {})
        self._spaces: OrderedDict[tuple[str, ...], tuple[tuple[int, int], tuple[str, ...]]] = OrderedDict()
        self._embargoes = any(kind.embargo != "P0D" for kind in registry.types.values())

    def revision(self) -> int:
        """The catalogue's counter, at most half a second old."""
        with self._lock:
            if time.monotonic() - self._seen[0] > _REVISION_SECONDS:
                self._seen = (time.monotonic(), self._store.revision())
            return self._seen[1]

    def edition(self) -> tuple[int, int]:
        """What every cache keeps beside its entries: the revision and, where a type has an embargo that may end, the minute."""
        return self.revision(), self._minute()

    def known_edition(self) -> tuple[int, int] | None:
        """The same without asking the database; None where it would be asked. Never waits, so the event loop may call it."""
        at, revision = self._seen
        return None if time.monotonic() - at > _REVISION_SECONDS else (revision, self._minute())

    def _minute(self) -> int:
        return int(time.time() // 60) if self._embargoes else 0

    def search(
        self,
        tree: Filter,
        who: Principal,
        deadline: Deadline,
        order: Order = Order.NEWEST,
        limit: int = 10,
        bands: Sequence[str] | None = None,
        after: Cursor | None = None,
    ) -> tuple[Product, ...]:
        """The published products of a filter that `who` may see. With `bands`, each product has only the assets for these; `after` goes on behind one."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._store.products.find(tree, self._sight(who), order, limit, deadline, bands, after)

    def count(self, tree: Filter, who: Principal, deadline: Deadline) -> int:
        """How many products `search` would find without a limit; counted once in an edition, since a page asks for what the page before knew."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._counted(
            ("products", repr(tree)),
            who,
            lambda: self._store.products.count(tree, self._sight(who), deadline),
        )

    def totals(self, tree: Filter, who: Principal, facets: Sequence[Facet], deadline: Deadline) -> Totals:
        """How many products a filter has, from when to when, and how they spread (`limits.facet_values` of each facet)."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._store.products.totals(
            tree, self._sight(who), facets, self._limits.facet_values, deadline
        )

    def product(self, product_id: str, who: Principal, deadline: Deadline) -> Product:
        """A product by its id, or by `id@version` an old version. Raises Fault UNKNOWN_PRODUCT."""
        name, _, version = product_id.partition("@")
        sight = self._sight(who)
        if version:
            sight = replace(sight, statuses=(PUBLISHED, SUPERSEDED))
        found = self._store.products.one(name, version or None, sight, deadline)
        if found is None:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no product {product_id[:200]}", "id")
        return found

    def summary(self, collection: str, who: Principal, deadline: Deadline) -> Summary:
        """What a collection holds; remembered until its products change or, under an embargo, for a minute.

        Of a million stations it takes a second, and there may be a delivery each second: it is then a minute old at most.
        """
        key, stamp = (collection, who.view), self._edition_of(collection)
        kept = self._summaries.get(key)
        if kept is not None and (kept[0] == stamp or time.monotonic() < kept[2]):
            return kept[1]
        begun, until = time.monotonic(), 0.0
        if collection in self.registry.series_types:
            found = self.observations.summary(collection, who, deadline)
            spent = time.monotonic() - begun
            until = begun + min(_LONGEST_SECONDS, _TIMES * spent) if spent > _QUICK_SECONDS else 0.0
        else:
            found = self._store.products.summary(collection, self._sight(who), deadline)
        _keep(self._summaries, key, (stamp, found, until))
        return found

    def _edition_of(self, collection: str) -> Edition:
        """The edition of what is known of one collection of products: others may change meanwhile. Of stations it is that of all."""
        edition = self.edition()
        if collection in self.registry.series_types:
            return edition
        known, changes = self._changes
        if known != edition[0]:
            changes = self._store.products.changes()  # read after the revision: never older than it
            self._changes = (edition[0], changes)
        return changes.get(collection, 0), edition[1]

    def kind_of(self, collection: str) -> Collection | None:
        """The type of a collection, official or in a space."""
        space, rest = spaces.split(collection)
        if not space:
            return self.registry.collections.get(collection)
        base = self.registry.types.get(rest)
        if base is None or not base.derived:
            return None
        title = Bilingual(en=f"{base.title.en} ({space})", fr=f"{base.title.fr} ({space})")
        return base.model_copy(update={"id": collection, "title": title})

    def space_collections(self, who: Principal, deadline: Deadline) -> tuple[str, ...]:
        """The collections in spaces that hold something which `who` may see."""
        if who.role is Role.PUBLIC:
            return ()
        kept, stamp = self._spaces.get(who.view), self.edition()
        if kept is None or kept[0] != stamp:
            kept = (stamp, self._store.products.space_collections(self._sight(who), deadline))
            _keep(self._spaces, who.view, kept)
        return kept[1]

    @contextmanager
    def unit(self, who: Principal) -> Iterator[Unit]:
        """One unit of work, for operators. Raises Fault FORBIDDEN."""
        if not who.operator:
            raise Fault(Kind.FORBIDDEN, "only operators may change the catalogue")
        with self._changing() as unit:
            yield unit

    @contextmanager
    def _changing(self) -> Iterator[Unit]:
        with self._store.unit() as unit:
            yield unit
        with self._lock:
            self._seen = (-1.0, 0)

    def publish(self, product: Product, who: Principal) -> str:
        """Makes a product visible, in one transaction. Returns new, updated or older (a newer version is there already)."""
        with self.unit(who) as unit:
            return self.publish_in(unit, product, who)

    def publish_in(self, unit: Unit, product: Product, who: Principal) -> str:
        """The same inside a unit of work: with a job's success, or with other products."""
        at = now()
        kind = self.kind_of(product.collection)
        assert isinstance(kind, ProductType)
        outcome = unit.publish(product, visible_from(kind, product), at)
        self._record(unit, kind, product, at)
        unit.note(at, who.name, "publish", f"{product.id}@{product.version}", outcome)
        return outcome

    def _record(self, unit: Unit, kind: ProductType, product: Product, at: Micros) -> None:
        """Writes the record of a product whose published version this is, and widens its collection's; a space has no record of its own."""
        key = unit.key_of_published(product.id, product.version)
        if key is None:
            return
        seen = visible_from(kind, product)
        unit.put_record(product_record(kind, product, self.registry.places, key, at), seen)
        if not spaces.split(product.collection)[0]:
            unit.put_record(of_product(kind, product, at), seen)

    def share(self, product_id: str, audience: str, who: Principal) -> None:
        """Gives a product of one's own space to a group of one's own, or takes it back (`audience` is a space).

        Raises Fault UNKNOWN_PRODUCT for what is not there or not theirs, FORBIDDEN for a group that they are not in.
        """
        space, _ = spaces.split(product_id)
        own = spaces.space_of_user(who.name)
        if who.role is Role.PUBLIC or not space or not (who.operator or space == own):
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no product {product_id[:200]} of yours", "id")
        if audience not in (space, *(spaces.audiences(who) or (audience,))) or not spaces.is_space(audience):
            raise Fault(Kind.FORBIDDEN, f"{audience[:80]} is neither your space nor one of your groups")
        with self._changing() as unit:
            if not unit.share(product_id, audience):
                raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no product {product_id[:200]} of yours", "id")
            unit.note(now(), who.name, "share", product_id, audience)

    def make_official(self, product_id: str, who: Principal) -> str:
        """Takes a product out of its space, for everybody; returns its official id.

        Raises Fault FORBIDDEN for others than operators, UNKNOWN_PRODUCT, and INVALID where the official id is taken: nothing official is ever replaced.
        """
        space, official = spaces.split(product_id)
        with self.unit(who) as unit:
            at = now()
            product = unit.published(product_id) if space else None
            if product is None:
                raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no product {product_id[:200]} in a space", "id")
            if unit.in_any_state(official):
                raise Fault(Kind.INVALID, f"there is an official product {official[:200]} already", "id")
            collection = spaces.split(product.collection)[1]
            unit.make_official(product_id, official, collection, at)
            moved = replace(product, id=official, collection=collection, audience=spaces.OFFICIAL)
            self._record(unit, self.registry.types[collection], moved, at)
            unit.note(at, who.name, "make official", product_id, official)
        return official

    def deliver(self, delivery: Delivery, kind: SeriesType, who: Principal, source: str) -> str:
        """Stores the observations that a file brought, with the station's record, in one transaction. Returns new, updated or skipped."""
        with self.unit(who) as unit:
            at = (
                now()
            )  # behind the lock, so that times of change go up in the order in which they become visible
            station, outcome = unit.stations.put(delivery, kind.id, kind.producer, at, source)
            if outcome != "skipped":
                self._record_station(unit, kind, station, unit.stations.span(station.key), at)
                unit.note(at, who.name, "deliver", f"{station.id}@{kind.id}", outcome)
        return outcome

    def pixels_of(self, asset: Asset) -> str:
        """The name by which GDAL opens the file of an asset."""
        if not asset.in_bucket:
            return os.path.join(self.archive, asset.path)  # noqa: PTH118  (each tile asks: a tenth of the time)
        return self.storage().pixels(asset.path)

    def storage(self) -> ObjectStore:
        """The object storage, for a file whose tier says so. Raises Fault UNAVAILABLE where the settings have none."""
        if self.objects is None:
            raise Fault(Kind.UNAVAILABLE, "the object storage of the archive is not in the settings")
        return self.objects

    def stager(self, tape: Tape) -> Stager:
        """What moves files to tape and back."""
        return Stager(self._store.tape, tape, self.archive)

    def add_basket(self, basket_id: str, who: Principal, name: str, body: str, most: int) -> None:
        """Keeps what somebody asked to take away."""
        self._store.baskets.add(Basket(basket_id, who.name, name, body, now()), most)

    def basket(self, basket_id: str, who: Principal) -> Basket | None:
        """A basket of one's own."""
        return self._store.baskets.one(basket_id, who.name)

    def baskets(self, who: Principal, since: Micros, limit: int, offset: int) -> tuple[Sequence[Basket], int]:
        """One's own baskets, the newest first: a page of them, and how many there are."""
        return self._store.baskets.of(who.name, since, limit, offset)

    def remove_basket(self, basket_id: str, who: Principal) -> bool:
        """Forgets a basket of one's own; whether there was one."""
        return self._store.baskets.remove(basket_id, who.name)

    def _record_station(
        self, unit: Unit, kind: SeriesType, station: Station, span: tuple[Micros, Micros], at: Micros
    ) -> None:
        unit.put_record(station_record(kind, station, self.registry.places, span, at), EVER)
        unit.put_record(of_station(kind, station, span, at), EVER)

    def alike_records(self, who: Principal, limit: int) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Records that may be one thing under several ids: groups of id and source. Nothing is done about them. Raises Fault FORBIDDEN."""
        if not who.operator:
            raise Fault(Kind.FORBIDDEN, "only operators may compare what sources sent")
        return self._store.records.alike(limit)

    def search_records(
        self,
        tree: Filter,
        who: Principal,
        deadline: Deadline,
        order: Order,
        limit: int,
        offset: int = 0,
        *,
        originals: bool = False,
        after: Cursor | None = None,
    ) -> tuple[Record, ...]:
        """The records of a filter that `who` may see, a page of them; with `originals`, those of other centres as they were received."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._store.records.find(
            tree, self._sight(who), order, limit, offset, deadline, originals=originals, after=after
        )

    def sources(self, who: Principal, deadline: Deadline) -> Mapping[str, Summary]:
        """What there is of each other centre, of the records that say a time; found once in an edition."""
        edition = self.edition()
        found = self._sources.get(edition, who.view)
        if found is None:
            found = self._store.records.sources(self._sight(who), deadline)
            self._sources.put(edition, who.view, found)
        return found

    def station_collections(self, who: Principal, deadline: Deadline) -> tuple[str, ...]:
        """The collections of series that have a station for `who`; found once in an edition."""
        edition = self.edition()
        found = self._inhabited.get(edition, who.view)
        if found is None:
            names = tuple(self.registry.series_types)
            found = self._store.records.inhabited(names, self._sight(who), deadline)
            self._inhabited.put(edition, who.view, found)
        return found

    def span_of_records(
        self, tree: Filter, who: Principal, deadline: Deadline
    ) -> tuple[Micros, Micros] | None:
        """Start of the first and end of the last record of a filter."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._store.records.span(tree, self._sight(who), deadline)

    def count_records(self, tree: Filter, who: Principal, deadline: Deadline) -> int:
        """How many records a filter has; counted once in an edition."""
        measure(tree, self._limits.query_depth, self._limits.query_terms)
        return self._counted(
            ("records", repr(tree)), who, lambda: self._store.records.count(tree, self._sight(who), deadline)
        )

    def _counted(self, key: tuple[str, str], who: Principal, count: Callable[[], int]) -> int:
        """A count, kept while the catalogue does not change; long questions are not kept."""
        if len(key[1]) > _LONG_QUESTION:
            return count()
        edition, whole = self.edition(), (*key, who.view)
        found = self._counts.get(edition, whole)
        if found is None:
            found = count()
            self._counts.put(edition, whole, found)
        return found

    def changes(
        self,
        asked: Harvest,
        who: Principal,
        deadline: Deadline,
        limit: int,
        after: tuple[Micros, str] | None = None,
    ) -> tuple[Change, ...]:
        """Records that `who` may see, and those that are gone, by the time of their change; `after` goes on behind one of them."""
        return self._store.records.changes(asked, self._sight(who), deadline, limit, after)

    def count_changes(self, asked: Harvest, who: Principal, deadline: Deadline) -> int:
        """How many changes there are; counted once in an edition."""
        return self._counted(
            ("changes", repr(asked)),
            who,
            lambda: self._store.records.count_changes(asked, self._sight(who), deadline),
        )

    def reindex(self, who: Principal) -> int:
        """Makes all records anew from the products, the stations and their types; returns how many things there are."""
        with self.unit(who) as unit:
            at, count = now(), 0
            unit.clear_records()
            for product in list(self._store.products.published()):
                kind = self.kind_of(product.collection)
                if isinstance(kind, ProductType):
                    self._record(unit, kind, product, at)
                    count += 1
            for station, first, last in unit.stations.all():
                chain = self.registry.series_types.get(station.collection)
                if chain:
                    self._record_station(unit, chain, station, (first, last), at)
                    count += 1
            unit.note(at, who.name, "reindex", "records", str(count))
        return count

    def withdraw(self, product_id: str, who: Principal, reason: str) -> list[str]:
        """Withdraws a product (`id` all versions, `id@version` one). Raises Fault UNKNOWN_PRODUCT."""
        name, _, version = product_id.partition("@")
        with self.unit(who) as unit:
            at = now()
            gone = unit.withdraw(name, version or None, reason, at)
            if not gone:
                raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no product {product_id[:200]}", "id")
            left = unit.published(name)
            kind = self.kind_of(left.collection) if left else None
            if left and isinstance(kind, ProductType):
                self._record(unit, kind, left, at)
            unit.note(at, who.name, "withdraw", product_id, reason)
        return gone

    def version_of(self, product_id: str, version: str) -> Product | None:
        """A version of a product that is stored and not withdrawn, for ingest."""
        sight = Visible((PUBLISHED, SUPERSEDED), NEVER)
        return self._store.products.one(product_id, version, sight, Deadline.after(60))

    def files_of(self, product_id: str, version: str) -> Iterator[tuple[str, Path, str]]:
        """Every file of a version: asset key, path, sha256."""
        product = self.version_of(product_id, version)
        for asset in product.assets if product else ():
            yield asset.key, self.archive / asset.path, asset.sha256

    def journal(self, who: Principal, limit: int = 100) -> list[tuple[int, str, str, str, str]]:
        """The newest lines of the audit log: moment, actor, action, subject, detail. Raises Fault FORBIDDEN."""
        if not who.operator:
            raise Fault(Kind.FORBIDDEN, "only operators may read the audit log")
        return self._store.journal(limit)

    def stored(self) -> Iterator[tuple[str, str, str]]:
        """Every file in object storage: product id, path, sha256 (empty where none is kept)."""
        return self._store.products.paths(OBJECT)

    def files(self) -> Iterator[tuple[str, Path, str]]:
        """Every file that the catalogue knows: product id, path, sha256 (empty where none is kept)."""
        for product_id, path, sha256 in self._store.products.paths():
            yield product_id, self.archive / path, sha256

    def taken(self, by: str, since: Day, limit: int) -> Sequence[tuple[str, int, int]]:
        """What of `product`, `who`, `asset` or `day` was taken away since a day: requests and bytes, the most bytes first."""
        self.usage.flush()
        return self._store.usage.totals(by, since, limit)

    def may_see(self, collection: str, who: Principal) -> bool:
        """Whether a collection exists for somebody. Every door asks this, so that none gives another answer."""
        if spaces.split(collection)[0]:
            return collection in self.space_collections(who, Deadline.after(self._limits.search_seconds))
        groups = self._access.get(collection)
        return groups is None or who.belongs(groups)

    def _sight(self, who: Principal) -> Visible:
        return Visible(
            (PUBLISHED,), NEVER if who.operator else now(), self._hidden(who), spaces.audiences(who)
        )

    def _hidden(self, who: Principal) -> tuple[str, ...]:
        return tuple(name for name in self._access if not self.may_see(name, who))

    def close(self) -> None:
        """Writes what is counted, and closes the database."""
        self.usage.close()
        self._store.close()


def open_catalog(
    url: str,
    registry: Registry,
    limits: Limits,
    archive: Path,
    access: Access | None = None,
    objects: ObjectStore | None = None,
) -> Catalog:
    """The catalogue at a database URL, its schema brought up to date; `archive` is the folder of relative asset paths, `objects` has what moved out of it."""
    return Catalog(open_store(url), registry, limits, archive, access, objects)


Entry = TypeVar("Entry")
Key = TypeVar("Key")


def _keep(cache: OrderedDict[Key, Entry], key: Key, entry: Entry) -> None:
    """Puts an entry into a cache that forgets the oldest."""
    cache[key] = entry
    if len(cache) > _KEPT:
        cache.popitem(last=False)


def visible_from(kind: ProductType, product: Product) -> Micros:
    """When the public may see a product."""
    return (
        Micros(product.period.start + days(kind.embargo) // timedelta(microseconds=1))
        if kind.embargo != "P0D"
        else EVER
    )
