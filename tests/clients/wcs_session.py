# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS: a WCS layer, its values at a point, at two dates. Prints one JSON document."""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import QgsApplication, QgsPointXY, QgsRasterLayer

server, x, y, *days = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
result = {}
for day in days:
    uri = f"url={server}/wcs&identifier=sentinel2-l2a&crs=EPSG:32631&format=GeoTIFF&time={day}"
    layer = QgsRasterLayer(uri, day, "wcs")
    result[day] = {"valid": layer.isValid(), "error": layer.error().message()}
    if layer.isValid():
        provider = layer.dataProvider()
        found = provider.identify(QgsPointXY(float(x), float(y)), 1).results()
        result[day] |= {
            "bands": provider.bandCount(),
            "size": [provider.xSize(), provider.ySize()],
            "extent": [layer.extent().xMinimum(), layer.extent().yMaximum()],
            "values": {str(band): value for band, value in found.items()},
        }
print(json.dumps(result))
app.exitQgis()
