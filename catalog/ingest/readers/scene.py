# SPDX-License-Identifier: Apache-2.0
"""What every reader works with: the members of a product and what was found in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lxml import etree

from catalog.ingest.refusal import Refused
from catalog.model.faults import Fault
from catalog.model.time import Micros
from catalog.xml.parse import parse
from config.product_types import ProductType

METADATA_NAMES = ("_mtd_all.xml", "lis_metadata.xml", "_mtd.xml", "mtd_msil1c.xml")
SIDE_FILES = (".shx", ".dbf", ".prj", ".cpg")
"""Of a shapefile."""
QUICKLOOK_NAMES = ("_qkl_all.jpg", "_qkl_all.jpeg", "_qkl_all.png")


@dataclass(frozen=True)
class Members:
    """The files of a product by their name inside of it (with `/`)."""

    files: Mapping[str, Path]
    metadata_bytes: int

    def ending(self, endings: tuple[str, ...]) -> list[Path]:
        """The members whose name ends so (in any case), the shallowest first."""
        return [self.files[name] for name in sorted(self.files, key=_depth) if name.lower().endswith(endings)]

    def document(self, ending: str) -> etree._Element | None:
        """The root of the XML whose name ends so; None where it is missing or empty. Raises Refused when it is not XML."""
        files = self.ending((ending,))
        if not files or not files[0].stat().st_size:
            return None
        try:
            return parse(files[0].read_bytes(), self.metadata_bytes)
        except Fault as fault:
            raise Refused(f"{files[0].name}: {fault.text}") from fault


@dataclass(frozen=True)
class Metadata:
    """What a product's own metadata say; all of it optional, none of it trusted over the rasters."""

    produced: Micros | None = None
    quality: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    """Reflectance per count, where it differs from the product type's."""
    offset: float | None = None
    """Reflectance of the count 0, likewise."""
    nodata: int | None = None


def _depth(name: str) -> tuple[int, str]:
    return (name.count("/"), name)


def wanted(names: Mapping[str, object], kind: ProductType) -> list[str]:
    """The members that ingest needs: bands, metadata, quicklook."""
    bands = set(assign(names, kind).values())
    beside = {PurePosixPath(name).with_suffix("") for name in bands} if kind.polygons else set()
    return [
        name
        for name in names
        if name in bands
        or name.lower().endswith((*METADATA_NAMES, *QUICKLOOK_NAMES))
        or (name.lower().endswith(SIDE_FILES) and PurePosixPath(name).with_suffix("") in beside)
    ]


def assign(names: Mapping[str, object], kind: ProductType) -> dict[str, str]:
    """Band name to member name. Where a D folder nests the C profile, the shallowest file wins."""
    ordered = sorted(names, key=_depth)
    out: dict[str, str] = {}
    for band_name, band in kind.bands.items():
        for pattern in band.files:
            found = next(
                (name for name in ordered if re.fullmatch(pattern, PurePosixPath(name).name, re.ASCII)), None
            )
            if found:
                out[band_name] = found
                break
    return out


def require(assigned: Mapping[str, str], kind: ProductType) -> None:
    """Raises Refused when a band that the product type requires has no file."""
    missing = [name for name, band in kind.bands.items() if band.required and name not in assigned]
    if missing:
        first = kind.bands[missing[0]].files[0]
        raise Refused(f"has no file for {', '.join(missing)} (wanted: {first})")
