# SPDX-License-Identifier: Apache-2.0
"""The page of the catalogue in a real browser: words, counts that narrow down, products with their pictures and links."""

import json
import time
from pathlib import Path

import pytest
import yaml
from centres import CENTRES, REAL, recorded_answers, sources
from running import running
from support import World
from webdriver import browser

from catalog.generator.hydroweb import demo_series
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest
from portal.pages import STATIC

pytestmark = pytest.mark.client


def test_words_counts_and_links(world: World, server: str, tmp_path: Path) -> None:
    if not (STATIC / "search.js").is_file():
        pytest.skip("the pages are not built (make portal)")
    everything = world.client.get("/stac/search?limit=1").json()["numberMatched"]
    reflectances = world.client.get("/stac/search?limit=1&collections=sentinel2-l2a").json()["numberMatched"]
    assert everything > reflectances > 1
    with browser(tmp_path / "profile") as window:
        window.open(f"{server}/search#lang=en")
        window.wait(f"{everything} results")
        window.press("sentinel2-l2a")
        window.wait(f"{reflectances} results")
        cards = window.script(
            "return [...document.querySelectorAll('article h3')].map((one) => one.textContent)"
        )
        assert len(cards) == reflectances
        assert all("_L2A_" in one for one in cards)
        assert window.script("return document.querySelectorAll('article img').length") == reflectances
        window.press("all")
        window.wait(f"{everything} results")
        window.type('#form input[name="q"]', "nothingatall")
        window.press("Search")
        window.wait("Nothing was found.")
        window.open(f"{server}/search#lang=fr&cloud=0&collection=sentinel2-l2a")
        window.call("POST", "/refresh")
        clear = world.client.get(
            '/stac/search?limit=1&collections=sentinel2-l2a&query={"eo:cloud_cover":{"lte":0}}'
        ).json()["numberMatched"]
        window.wait(f"{clear} résultats" if clear else "Rien n'a été trouvé.")
        links = window.script(
            "return [...document.querySelectorAll('article a')].slice(0, 6).map((one) => one.href)"
        )
        assert len(links) >= 3
        for href in links:
            if "#" not in href:
                assert world.client.get(href.removeprefix(server)).status_code == 200, href


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared samples are not beside this clone")
def test_stations_and_what_other_centres_have(tmp_path: Path) -> None:
    """A server that harvests by itself; its page lists all, and leads to the pages of stations and to where a record came from."""
    if not (STATIC / "search.js").is_file():
        pytest.skip("the pages are not built (make portal)")
    settings = Settings(data=tmp_path / "data")
    catalog = wire_catalog(settings)
    demo_series(tmp_path / "series")
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([tmp_path / "series"]))
    catalog.close()
    (tmp_path / "answers").mkdir()
    with recorded_answers(tmp_path / "answers") as address:
        wanted = {name: one for name, one in sources(address).items() if name in CENTRES}
        harvest = {name: one.model_dump(mode="json", exclude_unset=True) for name, one in wanted.items()}
        (tmp_path / "hysope.yaml").write_text(yaml.safe_dump({"harvest": harvest}))
        with running(["serve", "--data", str(tmp_path / "data")], tmp_path) as server, browser(tmp_path / "profile") as window:  # fmt: skip
            for _ in range(240):
                window.open(f"{server.address}/search#lang=en")
                window.call("POST", "/refresh")
                window.wait(" results")
                found = window.script("return document.body.innerText")
                if all(name in found for name in CENTRES):
                    break
                time.sleep(0.25)
            assert all(name in found for name in CENTRES), found
            sara = len(json.loads((REAL / "provider-responses" / "sara_search.json").read_text())["features"])
            window.press("sara")
            window.wait(f"{sara} results")
            assert "On the map" not in window.script("return document.querySelector('#items').innerText")
            window.picture(tmp_path / "page.png")
            window.open(f"{server.address}/search#lang=en&q=Garonne")
            window.call("POST", "/refresh")
            window.wait("On the map")
            links = window.script(
                "return [...document.querySelectorAll('article h3 a')].map((one) => one.href)"
            )
            assert any("/stations/R_GARONNE" in one for one in links), links
