# SPDX-License-Identifier: Apache-2.0
"""File layouts: which member of a product holds which band, and what its metadata say. A new layout is one module and one entry in READERS."""

from collections.abc import Callable, Mapping

from catalog.ingest.readers import muscate, rasters, safe
from catalog.ingest.readers.scene import Members, Metadata

READERS: Mapping[str, Callable[[Members], Metadata]] = {
    "muscate": muscate.read,
    "rasters": rasters.read,
    "safe": safe.read,
}
"""By the name that a product type gives in `reader`."""
