# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS (system Python): its OAPIF provider over footprints and stations. Prints one JSON document."""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer

server, names = sys.argv[1], sys.argv[2:]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
result = {}
for name in names:
    layer = QgsVectorLayer(f"url='{server}/ogcapi' typename='{name}' pageSize='2'", name, "OAPIF")
    features = list(layer.getFeatures())
    near = layer.getFeatures(QgsFeatureRequest().setFilterRect(QgsRectangle(0.53, 44.2, 0.6, 44.3)))
    result[name] = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "fields": [field.name() for field in layer.fields()],
        "ids": [feature.attribute("title") for feature in features],
        "centre": [
            features[0].geometry().centroid().asPoint().x(),
            features[0].geometry().centroid().asPoint().y(),
        ],
        "near": [feature.attribute("title") for feature in near],
        "extent": layer.extent().toString(3),
    }
print(json.dumps(result), flush=True)
os._exit(0)
