# SPDX-License-Identifier: Apache-2.0
"""Products as a zip that is made while it is sent: the files byte for byte, rights, limits."""

import hashlib
import io
import zipfile

import pytest
from support import World

from catalog.model.principal import OPERATOR, Deadline
from catalog.query import Order, Property, equal


def products(world: World):
    return world.services.catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST, 2
    )


def test_the_zip_holds_the_files_as_they_are(world: World) -> None:
    chosen = products(world)
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
    size = sum(asset.bytes for asset in products(world)[0].assets)
    monkeypatch.setitem(world.settings.limits.__dict__, "zip_bytes", size - 1)
    answer = world.client.get("/files", params={"products": products(world)[0].id})
    assert (answer.status_code, "limits.zip_bytes" in answer.text) == (413, True)
