# SPDX-License-Identifier: Apache-2.0
"""`/ogcapi/systems`, deployments, procedures, samplingFeatures, properties, datastreams, observations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.observations import observation_named, series_named
from catalog.query import Among, And, Compare, During, Filter, Or, Property, Relation, Text, equal
from catalog.service import Catalog
from catalog.words import asked
from config.series_types import ObservedProperty
from config.settings import Settings
from ogc.common.blocks import link
from ogc.common.endpoint import answered, shown_document
from ogc.common.negotiate import check_parameters
from ogc.connected import documents
from ogc.connected.documents import GEOJSON, OM, SML, Chain, Document
from ogc.filter.values import intersects, read_box, read_period
from ogc.http.edge import Edge
from ogc.http.fields import Field, at_least, list_of, number, plain, shown

_PAGE, _MOST = 100, 10_000
_IDS, _Q, _BBOX = Field("id", list_of(plain, 100)), Field("q", plain), Field("bbox", list_of(number, 6))
_FOI, _PROPERTY, _SYSTEM = (Field(name, list_of(plain, 100)) for name in ("foi", "observedProperty", "system"))  # fmt: skip
_TIME = Field("phenomenonTime", read_period)
_LIMIT, _OFFSET = Field("limit", at_least(1)), Field("offset", at_least(0))
_PAGING = ("limit", "offset")
Find = Callable[["Asking", dict[str, str], int, int], Sequence[Document]]


@dataclass(frozen=True)
class Asking:
    """Who asks, below which addresses, until when; and the parent in the path."""

    who: Principal
    api: str
    server: str
    deadline: Deadline
    parent: str
    name: str


@dataclass(frozen=True)
class Resource:
    """A kind of resource: how a page of it is found, by which parameters, and in which form it is written."""

    name: str
    find: Find
    parameters: tuple[str, ...]
    media_type: str = GEOJSON
    parents: tuple[str, ...] = ()
    """Resources that it is also found below."""

    @property
    def features(self) -> bool:
        """Whether it is GeoJSON."""
        return self.media_type == GEOJSON


class ConnectedEndpoints:
    """GET."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings
        self._types = catalog.registry.series_types
        self._resources = (
            Resource("systems", self._systems, ("id", "q")),
            Resource("deployments", self._deployments, ("id", "q"), GEOJSON, ("systems",)),
            Resource("procedures", self._procedures, ("id", "q")),
            Resource("samplingFeatures", self._stations, ("id", "q", "bbox"), GEOJSON, ("systems",)),
            Resource("properties", self._properties, ("id", "q"), SML),
            Resource("datastreams", self._streams, ("id", "q", "bbox", "foi", "observedProperty", "system", "phenomenonTime"), "application/json", ("systems",)),
            Resource("observations", self._points, ("id", "foi", "observedProperty", "system", "phenomenonTime"), OM, ("datastreams",)),
        )  # fmt: skip

    def routes(self) -> list[Route]:
        """A list and an item of each kind, and lists below their parents."""
        home, out = "/ogcapi", []
        for one in self._resources:
            out.append(Route(f"{home}/{one.name}", answered(partial(self._list, one))))
            out.append(Route(f"{home}/{one.name}/{{name}}", answered(partial(self._item, one))))
            out += [
                Route(f"{home}/{parent}/{{parent}}/{one.name}", answered(partial(self._list, one)))
                for parent in one.parents
            ]
        out.append(Route(f"{home}/datastreams/{{name}}/schema", answered(self._schema)))
        return out

    async def _list(self, resource: Resource, request: Request) -> Response:
        kvp = check_parameters(request, (*resource.parameters, *_PAGING))
        limit, offset = min(_LIMIT.read_or(kvp, _PAGE), _MOST), _OFFSET.read_or(kvp, 0)
        ask = await self._asking(request)

        def work() -> Response:
            if ask.parent:
                self._parent(request, ask)
            found = list(resource.find(ask, kvp, limit + 1, offset))
            here = f"{ask.server}{request.url.path}"
            links = [
                link(f"{here}?{urlencode(kvp)}" if kvp else here, "self", "This page", resource.media_type)
            ]
            if len(found) > limit:
                query = urlencode({**kvp, "limit": limit, "offset": offset + limit})
                links.append(link(f"{here}?{query}", "next", "The next page", resource.media_type))
            document = documents.listed(found[:limit], links, features=resource.features)
            return shown_document(request, document, ask.server, ask.who, media_type=resource.media_type)

        return await self._edge.pool.run(work)

    async def _item(self, resource: Resource, request: Request) -> Response:
        check_parameters(request, ())
        ask = await self._asking(request)

        def work() -> Response:
            found = resource.find(ask, {}, 1, 0)
            if not found:
                raise _nothing(resource.name, ask.name)
            return shown_document(request, found[0], ask.server, ask.who, media_type=resource.media_type)

        return await self._edge.pool.run(work)

    async def _schema(self, request: Request) -> Response:
        kvp = check_parameters(request, ("obsFormat",))
        if kvp.get("obsFormat", OM) != OM:
            raise Fault(Kind.INVALID, f"obsFormat: {shown(kvp['obsFormat'])} is not {OM}", "obsFormat")
        ask = await self._asking(request)

        def work() -> Response:
            found = self._catalog.observations.streams(series_named(ask.name), ask.who, 1, 0, ask.deadline)
            if not found:
                raise _nothing("datastreams", ask.name)
            about = self._about(found[0].collection, found[0].observed_property)
            return shown_document(
                request, documents.schema(about, found[0].observed_property, ask.server), ask.server, ask.who
            )

        return await self._edge.pool.run(work)

    async def _asking(self, request: Request) -> Asking:
        who, server = await self._edge.principal(request), self._edge.base_url(request)
        deadline = Deadline.after(self._settings.limits.search_seconds)
        parent, name = (request.path_params.get(one, "") for one in ("parent", "name"))
        return Asking(who, f"{server}/ogcapi", server, deadline, parent, name)

    def _parent(self, request: Request, ask: Asking) -> None:
        """Raises Fault where the parent in the path is not there."""
        below = request.url.path.split("/")[2]
        if below == "systems" and not any(one.kind.id == ask.parent for one in self._chains(ask, {})):
            raise _nothing(below, ask.parent)
        if below == "datastreams":
            tree = series_named(ask.parent)
            if not self._catalog.observations.streams(tree, ask.who, 1, 0, ask.deadline):
                raise _nothing(below, ask.parent)

    def _chains(self, ask: Asking, kvp: dict[str, str]) -> list[Chain]:
        """The chains that have a station and that one may see."""
        ids = (ask.name,) if ask.name else (ask.parent,) if ask.parent else _IDS.read_or(kvp, ())
        words = _Q.read_or(kvp, "").lower().split()
        out = []
        for kind in self._types.values():
            text = f"{kind.id} {kind.title.en} {kind.title.fr} {kind.abstract.en}".lower()
            if (ids and kind.id not in ids) or not all(word in text for word in words):
                continue
            summary = self._catalog.summary(kind.id, ask.who, ask.deadline)
            if summary.products:
                out.append(Chain(kind, summary))
        return out

    def _systems(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        return [documents.system(one, ask.api) for one in self._chains(ask, kvp)[offset : offset + limit]]

    def _deployments(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        return [documents.deployment(one, ask.api) for one in self._chains(ask, kvp)[offset : offset + limit]]

    def _procedures(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        return [documents.procedure(one, ask.api) for one in self._chains(ask, kvp)[offset : offset + limit]]

    def _stations(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        parts = _places(kvp, ask, Property.ID)
        found = self._catalog.observations.things(
            And(tuple(parts)), ask.who, limit, offset, ask.deadline, collection=ask.parent
        )
        return [documents.sampling_feature(one, ask.api, ask.server) for one in found]

    def _properties(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        ids = (ask.name,) if ask.name else _IDS.read_or(kvp, ())
        words = _Q.read_or(kvp, "").lower().split()
        known: dict[str, ObservedProperty] = {}
        for one in self._chains(Asking(ask.who, ask.api, ask.server, ask.deadline, "", ""), {}):
            for name, about in one.kind.properties.items():
                text = f"{name} {about.title.en} {about.title.fr}".lower()
                if (not ids or name in ids) and all(word in text for word in words):
                    known.setdefault(name, about)
        chosen = list(known.items())[offset : offset + limit]
        return [documents.observed_property(name, about, ask.api, ask.server) for name, about in chosen]

    def _streams(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        parts = _series(kvp, ask)
        ids = (ask.name,) if ask.name else _IDS.read_or(kvp, ())
        if ids:
            parts.append(_any(series_named, ids))
        if _Q.name in kvp:
            parts.append(Text(asked(_Q.read(kvp))))
        if _BBOX.name in kvp:
            parts.append(intersects(read_box(_BBOX.read(kvp))))
        if _TIME.name in kvp:
            parts.append(During(_TIME.read(kvp)))
        found = self._catalog.observations.streams(And(tuple(parts)), ask.who, limit, offset, ask.deadline)
        return [
            documents.datastream(one, self._about(one.collection, one.observed_property), ask.api, ask.server)
            for one in found
        ]

    def _points(self, ask: Asking, kvp: dict[str, str], limit: int, offset: int) -> Sequence[Document]:
        parts = [series_named(ask.parent)] if ask.parent else _series(kvp, ask)
        ids = (ask.name,) if ask.name else _IDS.read_or(kvp, ())
        if ids:
            parts.append(_any(observation_named, ids))
        period = _TIME.read_or(kvp, None)
        if period is not None:
            parts.append(Compare(Property.TIME, Relation.AT_LEAST, period.start))
            parts.append(Compare(Property.TIME, Relation.LESS, period.end))
        found = self._catalog.observations.observed(
            And(tuple(parts)), ask.who, (), limit, offset, ask.deadline
        )
        return [documents.observation(one, ask.api) for one in found]

    def _about(self, collection: str, name: str) -> ObservedProperty:
        return self._types[collection].properties[name]


def _places(kvp: dict[str, str], ask: Asking, key: Property) -> list[Filter]:
    parts: list[Filter] = []
    ids = (ask.name,) if ask.name else _IDS.read_or(kvp, ())
    if ids:
        parts.append(Among(key, ids))
    if _Q.name in kvp:
        parts.append(Text(asked(_Q.read(kvp))))
    if _BBOX.name in kvp:
        parts.append(intersects(read_box(_BBOX.read(kvp))))
    return parts


def _series(kvp: dict[str, str], ask: Asking) -> list[Filter]:
    """The series by chain, property and station."""
    parts: list[Filter] = [equal(Property.COLLECTION, ask.parent)] if ask.parent else []
    for field, prop in (
        (_SYSTEM, Property.COLLECTION),
        (_PROPERTY, Property.OBSERVED),
        (_FOI, Property.STATION),
    ):
        values = field.read_or(kvp, ())
        if values:
            parts.append(Among(prop, tuple(one.rpartition("/")[2] for one in values)))
    return parts


def _any(named: Callable[[str], Filter], ids: Sequence[str]) -> Filter:
    return Or(tuple(named(one) for one in ids))


def _nothing(resource: str, name: str) -> Fault:
    return Fault(Kind.UNKNOWN_LAYER, f"there is no {shown(name)} among the {resource}", "id")
