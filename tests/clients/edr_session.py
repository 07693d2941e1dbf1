# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with a newer OWSLib: EDR. Prints one JSON document."""

import json
import sys

from covjson_pydantic.coverage import Coverage, CoverageCollection
from edr_pydantic.collections import Collection
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
cube = edr.query_data("oso-23", "cube", bbox=[0.50, 44.21, 0.505, 44.215])
for document in (position, cube):
    Coverage.model_validate_json(json.dumps(document))
several = edr.query_data("sentinel2-l2a", "position", coords="MULTIPOINT((0.51 44.217),(0.512 44.22))")
CoverageCollection.model_validate_json(json.dumps(several))
others = ("attribution", "itemType")  # members of other standards, which the model forbids
Collection.model_validate_json(
    json.dumps({name: one for name, one in collection.items() if name not in others})
)
result = {
    "collections": edr.data(),
    "queries": sorted(collection["data_queries"]),
    "position": position,
    "cube": cube,
}
print(json.dumps(result))
