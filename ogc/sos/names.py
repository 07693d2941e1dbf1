# SPDX-License-Identifier: Apache-2.0
"""What the things of our house are called in SOS: addresses of pages that exist, and back. The bare ids are understood too.

Procedure = chain = collection, the offering the same; station = feature of interest.
"""

from __future__ import annotations

OM = "http://www.opengis.net/om/2.0"
WATERML = "http://www.opengis.net/waterml/2.0"
SENSORML = "http://www.opengis.net/sensorml/2.0"
RESPONSE_FORMATS = (OM, WATERML)


def procedure(base_url: str, collection: str) -> str:
    """The address of a chain: its collection's page."""
    return f"{base_url}/collections/{collection}"


def feature(base_url: str, station: str) -> str:
    """The address of a station's page."""
    return f"{base_url}/stations/{station}"


def observed_property(base_url: str, name: str) -> str:
    """The address of a property's page."""
    return f"{base_url}/properties/{name}"


def bare(base_url: str, folder: str, text: str) -> str:
    """The id in an address of ours; any other text as it is."""
    return text.removeprefix(f"{base_url}/{folder}/")
