# SPDX-License-Identifier: Apache-2.0
"""The hub (WebSub) on both databases, with a real receiver: who confirms is told, signed and once; who does not, who is gone or who is private is not."""

import hmac
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from pydantic import SecretStr
from starlette.testclient import TestClient
from test_stations import deliver, delivery, station

from catalog.model.subscription import Subscription
from catalog.model.time import Micros, now
from catalog.outbox import Outbox
from catalog.service import Catalog
from config.settings import Database, Hub, Server, Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_distributor
from ogc.hub.topics import told_whole

BASE = "http://maps.example"
LOIRE = f"{BASE}/series/feed?basin=Loire"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@dataclass
class Receiver:
    """What came to a subscriber, and how it answers."""

    address: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    confirms: bool = True
    status: int = 204


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            found.asked.append(query)
            self.send_response(200 if found.confirms else 404)
            self.end_headers()
            self.wfile.write(query["hub.challenge"].encode() if found.confirms else b"who?")

        def do_POST(self) -> None:
            found.told.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        found.address = f"http://127.0.0.1:{httpd.server_port}/in?mine=1"
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield found
        httpd.shutdown()
        thread.join()


@dataclass
class Site:
    catalog: Catalog
    client: TestClient
    settings: Settings

    def outbox(self, *, private: bool = True) -> Outbox[Subscription]:
        settings = self.settings.model_copy(update={"hub": Hub(private=private)})
        return wire_distributor(settings, self.catalog).outbox()

    def ask(self, callback: str, topic: str = LOIRE, mode: str = "subscribe", **more: str) -> Any:
        form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
        return self.client.post(
            "/hub", data={**form, **{f"hub.{name}": value for name, value in more.items()}}
        )


@pytest.fixture
def site(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr("ogc.hub.distributor._PERIOD", 0)
    monkeypatch.setattr("ogc.hub.distributor._SETTLED", 0)
    monkeypatch.setattr("ogc.hub.distributor._PAUSES", (0, 0))
    settings = Settings(
        data=tmp_path,
        database=Database(url=SecretStr(database_url)),
        server=Server(public_url=BASE),
        access={"hydroweb-rivers-research": ("hydro",)},
    )
    catalog = wire_catalog(settings)
    with TestClient(build(settings), client=("127.0.0.1", 50_000)) as client:
        yield Site(catalog, client, settings)
    catalog.close()


def entries(body: bytes) -> list[str]:
    return etree.fromstring(body).xpath("a:entry/a:title/text()", namespaces=ATOM)


def test_who_confirms_is_told_of_what_comes_later_and_once(site: Site, receiver: Receiver) -> None:
    deliver(site.catalog, delivery((1, 1.0)))
    answer = site.ask(receiver.address, secret="between us", lease_seconds="7200")
    assert answer.status_code == 202
    outbox = site.outbox()
    assert outbox.step()
    (asked,) = receiver.asked
    assert asked["mine"] == "1", "the subscriber's own parameters stay"
    assert (asked["hub.mode"], asked["hub.topic"], asked["hub.lease_seconds"]) == ("subscribe", LOIRE, "7200")
    outbox.step()
    assert receiver.told == [], "what was there before is no news"
    deliver(site.catalog, delivery((2, 2.5)))
    deliver(site.catalog, delivery((2, 9.0), at=station("R_SEINE_SEINE_KM0100", "0000000000100")))
    outbox.step()
    ((headers, body),) = receiver.told
    assert len(entries(body)) == 2, "both stations are of the basin"
    assert headers["Content-Type"] == "application/atom+xml"
    assert f'<{LOIRE}>; rel="self"' in headers["Link"]
    assert f'<{BASE}/hub>; rel="hub"' in headers["Link"]
    signed = hmac.new(b"between us", body, "sha256").hexdigest()
    assert headers["X-Hub-Signature"] == f"sha256={signed}"
    for _ in range(3):
        outbox.step()
    assert len(receiver.told) == 1
    deliver(site.catalog, delivery((1, 1.0)), "hydroweb-rivers-research")
    site.outbox().step()
    assert len(receiver.told) == 1, "a subscriber hears of nothing that is not public"


def test_new_products_and_records_are_told_as_the_search_finds_them(site: Site, receiver: Receiver) -> None:
    topic = f"{BASE}/opensearch/search?bbox=1,47,3,49&q=Loire"
    assert site.ask(receiver.address, topic).status_code == 202
    outbox = site.outbox()
    outbox.step()
    deliver(site.catalog, delivery((2, 2.5)))
    deliver(site.catalog, delivery((2, 2.5), at=station("R_NIGER_NIGER_KM0100", "0000000000100", 2.0, 14.0)))
    outbox.step()
    ((_, body),) = receiver.told
    found = etree.fromstring(body)
    links = {one.get("rel"): one.get("href") for one in found.findall("a:link", ATOM)}
    assert (links["self"], links["hub"]) == (topic, f"{BASE}/hub")
    every = site.client.get("/opensearch/search", params={"bbox": "1,47,3,49", "q": "Loire"}).content
    assert sorted(entries(body)) == sorted(entries(every))
    assert entries(body)


def test_nobody_subscribes_somebody_else(site: Site, receiver: Receiver) -> None:
    receiver.confirms = False
    assert site.ask(receiver.address).status_code == 202
    outbox = site.outbox()
    assert outbox.step()
    deliver(site.catalog, delivery((2, 2.5)))
    assert not outbox.step()
    assert (len(receiver.asked), receiver.told) == (1, [])


def test_leaving_is_confirmed_too(site: Site, receiver: Receiver) -> None:
    outbox = site.outbox()
    site.ask(receiver.address)
    outbox.step()
    receiver.confirms = False
    site.ask(receiver.address, mode="unsubscribe")
    outbox.step()
    deliver(site.catalog, delivery((1, 1.0)))
    outbox.step()
    assert len(receiver.told) == 1, "who did not confirm to leave stays"
    receiver.confirms = True
    site.ask(receiver.address, mode="unsubscribe")
    outbox.step()
    assert receiver.asked[-1]["hub.mode"] == "unsubscribe"
    deliver(site.catalog, delivery((2, 1.0)))
    outbox.step()
    assert len(receiver.told) == 1
    assert site.ask(receiver.address, mode="unsubscribe").status_code == 202
    assert not outbox.step(), "there is nothing to leave"


def test_what_failed_is_told_again_and_then_no_more(site: Site, receiver: Receiver) -> None:
    outbox = site.outbox()
    site.ask(receiver.address)
    outbox.step()
    deliver(site.catalog, delivery((1, 1.0)))
    receiver.status = 500
    outbox.step()
    receiver.status = 200
    outbox.step()
    assert len(receiver.told) == 2
    assert receiver.told[0][1] == receiver.told[1][1]
    deliver(site.catalog, delivery((2, 1.0)))
    receiver.status = 500
    while outbox.step():
        pass
    assert len(receiver.told) == 5, "three times, and the subscription is over"
    site.ask(receiver.address)
    outbox.step()
    deliver(site.catalog, delivery((3, 1.0)))
    receiver.status = 410
    outbox.step()
    assert not outbox.step(), "who says that it is gone is not asked again"


def test_a_lease_ends(site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = site.outbox()
    site.ask(receiver.address, lease_seconds="60")
    outbox.step()
    deliver(site.catalog, delivery((1, 1.0)))
    late = now() + 61_000_000
    monkeypatch.setattr("ogc.hub.distributor.now", lambda: late)
    monkeypatch.setattr("catalog.store.subscriptions.now", lambda: late)
    outbox.step()
    assert receiver.told == []
    assert not outbox.step()


def test_more_news_than_one_feed_holds_come_in_order(site: Site, receiver: Receiver) -> None:
    limits = site.settings.limits.model_copy(update={"feed_entries": 2})
    settings = site.settings.model_copy(update={"limits": limits, "hub": Hub(private=True)})
    outbox = wire_distributor(settings, site.catalog).outbox()
    site.ask(receiver.address, f"{BASE}/series/feed")
    outbox.step()
    names = [f"R_LOIRE_LOIRE_KM000{number}" for number in range(5)]
    for name in names:
        deliver(site.catalog, delivery((1, 1.0), at=station(name, name[-4:])))
    for _ in range(4):
        outbox.step()
    ids = [
        one
        for _, body in receiver.told
        for one in etree.fromstring(body).xpath("a:entry/a:id/text()", namespaces=ATOM)
    ]
    assert [one.partition("/stations/")[2].partition("#")[0] for one in ids] == names


def test_what_changed_at_one_moment_is_told_together() -> None:
    def told(*times: int) -> tuple[list[int], bool]:
        found, more = told_whole([Micros(one) for one in times], 3, lambda one: one)
        return list(found), more

    assert told(1, 2, 2) == ([1, 2, 2], False)
    assert told(1, 2, 3, 4) == ([1, 2, 3], True)
    assert told(1, 2, 2, 2) == ([1], True), "the twos come together with the next page"
    assert told(2, 2, 2, 2) == ([2, 2, 2], True)


def test_a_private_address_is_not_called(site: Site, receiver: Receiver) -> None:
    assert site.ask(receiver.address).status_code == 202
    site.outbox(private=False).step()
    assert receiver.asked == []


def test_a_wrong_request_is_refused_with_its_reason(site: Site) -> None:
    good = "http://reader.example/in"
    for said, words in (
        (site.ask(good, "http://elsewhere.example/feed"), "hub.topic"),
        (site.ask(good, f"{BASE}/wms"), "hub.topic"),
        (site.ask(good, f"{BASE}.evil/series/feed"), "hub.topic"),
        (site.ask(good, f"{LOIRE}&colour=red"), "colour"),
        (site.ask(good, f"{BASE}/opensearch/search?startIndex=2"), "hub.topic"),
        (site.ask(good, f"{BASE}/opensearch/search?bbox=1,2"), "bbox"),
        (site.ask("file:///etc/passwd"), "hub.callback"),
        (site.ask("http://[/"), "hub.callback"),
        (site.ask(f"{good}#part"), "hub.callback"),
        (site.ask(good, mode="publish"), "hub.mode"),
        (site.ask(good, secret="x" * 200), "hub.secret"),
        (site.ask(good, lease_seconds="-1"), "hub.lease_seconds"),
        (site.client.post("/hub"), "hub."),
    ):
        assert said.status_code == 400, said.text
        assert words in said.text.lower()
    assert "WebSub" in site.client.get("/hub").text


def test_there_are_not_too_many(site: Site) -> None:
    most = site.settings.limits.subscriptions_of_host
    for number in range(most):
        assert site.ask(f"http://reader.example/{number}").status_code == 202
    refused = site.ask("http://reader.example/more")
    assert refused.status_code == 503
    assert "limits.subscriptions_of_host" in refused.text
    assert site.ask("http://other.example/").status_code == 202
    assert site.ask("http://reader.example/0").status_code == 202, "one that there is may ask again"


def test_the_feeds_name_their_hub(site: Site) -> None:
    deliver(site.catalog, delivery((1, 1.0)))
    for address in ("/series/feed?basin=Loire", "/opensearch/search?q=Loire"):
        answer = site.client.get(address)
        links = {
            one.get("rel"): one.get("href")
            for one in etree.fromstring(answer.content).findall("a:link", ATOM)
        }
        assert links["hub"] == f"{BASE}/hub"
        assert f'<{BASE}/hub>; rel="hub"' in answer.headers["Link"]
        assert f'<{links["self"]}>; rel="self"' in answer.headers["Link"]
        assert site.ask("http://reader.example/in", links["self"]).status_code == 202, address
