# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with pystac-client: opens the API, searches, walks the pages. Prints one JSON document."""

import json
import sys

import pystac_client

server = sys.argv[1]
client = pystac_client.Client.open(f"{server}/stac")
first = client.search(
    collections=["sentinel2-l2a"],
    bbox=[0.4, 44.1, 0.7, 44.4],
    datetime="2023-03-01/2023-03-31",
    query={"eo:cloud_cover": {"lt": 60}},
)
everything = client.search(limit=3, sortby=[{"field": "properties.datetime", "direction": "asc"}])
item = next(iter(first.items()))
clear = client.search(
    collections=["sentinel2-l2a"],
    filter={"op": "<", "args": [{"property": "eo:cloud_cover"}, 20]},
    fields=["id", "properties.eo:cloud_cover"],
)
result = {
    "clear": [one["properties"]["eo:cloud_cover"] for one in clear.items_as_dicts()],
    "snow": sorted(one.id for one in client.collection_search(q="neige").collections()),
    "queryables": sorted(client.get_collection("sentinel2-l2a").get_queryables()["properties"]),
    "version": pystac_client.__version__,
    "collections": [one.id for one in client.get_collections()],
    "found": sorted(one.id for one in first.items()),
    "matched": everything.matched(),
    "walked": [one.id for one in everything.items()],
    "asset": item.assets["B4"].href,
    "again": client.get_collection("sentinel2-l2a").get_item(item.id).id,
    "stores": sorted({one.properties["proj:code"] for one in everything.items()}),
}
print(json.dumps(result))
