# SPDX-License-Identifier: Apache-2.0
"""What a collection of features is: who answers the questions about its items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from catalog.model.area import Box
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Period
from catalog.query import Filter, Order
from ogc.filter.queryables import Vocabulary

Document = dict[str, Any]
Sorts = Mapping[str, tuple[Order, Order]]
"""What items may be sorted by: upwards, downwards."""


@dataclass(frozen=True)
class Asked:
    """Which items, in what order, how many; longitude and latitude."""

    tree: Filter
    """Everything that was asked, as one filter."""
    boxes: tuple[Box, ...] = ()
    """The `bbox` alone, in two boxes where it crosses the antimeridian; for sources that take no filter."""
    period: Period | None = None
    equal: Mapping[str, str] = field(default_factory=dict)
    """Properties that were asked by their names."""
    order: Order | None = None
    limit: int = 10
    token: str = ""
    """Of the page before."""


@dataclass(frozen=True)
class Page:
    """Items, how many there are in all, and the token of the next page."""

    features: list[Document]
    matched: int
    token: str = ""


@dataclass(frozen=True)
class Where:
    """Addresses, without slashes at their ends."""

    server: str
    collection: str


class Source(Protocol):
    """A collection of features."""

    item_type: str
    """`feature` or `record`."""

    @property
    def names(self) -> Vocabulary:
        """What may be asked, also as parameters of the address."""

    @property
    def sorts(self) -> Sorts:
        """What items may be sorted by."""

    @property
    def filters(self) -> bool:
        """Whether it takes CQL2, ids and free text."""

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next items. Raises Fault."""

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """An item. Raises Fault UNKNOWN_PRODUCT or UNKNOWN_STATION."""
