# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS: draws WMS layers, some with a key, into a picture each. Prints one JSON document.

Arguments: server, key (or an empty text), folder, then layer=style pairs.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

server, key, folder, *pairs = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
authentication = ""
if key:
    manager = QgsApplication.authManager()
    manager.setMasterPassword("only for this test", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("key")
    config.setConfig("username", "bob")
    config.setConfig("password", key)
    manager.storeAuthenticationConfig(config)
    authentication = f"&authcfg={config.id()}"
result = {}
for pair in pairs:
    name, _, style = pair.partition("=")
    uri = f"crs=EPSG:3857&format=image/png&layers={name}&styles={style}&url={server}/wms{authentication}"
    layer = QgsRasterLayer(uri, name, "wms")
    if not layer.isValid():
        result[name] = None
        continue
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setBackgroundColor(QColor(255, 255, 255))
    extent = layer.extent()
    extent.grow(500)
    settings.setExtent(extent)
    settings.setOutputSize(QSize(240, 240))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    path = f"{folder}/{name}.png"
    job.renderedImage().save(path)
    result[name] = {"path": path, "errors": [error.message for error in job.errors()]}
print(json.dumps(result))
app.exitQgis()
