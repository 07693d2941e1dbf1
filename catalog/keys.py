# SPDX-License-Identifier: Apache-2.0
"""API keys (THREATS D7): `hyk_` and 256 random bits, shown once; the store keeps the SHA-256, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from catalog.model.faults import Fault, Kind, invalid
from catalog.model.principal import Principal, Role
from catalog.model.time import Micros, now
from catalog.store.keys import KeyRow, KeyTable

PREFIX = "hyk_"
_FORM = re.compile(r"hyk_[A-Za-z0-9_-]{43}\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z", re.ASCII)
_REMEMBERED = 4_096
_REMEMBER_SECONDS = 5.0
"""How long a worker may not know that a key was revoked."""
_USED_EVERY = Micros(60_000_000)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """Whose key, with which role and groups, for how many days (None: until revoked)."""

    owner: str
    role: Role
    groups: tuple[str, ...] = ()
    label: str = ""
    days: int | None = None


class Keys:
    """Creates, lists, revokes and verifies keys."""

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, Principal | None]] = OrderedDict()

    def create(self, request: KeyRequest, who: Principal) -> tuple[str, str]:
        """A new key: its id, and the key itself, which is nowhere kept. Raises Fault FORBIDDEN or INVALID."""
        _operators_only(who)
        for name in (request.owner, *request.groups):
            if not _NAME.match(name):
                raise invalid(f"{name[:70]!r} is not a name of letters, digits, '.', '_', '@' and '-'")
        if request.role is Role.PUBLIC:
            raise invalid("a key is for a user or an operator")
        key, at = PREFIX + secrets.token_urlsafe(32), now()
        expires = (
            None
            if request.days is None
            else Micros(at + timedelta(days=request.days) // timedelta(microseconds=1))
        )
        row = KeyRow(
            secrets.token_hex(4),
            _digest(key),
            request.owner,
            request.role.name,
            request.groups,
            request.label[:200],
            at,
            expires,
        )
        self._table.add(row, who.name)
        return row.id, key

    def list(self, who: Principal) -> Sequence[KeyRow]:
        """All keys, without the keys. Raises Fault FORBIDDEN."""
        _operators_only(who)
        return self._table.all()

    def revoke(self, key_id: str, who: Principal) -> bool:
        """Ends a key; false when there is none of this id that still works. Raises Fault FORBIDDEN."""
        _operators_only(who)
        return self._table.revoke(key_id, now(), who.name)

    def verify(self, key: str) -> Principal | None:
        """Who a key belongs to; None for a key that is unknown, expired or revoked."""
        if not _FORM.match(key):
            return None
        digest = _digest(key)
        with self._lock:
            kept = self._seen.get(digest)
        if kept and time.monotonic() - kept[0] < _REMEMBER_SECONDS:
            return kept[1]
        found = self._look_up(digest)
        with self._lock:
            self._seen[digest] = (time.monotonic(), found)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return found

    def _look_up(self, digest: str) -> Principal | None:
        row, at = self._table.of(digest), now()
        if row is None or not hmac.compare_digest(row.digest, digest):
            return None
        if row.revoked is not None or (row.expires is not None and row.expires <= at):
            return None
        if row.last_used is None or at - row.last_used > _USED_EVERY:
            self._table.touch(row.id, at)
        return Principal(row.owner, Role[row.role], frozenset(row.groups))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _operators_only(who: Principal) -> None:
    if not who.operator:
        raise Fault(Kind.FORBIDDEN, "only operators may manage keys")
