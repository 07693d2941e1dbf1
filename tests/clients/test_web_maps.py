# SPDX-License-Identifier: Apache-2.0
"""Leaflet, OpenLayers and MapLibre in headless Chromium, on a page of another origin: each shows the dated picture that `/wms` draws."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import World
from webdriver import browser

from tiles.matrix import matrix_sets

pytestmark = pytest.mark.client
MODULES = Path(__file__).parents[2] / "portal" / "web" / "node_modules"
LAYER, STYLE, DAY, ZOOM = "sentinel2-l2a", "ndvi", "2023-03-05", 14
PLACE = (0.512, 44.23)
"""Longitude and latitude in the middle of the products."""
PAGE = """<!doctype html><meta charset="utf-8"><title>waits</title><link rel="stylesheet" href="{css}">
<style>body {{ margin: 0; background: #fff }} #map {{ width: 512px; height: 512px; background: #fff }}</style><div id="map"></div>{script}
<script type="module">{head}
const asked = {asked};
const ready = () => {{ document.title = "ready"; }};
{body}</script>"""
LEAFLET = """
const map = L.map("map", {zoomControl: false, attributionControl: false, fadeAnimation: false, zoomAnimation: false, inertia: false});
map.setView([asked.latitude, asked.longitude], asked.zoom);
L.tileLayer(`${asked.server}/wmts/1.0.0/${asked.layer}/${asked.style}/${asked.day}/WebMercatorQuad/{z}/{y}/{x}.png`).on("load", ready).addTo(map);
"""
OPENLAYERS = """
const answer = await fetch(`${asked.server}/wmts?SERVICE=WMTS&REQUEST=GetCapabilities`);
const options = ol.source.WMTS.optionsFromCapabilities(new ol.format.WMTSCapabilities().read(await answer.text()), {
  layer: asked.layer, matrixSet: "WebMercatorQuad", format: "image/png"});
options.dimensions = {Time: asked.day};
options.style = asked.style;
options.interpolate = false;
const map = new ol.Map({target: "map", controls: [], layers: [new ol.layer.Tile({source: new ol.source.WMTS({...options, transition: 0})})],
  view: new ol.View({center: ol.proj.fromLonLat([asked.longitude, asked.latitude]), zoom: asked.zoom, constrainResolution: true})});
map.once("rendercomplete", ready);
"""
MAPLIBRE = """
const tiles = [`${asked.server}/ogcapi/collections/${asked.layer}/styles/${asked.style}/map/tiles/WebMercatorQuad/{z}/{y}/{x}?datetime=${asked.day}&f=png`];
const map = new maplibregl.Map({container: "map", attributionControl: false, fadeDuration: 0, interactive: false,
  center: [asked.longitude, asked.latitude], zoom: asked.zoom - 1, style: {version: 8,
    sources: {ours: {type: "raster", tiles, tileSize: 256}},
    layers: [{id: "ours", type: "raster", source: "ours", paint: {"raster-resampling": "nearest"}}]}});
map.once("idle", ready);
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another origin that serves pages and the libraries: its address, and the folder of the pages."""
    if not (MODULES / "maplibre-gl").is_dir():
        pytest.skip("the libraries are not here (make portal)")
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "modules").symlink_to(MODULES)

    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012  as its parent has it

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()
        thread.join()


def corner() -> tuple[int, int, float, float]:
    """Column and row of the tile right of and below the corner that the maps have in their middle, and its longitude and latitude."""
    lon, lat = PLACE
    tiles = 2**ZOOM
    column = round((lon + 180) / 360 * tiles)
    row = round((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * tiles)
    return (
        column,
        row,
        column / tiles * 360 - 180,
        math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / tiles)))),
    )


def drawn_by_wms(world: World, column: int, row: int) -> np.ndarray:
    """The four tiles around the corner, on white."""
    matrix = matrix_sets()["WebMercatorQuad"].matrix(str(ZOOM))
    out = np.zeros((512, 512, 3), np.uint8)
    for down in (0, 1):
        for across in (0, 1):
            box = matrix.box(column - 1 + across, row - 1 + down)
            answer = world.wms(
                SERVICE="WMS", VERSION="1.3.0", REQUEST="GetMap", LAYERS=LAYER, STYLES=STYLE, CRS="EPSG:3857", BBOX=f"{box.west!r},{box.south!r},{box.east!r},{box.north!r}",
                WIDTH=256, HEIGHT=256, FORMAT="image/png", TIME=DAY,
            )  # fmt: skip
            out[down * 256 : down * 256 + 256, across * 256 : across * 256 + 256] = Image.open(
                BytesIO(answer.body)
            ).convert("RGB")
    return out


@pytest.mark.parametrize(
    ("css", "head", "body"),
    [
        ("leaflet/dist/leaflet.css", "import * as L from '/modules/leaflet/dist/leaflet-src.esm.js';", LEAFLET),
        ("ol/ol.css", "", OPENLAYERS),
        ("maplibre-gl/dist/maplibre-gl.css", "import * as maplibregl from '/modules/maplibre-gl/dist/maplibre-gl.mjs';", MAPLIBRE),
    ],
    ids=["leaflet", "openlayers", "maplibre"],
)  # fmt: skip
def test_a_web_map_shows_the_dated_picture(
    server: str, world: World, elsewhere: tuple[str, Path], tmp_path: Path, css: str, head: str, body: str
) -> None:
    column, row, longitude, latitude = corner()
    asked = {
        "server": server,
        "layer": LAYER,
        "style": STYLE,
        "day": DAY,
        "zoom": ZOOM,
        "longitude": longitude,
        "latitude": latitude,
    }
    address, folder = elsewhere
    (folder / "page.html").write_text(
        PAGE.format(
            css=f"/modules/{css}",
            script="" if head else '<script src="/modules/ol/dist/ol.js"></script>',
            head=head,
            asked=json.dumps(asked),
            body=body,
        )
    )
    expected = drawn_by_wms(world, column, row)
    assert len(np.unique(expected.reshape(-1, 3), axis=0)) > 20, "there is something to see"
    with browser(tmp_path / "profile", webgl=True) as window:
        window.open(f"{address}/page.html")
        until = time.monotonic() + 60
        while window.script("return document.title") != "ready":
            assert time.monotonic() < until, window.text()
            time.sleep(0.2)
        window.picture(tmp_path / "map.png")
    seen = np.asarray(Image.open(tmp_path / "map.png").convert("RGB"))[:512, :512].astype(int)
    off = np.abs(seen - expected).max(axis=2)
    assert (off <= 1).mean() > 0.999, f"{(off > 1).mean():.2%} of the pixels differ"
