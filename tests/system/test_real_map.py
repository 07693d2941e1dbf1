# SPDX-License-Identifier: Apache-2.0
"""The real Theia crop on the map: known pixels are read back through GetFeatureInfo."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from support import shared

from catalog.raster.files import describe, read_band
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest

NAME = "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D_V1-9"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    folder = shared("data", "products", "l2a_theia_t30typ_real", NAME)
    settings = Settings(data=tmp_path_factory.mktemp("real"))
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    assert [outcome.status for outcome in worker.run(worker.find([folder])).outcomes] == ["new"]
    catalog.close()
    with TestClient(build(settings)) as client:
        yield client, folder


@pytest.mark.parametrize(("row", "column"), [(0, 0), (7, 13), (600, 555), (1_168, 1_196), (333, 1_000)])
def test_every_band_of_a_known_pixel(real: tuple[TestClient, Path], row: int, column: int) -> None:
    """10 m and 20 m rasters of this product are not aligned: each band is read on its own grid."""
    client, folder = real
    grid = describe(folder / f"{NAME}_FRE_B4.tif").grid
    x, y = grid.west + (column + 0.5) * 10, grid.north - (row + 0.5) * 10
    query = f"VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=sentinel2-l2a&QUERY_LAYERS=sentinel2-l2a&STYLES=&CRS=EPSG:32630&BBOX={x - 5},{y - 5},{x + 5},{y + 5}&WIDTH=1&HEIGHT=1&I=0&J=0&INFO_FORMAT=application/json&TIME=2018-10-23"
    (feature,) = json.loads(client.get(f"/wms?{query}").content)["features"]
    for band in ("B2", "B3", "B4", "B8", "B5", "B6", "B7", "B8A", "B11", "B12"):
        path = folder / f"{NAME}_FRE_{band}.tif"
        own = describe(path).grid
        count = read_band(path, 1)[
            int((own.north - y) // own.pixel_height), int((x - own.west) // own.pixel_width)
        ]
        assert feature["properties"][band] == pytest.approx(int(count) * 0.0001, abs=1e-9)
    clouds = read_band(folder / "MASKS" / f"{NAME}_CLM_R1.tif", 1)[row, column]
    assert feature["properties"]["CLM_value"] == clouds


def test_the_map_shows_the_crop_where_it_is(real: tuple[TestClient, Path]) -> None:
    client, folder = real
    from io import BytesIO

    from PIL import Image

    box = describe(folder / f"{NAME}_FRE_B4.tif").grid.box
    query = f"VERSION=1.3.0&REQUEST=GetMap&LAYERS=sentinel2-l2a&STYLES=true-colour&CRS=EPSG:32630&BBOX={box.west},{box.south},{box.east},{box.north}&WIDTH=1198&HEIGHT=1170&FORMAT=image/png&TRANSPARENT=TRUE"
    shown = np.asarray(Image.open(BytesIO(client.get(f"/wms?{query}").content)).convert("RGBA"))
    for plane, band in enumerate(("B4", "B3", "B2")):
        counts = read_band(folder / f"{NAME}_FRE_{band}.tif", 1)
        expected = np.clip(counts * 0.0001 / 0.25, 0, 1) * 254 + 1.5
        assert np.abs(shown[..., plane].astype(float) - expected).max() <= 1.0
    assert (shown[..., 3] == 255).all()
