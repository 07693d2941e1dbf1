# SPDX-License-Identifier: Apache-2.0
"""Runs under any Python that has OWSLib: capabilities, a dated map, a value, an exception. Prints one JSON document."""

import json
import sys

import owslib
from owslib.util import ServiceException
from owslib.wms import WebMapService

server, version = sys.argv[1:3]
service = WebMapService(f"{server}/wms", version=version)
layer = service["sentinel2-l2a"]
asked = {
    "layers": ["sentinel2-l2a"],
    "styles": ["ndvi"],
    "srs": "EPSG:4326",
    "bbox": (0.4965, 44.2165, 0.5205, 44.2275),
    "size": (64, 64),
    "time": "2023-03-05",
    "format": "image/png",
}
picture = service.getmap(transparent=True, **asked).read()
info = service.getfeatureinfo(
    query_layers=["sentinel2-l2a"], info_format="application/json", xy=(32, 32), feature_count=1, **asked
)
try:
    service.getmap(layers=["nothing"], srs="EPSG:4326", bbox=(0, 0, 1, 1), size=(8, 8), format="image/png")
    refused = ""
except ServiceException as error:
    refused = str(error)
result = {
    "owslib": owslib.__version__,
    "times": layer.timepositions,
    "default": layer.defaulttimeposition,
    "box": layer.boundingBoxWGS84,
    "styles": sorted(layer.styles),
    "picture": picture.hex(),
    "info": json.loads(info.read()),
    "refused": refused,
}
print(json.dumps(result))
