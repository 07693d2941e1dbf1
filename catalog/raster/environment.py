# SPDX-License-Identifier: Apache-2.0
"""The process environment of GDAL and PROJ. It must stand before the first import of rasterio: `rasterio.Env` is too late."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Mapping

LOCKED = {
    "GDAL_SKIP": "VRT GTI WMS WCS WMTS OGCAPI STACIT STACTA HTTP PDF DERIVED PostGISRaster",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "GDAL_HTTP_TIMEOUT": "10",
    "GDAL_HTTP_CONNECTTIMEOUT": "3",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",
    "GDAL_PAM_ENABLED": "NO",
    "PROJ_NETWORK": "OFF",
}
"""Set whatever the operator's environment says: they are what keeps a file from reaching out."""
TUNED = {"GDAL_CACHEMAX": "16", "VSI_CACHE": "FALSE", "MALLOC_ARENA_MAX": "2"}
"""Set unless the operator's environment has them; GDAL_CACHEMAX is in megabytes: maps have blocks of their own (`catalog.raster.blocks`)."""
_REMOTE = {
    "GDAL_INGESTED_BYTES_AT_OPEN": "65536", "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES", "CPL_VSIL_CURL_CACHE_SIZE": "33554432",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.jp2", "GDAL_HTTP_TCP_KEEPALIVE": "YES",
}  # fmt: skip
_M_ARENA_MAX = -8


def lock() -> None:
    """Sets the environment of this process and its children."""
    os.environ.update(LOCKED)
    for name, value in TUNED.items():
        os.environ.setdefault(name, value)
    with contextlib.suppress(
        AttributeError, OSError, ValueError
    ):  # not glibc; or no number, which it ignores, too
        ctypes.CDLL(None).mallopt(
            _M_ARENA_MAX, int(os.environ["MALLOC_ARENA_MAX"])
        )  # it read the variable when it began


def let_gdal_reach(host: str, options: Mapping[str, str]) -> None:
    """GDAL's way to one host: the storage of the archive. All other addresses stay behind the proxy that is none.

    Headers of files are small and read whole; what was read of a file stays for the next map, since a path is never written anew.
    """
    from rasterio.env import set_gdal_config  # after `lock`, which must come before it

    for name, value in {**options, **_REMOTE}.items():
        set_gdal_config(name, value)
    for name in ("no_proxy", "NO_PROXY"):
        there = [one for one in os.environ.get(name, "").split(",") if one and one != host]
        os.environ[name] = ",".join([*there, host])


def give_back() -> None:
    """Memory that was freed goes back to the system. glibc keeps it where something in use lies behind: a worker that drew maps for
    an hour held twice what it needed (measured: 690 MB, 456 MB afterwards).
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
