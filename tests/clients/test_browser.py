# SPDX-License-Identifier: Apache-2.0
"""The map page in headless Chromium: layers, calendar, legend, a drawn map; nothing is asked from anywhere else."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.generator.hydroweb import AGEN, ORLEANS
from portal.pages import STATIC

pytestmark = pytest.mark.client
LAND_COVER = {(255, 85, 255), (0, 156, 0), (255, 255, 0), (208, 255, 0), (170, 170, 0)}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


@pytest.fixture
def chromium(tmp_path: Path):
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    if not (STATIC / "map.js").is_file():
        pytest.skip("the map page is not built (make portal)")

    def run(*arguments: str) -> str:
        command = [
            found,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=15000",
            *arguments,
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    return run


def test_the_page_shows_layers_days_and_a_map(server: str, chromium, tmp_path: Path) -> None:
    page = chromium("--dump-dom", f"{server}/#lang=fr&layer=sentinel2-l2a&style=ndvi&day=2023-03-15")
    assert "Réflectance de surface Sentinel-2 (L2A)" in page
    assert 'aria-label="2023-03-15"' in page
    assert 'aria-pressed="true"' in page
    assert "mars 2023" in page
    assert "GetLegendGraphic" in page
    assert len(LAND_COVER & colours_once_drawn(server, chromium, tmp_path / "p.png")) >= 3, (
        "classes of the land cover are on the screen"
    )


def colours_once_drawn(server: str, chromium, path: Path) -> set[tuple[int, ...]]:
    """The colours of the map. On a busy machine the picture may be taken before the tiles came: it is taken again."""
    colours: set[tuple[int, ...]] = set()
    for _ in range(5):
        chromium("--window-size=1000,700", f"--screenshot={path}", f"{server}/#lang=fr&layer=oso-23")
        picture = np.asarray(Image.open(path).convert("RGB"))[60:, :640]
        colours = {tuple(pixel) for pixel in picture.reshape(-1, 3)[::17]}
        if LAND_COVER & colours:
            break
    return colours


def test_the_map_of_stations_lists_them_by_how_unusual_they_are(hydro_server: str, chromium) -> None:
    page = chromium("--window-size=1200,800", "--dump-dom", f"{hydro_server}/stations#lang=fr")
    assert "stations sur la carte" in page
    assert f'href="/stations/{AGEN.name}?lang=fr"' in page
    assert "trop peu de valeurs pour le dire" in page
    found = chromium("--dump-dom", f"{hydro_server}/stations#lang=en&q=orleans")
    assert f'href="/stations/{ORLEANS.name}?lang=en"' in found
    assert f'href="/stations/{AGEN.name}?lang=en"' not in found


def test_the_page_of_a_station_draws_its_series(hydro_server: str, chromium, tmp_path: Path) -> None:
    address = f"{hydro_server}/stations/L_tana?lang=en"
    page = chromium("--dump-dom", f"{address}#with={AGEN.name}&anomaly=1")
    assert "u-legend" in page
    assert f"Garonne ({AGEN.name}), m" in page
    assert "Tana (L_tana), m" in page
    assert "the newest 200" in page
    picture = tmp_path / "p.png"
    chromium("--window-size=1000,800", f"--screenshot={picture}", address)
    pixels = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
    line = np.all(pixels == (0x0B, 0x5A, 0x8A), axis=1)
    assert line.sum() > 500, "the line of the series is on the screen"


def test_the_pages_name_no_other_server() -> None:
    if not STATIC.is_dir():
        pytest.skip("the map page is not built (make portal)")
    for name in ("index.html", "stations.html"):
        page = (STATIC / name).read_text()
        assert "http://" not in page
        assert "https://" not in page
