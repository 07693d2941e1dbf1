# SPDX-License-Identifier: Apache-2.0
"""Tells subscribers how their jobs go: from a queue in the database, signed, and only to addresses that the guarded client lets through."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from catalog.harvest.client import Client, Rules
from catalog.model.faults import Fault
from catalog.outbox import Outbox
from config.settings import Settings
from processes.model import Callback
from processes.queue import CALLBACK_PAUSES, Queue

_LARGEST, _SECONDS = 65_536, 10.0
"""Of an answer, which nobody reads."""


class Callbacks:
    """Sends what is due. `render` makes the document of an event: the status of the job, or its results."""

    def __init__(self, queue: Queue, render: Callable[[Callback], bytes], settings: Settings) -> None:
        self._queue, self._render = queue, render
        chosen = settings.processes
        self._secret = chosen.callback_secret.get_secret_value() if chosen.callback_secret else ""
        self._rules = Rules(
            chosen.callback_private,
            _LARGEST,
            _SECONDS,
            _SECONDS * 3,
            pause=0.0,
            allowed_by="processes.callback_private",
        )

    def outbox(self) -> Outbox[Callback]:
        """What sends them. One that dies meanwhile is sent again: subscribers hear at least once."""
        return Outbox(self._queue.callbacks, self._send)

    def _send(self, one: Callback) -> None:
        host = (urlsplit(one.url).hostname or "")[:200]
        try:
            body = self._render(one)
            status = Client(one.url, self._rules).send(one.url, body, self._headers(body))
        except Fault as fault:
            good, said = False, fault.text
        else:
            good, said = 200 <= status < 300, f"answered {status}"
        last = one.attempt > len(CALLBACK_PAUSES)
        if good:
            message = f"told {host} that it is {one.event.value}"
        else:
            message = (
                f"could not tell {host} that it is {one.event.value}: {said}{'; given up' if last else ''}"
            )
        self._queue.called(one, message, done=good or last)

    def _headers(self, body: bytes) -> dict[str, str]:
        """`Hysope-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` with the secret of the operator and the receiver."""
        headers = {"Content-Type": "application/json"}
        if self._secret:
            at = str(int(time.time()))
            made = hmac.new(self._secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            headers["Hysope-Signature"] = f"t={at},v1={made}"
        return headers
