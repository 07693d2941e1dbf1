# SPDX-License-Identifier: Apache-2.0
"""WCS words to extractions: both versions choose a grid, the values are the catalogue's own counts."""

from __future__ import annotations

import itertools
import math
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.crs import Crs, transform_box
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, too_large
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Grid
from catalog.model.time import Day, Instant, Micros, Period, day_instant, day_of, day_period
from catalog.query import Among, And, Compare, During, Filter, Meets, Or, Property, Relation
from catalog.raster.write import BandLabel, write_geotiff, write_geotiff_rows
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.fields import shown
from ogc.http.ows import check_update_sequence
from ogc.maps.service import Answer
from ogc.wcs import eo, v100, v201
from ogc.wcs.coverages import Coverage, Coverages
from ogc.wcs.request import (
    DescribeCoverage,
    DescribeCoverageSet,
    GetCapabilities,
    GetCoverage,
    Packing,
    Side,
    WcsRequest,
)
from tiles.frame import Frame
from tiles.queries import ExtractQuery
from tiles.service import Extracted, Tiles
from tiles.times import Current, Interval, TimeQuery

XML = "text/xml; charset=utf-8"
_IN_MEMORY = 20_000_000
"""Values of an answer that is made in memory; larger GeoTIFFs are made on disk."""
_ROWS = 32
"""At a time: what is held is these rows of all bands, some times over; fewer save little memory more and cost reprojections time."""
_MEDIA = {"geotiff": "image/tiff", "netcdf": "application/netcdf"}
_SUFFIX = {"geotiff": "tif", "netcdf": "nc"}


@dataclass(frozen=True)
class Large:
    """An answer that is made in a file, outside of the threads that draw, until it is whole or nobody waits for it any more."""

    make: Callable[[Path, threading.Event], None]
    media_type: str
    headers: Mapping[str, str]


class WcsService:
    """Answers requests of one process; safe to share between threads."""

    def __init__(self, catalog: Catalog, tiles: Tiles, settings: Settings) -> None:
        self._catalog, self._tiles, self._settings = catalog, tiles, settings
        self._coverages = Coverages(catalog, time_axis=settings.wcs.time_axis)

    def answer(self, request: WcsRequest, who: Principal, base_url: str) -> Answer | Large:
        """The answer to a request. Raises Fault."""
        deadline = Deadline.after(self._settings.limits.render_seconds)
        match request:
            case GetCapabilities():
                return self._capabilities(request, who, base_url, deadline)
            case DescribeCoverage():
                return self._describe(request, who, deadline)
            case GetCoverage():
                return self._coverage(request, who, deadline)
            case DescribeCoverageSet():
                return self._describe_set(request, who, deadline)

    def _capabilities(
        self, request: GetCapabilities, who: Principal, base_url: str, deadline: Deadline
    ) -> Answer:
        revision = self._catalog.revision()
        check_update_sequence(request.update_sequence, revision)
        found = tuple(self._coverages.offered(who, deadline))
        told = (self._settings.service, base_url, found, str(revision), request.sections)
        body = (
            v100.capabilities(*told)
            if request.version == "1.0.0"
            else v201.capabilities(*told, self._settings.limits.coverage_set)
        )
        return Answer(body, XML, {"Cache-Control": "max-age=60"})

    def _describe(self, request: DescribeCoverage, who: Principal, deadline: Deadline) -> Answer:
        if request.ids:
            found = tuple(self._coverages.coverage(name, who, deadline) for name in request.ids)
        else:
            found = tuple(self._coverages.offered(who, deadline))
        body = v100.descriptions(found) if request.version == "1.0.0" else v201.descriptions(found)
        return Answer(body, XML, {"Cache-Control": "max-age=60"})

    def _describe_set(self, request: DescribeCoverageSet, who: Principal, deadline: Deadline) -> Answer:
        """The datasets of series, or by their ids, that meet or lie within a box and a period (10-140r1, clause 12)."""
        series, single = [], []
        for name in request.ids:
            collection = name.removesuffix(eo.SERIES)
            if name.endswith(eo.SERIES) and self._coverages.is_offered(collection, who, deadline):
                series.append(collection)
            else:
                single.append(self._dataset(name, who, deadline))
        box = request.box
        parts: list[Filter] = [
            Or((Among(Property.COLLECTION, tuple(series)), Among(Property.ID, tuple(single)))),
            *((Meets(box),) if box else ()),
            *((During(request.period),) if request.period else ()),
        ]
        if request.within and request.period:
            parts += [
                Compare(Property.START, Relation.AT_LEAST, request.period.start),
                Compare(Property.END, Relation.AT_MOST, request.period.end),
            ]
        tree = And(tuple(parts))
        most = self._settings.limits.coverage_set
        count = most if request.count is None else min(request.count, most)
        if request.within and box:
            found = self._catalog.search(tree, who, deadline, limit=self._settings.limits.scenes_per_map)
            inside = [one for one in found if all(eo.lies_within(part, box) for part in one.boxes)]
            matched, chosen = len(inside), inside[:count]
        else:
            matched = self._catalog.count(tree, who, deadline)
            chosen = list(self._catalog.search(tree, who, deadline, limit=count)) if count else []
        datasets = [made for one in chosen if (made := self._coverages.dataset(one, who, deadline))]
        offered = [one for one in self._coverages.offered(who, deadline) if one.kind.id in series]
        body = eo.set_description(
            datasets if request.coverages else None, offered if request.series else None, matched
        )
        return Answer(body, XML, {"Cache-Control": "max-age=60"})

    def _dataset(self, name: str, who: Principal, deadline: Deadline) -> str:
        """The id of a dataset. Raises Fault UNKNOWN_LAYER."""
        try:
            return self._coverages.coverage(name, who, deadline).id
        except Fault as fault:
            raise Fault(Kind.UNKNOWN_LAYER, fault.text, "eoId") from fault

    def _coverage(self, request: GetCoverage, who: Principal, deadline: Deadline) -> Answer | Large:
        coverage = self._coverages.coverage(request.id, who, deadline)
        bands = chosen_bands(coverage, request.bands)
        frame = frame_of(request, coverage)
        time = request.time or ((day_instant(coverage.product.day),) if coverage.product else ())
        only = coverage.product.id if coverage.product else ""
        query = ExtractQuery(coverage.kind, bands, time, request.smooth, only=only)
        box = frame.box
        grid = Grid(
            frame.crs.epsg,
            box.west,
            box.north,
            box.width / frame.width,
            box.height / frame.height,
            frame.width,
            frame.height,
        )
        if (
            frame.width * frame.height * len(bands) > _IN_MEMORY
            and request.form == "geotiff"
            and not request.with_gml
        ):
            return self._large(coverage, query, frame, grid, request.packing, who)
        media, name = _MEDIA[request.form], f"{coverage.id}.{_SUFFIX[request.form]}"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        if coverage.days and not (len(time) == 1 and isinstance(time[0], Instant)):
            if request.form != "netcdf" or request.with_gml:
                raise Fault(
                    Kind.INVALID,
                    "a stack of dates comes as application/netcdf; slice the axis time for another format",
                    "subset",
                )
            return Answer(self._stack(coverage, query, frame, grid, who, deadline), media, headers)
        found = self._tiles.extract(query, frame, who, deadline)
        periods = [Period(found.resolved.start, found.resolved.end)] if found.resolved else []
        body = (
            _geotiff(coverage, bands, found, grid, request.packing)
            if request.form == "geotiff"
            else self._netcdf(coverage, bands, found.counts, grid, periods)
        )
        if found.resolved:
            headers["X-Time"] = found.resolved.text[:200]
        if not request.with_gml:
            return Answer(body, media, headers)
        told = v201.coverage(
            coverage, frame.crs, grid, bands, periods[0] if periods else None, f"cid:{name}", media
        )
        return _related(told, body, media, name)

    def _large(
        self,
        coverage: Coverage,
        query: ExtractQuery,
        frame: Frame,
        grid: Grid,
        packing: Packing,
        who: Principal,
    ) -> Large:
        """A GeoTIFF that is made on disk some rows at a time. Raises Fault TOO_LARGE, BAD_TIME, UNAVAILABLE before it begins."""
        limits = self._settings.limits
        self._tiles.must_be_within(query, frame, limits.coverage_file_values, "limits.coverage_file_values")
        nodata = tuple(coverage.kind.bands[name].void for name in query.bands)
        labels = [BandLabel(name, *_scale(coverage, name)) for name in query.bands]
        dtype = coverage.kind.bands[query.bands[0]].dtype
        none = _shared_nodata(coverage, query.bands, nodata)
        name = f"{coverage.id}.tif"

        def make(path: Path, stop: threading.Event) -> None:
            deadline = Deadline.after(limits.stream_seconds)
            rows = self._tiles.extract_rows(query, frame, who, deadline, _ROWS)
            parts = itertools.takewhile(lambda _: not stop.is_set(), (one.counts for one in rows))
            write_geotiff_rows(path, parts, grid, len(query.bands), dtype, none, labels, packing)

        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Large(make, _MEDIA["geotiff"], headers)

    def _stack(
        self,
        coverage: Coverage,
        query: ExtractQuery,
        frame: Frame,
        grid: Grid,
        who: Principal,
        deadline: Deadline,
    ) -> bytes:
        """The dates of a stretch of the time axis, one behind the other, as netCDF. Raises Fault TOO_LARGE before the first is read."""
        days = _days_of(query.time, coverage.days)
        most = self._settings.limits.coverage_values
        cost = frame.width * frame.height * len(query.bands) * len(days)
        if cost > most:
            raise too_large(
                f"{len(days)} dates, {cost} values; ask for less", most, "limits.coverage_values", "subset"
            )
        if not days:
            raise Fault(Kind.BAD_SUBSET, "there is no date in this stretch of time", "subset")
        found = [
            self._tiles.extract(replace(query, time=(day_instant(day),)), frame, who, deadline).counts
            for day in days
        ]
        periods = [day_period(day) for day in days]
        return self._netcdf(coverage, query.bands, np.stack(found, axis=1), grid, periods)

    def _netcdf(
        self,
        coverage: Coverage,
        bands: tuple[str, ...],
        counts: NDArray[Any],
        grid: Grid,
        periods: Sequence[Period],
    ) -> bytes:
        """The library is loaded by the first request for one."""
        from catalog.raster.netcdf import Variable, write_netcdf

        kind = coverage.kind
        about = {
            "title": kind.title.en,
            "institution": self._settings.service.contact.organisation,
            "source": kind.producer,
            "license": kind.licence,
        }
        variables = []
        for name in bands:
            band = kind.bands[name]
            packed = (1.0, 0.0, "1") if band.categorical else (band.scale, band.offset, band.unit)
            flags, bits = (
                {one.value: one.title.en for one in band.classes},
                {one.bit: one.title.en for one in band.bits},
            )
            variables.append(
                Variable(name, band.title.en, *packed, band.nodata[0] if band.nodata else None, flags, bits)
            )
        return write_netcdf(np.ascontiguousarray(counts), grid, variables, periods, about)


def _geotiff(
    coverage: Coverage, bands: tuple[str, ...], found: Extracted, grid: Grid, packing: Packing
) -> bytes:
    labels = [BandLabel(name, *_scale(coverage, name)) for name in bands]
    none = _shared_nodata(coverage, bands, found.nodata)
    return write_geotiff(np.ascontiguousarray(found.counts), grid, none, None, labels, packing)


def _shared_nodata(coverage: Coverage, bands: Sequence[str], counts: Sequence[float]) -> float | None:
    """The one count that means "no value" in every band that has one; None where they differ."""
    found = {count for count, name in zip(counts, bands, strict=True) if coverage.kind.bands[name].nodata}
    return found.pop() if len(found) == 1 else None


def _days_of(time: TimeQuery, days: Sequence[Day]) -> list[Day]:
    """The days of an axis that a time names; all of them where it names none."""
    if not time:
        return list(days)
    spans = []
    for one in time:
        if isinstance(one, Current):
            return list(days[-1:])
        first, last = (one.start, one.end) if isinstance(one, Interval) else (one, one)
        spans.append((day_of(first.start), day_of(Micros(last.end - 1))))
    return [day for day in days if any(first <= day <= last for first, last in spans)]


def _related(told: bytes, body: bytes, media: str, name: str) -> Answer:
    """multipart/related (RFC 2387): the coverage in GML, and the values that it refers to."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/gml+xml\r\nContent-ID: <coverage>\r\n\r\n".encode()
    between = (
        f"\r\n--{boundary}\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{name}>\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    ).encode()
    whole = head + told + between + body + f"\r\n--{boundary}--\r\n".encode()
    return Answer(
        whole, f'multipart/related; boundary="{boundary}"; type="application/gml+xml"; start="<coverage>"', {}
    )


def chosen_bands(coverage: Coverage, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Bands by names, by numbers from 1, or by ranges of either. Raises Fault UNKNOWN_BAND or INVALID."""
    names = tuple(coverage.bands)

    def position(text: str) -> int:
        if text in names:
            return names.index(text)
        if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(names):
            return int(text[:4]) - 1
        raise Fault(
            Kind.UNKNOWN_BAND,
            f"{coverage.id} has no band {shown(text)}; there are {', '.join(names)}",
            text[:40],
        )

    out: list[str] = []
    for text in wanted:
        first, colon, last = text.partition(":")
        start = position(first)
        stop = position(last) if colon else start
        if stop < start:
            raise Fault(Kind.INVALID, f"the range {shown(text)} runs backwards", "rangeSubset")
        out += names[start : stop + 1]
    return tuple(dict.fromkeys(out)) or names


def frame_of(request: GetCoverage, coverage: Coverage) -> Frame:
    """The grid of an answer. In the native CRS of 2.0.1 it lies on native pixels, so that unscaled values are the stored ones."""
    crs = request.crs or coverage.crs
    output = request.output or crs
    for one, locator in ((crs, "subsettingCrs"), (output, "outputCrs")):
        if one.epsg not in {known.epsg for known in coverage.crs_list}:
            raise Fault(
                Kind.UNKNOWN_CRS,
                f"{coverage.id} is not given in {one.name}",
                locator if request.version == "2.0.1" else "CRS",
            )
    domain = _domain(coverage, crs)
    if request.version == "1.0.0":
        box = (
            domain
            if request.x.low is None
            else Box(
                west=request.x.low,
                south=request.y.low or 0.0,
                east=request.x.high or 0.0,
                north=request.y.high or 0.0,
            )
        )
        return _sized(request, coverage, crs, output, box)
    west, east = _trimmed(request.x, domain.west, domain.east)
    south, north = _trimmed(request.y, domain.south, domain.north)
    return _sized(request, coverage, crs, output, Box(west=west, south=south, east=east, north=north))


def _domain(coverage: Coverage, crs: Crs) -> Box:
    if crs.epsg == coverage.grid.epsg:
        return coverage.grid.box
    found = transform_box(coverage.grid.box, coverage.grid.epsg, crs.epsg)
    if found is None:
        raise Fault(Kind.UNKNOWN_CRS, f"{coverage.id} does not lie in {crs.name}", "CRS")
    return found


def _trimmed(side: Side, low: float, high: float) -> tuple[float, float]:
    """A stretch within the domain. Raises Fault BAD_SUBSET for one outside of it; low = high is one pixel."""
    first, last = low if side.low is None else side.low, high if side.high is None else side.high
    if last < low or first > high:
        raise Fault(Kind.BAD_SUBSET, f"{first:g} to {last:g} is outside of {low:g} to {high:g}", "subset")
    return max(first, low), min(last, high)


def _sized(request: GetCoverage, coverage: Coverage, crs: Crs, output: Crs, box: Box) -> Frame:
    grid = coverage.grid
    if crs.epsg == grid.epsg and request.version == "2.0.1":
        box = _on_pixels(grid, box)
    native = box if crs.epsg == grid.epsg else transform_box(box, crs.epsg, grid.epsg)
    if output.epsg != crs.epsg:
        moved = transform_box(box, crs.epsg, output.epsg)
        if moved is None:
            raise Fault(Kind.UNKNOWN_CRS, f"the box does not lie in {output.name}", "outputCrs")
        box = moved
    if request.resolution:
        across, down = request.resolution
        width, height = _count(box.width / across), _count(box.height / down)
    else:
        width = _count(native.width / grid.pixel_width) if native else 1
        height = _count(native.height / grid.pixel_height) if native else 1
        if request.factors is not None:
            width, height = _count(width * request.factors[0]), _count(height * request.factors[1])
    if not (box.width and box.height):
        box = box.grown(grid.pixel_width / 2, grid.pixel_height / 2)
    return Frame(output, box, request.width or width, request.height or height)


def _on_pixels(grid: Grid, box: Box) -> Box:
    """The box grown to whole native pixels; a line or a point is the pixel that holds it."""
    slack = 1e-6
    left = min(grid.width - 1, math.floor((box.west - grid.west) / grid.pixel_width + slack))
    right = max(left + 1, math.ceil((box.east - grid.west) / grid.pixel_width - slack))
    top = min(grid.height - 1, math.floor((grid.north - box.north) / grid.pixel_height + slack))
    bottom = max(top + 1, math.ceil((grid.north - box.south) / grid.pixel_height - slack))
    return Box(
        west=grid.west + left * grid.pixel_width, east=grid.west + right * grid.pixel_width,
        north=grid.north - top * grid.pixel_height, south=grid.north - bottom * grid.pixel_height,
    )  # fmt: skip


def _count(pixels: float) -> int:
    return max(1, round(min(pixels, 1e9)))


def _scale(coverage: Coverage, name: str) -> tuple[float, float, str]:
    band = coverage.kind.bands[name]
    return (1.0, 0.0, "") if band.categorical else (band.scale, band.offset, band.unit)
