# SPDX-License-Identifier: Apache-2.0
"""What is asked of `/series`: which series, of when, in which form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catalog.model.faults import Fault, Kind, invalid
from catalog.model.observation import SeriesQuery
from catalog.model.time import Period
from catalog.query import Among, And, Compare, Filter, Like, Property, Relation, Text
from catalog.words import asked
from ogc.filter.terms import escaped
from ogc.filter.values import intersects, read_box, read_period
from ogc.http.fields import Field, at_least, list_of, number, plain, shown
from ogc.http.kvp import Kvp


class Form(Enum):
    """The forms of an export, as `f` calls them."""

    CSV = "csv"
    PARQUET = "parquet"
    NETCDF = "netcdf"
    JSON = "json"


@dataclass(frozen=True)
class SeriesRequest:
    """Series by a filter, and a stretch of their time."""

    tree: Filter
    period: Period | None
    form: Form
    limit: int | None

    @property
    def span(self) -> SeriesQuery:
        """The time as a query of points."""
        if self.period is None:
            return SeriesQuery()
        return SeriesQuery(start=self.period.start, end=self.period.end)


def read_request(kvp: Kvp) -> SeriesRequest:
    """The request of parameters. Raises Fault INVALID with the parameter as the locator."""
    unknown = next((name for name in kvp if name not in _KNOWN), None)
    if unknown is not None:
        raise Fault(Kind.INVALID, f"{shown(unknown)} is none of {', '.join(sorted(_KNOWN)).lower()}", unknown)
    parts: list[Filter] = []
    for prop, lists in _LISTS.items():
        values = lists.read_or(kvp, ())
        if values:
            parts.append(Among(prop, values))
    for prop, words in _WORDS.items():
        text = words.read_or(kvp, "")
        if text:
            parts.append(Like(prop, escaped(text), match_case=False))
    if _BBOX.name in kvp:
        parts.append(intersects(read_box(_BBOX.read(kvp))))
    if _Q.name in kvp:
        parts.append(Text(asked(_Q.read(kvp))))
    since = _SINCE.read_or(kvp, None)
    if since is not None:
        parts.append(Compare(Property.MODIFIED, Relation.AT_LEAST, since.start))
    return SeriesRequest(
        And(tuple(parts)), _DATETIME.read_or(kvp, None), _FORM.read_or(kvp, Form.CSV), _LIMIT.read_or(kvp, None)
    )  # fmt: skip


def _form(text: str) -> Form:
    found = next((one for one in Form if one.value == text.lower()), None)
    if found is None:
        raise invalid(f"{shown(text)} is none of {', '.join(one.value for one in Form)}")
    return found


_NAMES = list_of(plain, 100)
_LISTS = {
    Property.COLLECTION: Field("COLLECTION", _NAMES), Property.OBSERVED: Field("PROPERTY", _NAMES), Property.STATION: Field("STATION", _NAMES),
}  # fmt: skip
_WORDS = {
    Property.BASIN: Field("BASIN", plain), Property.WATER: Field("WATER", plain), Property.COUNTRY: Field("COUNTRY", plain),
    Property.BODY: Field("BODY", plain),
}  # fmt: skip
_BBOX, _Q = Field("BBOX", list_of(number, 6)), Field("Q", plain)
_DATETIME, _SINCE = Field("DATETIME", read_period), Field("SINCE", read_period)
_FORM, _LIMIT = Field("F", _form), Field("LIMIT", at_least(1))
_KNOWN = frozenset(
    (
        *(one.name for one in _LISTS.values()),
        *(one.name for one in _WORDS.values()),
        *("BBOX", "Q", "DATETIME", "SINCE", "F", "LIMIT"),
    )
)
