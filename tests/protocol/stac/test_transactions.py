"""Items that operators write: into sources of the type `push`, found at every door at once; of products only a withdrawal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pydantic import ValidationError
from stac_schemas import Schemas
from starlette.testclient import TestClient

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role
from config.settings import HarvestSource, Server, Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_harvester, wire_ingest

ITEM: dict[str, Any] = {
    "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [], "id": "flight-7", "bbox": [1.2, 43.4, 1.6, 43.7],
    "geometry": {"type": "Polygon", "coordinates": [[[1.2, 43.4], [1.6, 43.4], [1.6, 43.7], [1.2, 43.4]]]},
    "properties": {"datetime": "2024-05-06T10:00:00Z", "title": "Drone over the Garonne", "platform": "mavic"},
    "links": [{"rel": "license", "href": "https://partner.example/licence"}],
    "assets": {"image": {"href": "https://partner.example/flight-7.tif", "type": "image/tiff", "roles": ["data"]}},
}  # fmt: skip
HOME = "/stac/collections/drones/items"


@dataclass
class Door:
    """A server with products and a source that takes items, and keys of an operator and of somebody."""

    client: TestClient
    operator: dict[str, str]
    somebody: dict[str, str]
    settings: Settings
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, document: Any = None, who: dict[str, str] | None = None) -> Any:
        return self.client.request(method, path, json=document, headers=self.operator if who is None else who)

    def on_each_door(self) -> list[bool]:
        """Whether STAC, Records, CSW and the living of OAI-PMH have the item."""
        found = self.client.post("/stac/search", json={"ids": ["flight-7"]}).json()["features"]
        records = self.client.get("/ogcapi/collections/metadata/items?limit=1000").json()["features"]
        csw = self.client.get(
            "/csw?service=CSW&version=2.0.2&request=GetRecordById&id=flight-7&elementSetName=brief"
        ).text
        oai = etree.fromstring(self.client.get("/oai?verb=ListIdentifiers&metadataPrefix=oai_dc").content)
        living = [
            one.findtext("{*}identifier") for one in oai.iter("{*}header") if one.get("status") != "deleted"
        ]
        return [
            [one["id"] for one in found] == ["flight-7"], "flight-7" in [one["id"] for one in records],
            "flight-7" in csw, any(name.endswith(":flight-7") for name in living),
        ]  # fmt: skip


@pytest.fixture
def door(products: Path, tmp_path: Path) -> Iterator[Door]:
    with opened(products, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def lasting(products: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for all requests that change nothing."""
    with opened(products, tmp_path_factory.mktemp("door")) as found:
        yield found


@contextmanager
def opened(products: Path, folder: Path) -> Iterator[Door]:
    settings = Settings(
        data=folder / "data", server=Server(public_url="http://maps.example"),
        harvest={"drones": HarvestSource(type="push", title={"en": "Drones", "fr": "Drones"})},
    )  # fmt: skip
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    chosen = [one for one in sorted(products.iterdir()) if "LIS" in one.name]
    assert worker.run(worker.find(chosen[:1])).counts() == {"new": 1}
    keys = [{"X-API-Key": catalog.keys.create(KeyRequest(name, role), OPERATOR)[1]} for name, role in (("op", Role.OPERATOR), ("bob", Role.USER))]  # fmt: skip
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield Door(client, *keys, settings)
    catalog.close()


def changed(**members: Any) -> dict[str, Any]:
    out = deepcopy(ITEM)
    for name, value in members.items():
        if value is None:
            del out[name]
        else:
            out[name] = value
    return out


def test_an_item_lives_at_every_door_from_its_post_to_its_delete(door: Door, schemas: Schemas) -> None:
    empty = door.client.get("/stac/collections/drones").json()
    schemas.core(empty)
    assert empty["extent"]["temporal"]["interval"] == [[None, None]]
    assert door.client.get(HOME).json()["numberMatched"] == 0
    made = door.send("POST", HOME, ITEM)
    assert (made.status_code, made.headers["location"]) == (201, f"http://maps.example{HOME}/flight-7")
    item = door.client.get(f"{HOME}/flight-7").json()
    assert item == made.json()
    schemas.core(item)
    for name, value in ITEM.items():
        assert item["links"][-1] == value[0] if name == "links" else item[name] == value
    assert all(door.on_each_door())
    page = door.client.get("/ogcapi/collections/metadata/items/flight-7").json()
    assert page["properties"]["title"] == "Drone over the Garonne"
    assert not [one for one in (*item["links"], *page["links"]) if not one["href"] or one["rel"] == "via"]
    other = changed(properties={**ITEM["properties"], "title": "Another title"})
    assert door.send("PUT", f"{HOME}/flight-7", other).json()["properties"]["title"] == "Another title"
    patch = {"properties": {"eo:cloud_cover": 3, "platform": None}}
    patched = door.send("PATCH", f"{HOME}/flight-7", patch)
    assert patched.json()["properties"] == {"datetime": "2024-05-06T10:00:00Z", "title": "Another title", "eo:cloud_cover": 3}  # fmt: skip
    assert door.client.get("/stac/search?q=another").json()["numberMatched"] == 1
    gone = door.send("DELETE", f"{HOME}/flight-7")
    assert (gone.status_code, gone.content) == (204, b"")
    assert not any(door.on_each_door())
    deleted = door.client.get(
        "/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:hysope.local:flight-7"
    )
    assert 'status="deleted"' in deleted.text
    assert door.client.get(f"{HOME}/flight-7").status_code == 404


def test_several_come_together_or_none(door: Door) -> None:
    several = [changed(id=f"flight-{number}") for number in range(3)]
    both = {"type": "FeatureCollection", "features": several}
    found = door.send("POST", HOME, both)
    assert found.status_code == 201 and [one["id"] for one in found.json()["features"]] == ["flight-0", "flight-1", "flight-2"]  # fmt: skip
    again = {"type": "FeatureCollection", "features": [changed(id="flight-9"), changed(id="flight-2")]}
    refused = door.send("POST", HOME, again)
    assert (refused.status_code, refused.json()["code"]) == (409, "Conflict")
    assert door.client.get(HOME).json()["numberMatched"] == 3
    twice = {"type": "FeatureCollection", "features": [changed(id="flight-9"), changed(id="flight-9")]}
    assert door.send("POST", HOME, twice).status_code == 409
    assert door.client.get(HOME).json()["numberMatched"] == 3


def test_it_is_for_operators_and_for_what_takes_items(door: Door) -> None:
    (product,) = door.client.get("/stac/search").json()["features"]
    ours = f"/stac/collections/{product['collection']}/items"
    for method, path in (("POST", HOME), ("PUT", f"{HOME}/flight-7"), ("PATCH", f"{HOME}/flight-7"), ("DELETE", f"{ours}/{product['id']}")):  # fmt: skip
        answer = door.send(method, path, ITEM, {})
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers
        assert door.send(method, path, ITEM, door.somebody).status_code == 403
    assert door.send("POST", ours, ITEM).status_code == 403
    assert door.send("PUT", f"{ours}/{product['id']}", ITEM).status_code == 403
    assert door.send("POST", "/stac/collections/nothing/items", ITEM).status_code == 404
    for method in ("PUT", "PATCH", "DELETE"):
        assert door.send(method, f"{HOME}/flight-7", ITEM).status_code == 404
        assert door.send(method, f"{HOME}/{product['id']}", changed(id=product["id"])).status_code == 404
    assert door.send("POST", HOME, changed(id=product["id"])).status_code == 409
    assert door.send("POST", HOME, changed(id=product["collection"])).status_code == 409
    assert door.client.get("/stac/search").json()["numberMatched"] == 1


def test_a_product_is_withdrawn(door: Door) -> None:
    (product,) = door.client.get("/stac/search").json()["features"]
    here = f"/stac/collections/{product['collection']}/items/{product['id']}"
    assert door.send("DELETE", f"/stac/collections/drones/items/{product['id']}").status_code == 404
    assert door.send("DELETE", here).status_code == 204
    assert door.client.get(here).status_code == 404
    assert door.client.get(f"/files/{product['id']}/SNOW").status_code == 404
    assert door.send("DELETE", here).status_code == 404


@pytest.mark.parametrize(
    ("document", "says"),
    [([], "object"), ({}, "required"), (changed(type="Thing"), "Thing"), (changed(stac_version="0.9.0"), "stac_version"), (changed(id=""), "id"), (changed(id="x" * 201), "id"),
     (changed(id="line\nbreak"), "identifier"), (changed(collection="others"), "collection"), (changed(geometry={"type": "Polygon", "coordinates": "x"}), "geometry"),
     (changed(geometry={"type": "Point", "coordinates": [200, 0]}), "geometry"), (changed(bbox=None), "bbox"), (changed(bbox=[1, 2]), "bbox"),
     (changed(properties={}), "datetime"), (changed(properties={"datetime": "yesterday"}), "datetime"), (changed(properties={"datetime": "2024-05-06T10:00:00"}), "datetime"),
     (changed(properties={"datetime": None, "start_datetime": "2024-05-06T10:00:00Z"}), "end_datetime"), (changed(assets={"image": {"href": "../../etc/passwd"}}), "image.href"),
     (changed(assets={"image": {"href": "file:///etc/passwd"}}), "image.href"), (changed(links=[{"rel": "x"}]), "href"), (changed(assets=None), "assets"),
     ({"type": "FeatureCollection", "features": []}, "features"), ({"type": "FeatureCollection", "features": [changed(), {"type": "Feature"}]}, "required"),
     ({"type": "FeatureCollection", "features": [{}] * 1_001}, "1000")],
)  # fmt: skip
def test_what_is_no_item_is_refused_with_its_reason(lasting: Door, document: Any, says: str) -> None:
    answer = lasting.send("POST", HOME, document)
    assert answer.status_code == 400 and says in answer.json()["description"], answer.text
    assert lasting.client.get(HOME).json()["numberMatched"] == 0


def test_a_change_keeps_an_item_an_item(door: Door) -> None:
    door.send("POST", HOME, ITEM)
    for method, document in (
        ("PUT", changed(id="flight-8")), ("PUT", {}), ("PATCH", {"id": "flight-8"}), ("PATCH", {"assets": None}), ("PATCH", []),
        ("PATCH", {"properties": {"datetime": None}}), ("PATCH", {"collection": "others"}),
    ):  # fmt: skip
        answer = door.send(method, f"{HOME}/flight-7", document)
        assert answer.status_code == 400, (method, document, answer.text)
    assert door.client.get(f"{HOME}/flight-7").json()["properties"] == ITEM["properties"]
    broken = door.client.request("PATCH", f"{HOME}/flight-7", content=b"{", headers=door.operator)
    assert broken.status_code == 400


def test_what_is_sent_is_not_fetched(door: Door) -> None:
    door.send("POST", HOME, ITEM)
    catalog = wire_catalog(door.settings)
    assert wire_harvester(door.settings, catalog).due() == []
    assert catalog.reindex(OPERATOR) == 1
    catalog.close()
    assert all(door.on_each_door())


@pytest.mark.parametrize(
    "source", [{"type": "push", "url": "http://x"}, {"type": "push", "prefix": "x:"}, {"type": "csw"}, {"type": "csw", "url": "ftp://x"}]
)  # fmt: skip
def test_a_source_is_fetched_or_sent(source: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        HarvestSource.model_validate(source)


def test_ids_with_slashes_and_spaces(door: Door) -> None:
    name = "urn:x/a b?c#d%é"
    made = door.send("POST", HOME, changed(id=name))
    assert made.status_code == 201
    path = made.headers["location"].removeprefix("http://maps.example")
    assert door.client.get(path).json()["id"] == name
    assert json.loads(door.send("PATCH", path, {"properties": {"title": "T"}}).content)["id"] == name
    assert door.send("DELETE", path).status_code == 204


def test_a_source_that_the_settings_no_longer_have_is_still_found(door: Door) -> None:
    """Its records are at the other doors, so they are at this one."""
    door.send("POST", HOME, ITEM)
    with TestClient(build(door.settings.model_copy(update={"harvest": {}}))) as client:
        assert client.get("/stac/collections/drones").json()["title"] == "drones"
        assert client.get(f"{HOME}/flight-7").status_code == 200
        assert client.post("/stac/search", json={"ids": ["flight-7"]}).json()["numberMatched"] == 1
