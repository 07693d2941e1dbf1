# SPDX-License-Identifier: Apache-2.0
"""What pages tell search engines for data sets: schema.org Dataset as JSON-LD (Google's and DataCite's profile of it)."""

from __future__ import annotations

import json
from typing import Any

import shapely

from catalog.model.product import Product, Summary
from catalog.model.time import Micros, micros_text
from config.collections import Collection
from config.product_types import ProductType
from config.settings import Service

Document = dict[str, Any]


def product_data(product: Product, kind: ProductType, service: Service, base: str) -> Document:
    """A schema.org Dataset, as search engines for data sets read it."""
    here = f"{base}/products/{product.id}"
    return {
        "@id": here, "url": here, "name": f"{kind.title.en}: {product.id}", "description": kind.abstract.en, "identifier": product.id,
        "version": product.version, "temporalCoverage": _span(product.period.start, product.period.end),
        "spatialCoverage": _place(*shapely.from_wkb(product.footprint).bounds),
        "isPartOf": {"@type": "Dataset", "name": kind.title.en, "url": f"{base}/collections/{kind.id}"},
        "variableMeasured": [band.title.en for band in kind.bands.values() if band.role == "data"],
        "distribution": [
            {
                "@type": "DataDownload", "name": asset.key, "encodingFormat": asset.media_type.split(";")[0],
                "contentUrl": f"{base}/files/{product.id}/{asset.key}", "contentSize": str(asset.bytes),
                **({"sha256": asset.sha256} if asset.sha256 else {}),
            }
            for asset in product.assets
        ],
        **_shared(kind, service, base),
    }  # fmt: skip


def collection_data(kind: Collection, summary: Summary, service: Service, base: str) -> Document:
    """A collection as a Dataset with what it covers; without a period or an extent while it holds nothing."""
    here = f"{base}/collections/{kind.id}"
    out = {
        "@id": here, "url": here, "name": kind.title.en, "description": kind.abstract.en, "identifier": kind.doi or kind.id,
        **_shared(kind, service, base),
    }  # fmt: skip
    if summary.first is not None and summary.last is not None:
        out["temporalCoverage"] = _span(summary.first, summary.last)
    if summary.extent is not None:
        box = summary.extent
        out["spatialCoverage"] = _place(box.west, box.south, box.east, box.north)
    return out


def data_block(document: Document) -> str:
    """JSON-LD as a script element that no browser runs."""
    text = json.dumps(document, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _shared(kind: Collection, service: Service, base: str) -> Document:
    return {
        "@context": "https://schema.org/", "@type": "Dataset", "keywords": [word.en for word in kind.keywords],
        "license": kind.licence_url or kind.licence, "isAccessibleForFree": True, "creator": {"@type": "Organization", "name": kind.producer},
        "publisher": {"@type": "Organization", "name": service.contact.organisation, "url": service.contact.website},
        "includedInDataCatalog": {"@type": "DataCatalog", "name": service.title.en, "url": f"{base}/search"},
    }  # fmt: skip


def _span(start: Micros, end: Micros) -> str:
    """ISO 8601; our periods end before their end."""
    return f"{micros_text(start)}/{micros_text(Micros(end - 1))}"


def _place(west: float, south: float, east: float, north: float) -> Document:
    """schema.org writes a box with latitudes first."""
    return {"@type": "Place", "geo": {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"}}
