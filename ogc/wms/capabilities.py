# SPDX-License-Identifier: Apache-2.0
"""What both versions of the capabilities say alike; `v111` and `v130` put it into their schemas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from catalog.crs import CRS84, Crs, area_of_use, transform_box
from catalog.model.area import WORLD, Box
from catalog.model.time import day_text
from config.collections import Collection
from config.limits import Limits
from config.product_types import ProductType, days
from config.settings import Service
from config.styles import MapStyle
from ogc.maps.layers import Offered
from tiles.encode import Format
from tiles.legend import legend

MAP_FORMATS = (
    Format.PNG.value,
    Format.PNG8.value,
    Format.JPEG.value,
    Format.WEBP.value,
    Format.GEOTIFF.value,
)
INFO_FORMATS = ("application/json", "text/plain", "text/html", "application/vnd.ogc.gml")


@dataclass(frozen=True)
class Document:
    """Everything that a capabilities document is made of."""

    service: Service
    language: str
    base_url: str
    """The public address, without a final slash."""
    crs_list: tuple[Crs, ...]
    layers: tuple[Offered, ...]
    limits: Limits
    update_sequence: int

    @property
    def online_resource(self) -> str:
        """The address of the service, ready for parameters (1.3.0, 6.3.3: it ends with a question mark)."""
        return f"{self.base_url}/wms?"

    def groups(self) -> Iterator[tuple[Collection, list[Offered]]]:
        """The layers of each collection."""
        for _, members in groupby(self.layers, key=lambda offered: offered.kind.id):
            found = list(members)
            yield found[0].kind, found

    def legend(self, offered: Offered, style: MapStyle) -> tuple[str, int, int]:
        """Address, width and height of a legend."""
        image = legend(offered.kind, style, self.language)
        query = f"SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&FORMAT=image/png&LAYER={offered.name}&STYLE={style.id}&LANGUAGE={self.language}"
        return self.online_resource + query, image.width, image.height


def extent(offered: Offered) -> Box:
    """The extent in longitude and latitude, never without a width (1.3.0 asks west < east)."""
    box = offered.summary.extent or WORLD
    return box.grown(1e-6, 1e-6) if not (box.width and box.height) else box


def boxes(offered: Offered, crs_list: tuple[Crs, ...]) -> Iterator[tuple[Crs, Box]]:
    """The extent in each CRS whose area of use it meets."""
    outer = extent(offered)
    for crs in crs_list:
        use = area_of_use(crs.epsg)
        if not outer.meets(use):
            continue
        inner = Box(
            west=max(outer.west, use.west),
            south=max(outer.south, use.south),
            east=min(outer.east, use.east),
            north=min(outer.north, use.north),
        )
        moved = inner if crs in (CRS84, Crs(4326)) else transform_box(inner, 4326, crs.epsg)
        if moved and moved.width and moved.height:
            yield crs, moved


def time_values(offered: Offered) -> str:
    """The days with data as plain UTC dates: the one form that QGIS, OpenLayers and GDAL all read (docs/adr/0007)."""
    return ",".join(day_text(day) for day in offered.summary.days)


def time_default(offered: Offered) -> str:
    """The latest day."""
    latest = offered.summary.latest
    assert latest is not None
    return day_text(latest)


def nearest(offered: Offered) -> str:
    """Whether a day without data reaches back to one with data."""
    return "1" if isinstance(offered.kind, ProductType) and days(offered.kind.nearest).days else "0"
