# SPDX-License-Identifier: Apache-2.0
"""What the Earth Observation profile of WCS (10-140r1) adds to descriptions: an eop:EarthObservation (10-157r4) of each dataset, and series."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from lxml import etree

from catalog.model.area import Box
from catalog.model.product import Product
from catalog.model.time import Micros, Period, micros_text
from catalog.xml.build import el
from ogc.wcs.coverages import Coverage

SERIES = ".products"
"""What the id of a series ends with: a collection's id is that of its coverage."""
WCSEO = "http://www.opengis.net/wcs/wcseo/1.0"
EOP, OM = "http://www.opengis.net/eop/2.0", "http://www.opengis.net/om/2.0"
_GML, _GMLCOV, _OWS = (
    "http://www.opengis.net/gml/3.2",
    "http://www.opengis.net/gmlcov/1.0",
    "http://www.opengis.net/ows/2.0",
)
_WCS = "http://www.opengis.net/wcs/2.0"
_LAT_LONG = "http://www.opengis.net/def/crs/EPSG/0/4326"


def metadata(parent: etree._Element, product: Product) -> None:
    """gmlcov:metadata with the one EOMetadata of a dataset (requirements 1 to 8): id, footprint, begin and end."""
    extension = el(el(parent, f"{{{_GMLCOV}}}metadata"), f"{{{_GMLCOV}}}Extension")
    one = el(el(extension, f"{{{WCSEO}}}EOMetadata"), f"{{{EOP}}}EarthObservation")
    one.set(f"{{{_GML}}}id", f"eop_{product.id}")
    period(el(one, f"{{{OM}}}phenomenonTime"), product.period, f"phen_{product.id}")
    instant = el(el(one, f"{{{OM}}}resultTime"), f"{{{_GML}}}TimeInstant")
    instant.set(f"{{{_GML}}}id", f"res_{product.id}")
    el(instant, f"{{{_GML}}}timePosition", micros_text(product.produced or product.period.start))
    _equipment(one, product)
    el(one, f"{{{OM}}}observedProperty", nilReason="inapplicable")
    footprint(el(one, f"{{{OM}}}featureOfInterest"), product.footprint, f"foot_{product.id}")
    el(one, f"{{{OM}}}result")
    told = el(el(one, f"{{{EOP}}}metaDataProperty"), f"{{{EOP}}}EarthObservationMetaData")
    for tag, text in (("identifier", product.id), ("acquisitionType", "NOMINAL"), ("status", "ARCHIVED")):
        el(told, f"{{{EOP}}}{tag}", text)


def _equipment(parent: etree._Element, product: Product) -> None:
    equipment = el(el(parent, f"{{{OM}}}procedure"), f"{{{EOP}}}EarthObservationEquipment")
    equipment.set(f"{{{_GML}}}id", f"equ_{product.id}")
    platform = el(el(equipment, f"{{{EOP}}}platform"), f"{{{EOP}}}Platform")
    el(platform, f"{{{EOP}}}shortName", product.platform or "unknown")


def period(parent: etree._Element, stretch: Period, name: str) -> None:
    """A gml:TimePeriod; its end is in."""
    out = el(parent, f"{{{_GML}}}TimePeriod")
    out.set(f"{{{_GML}}}id", name)
    el(out, f"{{{_GML}}}beginPosition", micros_text(stretch.start))
    el(out, f"{{{_GML}}}endPosition", micros_text(Micros(stretch.end - 1)))


def footprint(parent: etree._Element, wkb: bytes, name: str) -> None:
    """An eop:Footprint: outer rings, latitude before longitude."""
    out = el(parent, f"{{{EOP}}}Footprint")
    out.set(f"{{{_GML}}}id", name)
    surface = el(el(out, f"{{{EOP}}}multiExtentOf"), f"{{{_GML}}}MultiSurface", srsName=_LAT_LONG)
    surface.set(f"{{{_GML}}}id", f"{name}_m")
    for number, part in enumerate(shapely.get_parts(shapely.from_wkb(wkb))):
        polygon = el(el(surface, f"{{{_GML}}}surfaceMember"), f"{{{_GML}}}Polygon")
        polygon.set(f"{{{_GML}}}id", f"{name}_{number}")
        ring = el(el(polygon, f"{{{_GML}}}exterior"), f"{{{_GML}}}LinearRing")
        points = " ".join(
            f"{lat:.7g} {lon:.7g}" for lon, lat in shapely.get_coordinates(part.exterior).tolist()
        )
        el(ring, f"{{{_GML}}}posList", points)


def series_summaries(contents: etree._Element, coverages: Sequence[Coverage]) -> None:
    """The wcs:Extension with a summary of each series (requirements 29 to 36)."""
    extension = el(contents, f"{{{_WCS}}}Extension")
    for coverage in coverages:
        extent, stretch = _reach(coverage)
        out = el(extension, f"{{{WCSEO}}}DatasetSeriesSummary")
        el(out, f"{{{_OWS}}}Title", f"{coverage.kind.title.en}: products")
        box = el(out, f"{{{_OWS}}}WGS84BoundingBox")
        el(box, f"{{{_OWS}}}LowerCorner", f"{extent.west:.8f} {extent.south:.8f}")
        el(box, f"{{{_OWS}}}UpperCorner", f"{extent.east:.8f} {extent.north:.8f}")
        el(out, f"{{{WCSEO}}}DatasetSeriesId", f"{coverage.kind.id}{SERIES}")
        period(out, stretch, f"{coverage.kind.id}_timeperiod")


def series_description(parent: etree._Element, coverage: Coverage) -> None:
    """A wcseo:DatasetSeriesDescription, its box and its period."""
    extent, stretch = _reach(coverage)
    out = el(parent, f"{{{WCSEO}}}DatasetSeriesDescription")
    out.set(f"{{{_GML}}}id", f"s_{coverage.kind.id}")
    envelope = el(
        el(out, f"{{{_GML}}}boundedBy"),
        f"{{{_GML}}}Envelope",
        srsName=_LAT_LONG,
        axisLabels="Lat Long",
        uomLabels="deg deg",
        srsDimension="2",
    )
    el(envelope, f"{{{_GML}}}lowerCorner", f"{extent.south!r} {extent.west!r}")
    el(envelope, f"{{{_GML}}}upperCorner", f"{extent.north!r} {extent.east!r}")
    el(out, f"{{{WCSEO}}}DatasetSeriesId", f"{coverage.kind.id}{SERIES}")
    period(out, stretch, f"{coverage.kind.id}_period")


def _reach(coverage: Coverage) -> tuple[Box, Period]:
    summary = coverage.summary
    assert summary.extent and summary.first is not None and summary.last is not None
    return summary.extent, Period(summary.first, summary.last)
