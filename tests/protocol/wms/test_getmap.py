# SPDX-License-Identifier: Apache-2.0
"""GetMap: pictures, times, areas."""

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from support import World
from wms_probe import EAST, LAYER, NORTH, SIZE, SOUTH, WEST, WMS, capabilities, get_map, pixels

from catalog.crs import transform_box
from catalog.model.area import Box


def test_every_layer_style_and_crs_that_is_advertised_draws(world: World) -> None:
    root = capabilities(world)
    systems = [element.text for element in root.findall(f"{WMS}Capability/{WMS}Layer/{WMS}CRS")]
    for layer in root.iter(f"{WMS}Layer"):
        name = layer.findtext(f"{WMS}Name")
        if name is None:
            continue
        boxes = {
            box.get("CRS"): [box.get(side) for side in ("minx", "miny", "maxx", "maxy")]
            for box in layer.findall(f"{WMS}BoundingBox")
        }
        for style in layer.findall(f"{WMS}Style"):
            answer = get_map(
                world,
                LAYERS=name,
                STYLES=style.findtext(f"{WMS}Name"),
                CRS="EPSG:4326",
                BBOX=",".join(boxes["EPSG:4326"]),
            )
            assert pixels(answer).shape == (SIZE, SIZE, 4)
        for system in systems:
            if system in boxes:
                answer = get_map(world, LAYERS=name, CRS=system, BBOX=",".join(boxes[system]))
                assert (pixels(answer)[..., 3] > 0).any() or "quality" in name or "clouds" in name, (
                    name,
                    system,
                )


@pytest.mark.parametrize(
    ("form", "media"),
    [
        ("image/png", "image/png"),
        ("image/png; mode=8bit", "image/png"),
        ("image/jpeg", "image/jpeg"),
        ("image/webp", "image/webp"),
        ("image/tiff", "image/tiff"),
    ],
)
def test_each_format_has_its_type(world: World, form: str, media: str) -> None:
    answer = get_map(world, FORMAT=form)
    assert answer.media == media
    if media != "image/tiff":
        assert pixels(answer).shape == (SIZE, SIZE, 4)


def test_a_geotiff_knows_where_it_is(world: World) -> None:
    with MemoryFile(get_map(world, FORMAT="image/tiff").body) as memory, memory.open() as dataset:
        assert dataset.crs.to_epsg() == 4326
        assert dataset.bounds == pytest.approx((WEST, SOUTH, EAST, NORTH))


def test_axis_order_of_both_versions_gives_the_same_map(world: World) -> None:
    new = get_map(world)
    flat = get_map(world, CRS="CRS:84", BBOX=f"{WEST},{SOUTH},{EAST},{NORTH}")
    old = get_map(world, VERSION="1.1.1", CRS=None, SRS="EPSG:4326", BBOX=f"{WEST},{SOUTH},{EAST},{NORTH}")
    assert (pixels(new) == pixels(flat)).all()
    assert (pixels(new) == pixels(old)).all()


@pytest.mark.parametrize(
    ("epsg", "swap"), [(3857, False), (2154, False), (32631, False), (3035, True), (4258, True)]
)
def test_each_crs_shows_the_same_land(world: World, epsg: int, swap: bool) -> None:
    box = transform_box(Box(west=0.505, south=44.22, east=0.508, north=44.222), 4326, epsg)
    assert box
    numbers = (
        (box.south, box.west, box.north, box.east) if swap else (box.west, box.south, box.east, box.north)
    )
    here = pixels(get_map(world, LAYERS="oso-23", CRS=f"EPSG:{epsg}", BBOX=",".join(map(repr, numbers))))
    there = pixels(get_map(world, LAYERS="oso-23", BBOX="44.22,0.505,44.222,0.508"))
    assert (here[SIZE // 2, SIZE // 2] == there[SIZE // 2, SIZE // 2]).all()
    assert {tuple(pixel) for pixel in here.reshape(-1, 4)} & {tuple(pixel) for pixel in there.reshape(-1, 4)}


@pytest.mark.parametrize(("width", "height"), [(8, 5), (1, 1), (1024, 768), (4096, 16)])
def test_the_size_is_exact(world: World, width: int, height: int) -> None:
    assert pixels(get_map(world, WIDTH=width, HEIGHT=height)).shape == (height, width, 4)


def test_without_transparent_no_pixel_is(world: World) -> None:
    for changes in (
        {"TRANSPARENT": None},
        {"TRANSPARENT": "FALSE"},
        {"TRANSPARENT": "false", "LAYERS": "oso-23"},
    ):
        assert (pixels(get_map(world, BBOX="44.1,0.3,44.3,0.7", **changes))[..., 3] == 255).all()


def test_the_background_is_white_or_what_was_asked(world: World) -> None:
    outside = {"BBOX": "10,10,11,11", "TRANSPARENT": "FALSE"}
    assert (pixels(get_map(world, **outside)) == 255).all()
    assert (pixels(get_map(world, BGCOLOR="0x0000FF", **outside)) == (0, 0, 255, 255)).all()
    assert (
        pixels(get_map(world, BGCOLOR="0xFF0000", FORMAT="image/jpeg", **outside))[0, 0, :3] > (240, -1, -1)
    ).all()
    assert (pixels(get_map(world, BBOX="10,10,11,11", TRANSPARENT="true"))[..., 3] == 0).all()


@pytest.mark.parametrize(
    "box", ["10,10,11,11", "-89.9,-179.9,-89.8,-179.8", "500,500,600,600", "-1E3,-1E3,1E3,1E3"]
)
def test_a_box_without_data_is_an_empty_map(world: World, box: str) -> None:
    assert pixels(get_map(world, BBOX=box)).shape == (SIZE, SIZE, 4)


def test_exponents_and_odd_decimals_are_numbers(world: World) -> None:
    plain = get_map(world, BBOX="44.2165,0.4965,44.2275,0.5205")
    exponent = get_map(world, BBOX="4.42165E1,4.965e-1,+44.2275,0.52050000000000000")
    assert (pixels(plain) == pixels(exponent)).all()


def test_the_pixels_are_those_of_the_product_at_full_resolution(world: World) -> None:
    """In the native CRS on the native grid a map is the raster itself: the box is the outer edge of its border pixels."""
    answer = get_map(
        world, LAYERS="oso-23", CRS="EPSG:2154", TIME="2022-01-01", WIDTH=50, HEIGHT=40, BBOX=_native(world)
    )
    shown = pixels(answer)
    kind = world.services.catalog.registry.types["oso-23"]
    colours = {one.value: one.colour for one in kind.bands["CLASS"].classes}
    expected = _classes(world)[20:60, 10:60]
    for row, column in ((0, 0), (0, 49), (39, 0), (39, 49), (17, 23)):
        red, green, blue, alpha = shown[row, column]
        assert f"#{red:02X}{green:02X}{blue:02X}" == colours[int(expected[row, column])]
        assert alpha == 255


def _asset(world: World):
    from catalog.model.principal import ANONYMOUS, Deadline

    asset = world.services.catalog.product("OSO_20220101_RASTER", ANONYMOUS, Deadline.after(9)).asset_of(
        "CLASS"
    )
    assert asset and asset.grid
    return asset


def _classes(world: World) -> np.ndarray:
    with rasterio.open(world.services.catalog.archive / _asset(world).path) as dataset:
        return dataset.read(1)


def _native(world: World) -> str:
    grid = _asset(world).grid
    west, north = grid.west + 10 * 10, grid.north - 20 * 10
    return f"{west},{north - 400},{west + 500},{north}"


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("2023-03-05", "2023-03-05"),
        ("2023-03-05T00:00:00Z", "2023-03-05"),
        ("2023-03-05T00:00:00.000Z", "2023-03-05"),
        ("2023-03-05T00:00:00", "2023-03-05"),
        ("2023-03-05/2023-03-05", "2023-03-05"),
        ("2023-03-05T10:50:31Z", "2023-03-05"),
        ("2023-03-05T10:50:31.461Z", "2023-03-05"),
        ("2023-03-01/2023-03-10", "2023-03-05"),
        ("2023-03-01/2023-03-31", "2023-03-15"),
        ("2023-03", "2023-03-15"),
        ("2023-03-05,2023-03-15", "2023-03-15"),
        ("2023-01-01/2023-01-31,2023-03-05", "2023-03-05"),
        ("2023-03-05/2023-03-20/P10D", "2023-03-15"),
        ("current", "2023-04-04"),
    ],
)
def test_a_time_names_its_day(world: World, time: str, day: str) -> None:
    full = {"LAYERS": "sentinel2-l2a", "STYLES": "ndvi", "BBOX": "44.218,0.5075,44.226,0.52"}
    expected = pixels(get_map(world, TIME=day, **full))
    found = pixels(get_map(world, TIME=time, **full))
    inner = expected[..., 3] > 0
    assert inner.any()
    assert (found[inner] == expected[inner]).all()


@pytest.mark.parametrize(
    "time", ["2023-03-06", "2019-01-01", "2031-01-01/2032-01-01", "2023-03-05T11:00:00Z"]
)
def test_a_time_without_data_is_a_transparent_map(world: World, time: str) -> None:
    assert (pixels(get_map(world, TIME=time))[..., 3] == 0).all()


def test_a_day_within_a_month_shows_its_synthesis(world: World) -> None:
    listed, within = (
        pixels(get_map(world, LAYERS="sentinel2-l3a", TIME=time)) for time in ("2023-03-15", "2023-03-01")
    )
    assert (listed == within).all()
    assert (listed[..., 3] > 0).any()


def test_no_time_draws_the_default_window_and_says_so(world: World) -> None:
    answer = get_map(world)
    assert answer.headers["warning"].startswith("99 Default value used: time=2023-04-04")
    assert "warning" not in get_map(world, TIME="2023-04-04").headers


def test_neighbouring_scenes_make_one_map_without_a_seam(world: World) -> None:
    west, east = (
        get_map(world, BBOX="44.219,0.500,44.226,0.518"),
        get_map(world, BBOX="44.219,0.518,44.226,0.536"),
    )
    both = get_map(world, BBOX="44.219,0.500,44.226,0.536", WIDTH=SIZE * 2)
    joined = np.hstack([pixels(west), pixels(east)]).astype(int)
    assert np.abs(joined - pixels(both).astype(int)).max() <= 2
    assert (pixels(both)[8:-8, 60:-8, 3] == 255).mean() > 0.9


def test_layers_are_painted_in_order_and_an_opaque_one_covers(world: World) -> None:
    cover, base = pixels(get_map(world, LAYERS="oso-23")), pixels(get_map(world, LAYERS="sentinel2-l3a"))
    both = pixels(get_map(world, LAYERS="sentinel2-l3a,oso-23", STYLES=","))
    opaque = cover[..., 3] == 255
    assert (both[opaque] == cover[opaque]).all()
    assert not (both == base).all()
    upside = pixels(get_map(world, LAYERS="oso-23,sentinel2-l3a", STYLES="land-cover"))
    assert (upside[base[..., 3] == 255] == base[base[..., 3] == 255]).all()


def test_least_cloudy_and_clear_pixels_are_options(world: World) -> None:
    period = {
        "TIME": "2023-03-01/2023-03-31",
        "STYLES": "true-colour",
        "BBOX": "44.2105,0.4965,44.2275,0.5205",
    }
    newest, clear, least = (
        pixels(get_map(world, PRIORITY=one, **period)).astype(int)
        for one in ("newest", "clear", "least-cloudy")
    )
    day = pixels(get_map(world, TIME="2023-03-05", STYLES="true-colour", BBOX=period["BBOX"])).astype(int)
    assert (least == day).all(), "the fifth of March has no cloud"
    white = lambda picture: (picture[..., :3].min(axis=2) > 230).sum()  # noqa: E731
    assert white(newest) > 50
    assert white(clear) < white(newest) / 5
    assert (pixels(get_map(world, MAXCC=5, **period)) == day).all()


def test_names_of_parameters_have_no_case_and_unknown_ones_are_ignored(world: World) -> None:
    query = f"version=1.3.0&request=GetMap&layers={LAYER}&styles=&crs=EPSG:4326&bbox={SOUTH},{WEST},{NORTH},{EAST}&width=64&height=64&format=image%2Fpng&Transparent=true"
    mixed = world.wms(query + "&DPI=96&MAP_RESOLUTION=96&FORMAT_OPTIONS=dpi:96&TILED=true&SERVICE=WMS")
    assert mixed.body == get_map(world).body


def test_a_form_post_is_the_same_request(world: World) -> None:
    form = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": LAYER,
        "STYLES": "",
        "CRS": "EPSG:4326",
        "BBOX": f"{SOUTH},{WEST},{NORTH},{EAST}",
        "WIDTH": "64",
        "HEIGHT": "64",
        "FORMAT": "image/png",
        "TRANSPARENT": "TRUE",
    }
    assert world.client.post("/wms", data=form).content == get_map(world).body


def test_an_unchanged_map_is_304_and_a_hit_costs_no_drawing(world: World) -> None:
    first = get_map(world)
    address = str(
        world.client.get(
            "/wms",
            params={
                "VERSION": "1.3.0",
                "REQUEST": "GetMap",
                "LAYERS": LAYER,
                "STYLES": "",
                "CRS": "EPSG:4326",
                "BBOX": f"{SOUTH},{WEST},{NORTH},{EAST}",
                "WIDTH": "64",
                "HEIGHT": "64",
                "FORMAT": "image/png",
                "TRANSPARENT": "TRUE",
            },
        ).url
    )
    again = world.client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_layer_may_stand_twice_with_two_styles(world: World) -> None:
    first, second = [
        style.findtext(f"{WMS}Name")
        for layer in capabilities(world).iter(f"{WMS}Layer")
        if layer.findtext(f"{WMS}Name") == LAYER
        for style in layer.findall(f"{WMS}Style")
    ][:2]
    alone = {style: pixels(get_map(world, LAYERS=LAYER, STYLES=style)) for style in (first, second)}
    assert not np.array_equal(alone[first], alone[second])
    for below, above in ((first, second), (second, first)):
        both = pixels(get_map(world, LAYERS=f"{LAYER},{LAYER}", STYLES=f"{below},{above}"))
        opaque = alone[above][..., 3] == 255
        assert opaque.any()
        assert np.array_equal(both[opaque], alone[above][opaque])


def test_scripts_of_other_sites_may_read_every_answer(world: World) -> None:
    for query in ("REQUEST=GetCapabilities&SERVICE=WMS", "REQUEST=GetMap"):
        answer = world.client.get(f"/wms?{query}", headers={"origin": "https://elsewhere.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_strict_time_makes_a_time_outside_of_the_range_a_fault(world: World) -> None:
    from starlette.testclient import TestClient

    from config.settings import Wms
    from hysope.app import build

    settings = world.settings.model_copy(update={"wms": Wms(strict_time=True, exception_status=400)})
    with TestClient(build(settings)) as client:
        query = f"VERSION=1.3.0&REQUEST=GetMap&LAYERS={LAYER}&STYLES=&CRS=EPSG:4326&BBOX=44,0,45,1&WIDTH=8&HEIGHT=8&FORMAT=image/png&TIME=2031-01-01"
        answer = client.get(f"/wms?{query}")
    assert (answer.status_code, b"InvalidDimensionValue" in answer.content) == (400, True)
