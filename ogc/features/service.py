# SPDX-License-Identifier: Apache-2.0
"""Which source answers for a collection, and the collections that are no layers of the maps."""

from __future__ import annotations

from catalog.model.area import WORLD
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.service import Catalog
from config.collections import Collection
from config.product_types import ProductType
from config.series_types import SeriesType
from config.settings import Mount, Settings
from ogc.common.blocks import link
from ogc.features import documents, records
from ogc.features.footprints import Footprints
from ogc.features.plugins import PluginFeatures
from ogc.features.polygons import PolygonFeatures
from ogc.features.records import RecordFeatures
from ogc.features.source import Document, Source, Where
from ogc.features.stations import StationFeatures
from ogc.http.fields import shown
from ogc.maps.layers import Layers


class Features:
    """The sources, as somebody may see them."""

    def __init__(self, catalog: Catalog, layers: Layers, settings: Settings) -> None:
        self._catalog, self._layers, self._settings = catalog, layers, settings

    def source(self, name: str, who: Principal) -> Source:
        """The source of a collection. Raises Fault UNKNOWN_LAYER where there is none for them."""
        if name == records.ID:
            return RecordFeatures(self._catalog)
        mount = self._mounts(who).get(name)
        if mount is not None:
            return PluginFeatures(name, mount)
        try:
            kind, _ = self._layers.layer(name, who)
        except Fault as fault:
            raise Fault(
                Kind.UNKNOWN_LAYER, f"there is no collection {shown(name)}", "collectionId"
            ) from fault
        if isinstance(kind, ProductType) and kind.polygons:
            return PolygonFeatures(self._catalog, kind)
        if isinstance(kind, ProductType):
            return Footprints(self._catalog, kind)
        return StationFeatures(self._catalog, kind)

    def named(self, kind: Collection, who: Principal) -> Source | None:
        """The named places of a collection: the stations of series, the polygons of the settings for rasters."""
        if isinstance(kind, SeriesType):
            return StationFeatures(self._catalog, kind)
        mount = self._mounts(who).get(self._settings.places)
        return PluginFeatures(self._settings.places, mount) if mount else None

    def place(self, name: str, who: Principal, deadline: Deadline) -> Document:
        """A named place of rasters. Raises Fault UNKNOWN_PRODUCT."""
        mount = self._mounts(who).get(self._settings.places)
        if mount is None:
            raise Fault(Kind.UNKNOWN_PRODUCT, "there are no named places", "locationId")
        return PluginFeatures(self._settings.places, mount).one(name, who, deadline, Where("", ""))

    def own(self, who: Principal, api: str, language: str) -> list[Document]:
        """The collections that are no layers: the catalogue's records, and what providers serve."""
        service = self._settings.service
        title = "Métadonnées" if language == "fr" else "Metadata records"
        box = (WORLD.west, WORLD.south, WORLD.east, WORLD.north)
        catalogue = documents.own_collection(
            records.ID, title, service.abstract.in_language(language), "record", box, api
        )
        return [
            catalogue,
            *(documents.mounted(name, one, api, language) for name, one in self._mounts(who).items()),
        ]

    def forms(self, source: Source, here: str) -> list[Document]:
        """The further forms of an item."""
        if not isinstance(source, RecordFeatures):
            return []
        return [link(f"{here}?f=xml", "alternate", "This record as ISO 19139", documents.ISO)]

    def _mounts(self, who: Principal) -> dict[str, Mount]:
        return {
            name: one for name, one in self._settings.features.items() if self._catalog.may_see(name, who)
        }
