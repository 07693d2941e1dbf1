# SPDX-License-Identifier: Apache-2.0
"""eodag over `/stac`, with the settings that it ships for Theia and hydroweb.next: collections, search, filter, all pages, download."""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HOME"] = tempfile.mkdtemp()
os.environ["EODAG_EXT_COLLECTIONS_CFG_FILE"] = ""
os.environ["EODAG_PROVIDERS_WHITELIST"] = '["hysope"]'

import eodag
import yaml

server, dialect, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
shipped = Path(eodag.__file__).parent / "resources" / "providers" / f"{dialect}.yml"
provider = yaml.safe_load(shipped.read_text())[dialect]
search = provider["search"]
search |= {"api_endpoint": f"{server}/stac/search", "need_auth": False}
if "discover_collections" in search:
    search["discover_collections"] |= {
        "fetch_url": f"{server}/stac/collections?limit=50"
        if dialect == "theia"
        else f"{server}/stac/collections",
        "single_collection_fetch_url": f"{server}/stac/collections/{{_collection}}",
    }
for name in ("auth", "search_auth", "download_auth"):
    provider.pop(name, None)
provider["products"] = {"GENERIC_COLLECTION": {"_collection": "{collection}"}}
provider["download"] = {"type": "HTTPDownload", "extract": True, "output_dir": str(folder)}
(folder / "eodag.yml").write_text(yaml.safe_dump({"hysope": provider}))
dag = eodag.EODataAccessGateway(user_conf_file_path=str(folder / "eodag.yml"))
dag.set_preferred_provider("hysope")
known = [one.id for one in dag.list_collections("hysope")]
area = {"lonmin": 0.4, "latmin": 44.1, "lonmax": 0.7, "latmax": 44.4}
asked = {"collection": "sentinel2-l2a", "raise_errors": True}
march = dag.search(geom=area, start="2023-03-01", end="2023-03-31", count=True, **asked)
clear = dag.search(**asked, **{"eo:cloud_cover": 20})
every = dag.search_all(collection="sentinel2-l2a", limit=3)
path = dag.download(march[0])
out = {
    "collections": known,
    "march": [one.properties["id"] for one in march],
    "matched": march.number_matched,
    "clear": [one.properties["eo:cloud_cover"] for one in clear],
    "every": [one.properties["id"] for one in every],
    "files": sorted(one.name for one in Path(path).rglob("*") if one.is_file()),
}
print(json.dumps(out))
