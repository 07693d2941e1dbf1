# SPDX-License-Identifier: Apache-2.0
"""pycsw's repository over our catalogue. pycsw makes one for each request; what belongs to the request stands in a context variable."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from catalog.model.principal import Deadline, Principal
from catalog.model.product import Record
from catalog.model.time import micros_text
from catalog.query import Among, Filter, Order, Property
from catalog.service import Catalog
from catalog.xml.build import document
from config.product_types import SeriesType
from ogc.filter.terms import KINDS
from ogc.metadata import iso19139

_TYPES = {kind: name for name, kinds in KINDS.items() for kind in kinds}
_ORDERS = {
    "title": (Order.TITLE, Order.TITLE_DOWN), "date_modified": (Order.MODIFIED, Order.MODIFIED_DOWN), "date": (Order.MODIFIED, Order.MODIFIED_DOWN),
    "time_begin": (Order.OLDEST, Order.NEWEST), "time_end": (Order.OLDEST, Order.NEWEST),
}  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """One request: who asks what of which catalogue."""

    catalog: Catalog
    who: Principal
    deadline: Deadline
    tree: Filter
    needs_xml: bool
    base_url: str


ASKING: ContextVar[Asking] = ContextVar("asking")


class Repository:
    """The contract of pycsw 2.6.2 (`repository.source`), of which it uses what stands here."""

    dbtype = "hysope"
    fts = False

    def __init__(self, context: Any, repo_filter: str | None = None) -> None:
        self.context, self.filter = context, repo_filter
        self.queryables: dict[str, dict[str, Any]] = {}
        for typename in context.model["typenames"].values():
            for name, values in typename["queryables"].items():
                self.queryables[name] = dict(values)
        everything: dict[str, Any] = {}
        for values in self.queryables.values():
            everything.update(values)
        everything.update(context.md_core_model["mappings"])
        self.queryables["_all"] = everything
        self._asking = ASKING.get()

    def query(
        self,
        constraint: object,
        sortby: dict[str, str] | None = None,
        typenames: object = None,
        maxrecords: int = 10,
        startposition: int = 0,
    ) -> list[Any]:
        """The number of matches as text, and a page of them. The constraint is not read: it never reaches pycsw."""
        ask = self._asking
        total = ask.catalog.count_records(ask.tree, ask.who, ask.deadline)
        order = Order.MODIFIED_DOWN
        if sortby:
            up, down = _ORDERS.get(sortby.get("propertyname", ""), (Order.TITLE, Order.TITLE_DOWN))
            order = down if sortby.get("order") == "DESC" else up
        page = ask.catalog.search_records(
            ask.tree, ask.who, ask.deadline, order, int(maxrecords), int(startposition)
        )
        return [str(total), [self._object(record) for record in page]]

    def query_ids(self, ids: Iterable[str]) -> list[Any]:
        """The records of these ids."""
        ask, wanted = self._asking, tuple(ids)[:1_000]
        found = ask.catalog.search_records(
            Among(Property.ID, wanted), ask.who, ask.deadline, Order.TITLE, len(wanted)
        )
        return [self._object(record) for record in found]

    def query_domain(
        self, domain: str, typenames: object, domainquerytype: str = "list", count: bool = False
    ) -> list[Any]:
        """The values of a queryable: of the type only, which are few."""
        return [(name,) for name in sorted(KINDS)] if domain == "type" else []

    def query_insert(self, direction: str = "max") -> str:
        """The moment of the newest change: pycsw makes its updateSequence of it."""
        ask = self._asking
        order = Order.MODIFIED_DOWN if direction == "max" else Order.MODIFIED
        newest = ask.catalog.search_records(ask.tree, ask.who, ask.deadline, order, 1)
        return micros_text(newest[0].modified)[:19] + "Z" if newest else "1970-01-01T00:00:00Z"

    def query_source(self, source: str) -> list[Any]:
        """Nothing is harvested through this door."""
        return []

    def _object(self, record: Record) -> SimpleNamespace:
        """A record with the attributes that pycsw's mappings name."""
        ask = self._asking
        kind = ask.catalog.kind_of(record.collection)
        assert kind is not None
        links = iso19139.links(record, kind, ask.base_url)
        modified = micros_text(record.modified)[:10]
        box = record.box
        ring = (
            (box.west, box.south),
            (box.west, box.north),
            (box.east, box.north),
            (box.east, box.south),
            (box.west, box.south),
        )
        xml = document(iso19139.encode(record, kind, ask.base_url)) if ask.needs_xml else b""
        values = dict.fromkeys(set(self.context.md_core_model["mappings"].values()))
        values.update(
            identifier=record.id, typename="gmd:MD_Metadata", schema="http://www.isotc211.org/2005/gmd", mdsource="local", insert_date=modified,
            xml=xml, anytext="", language="eng", type=_TYPES[record.kind], title=record.title, abstract=record.abstract,
            keywords=",".join(record.keywords), keywordstype="theme", parentidentifier=record.collection if record.kind != "collection" else None,
            time_begin=micros_text(record.period.start), time_end=micros_text(record.period.end), topicategory=kind.topic,
            resourcelanguage="eng", publisher=kind.producer, organization=kind.producer, otherconstraints=kind.licence, date=modified,
            date_modified=modified, format="application/xml" if isinstance(kind, SeriesType) else "image/tiff", crs="urn:ogc:def:crs:EPSG::4326",
            wkt_geometry="POLYGON((" + ", ".join(f"{x:.7f} {y:.7f}" for x, y in ring) + "))",
            links="^".join(f"{name},{text},{protocol},{url}" for name, text, protocol, url in links),
        )  # fmt: skip
        return SimpleNamespace(**values)
