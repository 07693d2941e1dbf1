# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with a newer OWSLib: EDR. Prints one JSON document."""

import json
import sys

from owslib.ogcapi.edr import EnvironmentalDataRetrieval

edr = EnvironmentalDataRetrieval(f"{sys.argv[1]}/ogcapi")
collection = edr.collection("sentinel2-l2a")
position = edr.query_data(
    "sentinel2-l2a",
    "position",
    coords="POINT(0.51 44.217)",
    parameter_names=["B4", "B8"],
    datetime_="2023-03-01/2023-03-31",
)
result = {
    "collections": edr.data(),
    "queries": sorted(collection["data_queries"]),
    "position": position,
    "cube": edr.query_data("oso-23", "cube", bbox=[0.50, 44.21, 0.505, 44.215]),
}
print(json.dumps(result))
