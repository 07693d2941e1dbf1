# SPDX-License-Identifier: Apache-2.0
"""Pictures kept by the words that asked for them: never stale, never of somebody's own, bounded."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope, Send

from ogc.http.ready import Ready

PICTURE = ((b"content-type", b"image/png"), (b"cache-control", b"public, max-age=60"), (b"etag", b'"v1"'))


class Draws:
    """Counts how often it is asked."""

    def __init__(self, headers: tuple[tuple[bytes, bytes], ...] = PICTURE, body: bytes = b"x" * 100) -> None:
        self.headers, self.body, self.asked = headers, body, 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        await send({"type": "http.response.start", "status": 200, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.body})


def ask(app: Ready, query: bytes = b"a=1", path: str = "/wms", **headers: str) -> list[Message]:
    """What a GET is answered."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": lines}
    asyncio.run(app(scope, receive, send))
    return said


def test_a_picture_is_drawn_once_in_an_edition_and_again_in_the_next() -> None:
    draws, edition = Draws(), [(1, 0)]
    app = Ready(draws, 1 << 20, lambda: edition[0])
    first, second = ask(app), ask(app)
    assert draws.asked == 1 and first == second and second[1]["body"] == draws.body
    edition[0] = (2, 0)
    ask(app)
    assert draws.asked == 2


def test_where_the_edition_is_not_known_the_door_itself_is_asked() -> None:
    draws = Draws()
    app = Ready(draws, 1 << 20, lambda: None)
    ask(app)
    ask(app)
    assert draws.asked == 2


def test_what_changed_while_it_was_drawn_is_not_kept() -> None:
    draws, told = Draws(), iter([(1, 0), (2, 0), (1, 0), (1, 0)])
    app = Ready(draws, 1 << 20, lambda: next(told))
    ask(app)
    ask(app)
    assert draws.asked == 2


def test_somebody_with_a_credential_never_meets_it() -> None:
    draws = Draws()
    app = Ready(draws, 1 << 20, lambda: (1, 0))
    ask(app)
    ask(app, x_api_key="secret")
    ask(app, authorization="Bearer x")
    assert draws.asked == 3
    ask(app)
    assert draws.asked == 3


def test_another_host_or_wish_is_another_answer_and_other_doors_are_left_alone() -> None:
    draws = Draws()
    app = Ready(draws, 1 << 20, lambda: (1, 0))
    for headers in ({"host": "a"}, {"host": "b"}, {"accept": "image/webp"}):
        ask(app, **headers)
    ask(app, path="/files/x")
    ask(app, path="/files/x")
    assert draws.asked == 5


def test_a_client_that_has_it_gets_304_without_a_body() -> None:
    draws = Draws()
    app = Ready(draws, 1 << 20, lambda: (1, 0))
    ask(app)
    start, body = ask(app, if_none_match='"v1"')
    assert draws.asked == 1 and start["status"] == 304 and body["body"] == b""
    assert dict(start["headers"]) == {b"etag": b'"v1"', b"cache-control": b"public, max-age=60"}


def test_what_is_not_for_all_or_no_picture_is_not_kept() -> None:
    for headers in (
        ((b"content-type", b"image/png"), (b"cache-control", b"no-store"), (b"etag", b'"v"')),
        ((b"content-type", b"image/png"), (b"cache-control", b"private"), (b"etag", b'"v"')),
        ((b"content-type", b"text/xml"), (b"cache-control", b"public"), (b"etag", b'"v"')),
        ((b"content-type", b"image/png"), (b"cache-control", b"public")),
    ):
        draws = Draws(headers)
        app = Ready(draws, 1 << 20, lambda: (1, 0))
        ask(app)
        ask(app)
        assert draws.asked == 2, headers


def test_its_bytes_are_bounded_and_the_least_recently_asked_go() -> None:
    draws = Draws(body=b"x" * 8_500)
    app = Ready(draws, 100_000, lambda: (1, 0))
    for number in range(12):
        ask(app, b"n=%d" % number)
        ask(app, b"n=0")
    assert draws.asked == 12
    ask(app, b"n=1")
    assert draws.asked == 13
