# SPDX-License-Identifier: Apache-2.0
"""The command line as an operator uses it."""

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from catalog.generator.muscate import Tile, write_l2a
from catalog.generator.rasters import write_oso

SMALL = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 40)
NAME = "SENTINEL2A_20230305-105031-461_L2A_T31TCJ_D"


def hysope(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hysope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def test_ingest_withdraw_verify(tmp_path: Path) -> None:
    write_l2a(tmp_path / "in", SMALL, date(2023, 3, 5), 0.0)
    (tmp_path / "in" / "broken.zip").write_bytes(b"no zip")
    dry = hysope("ingest", "in", "--dry-run", "--data", "d", folder=tmp_path)
    assert "1 would ingest" in dry.stdout
    first = hysope("ingest", "in", "--data", "d", folder=tmp_path)
    assert (first.returncode, "1 new" in first.stdout) == (1, True)
    assert "broken.zip: broken.zip: is not a readable zip file" in first.stdout
    again = hysope("ingest", "in", "--data", "d", folder=tmp_path)
    assert "skipped 1 (this version is here already)" in again.stdout
    good = hysope("verify", "--data", "d", folder=tmp_path)
    assert (good.returncode, ", 0 are not" in good.stdout) == (0, True)
    victim = next((tmp_path / "d" / "archive").rglob("B4.tif"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"\x7f")
    bad = hysope("verify", "--data", "d", folder=tmp_path)
    assert (bad.returncode, "B4.tif has changed" in bad.stdout) == (1, True)
    assert hysope("withdraw", NAME, "--reason", "test", "--data", "d", folder=tmp_path).returncode == 0
    gone = hysope("withdraw", NAME, "--reason", "test", "--data", "d", folder=tmp_path)
    assert (gone.returncode, gone.stderr.strip()) == (1, f"there is no product {NAME}")


def test_a_bad_configuration_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / "hysope.yaml").write_text("servre: {}\nserver: {port: x}\n")
    told = hysope("check", folder=tmp_path)
    assert told.returncode == 2
    assert 'hysope.yaml:1:1: servre: is not a known key (did you mean "server"?)' in told.stderr
    assert "2 problems" in told.stderr
    (tmp_path / "hysope.yaml").write_text("server: {port: 99}\n")
    shown = hysope("config", "show", "--origin", folder=tmp_path)
    assert "server.port: 99  # hysope.yaml:1" in shown.stdout
    assert "wms.strict_time: False  # default" in shown.stdout
    assert "the configuration is good" in hysope("check", folder=tmp_path).stdout


def test_doctor_names_the_cure(tmp_path: Path) -> None:
    well = hysope("doctor", "--data", "d", folder=tmp_path)
    assert well.returncode == 0, well.stdout
    assert "the store answers" in well.stdout
    assert "no record in the catalogue" not in well.stdout
    (tmp_path / "file").write_text("x")
    ill = hysope("doctor", "--data", "file/d", folder=tmp_path)
    assert ill.returncode == 1
    assert "fail" in ill.stdout
    assert "-> chown or chmod" in ill.stdout


def test_doctor_tells_of_harvests(tmp_path: Path) -> None:
    source = "{type: waf, url: 'http://127.0.0.1:1/', private: true}"
    (tmp_path / "hysope.yaml").write_text(f"harvest:\n  centre: {source}\n")
    never = hysope("doctor", "--data", "d", folder=tmp_path)
    assert "centre was never harvested\n     -> hysope harvest centre" in never.stdout
    assert hysope("harvest", "--data", "d", folder=tmp_path).returncode == 1
    failed = hysope("doctor", "--data", "d", folder=tmp_path)
    assert (failed.returncode, "the harvest of centre is failed: " in failed.stdout) == (0, True)


def test_keys_and_reindex(tmp_path: Path) -> None:
    write_oso(tmp_path, SMALL, 2022)
    hysope("ingest", "OSO_20220101_RASTER_V1-0.zip", "--data", "d", folder=tmp_path)
    made = hysope(
        "key",
        "create",
        "ada",
        "--group",
        "land",
        "--days",
        "30",
        "--label",
        "laptop",
        "--data",
        "d",
        folder=tmp_path,
    )
    key_id = made.stdout.split()[1]
    assert "key  hyk_" in made.stdout
    listed = hysope("key", "list", "--data", "d", folder=tmp_path).stdout
    assert key_id in listed
    assert "hyk_" not in listed
    assert hysope("key", "revoke", key_id, "--data", "d", folder=tmp_path).returncode == 0
    assert hysope("key", "revoke", key_id, "--data", "d", folder=tmp_path).returncode == 1
    assert "records of 1 products" in hysope("reindex", "--data", "d", folder=tmp_path).stdout
    assert hysope("key", "create", "a b", "--data", "d", folder=tmp_path).returncode == 1


def test_version(tmp_path: Path) -> None:
    assert hysope("version", folder=tmp_path).stdout.startswith("hysope 0.")


def test_an_inbox_is_watched_and_what_fails_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "hysope.yaml").write_text("ingest: {watch_seconds: 0.3, settle_seconds: 0.3}\n")
    command = [sys.executable, "-u", "-m", "hysope", "ingest", "--watch", "inbox", "--data", "d"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout and "watching" in process.stdout.readline()
        write_oso(tmp_path, SMALL, 2022).rename(inbox / "OSO_20220101_RASTER_V1-0.zip")
        (inbox / "bad.zip").write_bytes(b"no zip")
        start, said = time.monotonic(), ""
        while time.monotonic() - start < 60 and not ("new: OSO" in said and "failed: bad.zip" in said):
            said += process.stdout.readline()
        for _ in range(50):
            if list((tmp_path / "quarantine").glob("*bad.zip.reason.txt")):
                break
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert "new: OSO_20220101_RASTER_V1-0.zip" in said
    (reason,) = (tmp_path / "quarantine").glob("*bad.zip.reason.txt")
    assert "is not a readable zip file" in reason.read_text()
    assert not (inbox / "bad.zip").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_serve_a_folder_without_configuration(tmp_path: Path, workers: int) -> None:
    import json
    import re
    import urllib.error
    import urllib.request

    write_l2a(tmp_path / "products", SMALL, date(2023, 3, 5), 0.0)
    (tmp_path / "products" / "holiday.tif").write_bytes(b"")
    command = [
        sys.executable,
        "-u",
        "-m",
        "hysope",
        "serve",
        "products",
        "--data",
        "d",
        "--port",
        "0",
        "--workers",
        str(workers),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    said = ""
    try:
        assert process.stdout
        while ".qlr file" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "1 new" in said
        assert "no product type knows this name): holiday.tif" in said
        found = re.search(r"WMS\s+(\S+)/wms", said)
        assert found
        address = found[1]
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as answer:
                    assert json.load(answer)["ready"] is True
                    break
            except urllib.error.HTTPError as early:
                early.close()
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
        with urllib.request.urlopen(f"{address}/wms?SERVICE=WMS&REQUEST=GetCapabilities") as answer:
            assert b"sentinel2-l2a" in answer.read()
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            assert b'hysope_requests_total{door="wms",status="200"}' in answer.read()
        assert not list((tmp_path / "products").rglob("*.ovr")), (
            "nothing is written beside the operator's files"
        )
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
