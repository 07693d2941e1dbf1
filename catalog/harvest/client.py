# SPDX-License-Identifier: Apache-2.0
"""The one HTTP client that goes out (THREATS D9): only to the host of its source, at an address that was looked up and judged once, bounded in
time and size, politely.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import urllib3

from catalog.harvest.answers import address_of
from catalog.model.faults import Fault, Kind, too_large

_REDIRECTS = 3
_TRIES = 3
_LONGEST_WAIT = 60.0
_SOFT = frozenset({429, 500, 502, 503, 504})
_AGENT = "Hysope-harvester"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    url: str
    body: bytes
    media_type: str


@dataclass(frozen=True)
class Rules:
    """What a client may do."""

    private: bool = False
    """It may speak to addresses that are not public, as between servers of one house."""
    largest: int = 67_108_864
    """Bytes of an answer."""
    seconds: float = 60.0
    """For connecting, and between two pieces of an answer."""
    whole: float = 900.0
    """Seconds of one exchange from the first byte to the last, however it drips."""
    pause: float = 0.5
    """Between two requests."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """A credential, as the operator wrote it."""
    allowed_by: str = "harvest.<source>.private"
    """The setting that makes it `private`, for those who read the refusal."""
    bound_by: str = "limits.harvest_bytes"
    """The limit of `largest`."""


class Client:
    """Asks one host."""

    def __init__(self, url: str, rules: Rules, wait: Callable[[float], object] = time.sleep) -> None:
        self._home, self._rules, self._wait = _origin(url), rules, wait
        self._last = -rules.pause

    def get(self, url: str, accept: str = "*/*") -> Answer:
        """A document. Raises Fault UNAVAILABLE or TOO_LARGE."""
        return self._ask("GET", url, {"Accept": accept}, None)

    def post(self, url: str, body: bytes, media_type: str, accept: str = "*/*") -> Answer:
        """The answer to a posted document. Raises Fault UNAVAILABLE or TOO_LARGE."""
        return self._ask("POST", url, {"Accept": accept, "Content-Type": media_type}, body)

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of one POST (0: not reached); nothing is tried again, and a redirect is not followed. Raises Fault UNAVAILABLE or TOO_LARGE."""
        found = self._once("POST", url, dict(headers), body)
        return 302 if isinstance(found, str) else found[0]

    def once(self, url: str) -> tuple[int, bytes]:
        """The status of one GET (0: not reached) and what it said, as `send` does it. Raises Fault UNAVAILABLE or TOO_LARGE."""
        found = self._once("GET", url, {}, None)
        return (302, b"") if isinstance(found, str) else (found[0], found[1].body)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        for left in range(_TRIES - 1, -1, -1):
            status, answer, again = self._follow(method, url, headers, body)
            if status == 200:
                return answer
            if status not in (0, *_SOFT) or not left:
                break
            self._wait(min(again, _LONGEST_WAIT))
        raise _failed(url, f"answered {status}" if status else "cannot be reached")

    def _follow(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, Answer, float]:
        """Status (0: not reached), answer, and when to come again; redirects stay on the host."""
        for _ in range(_REDIRECTS + 1):
            found = self._once(method, url, headers, body)
            if not isinstance(found, str):
                return found
            url = address_of(url, found)
        raise _failed(url, "redirects in circles")

    def _once(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, Answer, float] | str:
        """One exchange; the address of a redirect as a text."""
        if _origin(url) != self._home:
            raise _failed(url, "is another host than the source's")
        self._wait(max(0.0, self._rules.pause - (time.monotonic() - self._last)))
        self._last = time.monotonic()
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": _AGENT,
            "Accept-Encoding": "gzip",
            **self._rules.headers,
            **headers,
        }
        with self._pool() as pool, _Bound(pool, self._rules.whole) as bound:
            try:
                answer = pool.urlopen(
                    method, target, body=body, headers=sent, redirect=False, retries=False, preload_content=False, assert_same_host=False
                )  # fmt: skip
            except (urllib3.exceptions.HTTPError, OSError):
                return 0, Answer(url, b"", ""), 2.0
            try:
                if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
                    return answer.headers["Location"]
                content = self._read(answer, url)
                if bound.over:  # an answer that ends with its connection looks whole
                    return 0, Answer(url, b"", ""), 2.0
            except (urllib3.exceptions.HTTPError, OSError):
                return 0, Answer(url, b"", ""), 2.0
            finally:
                answer.close()
        media = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
        return answer.status, Answer(url, content, media), _seconds(answer.headers.get("Retry-After"))

    def _read(self, answer: urllib3.BaseHTTPResponse, url: str) -> bytes:
        """The body, unpacked, as far as it is allowed to be long."""
        out = bytearray()
        for piece in answer.stream(
            65_536, decode_content=True
        ):  # said, as chunks are not unpacked without it
            out += piece
            if len(out) > self._rules.largest:
                raise too_large(f"the answer of {url[:200]}", self._rules.largest, self._rules.bound_by)
        return bytes(out)

    def _pool(self) -> urllib3.HTTPConnectionPool:
        """A connection to the address that was judged, not to whatever the name means a moment later."""
        scheme, host, port = self._home
        address = self._address(host, port)
        timeout = urllib3.Timeout(connect=self._rules.seconds, read=self._rules.seconds)
        if scheme == "https":
            return urllib3.HTTPSConnectionPool(
                address,
                port,
                timeout=timeout,
                server_hostname=host,
                assert_hostname=host,
                cert_reqs="CERT_REQUIRED",
            )
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)

    def _address(self, host: str, port: int) -> str:
        try:
            found = [one[4][0] for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:  # a label of more than 63 letters is no text to the resolver
            raise _failed(host, "has no address") from error
        for address in found:
            if not self._rules.private and not ipaddress.ip_address(address).is_global:
                raise _failed(host, f"is no public address ({self._rules.allowed_by} allows it)")
        return str(found[0])


class _Bound:
    """Ends an exchange after a time: a timeout of the socket counts between two pieces, and a server that drips never meets it.

    It holds a second handle of the socket, because TLS takes the first one over; shutting either ends the connection.
    """

    def __init__(self, pool: urllib3.HTTPConnectionPool, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self.over = False
        self._timer = threading.Timer(seconds, self._end)
        held, plain = self._sockets, pool.ConnectionCls

        class Bounded(plain):  # type: ignore[misc, valid-type]
            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                held.append(made.dup())
                return made

        pool.ConnectionCls = Bounded

    def __enter__(self) -> _Bound:
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for one in self._sockets:
            one.close()

    def _end(self) -> None:
        self.over = True
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises Fault UNAVAILABLE for anything but http and https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _failed(url, "is no address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _failed(url, "is no address of http or https")
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() else 2.0


def _failed(url: str, why: str) -> Fault:
    return Fault(Kind.UNAVAILABLE, f"{url[:200]} {why}")
