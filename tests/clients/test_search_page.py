# SPDX-License-Identifier: Apache-2.0
"""The page of the catalogue in a real browser: words, counts that narrow down, products with their pictures and links."""

from pathlib import Path

import pytest
from support import World
from webdriver import browser

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
        window.wait(f"{everything} products")
        window.press("sentinel2-l2a")
        window.wait(f"{reflectances} products")
        cards = window.script(
            "return [...document.querySelectorAll('article h3')].map((one) => one.textContent)"
        )
        assert len(cards) == reflectances
        assert all("_L2A_" in one for one in cards)
        assert window.script("return document.querySelectorAll('article img').length") == reflectances
        window.press("all")
        window.wait(f"{everything} products")
        window.type('#form input[name="q"]', "nothingatall")
        window.press("Search")
        window.wait("Nothing was found.")
        window.open(f"{server}/search#lang=fr&cloud=0&collection=sentinel2-l2a")
        window.call("POST", "/refresh")
        clear = world.client.get(
            '/stac/search?limit=1&collections=sentinel2-l2a&query={"eo:cloud_cover":{"lte":0}}'
        ).json()["numberMatched"]
        window.wait(f"{clear} produits" if clear else "Rien n'a été trouvé.")
        links = window.script(
            "return [...document.querySelectorAll('article a')].slice(0, 6).map((one) => one.href)"
        )
        assert len(links) >= 3
        for href in links:
            if "#" not in href:
                assert world.client.get(href.removeprefix(server)).status_code == 200, href
