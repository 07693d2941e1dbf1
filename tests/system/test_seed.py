# SPDX-License-Identifier: Apache-2.0
"""Pictures on disk: seeded, shared, never stale, drawn once however many ask, bounded in bytes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.generator.muscate import Tile, write_l2a
from catalog.generator.rasters import write_oso
from catalog.model.principal import OPERATOR
from config.settings import Settings
from hysope.app import build
from hysope.cli import main
from hysope.wiring import wire_catalog, wire_ingest
from ogc.maps.pictures import Disk, Memory, Pictures
from tiles.service import Tiles

TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 60)
DAY = "2023-03-05"


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data")
    write_l2a(tmp_path / "inbox", TILE, date(2023, 3, 5), 0.0)
    write_oso(tmp_path / "inbox", TILE, 2022)
    take(settings, tmp_path / "inbox")
    return settings


@pytest.fixture
def never_drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whoever draws is noted."""
    drawn: list[str] = []
    paint = Tiles.paint

    def noted(self: Tiles, plan, *rest):
        drawn.extend(one.query.kind.id for one in plan)
        return paint(self, plan, *rest)

    monkeypatch.setattr(Tiles, "paint", noted)
    return drawn


def take(settings: Settings, folder: Path) -> None:
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    assert not [one for one in worker.run(worker.find([folder])).outcomes if one.status == "failed"]
    catalog.close()


def seed(settings: Settings, *more: str) -> int:
    return main(["seed", "sentinel2-l2a", "--data", str(settings.data), *more])


def place_of(client: TestClient) -> str:
    """Matrix, row and column of a tile of level 12 that the layer has."""
    found = client.get("/ogcapi/collections/sentinel2-l2a/map/tiles/WebMercatorQuad").json()
    (limits,) = (one for one in found["tileMatrixSetLimits"] if one["tileMatrix"] == "12")
    return f"WebMercatorQuad/12/{limits['minTileRow']}/{limits['minTileCol']}"


def test_a_seeded_tile_is_there_for_every_door_and_a_second_run_draws_nothing(
    site: Settings, capsys: pytest.CaptureFixture[str], never_drawn: list[str]
) -> None:
    asked = ("--style", "ndvi", "--levels", "10-13", "--dates", DAY)
    assert seed(site, *asked) == 0
    told = capsys.readouterr().out
    count = int(told.split()[0])
    assert count >= 4
    assert told == f"{count} tiles: {count} drawn, 0 there already, 0 failed\n"
    assert len(never_drawn) == count
    assert seed(site, *asked) == 0
    assert f"0 drawn, {count} there already" in capsys.readouterr().out
    never_drawn.clear()
    with TestClient(build(site)) as client:
        place = place_of(client)
        by_day = client.get(f"/wmts/1.0.0/sentinel2-l2a/ndvi/{DAY}/{place}.png")
        by_default = client.get(f"/wmts/1.0.0/sentinel2-l2a/ndvi/default/{place}.png")
        other = client.get(
            f"/ogcapi/collections/sentinel2-l2a/styles/ndvi/map/tiles/{place}?datetime={DAY}&f=png"
        )
        assert by_day.status_code == 200
        assert by_day.content == by_default.content == other.content
        assert by_day.headers["etag"] == by_default.headers["etag"], "the same files in the same style"
        assert "Default value used" in by_default.headers["warning"]
        assert not never_drawn
        client.get(f"/wmts/1.0.0/sentinel2-l2a/true-colour/{DAY}/{place}.png")
        assert never_drawn == ["sentinel2-l2a"], "this style was not seeded"


def test_what_cannot_be_seeded_is_said(site: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, said in (
        (("--style", "none"), "no style"), (("--levels", "x"), "--levels"), (("--bbox", "1,2"), "--bbox"), (("--bbox", "50,50,51,51"), "holds nothing there"),
        (("--dates", "1999-01-01"), "no date"), (("--dates", "x"), "x"),
    ):  # fmt: skip
        assert seed(site, *wrong) == 1
        assert said in capsys.readouterr().err
    assert main(["seed", "nothing", "--data", str(site.data)]) == 1


def test_a_picture_changes_with_its_products_and_with_nothing_else(
    site: Settings, tmp_path: Path, never_drawn: list[str]
) -> None:
    with TestClient(build(site)) as client:
        addresses = [
            f"/wmts/1.0.0/{layer}/{place_of(client)}.png"
            for layer in (f"sentinel2-l2a/ndvi/{DAY}", "oso-23/land-cover/default")
        ]
        before = [client.get(address) for address in addresses]
        write_l2a(tmp_path / "later", TILE, date(2023, 4, 4), 0.0)
        take(site, tmp_path / "later")
        never_drawn.clear()
        after = [client.get(address) for address in addresses]
        assert [one.headers["etag"] for one in after] == [one.headers["etag"] for one in before]
        assert not never_drawn, "another date came: these pictures are of the same files"
        write_l2a(tmp_path / "newer", TILE, date(2023, 3, 5), 0.4, version="4-0")
        take(site, tmp_path / "newer")
        newer = [client.get(address) for address in addresses]
        assert newer[0].headers["etag"] != before[0].headers["etag"]
        assert newer[0].content != before[0].content
        assert newer[1].headers["etag"] == before[1].headers["etag"]
        assert (
            client.get(addresses[0], headers={"If-None-Match": newer[0].headers["etag"]}).status_code == 304
        )
        catalog = wire_catalog(site)
        catalog.withdraw("SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D", OPERATOR, "a test")
        catalog.close()
        until = time.monotonic() + 10  # a worker asks for the counter of the catalogue twice a second
        while client.get(addresses[0]).headers["etag"] == newer[0].headers["etag"]:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_many_at_once_draw_once(tmp_path: Path) -> None:
    pictures, made, gate = Pictures(Memory(1 << 20), Disk(tmp_path, 1 << 20)), [], threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        return b"picture"

    def ask() -> None:
        gate.wait()
        assert pictures.made("ab12", make, lasting=True) == b"picture"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert Pictures(Memory(0), Disk(tmp_path, 1 << 20)).made("ab12", make, lasting=True) == b"picture"
    assert made == [1], "another process finds it"


def test_the_longest_unused_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 100_000)
    names = [f"{number:02x}{number:030x}" for number in range(60)]
    for number, name in enumerate(names):
        disk.put(name, bytes(5_000))
        os.utime(tmp_path / name[:2] / name, (number, number)) if disk.has(name) else None
        if number > 5:
            disk.get(names[3])
    kept = [name for name in names if disk.has(name)]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 100_000
    assert len(kept) >= 15
    assert names[3] in kept, "it was asked for again and again"
    assert names[4] not in kept
    assert names[-1] in kept


def test_half_a_file_is_no_picture(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1 << 20)
    disk.put("ab" * 16, b"picture")
    (path,) = (one for one in tmp_path.rglob("*") if one.is_file())
    assert disk.get("ab" * 16) == b"picture"
    path.write_bytes(path.read_bytes()[:-2])
    assert disk.get("ab" * 16) is None
    path.write_bytes(b"")
    assert disk.get("ab" * 16) is None
    assert Disk(tmp_path, 0).get("ab" * 16) is None
