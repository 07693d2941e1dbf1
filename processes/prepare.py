# SPDX-License-Identifier: Apache-2.0
"""On the node, after the chain: its files become the assets of a product (COG, low-zoom arrays, quicklook), and what was measured is written down.

The supervisor then has only to look, to rename and to commit.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from catalog.ingest.assets import Maker, sources
from catalog.ingest.quicklook import write_quicklook
from catalog.ingest.readers.scene import Metadata
from catalog.ingest.refusal import Refused
from catalog.model.product import Asset, AssetRole, Grid
from catalog.raster.files import Unreadable
from catalog.raster.footprint import footprint
from config.product_types import ProductType
from processes.files import read_json, write_json

MADE = "made.json"


class Unfit(Exception):
    """What a run left is not the result that its process promises."""


def prepare(kind_document: dict[str, Any], out: Path, home: Path) -> None:
    """Makes the assets of one result in `home` from the bands in `out`. Raises Unfit."""
    kind = ProductType.model_validate(kind_document)
    missing = [
        name for name, band in kind.bands.items() if band.required and not (out / f"{name}.tif").is_file()
    ]
    if missing:
        raise Unfit(f"the output {', '.join(missing)} is absent")
    home.mkdir(parents=True, exist_ok=True)
    try:
        found = sources(
            {name: out / f"{name}.tif" for name in kind.bands if (out / f"{name}.tif").is_file()}, kind
        )
        made = Maker(kind, "full_cog", None, Metadata(), home).make(found)
    except (Refused, Unreadable) as refused:
        raise Unfit(str(refused)) from refused
    assets = (*made.assets, *write_quicklook(kind, made.assets, home))
    outline = footprint(made.valid, made.grid)
    write_json(
        home / MADE,
        {
            "assets": [_as_document(asset) for asset in assets],
            "footprint": outline.hex(),
            "cloud": made.cloud,
            "snow": made.snow,
        },
    )


def made_in(home: Path) -> tuple[tuple[Asset, ...], bytes, float | None, float | None]:
    """The assets, footprint (WKB), cloud and snow percentages of a prepared result; each file is looked at. Raises Unfit."""
    document = read_json(home / MADE)
    if document is None:
        raise Unfit("the account of the result is absent")
    try:
        assets = tuple(_as_asset(one) for one in document["assets"])
        outline, cloud, snow = bytes.fromhex(document["footprint"]), document["cloud"], document["snow"]
    except (KeyError, TypeError, ValueError) as error:
        raise Unfit("the account of the result is damaged") from error
    for asset in assets:
        plain = PurePath(asset.path).name == asset.path and PurePath(asset.low).name == asset.low
        path = home / asset.path
        if not plain or not path.is_file() or path.is_symlink() or path.stat().st_size != asset.bytes:
            raise Unfit(f"the file {asset.path[:80]!r} of the result is not as it was made")
    return assets, outline, cloud, snow


def _as_document(asset: Asset) -> dict[str, Any]:
    grid = asset.grid
    return {
        "key": asset.key, "role": asset.role.value, "path": asset.path, "driver": asset.driver, "bytes": asset.bytes, "sha256": asset.sha256,
        "grid": [grid.epsg, grid.west, grid.north, grid.pixel_width, grid.pixel_height, grid.width, grid.height] if grid else None,
        "dtype": asset.dtype, "bands": dict(asset.bands), "scale": asset.scale, "offset": asset.offset, "nodata": list(asset.nodata),
        "overviews": list(asset.overviews), "low": asset.low,
    }  # fmt: skip


def _as_asset(one: dict[str, Any]) -> Asset:
    return Asset(
        one["key"], AssetRole(one["role"]), one["path"], one["driver"], int(one["bytes"]), one["sha256"],
        Grid(*one["grid"]) if one["grid"] else None, one["dtype"], one["bands"], one["scale"], one["offset"], tuple(one["nodata"]),
        tuple(one["overviews"]), one["low"],
    )  # fmt: skip
