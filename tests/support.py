# SPDX-License-Identifier: Apache-2.0
"""What tests import: the real samples, the generated tiles, a served world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from catalog.generator.muscate import Tile
from catalog.ingest.batch import Report
from config.settings import Settings
from hysope.wiring import Services

SHARED = Path(__file__).resolve().parents[2] / "shared"
TILE = Tile("T31TCJ", 32631, 300_000.0, 4_900_020.0, 200)
EAST = Tile("T31TDJ", 32631, 301_600.0, 4_900_020.0, 200, seed=7)
"""Overlaps TILE by 400 m."""
DAYS = (date(2023, 3, 5), date(2023, 3, 15), date(2023, 4, 4))


def shared(*parts: str) -> Path:
    """A path among the real samples; the test is skipped where they are absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the real sample {'/'.join(parts)} is not on this machine")
    return path


@dataclass
class World:
    """Services over an ingested archive, and a client of the application."""

    settings: Settings
    services: Services
    client: TestClient
    report: Report

    def wms(self, query: str = "", **parameters: str | int) -> Answer:
        """A GET of `/wms`."""
        found = self.client.get(
            f"/wms{'?' + query if query else ''}", params={k: str(v) for k, v in parameters.items()} or None
        )
        return Answer(found.status_code, found.content, dict(found.headers))


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def media(self) -> str:
        return self.headers["content-type"].split(";")[0]


class LocalSchemas(etree.Resolver):
    def resolve(self, url, _pid, context):
        path = SHARED / "schemas" / url.split("://", 1)[1]
        return self.resolve_string(path.read_bytes(), context, base_url=url.replace("https://", "http://"))


def schema(url: str) -> etree.XMLSchema:
    """An OGC schema from the offline mirror; the test is skipped without it."""
    path = shared("schemas", *url.split("://", 1)[1].split("/"))
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(path.read_bytes(), parser, base_url=url)))
