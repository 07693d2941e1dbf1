# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the SOS, whatever the version and the encoding of the request."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model.area import Box
from catalog.model.time import Micros


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: from `start`, included, to `end`, excluded; None is open. Or an edge of each series."""

    start: Micros | None
    end: Micros | None
    edge: str = ""
    """`first` or `latest`, as 52°North's clients ask: of each series that observation alone."""


@dataclass(frozen=True, slots=True)
class GetCapabilities:
    """Which sections; None is all of them."""

    sections: tuple[str, ...] | None
    update_sequence: str
    version: str = "2.0.0"


@dataclass(frozen=True, slots=True)
class DescribeSensor:
    """A chain, and the format that describes it."""

    procedure: str
    description_format: str
    alone: bool = False
    """Without the response of SOS 2.0 around it."""


@dataclass(frozen=True, slots=True)
class GetObservation:
    """Observations of some series; what is empty or None is not restricted."""

    offerings: tuple[str, ...]
    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]
    times: tuple[Span, ...]
    area: Box | None
    response_format: str


@dataclass(frozen=True, slots=True)
class GetFeatureOfInterest:
    """Stations."""

    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]
    area: Box | None


@dataclass(frozen=True, slots=True)
class GetDataAvailability:
    """From when to when there are how many observations of what, where."""

    offerings: tuple[str, ...]
    procedures: tuple[str, ...]
    properties: tuple[str, ...]
    features: tuple[str, ...]
    response_format: str
    """The namespace of 52°North's extension: 1.0 or 2.0."""


@dataclass(frozen=True, slots=True)
class GetObservationById:
    """Observations by their gml:identifier: of one point, or of a whole series."""

    observations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GetResultTemplate:
    """How the values of a property look in GetResult."""

    offering: str
    observed_property: str


@dataclass(frozen=True, slots=True)
class GetResult:
    """Bare values of a property; what is empty or None is not restricted."""

    offering: str
    observed_property: str
    features: tuple[str, ...]
    times: tuple[Span, ...]
    area: Box | None


SosRequest = (
    GetCapabilities
    | DescribeSensor
    | GetObservation
    | GetFeatureOfInterest
    | GetDataAvailability
    | GetObservationById
    | GetResultTemplate
    | GetResult
)
