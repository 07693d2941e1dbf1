# SPDX-License-Identifier: Apache-2.0
"""ESA's SAFE of Sentinel-2 level 1C (S2 PSD 14.9 and later): JPEG 2000 bands, and `MTD_MSIL1C.xml`.

Since baseline 04.00 the counts carry an offset: reflectance = (count + RADIO_ADD_OFFSET) / QUANTIFICATION_VALUE.
"""

from __future__ import annotations

from lxml import etree

from catalog.ingest.readers.muscate import moment
from catalog.ingest.readers.scene import Members, Metadata

_KEPT = ("Cloud_Coverage_Assessment", "PROCESSING_BASELINE", "SENSING_ORBIT_NUMBER", "REFLECTANCE_CONVERSION")


def read(members: Members) -> Metadata:
    """The metadata of a SAFE; empty where it has none. Raises Refused when the file is not XML."""
    root = members.document("mtd_msil1c.xml")
    if root is None:
        return Metadata()
    divisor = _whole(root, "QUANTIFICATION_VALUE")
    offset = _whole(root, "RADIO_ADD_OFFSET") or 0
    quality = {name: found for name in _KEPT if (found := _first(root, name))}
    return Metadata(
        produced=moment(_first(root, "GENERATION_TIME")),
        quality=quality,
        scale=1.0 / divisor if divisor else None,
        offset=offset / divisor if divisor else None,
    )


def _first(root: etree._Element, name: str) -> str:
    return next(((element.text or "").strip() for element in root.iter(name)), "")


def _whole(root: etree._Element, name: str) -> int | None:
    text = _first(root, name)
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() else None
