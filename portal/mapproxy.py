# SPDX-License-Identifier: Apache-2.0
"""The configuration of a stock MapProxy that stands before us, in a DMZ or near its users, and keeps tiles of every public layer, style and date.

Only MapProxy's `file` cache keeps dimensions apart. Its WMTS checks a time against the list, its WMS does not (7.0): `wms.strict_time` here
makes a time that we do not have an error, which it does not keep.
"""

from __future__ import annotations

from typing import Any

import yaml

from catalog.model.area import WORLD, Box
from catalog.model.principal import ANONYMOUS, Deadline
from catalog.model.product import Summary
from catalog.model.time import day_text
from catalog.service import Catalog
from config.collections import Collection
from config.published import Layer
from config.settings import Service

Document = dict[str, Any]
GRIDS: Document = {
    "webmercator": {"base": "GLOBAL_WEBMERCATOR"},
    "crs84": {"base": "GLOBAL_GEODETIC"},
    "lambert93": {
        "srs": "EPSG:2154", "bbox": [0, 6_000_000, 1_310_720, 7_310_720], "bbox_srs": "EPSG:2154", "origin": "nw", "res_factor": 2, "min_res": 5_120,
        "num_levels": 13,
    },
}  # fmt: skip
_TEMPLATE = "/{Layer}/{Time}/{TileMatrixSet}/{TileMatrix}/{TileCol}/{TileRow}.{Format}"
_MARGIN = 0.5
"""Degrees."""
_SRS = ["EPSG:3857", "EPSG:4326", "EPSG:2154"]


def configuration(catalog: Catalog, service: Service, base_url: str, seconds: float) -> bytes:
    """The YAML document for `mapproxy-util` and its WSGI application, over a Hysope at an address that MapProxy reaches."""
    layers: list[Document] = []
    caches: Document = {}
    sources: Document = {}
    for kind in catalog.registry.collections.values():
        summary = catalog.summary(kind.id, ANONYMOUS, Deadline.after(seconds))
        if not summary.products:
            continue
        for layer in kind.all_layers:
            for number, style in enumerate(layer.styles):
                name = kind.layer_name(layer) if number == 0 else f"{kind.layer_name(layer)}_{style}"
                sources[f"{name}_source"] = _source(base_url, kind, layer, style, summary)
                caches[f"{name}_cache"] = {
                    "grids": list(GRIDS), "sources": [f"{name}_source"], "format": "image/png", "request_format": "image/png", "meta_size": [2, 2],
                    "meta_buffer": 0, "cache": {"type": "file", "directory_layout": "tms"},
                }  # fmt: skip
                layers.append(_layer(name, kind, layer, style if number else "", summary))
    return yaml.safe_dump(
        {
            "services": {
                "demo": {}, "tms": {"use_grid_names": True, "origin": "nw"}, "wmts": {"restful": True, "kvp": True, "restful_template": _TEMPLATE},
                "wms": {
                    "srs": _SRS, "image_formats": ["image/png", "image/jpeg"], "versions": ["1.1.1", "1.3.0"],
                    "md": {"title": service.title.en, "abstract": service.abstract.en},
                },
            },
            "layers": layers, "caches": caches, "sources": sources, "grids": GRIDS,
            "globals": {"image": {"paletted": False, "resampling_method": "nearest"}, "cache": {"base_dir": "cache"}},
        },
        allow_unicode=True,
        sort_keys=False,
        width=150,
    ).encode()  # fmt: skip


def _layer(name: str, kind: Collection, layer: Layer, style: str, summary: Summary) -> Document:
    title = f"{layer.title.en}, {style}" if style else layer.title.en
    out: Document = {"name": name, "title": title, "sources": [f"{name}_cache"]}
    if kind.attribution:
        out["md"] = {"attribution": {"title": kind.attribution}}
    if summary.days:
        days = [f"{day_text(day)}T00:00:00Z" for day in summary.days]
        out["dimensions"] = {"time": {"values": days, "default": days[-1]}}
    return out


def _source(base_url: str, kind: Collection, layer: Layer, style: str, summary: Summary) -> Document:
    box = _grown(summary.extent or WORLD)
    out: Document = {
        "type": "wms", "req": {"url": f"{base_url}/wms?", "layers": kind.layer_name(layer), "styles": style, "transparent": True},
        "wms_opts": {"version": "1.3.0", "featureinfo": True, "legendgraphic": True}, "supported_srs": _SRS, "supported_formats": ["image/png"],
        "coverage": {"bbox": [box.west, box.south, box.east, box.north], "srs": "EPSG:4326"},
    }  # fmt: skip
    return {**out, "forward_req_params": ["time"]} if summary.days else out


def _grown(box: Box) -> Box:
    """With a margin: a tile that a coverage cuts is asked as a part of it, and its pixels no longer lie on the grid."""
    return Box(
        west=max(-180.0, box.west - _MARGIN), south=max(-90.0, box.south - _MARGIN), east=min(180.0, box.east + _MARGIN),
        north=min(90.0, box.north + _MARGIN),
    )  # fmt: skip
