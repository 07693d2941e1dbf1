# SPDX-License-Identifier: Apache-2.0
"""The layers that the map service offers, as one who asks may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.crs import CRS84, WEB_MERCATOR, WGS84, Crs
from catalog.model import spaces
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Summary
from catalog.service import Catalog
from config.collections import Collection
from config.product_types import FOOTPRINTS_SUFFIX
from config.published import Layer
from config.series_types import SeriesType
from config.styles import FOOTPRINTS, MapStyle
from ogc.http.fields import shown

_ALWAYS = (WEB_MERCATOR, WGS84, CRS84, Crs(2154), Crs(3035), Crs(4258))
"""EPSG:3857 first: QGIS takes the first CRS of the root layer for a layer that is dropped on its map."""


@dataclass(frozen=True)
class Offered:
    """A layer with what its collection holds."""

    kind: Collection
    layer: Layer
    summary: Summary
    styles: tuple[MapStyle, ...]

    @property
    def name(self) -> str:
        """Its name in LAYERS."""
        return self.kind.layer_name(self.layer)


class Layers:
    """The layer registry over the product types and the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names = {
            kind.layer_name(layer): (kind, layer)
            for kind in catalog.registry.collections.values()
            for layer in kind.all_layers
        }

    def offered(self, who: Principal, deadline: Deadline) -> Iterator[Offered]:
        """Every layer of a collection that has a product or a station, in the order of the product types."""
        for kind in self._kinds(who, deadline):
            summary = self._catalog.summary(kind.id, who, deadline)
            if summary.products:
                for layer in kind.all_layers:
                    yield self._offered(kind, layer, summary)

    def one(self, name: str, who: Principal, deadline: Deadline) -> Offered:
        """A layer as it is offered. Raises Fault UNKNOWN_LAYER, also where its collection holds nothing."""
        kind, layer = self.layer(name, who)
        summary = self._catalog.summary(kind.id, who, deadline)
        if not summary.products:
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no layer {shown(name)}", "LAYERS")
        return self._offered(kind, layer, summary)

    def layer(self, name: str, who: Principal) -> tuple[Collection, Layer]:
        """A layer by its name. Raises Fault UNKNOWN_LAYER, also for one that `who` may not see: it does not exist."""
        found = self._names.get(name) or self._in_space(name)
        if found is None or not self._catalog.may_see(found[0].id, who):
            raise Fault(Kind.UNKNOWN_LAYER, f"there is no layer {shown(name)}", "LAYERS")
        return found

    def style(self, kind: Collection, layer: Layer, name: str) -> MapStyle:
        """A style of a layer by its name; empty or `default` is the first. Raises Fault UNKNOWN_STYLE."""
        wanted = layer.styles[0] if name in ("", "default") else name
        style = self._style(kind, layer, wanted) if wanted in layer.styles else None
        if style is None:
            raise Fault(
                Kind.UNKNOWN_STYLE, f"the layer {kind.layer_name(layer)} has no style {shown(name)}", "STYLES"
            )
        return style

    def _offered(self, kind: Collection, layer: Layer, summary: Summary) -> Offered:
        styles = (self._style(kind, layer, name) for name in layer.styles)
        return Offered(kind, layer, summary, tuple(style for style in styles if style))

    def _kinds(self, who: Principal, deadline: Deadline) -> Iterator[Collection]:
        """The collections that may have layers: the official ones, then those in spaces that `who` may see."""
        yield from self._catalog.registry.collections.values()
        for name in self._catalog.space_collections(who, deadline):
            kind = self._catalog.kind_of(name)
            if kind:
                yield kind

    def _in_space(self, name: str) -> tuple[Collection, Layer] | None:
        """A layer of a collection in a space, by its name; whether it exists for somebody is asked afterwards."""
        space, rest = spaces.split(name)
        found = self._names.get(rest) if space else None
        kind = self._catalog.kind_of(f"{space}.{found[0].id}") if found else None
        return (kind, found[1]) if kind and found else None

    def _style(self, kind: Collection, layer: Layer, name: str) -> MapStyle | None:
        if isinstance(kind, SeriesType):
            return kind.style(name)
        if layer.suffix == FOOTPRINTS_SUFFIX:
            return next((one for one in FOOTPRINTS if one.id == name), None)
        return self._catalog.registry.style(kind, name)

    def has_crs(self, crs: Crs, who: Principal, deadline: Deadline) -> bool:
        """Whether any layer may be asked in a CRS."""
        return crs in _ALWAYS or crs in self.crs_list(who, deadline)

    def crs_list(self, who: Principal, deadline: Deadline) -> tuple[Crs, ...]:
        """Every CRS that any layer may be asked in: the common ones, and the native ones of the products."""
        used = {
            epsg
            for kind in self._kinds(who, deadline)
            for epsg in self._catalog.summary(kind.id, who, deadline).epsgs
        }
        return tuple(dict.fromkeys((*_ALWAYS, *(Crs(epsg) for epsg in sorted(used)))))
