# SPDX-License-Identifier: Apache-2.0
"""A coverage with time as its third axis (setting `wcs.time_axis`): a grid by vectors (GML 3.3, 10-129r1) whose last axis has the dates as coefficients.

Dates are numbers of days in the CRS AnsiDate, because positions of GML are numbers.
"""

from __future__ import annotations

from lxml import etree

from catalog.crs import in_order_of
from catalog.model.time import Day
from catalog.xml.build import el
from ogc.wcs.coverages import Coverage

RGRID = "http://www.opengis.net/gml/3.3/rgrid"
_GML = "http://www.opengis.net/gml/3.2"
_ANSI = "http://www.opengis.net/def/crs/OGC/0/AnsiDate"
_ANSI_OF_1970 = 134_775
"""Days from 31 December 1600, which is 0."""


def ansi(day: Day) -> int:
    """A day in AnsiDate."""
    return day + _ANSI_OF_1970


def compound(uri: str) -> str:
    """The CRS of the place and the time."""
    return f"http://www.opengis.net/def/crs-compound?1={uri}&2={_ANSI}"


def bounds(parent: etree._Element, coverage: Coverage, uri: str, labels: str, units: str) -> None:
    """gml:boundedBy over three axes."""
    envelope = el(
        el(parent, f"{{{_GML}}}boundedBy"), f"{{{_GML}}}Envelope", srsName=compound(uri),
        axisLabels=f"{labels} time", uomLabels=f"{units} d", srsDimension="3",
    )  # fmt: skip
    box = in_order_of(coverage.grid.box, coverage.crs)
    el(envelope, f"{{{_GML}}}lowerCorner", f"{box[0]!r} {box[1]!r} {ansi(coverage.days[0])}")
    el(envelope, f"{{{_GML}}}upperCorner", f"{box[2]!r} {box[3]!r} {ansi(coverage.days[-1])}")


def grid(parent: etree._Element, coverage: Coverage, uri: str, number: int) -> None:
    """gml:domainSet: even columns and rows, and dates as they fall."""
    pixels, north_first = coverage.grid, coverage.crs.north_first
    name = compound(uri)

    def triple(x: float, y: float, time: float) -> str:
        return f"{y!r} {x!r} {time!r}" if north_first else f"{x!r} {y!r} {time!r}"

    out = el(
        el(parent, f"{{{_GML}}}domainSet"),
        f"{{{RGRID}}}ReferenceableGridByVectors",
        dimension="3",
        srsName=name,
    )
    out.set(f"{{{_GML}}}id", f"g{number}")
    limits = el(el(out, f"{{{_GML}}}limits"), f"{{{_GML}}}GridEnvelope")
    el(limits, f"{{{_GML}}}low", "0 0 0")
    el(limits, f"{{{_GML}}}high", f"{pixels.width - 1} {pixels.height - 1} {len(coverage.days) - 1}")
    el(out, f"{{{_GML}}}axisLabels", "i j time")
    point = el(el(out, f"{{{RGRID}}}origin"), f"{{{_GML}}}Point", srsName=name)
    point.set(f"{{{_GML}}}id", f"o{number}")
    first = ansi(coverage.days[0])
    el(
        point,
        f"{{{_GML}}}pos",
        triple(pixels.west + pixels.pixel_width / 2, pixels.north - pixels.pixel_height / 2, first),
    )
    steps = " ".join(str(ansi(day) - first) for day in coverage.days)
    for axis, vector, coefficients in (
        ("i", triple(pixels.pixel_width, 0.0, 0), ""),
        ("j", triple(0.0, -pixels.pixel_height, 0), ""),
        ("time", triple(0.0, 0.0, 1), steps),
    ):
        general = el(el(out, f"{{{RGRID}}}generalGridAxis"), f"{{{RGRID}}}GeneralGridAxis")
        el(general, f"{{{RGRID}}}offsetVector", vector, srsName=name)
        el(general, f"{{{RGRID}}}coefficients", coefficients)
        el(general, f"{{{RGRID}}}gridAxesSpanned", axis)
        el(general, f"{{{RGRID}}}sequenceRule", "Linear", axisOrder="+1")
