# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS (system Python): loads the WMS and the .qlr, draws a dated map, identifies a pixel. Prints one JSON document."""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsIdentifyContext,
    QgsLayerDefinition,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)  # fmt: skip
from qgis.gui import QgsMapCanvas, QgsMapToolIdentify
from qgis.PyQt.QtCore import QDateTime, QSize, Qt

server, qlr, out, day = sys.argv[1:5]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
result = {"version": Qgis.QGIS_VERSION}

project = QgsProject.instance()
project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
QgsLayerDefinition.loadLayerDefinition(qlr, project, project.layerTreeRoot())
layers = {layer.name(): layer for layer in project.mapLayers().values()}
result["layers"] = sorted(layers)
result["valid"] = all(layer.isValid() for layer in layers.values())
layer = next(layer for layer in layers.values() if "layers=sentinel2-l2a&" in layer.source())
result["temporal"] = bool(layer.temporalProperties().isActive())
result["crs"] = layer.crs().authid()

start = QDateTime.fromString(day + "T00:00:00Z", Qt.ISODate)
frame = QgsDateTimeRange(start, start.addDays(1).addSecs(-1))
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
settings.setExtent(QgsRectangle(55300, 5498200, 57900, 5499900))
settings.setOutputSize(QSize(200, 130))
settings.setIsTemporal(True)
settings.setTemporalRange(frame)
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(out)
result["errors"] = [error.message for error in job.errors()]

canvas = QgsMapCanvas()
canvas.resize(200, 130)
canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
canvas.setLayers([layer])
canvas.setExtent(QgsRectangle(55300, 5498200, 57900, 5499900))
canvas.setTemporalRange(frame)
pixel = canvas.getCoordinateTransform().transform(QgsPointXY(56600, 5499100))
tool = QgsMapToolIdentify(canvas)
context = QgsIdentifyContext()
context.setTemporalRange(frame)
found = tool.identify(round(pixel.x()), round(pixel.y()), [layer], QgsMapToolIdentify.TopDownAll, context)
result["identify"] = [{**one.mAttributes, **one.mDerivedAttributes} for one in found]
print(json.dumps(result))
app.exitQgis()
