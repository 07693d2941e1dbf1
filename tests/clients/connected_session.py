# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with a newer OWSLib: Connected Systems. Prints one JSON document."""

import json
import sys

from owslib.ogcapi.connectedsystems import Datastreams, Observations, Properties, SamplingFeatures, Systems

api, station = f"{sys.argv[1]}/ogcapi", sys.argv[2]
system = "hydroweb-rivers-operational"
systems = Systems(api)
stream = f"{station}.{system}.water_surface_height"
result = {
    "systems": [one["id"] for one in systems.systems()["features"]],
    "system": systems.system(system)["properties"]["name"],
    "stations": [one["id"] for one in systems.system_sampling_features(system)["features"]],
    "deployments": [one["id"] for one in systems.system_deployments(system)["features"]],
    "properties": [one["id"] for one in Properties(api).properties()["items"]],
    "place": SamplingFeatures(api).sampling_feature(station)["geometry"]["coordinates"],
    "streams": [one["id"] for one in Datastreams(api).datastreams_of_system(system)["items"]],
    "values": [one["result"] for one in Observations(api).observations_of_datastream(stream)["items"]],
}
print(json.dumps(result))
