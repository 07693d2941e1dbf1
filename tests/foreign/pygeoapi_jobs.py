# SPDX-License-Identifier: Apache-2.0
"""A stock pygeoapi whose process manager is ours: FOLDER CONFIG PORT."""

import os
import sys
from pathlib import Path

import yaml

folder, config, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
contact = {name: "x" for name in ("name", "position", "address", "city", "stateorprovince", "postalcode", "country", "phone", "fax", "email", "hours", "instructions")}  # fmt: skip
configuration = {
    "server": {
        "bind": {"host": "127.0.0.1", "port": port}, "url": f"http://127.0.0.1:{port}", "mimetype": "application/json", "encoding": "utf-8",
        "languages": ["en-US"], "limits": {"default_items": 50, "max_items": 100}, "map": {"url": "https://127.0.0.1/{z}/{x}/{y}.png", "attribution": "x"},
        "manager": {"name": "hysope.pygeoapi_manager.Manager", "config": config, "owner": "pygeoapi", "url": "http://maps.example"},
    },
    "logging": {"level": "ERROR"},
    "metadata": {
        "identification": {"title": {"en": "x"}, "description": {"en": "x"}, "keywords": {"en": ["x"]}, "keywords_type": "theme", "terms_of_service": "x", "url": "http://127.0.0.1/"},
        "license": {"name": "x", "url": "http://127.0.0.1/"}, "provider": {"name": "x", "url": "http://127.0.0.1/"},
        "contact": contact | {"url": "http://127.0.0.1/", "role": "pointOfContact"},
    },
    "resources": {},
}  # fmt: skip
(folder / "pygeoapi.yml").write_text(yaml.safe_dump(configuration))
(folder / "openapi.json").write_text("{}")
os.environ |= {
    "PYGEOAPI_CONFIG": str(folder / "pygeoapi.yml"),
    "PYGEOAPI_OPENAPI": str(folder / "openapi.json"),
}
from pygeoapi.flask_app import APP  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

make_server("127.0.0.1", port, APP, threaded=True).serve_forever()
