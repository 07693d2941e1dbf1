# SPDX-License-Identifier: Apache-2.0
"""pycsw's repository over our catalogue. pycsw makes one for each request; what belongs to the request stands in a context variable."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from catalog.model.principal import Deadline, Principal
from catalog.model.record import Record, Way
from catalog.model.time import ends_text, micros_text
from catalog.query import Among, Filter, Order, Property
from catalog.service import Catalog
from catalog.xml.build import document
from ogc.filter.terms import KINDS
from ogc.metadata import iso19139
from ogc.metadata.sheet import sheet_of

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
    total: int
    """How many records the filter has."""


_MEDIA = ("application/xml", "image/tiff")
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
        order = Order.MODIFIED_DOWN
        if sortby:
            up, down = _ORDERS.get(sortby.get("propertyname", ""), (Order.TITLE, Order.TITLE_DOWN))
            order = down if sortby.get("order") == "DESC" else up
        page = ask.catalog.search_records(
            ask.tree,
            ask.who,
            ask.deadline,
            order,
            int(maxrecords),
            int(startposition),
            originals=ask.needs_xml,
        )
        return [str(ask.total), [self._object(record) for record in page]]

    def query_ids(self, ids: Iterable[str]) -> list[Any]:
        """The records of these ids."""
        ask, wanted = self._asking, tuple(ids)[:1_000]
        found = ask.catalog.search_records(
            Among(Property.ID, wanted),
            ask.who,
            ask.deadline,
            Order.TITLE,
            len(wanted),
            originals=ask.needs_xml,
        )
        return [self._object(record) for record in found]

    def query_domain(
        self, domain: str, typenames: object, domainquerytype: str = "list", count: bool = False
    ) -> list[Any]:
        """The values of a queryable with their counts: of the type only, which are few."""
        if domain not in ("type", "dc:type"):
            return []
        ask = self._asking
        return [
            (name, ask.catalog.count_records(Among(Property.KIND, tuple(kinds)), ask.who, ask.deadline))
            for name, kinds in sorted(KINDS.items())
        ]

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
        sheet = sheet_of(record, ask.catalog.kind_of(record.collection), ask.base_url)
        modified = micros_text(record.modified)[:10]
        first, last = ends_text(record.period, "") if record.period else ("", "")
        xml = (sheet.iso or document(iso19139.encode(sheet))) if ask.needs_xml else b""
        values = dict.fromkeys(set(self.context.md_core_model["mappings"].values()))
        values.update(
            identifier=record.id, typename="gmd:MD_Metadata", schema="http://www.isotc211.org/2005/gmd", mdsource="local", insert_date=modified,
            xml=xml, anytext="", language=sheet.language, type=sheet.type, title=record.title, abstract=record.abstract,
            keywords=",".join(record.keywords), keywordstype="theme", parentidentifier=sheet.parent or None,
            time_begin=first or None, time_end=last or None,
            topicategory=sheet.topic, resourcelanguage=sheet.language, publisher=sheet.producer, organization=sheet.producer,
            otherconstraints=sheet.licence, date=modified, date_modified=modified, crs="urn:ogc:def:crs:EPSG::4326", wkt_geometry=_outline(record),
            format=" ".join(part for part in (_MEDIA[record.kind == "product"], sheet.availability and f"({sheet.availability})") if part),
            links="^".join(_link(way) for way in sheet.ways),
        )  # fmt: skip
        return SimpleNamespace(**values)


def _outline(record: Record) -> str | None:
    """The box as WKT, longitude first."""
    box = record.box
    if box is None:
        return None
    corners = ((box.west, box.south), (box.west, box.north), (box.east, box.north), (box.east, box.south))
    return "POLYGON((" + ", ".join(f"{x:.7f} {y:.7f}" for x, y in (*corners, corners[0])) + "))"


def _link(way: Way) -> str:
    """A way as pycsw keeps it: parts between commas, ways between circumflexes."""
    words = (text.replace(",", " ").replace("^", " ") for text in (way.name, way.title, way.protocol))
    return ",".join((*words, way.href.replace(",", "%2C").replace("^", "%5E")))
