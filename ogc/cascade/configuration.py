# SPDX-License-Identifier: Apache-2.0
"""What MapProxy is told: one source, one cache and one layer for each entry of the setting `cascade`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.settings import Cascaded, Settings

Document = dict[str, Any]
_SRS = ["EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:2154"]
_GRIDS: Document = {"webmercator": {"base": "GLOBAL_WEBMERCATOR"}, "crs84": {"base": "GLOBAL_GEODETIC"}}
_TEMPLATE = "/{Layer}/{Time}/{TileMatrixSet}/{TileMatrix}/{TileCol}/{TileRow}.{Format}"
_PARTS = ("z", "x", "y")


def configuration(settings: Settings) -> Document:
    """The document for MapProxy's loader."""
    dated = any(len(one.times) > 1 for one in settings.cascade.values())
    wmts: Document = {"restful": True, "kvp": True, **({"restful_template": _TEMPLATE} if dated else {})}
    service = settings.service
    return {
        "services": {
            "wms": {
                "srs": _SRS, "image_formats": ["image/png", "image/jpeg"], "versions": ["1.1.1", "1.3.0"],
                "max_output_pixels": settings.limits.map_pixels, "md": {"title": service.title.en, "abstract": service.abstract.en},
            },
            "wmts": wmts, "tms": {"use_grid_names": True, "origin": "nw"},
        },
        "layers": [_layer(name, one) for name, one in settings.cascade.items()],
        "caches": {f"{name}_cache": _cache(name, one) for name, one in settings.cascade.items()},
        "sources": {f"{name}_source": _source(one) for name, one in settings.cascade.items()},
        "grids": _GRIDS,
        "globals": {
            "image": {"paletted": False}, "cache": {"base_dir": str(_folder(settings.data))},
            "http": {"client_timeout": min((one.timeout_seconds for one in settings.cascade.values()), default=10)},
        },
    }  # fmt: skip


def _folder(data: Path) -> Path:
    return (data / "cascade").resolve()


def _layer(name: str, one: Cascaded) -> Document:
    out: Document = {"name": name, "title": one.title.en, "sources": [f"{name}_cache"]}
    if one.attribution:
        out["md"] = {"attribution": {"title": one.attribution}}
    if len(one.times) > 1:
        out["dimensions"] = {"time": {"values": list(one.times), "default": one.times[-1]}}
    return out


def _cache(name: str, one: Cascaded) -> Document:
    out: Document = {
        "grids": list(_GRIDS) if one.type == "wms" else ["webmercator"], "sources": [f"{name}_source"], "format": "image/png", "meta_size": [2, 2],
        "meta_buffer": 0,
    }  # fmt: skip
    if not one.keep_days:
        return {**out, "disable_storage": True}
    return {**out, "cache": {"type": "file"}, "refresh_before": {"days": one.keep_days}}


def _source(one: Cascaded) -> Document:
    west, south, east, north = one.bbox
    common: Document = {
        "coverage": {"bbox": [west, south, east, north], "srs": "EPSG:4326"},
        "http": {"client_timeout": one.timeout_seconds},
        "on_error": {code: {"response": "transparent", "cache": False} for code in (204, 404)},
    }
    if one.type == "wms":
        out: Document = {
            "type": "wms", "req": {"url": one.url, "layers": one.layers, "styles": one.styles, "transparent": True},
            "wms_opts": {"version": "1.1.1", "featureinfo": True}, "supported_srs": ["EPSG:3857", "EPSG:4326"], **common,
        }  # fmt: skip
        if len(one.times) == 1:
            out["req"]["time"] = one.times[0]
        return {**out, "forward_req_params": ["time"]} if len(one.times) > 1 else out
    url = one.url.replace("%", "%%")
    for part in _PARTS:
        url = url.replace(f"{{{part}}}", f"%({part})s")
    return {"type": "tile", "grid": "webmercator", "url": url, "transparent": True, **common}
