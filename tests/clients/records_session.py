# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with a newer OWSLib: Features and Records. Prints one JSON document."""

import json
import sys

from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records

server = sys.argv[1]
features, records = Features(f"{server}/ogcapi"), Records(f"{server}/ogcapi")
result = {
    "features": features.feature_collections(),
    "records": records.records(),
    "near": [
        one["id"]
        for one in features.collection_items("sentinel2-l2a", bbox=[0.53, 44.2, 0.6, 44.3])["features"]
    ],
    "item": features.collection_item("oso-23", features.collection_items("oso-23")["features"][0]["id"])[
        "type"
    ],
    "queryables": sorted(features.collection_queryables("sentinel2-l2a")["properties"]),
    "text": [one["id"] for one in records.collection_items("metadata", q="neige", limit=100)["features"]],
    "cql2": [
        one["id"]
        for one in records.collection_items("metadata", filter="type = 'series' AND id LIKE 'oso%'")[
            "features"
        ]
    ],
    "posted": [
        one["id"]
        for one in records.collection_items(
            "metadata", cql={"op": "like", "args": [{"property": "id"}, "oso-%"]}
        )["features"]
    ],
    "record": records.collection_item("metadata", "oso-23")["properties"]["title"],
}
print(json.dumps(result))
