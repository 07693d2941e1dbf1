# SPDX-License-Identifier: Apache-2.0
"""The capabilities of OGC services as records: one of the service, one of each layer, feature type, coverage or offering, with its way in.

WMS 1.1.1 and 1.3.0 inherit boxes and times from the layers above (06-042, 7.2.4.8); the services of OWS Common (WMTS, WFS, WCS, SOS) do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from lxml import etree

from catalog.harvest.answers import parsed, senseless
from catalog.harvest.client import Client
from catalog.harvest.neutral import Draft, lon_lat_box
from catalog.harvest.received import Received, Step
from catalog.model.record import Way
from catalog.model.time import Micros

FORM = "capabilities"
ENTRY = "HarvestedService"
"""The element that we put around a part, so that it stands alone: its attributes are what it inherits."""
_DATASETS = {"Layer": "WMTS", "FeatureType": "WFS", "CoverageSummary": "WCS", "ObservationOffering": "SOS"}
_SERVICE = "service"
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(?:\[([^\]]*)\])?\s*>")
"""WMS 1.1.1 has one (01-068r3, annex A). It is left out unread, unless it defines entities: then it stays, and the parser refuses it."""
_XLINK = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class CapabilitiesWalk:
    """One document; `url` is the service, or the whole request where it names one."""

    client: Client
    url: str
    largest: int
    incremental = False
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """One step."""
        body = self.client.get(self._address(), "text/xml, application/xml").body
        root = parsed(_DOCTYPE.sub(_left_out, body, count=1), self.url, self.largest)
        found = tuple(self._parts(root))
        if not found:
            raise senseless(self.url, "is no capabilities document")
        yield Step(found, "")

    def _address(self) -> str:
        if "request=" in self.url.lower() or self.url.lower().endswith(".xml"):
            return self.url
        glue = "" if self.url.endswith(("?", "&")) else "&" if urlsplit(self.url).query else "?"
        return f"{self.url}{glue}{urlencode({'SERVICE': 'WMS', 'REQUEST': 'GetCapabilities'})}"

    def _parts(self, root: etree._Element) -> Iterator[Received]:
        kind = _kind_of(root)
        if not kind:
            return
        about = root.find("{*}Service")
        head = about if about is not None else root.find("{*}ServiceIdentification")
        if head is not None:
            yield self._received(_SERVICE, kind, root, head, {})
        top = root.find("{*}Capability/{*}Layer")
        parts = _inheriting(top, {}) if top is not None else ((one, {}) for one in _plain(root))
        for element, inherited in parts:
            name = _name(element)
            if name:
                yield self._received(name, kind, root, element, inherited)

    def _received(
        self, name: str, kind: str, root: etree._Element, part: etree._Element, inherited: dict[str, str]
    ) -> Received:
        entry = etree.Element(ENTRY, {"kind": kind, "name": name, "href": _door(root, self.url), **inherited})
        entry.append(deepcopy(part))
        return Received(name, self.url, etree.tostring(entry, encoding="utf-8"))


def read(entry: etree._Element) -> Draft:
    """The record of one part."""
    part, kind, name, href = entry[0], entry.get("kind", ""), entry.get("name", ""), entry.get("href", "")
    title = _text(part, "Title") or name
    whole = name == _SERVICE and etree.QName(part).localname in ("Service", "ServiceIdentification")
    protocol = f"OGC:{kind}" if whole or kind != "WMS" else "OGC:WMS-1.3.0-http-get-map"
    return Draft(
        identifier=name if not whole else f"{kind.lower()}-service",
        title=title,
        abstract=_text(part, "Abstract"),
        kind="service" if whole else "dataset",
        form=FORM,
        keywords=tuple(
            dict.fromkeys(one.text.strip() for one in part.iterfind(".//{*}Keyword") if one.text and one.text.strip())
        ),
        box=None if whole else _box(part) or _inherited_box(entry.get("box", "")),
        period=None if whole else _period(_times(part) or entry.get("times", "")),
        publisher=_text(part, "ContactInformation/{*}ContactPersonPrimary/{*}ContactOrganization"),
        rights="; ".join(one for one in (_text(part, "Fees"), _text(part, "AccessConstraints")) if one.lower() not in ("", "none")),
        ways=(Way("" if whole else name, title, protocol, href),),
    )  # fmt: skip


def _left_out(doctype: re.Match[bytes]) -> bytes:
    return doctype[0] if b"ENTITY" in (doctype[1] or b"").upper() else b""


def _kind_of(root: etree._Element) -> str:
    """`WMS`, `WFS`, …; empty where the document is no capabilities."""
    name = etree.QName(root)
    if name.localname in ("WMS_Capabilities", "WMT_MS_Capabilities"):
        return "WMS"
    if name.localname == "WFS_Capabilities":
        return "WFS"
    if name.localname != "Capabilities":
        return ""
    space = (name.namespace or "").lower()
    return next((one for one in ("WMTS", "WCS", "SOS") if f"/{one.lower()}" in space), "")


def _inheriting(
    layer: etree._Element, above: dict[str, str]
) -> Iterator[tuple[etree._Element, dict[str, str]]]:
    """Each layer of a WMS with the box and the times that it has from above."""
    box, times = _box(layer), _times(layer)
    here = {
        **above,
        **({"box": " ".join(map(str, box))} if box else {}),
        **({"times": times} if times else {}),
    }
    own = etree.Element(layer.tag)
    own.extend(
        deepcopy(one) for one in layer.iterchildren(etree.Element) if etree.QName(one).localname != "Layer"
    )
    yield own, here
    for child in layer.iterfind("{*}Layer"):
        yield from _inheriting(child, here)


def _plain(root: etree._Element) -> Iterator[etree._Element]:
    for one in root.iter(etree.Element):
        if etree.QName(one).localname in _DATASETS:
            yield one


def _name(part: etree._Element) -> str:
    for path in ("Name", "Identifier", "CoverageId", "identifier"):
        found = _text(part, path)
        if found:
            return found
    return ""


def _box(part: etree._Element) -> tuple[float, float, float, float] | None:
    """In degrees, by the words of any of these services."""
    found = part.find("{*}EX_GeographicBoundingBox")
    if found is not None:
        sides = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
        return lon_lat_box([_text(found, side) for side in sides])
    found = part.find("{*}LatLonBoundingBox")
    if found is not None:
        return lon_lat_box([found.get(side, "") for side in ("minx", "miny", "maxx", "maxy")])
    found = part.find("{*}WGS84BoundingBox")
    if found is not None:
        low, high = (_text(found, f"{name}Corner").split() for name in ("Lower", "Upper"))
        return lon_lat_box((*low, *high)) if len(low) == len(high) == 2 else None
    return None


def _inherited_box(text: str) -> tuple[float, float, float, float] | None:
    return lon_lat_box(text.split()) if text else None


def _times(part: etree._Element) -> str:
    """The values of the dimension of time: of 1.3.0 in Dimension, of 1.1.1 in Extent, of WMTS one by one."""
    for path in ("{*}Extent", "{*}Dimension"):
        for one in part.iterfind(path):
            named = (one.get("name") or _text(one, "Identifier")).lower()
            if named == "time":
                listed = [value.text.strip() for value in one.iterfind("{*}Value") if value.text]
                return ",".join(listed) or (one.text or "").strip()
    return ""


def _period(times: str) -> tuple[str, str] | None:
    """The least and the greatest of values and intervals, as written: these are ISO 8601, which sort as texts."""
    ends = sorted(
        part for one in times.split(",") for part in one.strip().split("/")[:2] if part[:4].isdigit()
    )
    return (ends[0], ends[-1]) if ends else None


def _door(root: etree._Element, url: str) -> str:
    """Where the service says that it answers; else where it was asked."""
    for path in ("{*}Capability/{*}Request/{*}GetMap//{*}OnlineResource", "{*}OperationsMetadata//{*}Get"):
        found = root.find(path)
        href = found.get(_XLINK, "") if found is not None else ""
        if href.startswith(("http://", "https://")):
            return href
    return url.partition("?")[0]


def _text(element: etree._Element, path: str) -> str:
    found = element.find(f"{{*}}{path}")
    return "" if found is None else " ".join((found.text or "").split())
