# SPDX-License-Identifier: Apache-2.0
"""Snow ordered from a reconstructed product: the same pixels as the rules give, on the map, with its share of snow and its provenance."""

import json
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient
from support import shared

import config
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import Processes as ProcessSettings
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest, wire_supervisor
from processes.service import Processes

WITHOUT_SHADOW = 10_807
"""Pixels of snow that the two passes find in this scene."""
NAME = "SENTINEL2A_20190205-105221-461_L2A_T30TYP_D"


SHADOW_BANDS = r"""  SRE_B2: {title: {en: "Blue, no slope correction", fr: "Bleu sans correction de pente"}, files: ['.*_SRE_B2\.tif'], dtype: int16, scale: 0.0001, nodata: [-10000], required: false}
  SRE_B8A: {title: {en: "B8A, no slope correction", fr: "B8A sans correction de pente"}, files: ['.*_SRE_B8A\.tif'], dtype: int16, scale: 0.0001, nodata: [-10000], required: false}
"""
"""As docs/reference/processes.md says that an operator adds them."""


def keeping_shadow_bands(folder: Path) -> tuple[Path, ...]:
    """The shipped type of Sentinel-2 L2A, with the two bands that snow in shadow needs."""
    folder.mkdir()
    shipped = Path(config.__file__).parent / "product_types" / "sentinel2-l2a.yaml"
    before, mark, after = shipped.read_text("utf-8").partition("  MG2:\n")
    assert mark
    (folder / "sentinel2-l2a.yaml").write_text(before + SHADOW_BANDS + mark + after, "utf-8")
    return (folder,)


@pytest.mark.parametrize("shaded", [False, True])
def test_snow_of_a_product_is_ordered_drawn_and_accounted_for(tmp_path: Path, shaded: bool) -> None:
    folder = shared("data", "products", "l2a_muscate_reconstructed", "snow")
    settings = Settings(
        data=tmp_path / "data",
        product_types=keeping_shadow_bands(tmp_path / "types") if shaded else (),
        processes=ProcessSettings(supervisor="separate", relief=folder / f"DEM_20m_for_{NAME}_V2-0.tif"),
    )
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    (packed,) = folder.glob("*.zip")
    assert worker.run(worker.find([packed])).counts() == {"new": 1}
    key = catalog.keys.create(KeyRequest("hilda", Role.USER), OPERATOR)[1]
    stop, beside = threading.Event(), wire_catalog(settings)
    supervisor = threading.Thread(
        target=wire_supervisor(settings, beside, Processes(beside, settings)).run, args=(stop,)
    )
    supervisor.start()
    try:
        with TestClient(build(settings), headers={"X-API-Key": key}) as client:
            job = client.post(
                "/ogcapi/processes/snow/execution",
                json={"inputs": {"products": NAME}},
                headers={"Prefer": "respond-async"},
            ).json()["jobID"]
            for _ in range(600):
                found = client.get(f"/ogcapi/jobs/{job}").json()
                if found["status"] in ("successful", "failed"):
                    break
                time.sleep(0.1)
            assert found["status"] == "successful", found
            (product,) = client.get(f"/ogcapi/jobs/{job}/results").json()["products"]
            assert product["collection"] == "u.hilda.snow-on-demand"
            known = json.loads(shared("data", "products", "KNOWN_VALUES.json").read_text())[
                "lis_reconstructed_snow"
            ]
            made = catalog.product(product["id"], OPERATOR, _soon())
            asset = made.asset_of("SNOW")
            assert asset is not None
            with rasterio.open(catalog.archive / asset.path) as opened:
                codes = opened.read(1)
            assert abs(int((codes == 100).sum()) - known["snow_px"]) <= known["snow_px"] * 0.01
            extra = int((codes == 100).sum()) - WITHOUT_SHADOW
            assert 20 < extra < 200 if shaded else extra == 0
            assert made.snow is not None
            box = ",".join(map(str, product["bbox"]))
            answer = client.get(
                f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={product['collection']}&STYLES=&CRS=CRS:84&BBOX={box}&WIDTH=200&HEIGHT=200&FORMAT=image/png"
            )
            colours = {
                tuple(one[:3])
                for one in np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")).reshape(-1, 4)
            }
            assert {(0, 255, 255), (119, 119, 119), (255, 255, 255)} <= colours
            paper = client.get(f"/files/{product['id']}/provenance").json()
            (activity,) = paper["activity"].values()
            assert activity["hysope:process"] == "snow 1.1"
    finally:
        stop.set()
        supervisor.join(20)
        beside.close()
        catalog.close()


def _soon():
    from catalog.model.principal import Deadline

    return Deadline.after(10)


def test_without_a_relief_snow_is_not_offered(tmp_path: Path) -> None:
    with TestClient(build(Settings(data=tmp_path / "data"))) as client:
        assert "snow" not in [one["id"] for one in client.get("/ogcapi/processes").json()["processes"]]
        assert client.get("/ogcapi/processes/snow").status_code == 404
