# SPDX-License-Identifier: Apache-2.0
"""Series as CSV, and as columns for a chart; files of them are `ogc.series.files`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from catalog.model.faults import too_large
from catalog.model.observation import Point
from catalog.model.time import micros_text
from ogc.series.rows import SeriesReader, Told

COLUMNS = (
    "station", "collection", "observed_property", "time", "value", "uncertainty", "unit", "quality", "mission", "longitude", "latitude", "name",
    "water", "basin", "country", "datum",
)  # fmt: skip


def as_csv(reader: SeriesReader, most: int) -> Iterator[bytes]:
    """Lines of CSV (RFC 4180), a page after the other."""
    yield f"{_line(COLUMNS)}\r\n".encode()
    for told in reader.series(most):
        before = _line((told.series.station, told.series.collection, told.series.observed_property))
        unit, place = _line((told.observed.unit,)), _line(place_of(told))
        usual = told.series.quality
        missions: dict[str, str] = {}
        for page in reader.points(told.series):
            for mission in {one.mission for one in page} - missions.keys():
                missions[mission] = _line((mission,))
            yield "".join(
                f"{before},{at},{one.value!r},{'' if one.uncertainty is None else repr(one.uncertainty)},{unit},"
                f"{(one.quality or usual).value},{missions[one.mission]},{place}\r\n"
                for one, at in zip(page, _times(page), strict=True)
            ).encode()


def _times(page: Sequence[Point]) -> list[str]:
    """The times of points as `micros_text` writes them, all at once where they are whole seconds."""
    micros = [one.time for one in page]
    if any(one % 1_000_000 for one in micros):
        return [micros_text(one) for one in micros]
    texts: list[str] = np.datetime_as_string(
        np.array(micros, "datetime64[us]"), unit="s", timezone="UTC"
    ).tolist()
    return texts


def as_json(reader: SeriesReader, most_series: int, most_points: int) -> bytes:
    """Columns for a chart: times in milliseconds since 1970 (UTC), values, uncertainties, missions. Raises Fault TOO_LARGE."""
    out: list[dict[str, Any]] = []
    left = most_points
    for told in reader.series(most_series):
        points = [point for page in reader.points(told.series) for point in page]
        left -= len(points)
        if left < 0:
            raise too_large("more observations", most_points, "limits.chart_points")
        out.append(
            {
                "id": told.series.id, "station": told.series.station, "name": told.station.name, "water": told.station.water,
                "collection": told.series.collection, "property": told.series.observed_property, "title": told.observed.title.model_dump(),
                "unit": told.observed.unit, "datum": told.series.datum, "quality": told.series.quality.value, "mean": told.series.mean,
                "deviation": told.series.deviation, "times": [point.time // 1000 for point in points], "values": [point.value for point in points],
                "uncertainties": [point.uncertainty for point in points], "missions": [point.mission for point in points],
                "qualities": [point.quality.value if point.quality else "" for point in points],
            }
        )  # fmt: skip
    return json.dumps({"series": out}, allow_nan=False, separators=(",", ":")).encode()


def place_of(told: Told) -> tuple[str, ...]:
    """Longitude, latitude, names and datum of a series, in the order of the columns."""
    station = told.station
    return (
        repr(station.longitude), repr(station.latitude), station.name, station.water, station.basin, station.country, told.series.datum,
    )  # fmt: skip


def _line(values: Sequence[str]) -> str:
    """Values of a line that are the same for many lines, so quoted once."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    text = buffer.getvalue()
    return "" if values == ("",) else text
