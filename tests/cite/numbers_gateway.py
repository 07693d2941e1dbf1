# SPDX-License-Identifier: Apache-2.0
"""A loopback gateway before SensorThings that gives every id a number, both ways.

ets-sta10 1.5 reads each `@iot.id` by `JSONObject.getLong`, though the standard leaves the type of an id open (15-078r6, 8.1: "Any"); ours are
texts that stay the same for ever. What else the suite asks is asked of the server itself.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

_NAMED = re.compile(r"\('((?:[^']|'')+)'\)")
_NUMBERED = re.compile(r"\(([0-9]+)\)")


class _Ids:
    """The numbers that were given so far."""

    def __init__(self) -> None:
        self._lock, self._texts = threading.Lock(), list[str]()
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        with self._lock:
            if text not in self._numbers:
                self._texts.append(text)
                self._numbers[text] = len(self._texts)
            return self._numbers[text]

    def text(self, number: int) -> str:
        with self._lock:
            return self._texts[number - 1] if 0 < number <= len(self._texts) else f"no-{number}"


def _unquoted(text: str) -> str:
    return text.replace("''", "'")


def _outwards(value: Any, ids: _Ids, server: str, here: str) -> Any:
    """A document with numbers for ids, and addresses of the gateway."""
    if isinstance(value, dict):
        return {
            name: ids.number(one)
            if name == "@iot.id" and isinstance(one, str)
            else _outwards(one, ids, server, here)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_outwards(one, ids, server, here) for one in value]
    if isinstance(value, str) and value.startswith(f"{server}/sta/"):
        plain = _NAMED.sub(lambda found: f"({ids.number(_unquoted(found[1]))})", unquote(value))
        return here + plain.removeprefix(server)
    return value


@contextmanager
def numbered(server: str) -> Iterator[str]:
    """The address of a gateway before a server."""
    ids = _Ids()

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, mark, query = self.path.partition("?")
            named = _NUMBERED.sub(lambda found: f"('{ids.text(int(found[1]))}')", unquote(path))
            try:
                with urllib.request.urlopen(server + quote(named, safe="/$()'") + mark + query) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
            here = f"http://{self.headers['Host']}"
            if body[:1] in (b"{", b"["):
                body = json.dumps(_outwards(json.loads(body), ids, server, here)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    gateway = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{gateway.server_address[1]}"
    finally:
        gateway.shutdown()
