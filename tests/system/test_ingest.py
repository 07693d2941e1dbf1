# SPDX-License-Identifier: Apache-2.0
"""Ingest: generated products, the real samples, versions, policies, and what must be refused."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from support import SHARED, shared

from catalog.generator.muscate import Tile, write_l2a
from catalog.generator.rasters import write_oso
from catalog.ingest.batch import Ingest, Report
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.product import AssetRole, Grid, Product
from catalog.raster.files import read_band
from catalog.raster.write import write_strips
from catalog.service import Catalog, open_catalog
from config.limits import Limits
from config.registry import load_registry

SMALL = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 60)
NAME = "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    found = open_catalog(f"sqlite:///{tmp_path / 'h.db'}", load_registry(), Limits(), tmp_path / "archive")
    yield found
    found.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def take(catalog: Catalog, *paths: Path, limits: Limits | None = None, **options: object) -> Report:
    policies = options.pop("policies", None)
    worker = Ingest(catalog, limits or Limits(), OPERATOR, policies)  # type: ignore[arg-type]
    return worker.run(worker.find(paths), **options)  # type: ignore[arg-type]


def stored(catalog: Catalog, name: str) -> Product:
    return catalog.product(name, ANONYMOUS, Deadline.after(10))


def statuses(report: Report) -> list[str]:
    return [outcome.status for outcome in report.outcomes]


def test_a_product_becomes_cogs_with_what_the_rasters_say(catalog: Catalog, inbox: Path) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.3, swath=0.4)
    assert statuses(take(catalog, inbox)) == ["new"]
    product = stored(catalog, NAME)
    assert (product.platform, product.zone, product.version) == ("SENTINEL2A", "T31TCJ", "2-2")
    clm = read_band(home / "MASKS" / f"{home.name}_CLM_R1.tif", 1)
    assert product.cloud == pytest.approx(100 * ((clm & 1) != 0).mean(), abs=0.01)
    red = product.asset_of("B4")
    assert red and red.nodata == (-10_000,)
    path = catalog.archive / red.path
    original = read_band(home / f"{home.name}_FRE_B4.tif", 1)
    with rasterio.open(path, driver="GTiff") as cog:
        assert (cog.read(1) == original).all()
        assert (cog.nodata, cog.profile["compress"], cog.block_shapes) == (-10_000, "zstd", [(256, 256)])
    footprint = shapely.from_wkb(product.footprint)
    tile = shapely.box(*_lon_lat(SMALL))
    assert 0.4 < footprint.area / tile.area < 0.8, "the swath covers a part of the tile"
    assert {asset.role for asset in product.assets} == {
        AssetRole.DATA,
        AssetRole.MASK,
        AssetRole.VISUAL,
        AssetRole.METADATA,
        AssetRole.QUICKLOOK,
    }
    for asset in product.assets:
        assert (catalog.archive / asset.path).is_file()


def _lon_lat(tile: Tile) -> tuple[float, float, float, float]:
    from catalog.crs import transform_box

    box = transform_box(tile.grid(10).box, tile.epsg, 4326)
    assert box
    return box.west, box.south, box.east, box.north


def test_the_visual_is_the_stretched_composite_with_zero_for_no_data(catalog: Catalog, inbox: Path) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0, swath=0.3)
    take(catalog, inbox)
    visual = stored(catalog, NAME).first(AssetRole.VISUAL)
    assert visual
    red = read_band(home / f"{home.name}_FRE_B4.tif", 1)
    look = read_band(catalog.archive / visual.path, 1)
    expected = np.where(red == -10_000, 0, (np.clip(red * 0.0001 / 0.25, 0, 1) * 254 + 1.5).astype(np.uint8))
    assert (look == expected).all()


def test_a_second_run_changes_nothing_and_a_changed_delivery_is_taken_again(
    catalog: Catalog, inbox: Path
) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0)
    assert statuses(take(catalog, inbox)) == ["new"]
    revision = catalog.revision()
    assert statuses(take(catalog, inbox)) == ["skipped"]
    assert catalog.revision() == revision
    assert statuses(take(catalog, inbox, dry_run=True, force=True)) == ["would ingest"]
    grid = SMALL.grid(10)
    write_strips(
        home / f"{home.name}_FRE_B4.tif", np.full((1, grid.height, grid.width), 1_234, np.int16), grid
    )
    assert statuses(take(catalog, inbox)) == ["updated"]
    red = stored(catalog, NAME).asset_of("B4")
    assert red
    assert (read_band(catalog.archive / red.path, 1) == 1_234).all()
    homes = list((catalog.archive / "sentinel2-l2a" / "2023" / NAME).iterdir())
    assert len(homes) == 1, "the files of the replaced delivery are gone"


def test_the_complete_profile_is_the_same_product(catalog: Catalog, inbox: Path) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0)
    complete = inbox / home.name.replace("_D_V", "_C_V")
    shutil.copytree(home, complete)
    for path in list(complete.rglob("*_D_V2-2*")):
        path.rename(path.with_name(path.name.replace("_D_V", "_C_V")))
    report = take(catalog, inbox)
    assert sorted(statuses(report)) == ["new", "skipped"]
    assert len({outcome.product for outcome in report.outcomes}) == 1


@pytest.mark.parametrize("policy", ["in_place", "overview_sidecar", "visual_only", "full_cog"])
def test_each_policy_keeps_the_values_and_copies_only_what_it_says(
    catalog: Catalog, inbox: Path, policy: str
) -> None:
    home = write_l2a(inbox, Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 600), date(2023, 3, 5), 0.0)
    assert statuses(take(catalog, inbox, policies={"sentinel2-l2a": policy})) == ["new"]
    product = stored(catalog, NAME)
    red = product.asset_of("B4")
    assert red
    assert (read_band(catalog.archive / red.path, 1) == read_band(home / f"{home.name}_FRE_B4.tif", 1)).all()
    in_archive = (catalog.archive / red.path).is_relative_to(catalog.archive)
    assert in_archive is (policy == "full_cog")
    assert (product.first(AssetRole.VISUAL) is not None) is (policy != "in_place")
    assert (product.first(AssetRole.SIDECAR) is not None) is (policy == "overview_sidecar")
    low = np.load(catalog.archive / f"{red.low}.low32.npy")
    assert low.shape == (1, 32, 32)


def test_a_zip_in_place_keeps_its_members_in_the_archive(catalog: Catalog, inbox: Path) -> None:
    write_oso(inbox, SMALL, 2022)
    assert statuses(take(catalog, inbox, policies={"oso-23": "in_place"})) == ["new"]
    band = stored(catalog, "OSO_20220101_RASTER").asset_of("CLASS")
    assert band
    assert (catalog.archive / band.path).is_file()
    assert not Path(band.path).is_absolute()


def test_land_cover_takes_its_place_from_the_raster_not_from_its_metadata(
    catalog: Catalog, inbox: Path
) -> None:
    write_oso(inbox, SMALL, 2022)
    take(catalog, inbox)
    product = stored(catalog, "OSO_20220101_RASTER")
    band = product.asset_of("CLASS")
    assert band and band.grid and band.grid.epsg == 2154
    assert 0.4 < product.boxes[0].west < 0.7


def test_a_broken_product_is_refused_and_the_batch_goes_on(catalog: Catalog, inbox: Path) -> None:
    cases = {
        "missing": lambda home: (home / f"{home.name}_FRE_B4.tif").unlink(),
        "empty": lambda home: (home / f"{home.name}_FRE_B4.tif").write_bytes(b""),
        "cut off": lambda home: (home / f"{home.name}_FRE_B4.tif").write_bytes(
            (home / f"{home.name}_FRE_B4.tif").read_bytes()[:3_000]
        ),
        "not xml": lambda home: (home / f"{home.name}_MTD_ALL.xml").write_text(
            "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"
        ),
        "vrt": lambda home: (home / f"{home.name}_FRE_B4.tif").write_text(
            "<VRTDataset rasterXSize='60' rasterYSize='60'></VRTDataset>"
        ),
        "too large": lambda home: write_strips(
            home / f"{home.name}_FRE_B4.tif",
            np.zeros((1, 2, 10_981), np.int16),
            Grid(32631, 0, 100, 10, 10, 10_981, 2),
        ),
        "no CRS": lambda home: _without_crs(home / f"{home.name}_FRE_B4.tif"),
        "wrong type": lambda home: write_strips(
            home / f"{home.name}_FRE_B4.tif", np.zeros((1, 60, 60), np.uint8), SMALL.grid(10)
        ),
        "all nodata": lambda home: write_strips(
            home / f"{home.name}_FRE_B2.tif", np.full((1, 60, 60), -10_000, np.int16), SMALL.grid(10)
        ),
    }
    for number, (_, spoil) in enumerate(cases.items()):
        spoil(write_l2a(inbox, SMALL, date(2023, 4, 1 + number), 0.0))
    write_l2a(inbox, SMALL, date(2023, 5, 1), 0.0)
    report = take(catalog, inbox)
    assert statuses(report) == ["failed"] * len(cases) + ["new"]
    for (what, _), outcome in zip(cases.items(), report.outcomes, strict=False):
        assert "\n" not in outcome.reason, what
        assert "B4" in outcome.reason or "B2" in outcome.reason or "MTD_ALL" in outcome.reason, (
            what,
            outcome.reason,
        )
    assert not list((catalog.archive / "work").iterdir())


def _without_crs(path: Path) -> None:
    place = Affine(10.0, 0.0, 300_000.0, 0.0, -10.0, 4_900_020.0)
    profile = {"driver": "GTiff", "width": 60, "height": 60, "count": 1, "dtype": "int16", "transform": place}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.zeros((1, 60, 60), np.int16))


def _zip(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in members:
            packed.writestr(name, body)
    return path


FOLDER = f"{NAME}_V2-2"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.tif",
        "/etc/evil.tif",
        f"{FOLDER}/../../evil.tif",
        f"{FOLDER}\\evil.tif",
        "C:evil.tif",
        f"{FOLDER}/\nevil.tif",
    ],
)
def test_an_archive_with_an_unsafe_name_is_refused(catalog: Catalog, inbox: Path, name: str) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(inbox / "a.zip", "w") as packed:
        packed.writestr(info, b"x")
    (outcome,) = take(catalog, inbox).outcomes
    assert (outcome.status, "not a safe name" in outcome.reason) == ("failed", True)
    assert not list(inbox.parent.rglob("evil*"))


def test_bombs_links_doubles_and_crowds_are_refused(catalog: Catalog, inbox: Path) -> None:
    _zip(inbox / "bomb.zip", (f"{FOLDER}/x.tif", b"\0" * 50_000_000))
    _zip(inbox / "crowd.zip", *((f"{FOLDER}/{n}", b"") for n in range(60)))
    _zip(inbox / "double.zip", (f"{FOLDER}/a.tif", b""), (f"{FOLDER}/A.TIF", b""))
    link = zipfile.ZipInfo(f"{FOLDER}/link.tif")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(inbox / "link.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    (inbox / "no.zip").write_bytes(b"PK\x03\x04 no zip at all")
    report = take(catalog, inbox, limits=Limits(archive_members=50))
    assert statuses(report) == ["failed"] * 5
    reasons = " | ".join(outcome.reason for outcome in report.outcomes)
    for said in ("200 to 1", "the limit is 50", "twice", "not a regular file", "not a readable zip"):
        assert said in reasons


def test_a_zip_whose_name_is_not_its_folder_is_taken_by_its_prefix(catalog: Catalog, inbox: Path) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0)
    with zipfile.ZipFile(inbox / "anything.zip", "w") as packed:
        for path in sorted(home.rglob("*")):
            if path.is_file():
                packed.write(path, f"renamed/{path.relative_to(home)}")
    shutil.rmtree(home)
    report = take(catalog, inbox)
    assert [(outcome.status, outcome.product) for outcome in report.outcomes] == [("new", f"{NAME}@2-2")]


def test_a_renamed_folder_is_taken_by_its_prefix(catalog: Catalog, inbox: Path) -> None:
    write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0).rename(inbox / "my favourite")
    assert statuses(take(catalog, inbox)) == ["new"]


def test_a_quantification_of_1000_is_read_from_the_metadata(catalog: Catalog, inbox: Path) -> None:
    home = write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0)
    metadata = home / f"{home.name}_MTD_ALL.xml"
    metadata.write_text(
        metadata.read_text().replace("_QUANTIFICATION_VALUE>10000<", "_QUANTIFICATION_VALUE>1000<")
    )
    take(catalog, inbox)
    red = stored(catalog, NAME).asset_of("B4")
    assert red and red.scale == 0.001


def test_an_operators_own_rasters_become_a_collection_by_one_file(tmp_path: Path, inbox: Path) -> None:
    types = tmp_path / "types"
    types.mkdir()
    (types / "ndvi.yaml").write_text(
        """
id: my-ndvi
title: {en: My NDVI, fr: Mon NDVI}
abstract: {en: x, fr: y}
level: L3
reader: rasters
naming: [{pattern: 'ndvi_(?P<zone>[a-z-]+)_(?P<date>\\d{8})', identity: 'ndvi_{zone}_{date}'}]
duration: day
window: P10D
grid_side: 1000
bands: {NDVI: {title: {en: NDVI, fr: NDVI}, files: ['ndvi_.*\\.tif'], dtype: float32}}
styles:
  - {id: green, kind: ramp, title: {en: g, fr: v}, bands: [NDVI], stops: [{value: 0, colour: '#FFFFFF'}, {value: 1, colour: '#00FF00'}]}
layers: [{title: {en: My NDVI, fr: Mon NDVI}, styles: [green]}]
maturity: research
centre: me
producer: me
licence: CC0
attribution: me
"""
    )
    write_strips(inbox / "ndvi_le-gers_20230510.tif", np.full((1, 60, 60), 0.5, np.float32), SMALL.grid(10))
    write_strips(inbox / "other.tif", np.full((1, 60, 60), 0.5, np.float32), SMALL.grid(10))
    catalog = open_catalog(
        f"sqlite:///{tmp_path / 'h.db'}", load_registry([types]), Limits(), tmp_path / "archive"
    )
    report = take(catalog, inbox)
    assert [(outcome.status, outcome.reason) for outcome in report.outcomes] == [
        ("new", ""),
        ("skipped", "no product type knows this name"),
    ]
    assert stored(catalog, "ndvi_le-gers_20230510").collection == "my-ndvi"
    catalog.close()


REAL = {
    "l2a_muscate_reconstructed/single": ["new"],
    "l2a_muscate_reconstructed/series_l3a": ["new"] * 5,
    "l2a_theia_t30typ_real": ["new"],
    "l2a_stack_madagascar": ["failed", "failed"],
}


@pytest.mark.parametrize("folder", sorted(REAL))
def test_the_real_samples_enter_or_are_refused_for_a_right_reason(catalog: Catalog, folder: str) -> None:
    report = take(catalog, shared("data", "products", folder))
    known = [outcome for outcome in report.outcomes if outcome.product]
    assert [outcome.status for outcome in known] == REAL[folder]
    for outcome in known:
        if outcome.status == "failed":
            assert "has no file for B2" in outcome.reason, (
                "the stacks hold four bands in one file of another layout"
            )


def test_the_real_snow_scene_has_its_snow(catalog: Catalog) -> None:
    take(catalog, shared("data", "products", "l2a_muscate_reconstructed", "snow"))
    product = stored(catalog, "SENTINEL2A_20190205-105221-461_L2A_T30TYP_D")
    truth = read_band(next((SHARED / "data/products/l2a_muscate_reconstructed/snow").glob("TRUTH*.tif")), 1)
    assert product.snow == pytest.approx(100 * (truth == 100).mean(), abs=4.0)


def test_the_real_crop_reads_back_to_the_known_values(catalog: Catalog) -> None:
    folder = shared("data", "products", "l2a_theia_t30typ_real")
    known = json.loads(shared("data", "products", "KNOWN_VALUES.json").read_text())
    take(catalog, folder)
    product = stored(catalog, "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D")
    red, near = (product.asset_of(band) for band in ("B4", "B8"))
    assert red and near
    a, b = (read_band(catalog.archive / asset.path, 1).astype(np.float64) for asset in (near, red))
    ndvi = (a - b) / (a + b)
    expected = known["ndvi_t30typ_all_pixels"]
    assert ndvi.size == expected["n"]
    for name, value in (
        ("mean", ndvi.mean()),
        ("median", np.median(ndvi)),
        ("min", ndvi.min()),
        ("max", ndvi.max()),
    ):
        assert value == pytest.approx(expected[name], abs=expected["tol"])
    assert product.cloud == pytest.approx(100 * 6_688 / 1_401_660, abs=0.01)


def test_verify_sees_a_changed_file(catalog: Catalog, inbox: Path) -> None:
    from catalog.ingest.assets import file_facts

    write_l2a(inbox, SMALL, date(2023, 3, 5), 0.0)
    take(catalog, inbox)
    red = stored(catalog, NAME).asset_of("B4")
    assert red
    path = catalog.archive / red.path
    assert file_facts(path) == (red.bytes, red.sha256)
    with path.open("r+b") as opened:
        opened.seek(-1, 2)
        opened.write(b"\x7f")
    assert file_facts(path)[1] != red.sha256
    assert replace(red, sha256="") != red
