# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with FROST's client: things, filters, expansions, pages of observations. Prints one JSON document."""

import json
import sys

import frost_sta_client as fsc

service = fsc.SensorThingsService(f"{sys.argv[1]}/sta/v1.1")
things = service.things().query().filter("substringof('LOIRE',name)").expand("Locations,Datastreams").list()
thing = next(iter(things))
stream = (
    service.datastreams()
    .query()
    .filter(f"Thing/id eq '{thing.id}'")
    .expand("ObservedProperty,Sensor")
    .list()
    .entities[0]
)
observations = stream.get_observations().query().orderby("phenomenonTime", "asc").top(50).list()
result = {
    "thing": thing.id,
    "name": service.things().find(thing.id).name,
    "place": thing.locations.entities[0].location["coordinates"]
    if isinstance(thing.locations.entities[0].location, dict)
    else None,
    "streams": [one.id for one in thing.datastreams.entities],
    "unit": stream.unit_of_measurement.symbol,
    "property": stream.observed_property.name,
    "values": [one.result for one in observations],
    "count": service.observations().query().count().top(1).list().count,
}
print(json.dumps(result))
