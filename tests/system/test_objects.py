# SPDX-License-Identifier: Apache-2.0
"""An archive in object storage: a real S3 server, and every door that reads files gives what it gave when they lay in the folder."""

import hashlib
import io
import json
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from s3_server import BUCKET, MOTO, credentials, s3_server, slow_way
from starlette.testclient import TestClient

from catalog.generator.muscate import Tile, write_l2a
from catalog.keys import KeyRequest
from catalog.model.objects import OBJECT, ObjectError
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.model.product import Product
from catalog.mover import Mover
from catalog.objects import ObjectStore
from catalog.query import Order, Property, equal
from catalog.service import Catalog
from config.problems import ConfigError
from config.settings import Archive, Objects, Server, Settings
from config.settings import Processes as ProcessSettings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest, wire_supervisor
from ogc.files.endpoint import one_range
from processes.service import Processes

pytestmark = pytest.mark.skipif(not MOTO.is_file(), reason="moto is not there (make clients)")
MAP = "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&CRS=EPSG:32631&BBOX=300000,4895900,304000,4899900&WIDTH=256&HEIGHT=256&FORMAT=image/png"
MAPS = [f"{MAP}&LAYERS=sentinel2-l2a&STYLES={style}" for style in ("true-colour", "ndvi", "infrared")]
OTHERS = [
    "/wcs?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=sentinel2-l2a&SUBSET=E(301000,302000)&SUBSET=N(4897000,4898000)&RANGESUBSET=B4&FORMAT=image/tiff",
    "/ogcapi/collections/sentinel2-l2a/position?coords=POINT(0.528%2044.204)&parameter-name=B4&f=csv",
]


@dataclass
class Site:
    settings: Settings
    catalog: Catalog
    address: str

    @property
    def objects(self) -> ObjectStore:
        assert self.catalog.objects
        return self.catalog.objects

    def has(self, path: str) -> bool:
        """Whether a file is in the bucket."""
        try:
            return self.objects.told(path).bytes > 0
        except ObjectError:
            return False

    def products(self) -> tuple[Product, ...]:
        tree = equal(Property.COLLECTION, "sentinel2-l2a")
        return self.catalog.search(tree, OPERATOR, Deadline.after(10), Order.OLDEST, 10)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two products in an archive that has a bucket, and nothing in it yet."""
    with s3_server(tmp_path / "moto.log") as address:
        where = Objects(
            endpoint=address, bucket=BUCKET, prefix="theia", credentials=credentials(tmp_path / "key")
        )
        settings = Settings(
            data=tmp_path / "data", archive=Archive(objects=where), processes=ProcessSettings(supervisor="separate"),
            server=Server(tile_cache_mb=0, tile_disk_mb=0),
        )  # fmt: skip
        catalog = wire_catalog(settings)
        for day in (1, 2):
            write_l2a(tmp_path / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 512), date(2023, 4, day), 0.1)  # fmt: skip
        worker = wire_ingest(settings, catalog)
        assert worker.run(worker.find([tmp_path / "inbox"])).counts() == {"new": 2}
        yield Site(settings, catalog, address)
        catalog.close()


def moved(site: Site) -> int:
    mover = Mover(site.catalog, OPERATOR)
    count = sum(len(mover.away(product)) for product in site.products())
    mover.release()
    return count


def rasters(product: Product) -> list[str]:
    return [asset.path for asset in product.assets if asset.path.endswith(".tif")]


def _ended(client: TestClient, job: str) -> dict[str, str]:
    """A job's account when it has ended, or after half a minute."""
    for _ in range(300):
        found: dict[str, str] = client.get(f"/ogcapi/jobs/{job}").json()
        if found["status"] in ("successful", "failed"):
            break
        time.sleep(0.1)
    return found


def test_every_door_gives_the_same_bytes_from_object_storage(site: Site) -> None:
    with TestClient(build(site.settings)) as client:
        before = [client.get(path) for path in (*MAPS, *OTHERS)]
        assert [answer.status_code for answer in before] == [200] * len(before), before[-1].text
        assert before[-1].text.count("\n") == 3, before[-1].text  # a heading and a value of each product
    first, _ = site.products()
    assert moved(site) == sum(len(rasters(product)) for product in site.products())
    assert {asset.tier for asset in site.products()[0].assets if asset.path.endswith(".tif")} == {OBJECT}
    for path in rasters(first):
        assert not (site.catalog.archive / path).exists() and site.has(path)
    with TestClient(build(site.settings)) as client:
        after = [client.get(path) for path in (*MAPS, *OTHERS)]
        assert [one.content for one in after] == [one.content for one in before]
        item = client.get(f"/stac/collections/sentinel2-l2a/items/{first.id}").json()
        assert item["assets"]["B4"]["storage:tier"] == "object"
    back = Mover(site.catalog, OPERATOR)
    assert back.back(site.products()[0]) == rasters(first)
    back.release()
    assert all((site.catalog.archive / path).is_file() for path in rasters(first))
    assert not any(site.has(path) for path in rasters(first))
    assert site.catalog.product(first.id, OPERATOR, Deadline.after(10)).assets[0].tier == "online"


def test_downloads_whole_in_parts_and_as_a_zip(site: Site) -> None:
    first, _ = site.products()
    asset = first.asset_of("B4")
    assert asset
    whole = (site.catalog.archive / asset.path).read_bytes()
    moved(site)
    address = f"/files/{first.id}/B4"
    with TestClient(build(site.settings)) as client:
        answer = client.get(address)
        assert answer.content == whole and hashlib.sha256(answer.content).hexdigest() == asset.sha256
        assert answer.headers["accept-ranges"] == "bytes" and answer.headers["content-type"].startswith(
            "image/tiff"
        )
        for asked, part in (("bytes=0-99", whole[:100]), ("bytes=100-", whole[100:]), ("bytes=-7", whole[-7:])):  # fmt: skip
            found = client.get(address, headers={"Range": asked})
            assert (found.status_code, found.content) == (206, part), asked
        assert client.get(address, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
        assert client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
        head = client.head(address)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(whole)))
        assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        packed = zipfile.ZipFile(io.BytesIO(client.get(f"/files?products={first.id}").content))
        assert packed.read(f"{first.id}/{first.id}_B4.tif") == whole and packed.testzip() is None


def test_a_job_fetches_its_inputs_by_addresses_that_need_no_key(site: Site) -> None:
    moved(site)
    key = site.catalog.keys.create(KeyRequest("bob", Role.USER), OPERATOR)[1]
    stop, beside = threading.Event(), wire_catalog(site.settings)
    supervisor = threading.Thread(
        target=wire_supervisor(site.settings, beside, Processes(beside, site.settings)).run, args=(stop,)
    )
    supervisor.start()
    try:
        with TestClient(build(site.settings), headers={"X-API-Key": key}) as client:
            body = {"inputs": {"products": [site.products()[0].id]}}
            job = client.post(
                "/ogcapi/processes/ndvi/execution", json=body, headers={"Prefer": "respond-async"}
            )
            found = _ended(client, job.json()["jobID"])
            log = client.get(f"/ogcapi/jobs/{job.json()['jobID']}/log").text
        assert found["status"] == "successful", (found, log)
        assert "fetching B4.tif" in log and "Signature" not in log
    finally:
        stop.set()
        supervisor.join(20)
        beside.close()


def test_verify_and_paths_know_where_the_files_are(site: Site, tmp_path: Path) -> None:
    count = moved(site)
    config = tmp_path / "h.yaml"
    objects = site.settings.archive.objects
    assert objects
    config.write_text(json.dumps({"data": str(site.settings.data), "archive": {"objects": json.loads(objects.model_dump_json())}}))  # fmt: skip

    def hysope(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hysope", *words, "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    good = hysope("verify")
    assert good.returncode == 0 and "are as they were, 0 are not" in good.stdout, good.stdout + good.stderr
    assert "the object storage gives what is there" in hysope("doctor").stdout
    first, second = site.products()
    shown = hysope("paths", first.id).stdout
    assert shown.count(f"s3://{BUCKET}/theia/") == count // 2
    (tmp_path / "rotten").write_bytes(b"rotten")
    site.objects.put(tmp_path / "rotten", rasters(second)[0])
    bad = hysope("verify")
    assert bad.returncode == 1 and f"{second.id}: {rasters(second)[0]} has changed" in bad.stdout
    done = hysope("archive", "objects", "--back", first.id)
    assert done.returncode == 0 and f"{count // 2} files moved, 0 products failed" in done.stdout, done.stderr


def test_a_storage_that_is_away_is_a_report_and_harms_nothing_else(site: Site, tmp_path: Path) -> None:
    moved(site)
    gone = site.settings.model_copy(
        update={"archive": Archive(objects=site.settings.archive.objects.model_copy(update={"endpoint": "http://127.0.0.1:9"}))}  # type: ignore[union-attr]
    )  # fmt: skip
    with TestClient(build(gone), raise_server_exceptions=False) as client:
        answer = client.get(MAPS[0])
        assert (answer.status_code, "ServiceException" in answer.text) == (503, True)
        download = client.get(f"/files/{site.products()[0].id}/B4")
        assert (download.status_code, download.headers["retry-after"]) == (503, "60")
        assert client.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").status_code == 200
        wide = "/wms?SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&SRS=EPSG:4326&BBOX=-5,42,9,51&WIDTH=64&HEIGHT=64&FORMAT=image/png&LAYERS=sentinel2-l2a&STYLES="
        assert (
            client.get(wide).headers["content-type"] == "image/png"
        )  # small maps are drawn from what stays here
    first = site.products()[0]
    with pytest.raises(ObjectError):
        ObjectStore(gone.archive.objects).put(tmp_path / "key", "x")  # type: ignore[arg-type]
    assert first.assets


def test_settings_that_have_no_storage_any_more_are_a_report_at_every_door(site: Site) -> None:
    """The operator forgot `archive.objects` in a configuration anew: what lies there is told apart from what is lost."""
    moved(site)
    bare = site.settings.model_copy(update={
        "archive": Archive(), "processes": ProcessSettings(supervisor="separate", attempts=2, retry_seconds=(1,)),
    })  # fmt: skip
    key = site.catalog.keys.create(KeyRequest("bob", Role.USER), OPERATOR)[1]
    first, stop, beside = site.products()[0], threading.Event(), wire_catalog(bare)
    work = wire_supervisor(bare, beside, Processes(beside, bare))
    supervisor = threading.Thread(target=work.run, args=(stop,))
    supervisor.start()
    try:
        with TestClient(build(bare), raise_server_exceptions=False, headers={"X-API-Key": key}) as client:
            for path in (f"/files/{first.id}/B4", f"/files?products={first.id}", MAPS[0], *OTHERS):
                answer = client.get(path)
                assert (answer.status_code, "storage" in answer.text) == (503, True), (path, answer.text)
            posted = [
                client.post("/ogcapi/processes/ndvi/execution", json={"inputs": {"products": [one]}}, headers={"Prefer": "respond-async"}).json()
                for one in [product.id for product in site.products()]
            ]  # fmt: skip
            found = [_ended(client, job["jobID"]) for job in posted]
    finally:
        stop.set()
        supervisor.join(20)
        beside.close()
    for job in found:
        assert (
            job["status"] == "failed"
            and "lies in object storage, and the settings have none" in job["message"]
        ), job


def test_a_credential_is_whole_or_refused_when_the_settings_are_read(site: Site, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.write_text("[default]\naws_access_key_id = hysope-key\n")
    where = site.settings.archive.objects
    assert where
    for path, says in ((half, "both"), (tmp_path / "none", "none")):
        wrong = site.settings.model_copy(update={"archive": Archive(objects=where.model_copy(update={"credentials": path}))})  # fmt: skip
        with pytest.raises(ConfigError, match=says):
            wire_catalog(wrong)


def test_handles_are_kept_so_that_the_next_map_asks_little(site: Site) -> None:
    moved(site)
    with slow_way(site.address, 0.0) as way:
        far = site.settings.model_copy(
            update={"archive": Archive(objects=site.settings.archive.objects.model_copy(update={"endpoint": way.address}))}  # type: ignore[union-attr]
        )  # fmt: skip
        with TestClient(build(far)) as client:
            assert client.get(MAPS[0]).status_code == 200
            first = len(way.requests)
            assert client.get(MAPS[0].replace("WIDTH=256", "WIDTH=255")).status_code == 200
            again = len(way.requests) - first
    assert 0 < first <= 12 and again == 0, way.requests


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("", (0, 10)), ("bytes=2-4", (2, 5)), ("bytes=5-", (5, 10)), ("bytes=-3", (7, 10)), ("bytes=-30", (0, 10)), ("bytes=-0", (10, 0)),
     ("bytes=2-99", (2, 10)), ("bytes=0-1,3-4", (0, 10)), ("bytes=-", (0, 10)), ("items=1-2", (0, 10)), ("bytes=12-", (12, 10))],
)  # fmt: skip
def test_one_range(asked: str, expected: tuple[int, int]) -> None:
    assert one_range({"range": asked}, '"t"', 10) == expected
