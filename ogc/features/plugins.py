# SPDX-License-Identifier: Apache-2.0
"""Any provider of pygeoapi as a collection: what the operator mounts in the settings is served by pygeoapi's own plug-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Micros, Period, micros_text
from catalog.query import Property
from config.settings import Mount
from ogc.features.source import Asked, Document, Page, Sorts, Where
from ogc.filter.queryables import Queryable, Type, Vocabulary
from ogc.filter.values import FOREVER
from ogc.http.fields import at_least


class PluginFeatures:
    """The items of one provider. A provider object serves one request, as in pygeoapi itself."""

    filters = False

    def __init__(self, name: str, mount: Mount) -> None:
        self._name, self._mount = name, mount
        self.sorts: Sorts = {}
        self.item_type: str = mount.type

    @property
    def names(self) -> Vocabulary:
        """The provider's fields, which are asked for by equality. Raises Fault UNAVAILABLE."""
        fields: Mapping[str, Mapping[str, Any]] = self._provider().fields
        return {
            name: Queryable(
                Property.ID,
                Type.NUMBER if one.get("type") in ("number", "integer") else Type.TEXT,
                str(one.get("title", name)),
            )
            for name, one in fields.items()
        }

    def page(self, asked: Asked, who: Principal, deadline: Deadline, where: Where) -> Page:
        """The next items. A box across the antimeridian is refused: providers take one box."""
        if len(asked.boxes) > 1:
            raise Fault(Kind.INVALID, f"{self._name} takes no box across the antimeridian", "bbox")
        offset = at_least(0)(asked.token) if asked.token else 0
        box = [[one.west, one.south, one.east, one.north] for one in asked.boxes]
        question: dict[str, Any] = {
            "bbox": box[0] if box else [],
            "datetime_": _period(asked.period),
            "properties": list(asked.equal.items()),
        }
        found = self._ask(lambda one: one.query(offset=offset, limit=asked.limit, **question)) or {}
        features = list(found.get("features", ()))
        matched = found.get("numberMatched")
        if matched is None:
            hits = self._ask(lambda one: one.query(resulttype="hits", **question)) or {}
            matched = hits.get("numberMatched", len(features))
        more = offset + len(features) < matched and bool(features)
        return Page(features, int(matched), str(offset + asked.limit) if more else "")

    def one(self, name: str, who: Principal, deadline: Deadline, where: Where) -> Document:
        """An item. Raises Fault UNKNOWN_PRODUCT."""
        found: Document | None = self._ask(lambda one: one.get(name))
        if not found:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"{self._name} has no item {name[:80]!r}", "featureId")
        return found

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """A provider's answer; its errors become faults. Providers are foreign code and raise what they like on bad values."""
        from pygeoapi.provider.base import (
            ProviderGenericError,
            ProviderInvalidQueryError,
            ProviderItemNotFoundError,
            ProviderNoDataError,
        )

        provider = self._provider()
        try:
            return question(provider)
        except (ProviderItemNotFoundError, ProviderNoDataError):
            return None
        except ProviderInvalidQueryError as error:
            raise Fault(Kind.INVALID, f"{self._name} does not understand this query", "items") from error
        except (ProviderGenericError, OSError) as error:
            raise Fault(Kind.UNAVAILABLE, f"{self._name} cannot be asked now", retry_after=30) from error

    def _provider(self) -> Any:
        from pygeoapi.error import GenericError
        from pygeoapi.plugin import load_plugin

        definition = {"type": self._mount.type, **self._mount.provider}
        try:
            return load_plugin("provider", definition)
        except (GenericError, OSError, ImportError) as error:
            raise Fault(Kind.UNAVAILABLE, f"{self._name} cannot be asked now", retry_after=30) from error


def _period(period: Period | None) -> str | None:
    """As pygeoapi's providers take a time."""
    if period is None:
        return None
    start = ".." if period.start <= FOREVER[0] else micros_text(period.start)
    end = ".." if period.end >= FOREVER[1] else micros_text(Micros(period.end - 1))
    return f"{start}/{end}"
