# SPDX-License-Identifier: Apache-2.0
"""Asks subscribers back and sends them what is new (WebSub, 5.3, 7 and 8), by the guarded client only."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from urllib.parse import urlencode, urlsplit

from catalog.harvest.client import Client, Rules
from catalog.model.faults import Fault
from catalog.model.subscription import Subscription, Wish
from catalog.model.time import Micros, now
from catalog.outbox import Outbox
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.links import hub_links
from ogc.hub.topics import News, Topics
from ogc.metadata import atom

log = logging.getLogger("hysope.hub")
_SECOND = 1_000_000
_PERIOD = 30 * _SECOND
"""Between two looks at a topic."""
_SETTLED = 2 * _SECOND
"""A change is told when it is this old: what is committed later than its time says is not passed over."""
_PAUSES = tuple(60 * _SECOND * minutes for minutes in (1, 5, 30, 120, 360, 720, 1_440))
"""Between two tries; after the last one a subscription ends."""
_LARGEST, _SECONDS, _GONE = 65_536, 10.0, 410


class Distributor:
    """Works off the subscriptions that are due. `base` is the public address of the server."""

    def __init__(self, catalog: Catalog, settings: Settings, base: str) -> None:
        self._catalog, self._table, self._base = catalog, catalog.subscriptions, base
        self._topics = Topics(catalog, settings)
        self._rules = Rules(
            settings.hub.private, _LARGEST, _SECONDS, _SECONDS * 3, pause=0.0, allowed_by="hub.private"
        )
        self._lock = threading.Lock()
        self._revision, self._changed = -1, now()
        self._quiet: dict[int, int] = {}
        """By subscription, the revision up to which there was nothing new."""

    def outbox(self) -> Outbox[Subscription]:
        """What runs it."""
        return Outbox(self._table.due, self._work)

    def _work(self, one: Subscription) -> None:
        if one.wish is not Wish.NOTHING:
            self._confirm(one)
        elif one.until is None or one.until < now():
            self._table.end(one)
        else:
            self._tell(one)

    def _confirm(self, one: Subscription) -> None:
        """The subscriber must say the challenge, so that nobody subscribes somebody else (5.3)."""
        challenge = secrets.token_urlsafe(24)
        asked = {"hub.mode": one.wish.value, "hub.topic": self._base + one.topic, "hub.challenge": challenge}
        if one.wish is Wish.SUBSCRIBE:
            asked["hub.lease_seconds"] = str(one.wished_seconds)
        glue = "&" if urlsplit(one.callback).query else "?"
        try:
            status, body = Client(one.callback, self._rules).once(f"{one.callback}{glue}{urlencode(asked)}")
        except Fault as fault:
            status, body = 0, fault.text.encode()
        due = Micros(now() + _PERIOD)
        if 200 <= status < 300 and hmac.compare_digest(body.strip(), challenge.encode()):
            self._table.confirmed(one, due)
            log.info("%s: %s to %s", _host(one), one.wish.value, one.topic[:200])
        else:
            self._table.refused(one, due)
            log.info("%s did not confirm to %s (%s)", _host(one), one.wish.value, status)

    def _tell(self, one: Subscription) -> None:
        until = Micros(now() - _SETTLED)
        revision, settled = self._current(until)
        if self._quiet.get(one.key) == revision:
            self._table.told(one, one.seen, Micros(now() + _PERIOD), one.attempts)
            return
        news = self._topics.news(one.topic, one.seen, until, self._base)
        if news is None:
            if settled:
                self._quiet[one.key] = revision
            self._table.told(one, one.seen, Micros(now() + _PERIOD))
            return
        status = self._sent(one, news)
        if 200 <= status < 300:
            self._table.told(one, news.seen, Micros(now() + (0 if news.full else _PERIOD)))
        elif status == _GONE or one.attempts >= len(_PAUSES):
            log.info("%s is not told of %s any more (%s)", _host(one), one.topic[:200], status)
            self._table.end(one)
        else:
            self._table.told(one, one.seen, Micros(now() + _PAUSES[one.attempts]), one.attempts + 1)

    def _current(self, until: Micros) -> tuple[int, bool]:
        """The revision of the catalogue, and whether all its changes are older than a time."""
        with self._lock:
            found = self._catalog.revision()
            if found != self._revision:
                self._revision, self._changed = found, now()
                self._quiet.clear()
            return found, self._changed < until

    def _sent(self, one: Subscription, news: News) -> int:
        """The status of the answer; 0 where there was none."""
        headers = {"Content-Type": atom.MEDIA_TYPE, **hub_links(self._base, self._base + one.topic)}
        if one.secret:
            signed = hmac.new(one.secret.encode(), news.body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={signed}"
        try:
            return Client(one.callback, self._rules).send(one.callback, news.body, headers)
        except Fault as fault:
            log.info("%s: %s", _host(one), fault.text[:300])
            return 0


def _host(one: Subscription) -> str:
    return (urlsplit(one.callback).hostname or "")[:200]
