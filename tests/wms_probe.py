# SPDX-License-Identifier: Apache-2.0
"""Pictures, documents and requests of the WMS tests."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from lxml import etree
from PIL import Image
from support import Answer, World

WMS = "{http://www.opengis.net/wms}"
OGC = "{http://www.opengis.net/ogc}"
XLINK = "{http://www.w3.org/1999/xlink}"
LAYER = "sentinel2-l2a"
SIZE = 64
WEST, SOUTH, EAST, NORTH = 0.4965, 44.2165, 0.5205, 44.2275
"""A part of the generated tile, in degrees."""


def get_map(world: World, **changes: object) -> Answer:
    """A GetMap 1.3.0 in EPSG:4326 of the whole tile; None drops a parameter."""
    parameters: dict[str, object] = {
        "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": LAYER, "STYLES": "", "CRS": "EPSG:4326", "BBOX": f"{SOUTH},{WEST},{NORTH},{EAST}",
        "WIDTH": SIZE, "HEIGHT": SIZE, "FORMAT": "image/png", "TRANSPARENT": "TRUE",
    }  # fmt: skip
    parameters.update(changes)
    return world.wms(**{name: value for name, value in parameters.items() if value is not None})  # type: ignore[arg-type]


def get_info(world: World, **changes: object) -> Answer:
    """A GetFeatureInfo on the middle pixel."""
    values: dict[str, object] = {
        "REQUEST": "GetFeatureInfo",
        "QUERY_LAYERS": LAYER,
        "INFO_FORMAT": "application/json",
        "I": SIZE // 2,
        "J": SIZE // 2,
    }
    values.update(changes)
    return get_map(world, **values)


def pixels(answer: Answer) -> np.ndarray:
    """The picture as H x W x 4."""
    assert answer.media.startswith("image/"), answer.body[:300]
    return np.asarray(Image.open(BytesIO(answer.body)).convert("RGBA"))


def code(answer: Answer) -> str:
    """The code of a ServiceException, after a look at the report's form."""
    root = etree.fromstring(answer.body)
    assert answer.media in ("text/xml", "application/vnd.ogc.se_xml")
    assert answer.headers["cache-control"] == "no-store"
    found = root.find(f"{OGC}ServiceException") if root.tag.startswith(OGC) else root.find("ServiceException")
    assert found is not None
    return found.get("code", "")


def capabilities(world: World, **parameters: str) -> etree._Element:
    return etree.fromstring(world.wms(SERVICE="WMS", REQUEST="GetCapabilities", **parameters).body)
