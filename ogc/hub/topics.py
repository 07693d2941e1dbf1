# SPDX-License-Identifier: Apache-2.0
"""The feeds that may be subscribed to: of observations (`/series/feed`) and of metadata (`/opensearch/search`), with any of their filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.time import Micros
from catalog.query import And, Compare, Filter, Order, Property, Relation
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.fields import shown
from ogc.http.kvp import read_kvp
from ogc.metadata import atom
from ogc.metadata.sheet import sheet_of
from ogc.opensearch.endpoint import PARAMETERS, read_search
from ogc.series import feed
from ogc.series.request import read_request
from ogc.series.rows import SeriesReader

T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """What changed in a feed, as a feed."""

    body: bytes
    seen: Micros
    """The time of the last change in it."""
    full: bool
    """It holds as many entries as it may; there are perhaps more."""


@dataclass(frozen=True)
class _Asked:
    """The changes of a feed behind one time, up to another."""

    query: str
    after: Micros
    until: Micros
    address: str
    """Of the feed, absolute."""
    base: str

    def changed(self, tree: Filter) -> Filter:
        """A filter of the feed, of these changes only."""
        between = (
            Compare(Property.MODIFIED, Relation.MORE, self.after), Compare(Property.MODIFIED, Relation.AT_MOST, self.until),
        )  # fmt: skip
        return And((tree, *between))


class Topics:
    """Reads topics, and what is new in them for everybody: a subscription has no credential, so it hears of nothing that is not public."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings, self._limits = catalog, settings, settings.limits
        self._feeds: Mapping[str, Callable[[_Asked], News | None]] = {
            "/series/feed": self._observations, "/opensearch/search": self._records,
        }  # fmt: skip

    def read(self, address: str, base: str) -> str:
        """The path and query of a topic. Raises Fault INVALID for an address that is no feed of ours, or whose filter is wrong."""
        if len(address) > self._limits.url_bytes:
            raise too_large("a topic", self._limits.url_bytes, "limits.url_bytes", "hub.topic")
        path, _, query = address.removeprefix(base).partition("?")
        if not address.startswith(base) or path not in self._feeds or "#" in query:
            told = ", ".join(f"{base}{one}" for one in self._feeds)
            raise Fault(Kind.INVALID, f"hub.topic: {shown(address)} is none of {told}", "hub.topic")
        if path == "/series/feed":
            read_request(read_kvp(query.encode(), self._limits))
        else:
            read_search(self._parameters(query))
        return f"{path}?{query}" if query else path

    def news(self, topic: str, after: Micros, until: Micros, base: str) -> News | None:
        """What changed in a topic; the oldest changes first where there are too many for one feed. Raises Fault."""
        path, _, query = topic.partition("?")
        return self._feeds[path](_Asked(query, after, until, base + topic, base))

    def _parameters(self, query: str) -> dict[str, str]:
        """Those of a search. Raises Fault INVALID for a page of one, and for another form than Atom."""
        names = {name.upper(): name for name in PARAMETERS}
        given = read_kvp(query.encode(), self._limits)
        unknown = next((name for name in given if name not in names), None)
        if unknown is not None:
            raise Fault(Kind.INVALID, f"hub.topic: {shown(unknown)} is not a parameter", "hub.topic")
        kvp = {names[name]: value for name, value in given.items() if value}
        if kvp.get("format", "atom") != "atom" or kvp.get("startIndex", "1") != "1":
            raise Fault(
                Kind.INVALID, "hub.topic: subscribe to the Atom feed, not to a page of it", "hub.topic"
            )
        return kvp

    def _observations(self, asked: _Asked) -> News | None:
        request = read_request(read_kvp(asked.query.encode(), self._limits))
        request = replace(request, tree=asked.changed(request.tree))
        most = self._limits.feed_entries
        reader = SeriesReader(self._catalog, request, ANONYMOUS, self._deadline())
        found, full = told_whole(reader.first(most + 1), most, lambda one: one.series.modified)
        if not found:
            return None
        author = self._settings.service.contact.organisation
        body = feed.encode(found, reader.latest(found), asked.address, asked.base, author)
        return News(body, found[-1].series.modified, full)

    def _records(self, asked: _Asked) -> News | None:
        tree = asked.changed(read_search(self._parameters(asked.query)).tree)
        most = self._limits.feed_entries
        page = self._catalog.search_records(tree, ANONYMOUS, self._deadline(), Order.MODIFIED, most + 1)
        found, full = told_whole(page, most, lambda one: one.modified)
        if not found:
            return None
        service, base = self._settings.service, asked.base
        links = {
            "self": (asked.address, atom.MEDIA_TYPE), "hub": (f"{base}/hub", ""),
            "search": (f"{base}/opensearch", "application/opensearchdescription+xml"),
        }  # fmt: skip
        told = atom.Feed(
            service.title.en, asked.address, service.contact.organisation, len(found), 1, len(found), links
        )
        sheets = [sheet_of(one, self._catalog.kind_of(one.collection), base) for one in found]
        body = atom.encode(told, sheets, f"{base}/ogcapi/collections/metadata/items")
        return News(body, found[-1].modified, full)

    def _deadline(self) -> Deadline:
        return Deadline.after(self._limits.search_seconds)


def told_whole(found: Sequence[T], most: int, changed: Callable[[T], Micros]) -> tuple[Sequence[T], bool]:
    """What of a page with one more than `most` is told now, and whether there is more.

    Things that changed at one moment are told together, as the next page begins behind that moment; of so many that they fill a page, the first are told.
    """
    if len(found) <= most:
        return found, False
    page, behind = found[:most], changed(found[most])
    before = [one for one in page if changed(one) != behind]
    return before or page, True
