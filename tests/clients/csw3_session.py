# SPDX-License-Identifier: Apache-2.0
"""Runs under any Python that has OWSLib with CSW 3: searches the catalogue by it. Prints one JSON document."""

import json
import sys

from owslib.csw import CatalogueServiceWeb
from owslib.fes2 import BBox, PropertyIsEqualTo, PropertyIsLike

server = sys.argv[1]
csw = CatalogueServiceWeb(f"{server}/csw", version="3.0.0")


def found(*constraints, **options):
    csw.getrecords(constraints=list(constraints), maxrecords=50, **options)
    return sorted(csw.records)


result = {
    "version": csw.version,
    "operations": sorted(one.name for one in csw.operations),
    "series": found(PropertyIsEqualTo("dc:type", "series")),
    "titles": found(PropertyIsLike("dc:title", "%L2A%")),
    "area": found(
        [
            BBox([44.2, 0.5, 44.3, 0.6], crs="urn:ogc:def:crs:EPSG::4326"),
            PropertyIsEqualTo("dc:type", "series"),
        ]
    ),
}
walked, start = [], 1
while start:
    csw.getrecords(maxrecords=4, startposition=start, esn="brief")
    walked += list(csw.records)
    start = int(csw.results["nextrecord"])
print(json.dumps({**result, "walked": sorted(walked), "matches": csw.results["matches"]}))
