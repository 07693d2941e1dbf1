# SPDX-License-Identifier: Apache-2.0
"""Dublin Core, as `csw:Record` and as `oai_dc:dc`, to records."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from catalog.harvest.neutral import Draft, language, lon_lat_box
from catalog.model.record import Way

_LIMIT = re.compile(r"(west|south|east|north)limit=(-?[0-9.]+)")


def read(root: etree._Element) -> Draft:
    """The record of a Dublin Core document; identifiers that are addresses are ways to the data."""
    names = [one for one in _all(root, "identifier")]
    title = _first(root, "title")
    return Draft(
        identifier=next((one for one in names if "://" not in one), names[0] if names else ""),
        title=title,
        abstract=_first(root, "abstract") or _first(root, "description"),
        kind=_first(root, "type"),
        form="dc",
        modified=_first(root, "modified") or _first(root, "date"),
        keywords=tuple(dict.fromkeys(_all(root, "subject"))),
        box=_box(root),
        period=_period(root),
        language=language(_first(root, "language")),
        publisher=_first(root, "publisher") or _first(root, "creator"),
        rights="; ".join(dict.fromkeys(_all(root, "rights"))),
        ways=tuple(_ways(root, names)),
    )


def _box(root: etree._Element) -> tuple[float, float, float, float] | None:
    """`ows:BoundingBox`, latitude first unless its CRS is CRS84 or it has none that could say so; or a DCMI box in `coverage`."""
    found = root.find("{*}BoundingBox")
    if found is None:
        found = root.find("{*}WGS84BoundingBox")
    if found is not None:
        low, high = (((found.findtext(f"{{*}}{name}Corner")) or "").split() for name in ("Lower", "Upper"))
        if len(low) != 2 or len(high) != 2:
            return None
        crs = found.get("crs", "")
        if "CRS84" in crs or found.tag.endswith("WGS84BoundingBox"):
            return lon_lat_box((*low, *high))
        return lon_lat_box((low[1], low[0], high[1], high[0]))
    for text in _all(root, "coverage"):
        sides = dict(_LIMIT.findall(text))
        if len(sides) == 4:
            return lon_lat_box([sides[name] for name in ("west", "south", "east", "north")])
    return None


def _period(root: etree._Element) -> tuple[str, str] | None:
    for text in (*_all(root, "temporal"), *_all(root, "coverage")):
        first, slash, last = text.partition("/")
        if slash and first[:4].isdecimal():
            return first, last
    return None


def _ways(root: etree._Element, names: list[str]) -> Iterator[Way]:
    for one in (*root.iterfind("{*}references"), *root.iterfind("{*}URI")):
        href = (one.text or "").strip()
        if href.startswith(("http://", "https://")):
            protocol = one.get("scheme") or one.get("protocol") or "WWW:LINK-1.0-http--link"
            yield Way(one.get("name", ""), one.get("description") or href, protocol, href)
    for name in names:
        if name.startswith(("http://", "https://")):
            yield Way("", name, "WWW:LINK-1.0-http--link", name)


def _all(root: etree._Element, name: str) -> Iterator[str]:
    for element in root.iterfind(f"{{*}}{name}"):
        text = (element.text or "").strip()
        if text:
            yield text


def _first(root: etree._Element, name: str) -> str:
    return next(_all(root, name), "")
