"""Other centres: their recorded answers behind an address of this machine, and the settings that harvest them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from starlette.testclient import TestClient
from support import SHARED

from catalog.generator.demo import demo_series
from catalog.harvest.run import Harvester
from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import HarvestSource, Server, Settings
from hysope.wiring import wire_catalog, wire_ingest

REAL = SHARED / "data" / "catalog"
CENTRES = ("geodes", "earth", "sara", "bretagne")
"""For everybody; `closed` is one more."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def recorded_answers(folder: Path) -> Iterator[str]:
    """GEODES and Earth Search (STAC), SARA (resto), ISO documents, an observatory of Theia/OZCAR; a next page, which was not recorded, is cut off."""
    for name in ("geodes_search", "earth_search_search", "sara_search"):
        found = json.loads((REAL / "provider-responses" / f"{name}.json").read_text())
        for holder in (found, found.get("properties", {})):
            holder["links"] = [one for one in holder.get("links", ()) if one.get("rel") != "next"]
        (folder / f"{name}.json").write_text(json.dumps(found))
    for kind, paths in (
        ("iso", (REAL / "iso19139" / "owslib").glob("*.xml")),
        ("ozcar", (REAL / "theia-ozcar").glob("CRYO*")),
    ):
        (folder / kind).mkdir()
        for path in paths:
            (folder / kind / path.name).write_bytes(path.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def sources(address: str) -> dict[str, HarvestSource]:
    """The settings of the five."""

    def source(path: str, kind: str, **more: Any) -> HarvestSource:
        return HarvestSource(type=kind, url=f"{address}{path}", private=True, pause_seconds=0, **more)

    return {
        "geodes": source("geodes_search.json", "stac", items=True),
        "earth": source("earth_search_search.json", "stac", items=True, title={"en": "Earth Search", "fr": "Earth Search"}),
        "sara": source("sara_search.json", "resto"), "bretagne": source("iso/", "waf"), "closed": source("ozcar/CRYO_en_pivot.json", "pivot"),
    }  # fmt: skip


@dataclass
class Centre:
    """A server with products, stations and the records of four other centres, one more being for a group."""

    client: TestClient
    key: str
    """Of somebody of that group."""

    def get(self, path: str, **headers: str) -> Any:
        answer = self.client.get(path.removeprefix("http://maps.example"), headers=headers)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def search(self, **body: Any) -> Any:
        answer = self.client.post("/stac/search", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def walk(self, **body: Any) -> list[list[dict[str, Any]]]:
        """All pages of a search."""
        pages, after = [], {}
        while True:
            page = self.search(**body, **after)
            pages.append(page["features"])
            following = next((one for one in page["links"] if one["rel"] == "next"), None)
            if following is None:
                return pages
            after = {"token": following["body"]["token"]}


def made(settings: Settings, products: Path, folder: Path, recorded: str) -> str:
    """Fills a catalogue; the key of somebody who sees all of it."""
    catalog = wire_catalog(settings)
    demo_series(folder)
    worker = wire_ingest(settings, catalog)
    chosen = [one for one in sorted(products.iterdir()) if "SENTINEL2" in one.name or "LIS" in one.name]
    assert set(worker.run(worker.find([*chosen, folder])).counts()) == {"new"}
    for name in settings.harvest:
        run = Harvester(catalog, settings.harvest, settings.limits).run(name)
        assert run.status == "done", run
    key = catalog.keys.create(KeyRequest("ann", Role.USER, groups=frozenset({"hydro"})), OPERATOR)[1]
    catalog.close()
    return key


def settings_of(data: Path, recorded: str) -> Settings:
    return Settings(data=data, server=Server(public_url="http://maps.example"), access={"closed": ("hydro",)}, harvest=sources(recorded))  # fmt: skip
