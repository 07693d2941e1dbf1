"""A file that arrives in an inbox is findable at every face within a minute, with the settings that a new operator has."""

import subprocess
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path

from running import running

from catalog.generator.muscate import Tile, write_l2a

_MINUTE = 60.0
FACES = {
    "STAC": ("/stac/search?ids={id}", '"assets"'), "Records": ("/ogcapi/collections/metadata/items/{id}", '"time"'), "Features": ("/ogcapi/collections/sentinel2-l2a/items/{id}", '"geometry"'),
    "CSW 2.0.2": ("/csw?service=CSW&version=2.0.2&request=GetRecordById&id={id}&elementSetName=brief", "dc:identifier"),
    "CSW 3.0": ("/csw?service=CSW&version=3.0.0&request=GetRecordById&id={id}", "dc:identifier"),
    "OAI-PMH": ("/oai?verb=GetRecord&metadataPrefix=iso19139&identifier=oai:hysope.local:{id}", "MD_Metadata"), "OpenSearch": ("/opensearch/search?uid={id}", "<entry"),
    "resto": ("/resto2/api/collections/SENTINEL2/search.json?identifier={id}", '"productIdentifier"'), "page": ("/products/{id}", "<h1"),
    "WMS": ("/wms?service=WMS&request=GetCapabilities", "2023-04-05"), "WMTS": ("/wmts?service=WMTS&request=GetCapabilities", "2023-04-05"),
    "WCS": ("/wcs?service=WCS&version=2.0.1&request=DescribeCoverage&coverageId=sentinel2-l2a", "2023-04-05"),
}  # fmt: skip
"""Each with what stands in its answer when the product is there, and only then."""


def asked(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        refused.close()
        return ""


def test_a_product_is_on_every_face_within_a_minute_of_its_arrival(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (made,) = [write_l2a(tmp_path / "made", Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 512), date(2023, 4, 5), 0.1)]  # fmt: skip
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "hysope", "ingest", "--watch", "inbox", "--data", "d"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        with running(["serve", "--data", str(tmp_path / "d")], tmp_path) as server:
            name = made.name.partition("_V2-2")[0]
            for face, (path, mark) in FACES.items():
                assert mark not in asked(server.address + path.format(id=name)), face
            made.rename(inbox / made.name)
            start, left = time.monotonic(), dict(FACES)
            while left and time.monotonic() - start < _MINUTE:
                for face, (path, mark) in list(left.items()):
                    if mark in asked(server.address + path.format(id=name)):
                        print(f"{face}: {time.monotonic() - start:.1f} s after the arrival")
                        del left[face]
                time.sleep(0.5)
    finally:
        watching.terminate()
        watching.wait(20)
    assert not left, f"not within a minute: {', '.join(left)}"
