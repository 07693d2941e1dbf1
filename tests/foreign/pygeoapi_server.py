# SPDX-License-Identifier: Apache-2.0
"""A stock pygeoapi with a catalogue of records, for the harvester's tests: FOLDER RECORD PORT."""

import json
import os
import sys
from pathlib import Path

import yaml

folder, record, port = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])
rows = {}
for number in range(1, 24):
    properties = {**record["properties"], "title": f"{record['properties']['title']} {number}"}
    rows[str(number)] = {**record, "id": f"urn:record:{number}", "properties": properties}
(folder / "records.json").write_text(json.dumps({"_default": rows}))
words = {"en": "x"}
here = {"href": "http://127.0.0.1/", "type": "text/html", "rel": "canonical", "title": "x"}
configuration = {
    "server": {
        "bind": {"host": "127.0.0.1", "port": port}, "url": f"http://127.0.0.1:{port}", "mimetype": "application/json", "encoding": "utf-8",
        "languages": ["en-US"], "limits": {"default_items": 5, "max_items": 10}, "map": {"url": "https://127.0.0.1/{z}/{x}/{y}.png", "attribution": "x"},
    },
    "logging": {"level": "ERROR"},
    "metadata": {
        "identification": {"title": words, "description": words, "keywords": {"en": ["x"]}, "keywords_type": "theme", "terms_of_service": "x", "url": "http://127.0.0.1/"},
        "license": {"name": "x", "url": "http://127.0.0.1/"}, "provider": {"name": "x", "url": "http://127.0.0.1/"},
        "contact": {
            name: "x" for name in ("name", "position", "address", "city", "stateorprovince", "postalcode", "country", "phone", "fax", "email", "hours", "instructions")
        } | {"url": "http://127.0.0.1/", "role": "pointOfContact"},
    },
    "resources": {
        "records": {
            "type": "collection", "title": "Records", "description": "Records", "keywords": ["x"], "links": [here], "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
            "providers": [{"type": "record", "name": "TinyDBCatalogue", "data": str(folder / "records.json"), "id_field": "externalId", "time_field": "recordCreated", "title_field": "title"}],
        }
    },
}  # fmt: skip
(folder / "pygeoapi.yml").write_text(yaml.safe_dump(configuration))
os.environ |= {
    "PYGEOAPI_CONFIG": str(folder / "pygeoapi.yml"),
    "PYGEOAPI_OPENAPI": str(folder / "openapi.json"),
}
(folder / "openapi.json").write_text("{}")
from pygeoapi.flask_app import APP  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

make_server("127.0.0.1", port, APP).serve_forever()
