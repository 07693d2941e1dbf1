# SPDX-License-Identifier: Apache-2.0
"""What the things of our house are called in SOS: addresses of pages that exist, and back. The bare ids are understood too.

Procedure = chain = collection, the offering the same; station = feature of interest.
"""

from __future__ import annotations

OM = "http://www.opengis.net/om/2.0"
WATERML = "http://www.opengis.net/waterml/2.0"
SENSORML = "http://www.opengis.net/sensorml/2.0"
CSV = "text/csv"
RESPONSE_FORMATS = (OM, WATERML, CSV)
GDA = "http://www.opengis.net/sosgda/1.0"
GDA_2 = "http://www.opengis.net/sosgda/2.0"
VERSIONS = ("2.0.0", "1.0.0")
OM_1 = "http://www.opengis.net/om/1.0"
SENSORML_1 = "http://www.opengis.net/sensorML/1.0.1"
MEDIA_OM_1 = 'text/xml;subtype="om/1.0.0"'
MEDIA_SENSORML_1 = 'text/xml;subtype="sensorML/1.0.1"'


def procedure(base_url: str, collection: str) -> str:
    """The address of a chain: its collection's page."""
    return f"{base_url}/collections/{collection}"


def feature(base_url: str, station: str) -> str:
    """The address of a station's page."""
    return f"{base_url}/stations/{station}"


def observed_property(base_url: str, name: str) -> str:
    """The address of a property's page."""
    return f"{base_url}/properties/{name}"


def series(base_url: str, name: str) -> str:
    """The address of a series: the Datastream of SensorThings."""
    return f"{base_url}/sta/v1.1/Datastreams('{name}')"


def observation(base_url: str, name: str) -> str:
    """The address of an observation, which is that of SensorThings."""
    return f"{base_url}/sta/v1.1/Observations('{name}')"


def bare(base_url: str, folder: str, text: str) -> str:
    """The id in an address of ours; any other text as it is."""
    return text.removeprefix(f"{base_url}/{folder}/")


def entity(base_url: str, text: str) -> str:
    """The id in an address of an observation or a series; any other text as it is."""
    for kind in ("Observations", "Datastreams"):
        before = f"{base_url}/sta/v1.1/{kind}('"
        if text.startswith(before) and text.endswith("')"):
            return text[len(before) : -2]
    return text
