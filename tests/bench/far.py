# SPDX-License-Identifier: Apache-2.0
"""Maps over COGs in object storage that is 20 ms away, beside the same files on this disk; nothing that was drawn is kept."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from archive import PART, ROOT
from load import once
from peers import Server, hysope
from pictures import maps_of, windows
from s3_server import BUCKET, MOTO, credentials, s3_server, slow_way

from catalog.generator.muscate import write_l2a
from catalog.model.principal import OPERATOR, Deadline
from catalog.mover import Mover
from catalog.query import Property, equal
from config.settings import Archive, Objects, Settings
from hysope.wiring import wire_catalog, wire_ingest

_AWAY_S = 0.02


def far() -> None:
    """First and second time of 24 maps of 1024 x 768, of bytes and of three bands of 16 bits; how many requests a map needs."""
    if not MOTO.is_file():
        print("skipped: moto is not installed (make clients)")
        return
    folder = ROOT / "far"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with s3_server(folder / "moto.log") as address:
        _filled(folder, address)
        boxes = windows((1.80, 43.18, 1.95, 43.32), (10, 15), 12)[:24]
        for style in ("true-colour", "infrared"):
            queries = maps_of(("sentinel2-l2a", style), "2022-06-01", boxes)
            with hysope(folder / "near", workers=1) as server:
                near = _times(server, queries), _times(server, queries)
            with slow_way(address, _AWAY_S) as way:
                environment = {
                    "HYSOPE_ARCHIVE__OBJECTS__ENDPOINT": way.address, "HYSOPE_ARCHIVE__OBJECTS__BUCKET": BUCKET,
                    "HYSOPE_ARCHIVE__OBJECTS__CREDENTIALS": str(folder / "key"),
                }  # fmt: skip
                with hysope(folder / "away", workers=1, environment=environment) as server:
                    first = _times(server, queries)
                    asked = len(way.requests) / len(queries)
                    second = _times(server, queries)
            print(
                f"map 1024 x 768, {style}: from disk {near[0]:.0f} ms, again {near[1]:.0f} ms; {1000 * _AWAY_S:.0f} ms away {first:.0f} ms ({asked:.1f} requests a map), "
                f"again {second:.0f} ms",
                flush=True,
            )


def _filled(folder: Path, address: str) -> None:
    """The same product in two archives, the rasters of one of them in the bucket."""
    write_l2a(folder / "inbox", PART, date(2022, 6, 1), 0.05)
    where = Objects(endpoint=address, bucket=BUCKET, credentials=credentials(folder / "key"))
    for name, chosen in (("near", None), ("away", where)):
        settings = Settings(data=folder / name, archive=Archive(objects=chosen))
        catalog = wire_catalog(settings)
        worker = wire_ingest(settings, catalog)
        worker.run(worker.find([folder / "inbox"]))
        if chosen:
            mover = Mover(catalog, OPERATOR)
            for product in catalog.search(
                equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(60)
            ):
                mover.away(product)
            mover.release()
        catalog.close()


def _times(server: Server, queries: list[str]) -> float:
    """Milliseconds of a request, the mean."""
    return 1_000 * sum(once(server, query)[0] for query in queries) / len(queries)
