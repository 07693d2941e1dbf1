# SPDX-License-Identifier: Apache-2.0
"""Products as a zip that is made while it is sent: the files byte for byte, rights, limits."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Deadline, Role
from catalog.model.time import Day, Micros, now
from catalog.query import Order, Property, equal
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest


def first_two(world: World):
    return world.services.catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST, 2
    )


def test_the_zip_holds_the_files_as_they_are(world: World) -> None:
    chosen = first_two(world)
    answer = world.client.get("/files", params={"products": ",".join(one.id for one in chosen)})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert "content-length" not in answer.headers, "it is not made beforehand"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        names = set(opened.namelist())
        for product in chosen:
            for asset in product.assets:
                path = world.services.catalog.archive / asset.path
                name = f"{product.id}/{product.id}_{asset.key}{path.suffix}"
                assert name in names
                if asset.sha256:
                    assert hashlib.sha256(opened.read(name)).hexdigest() == asset.sha256
        assert len(names) == sum(len(product.assets) for product in chosen)
        tif = next(one for one in opened.infolist() if one.filename.endswith(".tif"))
        assert tif.compress_type == zipfile.ZIP_STORED


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("products=", 400),
        ("products=nothing", 404),
        ("products=" + ",".join("x" for _ in range(101)), 413),
    ],
)
def test_what_is_wrong_is_said(world: World, query: str, status: int) -> None:
    assert world.client.get(f"/files?{query}").status_code == status


def test_a_zip_that_is_too_large_is_refused_before_it_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(asset.bytes for asset in first_two(world)[0].assets)
    monkeypatch.setitem(world.settings.limits.__dict__, "zip_bytes", size - 1)
    answer = world.client.get("/files", params={"products": first_two(world)[0].id})
    assert (answer.status_code, "limits.zip_bytes" in answer.text) == (413, True)


def test_a_link_gives_one_file_until_it_expires(tmp_path: Path, products: Path) -> None:
    """Of a collection that is not for the public; nothing else opens with it."""
    settings = Settings(data=tmp_path, access={"sentinel2-l2a": ("land",)})
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([next(products.glob("SENTINEL2A_20230305*_L2A_*"))]))
    _, key = catalog.keys.create(KeyRequest("bob", Role.USER, ("land",)), OPERATOR)
    (product,) = catalog.search(equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10))
    catalog.close()
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        where, mine = f"/files/{product.id}/B4", {"X-API-Key": key}
        assert client.get(where).status_code == 404
        assert client.post(f"{where}/link").status_code == 401
        assert client.post(f"{where}/link?hours=0", headers=mine).status_code == 400
        assert client.post(f"{where}/link?hours=9999", headers=mine).status_code == 400
        assert client.post(f"/files/{product.id}/nothing/link", headers=mine).status_code == 404
        made = client.post(f"{where}/link?hours=1", headers=mine)
        assert made.status_code == 201
        link = urlsplit(made.json()["href"])
        address = f"{link.path}?{link.query}"
        asked = client.get(address, headers={"Range": "bytes=0-3"})
        assert (asked.status_code, asked.content[:2]) == (206, b"II")
        assert client.get(address).content == client.get(where, headers=mine).content
        for wrong in (
            address.replace("/B4", "/B8"),
            f"{address}x",
            address[:-3],
            f"{where}?token=x",
            f"{where}?token=",
            f"{where}?token=e30.aa",
        ):
            assert client.get(wrong).status_code == 401, wrong
        with freeze(2 * 3_600):
            assert client.get(address).status_code == 401


@contextmanager
def freeze(seconds: int) -> Iterator[None]:
    """The clock of links so much later."""
    with mock.patch("catalog.links.now", lambda: Micros(now() + seconds * 1_000_000)):
        yield


def taken(world: World, product: str) -> tuple[int, int]:
    found = world.services.catalog.taken("product", Day(0), 1_000)
    return next(((requests, size) for name, requests, size in found if name == product), (0, 0))


def test_what_is_sent_is_counted_once_for_each_request(world: World) -> None:
    """Counts reach the store every few seconds, and when the server ends."""
    product = first_two(world)[0]
    asset, where = product.asset_of("B4"), f"/files/{product.id}/B4"
    requests, size = taken(world, product.id)
    with TestClient(build(world.settings), client=("127.0.0.1", 50_000)) as client:
        client.get(where, headers={"Range": "bytes=0-99"})
        client.get(where)
        client.head(where)
        client.get(where, headers={"If-None-Match": f'"{asset.sha256}"'})
    assert taken(world, product.id) == (requests + 2, size + 100 + asset.bytes)
    requests, size = taken(world, product.id)
    with TestClient(build(world.settings), client=("127.0.0.1", 50_000)) as client:
        client.get("/files", params={"products": product.id})
    whole = sum(one.bytes for one in product.assets)
    assert taken(world, product.id) == (requests + len(product.assets), size + whole)
