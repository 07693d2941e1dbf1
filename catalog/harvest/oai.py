# SPDX-License-Identifier: Apache-2.0
"""The way through an OAI-PMH 2.0 repository (protocol, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import etree

from catalog.harvest.answers import count_of, parsed, senseless, text_of
from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step
from catalog.model.time import Micros, micros_text

_OAI = "http://www.openarchives.org/OAI/2.0/"


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
                raise senseless(self.url, f"{error.get('code')}: {(error.text or '')[:200]}")
            found = tuple(self._received(one) for one in root.iter(f"{{{_OAI}}}record"))
            token = root.find(f"{{{_OAI}}}ListRecords/{{{_OAI}}}resumptionToken")
            following = (token.text or "").strip() if token is not None else ""
            size = token.get("completeListSize") if token is not None else None
            yield Step(found, following, count_of(size))
            if not following:
                return
            if following == arguments.get("resumptionToken"):
                raise senseless(self.url, "gives the same resumption token again")
            arguments = {"resumptionToken": following}

    def _first(self, since: Micros | None) -> dict[str, str]:
        prefixes = {
            (one.text or "").strip()
            for one in self._ask({"verb": "ListMetadataFormats"}).iter(f"{{{_OAI}}}metadataPrefix")
        }
        known = [one for one in ("iso19139", "iso19115-3", "oai_dc") if one in prefixes]
        if not known:
            raise senseless(self.url, "has no metadata format that is read")
        arguments: dict[str, str] = {"metadataPrefix": known[0]}
        if since is not None:
            arguments["from"] = micros_text(since)[:19].rstrip("Z") + "Z"
        return {**arguments, "set": self.set} if self.set else arguments

    def _ask(self, arguments: dict[str, str]) -> etree._Element:
        answer = self.client.get(f"{self.url}?{urlencode(arguments)}", "text/xml")
        root = parsed(answer.body, self.url, self.largest)
        if root.tag != f"{{{_OAI}}}OAI-PMH":
            raise senseless(self.url, "is no OAI-PMH")
        return root

    def _received(self, element: etree._Element) -> Received:
        header = element.find(f"{{{_OAI}}}header")
        name = text_of(element, f"{{{_OAI}}}header/{{{_OAI}}}identifier")
        gone = header is not None and header.get("status") == "deleted"
        inner = element.find(f"{{{_OAI}}}metadata/*")
        body = b"" if inner is None else etree.tostring(inner, with_tail=False)
        query = urlencode({"verb": "GetRecord", "identifier": name, "metadataPrefix": "oai_dc"})
        return Received(name, f"{self.url}?{query}", body, gone=gone)
