# SPDX-License-Identifier: Apache-2.0
"""Footprints and stations as layers: what is drawn where, coloured by what, and what a click finds."""

import json
import math

import numpy as np
import pytest
from lxml import etree
from support import World
from wms_probe import WMS, capabilities, code, get_info, get_map, pixels

from catalog.model.area import WORLD
from catalog.model.observation import SeriesQuery
from catalog.model.principal import OPERATOR, Deadline
from catalog.query import Property, equal
from config.styles import FOOTPRINTS, Points, rgba
from tiles.style import colour_at

FOOT = "sentinel2-l2a.footprints"
BOX = {"BBOX": "44.20,0.48,44.235,0.55", "WIDTH": 280, "HEIGHT": 140}
RIVERS = "hydroweb-rivers-operational"
ALL = "2023-01-01/2023-12-31"


def test_every_collection_of_products_has_footprints(world: World) -> None:
    root = capabilities(world)
    names = {one.text for one in root.iter(f"{WMS}Name")}
    held = {"sentinel2-l2a", "sentinel2-l3a", "snow-cover", "snow-fsc", "oso-17", "oso-23"}
    assert {f"{name}.footprints" for name in held} <= names
    layer = next(one for one in root.iter(f"{WMS}Layer") if one.findtext(f"{WMS}Name") == FOOT)
    assert [one.findtext(f"{WMS}Name") for one in layer.iterfind(f"{WMS}Style")] == ["outlines", "counts"]
    assert layer.find(f"{WMS}Dimension[@name='time']") is not None


def test_counts_are_the_products_that_cover_a_pixel(world: World) -> None:
    found = world.services.catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), limit=50
    )
    assert len(found) == 4
    picture = pixels(get_map(world, LAYERS=FOOT, STYLES="counts", TIME=ALL, **BOX))
    style = next(one for one in FOOTPRINTS if one.id == "counts")
    seen = {tuple(colour) for colour in np.unique(picture.reshape(-1, 4), axis=0).tolist()}
    allowed = {(0, 0, 0, 0), *(colour_at(style, number) for number in range(1, 5))}
    assert seen <= allowed
    for column, row, number in ((100, 100, 3), (200, 60, 1), (5, 5, 0)):
        told = json.loads(
            get_info(
                world,
                LAYERS=FOOT,
                QUERY_LAYERS=FOOT,
                STYLES="counts",
                TIME=ALL,
                I=column,
                J=row,
                FEATURE_COUNT=10,
                **BOX,
            ).body
        )["features"]
        assert len(told) == number
        expected = colour_at(style, number) if number else (0, 0, 0, 0)
        assert tuple(picture[row, column].tolist()) == expected


def test_the_time_of_footprints_is_that_of_the_pictures(world: World) -> None:
    one = pixels(get_map(world, LAYERS=FOOT, STYLES="counts", TIME="2023-03-05", **BOX))
    picture = pixels(get_map(world, LAYERS="sentinel2-l2a", TIME="2023-03-05", **BOX))
    covered, drawn = one[..., 3] > 0, picture[..., 3] > 0
    assert (covered == drawn).mean() > 0.99, "a footprint is where the picture is, to a pixel at its edge"
    nothing = get_map(world, LAYERS=FOOT, TIME="2001-01-01", **BOX)
    assert not pixels(nothing).any()


def test_outlines_are_lines_with_a_light_fill(world: World) -> None:
    picture = pixels(get_map(world, LAYERS=FOOT, STYLES="outlines", TIME="2023-03-05", **BOX))
    line, fill = rgba(FOOTPRINTS[0].colour), rgba(FOOTPRINTS[0].fill)
    near = np.abs(picture.astype(int) - np.array(line)).max(axis=2) < 60
    assert 100 < near.sum() < 2_000
    inside = np.abs(picture.astype(int) - np.array(fill)).max(axis=2) <= 4
    assert inside.sum() > 5_000


def test_tiles_of_footprints_join(world: World) -> None:
    whole = pixels(get_map(world, LAYERS=FOOT, STYLES="counts", TIME=ALL, **BOX)).astype(int)
    halves = [
        pixels(
            get_map(
                world,
                LAYERS=FOOT,
                STYLES="counts",
                TIME=ALL,
                BBOX=f"44.20,{west},44.235,{west + 0.035}",
                WIDTH=140,
                HEIGHT=140,
            )
        )
        for west in (0.48, 0.515)
    ]
    assert (np.concatenate(halves, axis=1) == whole).all()


def test_the_whole_world_and_its_edge_can_be_drawn(families: World) -> None:
    answer = get_map(
        families, LAYERS="precipitation.footprints", BBOX="-90,-180,90,180", WIDTH=200, HEIGHT=100
    )
    assert (pixels(answer)[50, 100] != 0).any()
    mercator = get_map(
        families, LAYERS="precipitation.footprints", CRS="EPSG:3857", BBOX="-20037508,-20037508,20037508,20037508", WIDTH=100, HEIGHT=100,
    )  # fmt: skip
    assert (pixels(mercator)[50, 50] != 0).any()


@pytest.mark.parametrize("style", ["anomaly", "last-value"])
def test_stations_have_the_colour_of_their_newest_value(hydro: World, style: str) -> None:
    catalog = hydro.services.catalog
    kind = catalog.registry.series_types[RIVERS]
    chosen = kind.style(style)
    assert isinstance(chosen, Points)

    marks = catalog.observations.marks(RIVERS, WORLD, kind.coloured, OPERATOR, Deadline.after(10))
    told = [one for one in marks if (one.value if style == "last-value" else one.anomaly) is not None]
    assert told, "the generated series are long enough to say what is ordinary"
    for mark in told[:5]:
        number = mark.value if style == "last-value" else mark.anomaly
        assert number is not None
        west, south = mark.longitude - 0.01, mark.latitude - 0.01
        answer = get_map(
            hydro,
            LAYERS=RIVERS,
            STYLES=style,
            BBOX=f"{south},{west},{south + 0.02},{west + 0.02}",
            WIDTH=61,
            HEIGHT=61,
        )
        assert np.abs(pixels(answer)[30, 30].astype(int) - np.array(colour_at(chosen, number))).max() <= 1


def test_an_anomaly_is_in_standard_deviations_of_its_series(hydro: World) -> None:

    observations = hydro.services.catalog.observations
    who, deadline = OPERATOR, Deadline.after(20)
    marks = {
        one.name: one for one in observations.marks(RIVERS, WORLD, "water_surface_height", who, deadline)
    }
    for seen in observations.seen(SeriesQuery(collections=(RIVERS,)), who, 50, deadline):
        (series,) = seen.series
        mark, newest = marks[seen.station.name], seen.latest[series.observed_property]
        assert mark.value == newest.value
        expected = series.anomaly(newest.value)
        assert (mark.anomaly is None) == (expected is None)
        assert expected is None or math.isclose(mark.anomaly or 0.0, expected, rel_tol=1e-9)


def test_names_are_written_on_near_maps_only(hydro: World) -> None:

    (mark, *_) = hydro.services.catalog.observations.marks(
        RIVERS, WORLD, "water_surface_height", OPERATOR, Deadline.after(10)
    )

    def inked(half: float) -> int:
        box = f"{mark.latitude - half},{mark.longitude - half},{mark.latitude + half},{mark.longitude + half}"
        answer = get_map(hydro, LAYERS=RIVERS, STYLES="anomaly", BBOX=box, WIDTH=401, HEIGHT=401)
        return int((pixels(answer)[..., 3] > 0).sum())

    assert inked(0.05) > inked(3.0) + 500


def test_legends_of_numbers_are_drawn(hydro: World, world: World) -> None:
    for where, layer, style in (
        (hydro, RIVERS, "anomaly"), (hydro, RIVERS, "last-value"), (world, FOOT, "outlines"), (world, FOOT, "counts"),
    ):  # fmt: skip
        picture = pixels(
            where.wms(
                SERVICE="WMS",
                VERSION="1.3.0",
                REQUEST="GetLegendGraphic",
                LAYER=layer,
                STYLE=style,
                FORMAT="image/png",
            )
        )
        assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 3, style


def test_an_unknown_style_of_footprints_is_refused(world: World) -> None:
    answer = get_map(world, LAYERS=FOOT, STYLES="true-colour", **BOX)
    assert code(answer) == "StyleNotDefined"
    assert etree.fromstring(answer.body) is not None
