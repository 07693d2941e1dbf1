# SPDX-License-Identifier: Apache-2.0
"""Answers as CoverageJSON (21-069r2), GeoJSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.crs import CRS84, Crs
from catalog.model.time import micros_text
from ogc.common.documents import crs_uri
from ogc.edr.request import Form
from ogc.edr.values import Found, GridStack, Parameter, PointSeries

Document = dict[str, Any]
_DIGITS = 9
_UCUM = "http://www.opengis.net/def/uom/UCUM/"


def encode(found: Found, form: Form) -> bytes:
    """The answer in a form."""
    if form is Form.CSV:
        return "".join(_csv(found)).encode()
    document = _geojson(found) if form is Form.GEOJSON else _coverage_json(found)
    return json.dumps(document, ensure_ascii=False).encode()


def parameter_names(parameters: tuple[Parameter, ...], *, words: bool = False) -> Document:
    """The parameters by name. CoverageJSON has texts by language; a collection of EDR, and its GeoJSON, plain ones (`words`)."""

    def said(text: str) -> object:
        return text if words else {"en": text}

    return {
        one.name: {
            "type": "Parameter",
            "description": said(one.title),
            "unit": {"label": said(one.unit), "symbol": {"value": one.unit, "type": _UCUM}},
            "observedProperty": {
                "label": said(one.title),
                **({"id": one.definition} if one.definition else {}),
            },
        }
        for one in parameters
    }


def _coverage_json(found: Found) -> Document:
    """One coverage, or a collection of them where there is another number of places than one."""
    parameters = parameter_names(found.parameters)
    referencing = _referencing(found.crs)
    if found.grid is not None:
        return {
            "type": "Coverage",
            "domain": _grid_domain(found.grid, found.crs, referencing),
            "parameters": parameters,
            "ranges": _grid_ranges(found.grid),
        }
    coverages: list[Document] = [
        {"type": "Coverage", "id": one.id, "domain": _point_domain(one), "ranges": _point_ranges(one)}
        for one in found.series
    ]
    if len(coverages) == 1:
        one = coverages[0]
        one["domain"]["referencing"] = referencing
        return {**one, "parameters": {name: parameters[name] for name in one["ranges"]}}
    return {
        "type": "CoverageCollection", "domainType": "PointSeries", "parameters": parameters, "referencing": referencing, "coverages": coverages,
    }  # fmt: skip


def _referencing(crs: Crs) -> list[Document]:
    axes = ["y", "x"] if crs.north_first else ["x", "y"]
    system = {"type": "GeographicCRS" if crs.geographic else "ProjectedCRS", "id": crs_uri(crs)}
    return [
        {"coordinates": axes, "system": system},
        {"coordinates": ["t"], "system": {"type": "TemporalRS", "calendar": "Gregorian"}},
    ]


def _point_domain(one: PointSeries) -> Document:
    return {
        "type": "Domain", "domainType": "PointSeries",
        "axes": {"x": {"values": [one.x]}, "y": {"values": [one.y]}, "t": {"values": [micros_text(at) for at in one.times]}},
    }  # fmt: skip


def _point_ranges(one: PointSeries) -> Document:
    return {
        name: {
            "type": "NdArray", "dataType": "float", "axisNames": ["t", "y", "x"], "shape": [len(values), 1, 1],
            "values": [None if value is None else _rounded(value) for value in values],
        }
        for name, values in one.values.items()
    }  # fmt: skip


def _grid_domain(grid: GridStack, crs: Crs, referencing: list[Document]) -> Document:
    return {
        "type": "Domain", "domainType": "Grid",
        "axes": {
            "x": {"values": [_rounded(value) for value in grid.x.tolist()]}, "y": {"values": [_rounded(value) for value in grid.y.tolist()]},
            "t": {"values": [micros_text(at) for at in grid.times]},
        },
        "referencing": referencing,
    }  # fmt: skip


def _grid_ranges(grid: GridStack) -> Document:
    return {
        name: {"type": "NdArray", "dataType": "float", "axisNames": ["t", "y", "x"], "shape": list(values.shape), "values": _plain(values)}
        for name, values in grid.values.items()
    }  # fmt: skip


def _geojson(found: Found) -> Document:
    """A feature for each place and time (EDR GeoJSON); of a grid, one for each cell that has a value."""
    names = {one.name for one in found.parameters}
    features = [
        {"type": "Feature", "id": f"{name}.{number}", "geometry": {"type": "Point", "coordinates": _position(x, y, found.crs)}, "properties": properties}
        for number, (name, x, y, properties) in enumerate(_rows(found))
        if names & properties.keys()
    ]  # fmt: skip
    parameters = [
        {"id": name, **about} for name, about in parameter_names(found.parameters, words=True).items()
    ]
    return {"type": "FeatureCollection", "features": features, "parameters": parameters}


def _csv(found: Found) -> Iterator[str]:
    """A line for each place and time; x and y are east and north in the CRS that stands in their names."""
    crs = "CRS84" if found.crs == CRS84 else f"EPSG:{found.crs.epsg}"
    names = [one.name for one in found.parameters]
    header = [
        "id",
        "datetime",
        f"x ({crs})",
        f"y ({crs})",
        *(f"{one.name} ({one.unit})" for one in found.parameters),
        "from",
    ]
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow(header)
    for name, x, y, properties in _rows(found):
        out.writerow(
            [
                name,
                properties["datetime"],
                x,
                y,
                *(properties.get(one, "") for one in names),
                properties.get("from", ""),
            ]
        )
    yield buffer.getvalue()


def _rows(found: Found) -> Iterator[tuple[str, float, float, Document]]:
    """Id, x, y and properties of each place and time."""
    for one in found.series:
        for number, at in enumerate(one.times):
            properties: Document = {"datetime": micros_text(at)}
            for name, values in one.values.items():
                value = values[number]
                if value is not None:
                    properties[name] = _rounded(value)
            if one.notes:
                properties["from"] = one.notes[number]
            yield one.id, one.x, one.y, properties
    if found.grid is not None:
        yield from _cells(found.grid)


def _cells(grid: GridStack) -> Iterator[tuple[str, float, float, Document]]:
    for number, at in enumerate(grid.times):
        layers = {name: values[number] for name, values in grid.values.items()}
        some = np.zeros((len(grid.y), len(grid.x)), bool)
        for layer in layers.values():
            some |= np.isfinite(layer)
        for row, column in zip(*np.nonzero(some), strict=True):
            properties: Document = {"datetime": micros_text(at)}
            properties |= {
                name: _rounded(float(layer[row, column])) for name, layer in layers.items() if math.isfinite(layer[row, column])
            }  # fmt: skip
            yield f"{row}.{column}", _rounded(float(grid.x[column])), _rounded(float(grid.y[row])), properties


def _position(x: float, y: float, crs: Crs) -> list[float]:
    return [y, x] if crs.north_first else [x, y]


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """The values in the order of their axes, null where there is none."""
    flat = np.round(values, _DIGITS).ravel()
    return [None if bare != bare else bare for bare in flat.tolist()]


def _rounded(value: float) -> float:
    return round(value, _DIGITS)
