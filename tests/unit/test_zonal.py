# SPDX-License-Identifier: Apache-2.0
"""Statistics in polygons against a reference made by another program: NDVI of a real Theia product over 19 communes."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from support import shared

from catalog.raster.files import describe
from processes.chains.zonal import zone_statistics

NAME = "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D"


def band(name: str) -> tuple[np.ndarray, dict]:
    folder = shared("data", "products", "l2a_theia_t30typ_real", f"{NAME}_V1-9")
    path = next(folder.rglob(f"*_{name}.tif"))
    with rasterio.open(path) as opened:
        return opened.read(1), opened.profile


@pytest.fixture(scope="module")
def ndvi(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The index as the reference has it: 32-bit floats of the stored numbers; with and without the cloudy pixels."""
    (red, profile), (infrared, _), (clouds, _) = band("FRE_B4"), band("FRE_B8"), band("CLM_R1")
    red, infrared = red.astype("float32"), infrared.astype("float32")
    with np.errstate(all="ignore"):
        index = (infrared - red) / (infrared + red)
    folder = tmp_path_factory.mktemp("ndvi")
    out = {}
    for name, pixels in (("all", index), ("clear", np.where(clouds == 0, index, np.nan))):
        out[name] = folder / f"{name}.tif"
        with rasterio.open(
            out[name],
            "w",
            driver="GTiff",
            width=index.shape[1],
            height=index.shape[0],
            count=1,
            dtype="float32",
            crs=profile["crs"],
            transform=profile["transform"],
        ) as opened:
            opened.write(pixels, 1)
    return out


def test_the_reference_of_nineteen_communes_is_found_again(ndvi: dict[str, Path]) -> None:
    reference = json.loads(
        shared("data", "products", "l2a_theia_t30typ_real", f"{NAME}-ndvi-stats.geojson").read_text()
    )
    grid = describe(ndvi["all"]).grid
    how = {"index": 1, "scale": 1.0, "offset": 0.0, "nodata": []}
    matched = {"all": 0, "clear": 0}
    for feature in reference["features"]:
        facts, shape = feature["properties"], shapely.geometry.shape(feature["geometry"])
        for name, path in ndvi.items():
            found = zone_statistics(path, how, grid, shape, classes=False)
            wanted = [facts[f"b1.{key}"] for key in ("percentile_10", "median", "percentile_90")]
            if np.allclose([found["p10"], found["p50"], found["p90"]], wanted, rtol=0, atol=1e-6):
                matched[name] += 1
                break
    assert sum(matched.values()) == len(reference["features"]) == 19
    assert matched["all"] >= 17


def test_hectares_of_each_class(ndvi: dict[str, Path]) -> None:
    folder = shared("data", "products", "l2a_theia_t30typ_real", f"{NAME}_V1-9")
    path = next(folder.rglob("*_CLM_R1.tif"))
    grid = describe(path).grid
    whole = shapely.box(
        grid.west,
        grid.north - grid.height * grid.pixel_height,
        grid.west + grid.width * grid.pixel_width,
        grid.north,
    )
    found = zone_statistics(
        path, {"index": 1, "scale": 1.0, "offset": 0.0, "nodata": []}, grid, whole, classes=True
    )
    assert found["hectares"] == {"0": 13949.72, "11": 66.88}
    outside = shapely.transform(whole, lambda points: points + 1e6)
    assert (
        zone_statistics(
            path, {"index": 1, "scale": 1.0, "offset": 0.0, "nodata": []}, grid, outside, classes=True
        )["count"]
        == 0
    )
