# SPDX-License-Identifier: Apache-2.0
"""Records that are no product of ours as STAC: stations, and what other centres catalogue. Each source of theirs is a collection, each record that says a time an item.

An item that a centre wrote itself is given as it wrote it, with its files at their absolute addresses; of any other record one is made of what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin

from catalog.model.area import WORLD
from catalog.model.product import Summary
from catalog.model.record import Foreign, Record, Way
from catalog.model.time import Period, ends_text, micros_text
from config.series_types import SeriesType
from config.settings import HarvestSource
from ogc.common.blocks import QUERYABLES_REL
from ogc.metadata.geojson import outline
from ogc.stac.documents import SCHEMA_TYPE, Document, link, map_link

_OPEN = ("0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z")
"""What stands for the open ends of an item's period, which must have both."""
_OURS = frozenset({"self", "root", "parent", "collection", "items", "next", "prev", "child", "via"})
"""Relations that lead about in the catalogue where an item was found."""
_LINKED = "https://stac-extensions.github.io/web-map-links/v1.2.0/schema.json"


def source_collection(name: str, source: HarvestSource | None, summary: Summary, base: str) -> Document:
    """What another centre catalogues; without its settings its records are still here."""
    title = source.title.en if source and source.title else name
    said = f"What {title} catalogues, as it was harvested."
    if source is not None:
        said = f"What {title} catalogues ({source.type}, {source.url}), as it was harvested." if source.fetched else f"What was sent to {title}."  # fmt: skip
    return _collection(name, title, said, summary, base)


def station_collection(kind: SeriesType, summary: Summary, base: str, server: str) -> Document:
    """The stations of a collection of series."""
    out = _collection(kind.id, kind.title.en, kind.abstract.en, summary, base)
    out["keywords"] = [text for word in kind.keywords for text in (word.en, word.fr)]
    out["providers"] = [
        {"name": kind.producer, "roles": ["producer"]},
        {"name": kind.centre, "roles": ["processor"]},
    ]
    out["links"].append(link(f"{server}/collections/{kind.id}", "alternate", "text/html"))
    if kind.licence_url:
        out["links"].append(link(kind.licence_url, "license", "text/html", kind.licence))
    return out


def _collection(name: str, title: str, said: str, summary: Summary, base: str) -> Document:
    here, box = f"{base}/collections/{name}", summary.extent or WORLD
    ends = None if summary.first is None or summary.last is None else Period(summary.first, summary.last)
    first, last = ends_text(ends, "") if ends else ("", "")
    return {
        "type": "Collection", "stac_version": "1.1.0", "stac_extensions": [], "id": name, "title": title, "description": said, "license": "other",
        "extent": {
            "spatial": {"bbox": [[box.west, box.south, box.east, box.north]]},
            "temporal": {"interval": [[first or None, last or None]]},
        },
        "links": [
            link(here, "self", "application/json"), link(base, "root", "application/json"), link(base, "parent", "application/json"),
            link(f"{here}/items", "items", "application/geo+json"), link(f"{here}/queryables", QUERYABLES_REL, SCHEMA_TYPE),
        ],
    }  # fmt: skip


def item(record: Record, base: str, server: str) -> Document:
    """A record that says a time as an item. One of another centre must have its original with it where that is a STAC item."""
    written = _written(record.foreign) if record.foreign else None
    out = _made(record, server) if written is None else written
    home = f"{base}/collections/{record.collection}"
    links = [
        link(f"{home}/items/{quote(record.id, safe='')}", "self", "application/geo+json"), link(home, "parent", "application/json"),
        link(home, "collection", "application/json"), link(base, "root", "application/json"),
        link(_page(record, server), "alternate", "text/html", "Page"),
    ]  # fmt: skip
    if record.foreign is not None and record.foreign.url:
        links.append(link(record.foreign.url, "via", "", record.foreign.source))
    return {**out, "id": record.id, "collection": record.collection, "links": [*links, *out["links"]]}


def _page(record: Record, server: str) -> str:
    name = quote(record.id, safe="")
    return (
        f"{server}/stations/{name}"
        if record.station is not None
        else f"{server}/ogcapi/collections/metadata/items/{name}?f=html"
    )


def _written(foreign: Foreign) -> Document | None:
    """The item that a centre wrote; None where it is none, or one that no client could read."""
    if foreign.form != "stac" or not foreign.original:
        return None
    found = json.loads(foreign.original)
    properties, assets = found.get("properties"), found.get("assets", {})
    whole = (
        isinstance(properties, dict)
        and "datetime" in properties
        and isinstance(assets, dict)
        and isinstance(found.get("links", []), list)
    )
    if found.get("type") != "Feature" or not whole:
        return None
    return {
        **found,
        "assets": {name: _placed(asset, foreign.url) for name, asset in assets.items() if isinstance(asset, dict)},
        "links": [_placed(one, foreign.url) for one in found.get("links", []) if isinstance(one, dict) and one.get("rel") not in _OURS],
    }  # fmt: skip


def _placed(thing: Mapping[str, Any], where: str) -> Document:
    """A link or an asset with its address made absolute by where its document was found."""
    href = thing.get("href")
    return {**thing, "href": urljoin(where, href)} if isinstance(href, str) else dict(thing)


def _made(record: Record, server: str) -> Document:
    assert record.period is not None
    first, last = (text or end for text, end in zip(ends_text(record.period, ""), _OPEN, strict=True))
    properties: Document = {
        "datetime": None, "start_datetime": first, "end_datetime": last, "title": record.title, "updated": micros_text(record.modified), "type": record.kind,
        **({"description": record.abstract} if record.abstract else {}), **({"keywords": list(record.keywords)} if record.keywords else {}),
    }  # fmt: skip
    foreign, links = record.foreign, []
    if record.station is not None:
        links = [map_link(server, record.collection)]
    if foreign is not None:
        properties |= {
            "license": "other",
            **({"providers": [{"name": foreign.publisher}]} if foreign.publisher else {}),
        }
        links = [*_ways(foreign.ways)]
    extensions = [_LINKED] if any(one["rel"] == "wms" for one in links) else []
    out: Document = {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": extensions, "geometry": outline(record), "properties": properties,
        "assets": _assets(record, server), "links": links,
    }  # fmt: skip
    if record.box is not None:
        out["bbox"] = [record.box.west, record.box.south, record.box.east, record.box.north]
    return out


def _ways(ways: tuple[Way, ...]) -> Iterator[Document]:
    """Links to the data and to what is said of them; a map service says its layer (web map links 1.2)."""
    for way in ways:
        if way.protocol.upper().startswith("OGC:WMS") and way.name:
            yield {**link(way.href, "wms", "text/xml", way.title), "wms:layers": [way.name]}
        else:
            yield link(way.href, "related", "", way.title)


def _assets(record: Record, server: str) -> Document:
    """The record's own document, and a station's observations."""
    name = quote(record.id, safe="")
    sheet = f"{server}/ogcapi/collections/metadata/items/{name}?f=xml"
    out = {
        "metadata": {"href": sheet, "type": "application/xml", "title": "ISO 19139", "roles": ["metadata"]}
    }
    if record.station is not None:
        for form, media in (("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet"), ("netcdf", "application/x-netcdf")):  # fmt: skip
            out[form] = {
                "href": f"{server}/series?f={form}&station={name}",
                "type": media,
                "title": "Observations",
                "roles": ["data"],
            }
    return out
