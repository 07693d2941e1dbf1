# SPDX-License-Identifier: Apache-2.0
"""Goes through a server from link to link."""

import json
import re
from collections import Counter, deque
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

ENTRIES = (
    "/", "/search", "/stations", "/orders", "/ogcapi", "/ogcapi?f=html", "/stac", "/sta/v1.1", "/oai?verb=Identify", "/opensearch", "/titiler/api",
    "/wms?service=WMS&request=GetCapabilities&version=1.3.0", "/wms?service=WMS&request=GetCapabilities&version=1.1.1", "/hysope.qlr",
    "/wmts?service=WMTS&request=GetCapabilities", "/wcs?service=WCS&request=GetCapabilities", "/csw?service=CSW&request=GetCapabilities&version=2.0.2",
    "/sos?service=SOS&request=GetCapabilities", "/series/feed",
)  # fmt: skip
FOR_SOMEBODY = {"/ogcapi/jobs"}
"""Nobody has jobs."""
DOORS = {"/wms", "/wmts", "/wmts/1.0.0/", "/wcs", "/csw", "/sos", "/oai"}
"""Addresses that requests are made of."""
EACH = 3
"""Pages of one shape that are visited: /products/A and /products/B have one shape."""
XLINK = "{http://www.w3.org/1999/xlink}href"


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form" and found.get("method", "get").lower() != "get":
            return
        self.links += [value for name, value in found.items() if name in ("href", "src") and value]


def links(media: str, body: bytes) -> list[str]:
    """The addresses that a document leads to with a GET."""
    if media == "text/html":
        page = Page()
        page.feed(body.decode())
        return page.links
    if media.endswith("json"):
        return list(_json_links(json.loads(body)))
    if media.endswith("xml"):
        tree = etree.fromstring(body)
        return [
            one.get(name)
            for one in tree.iter()
            if isinstance(one.tag, str) and etree.QName(one).localname != "Post"
            for name in one.attrib
            if name in ("href", XLINK)
        ]
    return []


def _json_links(value):
    """Not templates, what is ordered by a POST, the bases of an API document's servers, and queries that lack their place."""
    if isinstance(value, dict):
        posted = (
            value.get("method", "GET") != "GET"
            or value.get("templated")
            or str(value.get("rel", "")).endswith("/execute")
        )
        posted = posted or value.get("variables", {}).get("query_type") in (
            "position",
            "radius",
            "area",
            "cube",
        )
        for name, one in value.items():
            if name == "servers":
                continue
            if (
                isinstance(one, str)
                and (name in ("href", "url", "metadata") or name.endswith("Link"))
                and not posted
            ):
                yield one
            else:
                yield from _json_links(one)
    elif isinstance(value, list):
        for one in value:
            yield from _json_links(one)


def shape(address: str) -> str:
    """What pages of one kind have in common: ids and values are left out."""
    parts = urlsplit(address)
    path = re.sub(r"\('[^']*'\)", "(*)", parts.path)
    path = re.sub(r"(?<=/)[^/]*[0-9A-Z_.%-]{6,}[^/]*|(?<=/)\d+", "*", path)
    names = sorted(
        one.partition("=")[0]
        + ("=" + one.partition("=")[2] if one.startswith(("f=", "request=", "format=")) else "")
        for one in parts.query.split("&")
    )
    return f"{path}?{'&'.join(names)}"


def crawl(
    get: Callable[[str], Any], home: str, entries: tuple[str, ...] = ENTRIES
) -> tuple[list[str], list[str]]:
    """Goes where links lead, from page to page; `get` takes a path and gives a response. Returns what was visited, and what did not answer as it should."""
    waiting = deque((entry, "the entries") for entry in entries)
    seen, shapes, visited, broken = set(entries), Counter[str](), list[str](), list[str]()
    while waiting:
        address, found_in = waiting.popleft()
        form = shape(address)
        if shapes[form] >= EACH:
            continue
        shapes[form] += 1
        visited.append(address)
        answer = get(address)
        media = answer.headers.get("content-type", "").split(";")[0]
        if answer.status_code == 401 and address in FOR_SOMEBODY:
            continue
        if answer.status_code >= 400:
            broken.append(f"{answer.status_code} {address} (found in {found_in}): {answer.text[:200]}")
            continue
        if b"ExceptionReport" in answer.content[:1_000]:
            broken.append(f"exception {address} (found in {found_in}): {answer.text[:300]}")
        for link in links(media, answer.content):
            there = urljoin(f"{home}{address}", link).partition("#")[0]
            if not there.startswith(home) or "{" in there:
                continue
            there = there.removeprefix(home) or "/"
            if there.rstrip("?") in DOORS:
                continue
            if there not in seen:
                seen.add(there)
                waiting.append((there, address))
    return visited, broken
