# SPDX-License-Identifier: Apache-2.0
"""Products as features of resto 2, and the collections as it describes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import shapely
from shapely.geometry import mapping

from catalog.model.product import AssetRole, Product, Summary
from catalog.model.time import Micros, micros_text
from catalog.xml.build import document, el, root_element
from config.product_types import ProductType
from config.settings import Service
from ogc.resto.request import MOST, Member, Page, level

Document = dict[str, Any]
GEOJSON = "application/json"
ZIP = "application/zip"
OSDD = "application/opensearchdescription+xml"
_OS = "http://a9.com/-/spec/opensearch/1.1/"
_EXTENSION = "http://a9.com/-/opensearch/extensions"
_PARAMETERS = "http://a9.com/-/spec/opensearch/extensions/parameters/1.0/"
_SPACES: dict[str | None, str] = {None: _OS, "parameters": _PARAMETERS, **{name: f"{_EXTENSION}/{name}/1.0/" for name in ("geo", "time", "eo")}}  # fmt: skip
_TEMPLATE = (
    "q={searchTerms?}&maxRecords={count?}&index={startIndex?}&page={startPage?}&identifier={geo:uid?}&box={geo:box?}&geometry={geo:geometry?}"
    "&lat={geo:lat?}&lon={geo:lon?}&radius={geo:radius?}&location={geo:name?}&startDate={time:start?}&completionDate={time:end?}"
    "&platform={eo:platform?}&processingLevel={eo:processingLevel?}&productType={eo:productType?}&cloudCover={eo:cloudCover?}&snowCover={eo:snowCover?}"
)


def feature(product: Product, member: Member, server: str) -> Document:
    """A product: its id is the identifier, too; times are UTC; null is what nobody knows."""
    outline, kind = shapely.from_wkb(product.footprint), member.kind
    home = f"{server}/resto2/collections/{quote(member.group)}/{product.id}"
    found = next((one for one in product.assets if one.role is AssetRole.QUICKLOOK), None)
    picture = f"{server}/files/{product.id}/{found.key}" if found else None
    produced = micros_text(product.produced) if product.produced else None
    size = sum(asset.bytes for asset in product.assets)
    on_tape = any(asset.on_tape for asset in product.assets)
    return {
        "type": "Feature", "id": product.id, "geometry": mapping(outline),
        "properties": {
            "collection": member.group, "productIdentifier": product.id, "parentIdentifier": kind.id, "title": product.id, "description": kind.abstract.en,
            "organisationName": kind.producer, "startDate": micros_text(product.period.start),
            "completionDate": micros_text(Micros(product.period.end - 1)), "productType": member.product_type, "processingLevel": level(kind),
            "platform": product.platform, "instrument": kind.instrument, "resolution": product.resolution, "sensorMode": None, "orbitNumber": None,
            "relativeOrbitNumber": None, "cloudCover": product.cloud, "snowCover": product.snow, "location": product.zone, "version": product.version,
            "quicklook": picture, "thumbnail": picture, "productionDate": produced, "published": produced, "updated": produced, "keywords": [],
            "license": {"licenseId": kind.licence, "description": {"url": kind.licence_url}}, "storage": {"mode": "tape" if on_tape else "disk"},
            "resourceSize": size,
            "services": {
                "browse": {"title": "Map of this day", "layer": {"type": "WMS", "url": f"{server}/wms", "layers": kind.id}},
                "download": {"url": f"{home}/download", "mimeType": ZIP, "size": size, "checksum": None},
            },
            "links": [
                {"rel": "self", "type": GEOJSON, "title": "STAC item", "href": f"{server}/stac/collections/{kind.id}/items/{product.id}"},
                {"rel": "via", "type": "text/html", "title": kind.title.en, "href": f"{server}/collections/{kind.id}"},
            ],
        },
    }  # fmt: skip


def answer(
    found: Sequence[Document], total: int, page: Page, here: str, describe: str, kvp: Mapping[str, str]
) -> Document:
    """A page of features with the links to the others."""
    given = {name: value for name, value in kvp.items() if value and name not in ("page", "index")}

    def to(rel: str, start: int) -> Document:
        address = f"{here}?{urlencode({**given, 'index': str(start)}, quote_via=quote)}"
        return {"rel": rel, "type": GEOJSON, "title": rel, "href": address}

    links = [to("self", page.start), {"rel": "search", "type": "application/opensearchdescription+xml", "title": "search", "href": describe}, to("first", 1)]  # fmt: skip
    if page.start > 1:
        links.append(to("previous", max(1, page.start - page.count)))
    if page.start + len(found) <= total:
        links.append(to("next", page.start + page.count))
    return {
        "type": "FeatureCollection",
        "properties": {
            "title": "", "id": None, "totalResults": total, "exactCount": True, "startIndex": page.start, "itemsPerPage": len(found),
            "query": {"originalFilters": given, "appliedFilters": given}, "links": links,
        },
        "features": list(found),
    }  # fmt: skip


def description(service: Service, name: str, search: str, members: Collection[Member]) -> bytes:
    """OpenSearch 1.1 with Geo, Time and EO: the template of a search, and what level and type may be (OGC 13-026r9, 7)."""
    root = root_element(f"{{{_OS}}}OpenSearchDescription", _SPACES)
    for tag, text in (
        ("ShortName", name[:16]), ("Description", service.abstract.en[:1_024]), ("Contact", service.contact.email), ("LongName", service.title.en[:48]),
    ):  # fmt: skip
        el(root, f"{{{_OS}}}{tag}", text)
    url = el(root, f"{{{_OS}}}Url", type=GEOJSON, rel="results", template=f"{search}?{_TEMPLATE}")
    parameter = f"{{{_PARAMETERS}}}Parameter"
    el(url, parameter, name="maxRecords", value="{count}", minInclusive="1", maxInclusive=str(MOST))
    choices = {
        "processingLevel": {level(one.kind) for one in members},
        "productType": {one.product_type for one in members},
    }
    for key, options in choices.items():
        said = el(url, parameter, name=key, value=f"{{eo:{key}}}")
        for option in sorted(options):
            el(said, f"{{{_PARAMETERS}}}Option", value=option)
    for tag in ("InputEncoding", "OutputEncoding"):
        el(root, f"{{{_OS}}}{tag}", "UTF-8")
    return document(root)


def described(groups: Mapping[str, Sequence[tuple[ProductType, Summary]]], title: str) -> Document:
    """The collections with how many products each has."""
    counts = {name: sum(summary.products for _, summary in held) for name, held in groups.items()}
    facets = {"count": sum(counts.values()), "facets": {"collection": counts}}
    return {
        "synthesis": {"name": "*", "osDescription": {"ShortName": title[:16], "LongName": title[:48]}, "statistics": facets},
        "collections": [
            {
                "name": name, "status": "public", "model": "hysope", "license": None,
                "osDescription": {"ShortName": name[:16], "LongName": held[0][0].title.en[:48], "Description": held[0][0].abstract.en},
                "statistics": {"count": counts[name], "facets": {"collection": {name: counts[name]}}},
            }
            for name, held in groups.items()
        ],
    }  # fmt: skip
