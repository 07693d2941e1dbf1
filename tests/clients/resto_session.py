# SPDX-License-Identifier: Apache-2.0
"""eodag over `/resto2`, with the settings that it ships for a server of resto (SARA): search, filter, download. Prints what it found."""

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

server, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
shipped = Path(eodag.__file__).parent / "resources" / "providers" / "sara.yml"
provider = yaml.safe_load(shipped.read_text())["sara"]
provider["search"]["api_endpoint"] = f"{server}/resto2/api/collections/{{_collection}}/search.json"
provider["products"] = {
    "S2_MSI_L2A_MAJA": {
        "_collection": "SENTINEL2",
        "product:type": "REFLECTANCE",
        "processing:level": "LEVEL2A",
    }
}
provider["download"] = {"type": "HTTPDownload", "extract": True, "output_dir": str(folder)}
provider["auth"] = {
    "type": "TokenAuth",
    "auth_uri": f"{server}/services/authenticate/",
    "token_type": "text",
    "matching_url": server,
    "request_method": "POST",
    "credentials": {"ident": "someone", "pass": key},
}
(folder / "eodag.yml").write_text(yaml.safe_dump({"hysope": provider}))
dag = eodag.EODataAccessGateway(user_conf_file_path=str(folder / "eodag.yml"))
dag.set_preferred_provider("hysope")
asked = {"collection": "S2_MSI_L2A_MAJA", "start": "2023-03-01", "end": "2023-03-31", "raise_errors": True}
area = {"lonmin": 0.4, "latmin": 44.1, "lonmax": 0.7, "latmax": 44.4}
found = dag.search(geom=area, count=True, **asked)
clear = dag.search(geom=area, **{**asked, "eo:cloud_cover": 20})
path = dag.download(found[0])
files = sorted(one.name for one in Path(path).rglob("*") if one.is_file())
out = {
    "found": [one.properties["title"] for one in found],
    "matched": found.number_matched,
    "clear": [one.properties["eo:cloud_cover"] for one in clear],
    "downloaded": found[0].properties["id"],
    "files": files,
}
print(json.dumps(out))
