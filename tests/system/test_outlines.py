# SPDX-License-Identifier: Apache-2.0
"""River reaches and lakes of real SWOT granules on the map: lines and shapes, coloured, clicked, on both databases."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image
from starlette.testclient import TestClient
from support import shared

from catalog.model.area import WORLD, Box
from catalog.model.observation import Mark
from catalog.model.principal import OPERATOR, Deadline
from catalog.service import Catalog
from config.settings import Database, Settings
from config.styles import rgba
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest

REACHES, LAKES = "swot-reaches", "swot-lakes"
COLOUR = np.array(rgba("#6A3D9A"))


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[tuple[Settings, Catalog]]:
    folder = shared("data", "hydroweb", "swot")
    settings = Settings(data=tmp_path, database=Database(url=database_url))  # type: ignore[arg-type]
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find(sorted(folder.glob("*RiverSP*.zip")) + sorted(folder.glob("*LakeSP*AU*.zip"))))
    yield settings, catalog
    catalog.close()


def marks(catalog: Catalog, collection: str, area: Box = WORLD) -> tuple[Mark, ...]:
    return catalog.observations.marks(collection, area, "water_surface_height", OPERATOR, Deadline.after(20))


def drawn(client: TestClient, layer: str, west: float, south: float, east: float, north: float) -> np.ndarray:
    answer = client.get(
        "/wms", params={
            "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": layer, "STYLES": "", "CRS": "CRS:84",
            "BBOX": f"{west},{south},{east},{north}", "WIDTH": "200", "HEIGHT": "200", "FORMAT": "image/png", "TRANSPARENT": "TRUE",
        },
    )  # fmt: skip
    return np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")).astype(int)


def info(client: TestClient, layer: str, x: float, y: float) -> str:
    half = 0.002
    return client.get(
        "/wms", params={
            "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetFeatureInfo", "LAYERS": layer, "QUERY_LAYERS": layer, "STYLES": "",
            "CRS": "CRS:84", "BBOX": f"{x - half},{y - half},{x + half},{y + half}", "WIDTH": "101", "HEIGHT": "101", "I": "50", "J": "50",
            "INFO_FORMAT": "text/plain", "FEATURE_COUNT": "5",
        },
    ).text  # fmt: skip


def test_reaches_are_lines_and_lakes_are_shapes(site: tuple[Settings, Catalog]) -> None:
    settings, catalog = site
    lines = [one for one in marks(catalog, REACHES) if one.outline]
    assert {shapely.from_wkb(one.outline).geom_type for one in lines} <= {"LineString", "MultiLineString"}
    shapes = [shapely.from_wkb(one.outline) for one in marks(catalog, LAKES) if one.outline]
    assert len(lines) > 10
    assert {one.geom_type for one in shapes} <= {"Polygon", "MultiPolygon"}
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        reach = shapely.from_wkb(lines[0].outline)
        west, south, east, north = reach.bounds
        picture = drawn(client, REACHES, west - 0.01, south - 0.01, east + 0.01, north + 0.01)
        middle = reach.interpolate(0.5, normalized=True)
        column = int((middle.x - west + 0.01) / (east - west + 0.02) * 200)
        row = int((north + 0.01 - middle.y) / (north - south + 0.02) * 200)
        near = picture[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].reshape(-1, 4)
        assert np.abs(near - COLOUR).max(axis=1).min() <= 12, (
            "the middle of the reach has the colour of the layer"
        )
        assert 100 < (picture[..., 3] > 0).sum() < 20_000, "a line, no area"


def test_a_click_on_the_line_finds_the_reach_and_beside_it_nothing(site: tuple[Settings, Catalog]) -> None:
    settings, catalog = site
    mark = max((one for one in marks(catalog, REACHES) if one.outline), key=lambda one: len(one.outline))
    reach = shapely.from_wkb(mark.outline)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        end = reach.interpolate(0.1, normalized=True)
        assert mark.id in info(client, REACHES, end.x, end.y), "far from its middle, on its line"
        west, south, _, _ = reach.bounds
        corner = shapely.Point(west - 0.05, south - 0.05)
        assert mark.id not in info(client, REACHES, corner.x, corner.y)


def test_a_click_in_a_lake_finds_it(site: tuple[Settings, Catalog]) -> None:
    settings, catalog = site
    found = [one for one in marks(catalog, LAKES) if one.outline]
    mark = max(found, key=lambda one: shapely.from_wkb(one.outline).area)
    inside = shapely.from_wkb(mark.outline).point_on_surface()
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        assert mark.id in info(client, LAKES, inside.x, inside.y)


def test_a_part_of_a_reach_is_found_by_its_box(site: tuple[Settings, Catalog]) -> None:
    _, catalog = site
    mark = max((one for one in marks(catalog, REACHES) if one.outline), key=lambda one: len(one.outline))
    end = shapely.from_wkb(mark.outline).interpolate(0.0)
    area = Box(west=end.x - 1e-4, south=end.y - 1e-4, east=end.x + 1e-4, north=end.y + 1e-4)
    assert mark.id in {one.id for one in marks(catalog, REACHES, area)}


def test_on_a_far_map_a_reach_is_a_disc(site: tuple[Settings, Catalog]) -> None:
    settings, catalog = site
    mark = marks(catalog, REACHES)[0]
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        picture = drawn(
            client, REACHES, mark.longitude - 5, mark.latitude - 5, mark.longitude + 5, mark.latitude + 5
        )
    assert np.abs(picture[100, 100] - COLOUR).max() <= 2


def test_what_a_later_granule_does_not_draw_stays_drawn(site: tuple[Settings, Catalog]) -> None:
    """Most prior lakes of a granule were not seen: their rows have no shape."""
    settings, catalog = site
    before = {one.id: one.outline for one in marks(catalog, LAKES)}
    folder = shared("data", "hydroweb", "swot")
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find(sorted(folder.glob("*LakeSP*AU*.zip"))))
    assert {one.id: one.outline for one in marks(catalog, LAKES)} == before
