# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS: a WMTS from a bare address and from its capabilities, and tiles as XYZ, all drawn. Prints one JSON document."""

import json
import os
import sys
from urllib.parse import quote

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

server, folder = sys.argv[1:3]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
addresses = {"bare": f"{server}/wmts", "capabilities": f"{server}/wmts/1.0.0/WMTSCapabilities.xml"}
tiles = f"{server}/ogcapi/collections/sentinel2-l2a/styles/ndvi/map/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?f=png&datetime=2023-03-05"
uris = {
    name: (
        "crs=EPSG:3857&dpiMode=7&format=image/png&layers=sentinel2-l2a&styles=ndvi&tileMatrixSet=WebMercatorQuad"
        f"&tileDimensions=Time%3D2023-03-05&url={address}"
    )
    for name, address in addresses.items()
}
uris["xyz"] = f"type=xyz&zmin=0&zmax=18&url={quote(tiles, safe='')}"
result = {}
for name, uri in uris.items():
    layer = QgsRasterLayer(uri, name, "wms")
    result[name] = {"valid": layer.isValid(), "extent": layer.extent().toString(0) if layer.isValid() else ""}
    if not layer.isValid():
        continue
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setBackgroundColor(QColor(255, 255, 255))
    settings.setExtent(QgsRectangle(55300, 5498200, 57900, 5499900))
    settings.setOutputSize(QSize(200, 130))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    path = f"{folder}/{name}.png"
    job.renderedImage().save(path)
    result[name] |= {"path": path, "errors": [error.message for error in job.errors()]}
print(json.dumps(result))
app.exitQgis()
