# SPDX-License-Identifier: Apache-2.0
"""A QGIS layer definition (`.qlr`): every layer of the WMS, with the temporal controller on.

`fetchMode` 3 makes QGIS take the closest listed date at or before the frame, so it never asks a date without data; each
layer carries the WKT of its CRS, because QGIS takes an `authid` alone for an invalid CRS (seen with 3.22).
"""

from __future__ import annotations

from urllib.parse import quote

import pyproj
from lxml import etree

from catalog.crs import transform_box
from catalog.model.area import WORLD
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.product import Summary
from catalog.model.time import day_text
from catalog.service import Catalog
from catalog.xml.build import document, el
from config.collections import Collection
from config.published import Layer


def layer_definition(catalog: Catalog, base_url: str, seconds: float) -> bytes:
    """The file, for the public's layers at a public address."""
    root = etree.Element("qlr")
    tree = el(root, "layer-tree-group", name="", checked="Qt::Checked", expanded="1")
    layers = el(root, "maplayers")
    for kind in catalog.registry.collections.values():
        summary = catalog.summary(kind.id, ANONYMOUS, Deadline.after(seconds))
        if not summary.products:
            continue
        for number, layer in enumerate(kind.all_layers):
            name = kind.layer_name(layer)
            identifier = name.replace(".", "_").replace("-", "_")
            shown = "Qt::Checked" if number == 0 else "Qt::Unchecked"
            source = _source(base_url, kind, layer, summary)
            el(
                tree,
                "layer-tree-layer",
                id=identifier,
                name=layer.title.en,
                providerKey="wms",
                source=source,
                checked=shown,
                expanded="0",
            )
            _map_layer(layers, identifier, layer, source, summary)
    return document(root)


def _source(base_url: str, kind: Collection, layer: Layer, summary: Summary) -> str:
    """QGIS's own way to write a WMS layer: parameters joined by &, with the time dimension's text."""
    parts: dict[str, str] = {}
    if summary.days:
        days = ",".join(day_text(day) for day in summary.days)
        extent = f"{day_text(summary.days[0])}T00:00:00Z/{day_text(summary.days[-1])}T00:00:00Z"
        parts = {
            "allowTemporalUpdates": "true", "temporalSource": "provider", "type": "wmst", "timeDimensionExtent": days, "timeDimensionMaximum": extent,
        }  # fmt: skip
    parts |= {
        "contextualWMSLegend": "0", "crs": "EPSG:3857", "dpiMode": "7", "featureCount": "10", "format": "image/png", "layers": kind.layer_name(layer),
        "styles": layer.styles[0], "url": f"{base_url}/wms",
    }  # fmt: skip
    return "&".join(f"{name}={quote(value, safe=':/,')}" for name, value in parts.items())


def _map_layer(layers: etree._Element, identifier: str, layer: Layer, source: str, summary: Summary) -> None:
    out = el(layers, "maplayer", type="raster", hasScaleBasedVisibilityFlag="0")
    extent = transform_box(summary.extent or WORLD, 4326, 3857)
    if extent:
        box = el(out, "extent")
        for name, value in (
            ("xmin", extent.west),
            ("ymin", extent.south),
            ("xmax", extent.east),
            ("ymax", extent.north),
        ):
            el(box, name, value)
    el(out, "id", identifier)
    el(out, "datasource", source)
    el(out, "layername", layer.title.en)
    system = el(el(out, "srs"), "spatialrefsys")
    el(system, "wkt", pyproj.CRS.from_epsg(3857).to_wkt("WKT2_2019"))
    el(system, "authid", "EPSG:3857")
    el(out, "provider", "wms")
    if not summary.days:
        return
    temporal = el(out, "temporal", enabled="1", mode="1", fetchMode="3")
    span = el(temporal, "fixedRange")
    el(span, "start", f"{day_text(summary.days[0])}T00:00:00Z")
    el(span, "end", f"{day_text(summary.days[-1])}T23:59:59Z")
