# SPDX-License-Identifier: Apache-2.0
"""The capabilities of WMTS 1.0.0 (07-057r7, clause 7.1), in the order of wmtsGetCapabilities_response.xsd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from catalog.model.area import WORLD
from catalog.model.time import day_text
from catalog.xml.build import document, el, root_element
from config.settings import Service
from ogc.maps.layers import Offered
from ogc.maps.tiles import tile_limits
from ogc.maps.words import InfoFormat
from ogc.wmts.request import ENDINGS, INFO_ENDINGS, SECTIONS, TILE_FORMATS
from tiles.legend import legend
from tiles.matrix import SIDE, MatrixSet

_WMTS, _OWS, _XLINK = (
    "http://www.opengis.net/wmts/1.0",
    "http://www.opengis.net/ows/1.1",
    "http://www.w3.org/1999/xlink",
)
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CRS_NAMES = {"CRS:84": "urn:ogc:def:crs:OGC:1.3:CRS84"}
_MOST_TIMES = 500
"""Values that are listed; the newest. Older ones are drawn all the same, and the WMS lists them."""


@dataclass(frozen=True)
class Document:
    """What a capabilities document is made of."""

    service: Service
    language: str
    base_url: str
    layers: tuple[Offered, ...]
    sets: tuple[MatrixSet, ...]


def encode(doc: Document, sections: Sequence[str] | None) -> bytes:
    """The document with some sections; None is all of them."""
    root = root_element(
        f"{{{_WMTS}}}Capabilities",
        {None: _WMTS, "ows": _OWS, "xlink": _XLINK, "xsi": _XSI},
        {"version": "1.0.0"},
    )
    root.set(
        f"{{{_XSI}}}schemaLocation",
        f"{_WMTS} http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd",
    )
    wanted = SECTIONS if sections is None else sections
    writers = {
        "ServiceIdentification": _identification,
        "ServiceProvider": _provider,
        "OperationsMetadata": _operations,
        "Contents": _contents,
    }
    for name, write in writers.items():
        if name in wanted:
            write(root, doc)
    if sections is None:
        link = _el(root, "ServiceMetadataURL")
        link.set(f"{{{_XLINK}}}href", f"{doc.base_url}/wmts/1.0.0/WMTSCapabilities.xml")
    return document(root)


def _el(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str
) -> etree._Element:
    return el(parent, f"{{{_WMTS}}}{tag}", text, **attributes)


def _ows(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    return el(parent, f"{{{_OWS}}}{tag}", text, **attributes)


def _identification(root: etree._Element, doc: Document) -> None:
    out = _ows(root, "ServiceIdentification")
    _ows(out, "Title", doc.service.title.in_language(doc.language))
    _ows(out, "Abstract", doc.service.abstract.in_language(doc.language))
    _ows(out, "ServiceType", "OGC WMTS")
    _ows(out, "ServiceTypeVersion", "1.0.0")
    _ows(out, "Fees", doc.service.fees)
    _ows(out, "AccessConstraints", doc.service.access_constraints)


def _provider(root: etree._Element, doc: Document) -> None:
    contact = doc.service.contact
    out = _ows(root, "ServiceProvider")
    _ows(out, "ProviderName", contact.organisation)
    _ows(out, "ProviderSite").set(f"{{{_XLINK}}}href", contact.website)
    person = _ows(out, "ServiceContact")
    _ows(person, "IndividualName", contact.person)
    _ows(_ows(_ows(person, "ContactInfo"), "Address"), "ElectronicMailAddress", contact.email)


def _operations(root: etree._Element, doc: Document) -> None:
    out = _ows(root, "OperationsMetadata")
    for name in ("GetCapabilities", "GetTile", "GetFeatureInfo"):
        http = _ows(_ows(_ows(out, "Operation", name=name), "DCP"), "HTTP")
        rest = (
            f"{doc.base_url}/wmts/1.0.0/WMTSCapabilities.xml"
            if name == "GetCapabilities"
            else f"{doc.base_url}/wmts/1.0.0/"
        )
        for encoding, address in (("KVP", f"{doc.base_url}/wmts?"), ("RESTful", rest)):
            link = _ows(http, "Get")
            link.set(f"{{{_XLINK}}}href", address)
            _ows(_ows(_ows(link, "Constraint", name="GetEncoding"), "AllowedValues"), "Value", encoding)


def _contents(root: etree._Element, doc: Document) -> None:
    out = _el(root, "Contents")
    for offered in doc.layers:
        _layer(out, offered, doc)
    for grid in doc.sets:
        _matrix_set(out, grid)


def _layer(contents: etree._Element, offered: Offered, doc: Document) -> None:
    kind, language = offered.kind, doc.language
    layer = _el(contents, "Layer")
    _ows(layer, "Title", offered.layer.title.in_language(language))
    _ows(layer, "Abstract", kind.abstract.in_language(language))
    if kind.keywords:
        keywords = _ows(layer, "Keywords")
        for keyword in kind.keywords:
            _ows(keywords, "Keyword", keyword.in_language(language))
    extent = offered.summary.extent or WORLD
    box = extent if extent.width and extent.height else extent.grown(1e-6, 1e-6)
    bounds = _ows(layer, "WGS84BoundingBox")
    _ows(bounds, "LowerCorner", f"{box.west:.7f} {box.south:.7f}")
    _ows(bounds, "UpperCorner", f"{box.east:.7f} {box.north:.7f}")
    _ows(layer, "Identifier", offered.name)
    for number, style in enumerate(offered.styles):
        out = _el(layer, "Style", isDefault="true" if number == 0 else "false")
        _ows(out, "Title", style.title.in_language(language))
        _ows(out, "Identifier", style.id)
        image = legend(kind, style, language)
        url = _el(out, "LegendURL", format="image/png", width=str(image.width), height=str(image.height))
        query = f"SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&FORMAT=image/png&LAYER={offered.name}&STYLE={style.id}&LANGUAGE={language}"
        url.set(f"{{{_XLINK}}}href", f"{doc.base_url}/wms?{query}")
    for form in TILE_FORMATS:
        _el(layer, "Format", form.value)
    for info in InfoFormat:
        _el(layer, "InfoFormat", info.value)
    days = offered.summary.days
    if days:
        dimension = _el(layer, "Dimension")
        _ows(dimension, "Identifier", "Time")
        _ows(dimension, "UOM", "ISO8601")
        _el(dimension, "Default", day_text(days[-1]))
        _el(dimension, "Current", "true")
        for day in days[-_MOST_TIMES:]:
            _el(dimension, "Value", day_text(day))
    for grid in doc.sets:
        _set_link(layer, grid, offered)
    _templates(layer, offered, doc)


def _set_link(layer: etree._Element, grid: MatrixSet, offered: Offered) -> None:
    found = tile_limits(grid, offered.summary.extent or WORLD)
    if not found:
        return
    link = _el(layer, "TileMatrixSetLink")
    _el(link, "TileMatrixSet", grid.id)
    stated = {name: limits for name, limits in found.items() if limits.last_row and limits.last_column}
    if not stated:
        return
    out = _el(link, "TileMatrixSetLimits")
    for name, limits in stated.items():
        one = _el(out, "TileMatrixLimits")
        _el(one, "TileMatrix", name)
        _el(one, "MinTileRow", limits.first_row)
        _el(one, "MaxTileRow", limits.last_row)
        _el(one, "MinTileCol", limits.first_column)
        _el(one, "MaxTileCol", limits.last_column)


def _templates(layer: etree._Element, offered: Offered, doc: Document) -> None:
    time = "/{Time}" if offered.summary.days else ""
    stem = f"{doc.base_url}/wmts/1.0.0/{offered.name}/{{Style}}{time}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}"
    endings = {media: ending for ending, media in reversed(ENDINGS.items())}
    for form in TILE_FORMATS:
        _el(
            layer,
            "ResourceURL",
            format=form.value,
            resourceType="tile",
            template=f"{stem}.{endings[form.value]}",
        )
    for ending, media in INFO_ENDINGS.items():
        _el(
            layer,
            "ResourceURL",
            format=media,
            resourceType="FeatureInfo",
            template=f"{stem}/{{J}}/{{I}}.{ending}",
        )


def _matrix_set(contents: etree._Element, grid: MatrixSet) -> None:
    out = _el(contents, "TileMatrixSet")
    _ows(out, "Identifier", grid.id)
    _ows(out, "SupportedCRS", _CRS_NAMES.get(grid.crs.name, f"urn:ogc:def:crs:EPSG::{grid.crs.epsg}"))
    if grid.well_known_scale_set:
        _el(out, "WellKnownScaleSet", grid.well_known_scale_set)
    for matrix in grid.matrices:
        one = _el(out, "TileMatrix")
        _ows(one, "Identifier", matrix.id)
        _el(one, "ScaleDenominator", repr(matrix.scale_denominator))
        corner = (matrix.north, matrix.west) if grid.crs.north_first else (matrix.west, matrix.north)
        _el(one, "TopLeftCorner", f"{corner[0]!r} {corner[1]!r}")
        _el(one, "TileWidth", SIDE)
        _el(one, "TileHeight", SIDE)
        _el(one, "MatrixWidth", matrix.columns)
        _el(one, "MatrixHeight", matrix.rows)
