# SPDX-License-Identifier: Apache-2.0
"""LAI, FAPAR and FCOVER ordered from a product whose metadata say its angles: values as the network gives them, on the map, in STAC with its geometry."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient
from support import shared
from test_jobs import BOB, Shop

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.query import Order, Property, equal
from config import settings as conf
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest
from processes.chains.biophysical import BANDS, answer, read_network
from processes.model import Phase
from processes.service import Processes


@pytest.fixture
def shop(products: Path, tmp_path: Path) -> Iterator[Shop]:
    networks = shared("data", "products", "bvnet", "2_1")
    settings = Settings(
        data=tmp_path / "data", processes=conf.Processes(supervisor="separate", networks=networks)
    )
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:1]))
    found = catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST
    )
    yield Shop(settings, catalog, Processes(catalog, settings), [product.id for product in found])
    catalog.close()


def test_a_product_is_ordered_and_its_values_are_those_of_the_network(shop: Shop) -> None:
    source = shop.catalog.product(shop.sources[0], BOB, Deadline.after(10))
    assert source.angles == pytest.approx(
        {"sun_zenith": 45.0, "sun_azimuth": 160.0, "view_zenith": 4.24, "view_azimuth": 105.4}, abs=0.2
    )
    job = shop.finished(shop.order("biophysical", keep_clouds=True))
    assert job.phase is Phase.SUCCESSFUL, job.error
    (made,) = shop.processes.results(job.id, BOB)
    assert made.id == f"u.bob.BIOPHY_{source.id}"
    pixels = {name: _middle(shop, source, name) for name in BANDS}
    angles = source.angles
    cosines = np.cos(
        np.radians(
            [angles["view_zenith"], angles["sun_zenith"], angles["view_azimuth"] - angles["sun_azimuth"]]
        )
    )
    inputs = np.array([*pixels.values(), *cosines])[:, None]
    for name, counts in (("LAI", 1_000), ("FAPAR", 10_000), ("FCOVER", 10_000)):
        network = read_network(Path(str(shop.settings.processes.networks)), name)
        expected = np.clip(answer(network, inputs)[0], network.floor, network.ceiling)
        assert _middle(shop, made, name, raw=True) == pytest.approx(expected * counts, abs=3), name
    key = shop.catalog.keys.create(KeyRequest("bob", Role.USER), OPERATOR)[1]
    with TestClient(build(shop.settings), headers={"X-API-Key": key}) as client:
        box = made.boxes[0]
        place = f"{box.west},{box.south},{box.east},{box.north}"
        for layer in ("", ".fapar", ".fcover"):
            answered = client.get(
                f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=u.bob.biophysical-on-demand{layer}&STYLES=&CRS=CRS:84&BBOX={place}&WIDTH=100&HEIGHT=100&FORMAT=image/png"
            )
            assert answered.headers["content-type"] == "image/png", answered.text
            assert (
                len(
                    np.unique(
                        np.asarray(Image.open(BytesIO(answered.content)).convert("RGBA")).reshape(-1, 4),
                        axis=0,
                    )
                )
                > 3
            )
        item = client.get(f"/stac/collections/sentinel2-l2a/items/{source.id}").json()
        assert item["properties"]["view:sun_elevation"] == 45.0
        assert item["properties"]["view:azimuth"] == pytest.approx(105.4, abs=0.2)
        assert any("/view/" in one for one in item["stac_extensions"])


def _middle(shop: Shop, product, band: str, *, raw: bool = False) -> float:
    """The value of the 20 m pixel in the middle; of a finer band, the mean of its four."""
    asset = product.asset_of(band)
    with rasterio.open(shop.catalog.archive / asset.path) as opened:
        fine = round(20 / opened.transform.a)
        at = opened.width // fine // 2 * fine
        found = opened.read(asset.bands[band], window=((at, at + fine), (at, at + fine))).astype(float)
    assert (found > -10_000).all()
    return float(found.mean()) if raw else float(found.mean()) * asset.scale + asset.offset


def test_without_networks_it_is_not_offered(tmp_path: Path) -> None:
    with TestClient(build(Settings(data=tmp_path / "data"))) as client:
        assert client.get("/ogcapi/processes/biophysical").status_code == 404
