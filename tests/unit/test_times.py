# SPDX-License-Identifier: Apache-2.0
"""One rule of time for every door: windows, nearest, strictness."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support import DAYS as DATES
from support import TILE

from catalog.generator.rasters import write_fsc
from catalog.model.faults import Fault, Kind
from catalog.model.product import Summary
from catalog.model.time import Day, day_from, read_instant, read_step
from config.product_types import ProductType
from config.registry import load_registry
from config.settings import Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest
from tiles.times import Current, Interval, Used, resolve

L2A = load_registry().types["sentinel2-l2a"]
DAYS = (day_from(2023, 3, 5), day_from(2023, 3, 15), day_from(2023, 4, 4))
SUMMARY = Summary("sentinel2-l2a", DAYS, None, (), 3, None, None)


def reaching(days: str) -> ProductType:
    return L2A.model_copy(update={"nearest": days})


@pytest.mark.parametrize(
    ("kind", "window"), [("sentinel2-l2a", 10), ("sentinel2-l3a", 31), ("oso-23", 366), ("snow-cover", 10)]
)
def test_no_time_is_the_types_window_ending_at_the_latest_day(kind: str, window: int) -> None:
    found = resolve((), load_registry().types[kind], SUMMARY, 1_000)
    assert found
    assert (found.used, found.text) == (Used.DEFAULT, "2023-04-04")
    assert (found.end - found.start) // 86_400_000_000 == window


@pytest.mark.parametrize(
    ("asked", "reach", "used", "text"),
    [
        ("2023-03-18", "P5D", Used.NEAREST, "2023-03-15"),
        ("2023-03-18", "P2D", Used.ASKED, ""),
        ("2023-03-01", "P50D", Used.ASKED, ""),
        ("2023-03-15", "P5D", Used.ASKED, ""),
    ],
    ids=["within reach", "too far", "never forward", "exact"],
)
def test_a_day_without_data_reaches_back_when_its_type_says_so(
    asked: str, reach: str, used: Used, text: str
) -> None:
    found = resolve((read_instant(asked),), reaching(reach), SUMMARY, 1_000)
    assert found
    assert (found.used, found.text) == (used, text)


def test_the_nearest_value_is_told_in_the_warning_header(tmp_path: Path) -> None:
    types = tmp_path / "types"
    types.mkdir()
    shipped = Path(__file__).parents[2] / "config" / "product_types" / "snow-fsc.yaml"
    (types / "snow.yaml").write_text(shipped.read_text() + "nearest: P5D\n")
    settings = Settings(data=tmp_path / "d", product_types=(types,))
    write_fsc(tmp_path / "in", TILE, DATES[0], 0.1)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([tmp_path / "in"]))
    catalog.close()
    query = "/wms?VERSION=1.3.0&REQUEST=GetMap&LAYERS=snow-fsc&STYLES=&CRS=EPSG:4326&BBOX=44.21,0.49,44.23,0.53&WIDTH=8&HEIGHT=8&FORMAT=image/png&TIME="
    with TestClient(build(settings)) as client:
        assert (
            client.get(query + "2023-03-08")
            .headers["warning"]
            .startswith("99 Nearest value used: time=2023-03-05")
        )
        assert "warning" not in client.get(query + "2023-03-05").headers
        assert b'nearestValue="1"' in client.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").content


def test_an_empty_collection_has_no_time() -> None:
    assert resolve((), L2A, Summary("x", (), None, (), 0, None, None), 1_000) is None


def test_strict_time_refuses_what_lies_outside() -> None:
    for asked in ((read_instant("2022-01-01"),), (read_instant("2024-01-01"),)):
        with pytest.raises(Fault) as caught:
            resolve(asked, L2A, SUMMARY, 1_000, strict=True)
        assert caught.value.kind is Kind.BAD_TIME
    assert resolve((read_instant("2023-03-20"),), L2A, SUMMARY, 1_000, strict=True)


def test_lists_intervals_and_current_may_be_mixed() -> None:
    interval = Interval(read_instant("2023-03-01"), read_instant("2023-03-31"), read_step("P10D"))
    found = resolve((read_instant("2023-01-01"), interval, Current.CURRENT), L2A, SUMMARY, 1_000)
    assert found
    assert found.many
    assert Day(found.end // 86_400_000_000 - 1) == DAYS[-1]
    with pytest.raises(Fault):
        resolve((interval,) * 400, L2A, SUMMARY, 1_000)
