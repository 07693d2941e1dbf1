# SPDX-License-Identifier: Apache-2.0
"""Products that are rasters with, at most, a small metadata file: Let-it-snow, OSO, and any folder of GeoTIFFs named by a pattern."""

from __future__ import annotations

from catalog.ingest.readers import muscate
from catalog.ingest.readers.scene import Members, Metadata
from catalog.ingest.refusal import Refused
from catalog.model.faults import Fault
from catalog.xml.parse import parse


def read(members: Members) -> Metadata:
    """LIS_METADATA.XML or a MUSCATE-like file where there is one. Its geometry is never read: OSO's contradicts its raster."""
    files = members.ending(("lis_metadata.xml",))
    if not files:
        found = muscate.read(members)
        return Metadata(produced=found.produced, quality=found.quality)
    try:
        root = parse(files[0].read_bytes(), members.metadata_bytes)
    except Fault as fault:
        raise Refused(f"{files[0].name}: {fault.text}") from fault
    quality = {
        name: (element.text or "").strip()
        for element in root.iter("QUALITY_INDEX")
        if (name := element.get("name"))
    }
    produced = next(
        (muscate.moment((element.text or "").strip()) for element in root.iter("PRODUCTION_DATE")), None
    )
    return Metadata(produced=produced, quality=quality)
