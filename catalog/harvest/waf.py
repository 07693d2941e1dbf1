# SPDX-License-Identifier: Apache-2.0
"""The way through a web accessible folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree, html

from catalog.harvest.answers import address_of, senseless
from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step
from catalog.model.time import Micros


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
            raise senseless(here, "is no listing") from error
        for link in page.iter("a"):
            address = address_of(here, link.get("href") or "").partition("#")[0].partition("?")[0]
            if address != here and address.startswith(here) and urlsplit(address).path:
                yield address
