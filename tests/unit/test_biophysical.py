# SPDX-License-Identifier: Apache-2.0
"""BV-NET: every test case that comes with the networks, the statistics of a real image, flags, and what the chain writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from support import shared

from processes.chains.biophysical import (
    ABOVE,
    BANDS,
    BELOW,
    VARIABLES,
    answer,
    bounded,
    outside,
    read_domain,
    read_network,
    run,
)

REAL = "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D_V1-9"
ANGLES = {"view_zenith": 4.2, "sun_zenith": 53.9, "relative_azimuth": 62.5}
SETS = ["2_1", "3_0/S2B"]


def networks(name: str = "2_1") -> Path:
    return shared("data", "products", "bvnet", *name.split("/"))


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("version", SETS)
def test_every_test_case_of_the_networks(version: str, variable: str) -> None:
    path = networks(version) / variable / f"{variable}_TestCases"
    if not path.exists():
        pytest.skip("no test cases came with this one")
    cases = np.loadtxt(path, delimiter=",")
    cases = cases[np.isfinite(cases).all(axis=1)]
    assert len(cases) > 50
    network = read_network(networks(version), variable)
    for kind in (np.float64, np.float32):
        found, _ = bounded(network, answer(network, cases[:, :11].T.astype(kind)))
        assert np.isfinite(found).mean() > 0.98
        assert np.nanmax(np.abs(found - cases[:, 11])) < 5e-4


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("version", SETS)
def test_a_real_image_has_its_known_statistics(version: str, variable: str) -> None:
    known = json.loads(shared("data", "products", "KNOWN_VALUES.json").read_text())
    expected = known[f"bvnet_{version}_{variable}_t30typ_raw"]
    planes = []
    for band in BANDS:
        path = shared("data", "products", "l2a_theia_t30typ_real", REAL, f"{REAL}_FRE_{band}.tif")
        with rasterio.open(path) as opened:
            size = round(opened.transform.a)
            left, top = (
                round((742_920 - opened.transform.c) / size),
                round((opened.transform.f - 4_848_600) / size),
            )
            wide = 20 // size
            found = opened.read(1).astype(np.float64)[top : top + 584 * wide, left : left + 598 * wide]
        if band in ("B3", "B4"):
            found = found.reshape(found.shape[0] // 2, 2, found.shape[1] // 2, 2).mean(axis=(1, 3))
        planes.append(found.ravel() / 10_000)
    cosines = np.cos(np.radians([ANGLES["view_zenith"], ANGLES["sun_zenith"], ANGLES["relative_azimuth"]]))
    inputs = np.concatenate([np.stack(planes), np.repeat(cosines[:, None], len(planes[0]), axis=1)])
    found = answer(read_network(networks(version), variable), inputs)
    assert len(found) == expected["n"]
    got = {
        "min": found.min(), "max": found.max(), "mean": found.mean(), "std": found.std(), "median": np.median(found), "p10": np.percentile(found, 10),
        "p90": np.percentile(found, 90),
    }  # fmt: skip
    for name, value in got.items():
        assert value == pytest.approx(expected[name], abs=expected["tol"]), name


def test_values_that_cannot_be_are_bounded_and_flagged() -> None:
    network = read_network(networks(), "LAI")
    found, flags = bounded(network, np.array([-0.5, -0.1, 0.0, 3.0, 8.1, 9.0]))
    assert np.array_equal(found, [np.nan, 0.0, 0.0, 3.0, 8.0, np.nan], equal_nan=True)
    assert flags.tolist() == [BELOW, BELOW, 0, 0, ABOVE, ABOVE]


def test_what_the_network_learned_is_inside_and_other_things_are_not() -> None:
    domain = read_domain(networks())
    cases = np.loadtxt(networks() / "LAI" / "LAI_TestCases", delimiter=",")
    cases = cases[np.isfinite(cases).all(axis=1)]
    assert outside(domain, cases[:, :8].T).mean() < 0.05
    snow = np.full((8, 1), 0.9)
    middle = ((domain.low + domain.high) / 2)[:, None]
    odd = middle.copy()
    odd[0], odd[1] = domain.high[0] * 0.999, domain.low[1]
    assert outside(domain, np.concatenate([snow, odd], axis=1)).tolist() == [True, True]


def item(folder: Path, **more: Any) -> dict[str, Any]:
    """A made-up product: vegetation, a pixel without a value, a cloud, and snow."""
    green = np.array([0.06, 0.04, 0.11, 0.36, 0.40, 0.41, 0.2, 0.09])
    bands = {}
    for number, name in enumerate(BANDS):
        fine = 2 if name in ("B3", "B4") else 1
        counts = np.full((4, 4), round(green[number] * 10_000), np.int16)
        counts[0, 0], counts[3, 3] = -10_000, 9_500
        bands[name] = _written(
            folder / f"{name}.tif", np.kron(counts, np.ones((fine, fine), np.int16)), 20.0 / fine
        )
    clouds = np.zeros((4, 4), np.uint8)
    clouds[0, 1] = 2
    bands["CLM"] = _written(folder / "CLM.tif", clouds, 20.0) | {"nodata": []}
    return {"id": "x", "bands": bands, "networks": str(networks()), **more}


def _written(path: Path, counts: Any, size: float) -> dict[str, Any]:
    transform = rasterio.Affine(size, 0.0, 300_000.0, 0.0, -size, 4_900_020.0)
    with rasterio.open(
        path, "w", driver="GTiff", width=counts.shape[1], height=counts.shape[0], count=1, dtype=counts.dtype, crs="EPSG:32631", transform=transform
    ) as opened:  # fmt: skip
        opened.write(counts, 1)
    return {"path": str(path), "index": 1, "scale": 0.0001, "offset": 0.0, "nodata": [-10_000]}


def read(path: Path) -> Any:
    with rasterio.open(path) as opened:
        return opened.read(1)


def test_the_chain_writes_values_flags_and_nothing_under_clouds(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    angles = {"sun_zenith": 53.9, "sun_azimuth": 160.0, "view_zenith": 4.2, "view_azimuth": 222.5}
    run(item(folder, angles=angles), {"keep_clouds": False}, out)
    lai, flags = read(out / "LAI.tif"), read(out / "FLAGS.tif")
    assert lai[0, 0] == lai[0, 1] == -10_000
    assert flags[0, 0] == flags[0, 1] == 255
    inputs = np.array([0.06, 0.04, 0.11, 0.36, 0.40, 0.41, 0.2, 0.09, *np.cos(np.radians([4.2, 53.9, 62.5]))])
    expected = answer(read_network(networks(), "LAI"), inputs[:, None])[0]
    assert 0.5 < expected < 6
    assert lai[1, 1] == pytest.approx(expected * 1000, abs=1)
    assert flags[1, 1] == 0
    assert flags[3, 3] & 1, "snow is nothing that it learned"
    assert read(out / "FAPAR.tif")[1, 1] == pytest.approx(
        answer(read_network(networks(), "FAPAR"), inputs[:, None])[0] * 10_000, abs=2
    )
    run(item(folder), {"keep_clouds": True, **ANGLES}, out)
    assert read(out / "LAI.tif")[0, 1] == lai[1, 1], "angles as ordered, clouds kept"
    with pytest.raises(ValueError, match="give view_zenith, sun_zenith and relative_azimuth"):
        run(item(folder), {"keep_clouds": False}, out)


def test_a_folder_without_the_networks_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"processes.networks has no LAI/LAI_Normalisation"):
        read_network(tmp_path, "LAI")
    with pytest.raises(ValueError, match="has 6 inputs, not 11"):
        read_network(networks("3_0/S2A_10m"), "LAI")
