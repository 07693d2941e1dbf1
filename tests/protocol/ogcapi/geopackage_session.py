# SPDX-License-Identifier: Apache-2.0
"""A collection of a GeoPackage, in a Python whose sqlite3 loads extensions. Prints one JSON document."""

import json
import sys
import tempfile
from pathlib import Path

from starlette.testclient import TestClient

from config.settings import Bilingual, Mount, Settings
from hysope.app import build

words = Bilingual(en="Towns", fr="Villes")
provider = {"name": "SQLiteGPKG", "data": sys.argv[1], "id_field": "code", "table": "towns"}
mount = Mount(title=words, description=words, provider=provider)
with (
    tempfile.TemporaryDirectory() as folder,
    TestClient(
        build(Settings(data=Path(folder), features={"towns": mount})), client=("127.0.0.1", 50_000)
    ) as client,
):
    home = "/ogcapi/collections/towns/items"
    page = client.get(f"{home}?limit=7").json()
    matched, names = page["numberMatched"], []
    while page:
        names += [one["properties"]["name"] for one in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        page = client.get(following[0]).json() if following else None
    x, y = client.get(f"{home}/T8").json()["geometry"]["coordinates"]
    near = client.get(f"{home}?bbox={x - 0.0001},{y - 0.0001},{x + 0.0001},{y + 0.0001}").json()
    result = {
        "matched": matched,
        "walked": names,
        "near": [one["id"] for one in near["features"]],
        "one": client.get(f"{home}/T3").json()["id"],
        "missing": client.get(f"{home}/T99").status_code,
    }
print(json.dumps(result))
