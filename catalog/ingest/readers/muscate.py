# SPDX-License-Identifier: Apache-2.0
"""MUSCATE metadata (`*_MTD_ALL.xml`, schema 1.16 to 1.18), read tolerantly: a field that is absent or odd is left out."""

from __future__ import annotations

import math

from lxml import etree

from catalog.ingest.readers.scene import Members, Metadata
from catalog.model.faults import Fault
from catalog.model.product import ANGLES
from catalog.model.time import Micros, read_instant
from catalog.xml.parse import text

_QUALITY = "Quality_Informations/Current_Product/Product_Quality_List/Product_Quality/Global_Index_List/QUALITY_INDEX"


def read(members: Members) -> Metadata:
    """The metadata of a MUSCATE product; empty where the product has none. Raises Refused when the file is not XML."""
    root = members.document("_mtd_all.xml")
    if root is None:
        return Metadata()
    quality = {
        name: (element.text or "").strip()
        for element in root.iterfind(_QUALITY)
        if (name := element.get("name"))
    }
    quality |= _angles(root)
    return Metadata(
        produced=moment(text(root, "Product_Characteristics/PRODUCTION_DATE")),
        quality=quality,
        scale=_scale(root),
        nodata=_nodata(root),
    )


def moment(written: str) -> Micros | None:
    """A date as products write it, with and without Z and with any number of decimals; None when it is none."""
    try:
        return read_instant(written).start
    except Fault:
        return None


def _angles(root: etree._Element) -> dict[str, str]:
    """Mean angles over the image, of the sun and (over all bands and detectors) of view; degrees. Nothing where one is missing."""
    means = root.find("Geometric_Informations/Mean_Value_List")
    if means is None:
        return {}
    sun = [pair for one in means.iterfind("Sun_Angles") if (pair := _pair(one))]
    views = [pair for one in means.iterfind(".//Mean_Viewing_Incidence_Angle") if (pair := _pair(one))]
    if not sun or not views:
        return {}
    zenith = sum(one[0] for one in views) / len(views)
    east = sum(math.sin(math.radians(one[1])) for one in views)
    north = sum(math.cos(math.radians(one[1])) for one in views)
    found = (*sun[0], zenith, math.degrees(math.atan2(east, north)) % 360)
    return dict(zip(ANGLES, (f"{value:.2f}" for value in found), strict=True))


def _pair(element: etree._Element) -> tuple[float, float] | None:
    """Zenith and azimuth."""
    try:
        zenith, azimuth = (float(element.findtext(name, "")) for name in ("ZENITH_ANGLE", "AZIMUTH_ANGLE"))
    except ValueError:
        return None
    return (zenith, azimuth) if 0 <= zenith <= 90 and 0 <= azimuth <= 360 else None


def _scale(root: etree._Element) -> float | None:
    value = text(root, "Radiometric_Informations/REFLECTANCE_QUANTIFICATION_VALUE")
    return 1.0 / int(value) if value.isdecimal() and int(value) else None


def _nodata(root: etree._Element) -> int | None:
    for special in root.iterfind("Radiometric_Informations/Special_Values_List/SPECIAL_VALUE"):
        value = (special.text or "").strip()
        if special.get("name") == "nodata" and value.removeprefix("-").isdecimal():
            return int(value)
    return None
