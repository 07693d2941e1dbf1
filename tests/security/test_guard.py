# SPDX-License-Identifier: Apache-2.0
"""Limits at the door: headers, and how often one address may ask."""

from starlette.testclient import TestClient

from config.limits import Limits
from config.settings import Server, Settings
from hysope.app import build
from ogc.http.guard import client_address


def test_an_address_that_asks_too_often_is_told_to_wait(tmp_path) -> None:
    settings = Settings(data=tmp_path, limits=Limits(requests_per_second=0.1, request_burst=5))
    with TestClient(build(settings), client=("192.0.2.7", 1)) as client:
        statuses = [client.get("/health/live").status_code for _ in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        assert client.get("/health/live").headers["retry-after"] == "1"


def test_loopback_is_not_counted(tmp_path) -> None:
    settings = Settings(data=tmp_path, limits=Limits(requests_per_second=0.1, request_burst=2))
    with TestClient(build(settings), client=("127.0.0.1", 1)) as client:
        assert {client.get("/health/live").status_code for _ in range(8)} == {200}


def test_large_headers_are_refused(tmp_path) -> None:
    with TestClient(build(Settings(data=tmp_path))) as client:
        assert client.get("/health/live", headers={"x-big": "a" * 20_000}).status_code == 431


def test_a_forwarded_address_is_believed_of_configured_proxies_only() -> None:
    def scope(peer: str, forwarded: str) -> dict[str, object]:
        return {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}

    assert client_address(scope("203.0.113.9", "10.0.0.1"), ()) == "203.0.113.9"
    assert client_address(scope("10.0.0.2", "1.1.1.1, 198.51.100.4"), ("10.0.0.2",)) == "198.51.100.4"
    assert (
        client_address(scope("10.0.0.2", "1.1.1.1, 198.51.100.4, 10.0.0.3"), ("10.0.0.2", "10.0.0.3"))
        == "198.51.100.4"
    )
    assert client_address(scope("10.0.0.2", ""), ("10.0.0.2",)) == "10.0.0.2"


def test_links_never_come_from_the_host_header(tmp_path) -> None:
    for settings, expected in (
        (
            Settings(data=tmp_path, server=Server(public_url="https://maps.example/")),
            b"https://maps.example/wms?",
        ),
        (Settings(data=tmp_path), b"http://"),
    ):
        with TestClient(build(settings)) as client:
            body = client.get(
                "/wms?SERVICE=WMS&REQUEST=GetCapabilities", headers={"host": "evil.example"}
            ).content
        assert b"evil.example" not in body
        assert expected in body
