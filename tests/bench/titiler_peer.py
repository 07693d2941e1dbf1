# SPDX-License-Identifier: Apache-2.0
"""titiler as its documentation starts it, with one more address for mosaics, which its core has none of; for the benchmark alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response
from rio_tiler.io import Reader
from rio_tiler.models import ImageData
from rio_tiler.mosaic import mosaic_reader
from titiler.core.factory import TilerFactory

app = FastAPI()
app.include_router(TilerFactory(router_prefix="/cog").router, prefix="/cog")
SCENES = os.environ.get("PEER_SCENES", "").split(":")


def _tile(path: str, *place: int) -> ImageData:
    with Reader(path) as reader:
        return reader.tile(*place)


def _part(path: str, box: tuple[float, float, float, float], **options: Any) -> ImageData:
    with Reader(path) as reader:
        return reader.part(box, **options)


@app.get("/mosaic/{z}/{x}/{y}")
def tile(z: int, x: int, y: int) -> Response:
    """A tile of the scenes, the first on top; one thread, which is its fastest."""
    image, _ = mosaic_reader(SCENES, _tile, x, y, z, threads=0)
    return Response(image.render(img_format="PNG"), media_type="image/png")


@app.get("/mosaic/bbox")
def part(box: str, width: int, height: int) -> Response:
    """A map of the scenes in longitude and latitude."""
    options: Mapping[str, Any] = {
        "bounds_crs": "epsg:4326",
        "dst_crs": "epsg:4326",
        "width": width,
        "height": height,
    }
    west, south, east, north = (float(one) for one in box.split(","))
    image, _ = mosaic_reader(SCENES, _part, (west, south, east, north), threads=0, **options)
    return Response(image.render(img_format="PNG"), media_type="image/png")
