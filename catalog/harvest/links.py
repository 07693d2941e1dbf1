# SPDX-License-Identifier: Apache-2.0
"""The way through JSON that links on: STAC, OGC APIs and resto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.harvest.answers import address_of, json_object
from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step
from catalog.model.time import Micros

_MOST_STEPS = 100_000
_KEPT = 1_000
"""Addresses in a cursor; a walk with more of them to come begins anew when it was cut off."""
_JSON = "application/geo+json, application/json"


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
            page = json_object(self.client.get(here, _JSON).body, here)
            following = [one for one in self._following(page, here) if one not in seen]
            seen.update(following)
            todo += reversed(following)
            yield Step(tuple(self._found(page, here)), json.dumps(todo) if 0 < len(todo) <= _KEPT else "")

    def _found(self, page: dict[str, Any], here: str) -> Iterator[Received]:
        is_list = "features" in page or "collections" in page
        candidates = _listed(page) if is_list else [page]
        for one in candidates:
            if not isinstance(one, dict):
                continue
            is_record = one.get("type") == "Feature" or (
                one.get("type") == "Collection" and "stac_version" in one
            )
            if is_record or (is_list and "stac_version" in one):
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
                yield from (one for one in (_link(each, here, "items") for each in _listed(page)) if one)
            following = _link(page, here, "next")
            yield from [following] if following else []
        elif page.get("type") in ("Catalog", "Collection"):
            data = _link(page, here, "data") if page["type"] == "Catalog" else ""
            wanted = ("child", "item") if self.items else ("child",)
            yield from [data] if data else [one for rel in wanted for one in _links(page, here, rel)]


def _listed(page: dict[str, Any]) -> list[Any]:
    listed = page.get("features") if "features" in page else page.get("collections")
    return listed if isinstance(listed, list) else []


def _links(page: Any, here: str, rel: str) -> Iterator[str]:
    links = page.get("links") if isinstance(page, dict) else None
    for link in links if isinstance(links, list) else ():
        if not isinstance(link, dict) or link.get("rel") != rel or not isinstance(link.get("href"), str):
            continue
        if str(link.get("method", "GET")).upper() == "GET" and "html" not in str(link.get("type", "")):
            address = address_of(here, link["href"])
            if address:
                yield address


def _link(page: Any, here: str, rel: str) -> str:
    return next(_links(page, here, rel), "")
