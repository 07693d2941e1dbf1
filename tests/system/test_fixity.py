# SPDX-License-Identifier: Apache-2.0
"""A campaign of checksums: what is wrong is seen, a second copy is kept and put back, a run that was ended goes on."""

from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest

from catalog.fixity import Fixity
from catalog.generator.muscate import Tile, write_l2a
from catalog.model.time import now
from config.settings import Archive, Settings
from hysope.commands.care import fixity
from hysope.wiring import wire_catalog, wire_ingest


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data", archive=Archive(second_copy=tmp_path / "copies"))
    write_l2a(tmp_path / "inbox", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40), date(2023, 3, 5), 0.0)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    assert worker.run(worker.find([tmp_path / "inbox"])).counts() == {"new": 1}
    catalog.close()
    return settings


def files(settings: Settings) -> list[Path]:
    catalog = wire_catalog(settings)
    found = [path for _, path, sha256 in catalog.files() if sha256]
    catalog.close()
    return found


def run(settings: Settings, *, repair: bool = False, older: float | None = None, limit: int = 1_000) -> int:
    return fixity(settings, Namespace(older_than=older, limit=limit, repair=repair))


def test_what_is_wrong_is_seen_and_repaired_from_the_second_copy(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site) == 0
    paths = files(site)
    assert f"{len(paths)} good; second copies: {len(paths)} copied" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in paths}
    paths[0].write_bytes(before[paths[0]][:-1] + b"?")
    paths[1].unlink()
    assert run(site) == 1
    told = capsys.readouterr().out
    assert "changed " in told
    assert "missing " in told
    assert run(site, older=30) == 1, "what is wrong comes again, however lately it was seen"
    assert capsys.readouterr().out.count("\n") == 3
    assert run(site, repair=True) == 0
    assert "2 repaired" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in paths} == before


def test_a_second_copy_that_is_wrong_is_made_anew(site: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(site) == 0
    path = files(site)[0]
    copy = site.archive.second_copy / path.relative_to((site.data / "archive").resolve())
    copy.write_bytes(b"rotten")
    assert run(site) == 0
    assert "1 repaired" in capsys.readouterr().out
    assert copy.read_bytes() == path.read_bytes()


def test_the_longest_unchecked_come_first_and_a_run_goes_on(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(files(site))
    assert run(site, limit=count - 3) == 0
    assert run(site, older=1) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 good")
    catalog = wire_catalog(site)
    campaign = Fixity(catalog, None)
    checked = [one.path for one in campaign.run(now(), count, repair=False)]
    catalog.close()
    assert len(checked) == len(set(checked)) == count
    assert run(site, older=1) == 0
    assert "nothing to check" in capsys.readouterr().out
