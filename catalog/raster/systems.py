# SPDX-License-Identifier: Apache-2.0
"""CRSs of our closed table as rasterio's, for the libraries that want those."""

from __future__ import annotations

from functools import lru_cache

from rasterio.crs import CRS

from catalog.crs import KNOWN_EPSG, Crs
from catalog.model.faults import Fault, Kind


@lru_cache(256)
def rasterio_crs(epsg: int) -> CRS:
    """A CRS of the table."""
    return CRS.from_epsg(epsg)


def crs_of(found: CRS) -> Crs:
    """The CRS of our table that a rasterio CRS is. Raises Fault UNKNOWN_CRS."""
    epsg = found.to_epsg()
    if epsg is None and found == CRS.from_user_input("OGC:CRS84"):
        epsg = 4326
    if epsg not in KNOWN_EPSG:
        raise Fault(Kind.UNKNOWN_CRS, "this is not a coordinate reference system of this server", "crs")
    return Crs(int(epsg))
