# SPDX-License-Identifier: Apache-2.0
"""Runs inside Debian's QGIS: a protected layer with Basic, with an API header, or without a credential. Prints one JSON document."""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsRasterLayer

server, key, way = sys.argv[1:4]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], True)
app.initQgis()
manager = QgsApplication.authManager()
manager.setMasterPassword("only for this test", True)


def layer(method: str = "", **values: str) -> bool:
    """Whether the protected layer opens with an authentication of a method."""
    uri = f"crs=EPSG:3857&format=image/png&layers=oso-23&styles=land-cover&url={server}/wms"
    if method:
        config = QgsAuthMethodConfig(method)
        config.setName(method)
        for name, value in values.items():
            config.setConfig(name.replace("_", "-"), value)
        manager.storeAuthenticationConfig(config)
        uri += f"&authcfg={config.id()}"
    found = QgsRasterLayer(uri, method or "public", "wms")
    block = found.dataProvider().block(1, found.extent(), 64, 64) if found.isValid() else None
    return bool(block and block.isValid())


# one way a process: QGIS keeps capabilities for a minute, whoever asked for them
ways = {
    "public": layer,
    "basic": lambda: layer("Basic", username="bob", password=key),
    "header": lambda: layer("APIHeader", X_API_Key=key),
}
known = way != "header" or "APIHeader" in manager.authMethodsKeys()
result = ways[way]() if known else None
print(json.dumps({"opened": result}))
app.exitQgis()
