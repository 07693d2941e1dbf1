# SPDX-License-Identifier: Apache-2.0
"""The filter language of the house: one small tree that every protocol's filter becomes and every store understands.

And and Or take any number of parts, so that a long filter is not a deep one (a left-deep tree of 900 terms overflows
the stack of SQL compilers). Size and depth are counted by `measure` before anything walks a tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catalog.model.area import Box
from catalog.model.faults import too_large
from catalog.model.time import Period


class Property(Enum):
    """What a filter may speak of. A name from a client becomes one of these through a closed dictionary, or is refused."""

    ID = "id"
    VERSION = "version"
    COLLECTION = "collection"
    PLATFORM = "platform"
    ZONE = "zone"
    CLOUD = "cloud"
    SNOW = "snow"
    DAY = "day"
    KIND = "kind"
    TITLE = "title"
    ABSTRACT = "abstract"
    KEYWORDS = "keywords"
    START = "start"
    END = "end"
    MODIFIED = "modified"
    NAME = "name"
    WATER = "water"
    BASIN = "basin"
    COUNTRY = "country"
    BODY = "body"
    POINTS = "points"
    STATION = "station"
    OBSERVED = "observed property"
    TIME = "time"
    VALUE = "value"
    UNCERTAINTY = "uncertainty"


class Relation(Enum):
    """How a property compares with a value."""

    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold; true without parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds; false without parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Compare:
    """A property in a relation to a value."""

    property: Property
    relation: Relation
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Among:
    """A property is one of these values."""

    property: Property
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Meets:
    """The boxes of the footprint meet a box in longitude and latitude."""

    box: Box


@dataclass(frozen=True, slots=True)
class Intersects:
    """The footprint itself, not only its boxes, shares a point with a geometry; a record has no other footprint than its box."""

    shape: bytes
    """WKB, longitude and latitude."""
    boxes: tuple[Box, ...]
    """What the index is asked first: boxes that cover the geometry together."""
    rectangular: bool = False
    """The boxes are the geometry: what lies within one of them need not be looked at itself."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A property has no value."""

    property: Property


@dataclass(frozen=True, slots=True)
class During:
    """The period of the thing meets a period."""

    period: Period


@dataclass(frozen=True, slots=True)
class Like:
    """A property matches a pattern: `%` is any text, `_` any character, `\\` takes the next one as it is."""

    property: Property
    pattern: str
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """All of these words occur in the record of the thing, each in any of its forms (see `catalog.words.asked`)."""

    words: tuple[tuple[str, ...], ...]


Filter = And | Or | Not | Compare | Among | Meets | Intersects | Missing | During | Like | Text


class Order(Enum):
    """The order of a result; each ends with the store's key, so that it is total."""

    NEWEST = "newest"
    LEAST_CLOUDY = "least cloudy"
    CLOUDIEST = "cloudiest"
    OLDEST = "oldest"
    TITLE = "title"
    TITLE_DOWN = "title, downwards"
    MODIFIED = "modified"
    MODIFIED_DOWN = "modified, downwards"


@dataclass(frozen=True, slots=True)
class By:
    """A property that things are sorted by; with None they go by their identity, as the store has them."""

    property: Property | None
    down: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: day, start and key of its last thing.

    Products and records may be read as one list; of one day and start the products come first, in an order by clouds all of them do.
    """

    day: int
    start: int
    key: int
    record: bool = False
    """Whether the last thing was a record, and the key is one's."""
    cloud: float | None = None
    """Of the last thing, percent, where that is known."""


def equal(prop: Property, value: str | int) -> Compare:
    """The commonest filter."""
    return Compare(prop, Relation.EQUAL, value)


def measure(tree: Filter, depth_limit: int, term_limit: int) -> None:
    """Raises Fault TOO_LARGE when a filter is deeper or has more terms than allowed."""
    terms = 0
    level: list[Filter] = [tree]
    depth = 0
    while level:
        depth += 1
        terms += sum(len(part.values) if isinstance(part, Among) else 1 for part in level)
        if depth > depth_limit:
            raise too_large("the filter is too deep", depth_limit, "limits.query_depth", "filter")
        if terms > term_limit:
            raise too_large("the filter has too many terms", term_limit, "limits.query_terms", "filter")
        level = [child for part in level for child in _children(part)]


def _children(part: Filter) -> tuple[Filter, ...]:
    if isinstance(part, And | Or):
        return part.parts
    return (part.part,) if isinstance(part, Not) else ()
