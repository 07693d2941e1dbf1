# SPDX-License-Identifier: Apache-2.0
"""EDR as a building block: conformance classes, operations, and what a collection says of its data queries."""

from __future__ import annotations

from functools import partial
from typing import Any

from ogc.common.blocks import Block, Document, answer, link, operation, ref
from ogc.common.documents import crs_list, crs_uri
from ogc.edr.encode import parameter_names
from ogc.edr.request import Form, Query
from ogc.edr.service import parameters_of, queries_of
from ogc.features import documents
from ogc.maps.layers import Offered

_TAG = "EDR"
_CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/{name}"
    for name in (
        "core",
        "collections",
        "json",
        "geojson",
        "edr-geojson",
        "covjson",
        "html",
        "oas30",
        "queries",
    )
)
_FORMS = tuple(one.value for one in Form)
_TITLES = {
    Query.POSITION: "The series at points", Query.RADIUS: "The series within a distance of a point", Query.AREA: "The values in a polygon",
    Query.CUBE: "The values in a box", Query.LOCATIONS: "The series of a named place",
}  # fmt: skip


def block(*, places: bool) -> Block:
    """The building block; `places` says whether rasters have named places."""
    links, members = partial(_links, places=places), partial(_members, places=places)
    return Block(
        _TAG, _CONFORMANCE, _paths(), _parameters(), {}, collection_links=links, collection_members=members
    )


def _links(api: str, one: Offered, *, places: bool) -> list[Document]:
    """To what can be had without a further word: the items, and the named places."""
    here = f"{api}/collections/{one.name}"
    named = [link(f"{here}/locations", "data", "The places that have a name", documents.GEOJSON)]
    return [
        link(f"{here}/items?f=json", "data", "The items", documents.GEOJSON),
        *(named if Query.LOCATIONS in queries_of(one.kind, places=places) and not one.layer.suffix else []),
    ]


def _members(api: str, one: Offered, *, places: bool) -> Document:
    """`data_queries` and `parameter_names` (19-086r6, 8.1)."""
    if one.layer.suffix:
        return {}
    here, crs = f"{api}/collections/{one.name}", [crs_uri(crs) for crs in crs_list(one)]
    return {
        "data_queries": {
            **{query.value: {"link": _query_link(here, query, crs)} for query in queries_of(one.kind, places=places)},
            "items": {"link": {"href": f"{here}/items", "rel": "data", "variables": {"query_type": "items", "output_formats": ["GeoJSON"]}}},
        },
        "parameter_names": parameter_names(parameters_of(one.kind), words=True), "output_formats": list(_FORMS),
    }  # fmt: skip


def _query_link(here: str, query: Query, crs: list[str]) -> Document:
    variables: Document = {
        "title": _TITLES[query], "query_type": query.value, "output_formats": list(_FORMS), "default_output_format": _FORMS[0],
        "crs_details": [{"crs": one, "wkt": ""} for one in crs],
    }  # fmt: skip
    if query is Query.RADIUS:
        variables["within_units"] = ["km", "m", "mi"]
    return {"href": f"{here}/{query.value}", "rel": "data", "variables": variables}


def _parameters() -> dict[str, Document]:
    def query(name: str, about: str, schema: dict[str, Any], *, required: bool = False) -> Document:
        return {
            "name": name,
            "in": "query",
            "required": required,
            "description": about,
            "schema": schema,
            "style": "form",
            "explode": False,
        }

    text: dict[str, Any] = {"type": "string"}
    count = {"type": "integer", "minimum": 1}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    return {
        "coords": query("coords", "Points or polygons as WKT, in the axis order of the CRS.", text, required=True),
        "cubeBbox": query("bbox", "A box in the axis order of the CRS.", numbers, required=True),
        "dataDatetime": query("datetime", "An instant, or an interval with .. for an open end, or with a duration.", text),
        "parameter-name": query("parameter-name", "Only these parameters.", {"type": "array", "items": text}),
        "parameter_names": query("parameter_names", "The same, as OWSLib writes it.", {"type": "array", "items": text}),
        "dataCrs": query("crs", "CRS of question and answer: CRS84, or one of the collection's.", text),
        "clear": query("clear", "Only values that the product's own mask calls clear.", {"type": "boolean", "default": False}),
        "within": query("within", "The distance.", {"type": "number"}, required=True),
        "within-units": query("within-units", "Of the distance.", {**text, "enum": ["m", "km", "mi"]}, required=True),
        "resolution-x": query("resolution-x", "Columns of the answer.", count), "resolution-y": query("resolution-y", "Rows of the answer.", count),
        "dataForm": query("f", "The form of the answer.", {**text, "enum": list(_FORMS)}),
        "locationId": {"name": "locationId", "in": "path", "required": True, "description": "Id of a place.", "schema": text},
    }  # fmt: skip


def _paths() -> dict[str, Document]:
    where, forms = ref("collectionId"), tuple(one.media_type for one in Form)
    names = {"bbox": "cubeBbox", "datetime": "dataDatetime", "crs": "dataCrs"}
    out: dict[str, Document] = {}
    for query in Query:
        taken = tuple(ref(names.get(name, name)) for name in query.parameters)
        path = f"/collections/{{collectionId}}/{query.value}"
        if query is Query.LOCATIONS:
            path, taken = f"{path}/{{locationId}}", (ref("locationId"), *taken)
        out[path] = {
            "get": operation(
                _TAG,
                f"get{query.value.title()}",
                _TITLES[query],
                answer("Values", *forms),
                where,
                *taken,
                ref("dataForm"),
            )
        }
    listed = operation(
        _TAG, "listLocations", "The places that have a name", answer("A page", documents.GEOJSON, "text/html"), where, ref("itemsBbox"),
        ref("itemsLimit"), ref("token"), ref("f"),
    )  # fmt: skip
    return {**out, "/collections/{collectionId}/locations": {"get": listed}}
