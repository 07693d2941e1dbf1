# SPDX-License-Identifier: Apache-2.0
"""Answers of OAI-PMH 2.0: the changes of the catalogue, oldest first, what is gone among them (deletedRecord is persistent)."""

from __future__ import annotations

from lxml import etree

from catalog.model.principal import Deadline, Principal
from catalog.model.record import Change, Harvest
from catalog.model.time import Micros, micros_text, now
from catalog.service import Catalog
from catalog.xml.build import clean, document, el, root_element
from config.settings import Settings
from ogc.http.fields import shown
from ogc.metadata import dublincore, iso19139
from ogc.metadata.sheet import sheet_of
from ogc.oai.request import PREFIXES, Asked, OaiError, read_page

_OAI = "http://www.openarchives.org/OAI/2.0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_IDENTIFIER = "http://www.openarchives.org/OAI/2.0/oai-identifier"
_FORMATS = {
    "oai_dc": (dublincore.SCHEMA, dublincore.OAI_DC),
    "iso19139": ("http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd", iso19139.GMD),
}
_KINDS = {
    "collection": "Collections", "product": "Products", "station": "Stations", "series": "Series of other centres", "dataset": "Datasets of other centres",
    "service": "Services of other centres", "document": "Documents of other centres",
}  # fmt: skip


class OaiService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    def answer(self, asked: Asked, who: Principal, base_url: str) -> bytes:
        """The document of a request; what the protocol calls an error is one, too."""
        root = _root()
        try:
            body = self._body(asked, who, base_url)
        except OaiError as error:
            return refusal(error, base_url, asked)
        request = el(root, f"{{{_OAI}}}request", f"{base_url}/oai", verb=asked.verb)
        for name, value in asked.arguments.items():
            request.set(name, clean(value))
        root.append(body)
        return document(root)

    def _body(self, asked: Asked, who: Principal, base_url: str) -> etree._Element:
        deadline = Deadline.after(self._settings.limits.search_seconds)
        if asked.prefix and asked.prefix not in PREFIXES:
            raise OaiError("cannotDisseminateFormat", f"the formats are {', '.join(PREFIXES)}")
        match asked.verb:
            case "Identify":
                return self._identify(who, base_url, deadline)
            case "ListMetadataFormats":
                return self._formats(asked, who, deadline)
            case "ListSets":
                return self._sets(asked, who, deadline)
            case "GetRecord":
                return self._one(asked, who, base_url, deadline)
        return self._list(asked, who, base_url, deadline)

    def _identify(self, who: Principal, base_url: str, deadline: Deadline) -> etree._Element:
        oldest = self._catalog.changes(Harvest(), who, deadline, 1)
        service = self._settings.service
        out = etree.Element(f"{{{_OAI}}}Identify")
        for name, value in (
            ("repositoryName", service.title.en),
            ("baseURL", f"{base_url}/oai"),
            ("protocolVersion", "2.0"),
            ("adminEmail", service.contact.email),
            ("earliestDatestamp", _stamp(oldest[0].at if oldest else now())),
            ("deletedRecord", "persistent"),
            ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
        ):
            el(out, f"{{{_OAI}}}{name}", value)
        scheme = root_element(f"{{{_IDENTIFIER}}}oai-identifier", {None: _IDENTIFIER, "xsi": _XSI})
        scheme.set(
            f"{{{_XSI}}}schemaLocation",
            f"{_IDENTIFIER} http://www.openarchives.org/OAI/2.0/oai-identifier.xsd",
        )
        sample = f"{self._prefix}{oldest[0].id if oldest else 'sample'}"
        for name, value in (
            ("scheme", "oai"),
            ("repositoryIdentifier", service.repository),
            ("delimiter", ":"),
            ("sampleIdentifier", sample),
        ):
            el(scheme, f"{{{_IDENTIFIER}}}{name}", value)
        el(out, f"{{{_OAI}}}description").append(scheme)
        return out

    def _formats(self, asked: Asked, who: Principal, deadline: Deadline) -> etree._Element:
        if "identifier" in asked.arguments:
            self._change(asked.arguments["identifier"], who, deadline)
        out = etree.Element(f"{{{_OAI}}}ListMetadataFormats")
        for prefix in PREFIXES:
            one = el(out, f"{{{_OAI}}}metadataFormat")
            el(one, f"{{{_OAI}}}metadataPrefix", prefix)
            el(one, f"{{{_OAI}}}schema", _FORMATS[prefix][0])
            el(one, f"{{{_OAI}}}metadataNamespace", _FORMATS[prefix][1])
        return out

    def _sets(self, asked: Asked, who: Principal, deadline: Deadline) -> etree._Element:
        """By kind, and by collection as far as the one who asks may see it; all at once, so that there never is a token."""
        if "resumptionToken" in asked.arguments:
            raise OaiError("badResumptionToken", "this list has one part")
        out = etree.Element(f"{{{_OAI}}}ListSets")
        named = [(f"kind:{kind}", title) for kind, title in _KINDS.items()]
        found = (*self._catalog.registry.collections, *self._catalog.space_collections(who, deadline))
        for name in found:
            kind = self._catalog.kind_of(name)
            if kind and self._catalog.may_see(name, who):
                named.append((f"collection:{name}", kind.title.en))
        for name, source in self._settings.harvest.items():
            if self._catalog.may_see(name, who):
                named.append(
                    (f"collection:{name}", source.title.en if source.title else f"Harvested from {name}")
                )
        for spec, title in named:
            one = el(out, f"{{{_OAI}}}set")
            el(one, f"{{{_OAI}}}setSpec", spec)
            el(one, f"{{{_OAI}}}setName", title)
        return out

    def _one(self, asked: Asked, who: Principal, base_url: str, deadline: Deadline) -> etree._Element:
        change = self._change(asked.arguments["identifier"], who, deadline)
        out = etree.Element(f"{{{_OAI}}}GetRecord")
        self._record(out, change, asked.prefix, base_url)
        return out

    def _change(self, identifier: str, who: Principal, deadline: Deadline) -> Change:
        name = identifier.removeprefix(self._prefix)
        known = name != identifier and len(name) <= 500 and name.isprintable()
        found = self._catalog.changes(Harvest((name,)), who, deadline, 1) if known else ()
        if not found:
            raise OaiError("idDoesNotExist", f"there is no record {shown(identifier)}")
        return found[0]

    def _list(self, asked: Asked, who: Principal, base_url: str, deadline: Deadline) -> etree._Element:
        page = read_page(asked)
        harvest, most = page.harvest(), self._settings.limits.harvest_page
        found = self._catalog.changes(harvest, who, deadline, most + 1, page.after)
        if not found and page.after is None:
            raise OaiError("noRecordsMatch", "nothing changed in this time and this set")
        out = etree.Element(f"{{{_OAI}}}{asked.verb}")
        for change in found[:most]:
            if asked.verb == "ListIdentifiers":
                self._header(out, change)
            else:
                self._record(out, change, page.prefix, base_url)
        if len(found) > most or page.after is not None:
            size = (
                page.size if page.after is not None else self._catalog.count_changes(harvest, who, deadline)
            )
            following = page.behind(found[most - 1], most, size).token() if len(found) > most else None
            el(out, f"{{{_OAI}}}resumptionToken", following, completeListSize=size, cursor=page.done)
        return out

    def _record(self, parent: etree._Element, change: Change, prefix: str, base_url: str) -> None:
        out = el(parent, f"{{{_OAI}}}record")
        self._header(out, change)
        kind = self._catalog.kind_of(change.collection)
        if change.record is not None and (kind is not None or change.record.foreign is not None):
            encode = dublincore.encode if prefix == "oai_dc" else iso19139.encode
            el(out, f"{{{_OAI}}}metadata").append(encode(sheet_of(change.record, kind, base_url)))

    def _header(self, parent: etree._Element, change: Change) -> None:
        out = el(parent, f"{{{_OAI}}}header")
        if change.record is None:
            out.set("status", "deleted")
        el(out, f"{{{_OAI}}}identifier", f"{self._prefix}{change.id}")
        el(out, f"{{{_OAI}}}datestamp", _stamp(change.at))
        for spec in (f"kind:{change.kind}", f"collection:{change.collection}"):
            el(out, f"{{{_OAI}}}setSpec", spec)

    @property
    def _prefix(self) -> str:
        return f"oai:{self._settings.service.repository}:"


def refusal(error: OaiError, base_url: str, asked: Asked | None = None) -> bytes:
    """An error document; the request's arguments are repeated unless they, or the verb, are what is wrong (3.2)."""
    root = _root()
    request = el(root, f"{{{_OAI}}}request", f"{base_url}/oai")
    if asked is not None and error.code not in ("badVerb", "badArgument"):
        request.set("verb", asked.verb)
        for name, value in asked.arguments.items():
            request.set(name, clean(value))
    el(root, f"{{{_OAI}}}error", error.text, code=error.code)
    return document(root)


def _root() -> etree._Element:
    root = root_element(f"{{{_OAI}}}OAI-PMH", {None: _OAI, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{_OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd")
    el(root, f"{{{_OAI}}}responseDate", _stamp(now()))
    return root


def _stamp(at: Micros | int) -> str:
    return f"{micros_text(Micros(at))[:19]}Z"
