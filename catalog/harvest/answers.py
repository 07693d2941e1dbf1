# SPDX-License-Identifier: Apache-2.0
"""What sources answer with, read or refused: one fault says where and why."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from catalog.model.faults import Fault, Kind
from catalog.xml.parse import parse


def parsed(body: bytes, url: str, largest: int) -> etree._Element:
    """An XML answer. Raises Fault INVALID."""
    try:
        return parse(body, largest)
    except Fault as fault:
        raise senseless(url, fault.text) from fault


def json_object(body: bytes, url: str) -> dict[str, Any]:
    """A JSON answer that is an object. Raises Fault INVALID."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise senseless(url, "is not JSON") from error
    if not isinstance(found, dict):
        raise senseless(url, "is no JSON object")
    return found


def text_of(element: etree._Element, path: str) -> str:
    """The text of the first element at a path; empty without one."""
    found = element.find(path)
    return "" if found is None else (found.text or "").strip()


def senseless(url: str, why: str) -> Fault:
    """The fault of an answer that makes no sense."""
    return Fault(Kind.INVALID, f"{url[:200]}: {why}")


def count_of(text: str | None) -> int | None:
    """A count that a source gave; None without one, or with what is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def address_of(here: str, href: str) -> str:
    """Where a link of a page leads; empty where it is no address."""
    try:
        return urljoin(here, href)
    except ValueError:
        return ""
