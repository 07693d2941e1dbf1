# SPDX-License-Identifier: Apache-2.0
"""The ways through a source, protocol by protocol. A cursor is a text of ours, so that a walk that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import etree, html

from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step, Walk
from catalog.model.faults import Fault, Kind
from catalog.model.time import Micros, micros_text
from catalog.xml.build import document, el, root_element
from catalog.xml.parse import parse
from config.settings import HarvestSource

_CSW = "http://www.opengis.net/cat/csw/2.0.2"
_OGC = "http://www.opengis.net/ogc"
_GMD = "http://www.isotc211.org/2005/gmd"
_OAI = "http://www.openarchives.org/OAI/2.0/"
_PAGE = 50
_MOST_STEPS = 100_000
_KEPT = 1_000
"""Addresses in a cursor; a walk with more of them to come begins anew when it was cut off."""
_JSON = "application/geo+json, application/json"


def walk_of(source: HarvestSource, client: Client, largest: int) -> Walk:
    """The way of a source's protocol."""
    if source.type == "csw":
        return CswWalk(client, source.url, largest)
    if source.type == "oai":
        return OaiWalk(client, source.url, largest, source.set)
    if source.type == "waf":
        return WafWalk(client, source.url)
    if source.type == "pivot":
        return PivotWalk(client, source.url)
    return JsonWalk(client, source.url, items=source.items or source.type != "stac")


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
                raise _senseless(self.url, "has no SearchResults")
            matched, following = (
                int(results.get(name) or 0) for name in ("numberOfRecordsMatched", "nextRecord")
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
        root = _parsed(answer.body, self.url, self.largest)
        if not root.tag.endswith("}GetRecordsResponse"):
            raise _senseless(
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
        name = _text(element, "{*}fileIdentifier/*") or _text(element, "{*}identifier")
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


@dataclass(frozen=True)
class OaiWalk:
    """ListRecords of OAI-PMH 2.0, in ISO 19139 where there is some."""

    client: Client
    url: str
    largest: int
    set: str = ""
    incremental = True
    tells_gone = True

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """The cursor is the resumption token."""
        arguments = {"resumptionToken": cursor} if cursor else self._first(since)
        while True:
            root = self._ask({"verb": "ListRecords", **arguments})
            error = root.find(f"{{{_OAI}}}error")
            if error is not None and error.get("code") == "noRecordsMatch":
                yield Step((), "", 0)
                return
            if error is not None:
                raise _senseless(self.url, f"{error.get('code')}: {(error.text or '')[:200]}")
            found = tuple(self._received(one) for one in root.iter(f"{{{_OAI}}}record"))
            token = root.find(f"{{{_OAI}}}ListRecords/{{{_OAI}}}resumptionToken")
            following = (token.text or "").strip() if token is not None else ""
            size = token.get("completeListSize") if token is not None else None
            yield Step(found, following, int(size) if size and size.isdigit() else None)
            if not following:
                return
            if following == arguments.get("resumptionToken"):
                raise _senseless(self.url, "gives the same resumption token again")
            arguments = {"resumptionToken": following}

    def _first(self, since: Micros | None) -> dict[str, str]:
        prefixes = {
            (one.text or "").strip()
            for one in self._ask({"verb": "ListMetadataFormats"}).iter(f"{{{_OAI}}}metadataPrefix")
        }
        known = [one for one in ("iso19139", "iso19115-3", "oai_dc") if one in prefixes]
        if not known:
            raise _senseless(self.url, "has no metadata format that is read")
        arguments: dict[str, str] = {"metadataPrefix": known[0]}
        if since is not None:
            arguments["from"] = micros_text(since)[:19].rstrip("Z") + "Z"
        return {**arguments, "set": self.set} if self.set else arguments

    def _ask(self, arguments: dict[str, str]) -> etree._Element:
        answer = self.client.get(f"{self.url}?{urlencode(arguments)}", "text/xml")
        root = _parsed(answer.body, self.url, self.largest)
        if root.tag != f"{{{_OAI}}}OAI-PMH":
            raise _senseless(self.url, "is no OAI-PMH")
        return root

    def _received(self, element: etree._Element) -> Received:
        header = element.find(f"{{{_OAI}}}header")
        name = _text(element, f"{{{_OAI}}}header/{{{_OAI}}}identifier")
        gone = header is not None and header.get("status") == "deleted"
        inner = element.find(f"{{{_OAI}}}metadata/*")
        body = b"" if inner is None else etree.tostring(inner, with_tail=False)
        query = urlencode({"verb": "GetRecord", "identifier": name, "metadataPrefix": "oai_dc"})
        return Received(name, f"{self.url}?{query}", body, gone=gone)


@dataclass(frozen=True)
class JsonWalk:
    """STAC, as an API or as files, the items of an OGC API, and resto: from a document to the pages and children that it links."""

    client: Client
    url: str
    items: bool
    """The items of collections too, not only the collections."""
    incremental = False
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """The cursor is the addresses that are still to be asked."""
        todo: list[str] = json.loads(cursor) if cursor else [self.url]
        seen = set(todo)
        for _ in range(_MOST_STEPS):
            if not todo:
                return
            here = todo.pop()
            page = _object(self.client.get(here, _JSON).body, here)
            following = [one for one in self._following(page, here) if one not in seen]
            seen.update(following)
            todo += reversed(following)
            yield Step(tuple(self._found(page, here)), json.dumps(todo) if 0 < len(todo) <= _KEPT else "")

    def _found(self, page: dict[str, Any], here: str) -> Iterator[Received]:
        listed = page.get("features") if "features" in page else page.get("collections")
        candidates = listed if isinstance(listed, list) else [page]
        for one in candidates:
            if not isinstance(one, dict):
                continue
            is_record = one.get("type") == "Feature" or (
                one.get("type") == "Collection" and "stac_version" in one
            )
            if is_record or (listed is not None and "stac_version" in one):
                name = f"{one.get('collection', '')}/{one.get('id', '')}"
                yield Received(
                    name, _link(one, here, "self") or here, json.dumps(one, ensure_ascii=False).encode()
                )

    def _following(self, page: dict[str, Any], here: str) -> Iterator[str]:
        if "features" in page:
            yield from (
                one for one in (_link(page, here, "next"), _link(page.get("properties"), here, "next")) if one
            )
        elif "collections" in page:
            if self.items:
                yield from (
                    one for one in (_link(each, here, "items") for each in page["collections"]) if one
                )
            following = _link(page, here, "next")
            yield from [following] if following else []
        elif page.get("type") in ("Catalog", "Collection"):
            data = _link(page, here, "data") if page["type"] == "Catalog" else ""
            wanted = ("child", "item") if self.items else ("child",)
            yield from [data] if data else [one for rel in wanted for one in _links(page, here, rel)]


@dataclass(frozen=True)
class WafWalk:
    """A folder on the web: the XML files that a listing links, and those of the folders below."""

    client: Client
    url: str
    incremental = False
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """The cursor is the folders that are still to be listed."""
        todo: list[str] = json.loads(cursor) if cursor else [self.url]
        seen = set(todo)
        while todo:
            here = todo.pop()
            found = []
            for address in self._listed(here):
                if address.endswith("/") and address not in seen:
                    seen.add(address)
                    todo.append(address)
                elif address.lower().endswith((".xml", ".iso19139")):
                    found.append(Received(address, address, self.client.get(address).body))
            yield Step(tuple(found), json.dumps(todo) if todo else "")

    def _listed(self, here: str) -> Iterator[str]:
        """What a page links below itself; the way up and other hosts are left out."""
        try:
            page = html.document_fromstring(self.client.get(here, "text/html").body)
        except (etree.ParserError, ValueError) as error:
            raise _senseless(here, "is no listing") from error
        for link in page.iter("a"):
            address = urljoin(here, link.get("href") or "").partition("#")[0].partition("?")[0]
            if address != here and address.startswith(here) and urlsplit(address).path:
                yield address


@dataclass(frozen=True)
class PivotWalk:
    """The pivot document of an observatory of Theia/OZCAR: its datasets, each with its producer."""

    client: Client
    url: str
    incremental = False
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """One step."""
        page = _object(self.client.get(self.url, "application/json").body, self.url)
        datasets = page.get("datasets")
        if not isinstance(datasets, list):
            raise _senseless(self.url, "has no datasets")
        yield Step(
            tuple(self._received(one, page.get("producer")) for one in datasets if isinstance(one, dict)), ""
        )

    def _received(self, dataset: dict[str, Any], producer: Any) -> Received:
        name = producer.get("name") if isinstance(producer, dict) else ""
        observations = dataset.get("observations")
        stretches = [
            one["temporalExtent"]
            for one in (observations if isinstance(observations, list) else ())
            if isinstance(one, dict) and isinstance(one.get("temporalExtent"), dict)
        ]
        ends = [[str(one[name]) for one in stretches if one.get(name)] for name in ("dateBeg", "dateEnd")]
        temporal = [min(ends[0]), max(ends[1], default="..")] if ends[0] else None
        kept = {
            "datasetId": dataset.get("datasetId"),
            "producer": name,
            "temporal": temporal,
            "metadata": dataset.get("metadata"),
        }
        return Received(
            str(dataset.get("datasetId")), self.url, json.dumps(kept, ensure_ascii=False).encode()
        )


def _parsed(body: bytes, url: str, largest: int) -> etree._Element:
    try:
        return parse(body, largest)
    except Fault as fault:
        raise _senseless(url, fault.text) from fault


def _object(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _senseless(url, "is not JSON") from error
    if not isinstance(found, dict):
        raise _senseless(url, "is no JSON object")
    return found


def _links(page: Any, here: str, rel: str) -> Iterator[str]:
    links = page.get("links") if isinstance(page, dict) else None
    for link in links if isinstance(links, list) else ():
        if not isinstance(link, dict) or link.get("rel") != rel or not isinstance(link.get("href"), str):
            continue
        if str(link.get("method", "GET")).upper() == "GET" and "html" not in str(link.get("type", "")):
            yield urljoin(here, link["href"])


def _link(page: Any, here: str, rel: str) -> str:
    return next(_links(page, here, rel), "")


def _text(element: etree._Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else (found.text or "").strip()


def _senseless(url: str, why: str) -> Fault:
    return Fault(Kind.INVALID, f"{url[:200]}: {why}")
