# SPDX-License-Identifier: Apache-2.0
"""The answer of DescribeEOCoverageSet (10-140r1, clause 12): datasets and series."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.model.area import Box
from catalog.xml.build import document, el, root_element
from ogc.wcs.coverages import Coverage
from ogc.wcs.eometadata import SERIES, WCSEO, series_description
from ogc.wcs.v201 import NAMESPACES, describe

__all__ = ["SERIES", "lies_within", "set_description"]
_WCS, _GML = "http://www.opengis.net/wcs/2.0", "http://www.opengis.net/gml/3.2"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def set_description(
    datasets: Sequence[Coverage] | None, series: Sequence[Coverage] | None, matched: int
) -> bytes:
    """A wcseo:EOCoverageSetDescription; None leaves a section out."""
    root = root_element(f"{{{WCSEO}}}EOCoverageSetDescription", NAMESPACES)
    root.set(
        f"{{{_XSI}}}schemaLocation",
        f"{WCSEO} http://schemas.opengis.net/wcs/wcseo/1.0/wcsEODescribeEOCoverageSet.xsd",
    )
    root.set("numberMatched", str(matched))
    root.set("numberReturned", str(len(datasets or ())))
    if datasets:
        described = el(root, f"{{{_WCS}}}CoverageDescriptions")
        for number, coverage in enumerate(datasets):
            out = el(described, f"{{{_WCS}}}CoverageDescription")
            out.set(f"{{{_GML}}}id", f"c{number}_{coverage.id}")
            describe(out, coverage, number)
    if series:
        told = el(root, f"{{{WCSEO}}}DatasetSeriesDescriptions")
        for coverage in series:
            series_description(told, coverage)
    return document(root)


def lies_within(part: Box, box: Box) -> bool:
    """Whether a box lies in another."""
    return (
        box.west <= part.west
        and part.east <= box.east
        and box.south <= part.south
        and part.north <= box.north
    )
