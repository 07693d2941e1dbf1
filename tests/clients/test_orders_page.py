# SPDX-License-Identifier: Apache-2.0
"""A new user's way through the page of orders in a real browser: key, form, estimate, progress, the result drawn by the map service."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import free_block
from test_story import qgis
from webdriver import browser

from portal.pages import STATIC

pytestmark = pytest.mark.client


@dataclass(frozen=True)
class Centre:
    """Where it answers, and the keys of a user and of an operator."""

    address: str
    key: str
    operator: str


@pytest.fixture(scope="module")
def centre(products: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A server over one product, with its supervisor, as `hysope serve DIR` starts them."""
    if not (STATIC / "orders.js").is_file():
        pytest.skip("the pages are not built (make portal)")
    home, port = tmp_path_factory.mktemp("centre"), free_block(1)
    (home / "in").mkdir()
    source = next(path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name)
    (home / "in" / source.name).symlink_to(source)
    words = ["--data", str(home / "data")]
    command = [sys.executable, "-m", "hysope"]
    subprocess.run([*command, "ingest", str(source), *words], check=True, capture_output=True, timeout=120)
    keys = []
    for name in (["nora"], ["ada", "--role", "operator"]):
        told = subprocess.run(
            [*command, "key", "create", *name, *words], check=True, capture_output=True, text=True, timeout=60
        )
        keys.append(next(line.split()[1] for line in told.stdout.splitlines() if line.startswith("key")))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "serve", *words, "--port", str(port)], stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/health/ready", timeout=2).close()
                break
            except urllib.error.HTTPError as early:
                early.close()
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
        yield Centre(address, *keys)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_from_the_form_to_the_layer(centre: Centre, tmp_path: Path) -> None:
    address, key = centre.address, centre.key
    with browser(tmp_path / "profile") as window:
        window.open(f"{address}/orders#lang=en")
        window.wait("To order, say who you are")
        window.wait("Vegetation index of a selection")
        window.type("#key", key)
        window.press("Use")
        window.wait("There are none yet.")
        window.open(f"{address}/orders#lang=fr&process=ndvi")
        window.wait("Produits Sentinel-2 L2A")
        window.press("Que faudrait-il ?")
        window.wait("1 produits, 1 CPU")
        window.type(".selection textarea", "NOTHING")
        window.press("Commander")
        window.wait("NOTHING")
        window.script("document.querySelector('.selection textarea').value = ''")
        window.press("Commander")
        window.wait("successful")
        window.wait("u.nora.ndvi")
        size = window.script(
            "return (async () => { const one = document.querySelector('figure img'); await one.decode(); return [one.naturalWidth, one.naturalHeight] })()"
        )
        assert size[0] == 400
        window.picture(tmp_path / "job.png")
        drawn = qgis(address, key, tmp_path / "qgis", "u.nora.ndvi=")
        if drawn:  # nothing where QGIS is absent
            assert drawn["u.nora.ndvi"], (
                "the layer of the result opens in QGIS with the address and key that the page tells"
            )
        window.press("Supprimer")
        window.wait("Il n'y en a pas encore.")


def test_a_campaign_is_followed_and_operators_see_the_board(centre: Centre, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as window:
        window.open(f"{centre.address}/orders#lang=en&process=ndvi")
        window.wait("To order, say who you are")
        window.type("#key", centre.operator)
        window.press("Use")
        window.wait("Forget the key")
        window.press("One order for each product")
        window.wait("done")
        assert "successful 1" in window.text()
        window.picture(tmp_path / "campaign.png")
        window.open(f"{centre.address}/orders#lang=en")
        told = window.wait("Production")
        assert "Your campaigns" in told
        assert "Orders that ended in each of the last 24 hours" in told
        assert (
            len(window.script("return [...document.querySelectorAll('.bar')].map((one) => one.title)")) == 24
        )
        window.picture(tmp_path / "board.png")
        window.press("Forget the key")
        window.wait("To order, say who you are")
        window.type("#key", centre.key)
        window.press("Use")
        window.wait("Your orders")
        assert "Production" not in window.text()


def test_a_wrong_key_is_told(centre: Centre, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as window:
        window.open(f"{centre.address}/orders#lang=en")
        window.wait("To order, say who you are")
        window.type("#key", "hyk_wrong")
        window.press("Use")
        window.wait("Forget the key")
        assert "Your orders" not in window.text()
        window.press("Forget the key")
        window.wait("To order, say who you are")
