# SPDX-License-Identifier: Apache-2.0
"""The requests of WCS as frozen values: KVP of 1.0.0 and of 2.0.1 meet in the same ones where they mean the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from catalog.crs import Crs, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import Micros, Period, read_instant
from config.limits import Limits
from ogc.http.fields import Field, four_numbers, integer, list_of, number, pixels, plain, shown
from ogc.http.kvp import Kvp
from ogc.maps.words import time_query
from tiles.times import TimeQuery

Version = Literal["1.0.0", "2.0.1"]
Form = Literal["geotiff", "netcdf"]
Packing = Literal["none", "lzw", "deflate"]
_MOST_IDS = 200
_FORMATS: dict[str, Form] = {
    **dict.fromkeys(("geotiff", "image/tiff", "image/geotiff", "tiff", "image/tiff;application=geotiff", "gtiff"), "geotiff"),
    **dict.fromkeys(("netcdf", "application/netcdf", "application/x-netcdf", "application/netcdf4"), "netcdf"),
}  # fmt: skip
_PACKINGS: dict[str, Packing] = {"none": "none", "lzw": "lzw", "deflate": "deflate"}
_METHODS = {
    "nearest": False, "nearest neighbor": False, "nearest-neighbor": False, "nearest_neighbor": False, "none": False, "near": False,
    "bilinear": True, "linear": True, "average": True,
    "http://www.opengis.net/def/interpolation/ogc/1/nearest-neighbor": False, "http://www.opengis.net/def/interpolation/ogc/1/linear": True,
}  # fmt: skip
_SUBSET = re.compile(r"([A-Za-z]+)(?:,([^(]+))?\(\s*([^(),]+?)\s*(?:,\s*([^(),]+?)\s*)?\)\Z", re.ASCII)
_SCALE = re.compile(r"([A-Za-z]+)\(\s*([^(),:]+?)\s*(?:[:,]\s*([^(),:]+?)\s*)?\)\Z", re.ASCII)
_AXES = {
    "x": "x", "e": "x", "long": "x", "lon": "x", "longitude": "x", "i": "x", "y": "y", "n": "y", "lat": "y", "latitude": "y", "j": "y", "time": "t",
    "phenomenontime": "t", "ansi": "t", "t": "t",
}  # fmt: skip
"""Axis labels, of envelopes and of grids, to ours."""


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """Which sections; None is all of them."""

    version: Version
    sections: tuple[str, ...] | None
    update_sequence: str


@dataclass(frozen=True, slots=True)
class DescribeCoverage:
    """Which coverages; none means all of them (1.0.0)."""

    version: Version
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """A stretch of an axis in the units of a CRS; None is the coverage's own end."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GetCoverage:
    """Values on a grid, as both versions ask for them."""

    version: Version
    id: str
    crs: Crs | None
    """Of the box; None is the native one."""
    output: Crs | None
    """Of the answer; None is that of the box."""
    x: Side
    y: Side
    time: TimeQuery
    width: int | None
    height: int | None
    resolution: tuple[float, float] | None
    factors: tuple[float, float] | None
    """Of the numbers of pixels in x and y."""
    bands: tuple[str, ...]
    """Names or numbers from 1; none means all of them. `a:b` is a range."""
    smooth: bool
    form: Form = "geotiff"
    with_gml: bool = False
    """As multipart/related: the coverage in GML, then the values (09-110r4, requirement 28)."""
    packing: Packing = "deflate"
    """Of a GeoTIFF."""


@dataclass(frozen=True, slots=True)
class DescribeCoverageSet:
    """The EO profile's DescribeEOCoverageSet (10-140r1, clause 12)."""

    version: Version
    ids: tuple[str, ...]
    """Of series, and of datasets."""
    within: bool
    """What lies within the box and the period, instead of what meets them."""
    box: Box | None
    """Degrees, WGS 84."""
    period: Period | None
    count: int | None
    coverages: bool
    series: bool


WcsRequest = GetCapabilities | DescribeCoverage | GetCoverage | DescribeCoverageSet


def read_version(kvp: Kvp) -> Version:
    """Version negotiation: GetCapabilities takes VERSION (1.0.0) or ACCEPTVERSIONS; without either, the highest. Never raises."""
    if kvp.get("VERSION", "") in ("1.0.0", "1.0"):
        return "1.0.0"
    accepted = [part.strip() for part in kvp.get("ACCEPTVERSIONS", "").split(",") if part.strip()]
    first = next((one for one in accepted if one in ("2.0.1", "2.0.0", "1.0.0")), "")
    return "1.0.0" if first == "1.0.0" else "2.0.1"


def read_request(kvp: Kvp, version: Version, limits: Limits) -> WcsRequest:
    """The request of parameters. Raises Fault with the parameter as the locator."""
    service = Field("SERVICE", plain).read(kvp)
    if service.upper() != "WCS":
        raise Fault(Kind.INVALID, f"{shown(service)} is not WCS", "service")
    name = Field("REQUEST", plain).read(kvp).lower()
    if name == "getcapabilities":
        return _capabilities(kvp, version)
    asked = Field("VERSION", plain).read(kvp)
    if asked not in ("1.0.0", "2.0.1", "2.0.0"):
        raise Fault(
            Kind.INVALID, f"{shown(asked)} is not a version of this service (1.0.0, 2.0.1)", "version"
        )
    if name == "describecoverage":
        return _describe(kvp, version)
    if name == "describeeocoverageset" and version == "2.0.1":
        return _coverage_set(kvp)
    if name == "getcoverage":
        return _coverage_100(kvp, limits) if version == "1.0.0" else _coverage_201(kvp, limits)
    raise Fault(
        Kind.UNKNOWN_OPERATION, f"{shown(kvp['REQUEST'])} is not an operation of this service", "request"
    )


def _capabilities(kvp: Kvp, version: Version) -> GetCapabilities:
    accepted = [part.strip() for part in kvp.get("ACCEPTVERSIONS", "").split(",") if part.strip()]
    if accepted and not {"2.0.1", "2.0.0", "1.0.0"} & set(accepted):
        raise Fault(Kind.UNKNOWN_VERSION, "this service speaks 2.0.1 and 1.0.0", "acceptVersions")
    named = [part for part in kvp.get("SECTIONS", kvp.get("SECTION", "")).split(",") if part.strip(" /")]
    sections = (
        None
        if not named or "all" in (part.lower() for part in named)
        else tuple(part.strip("/") for part in named)
    )
    return GetCapabilities(version, sections, kvp.get("UPDATESEQUENCE", ""))


def _describe(kvp: Kvp, version: Version) -> DescribeCoverage:
    if version == "1.0.0":
        return DescribeCoverage(version, Field("COVERAGE", list_of(plain, _MOST_IDS)).read_or(kvp, ()))
    found = Field("COVERAGEID", list_of(plain, _MOST_IDS)).read(kvp)
    if not all(found):
        raise Fault(Kind.MISSING, "a coverage id is empty", "coverageId")
    return DescribeCoverage(version, found)


def _coverage_set(kvp: Kvp) -> DescribeCoverageSet:
    """Trims of Lat, Long and phenomenonTime, each at most once; slices are not for sets (requirement 41)."""
    ids = Field("EOID", list_of(plain, _MOST_IDS)).read(kvp)
    if not all(ids):
        raise Fault(Kind.MISSING, "an eoId is empty", "eoId")
    sides: dict[str, Side] = {}
    period: Period | None = None
    for name in sorted(name for name in kvp if re.fullmatch(r"SUBSET[0-9]{0,2}", name)):
        for text in _split(kvp[name]):
            axis, low, high, point = _subset(text)
            if axis in sides or point:
                what = "a slice" if point else "subset twice"
                raise Fault(Kind.UNKNOWN_AXIS, f"the axis of {shown(text)} is {what}", "subset")
            sides[axis] = _span(low, high, text) if axis != "t" else Side(None, None)
            if axis == "t":
                period = _stretch(low, high)
    contained = kvp.get("CONTAINMENT", "overlaps").lower()
    if contained not in ("overlaps", "contains"):
        raise Fault(Kind.INVALID, f"{shown(contained)} is neither overlaps nor contains", "containment")
    sections = {part.strip().lower() for part in kvp.get("SECTIONS", "all").split(",")}
    unknown = sections - {"all", "coveragedescriptions", "datasetseriesdescriptions"}
    if unknown:
        raise Fault(Kind.INVALID, f"{shown(unknown.pop())} is not a section of this answer", "sections")
    count = Field("COUNT", integer).read_or(kvp, None)
    if count is not None and count < 0:
        raise Fault(Kind.INVALID, "a count is not negative", "count")
    everything = "all" in sections
    return DescribeCoverageSet(
        "2.0.1", ids, contained == "contains", _area(sides.get("x"), sides.get("y")), period, count,
        everything or "coveragedescriptions" in sections, everything or "datasetseriesdescriptions" in sections,
    )  # fmt: skip


def _area(x: Side | None, y: Side | None) -> Box | None:
    """The box of two sides in degrees; an open end is the world's."""
    if x is None and y is None:
        return None
    x, y = x or Side(None, None), y or Side(None, None)
    return Box(
        west=-180.0 if x.low is None else x.low,
        east=180.0 if x.high is None else x.high,
        south=-90.0 if y.low is None else y.low,
        north=90.0 if y.high is None else y.high,
    )


def _stretch(low: str, high: str) -> Period:
    """From an instant to another; `*` is without an end."""
    first = Micros(0) if low == "*" else read_instant(low).start
    last = Micros(1 << 61) if high == "*" else read_instant(high).end
    if last <= first:
        raise Fault(Kind.BAD_SUBSET, "a period must not end before it starts", "subset")
    return Period(first, last)


def _coverage_100(kvp: Kvp, limits: Limits) -> GetCoverage:
    """GetCoverage of 1.0.0 (03-065r6, clause 9): BBOX is always x, y; a size or a resolution; TIME and BANDS as range axes."""
    crs = _CRS.read(kvp)
    west, south, east, north = (None,) * 4 if "BBOX" not in kvp else _BBOX.read(kvp)
    time = Field("TIME", time_query).read_or(kvp, ())
    if west is None and not time:
        raise Fault(Kind.MISSING, "BBOX or TIME is required", "BBOX")
    if west is not None and (west >= (east or 0.0) or (south or 0.0) >= (north or 0.0)):
        raise invalid("BBOX: the first two numbers must be less than the last two", "BBOX")
    width, height = (
        Field(name, pixels(limits.coverage_side, "limits.coverage_side")).read_or(kvp, None)
        for name in ("WIDTH", "HEIGHT")
    )
    resolution = None
    if width is None or height is None:
        if "RESX" not in kvp or "RESY" not in kvp:
            raise Fault(Kind.MISSING, "WIDTH and HEIGHT, or RESX and RESY, are required", "WIDTH")
        resolution = (Field("RESX", _positive).read(kvp), Field("RESY", _positive).read(kvp))
    form = _format(kvp, required=True)
    bands = Field("BANDS" if "BANDS" in kvp else "BAND", list_of(plain, 100)).read_or(kvp, ())
    return GetCoverage(
        "1.0.0", Field("COVERAGE", plain).read(kvp), crs, _RESPONSE_CRS.read_or(kvp, None), Side(west, east), Side(south, north), time, width, height,
        resolution, None, _spans(bands), _method(kvp.get("INTERPOLATION", "")), form, False, _packing(kvp, form),
    )  # fmt: skip


def _coverage_201(kvp: Kvp, limits: Limits) -> GetCoverage:
    """GetCoverage of 2.0.1: subsets, scaling (12-039), range subsetting (12-040), CRS (11-053r1), interpolation (12-049)."""
    sides: dict[str, Side] = {}
    time: TimeQuery = Field("TIME", time_query).read_or(kvp, ())
    for name in sorted(name for name in kvp if re.fullmatch(r"SUBSET[0-9]{0,2}", name)):
        for text in _split(kvp[name]):
            axis, low, high, point = _subset(text)
            if axis in sides or (axis == "t" and "t" in sides):
                raise Fault(Kind.UNKNOWN_AXIS, f"the axis of {shown(text)} is subset twice", "subset")
            if axis == "t":
                sides["t"] = Side(None, None)
                time = Field("SUBSET", time_query).read({"SUBSET": low if point else f"{low}/{high}"})
            else:
                sides[axis] = _span(low, low if point else high, text)
    form = _format(kvp, required=False)
    if kvp.get("MEDIATYPE", "multipart/related") != "multipart/related":
        raise Fault(Kind.INVALID, "mediaType is multipart/related, or is not given", "mediaType")
    width, height, factors = _scaling(kvp, limits)
    bands = tuple(part for part in kvp.get("RANGESUBSET", "").split(",") if part)
    return GetCoverage(
        "2.0.1", Field("COVERAGEID", plain).read(kvp), _SUBSETTING_CRS.read_or(kvp, None), _OUTPUT_CRS.read_or(kvp, None),
        sides.get("x", Side(None, None)), sides.get("y", Side(None, None)), time, width, height, None, factors, _spans(bands),
        _method(kvp.get("INTERPOLATION", "")), form, "MEDIATYPE" in kvp, _packing(kvp, form),
    )  # fmt: skip


def _split(text: str) -> list[str]:
    """`E(1,2)` or, joined by some clients, `E(1,2),N(3,4)`."""
    return [part.strip() for part in re.split(r"(?<=\)),", text) if part.strip()]


def _subset(text: str) -> tuple[str, str, str, bool]:
    """Axis, low, high, and whether it is a slice. Raises Fault INVALID or UNKNOWN_AXIS."""
    match = _SUBSET.match(text.strip())
    if not match:
        raise Fault(Kind.INVALID, f"{shown(text)} is not a subset such as Lat(43,44)", "subset")
    axis = _AXES.get(match[1].lower())
    if axis is None:
        raise Fault(Kind.UNKNOWN_AXIS, f"the coverage has no axis {shown(match[1])}", match[1][:40])
    low, high = match[3].strip('"'), (match[4] or "").strip('"')
    return axis, low, high, match[4] is None


def _span(low: str, high: str, text: str) -> Side:
    first, last = (None if part == "*" else _coordinate(part) for part in (low, high))
    if first is not None and last is not None and first > last:
        raise Fault(Kind.BAD_SUBSET, f"{shown(text)}: low is above high", "subset")
    return Side(first, last)


def _coordinate(text: str) -> float:
    try:
        return number(text)
    except Fault as fault:
        raise Fault(Kind.INVALID, f"subset: {fault.text}", "subset") from fault


def _scaling(kvp: Kvp, limits: Limits) -> tuple[int | None, int | None, tuple[float, float] | None]:
    """Width, height, factors (12-039): the four forms exclude each other."""
    given = [name for name in ("SCALEFACTOR", "SCALESIZE", "SCALEAXES", "SCALEEXTENT") if name in kvp]
    if len(given) > 1:
        raise Fault(Kind.INVALID, f"{given[0]} and {given[1]} exclude each other", given[1].lower())
    if "SCALEFACTOR" in kvp:
        factor = _factor(kvp["SCALEFACTOR"], "scaleFactor")
        return None, None, (factor, factor)
    if "SCALEAXES" in kvp:
        told = _each_axis(kvp["SCALEAXES"], "scaleAxes", spans=False)
        factors = {axis: _factor(value, "scaleAxes") for axis, (value, _) in told.items()}
        return None, None, (factors.get("x", 1.0), factors.get("y", 1.0))
    if "SCALESIZE" in kvp:
        sizes = {
            axis: _size(value, limits)
            for axis, (value, _) in _each_axis(kvp["SCALESIZE"], "scaleSize", spans=False).items()
        }
        return sizes.get("x"), sizes.get("y"), None
    if "SCALEEXTENT" in kvp:
        told = _each_axis(kvp["SCALEEXTENT"], "scaleExtent", spans=True)
        sizes = {axis: _extent(low, high, limits) for axis, (low, high) in told.items()}
        return sizes.get("x"), sizes.get("y"), None
    return None, None, None


def _each_axis(text: str, locator: str, *, spans: bool) -> dict[str, tuple[str, str]]:
    """`i(…),j(…)` by our axes. Raises Fault UNKNOWN_AXIS or INVALID."""
    out: dict[str, tuple[str, str]] = {}
    for part in _split(text):
        match = _SCALE.match(part)
        if match is None or (match[3] is not None) != spans:
            raise Fault(
                Kind.INVALID, f"{locator}: {shown(part)} is not {'i(0:511)' if spans else 'i(2)'}", locator
            )
        axis = _AXES.get(match[1].lower())
        if axis not in ("x", "y") or axis in out:
            raise Fault(Kind.UNKNOWN_AXIS, f"{shown(match[1])} is no axis, or is scaled twice", locator)
        out[axis] = (match[2], match[3] or "")
    return out


def _factor(text: str, locator: str) -> float:
    factor = Field(locator.upper(), number).read({locator.upper(): text})
    if factor <= 0:
        raise Fault(Kind.BAD_SCALE, "a scale factor is positive", locator)
    return factor


def _size(text: str, limits: Limits) -> int:
    return Field("SCALESIZE", pixels(limits.coverage_side, "limits.coverage_side")).read({"SCALESIZE": text})


def _extent(low: str, high: str, limits: Limits) -> int:
    """How many pixels lie from low to high, both in."""
    first, last = (Field("SCALEEXTENT", integer).read({"SCALEEXTENT": one}) for one in (low, high))
    if last < first:
        raise Fault(Kind.BAD_SUBSET, f"{low} is above {high}", "scaleExtent")
    return _size(str(last - first + 1), limits)


def _spans(bands: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for part in bands)


def _format(kvp: Kvp, *, required: bool) -> Form:
    text = Field("FORMAT", plain).read(kvp) if required else Field("FORMAT", plain).read_or(kvp, "image/tiff")
    found = _FORMATS.get(text.lower().replace(" ", ""))
    if found is None:
        raise Fault(
            Kind.UNKNOWN_FORMAT,
            f"{shown(text)} is not a format of this service (image/tiff, application/netcdf)",
            "format",
        )
    return found


def _packing(kvp: Kvp, form: Form) -> Packing:
    """`geotiff:compression` (12-100r1, 6.4). Raises Fault INVALID for one that we do not write, and where there is no GeoTIFF."""
    text = kvp.get("GEOTIFF:COMPRESSION", "Deflate").lower()
    found = _PACKINGS.get(text)
    if found is None or (form != "geotiff" and "GEOTIFF:COMPRESSION" in kvp):
        raise Fault(
            Kind.INVALID,
            f"{shown(text)} is not offered here; there are None, LZW and Deflate, of GeoTIFF",
            "geotiff:compression",
        )
    return found


def _method(text: str) -> bool:
    """Whether values between pixels are interpolated; nearest is the default, which changes no value."""
    if not text:
        return False
    found = _METHODS.get(text.lower().strip())
    if found is None:
        raise Fault(
            Kind.BAD_METHOD, f"{shown(text)} is not an interpolation of this service", "interpolation"
        )
    return found


def _positive(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise invalid("must be positive")
    return value


_CRS = Field("CRS", lambda text: read_crs(text, "CRS"))
_RESPONSE_CRS = Field("RESPONSE_CRS", lambda text: read_crs(text, "RESPONSE_CRS"))
_SUBSETTING_CRS = Field("SUBSETTINGCRS", lambda text: read_crs(text, "subsettingCrs"))
_OUTPUT_CRS = Field("OUTPUTCRS", lambda text: read_crs(text, "outputCrs"))
_BBOX = Field("BBOX", four_numbers)
