# SPDX-License-Identifier: Apache-2.0
"""The metadata of everything as a collection of records (OGC API Records 20-004r1)."""

from __future__ import annotations

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.record import Record
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from catalog.xml.build import document
from ogc.features.source import Asked, Document, Page, Where
from ogc.filter.queryables import Queryable, Type, Vocabulary
from ogc.filter.terms import KINDS
from ogc.http.fields import at_least
from ogc.metadata import geojson, iso19139
from ogc.metadata.sheet import Sheet, sheet_of

ID = "metadata"
NAMES: Vocabulary = {
    "id": Queryable(Property.ID, Type.TEXT, "Id"), "type": Queryable(Property.KIND, Type.TEXT, "Type", meanings=KINDS),
    "title": Queryable(Property.TITLE, Type.TEXT, "Title"), "description": Queryable(Property.ABSTRACT, Type.TEXT, "Description"),
    "collection": Queryable(Property.COLLECTION, Type.TEXT, "Collection"),
    "datetime": Queryable(Property.START, Type.TIME, "Time of the resource", Property.END),
    "updated": Queryable(Property.MODIFIED, Type.TIME, "Last change of the record"),
}  # fmt: skip
_SORTS = {
    "title": (Order.TITLE, Order.TITLE_DOWN),
    "updated": (Order.MODIFIED, Order.MODIFIED_DOWN),
    "datetime": (Order.OLDEST, Order.NEWEST),
}


class RecordFeatures:
    """All records that somebody may see."""

    item_type = "record"
    names = NAMES
    sorts = _SORTS
    filters = True

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next records, those that changed last first."""
        offset = at_least(0)(asked.token) if asked.token else 0
        order = asked.order or Order.MODIFIED_DOWN
        rows = self._catalog.search_records(asked.tree, who, deadline, order, asked.limit + 1, offset)
        return Page(
            [self._feature(one, where) for one in rows[: asked.limit]],
            self._catalog.count_records(asked.tree, who, deadline),
            str(offset + asked.limit) if len(rows) > asked.limit else "",
        )

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """A record. Raises Fault UNKNOWN_PRODUCT."""
        return self._feature(self._record(name, who, deadline), where)

    def iso(self, name: str, who: Principal, deadline: Deadline, server: str) -> bytes:
        """A record as ISO 19139, byte for byte where another centre wrote it so. Raises Fault UNKNOWN_PRODUCT."""
        sheet = self._sheet(self._record(name, who, deadline, originals=True), server)
        return sheet.iso or document(iso19139.encode(sheet))

    def _record(self, name: str, who: Principal, deadline: Deadline, *, originals: bool = False) -> Record:
        tree = equal(Property.ID, name)
        found = self._catalog.search_records(tree, who, deadline, Order.TITLE, 1, originals=originals)
        if not found:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"there is no record {name[:80]!r}", "recordId")
        return found[0]

    def _feature(self, record: Record, where: Where) -> Document:
        return geojson.encode(self._sheet(record, where.server))

    def _sheet(self, record: Record, server: str) -> Sheet:
        return sheet_of(record, self._catalog.kind_of(record.collection), server)
