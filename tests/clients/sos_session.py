# SPDX-License-Identifier: Apache-2.0
"""Runs under any Python that has OWSLib: reads a series over SOS 2.0 in both formats, and over SOS 1.0.0. Prints one JSON document."""

import json
import sys

import owslib
from lxml import etree
from owslib.sos import SensorObservationService
from owslib.swe.observation.sos200 import SOSGetObservationResponse
from owslib.swe.sensor.sml import SensorML
from owslib.util import ServiceException

server, station = sys.argv[1:3]
sos = SensorObservationService(f"{server}/sos", version="2.0.0")
offering = sos.contents["hydroweb-rivers-operational"]


def observed(response_format: str, **options: str):
    answer = sos.get_observation(
        offerings=[offering.id],
        observedProperties=offering.observed_properties,
        responseFormat=response_format,
        featureOfInterest=station,
        **options,
    )
    return SOSGetObservationResponse(etree.fromstring(answer)).observations


one_year = {"eventTime": "om:phenomenonTime,2016-01-01T00:00:00Z/2016-12-31T23:59:59Z"}
(series,) = observed("http://www.opengis.net/waterml/2.0")
try:
    sos.get_observation(
        offerings=["nothing"],
        observedProperties=offering.observed_properties,
        responseFormat="http://www.opengis.net/om/2.0",
    )
    refused = ""
except ServiceException as error:
    refused = str(error)
sensor = sos.describe_sensor(
    outputFormat="http://www.opengis.net/sensorml/2.0", procedure=offering.procedures[0]
)
old = SensorObservationService(f"{server}/sos", version="1.0.0")
first = old.contents["hydroweb-rivers-operational"]
collection = etree.fromstring(
    old.get_observation(
        responseFormat=first.response_formats[0],
        offerings=[first.id],
        observedProperties=first.observed_properties,
        eventTime="2016-01-01T00:00:00Z/2016-12-31T23:59:59Z",
        featureOfInterest=station,
    )
)
chain = SensorML(old.describe_sensor('text/xml;subtype="sensorML/1.0.1"', first.procedures[0])).members[0]
result = {
    "old": {
        "rows": [row.split(",") for row in collection.findtext(".//{*}values").strip(";").split(";")],
        "name": chain.get_identifiers_by_name("shortName")[0].value,
    },
    "owslib": owslib.__version__,
    "operations": [one.name for one in sos.operations],
    "box": list(offering.bbox),
    "begin": offering.begin_position.isoformat(),
    "measurements": [
        [one.resultTime.isoformat(), one.get_result().value]
        for one in observed("http://www.opengis.net/om/2.0", **one_year)
    ],
    "points": [[point.datetime.isoformat(), point.value] for point in series.get_result().points],
    "unit": series.get_result().defaultTVPMetadata.uom,
    "nothing": len(observed("http://www.opengis.net/om/2.0", eventTime="om:phenomenonTime,1990-01-01")),
    "refused": refused,
    "sensor": etree.QName(etree.fromstring(sensor)).localname,
}
print(json.dumps(result))
