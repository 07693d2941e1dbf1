# SPDX-License-Identifier: Apache-2.0
"""Runs under any Python that has OWSLib: searches the catalogue as MetaSearch does. Prints one JSON document."""

import json
import sys

import owslib
from owslib.csw import CatalogueServiceWeb
from owslib.fes import BBox, PropertyIsEqualTo, PropertyIsLike

server = sys.argv[1]
csw = CatalogueServiceWeb(f"{server}/csw", version="2.0.2")


def found(*constraints, **options):
    csw.getrecords2(constraints=list(constraints), maxrecords=50, **options)
    return sorted(csw.records)


text = found(PropertyIsLike("csw:AnyText", "occupation"), esn="full")
links = {link["scheme"]: link["url"] for link in csw.records["oso-23"].references}
box = csw.records["oso-23"].bbox
result = {
    "owslib": owslib.__version__,
    "text": text,
    "links": links,
    "box": [float(box.minx), float(box.miny), float(box.maxx), float(box.maxy)],
    # a list inside the list means "and"
    "area": found(
        [
            BBox([44.2, 0.5, 44.3, 0.6], crs="urn:ogc:def:crs:EPSG::4326"),
            PropertyIsEqualTo("dc:type", "series"),
        ]
    ),
    "elsewhere": found(BBox([0.5, 44.2, 0.6, 44.3], crs="urn:ogc:def:crs:EPSG::4326")),
}
csw.getrecordbyid(id=["oso-23"], outputschema="http://www.isotc211.org/2005/gmd", esn="full")
record = csw.records["oso-23"]
result["iso"] = record.identifier
result["protocols"] = [online.protocol for online in record.distribution.online]
seen, start = [], 1
while start:
    csw.getrecords2(maxrecords=4, startposition=start, esn="brief")
    seen += list(csw.records)
    start = int(csw.results["nextrecord"])
result["walked"], result["matches"] = len(set(seen)), int(csw.results["matches"])
print(json.dumps(result))
