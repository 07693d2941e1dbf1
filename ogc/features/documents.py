# SPDX-License-Identifier: Apache-2.0
"""Pages of items, items, collections that are no layers, and what may be asked and sorted by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import shapely
from shapely.geometry import mapping, shape

from catalog.crs import CRS84, Crs, transform
from catalog.model.time import micros_text, now
from config.settings import Mount
from ogc.common.blocks import QUERYABLES_REL, link
from ogc.common.documents import EVERYWHERE, both, crs_uri
from ogc.features.request import ItemsRequest
from ogc.features.source import Document, Page, Source
from ogc.filter.queryables import schema
from ogc.maps.layers import Offered

GEOJSON, SCHEMA = "application/geo+json", "application/schema+json"
ISO = "application/vnd.iso.19139+xml"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"


def item_links(collection: str, title: str) -> list[Document]:
    """From a collection to its items."""
    return [
        link(f"{collection}/items?f=json", "items", f"Items of {title}", GEOJSON),
        link(f"{collection}/items?f=html", "items", f"Items of {title} (HTML)", "text/html"),
        link(f"{collection}/tiles?f=json", f"{_REL}/tilesets-vector", f"Vector tiles of {title}"),
        _queryables_of(collection),
        link(f"{collection}/sortables", f"{_REL}/sortables", "What items may be sorted by", SCHEMA),
    ]


def _queryables_of(collection: str) -> Document:
    return link(f"{collection}/queryables", QUERYABLES_REL, "What may be asked", SCHEMA)


def links_of_layer(api: str, one: Offered) -> list[Document]:
    """The links of a collection that is a layer of the maps."""
    return item_links(f"{api}/collections/{one.name}", one.layer.title.en)


def own_collection(
    name: str, title: str, description: str, item_type: str, box: Sequence[float], api: str
) -> Document:
    """A collection that is no layer; longitude first."""
    here = f"{api}/collections/{name}"
    return {
        "id": name, "title": title, "description": description, "itemType": item_type,
        "extent": {"spatial": {"bbox": [list(box)], "crs": crs_uri(CRS84)}}, "crs": [crs_uri(crs) for crs in EVERYWHERE],
        "links": [*both(here, title), *item_links(here, title)],
    }  # fmt: skip


def mounted(name: str, mount: Mount, api: str, language: str) -> Document:
    """A collection of one of pygeoapi's providers."""
    title, about = mount.title.in_language(language), mount.description.in_language(language)
    return own_collection(name, title, about, mount.type, mount.bbox, api)


def items(
    page: Page, asked: ItemsRequest, here: str, query: dict[str, str], title: str, *, filters: bool
) -> Document:
    """A page of items; the link to the next one only where there is one, that to the queryables where a filter is taken (19-079r2)."""
    collection = here.rpartition("/")[0]
    bare = {name: value for name, value in query.items() if name != "f"}
    links = [
        link(_address(here, {**bare, "f": "json"}), "self", "This page", GEOJSON),
        link(_address(here, {**bare, "f": "html"}), "alternate", "This page (HTML)", "text/html"),
        link(collection, "collection", "The collection"),
        *([_queryables_of(collection)] if filters else []),
    ]
    if page.token:
        links.append(link(_address(here, {**query, "token": page.token}), "next", "The next page", GEOJSON))
    return {
        "type": "FeatureCollection", "title": title, "timeStamp": micros_text(now())[:19].rstrip("Z") + "Z", "numberMatched": page.matched,
        "numberReturned": len(page.features), "features": [item(one, asked.crs, collection) for one in page.features], "links": links,
    }  # fmt: skip


def item(feature: Document, crs: Crs, collection: str, forms: Sequence[Document] = ()) -> Document:
    """An item in a CRS with the links to itself and its collection."""
    here = f"{collection}/items/{quote(str(feature['id']), safe='')}"
    links = [
        link(f"{here}?f=json", "self", "This item", GEOJSON),
        link(f"{here}?f=html", "alternate", "This item (HTML)", "text/html"),
        link(collection, "collection", "The collection"),
    ]
    return {
        **feature,
        "geometry": _in_crs(feature.get("geometry"), crs),
        "links": [*links, *forms, *feature.get("links", [])],
    }


def queryables(source: Source, here: str, title: str) -> Document:
    """What a filter and the parameters may ask."""
    return schema(source.names, here, title)


def sortables(source: Source, here: str, title: str) -> Document:
    """What `sortby` takes."""
    names = {name: source.names[name] for name in source.sorts}
    found = schema(names, here, title)
    properties: Any = found["properties"]
    del properties["geometry"]
    return found


def _address(here: str, query: dict[str, str]) -> str:
    return f"{here}?{urlencode(query)}" if query else here


def _in_crs(geometry: Document | None, crs: Crs) -> Document | None:
    """A GeoJSON geometry in a CRS and its axis order; from longitude, latitude."""
    if geometry is None or crs == CRS84:
        return geometry
    moved = shapely.transform(shape(geometry), _transformer(crs), interleaved=False)
    return dict(mapping(moved))


def _transformer(crs: Crs) -> Callable[[Any, Any], tuple[Any, Any]]:
    def move(x: Any, y: Any) -> tuple[Any, Any]:
        east, north = transform(4326, crs.epsg, x, y)
        return (north, east) if crs.north_first else (east, north)

    return move
