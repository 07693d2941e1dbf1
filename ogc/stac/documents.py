# SPDX-License-Identifier: Apache-2.0
"""STAC 1.1 documents as plain JSON values: catalog, collections, items with projection, raster, eo, file and version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import shapely
from shapely.geometry import mapping

from catalog.model.area import WORLD
from catalog.model.product import ANGLES, Asset, AssetRole, Facet, Grid, Product, Summary, Totals
from catalog.model.time import Micros, micros_text
from catalog.records import LINEAGE
from config.product_types import Band, ProductType
from config.settings import Service
from ogc.common.blocks import QUERYABLES_REL
from ogc.common.documents import OPENAPI_TYPE
from ogc.filter.cql2 import CONFORMANCE as CQL2
from ogc.stac.request import AGGREGATIONS

Document = dict[str, Any]
CONFORMANCE = (
    "https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections", "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search", "https://api.stacspec.org/v1.0.0/item-search#query",
    "https://api.stacspec.org/v1.0.0/item-search#sort", "https://api.stacspec.org/v1.0.0/ogcapi-features#sort",
    "https://api.stacspec.org/v1.0.0/item-search#fields", "https://api.stacspec.org/v1.0.0-rc.3/item-search#filter",
    "https://api.stacspec.org/v1.0.0-rc.1/item-search#free-text", "https://api.stacspec.org/v1.0.0-rc.1/collection-search",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#free-text", "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/simple-query",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter", "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    *CQL2, "https://api.stacspec.org/v0.3.0/aggregation",
    "https://api.stacspec.org/v1.0.0/ogcapi-features/extensions/transaction", "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/simpletx",
)  # fmt: skip
SCHEMA_TYPE = "application/schema+json"
_EXTENSIONS = {
    "proj:": "https://stac-extensions.github.io/projection/v2.0.0/schema.json", "raster:": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "view:": "https://stac-extensions.github.io/view/v1.0.0/schema.json",
    "eo:": "https://stac-extensions.github.io/eo/v2.0.0/schema.json", "file:": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "storage:": "https://stac-extensions.github.io/storage/v1.0.0/schema.json",
    "processing:": "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "alternate": "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
}  # fmt: skip
_VERSION = "https://stac-extensions.github.io/version/v1.2.0/schema.json"
_ROLES = {
    AssetRole.DATA: ["data"], AssetRole.MASK: ["data-mask"], AssetRole.SIDECAR: ["overview"], AssetRole.VISUAL: ["visual"],
    AssetRole.QUICKLOOK: ["thumbnail"], AssetRole.METADATA: ["metadata"], AssetRole.VECTOR: ["data"],
}  # fmt: skip
_TYPES = {"uint8": "uint8", "int16": "int16", "uint16": "uint16", "float32": "float32"}


def landing(service: Service, base: str, collections: Iterable[Document]) -> Document:
    """The catalog at the root."""
    return {
        "type": "Catalog", "stac_version": "1.1.0", "id": "hysope", "title": service.title.en, "description": service.abstract.en, "conformsTo": list(CONFORMANCE),
        "links": [
            link(base, "self", "application/json"), link(base, "root", "application/json"),
            link(f"{base}/api?f=json", "service-desc", OPENAPI_TYPE), link(f"{base}/api?f=html", "service-doc", "text/html"),
            link(f"{base}/conformance", "conformance", "application/json"), link(f"{base}/collections", "data", "application/json"),
            link(f"{base}/queryables", QUERYABLES_REL, SCHEMA_TYPE),
            link(f"{base}/aggregate", "aggregate", "application/json"), link(f"{base}/aggregations", "aggregations", "application/json"),
            {**link(f"{base}/search", "search", "application/geo+json"), "method": "GET"},
            {**link(f"{base}/search", "search", "application/geo+json"), "method": "POST"},
            *(link(f"{base}/collections/{one['id']}", "child", "application/json", one["title"]) for one in collections),
        ],
    }  # fmt: skip


def aggregations(base: str) -> Document:
    """What a search may be counted by."""
    named = [
        {
            "name": name,
            "data_type": _data_type(name),
            **({"frequency_distribution_data_type": "string"} if facet else {}),
        }
        for name, facet in AGGREGATIONS.items()
    ]
    return {
        "aggregations": named,
        "links": [
            link(f"{base}/aggregations", "self", "application/json"),
            link(base, "root", "application/json"),
        ],
    }


def aggregated(totals: Totals, names: Iterable[str], base: str) -> Document:
    """The counts of a search."""
    values = {
        "total_count": totals.count, "datetime_min": None if totals.first is None else micros_text(totals.first),
        "datetime_max": None if totals.last is None else micros_text(Micros(totals.last - 1)),
    }  # fmt: skip
    out: list[Document] = []
    for name in names:
        facet = AGGREGATIONS[name]
        if facet is None:
            out.append({"name": name, "data_type": _data_type(name), "value": values[name]})
            continue
        written = _KEYS.get(facet, str)
        buckets: list[Document] = [
            {"key": key, "data_type": "string", "frequency": count}
            for value, count in totals.facets[facet]
            if (key := written(value)) is not None
        ]
        if facet is Facet.CLOUD:
            for one in buckets:
                one |= {"from": int(one["key"]), "to": int(one["key"]) + 10}
        rest = totals.count - sum(one["frequency"] for one in buckets)
        out.append(
            {
                "name": name,
                "data_type": "frequency_distribution",
                "overflow": max(0, rest),
                "buckets": buckets,
            }
        )
    return {
        "type": "AggregationCollection",
        "aggregations": out,
        "links": [
            link(f"{base}/aggregate", "self", "application/json"),
            link(base, "root", "application/json"),
        ],
    }


def _grid_code(zone: str) -> str | None:
    """The tile of the grid extension; other zones are none of its grids."""
    return f"MGRS-{zone[1:]}" if zone[:1] == "T" else None


_KEYS: dict[Facet, Callable[[str], str | None]] = {Facet.PLATFORM: str.lower, Facet.ZONE: _grid_code}


def _data_type(name: str) -> str:
    return (
        "integer" if name == "total_count" else "frequency_distribution" if AGGREGATIONS[name] else "datetime"
    )


def collection(kind: ProductType, summary: Summary, base: str, server: str) -> Document:
    """A collection with its extent; intervals are open at the end where products still come."""
    box = summary.extent or WORLD
    first, last = summary.first or Micros(0), summary.last or Micros(0)
    here = f"{base}/collections/{kind.id}"
    providers = [
        {"name": kind.producer, "roles": ["producer"]},
        {"name": kind.centre, "roles": ["processor"]},
    ]
    links = [
        link(here, "self", "application/json"), link(base, "root", "application/json"), link(base, "parent", "application/json"),
        link(f"{here}/items", "items", "application/geo+json"), link(f"{here}/queryables", QUERYABLES_REL, SCHEMA_TYPE),
        link(f"{server}/collections/{kind.id}", "alternate", "text/html"),
    ]  # fmt: skip
    if kind.licence_url:
        links.append(link(kind.licence_url, "license", "text/html", kind.licence))
    out: Document = {
        "type": "Collection", "stac_version": "1.1.0", "stac_extensions": [], "id": kind.id, "title": kind.title.en, "description": kind.abstract.en,
        "keywords": [text for word in kind.keywords for text in (word.en, word.fr)], "license": "other", "providers": providers,
        "extent": {
            "spatial": {"bbox": [[box.west, box.south, box.east, box.north]]},
            "temporal": {"interval": [[micros_text(first), micros_text(Micros(last - 1))]]},
        },
        "summaries": {"platform": [name.lower() for name in kind.platforms] or ["-"], "processing:level": [kind.level]},
        "item_assets": {name: {"title": band.title.en, "roles": [band.role if band.role == "data" else "data-mask"]} for name, band in kind.bands.items()},
        "links": links,
    }  # fmt: skip
    if kind.doi:
        out["sci:doi"] = kind.doi
        out["stac_extensions"].append("https://stac-extensions.github.io/scientific/v1.0.0/schema.json")
    return out


def item(
    product: Product, kind: ProductType, base: str, server: str, addresses: Mapping[str, str] | None = None
) -> Document:
    """A product as an item; its geometry is the footprint of the valid pixels. `addresses` are other ways to the archive, by name."""
    outline = shapely.from_wkb(product.footprint)
    west, south, east, north = shapely.bounds(outline).tolist()
    home = f"{base}/collections/{product.collection}"
    assets = {asset.key: _asset(asset, product, kind, server, addresses or {}) for asset in product.assets}
    properties = _properties(product, kind)
    return {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": _extensions(properties, assets), "id": product.id, "collection": product.collection,
        "geometry": mapping(outline), "bbox": [west, south, east, north], "properties": properties, "assets": assets,
        "links": [
            link(f"{home}/items/{product.id}", "self", "application/geo+json"), link(home, "parent", "application/json"),
            link(home, "collection", "application/json"), link(base, "root", "application/json"),
            link(f"{server}/products/{product.id}", "alternate", "text/html", "Page"),
            map_link(server, product.collection),
        ],
    }  # fmt: skip


def _extensions(properties: Document, assets: Document) -> list[str]:
    """The extensions whose fields are there: a schema of one that is listed wants at least one of them."""
    names = {*properties, *(name for asset in assets.values() for name in asset)}
    names |= {name for asset in assets.values() for band in asset.get("bands", ()) for name in band}
    return [
        *(uri for prefix, uri in _EXTENSIONS.items() if any(name.startswith(prefix) for name in names)),
        _VERSION,
    ]


def _properties(product: Product, kind: ProductType) -> Document:
    out: Document = {
        "datetime": micros_text(product.period.start), "start_datetime": micros_text(product.period.start),
        "end_datetime": micros_text(Micros(product.period.end - 1)), "title": product.id, "version": product.version, "processing:level": kind.level,
    }  # fmt: skip
    grids = {asset.grid.epsg for asset in product.assets if asset.grid}
    if len(grids) == 1:
        out["proj:code"] = f"EPSG:{next(iter(grids))}"
    known = {
        "platform": product.platform.lower(), "instruments": [kind.instrument.lower()] if kind.instrument else None, "eo:cloud_cover": product.cloud,
        "eo:snow_cover": product.snow, "grid:code": _grid_code(product.zone),
        "created": micros_text(product.produced) if product.produced else None, "processing:lineage": product.quality.get(LINEAGE),
        "gsd": product.resolution,
    }  # fmt: skip
    return {
        **out,
        **{name: value for name, value in known.items() if value not in (None, "", [None])},
        **_view(product),
    }


def _view(product: Product) -> Document:
    """The mean geometry of sun and view, where the product's metadata say it (view extension; degrees)."""
    if not product.angles:
        return {}
    sun, sun_azimuth, view, view_azimuth = (product.angles[name] for name in ANGLES)
    return {
        "view:sun_elevation": round(90 - sun, 2), "view:sun_azimuth": sun_azimuth, "view:incidence_angle": view, "view:off_nadir": view, "view:azimuth": view_azimuth,
    }  # fmt: skip


def _asset(
    asset: Asset, product: Product, kind: ProductType, server: str, addresses: Mapping[str, str]
) -> Document:
    out: Document = {
        "href": f"{server}/files/{product.id}/{asset.key}", "type": asset.media_type, "roles": _ROLES[asset.role], "title": _title(asset, kind),
    }  # fmt: skip
    if addresses and not asset.path.startswith("/"):
        out["alternate"] = {
            name: {"href": f"{address.rstrip('/')}/{asset.path}", "alternate:name": name}
            for name, address in addresses.items()
        }
    if asset.tier != "online":
        out["storage:tier"] = asset.tier
    if asset.bytes:
        out["file:size"] = asset.bytes
    if asset.sha256:
        out["file:checksum"] = f"1220{asset.sha256}"
    if asset.grid:
        out |= _grid(asset.grid)
        out["bands"] = [
            _band(name, asset, kind) for name in sorted(asset.bands, key=lambda one: asset.bands[one])
        ]
    return out


def _grid(grid: Grid) -> Document:
    return {
        "proj:code": f"EPSG:{grid.epsg}", "proj:shape": [grid.height, grid.width],
        "proj:transform": [grid.pixel_width, 0.0, grid.west, 0.0, -grid.pixel_height, grid.north],
    }  # fmt: skip


def _band(name: str, asset: Asset, kind: ProductType) -> Document:
    out: Document = {"name": name}
    if asset.dtype in _TYPES:
        out["data_type"] = _TYPES[asset.dtype]
    if asset.nodata:
        out["nodata"] = asset.nodata[0]
    band = kind.bands.get(name)
    if band is None:
        return out
    if not band.categorical:
        out |= {"raster:scale": asset.scale, "raster:offset": asset.offset}
    if band.wavelength:
        out["eo:center_wavelength"] = band.wavelength
    return {**out, "description": band.title.en, **({"unit": band.unit} if band.unit != "1" else {})}


def _title(asset: Asset, kind: ProductType) -> str:
    bands: Sequence[Band] = [kind.bands[name] for name in asset.bands if name in kind.bands]
    return bands[0].title.en if bands else asset.key


def items(
    found: Sequence[Document], matched: int, links: Sequence[Document], *, numbered: bool = False
) -> Document:
    """A page of items; where pages are asked for by number, with the counts of the former context extension, too."""
    counts = {"context": {"matched": matched, "returned": len(found)}} if numbered else {}
    return {
        **counts,
        "type": "FeatureCollection", "features": list(found), "links": list(links), "numberMatched": matched, "numberReturned": len(found),
    }  # fmt: skip


def map_link(server: str, layer: str) -> Document:
    """A layer of our map service (web map links 1.2)."""
    wms = f"{server}/wms?{urlencode({'service': 'WMS', 'version': '1.3.0', 'request': 'GetCapabilities'})}"
    return {**link(wms, "wms", "text/xml", f"layer {layer}"), "wms:layers": [layer]}


def link(href: str, rel: str, media: str, title: str = "") -> Document:
    """A link; without a media type where nobody knows it."""
    return {
        "rel": rel,
        "href": href,
        **({"type": media} if media else {}),
        **({"title": title} if title else {}),
    }
