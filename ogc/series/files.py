# SPDX-License-Identifier: Apache-2.0
"""Series as Parquet and netCDF (CF 1.11, discrete sampling geometry: contiguous ragged array of time series).

Imported by the first request for one: the libraries take 40 MB of each worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.model.faults import Fault, Kind
from catalog.model.observation import Point
from config.settings import Service
from ogc.series.forms import COLUMNS, place_of
from ogc.series.rows import SeriesReader, Told

_SCHEMA = pa.schema(
    [
        ("station", pa.dictionary(pa.int32(), pa.string())), ("collection", pa.dictionary(pa.int32(), pa.string())),
        ("observed_property", pa.dictionary(pa.int32(), pa.string())), ("time", pa.timestamp("us", tz="UTC")), ("value", pa.float64()),
        ("uncertainty", pa.float64()), ("unit", pa.dictionary(pa.int32(), pa.string())), ("quality", pa.dictionary(pa.int32(), pa.string())),
        ("mission", pa.dictionary(pa.int32(), pa.string())), ("longitude", pa.float64()), ("latitude", pa.float64()), ("name", pa.string()),
        ("water", pa.string()), ("basin", pa.string()), ("country", pa.string()), ("datum", pa.string()),
    ]
)  # fmt: skip
_ROWS = 100_000
"""Rows of a group of a Parquet file."""


def write_parquet(reader: SeriesReader, most: int, path: Path) -> None:
    """A Parquet file, zstd, a row for each point, sorted by station, collection, property and time; time in UTC."""
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as out:
        rows: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for told in reader.series(most):
            for page in reader.points(told.series):
                _collect(rows, told, page)
                if len(rows["time"]) >= _ROWS:
                    out.write_table(pa.table(rows, schema=_SCHEMA))
                    rows = {name: [] for name in COLUMNS}
        if rows["time"]:
            out.write_table(pa.table(rows, schema=_SCHEMA))


def _collect(rows: dict[str, list[Any]], told: Told, page: Sequence[Point]) -> None:
    series = told.series
    fixed: dict[str, str | float] = dict(zip(COLUMNS[9:], place_of(told), strict=True))
    fixed |= {
        "station": series.station, "collection": series.collection, "observed_property": series.observed_property, "unit": told.observed.unit,
        "longitude": told.station.longitude, "latitude": told.station.latitude,
    }  # fmt: skip
    for name, value in fixed.items():
        rows[name].extend([value] * len(page))
    rows["time"].extend(one.time for one in page)
    rows["value"].extend(one.value for one in page)
    rows["uncertainty"].extend(one.uncertainty for one in page)
    rows["quality"].extend((one.quality or series.quality).value for one in page)
    rows["mission"].extend(one.mission for one in page)


def write_netcdf(reader: SeriesReader, most: int, path: Path, service: Service) -> None:
    """A netCDF-4 file of one observed property. Raises Fault INVALID where the series have several, or none is there."""
    found = list(reader.series(most))
    names = {(one.series.observed_property, one.observed.unit) for one in found}
    if len(names) != 1:
        several = ", ".join(sorted(name for name, _ in names)) or "none"
        raise Fault(
            Kind.INVALID, f"a netCDF file holds one property, these series have {several}; say which with property=", "property"
        )  # fmt: skip
    with netCDF4.Dataset(path, "w", format="NETCDF4") as out:
        _head(out, found, service)
        _values(out, reader, found)


def _head(out: netCDF4.Dataset, found: Sequence[Told], service: Service) -> None:
    """Dimensions, attributes, and what there is of each station (CF 1.11, H.2.4)."""
    out.setncatts(
        {
            "Conventions": "CF-1.11", "featureType": "timeSeries", "title": found[0].observed.title.en, "institution": service.contact.organisation,
            "source": ", ".join(sorted({one.series.producer for one in found})), "history": "exported by Hysope",
        }
    )  # fmt: skip
    out.createDimension("station", len(found))
    out.createDimension("obs", None)
    identifier = out.createVariable("station_id", str, ("station",))
    identifier.setncatts({"cf_role": "timeseries_id", "long_name": "station and collection"})
    for number, one in enumerate(found):
        identifier[number] = f"{one.series.station}.{one.series.collection}"
    for name, facts, values in (
        ("longitude", {"standard_name": "longitude", "units": "degrees_east"}, [one.station.longitude for one in found]),
        ("latitude", {"standard_name": "latitude", "units": "degrees_north"}, [one.station.latitude for one in found]),
    ):  # fmt: skip
        variable = out.createVariable(name, "f8", ("station",))
        variable.setncatts(facts)
        variable[:] = values
    for name, texts in (
        ("station_name", [one.station.name for one in found]), ("water", [one.station.water for one in found]),
        ("basin", [one.station.basin for one in found]), ("collection", [one.series.collection for one in found]),
        ("datum", [one.series.datum for one in found]),
    ):  # fmt: skip
        variable = out.createVariable(name, str, ("station",))
        for number, text in enumerate(texts):
            variable[number] = text


def _values(out: netCDF4.Dataset, reader: SeriesReader, found: Sequence[Told]) -> None:
    told = found[0]
    name = told.series.observed_property
    sizes = out.createVariable("row_size", "i4", ("station",))
    sizes.setncatts({"long_name": "number of observations of the station", "sample_dimension": "obs"})
    time = out.createVariable("time", "f8", ("obs",), zlib=True)
    time.setncatts(
        {
            "standard_name": "time",
            "units": "seconds since 1970-01-01 00:00:00",
            "calendar": "standard",
            "units_metadata": "leap_seconds: none",
        }
    )
    value = out.createVariable(name, "f8", ("obs",), zlib=True)
    spread = out.createVariable(f"{name}_uncertainty", "f8", ("obs",), zlib=True, fill_value=np.nan)
    common = {"units": told.observed.unit, "coordinates": "time latitude longitude"}
    value.setncatts(
        {**common, "long_name": told.observed.title.en, "ancillary_variables": f"{name}_uncertainty"}
    )
    spread.setncatts({**common, "long_name": "one standard deviation"})
    at, counts = 0, []
    for one in found:
        before = at
        for page in reader.points(one.series):
            until = at + len(page)
            time[at:until] = [point.time / 1e6 for point in page]
            value[at:until] = [point.value for point in page]
            spread[at:until] = [np.nan if point.uncertainty is None else point.uncertainty for point in page]
            at = until
        counts.append(at - before)
    sizes[:] = counts
