# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every marked point of the ingest: afterwards there is no product or a whole one, and the next run finishes the work."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from catalog.generator.muscate import Tile, write_l2a
from catalog.ingest.batch import Ingest
from catalog.ingest.publish import POINTS
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.query import And
from catalog.service import open_catalog
from config.limits import Limits
from config.registry import load_registry

CHILD = """
import os, signal, sys
from pathlib import Path
from catalog.ingest.batch import Ingest
from catalog.model.principal import OPERATOR
from catalog.service import open_catalog
from config.limits import Limits
from config.registry import load_registry

root, point = Path(sys.argv[1]), sys.argv[2]

def reached(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)

catalog = open_catalog(f"sqlite:///{root / 'h.db'}", load_registry(), Limits(), root / "archive")
worker = Ingest(catalog, Limits(), OPERATOR, reached=reached)
worker.run(worker.find([root / "inbox"]), force=True)
"""


@pytest.mark.parametrize("again", [False, True], ids=["first delivery", "replacement"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_no_product_or_a_whole_one(tmp_path: Path, point: str, again: bool) -> None:
    write_l2a(tmp_path / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)
    if again:
        assert _child(tmp_path, "nowhere") == 0
    assert _child(tmp_path, point) == -9, "the child was killed where it should be"
    catalog = open_catalog(f"sqlite:///{tmp_path / 'h.db'}", load_registry(), Limits(), tmp_path / "archive")
    try:
        _whole(catalog, at_least=int(again))
        worker = Ingest(catalog, Limits(), OPERATOR)
        worker.repair()
        _whole(catalog, at_least=int(again))
        assert not list((catalog.archive / "work").iterdir())
        report = worker.run(worker.find([tmp_path / "inbox"]))
        assert report.outcomes[0].status in ("new", "skipped")
        _whole(catalog, at_least=1)
        homes = list((catalog.archive / "sentinel2-l2a").glob("*/*/*"))
        assert len(homes) == 1, "nothing is left lying about"
    finally:
        catalog.close()


def _child(root: Path, point: str) -> int:
    return subprocess.run([sys.executable, "-c", CHILD, str(root), point], check=False).returncode


def _whole(catalog, at_least: int) -> None:
    """Every visible product has all its files."""
    found = catalog.search(And(()), ANONYMOUS, Deadline.after(10), limit=10)
    assert at_least <= len(found) <= 1
    for product in found:
        assert len(product.assets) >= 16
        for asset in product.assets:
            path = catalog.archive / asset.path
            assert path.is_file()
            assert path.stat().st_size == asset.bytes
