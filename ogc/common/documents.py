# SPDX-License-Identifier: Apache-2.0
"""The documents of OGC API Common: landing page, conformance, collections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.crs import CRS84, Crs
from catalog.model.area import WORLD
from catalog.model.time import Micros, micros_text
from config.settings import Service
from ogc.common.blocks import Block, Document, link
from ogc.maps.layers import Offered

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json", "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/oas30", "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
)  # fmt: skip
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
_CONFORMANCE_REL = "http://www.opengis.net/def/rel/ogc/1.0/conformance"
_DATA_REL = "http://www.opengis.net/def/rel/ogc/1.0/data"


def landing(service: Service, api: str, language: str, blocks: Sequence[Block]) -> Document:
    """The landing page."""
    return {
        "title": service.title.in_language(language), "description": service.abstract.in_language(language),
        "links": [
            *both(api, "This document"),
            link(f"{api}/api?f=json", "service-desc", "API definition", OPENAPI_TYPE), link(f"{api}/api?f=html", "service-doc", "Operations", "text/html"),
            link(f"{api}/conformance", "conformance", "Conformance classes"), link(f"{api}/conformance", _CONFORMANCE_REL, "Conformance classes"),
            link(f"{api}/collections", "data", "Collections"), link(f"{api}/collections", _DATA_REL, "Collections"),
            *(one for block in blocks for one in block.landing_links(api)),
        ],
    }  # fmt: skip


def conformance(blocks: Sequence[Block]) -> Document:
    """Every conformance class of every block, each once."""
    found = dict.fromkeys((*CONFORMANCE, *(one for block in blocks for one in block.conformance)))
    return {"title": "Conformance classes", "conformsTo": list(found)}


def collections(
    offered: Iterable[Offered], more: Iterable[Document], api: str, language: str, blocks: Sequence[Block]
) -> Document:
    """All collections: one for each layer of the maps, and those that are none."""
    return {
        "title": "Collections",
        "links": both(f"{api}/collections", "This document"),
        "collections": [*(collection(one, api, language, blocks) for one in offered), *more],
    }


def collection(one: Offered, api: str, language: str, blocks: Sequence[Block]) -> Document:
    """A collection with its extent; longitude first, as CRS84 says. It names no storageCrs, because the default CRS of a map would follow
    from it, and change on the day when a product in the next zone arrives.
    """
    box, summary = one.summary.extent or WORLD, one.summary
    extent: Document = {
        "spatial": {"bbox": [[box.west, box.south, box.east, box.north]], "crs": crs_uri(CRS84)}
    }
    if summary.first is not None and summary.last is not None:
        interval = [micros_text(summary.first), micros_text(Micros(max(summary.first, summary.last - 1)))]
        extent["temporal"] = {
            "interval": [interval],
            "values": ["/".join(interval)],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    links = both(f"{api}/collections/{one.name}", one.layer.title.in_language(language))
    if one.kind.licence_url:
        links.append(link(one.kind.licence_url, "license", one.kind.licence, "text/html"))
    links += [found for block in blocks for found in block.collection_links(api, one)]
    members = {name: value for block in blocks for name, value in block.collection_members(api, one).items()}
    return {
        "id": one.name, "title": one.layer.title.in_language(language), "description": one.kind.abstract.in_language(language),
        "attribution": one.kind.attribution, "keywords": [word.in_language(language) for word in one.kind.keywords], "extent": extent,
        "itemType": "feature", "crs": [crs_uri(crs) for crs in crs_list(one)], **members, "links": links,
    }  # fmt: skip


def both(address: str, title: str) -> list[Document]:
    """A resource in its two forms."""
    return [
        link(f"{address}?f=json", "self", title),
        link(f"{address}?f=html", "alternate", f"{title} (HTML)", "text/html"),
    ]


EVERYWHERE = (CRS84, Crs(4326), Crs(3857), Crs(2154), Crs(3035))
"""The CRSs of every collection; CRS84 is first, the default."""


def crs_list(one: Offered) -> tuple[Crs, ...]:
    """The CRSs of a collection: the common ones and the native ones."""
    return tuple(dict.fromkeys((*EVERYWHERE, *(Crs(epsg) for epsg in one.summary.epsgs))))


def crs_uri(crs: Crs) -> str:
    """The identifier of a CRS."""
    return (
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
        if crs.lon_lat
        else f"http://www.opengis.net/def/crs/EPSG/0/{crs.epsg}"
    )
