# SPDX-License-Identifier: Apache-2.0
"""JSON documents to records: STAC collections and items, records of OGC API Records, products of resto."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import shapely
from shapely.geometry import shape

from catalog.harvest.neutral import Draft, language, lon_lat_box
from catalog.model.record import Way

Json = Mapping[str, Any]
_LINKS = frozenset(
    {
        "self",
        "items",
        "alternate",
        "item",
        "about",
        "describedby",
        "license",
        "wms",
        "wmts",
        "via",
        "data",
        "enclosure",
        "preview",
    }
)
_MOST_WAYS = 200


def read(document: Json) -> Draft:
    """The record of a JSON document, by what it says that it is."""
    if "datasetId" in document:
        return _pivot(document)
    if "stac_version" in document:
        return _stac_collection(document) if document.get("type") == "Collection" else _stac_item(document)
    properties = _object(document, "properties")
    if "productIdentifier" in properties:
        return _resto(document, properties)
    return _record(document, properties)


def _stac_collection(document: Json) -> Draft:
    extent = _object(document, "extent")
    boxes = _object(extent, "spatial").get("bbox") or [None]
    intervals = _object(extent, "temporal").get("interval") or [None]
    providers = [one for one in document.get("providers") or () if isinstance(one, dict)]
    return Draft(
        identifier=_text(document, "id"), title=_text(document, "title") or _text(document, "id"), abstract=_text(document, "description"),
        kind="series", form="stac", modified=_text(document, "updated"), keywords=_texts(document.get("keywords")), box=_flat(boxes[0]),
        period=_interval(intervals[0]), publisher=_text(providers[0], "name") if providers else "", rights=_text(document, "license"),
        ways=tuple(_ways(document)),
    )  # fmt: skip


def _stac_item(document: Json) -> Draft:
    properties = _object(document, "properties")
    first = _text(properties, "start_datetime") or _text(properties, "datetime")
    return Draft(
        identifier=_text(document, "id"), title=_text(properties, "title") or _text(document, "id"), abstract=_text(properties, "description"),
        kind="dataset", form="stac", modified=_text(properties, "updated") or _text(properties, "created"),
        keywords=_texts([document.get("collection"), properties.get("platform"), *(properties.get("instruments") or ())]),
        box=_bounds(document), period=(first, _text(properties, "end_datetime") or first) if first else None,
        rights=_text(properties, "license"), ways=tuple(_ways(document)),
    )  # fmt: skip


def _record(document: Json, properties: Json) -> Draft:
    time = _object(document, "time")
    moment = time.get("interval") or [time.get("date") or time.get("timestamp")] * 2
    code = properties.get("language")
    contacts = [one for one in properties.get("contacts") or () if isinstance(one, dict)]
    return Draft(
        identifier=_text(document, "id"), title=_text(properties, "title"), abstract=_text(properties, "description"),
        kind=_text(properties, "type"), form="record", modified=_text(properties, "updated") or _text(properties, "created"),
        keywords=_texts(properties.get("keywords")), box=_bounds(document), period=_interval(moment),
        language=language(_text(code, "code") if isinstance(code, dict) else str(code or "")),
        publisher=_text(contacts[0], "organization") or _text(contacts[0], "name") if contacts else "",
        rights=_text(properties, "rights") or _text(properties, "license"), ways=tuple(_ways(document)),
    )  # fmt: skip


def _resto(document: Json, properties: Json) -> Draft:
    download = _object(_object(properties, "services"), "download")
    href = _text(download, "url")
    ways = (Way("", "Download", "WWW:DOWNLOAD-1.0-http--download", href),) if href.startswith("http") else ()
    return Draft(
        identifier=_text(properties, "productIdentifier"), title=_text(properties, "title") or _text(properties, "productIdentifier"),
        abstract=_text(properties, "description"), kind="dataset", form="resto",
        modified=_text(properties, "updated") or _text(properties, "published"),
        keywords=_texts([properties.get(name) for name in ("collection", "platform", "instrument", "productType", "processingLevel")]),
        box=_bounds(document), period=(_text(properties, "startDate"), _text(properties, "completionDate") or _text(properties, "startDate")),
        publisher=_text(properties, "organisationName"), ways=(*ways, *_ways({"links": properties.get("links")})),
    )  # fmt: skip


def _pivot(document: Json) -> Draft:
    """A dataset of the Theia/OZCAR pivot, as `catalog.harvest.pivot.PivotWalk` keeps it."""
    metadata = _object(document, "metadata")
    online = _object(metadata, "onlineResource")
    constraint = _object(metadata, "dataConstraint")
    ways = tuple(
        Way("", title, "WWW:LINK-1.0-http--link", href)
        for title, href in (
            ("Information", _text(online, "urlInfo")),
            ("Download", _text(online, "urlDownload")),
        )
        if href.startswith(("http://", "https://"))
    )
    return Draft(
        identifier=_text(document, "datasetId"), title=_text(metadata, "title"), abstract=_text(metadata, "description"), kind="dataset", form="pivot",
        keywords=_texts([*(metadata.get("topicCategories") or ()), metadata.get("inspireTheme")]), box=_bounds(_object(metadata, "spatialExtent")),
        period=_interval(document.get("temporal")), publisher=_text(document, "producer"),
        rights=_text(constraint, "accessUseConstraint"), lineage=_text(metadata, "datasetLineage"), ways=ways,
    )  # fmt: skip


def _bounds(document: Json) -> tuple[float, float, float, float] | None:
    found = _flat(document.get("bbox"))
    geometry = document.get("geometry")
    if found is not None or not isinstance(geometry, dict):
        return found
    try:
        return lon_lat_box(shape(geometry).bounds)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError):
        return None


def _flat(values: object) -> tuple[float, float, float, float] | None:
    """A bbox of four or six numbers."""
    if not isinstance(values, list) or len(values) not in (4, 6):
        return None
    return lon_lat_box(values if len(values) == 4 else (values[0], values[1], values[3], values[4]))


def _interval(ends: object) -> tuple[str, str] | None:
    if (
        not isinstance(ends, list)
        or len(ends) != 2
        or not any(isinstance(one, str) and one != ".." for one in ends)
    ):
        return None
    first, last = (one if isinstance(one, str) else ".." for one in ends)
    return first, last


def _ways(document: Json) -> Iterator[Way]:
    """The links that lead to the data or to what is said of them."""
    links = document.get("links")
    for number, link in enumerate(links if isinstance(links, list) else ()):
        if number >= _MOST_WAYS or not isinstance(link, dict):
            continue
        href, rel = _text(link, "href"), _text(link, "rel")
        if rel in _LINKS and href.startswith(("http://", "https://")):
            protocol = _text(link, "protocol") or ("OGC:WMS" if rel == "wms" else "WWW:LINK-1.0-http--link")
            name = _text(link, "name") or next(iter(_texts(link.get("wms:layers"))), "")
            yield Way(name, _text(link, "title") or rel, protocol, href)


def _object(document: Any, name: str) -> Json:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _text(document: Any, name: str) -> str:
    found = document.get(name) if isinstance(document, dict) else None
    return found.strip() if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def _texts(values: object) -> tuple[str, ...]:
    found = values if isinstance(values, list) else ()
    return tuple(dict.fromkeys(one.replace("\n", " ") for one in found if isinstance(one, str) and one))
