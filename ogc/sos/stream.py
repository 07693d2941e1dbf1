# SPDX-License-Identifier: Apache-2.0
"""Observations as O&M 2.0 (10-025r1) and WaterML 2.0 (10-126r4), a page of points after the other.

Text is built by hand here, and only here: it takes a ninth of the time of a tree, and a tree of 100,000 points does not fit a request.
Every text that is not ours goes through `quoteattr`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from catalog.model.observation import Extent, Point, Quality, Series
from catalog.model.time import Micros, micros_text
from catalog.xml.build import clean
from config.series_types import ObservedProperty, SeriesType
from ogc.sos import names

_NAMESPACES = (
    'xmlns:sos="http://www.opengis.net/sos/2.0" xmlns:om="http://www.opengis.net/om/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
    'xmlns:swe="http://www.opengis.net/swe/2.0" xmlns:wml2="http://www.opengis.net/waterml/2.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_LOCATIONS = (
    "http://www.opengis.net/sos/2.0 http://schemas.opengis.net/sos/2.0/sos.xsd "
    "http://www.opengis.net/waterml/2.0 http://schemas.opengis.net/waterml/2.0/waterml2.xsd"
)
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
CSV_HEAD = "station,collection,observed_property,time,value,uncertainty,unit,quality,mission\r\n"
_OM_TYPE = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_TVP_TYPE = "http://www.opengis.net/def/observationType/waterml/2.0/MeasurementTimeseriesTVPObservation"
_QUALITY_TITLES = {quality: quality.value.title() for quality in Quality}


@dataclass(frozen=True)
class Told:
    """A series with what its encodings repeat."""

    number: int
    """Within the answer: makes its gml:ids unique."""
    series: Series
    kind: SeriesType
    observed: ObservedProperty
    base_url: str
    member: str = "observationData"
    """What an observation stands in."""

    def links(self) -> tuple[str, str, str]:
        """procedure, observedProperty and featureOfInterest, each with a title, which WaterML wants."""
        series, base = self.series, self.base_url
        return (
            _link("om:procedure", names.procedure(base, self.kind.id), self.kind.title.en),
            _link(
                "om:observedProperty",
                names.observed_property(base, series.observed_property),
                self.observed.title.en,
            ),
            _link("om:featureOfInterest", names.feature(base, series.station), series.station),
        )


@dataclass(frozen=True)
class Found:
    """A series with its points in the answer."""

    told: Told
    extent: Extent
    pages: Iterator[Sequence[Point]]


def head(response: str) -> str:
    """The beginning of a response."""
    return f'{DECLARATION}<sos:{response} {_NAMESPACES} xsi:schemaLocation="{_LOCATIONS}">'


def foot(response: str) -> str:
    """Its end."""
    return f"</sos:{response}>\n"


def measurements(told: Told, pages: Iterable[Sequence[Point]]) -> Iterator[str]:
    """One OM_Measurement a point; each says its result time inline, which is all that OWSLib reads of time."""
    procedure, observed, feature = told.links()
    unit, number, prefix = quoteattr(told.observed.unit), 0, f"o{told.number}_"
    middle, member = f"</om:resultTime>{procedure}{observed}{feature}", told.member
    before, after = escape(names.observation(told.base_url, f"{told.series.id}.\n")).split("\n")
    named = f'<gml:identifier codeSpace="uniqueID">{before}'
    for page in pages:
        out = []
        for point in page:
            number += 1
            mark, at = f"{prefix}{number}", _time(point.time)
            out.append(
                f'<sos:{member}><om:OM_Observation gml:id="{mark}">{named}{point.time}{after}</gml:identifier><om:type xlink:href="{_OM_TYPE}"/>'
                f'<om:phenomenonTime><gml:TimeInstant gml:id="{mark}p"><gml:timePosition>{at}</gml:timePosition></gml:TimeInstant></om:phenomenonTime>'
                f'<om:resultTime><gml:TimeInstant gml:id="{mark}r"><gml:timePosition>{at}</gml:timePosition></gml:TimeInstant>{middle}'
                f'{_accuracy(point, told)}<om:result xsi:type="gml:MeasureType" uom={unit}>{point.value!r}</om:result></om:OM_Observation></sos:{member}>'
            )
        yield "".join(out)


def timeseries(told: Told, extent: Extent, pages: Iterable[Sequence[Point]]) -> Iterator[str]:
    """One WaterML MeasurementTimeseries; the extent is that of its points in the answer."""
    procedure, observed, feature = told.links()
    mark, begin, end = f"w{told.number}", _time(extent.first), _time(extent.last)
    identifier = escape(names.series(told.base_url, told.series.id))
    period = f"<gml:beginPosition>{begin}</gml:beginPosition><gml:endPosition>{end}</gml:endPosition></gml:TimePeriod>"
    quality, way = told.series.quality, told.kind.interpolation
    yield (
        f'<sos:{told.member}><om:OM_Observation gml:id="{mark}"><gml:identifier codeSpace="uniqueID">{identifier}</gml:identifier>'
        f'<om:type xlink:href="{_TVP_TYPE}" xlink:title="MeasurementTimeseriesTVPObservation"/>'
        f'<om:phenomenonTime><gml:TimePeriod gml:id="{mark}p">{period}</om:phenomenonTime>'
        f'<om:resultTime><gml:TimeInstant gml:id="{mark}r"><gml:timePosition>{end}</gml:timePosition></gml:TimeInstant></om:resultTime>'
        f'{procedure}{observed}{feature}<om:result><wml2:MeasurementTimeseries gml:id="{mark}t">'
        f'<wml2:metadata><wml2:MeasurementTimeseriesMetadata><wml2:temporalExtent><gml:TimePeriod gml:id="{mark}e">{period}</wml2:temporalExtent>'
        "<wml2:cumulative>false</wml2:cumulative></wml2:MeasurementTimeseriesMetadata></wml2:metadata>"
        "<wml2:defaultPointMetadata><wml2:DefaultTVPMeasurementMetadata>"
        f"{_quality(quality)}"
        f"<wml2:uom code={quoteattr(told.observed.unit)}/>"
        f'<wml2:interpolationType xlink:href="http://www.opengis.net/def/waterml/2.0/interpolationType/{way}" xlink:title="{way}"/>'
        "</wml2:DefaultTVPMeasurementMetadata></wml2:defaultPointMetadata>"
    )
    before, after = _point_accuracy(told)
    for page in pages:
        yield "".join(
            f"<wml2:point><wml2:MeasurementTVP><wml2:time>{_time(point.time)}</wml2:time><wml2:value>{point.value!r}</wml2:value>"
            f"{_metadata(point, before, after)}</wml2:MeasurementTVP></wml2:point>"
            for point in page
        )
    yield f"</wml2:MeasurementTimeseries></om:result></om:OM_Observation></sos:{told.member}>"


def results(told: Told, pages: Iterable[Sequence[Point]]) -> Iterator[str]:
    """Blocks of GetResult: time, station, value, uncertainty (12-006, clause 11.3.2); what is missing is NaN."""
    station = escape(told.series.station)
    for page in pages:
        yield "".join(
            f"{_time(point.time)},{station},{point.value!r},{'NaN' if point.uncertainty is None else repr(point.uncertainty)}\n"
            for point in page
        )


def rows(told: Told, pages: Iterable[Sequence[Point]]) -> Iterator[str]:
    """Lines of CSV (RFC 4180); no field of them can hold a comma."""
    series = told.series
    before, unit = f"{series.station},{told.kind.id},{series.observed_property},", told.observed.unit
    for page in pages:
        yield "".join(
            f"{before}{_time(point.time)},{point.value!r},{'' if point.uncertainty is None else repr(point.uncertainty)},"
            f"{unit},{(point.quality or series.quality).value},{point.mission}\r\n"
            for point in page
        )


def _accuracy(point: Point, told: Told) -> str:
    if point.uncertainty is None:
        return ""
    unit = quoteattr(f"http://www.opengis.net/def/uom/UCUM/0/{told.observed.unit}")
    return (
        "<om:resultQuality><gmd:DQ_QuantitativeAttributeAccuracy><gmd:result><gmd:DQ_QuantitativeResult>"
        f'<gmd:valueUnit xlink:href={unit}/><gmd:value><gco:Record xsi:type="xs:double">{point.uncertainty!r}</gco:Record></gmd:value>'
        "</gmd:DQ_QuantitativeResult></gmd:result></gmd:DQ_QuantitativeAttributeAccuracy></om:resultQuality>"
    )


def _point_accuracy(told: Told) -> tuple[str, str]:
    """What stands before and after the uncertainty of a WaterML point."""
    definition = quoteattr(
        f"{names.observed_property(told.base_url, told.series.observed_property)}#uncertainty"
    )
    before = f"<wml2:accuracy><swe:Quantity definition={definition}><swe:uom code={quoteattr(told.observed.unit)}/><swe:value>"
    return before, "</swe:value></swe:Quantity></wml2:accuracy>"


def _metadata(point: Point, before: str, after: str) -> str:
    """A WaterML point's own quality and accuracy, where it has them."""
    if point.uncertainty is None and point.quality is None:
        return ""
    quality = _quality(point.quality) if point.quality else ""
    spread = "" if point.uncertainty is None else f"{before}{point.uncertainty!r}{after}"
    return f"<wml2:metadata><wml2:TVPMeasurementMetadata>{quality}{spread}</wml2:TVPMeasurementMetadata></wml2:metadata>"


def _quality(quality: Quality) -> str:
    return f'<wml2:quality xlink:href="http://www.opengis.net/def/waterml/2.0/quality/{quality.value}" xlink:title="{_QUALITY_TITLES[quality]}"/>'


def _link(tag: str, href: str, title: str) -> str:
    return f"<{tag} xlink:href={quoteattr(href)} xlink:title={quoteattr(clean(title))}/>"


def _time(at: Micros) -> str:
    return micros_text(at)
