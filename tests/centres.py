"""Other centres: their recorded answers behind an address of this machine, and the settings that harvest them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from support import SHARED

from config.settings import HarvestSource

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
