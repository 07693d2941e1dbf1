# SPDX-License-Identifier: Apache-2.0
"""The way through a CSW 2.0.2 (OGC 07-006r1, 10.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import etree

from catalog.harvest.answers import count_of, parsed, senseless, text_of
from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step
from catalog.model.faults import Fault
from catalog.model.time import Micros, micros_text
from catalog.xml.build import document, el, root_element

_CSW = "http://www.opengis.net/cat/csw/2.0.2"
_OGC = "http://www.opengis.net/ogc"
_GMD = "http://www.isotc211.org/2005/gmd"
_PAGE = 50


@dataclass(frozen=True)
class CswWalk:
    """GetRecords of CSW 2.0.2 in ISO 19139, or in Dublin Core from a server that has none, ordered so that pages do not shift."""

    client: Client
    url: str
    largest: int
    incremental = True
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """The cursor is the schema and the position."""
        schema, _, at = cursor.partition(" ")
        schema, position = schema or _GMD, int(at or 1)
        while True:
            try:
                root = self._page(schema, position, since)
            except Fault:
                if schema == _CSW or position > 1:
                    raise
                schema = _CSW
                root = self._page(schema, position, since)
            results = root.find("{*}SearchResults")
            if results is None:
                raise senseless(self.url, "has no SearchResults")
            matched, following = (
                count_of(results.get(name)) or 0 for name in ("numberOfRecordsMatched", "nextRecord")
            )
            found = tuple(self._received(one) for one in results)
            more = bool(found) and 0 < following <= matched and following > position
            yield Step(found, f"{schema} {following}" if more else "", matched)
            if not more:
                return
            position = following

    def _page(self, schema: str, position: int, since: Micros | None) -> etree._Element:
        answer = self.client.post(
            self.url, self._request(schema, position, since), "application/xml", "application/xml"
        )
        root = parsed(answer.body, self.url, self.largest)
        if not root.tag.endswith("}GetRecordsResponse"):
            raise senseless(
                self.url, " ".join(str(one).strip() for one in root.itertext())[:200].strip() or "is no CSW"
            )
        return root

    @staticmethod
    def _request(schema: str, position: int, since: Micros | None) -> bytes:
        root = root_element(
            f"{{{_CSW}}}GetRecords",
            {
                "csw": _CSW,
                "ogc": _OGC,
                "dc": "http://purl.org/dc/elements/1.1/",
                "dct": "http://purl.org/dc/terms/",
            },
        )
        values = {
            "service": "CSW",
            "version": "2.0.2",
            "resultType": "results",
            "startPosition": position,
            "maxRecords": _PAGE,
            "outputSchema": schema,
        }
        for name, value in values.items():
            root.set(name, str(value))
        query = el(root, f"{{{_CSW}}}Query", typeNames="csw:Record")
        el(query, f"{{{_CSW}}}ElementSetName", "full")
        if since is not None:
            constraint = el(query, f"{{{_CSW}}}Constraint", version="1.1.0")
            least = el(el(constraint, f"{{{_OGC}}}Filter"), f"{{{_OGC}}}PropertyIsGreaterThanOrEqualTo")
            el(least, f"{{{_OGC}}}PropertyName", "dct:modified")
            el(least, f"{{{_OGC}}}Literal", micros_text(since)[:10])
        order = el(el(query, f"{{{_OGC}}}SortBy"), f"{{{_OGC}}}SortProperty")
        el(order, f"{{{_OGC}}}PropertyName", "dc:identifier")
        el(order, f"{{{_OGC}}}SortOrder", "ASC")
        return document(root)

    def _received(self, element: etree._Element) -> Received:
        name = text_of(element, "{*}fileIdentifier/*") or text_of(element, "{*}identifier")
        query = {
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecordById",
            "id": name,
            "elementSetName": "full",
        }
        return Received(
            name,
            f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(query)}",
            etree.tostring(element, with_tail=False),
        )
