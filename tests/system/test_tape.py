# SPDX-License-Identifier: Apache-2.0
"""A product on tape: the map goes on, a download is asked for and comes, an order waits, numbers are refused, failures are told and tried again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Principal, Role
from catalog.model.product import AssetRole, Product
from catalog.model.tape import State
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from catalog.tape import TapeError, digest
from config.settings import Processes as ProcessSettings
from config.settings import Settings, Tape
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest, wire_supervisor
from processes.service import Processes


@dataclass
class Vault:
    settings: Settings
    catalog: Catalog
    library: Path

    @property
    def products(self) -> list[Product]:
        found = self.catalog.search(
            equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST, 10
        )
        return list(found)

    @property
    def tape(self) -> Tape:
        assert self.settings.tape
        return self.settings.tape

    def migrate(self, product: Product) -> int:
        stager = self.catalog.stager(self.tape)
        went = stager.migrate(product)
        stager.release(went)
        return len(went)

    def behave(self, **behaviour: object) -> None:
        (self.library / "behaviour.json").write_text(json.dumps({"mount_seconds": 0.02, **behaviour}))

    def mounted(self) -> list[str]:
        return [line.split()[0] for line in (self.library / "journal").read_text().splitlines()]


@pytest.fixture
def vault(products: Path, tmp_path: Path) -> Iterator[Vault]:
    library = tmp_path / "library"
    words = [sys.executable, "-m", "catalog.generator.tape"]
    tape = Tape(
        put=(*words, "put", str(library), "{file}", "{key}"),
        get=(*words, "get", str(library), "{file}", "{key}"),
        locate=(*words, "locate", str(library), "{file}", "{key}"),
        drives=2,
        idle_seconds=0.05,
        retry_factor=0.0,
    )
    settings = Settings(data=tmp_path / "data", tape=tape, processes=ProcessSettings(supervisor="separate"))
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:2]))
    library.mkdir()
    found = Vault(settings, catalog, library)
    found.behave()
    yield found
    catalog.close()


def picture(client: TestClient, product: Product, style: str) -> np.ndarray:
    box = product.boxes[0]
    answer = client.get(
        f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=sentinel2-l2a&STYLES={style}&CRS=CRS:84&BBOX={box.west},{box.south},{box.east},{box.north}&WIDTH=100&HEIGHT=100&FORMAT=image/png&TIME={_day(product)}"
    )
    assert answer.headers["content-type"] == "image/png", answer.text
    return np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA"))


def _day(product: Product) -> str:
    from catalog.model.time import day_text

    return day_text(product.day)


def test_the_map_goes_on_and_a_download_is_asked_for(vault: Vault) -> None:
    product = vault.products[0]
    data = [asset for asset in product.assets if asset.role in (AssetRole.DATA, AssetRole.MASK)]
    before = {asset.path: digest(vault.catalog.archive / asset.path) for asset in data}
    with TestClient(build(vault.settings)) as client:
        colour, index = (picture(client, product, style) for style in ("true-colour", "ndvi"))
        assert vault.migrate(product) == len(data)
        assert not any((vault.catalog.archive / path).exists() for path in before)
        product = vault.products[0]
        assert {asset.tier for asset in product.assets if asset.role is AssetRole.DATA} == {"nearline"}
        assert np.array_equal(picture(client, product, "true-colour"), colour), (
            "the baked picture stays online"
        )
        coarse = picture(client, product, "ndvi")
        assert (coarse[..., 3] > 0).sum() > 0.9 * (index[..., 3] > 0).sum(), (
            "an index is drawn from the small arrays"
        )
        item = client.get(f"/stac/collections/sentinel2-l2a/items/{product.id}").json()
        assert {one.get("storage:tier") for one in item["assets"].values()} == {None, "nearline"}
        address = f"/files/{product.id}/{data[0].key}"
        first = client.get(address)
        assert (first.status_code, first.json()["status"], "retry-after" in first.headers) == (
            202,
            "asked",
            True,
        )
        box = product.boxes[0]
        asked = f"/wcs?service=WCS&version=1.0.0&request=GetCoverage&coverage=sentinel2-l2a&crs=EPSG:4326&bbox={box.west},{box.south},{box.east},{box.north}&width=50&height=50&format=GeoTIFF&time={_day(product)}"
        wcs = client.get(asked)
        assert "lies on tape" in wcs.text, wcs.text[:600]
        stager = vault.catalog.stager(vault.tape)
        assert stager.turn() == 1
        second = client.get(address)
        assert second.status_code == 200
        assert digest(vault.catalog.archive / data[0].path) == before[data[0].path]
        part = client.get(address, headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)


def test_every_face_of_the_catalogue_says_so(vault: Vault) -> None:
    product, other = vault.products[0], vault.products[1]
    vault.migrate(product)
    with TestClient(build(vault.settings), client=("127.0.0.1", 50_000)) as client:
        csw = {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "elementsetname": "full"}
        iso = {**csw, "outputschema": "http://www.isotc211.org/2005/gmd"}
        oai = {"verb": "GetRecord", "metadataPrefix": "oai_dc"}
        faces = {
            "csw": ("/csw", lambda name: {**csw, "id": name}),
            "csw, iso": ("/csw", lambda name: {**iso, "id": name}),
            "oai": (
                "/oai",
                lambda name: {**oai, "identifier": f"oai:{vault.settings.service.repository}:{name}"},
            ),
            "opensearch": ("/opensearch/search", lambda name: {"q": name}),
            "stac": (f"/stac/collections/{product.collection}/items/{{}}", lambda _: {}),
            "records": ("/ogcapi/collections/metadata/items/{}", lambda _: {}),
            "features": (f"/ogcapi/collections/{product.collection}/items/{{}}", lambda _: {}),
            "features, a page": (
                f"/ogcapi/collections/{product.collection}/items",
                lambda name: {"filter": f"id = '{name}'"},
            ),
            "page": ("/products/{}", lambda _: {}),
        }
        for face, (path, parameters) in faces.items():
            for one, told in ((product, True), (other, False)):
                answer = client.get(
                    path.format(one.id), params=parameters(one.id), headers={"accept-language": "en"}
                )
                assert answer.status_code == 200, (face, answer.text[:300])
                assert one.id in answer.text, face
                said = any(word in answer.text for word in ("Nearline", "nearline", "on tape"))
                assert said is told, (face, one.id)


def test_files_of_one_tape_are_fetched_together_and_users_in_turn(vault: Vault) -> None:
    vault.behave(tapes=2)
    stager = vault.catalog.stager(vault.tape)
    for product in vault.products:
        vault.migrate(product)
    first, second = vault.products
    eager, modest = Principal("eager", Role.USER), Principal("modest", Role.USER)
    vault.catalog.tape.ask(first.assets, eager)
    vault.catalog.tape.ask(second.assets[:2], modest)
    done = [stager.turn() for _ in range(2)]
    assert sum(done) == len([one for one in first.assets if one.tier == "nearline"]) + len(
        [one for one in second.assets[:2] if one.tier == "nearline"]
    )
    mounts = vault.mounted()
    assert len({one for one in mounts[: done[0]]}) == 1, "a tape is mounted once for all its files"


def test_an_order_waits_for_its_files(vault: Vault) -> None:
    for product in vault.products:
        vault.migrate(product)
    key = vault.catalog.keys.create(KeyRequest("tess", Role.USER), OPERATOR)[1]
    stop, beside = threading.Event(), wire_catalog(vault.settings)
    supervisor = threading.Thread(
        target=wire_supervisor(vault.settings, beside, Processes(beside, vault.settings)).run, args=(stop,)
    )
    supervisor.start()
    stager = None
    try:
        with TestClient(build(vault.settings), headers={"X-API-Key": key}) as client:
            job = client.post(
                "/ogcapi/processes/ndvi/execution",
                json={"inputs": {"products": [vault.products[0].id]}},
                headers={"Prefer": "respond-async"},
            ).json()["jobID"]
            _until(lambda: "from tape" in client.get(f"/ogcapi/jobs/{job}").json()["message"])
            assert client.get(f"/ogcapi/jobs/{job}").json()["status"] == "accepted"
            stager = threading.Thread(target=vault.catalog.stager(vault.tape).run, args=(stop,))
            stager.start()
            _until(lambda: client.get(f"/ogcapi/jobs/{job}").json()["status"] == "successful", 60)
    finally:
        stop.set()
        supervisor.join(20)
        if stager:
            stager.join(20)
        beside.close()


def _until(done, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_read_error_is_tried_again_and_in_the_end_told(vault: Vault) -> None:
    product = vault.products[0]
    stager = vault.catalog.stager(vault.tape)
    vault.migrate(product)
    asset = next(one for one in vault.products[0].assets if one.tier == "nearline")
    vault.behave(fail={asset.path: 1})
    vault.catalog.tape.ask([asset], OPERATOR)
    assert stager.turn() == 1
    assert not vault.catalog.tape.here(asset)
    assert stager.turn() == 1
    assert vault.catalog.tape.here(asset)
    other = [one for one in vault.products[0].assets if one.tier == "nearline"][1]
    vault.behave(fail={other.path: 9})
    vault.catalog.tape.ask([other], OPERATOR)
    while stager.turn():
        pass
    (failed,) = vault.catalog.tape.failed([other])
    assert (failed.state, "read error" in failed.message) == (State.FAILED, True)
    assert vault.catalog.tape.ask([other], OPERATOR)[0].state is State.ASKED, "who asks again starts anew"


def test_what_comes_back_is_what_was_written(vault: Vault) -> None:
    stager = vault.catalog.stager(vault.tape)
    vault.migrate(vault.products[0])
    asset = next(one for one in vault.products[0].assets if one.tier == "nearline")
    for path in vault.library.glob("tape*/*"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    vault.catalog.tape.ask([asset], OPERATOR)
    while stager.turn():
        pass
    assert "not what was written" in vault.catalog.tape.failed([asset])[0].message
    assert not vault.catalog.tape.here(asset)
    assert not list((vault.catalog.archive / asset.path).parent.glob(".*part"))


def test_copies_that_nobody_uses_go(vault: Vault) -> None:
    tape = vault.tape.model_copy(update={"keep_days": 0.0})
    stager = vault.catalog.stager(tape)
    vault.migrate(vault.products[0])
    asset = next(one for one in vault.products[0].assets if one.tier == "nearline")
    vault.catalog.tape.ask([asset], OPERATOR)
    stager.turn()
    assert vault.catalog.tape.here(asset)
    assert vault.catalog.stager(vault.tape).drop() == 0
    time.sleep(0.01)
    assert stager.drop() == 1
    assert not vault.catalog.tape.here(asset)
    assert vault.catalog.tape.counts()["kept"][0] >= 1


def test_a_library_that_is_away_takes_nothing(vault: Vault) -> None:
    broken = vault.tape.model_copy(update={"put": ("/nonexistent/hsi", "{file}", "{key}")})
    product = vault.products[0]
    with pytest.raises(TapeError):
        vault.catalog.stager(broken).migrate(product)
    assert {one.tier for one in vault.products[0].assets} == {"online"}
    assert all((vault.catalog.archive / one.path).exists() for one in product.assets)


def test_the_commands_and_a_worker_that_is_killed(vault: Vault, tmp_path: Path) -> None:
    """kill -9 while a file is being fetched: the next worker fetches it, nothing half is left to be read."""
    config = tmp_path / "hysope.yaml"
    tape = vault.tape.model_dump(mode="json")
    config.write_text(json.dumps({"version": 1, "data": str(vault.settings.data), "tape": tape}))
    command = [sys.executable, "-m", "hysope", "archive"]
    name = vault.products[0].id

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words, "--config", str(config)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "files went to tape, 0 products failed" in run("migrate", "--collection", "sentinel2-l2a")
    assert "files are asked for" in run("stage", name)
    assert "asked" in run("status")
    vault.behave(mount_seconds=1.0)
    first = subprocess.Popen([*command, "run", "--config", str(config)], stderr=subprocess.DEVNULL)
    _until(lambda: "staging" in vault.catalog.tape.counts())
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    vault.behave(mount_seconds=0.01)
    second = subprocess.Popen([*command, "run", "--config", str(config)], stderr=subprocess.DEVNULL)
    try:
        _until(lambda: not {"asked", "staging"} & vault.catalog.tape.counts().keys(), 40)
    finally:
        second.terminate()
        second.wait(10)
    product = vault.products[0]
    for asset in product.assets:
        if asset.tier == "nearline" and asset.sha256:
            assert digest(vault.catalog.archive / asset.path) == asset.sha256
    assert "everything is here" in run("stage", name)
