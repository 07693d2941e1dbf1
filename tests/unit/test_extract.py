# SPDX-License-Identifier: Apache-2.0
"""The process `extract`: stored values on their own pixels, mosaics newest first, polygons, other grids, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from catalog.crs import transform_box
from catalog.model.area import Box
from catalog.model.product import Grid
from catalog.raster.write import write_cog
from processes.chains import extract

GRID = Grid(32631, 300_000.0, 4_900_000.0, 10.0, 10.0, 60, 50)
EAST = Grid(32631, 300_400.0, 4_900_000.0, 10.0, 10.0, 60, 50)
RNG = np.random.default_rng(3)


def item(folder: Path, name: str, day: int, grid: Grid, **bands: np.ndarray) -> dict:
    found = {}
    for band, counts in bands.items():
        path = folder / f"{name}-{band}.tif"
        write_cog(path, counts.astype(np.int16), grid, -10_000, average=True)
        found[band] = {
            "path": str(path), "index": 1, "scale": 0.0001, "offset": 0.0, "nodata": [-10_000],
        }  # fmt: skip
    return {"id": name, "day": day, "bands": found}


def noise() -> np.ndarray:
    return RNG.integers(0, 9_000, (50, 60))


def order(folder: Path, items: list[dict], **values: object) -> rasterio.DatasetReader:
    extract.run(items, {"bands": ["B4"], "method": "nearest", **values}, folder, lambda *_: None)
    return rasterio.open(folder / "extract.tif")


def test_native_values_are_the_stored_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "_ROWS", 16)
    red, infrared = noise(), noise()
    with order(tmp_path, [item(tmp_path, "a", 1, GRID, B4=red, B8=infrared)], bands=["B8", "B4"]) as found:
        assert (found.read(1) == infrared).all()
        assert (found.read(2) == red).all()
        assert (found.descriptions, found.scales, found.nodata) == (("B8", "B4"), (0.0001, 0.0001), -10_000)
        assert (found.bounds.left, found.bounds.top, found.crs.to_epsg()) == (300_000, 4_900_000, 32631)


def test_the_newest_gives_a_pixel_and_an_older_one_what_it_lacks(tmp_path: Path) -> None:
    old, new = noise(), noise()
    new[:, :10] = -10_000
    items = [item(tmp_path, "new", 9, GRID, B4=new), item(tmp_path, "old", 2, GRID, B4=old)]
    with order(tmp_path, items) as found:
        assert (found.read(1) == np.where(new == -10_000, old, new)).all()


def test_neighbours_are_one_mosaic_on_their_pixels(tmp_path: Path) -> None:
    left, right = noise(), noise()
    items = [item(tmp_path, "left", 2, GRID, B4=left), item(tmp_path, "right", 1, EAST, B4=right)]
    with order(tmp_path, items) as found:
        counts = found.read(1)
    assert counts.shape == (50, 100)
    assert (counts[:, :60] == left).all()
    assert (counts[:, 60:] == right[:, 20:]).all()


def test_a_box_and_a_polygon_are_parts(tmp_path: Path) -> None:
    red = noise()
    items = [item(tmp_path, "a", 1, GRID, B4=red)]
    inner = transform_box(
        Box(west=300_101.0, south=4_899_801.0, east=300_299.0, north=4_899_899.0), 32631, 4326
    )
    assert inner
    with order(tmp_path, items, bbox=[inner.west, inner.south, inner.east, inner.north]) as found:
        left, top = round((found.bounds.left - 300_000) / 10), round((4_900_000 - found.bounds.top) / 10)
        counts = found.read(1)
        assert (counts == red[top : top + counts.shape[0], left : left + counts.shape[1]]).all()
        assert counts.size < red.size / 4
    ring = [
        [inner.west, inner.south], [inner.east, inner.south], [inner.west, inner.north], [inner.west, inner.south],
    ]  # fmt: skip
    with order(tmp_path, items, area={"type": "Polygon", "coordinates": [ring]}) as found:
        share = (found.read(1) != -10_000).mean()
    assert 0.3 < share < 0.6, "a triangle is half of its box, which the slant of the meridians widens"


def test_another_crs_and_resolution(tmp_path: Path) -> None:
    items = [item(tmp_path, "a", 1, GRID, B4=np.full((50, 60), 1_234))]
    with order(tmp_path, items, epsg=2154, resolution=20, method="bilinear") as found:
        counts = found.read(1)
        assert (found.crs.to_epsg(), found.res) == (2154, (20.0, 20.0))
    assert set(np.unique(counts)) == {-10_000, 1_234}
    with order(tmp_path, items, epsg=4326) as found:
        assert found.res[0] == pytest.approx(10 / 111_319.49)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bands": ["B5"]}, "has no band B5"),
        ({"bbox": [10, 10, 11, 11]}, "lies in this area"),
        ({"resolution": 0.0001}, "a side has 1 to"),
    ],
)
def test_what_cannot_be_made_is_said(tmp_path: Path, values: dict, said: str) -> None:
    items = [item(tmp_path, "a", 1, GRID, B4=noise())]
    with pytest.raises(ValueError, match=said):
        order(tmp_path, items, **values)


def test_bands_of_different_meaning_do_not_mix(tmp_path: Path) -> None:
    one, other = (item(tmp_path, name, 1, GRID, B4=noise()) for name in ("a", "b"))
    other["bands"]["B4"]["scale"] = 0.001
    with pytest.raises(ValueError, match="different scales"):
        order(tmp_path, [one, other])


def masked(one: dict, folder: Path, mask: np.ndarray, **rule: object) -> dict:
    """A product with a mask of cloud, of bytes."""
    path = folder / f"{one['id']}-CLM.tif"
    write_cog(path, mask.astype(np.uint8), GRID, None, average=False)
    found = {"path": str(path), "index": 1, "scale": 1.0, "offset": 0.0, "nodata": []}
    return {
        **one,
        "bands": {**one["bands"], "CLM": found},
        "cloudy": {"band": "CLM", "bits": [], "values": [], **rule},
    }


@pytest.mark.parametrize("rule", [{"bits": [1, 3]}, {"values": [2, 8, 10]}])
def test_what_the_mask_calls_cloud_is_given_by_an_older_product(tmp_path: Path, rule: dict) -> None:
    old, new, mask = noise(), noise(), RNG.choice([0, 1, 2, 8, 10], (50, 60))
    cloud = np.isin(mask, [2, 8, 10])
    items = [
        masked(item(tmp_path, "new", 9, GRID, B4=new), tmp_path, mask, **rule),
        item(tmp_path, "old", 2, GRID, B4=old),
    ]
    with order(tmp_path, items, clear=True) as found:
        assert (found.read(1) == np.where(cloud, old, new)).all()
    with order(tmp_path, items[:1], clear=True) as found:
        assert (found.read(1) == np.where(cloud, -10_000, new)).all()
        assert found.nodata == -10_000
    with order(tmp_path, items) as found:
        assert (found.read(1) == new).all(), "nothing is left out where nobody asked"


def test_values_in_their_units_may_have_different_types(tmp_path: Path) -> None:
    red, mask = noise(), RNG.integers(0, 3, (50, 60))
    red[:5] = -10_000
    one = masked(item(tmp_path, "a", 1, GRID, B4=red), tmp_path, mask)
    with order(tmp_path, [one], bands=["B4", "CLM"], values="physical") as found:
        assert found.dtypes == ("float32", "float32")
        assert np.isnan(found.nodata)
        assert found.scales == (1.0, 1.0)
        values = found.read()
    assert np.isnan(values[:, :5]).all()
    assert values[0, 5:] == pytest.approx(red[5:] * 0.0001, abs=1e-6)
    assert (values[1, 5:] == mask[5:]).all()
    with pytest.raises(ValueError, match="order physical values"):
        order(tmp_path, [one], bands=["B4", "CLM"])
