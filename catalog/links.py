# SPDX-License-Identifier: Apache-2.0
"""Links that expire: whoever has one may fetch one file as the one who made it, until then (HMAC-SHA256 with a secret of this store)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from functools import cached_property

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal, Role
from catalog.model.time import Micros, now
from catalog.store.keys import KeyTable

_LONGEST = 4_096


class Links:
    """Signs and reads the tokens of links."""

    def __init__(self, table: KeyTable) -> None:
        self._table = table

    @cached_property
    def _secret(self) -> bytes:
        return bytes.fromhex(self._table.secret("links", secrets.token_hex(32)))

    def token(self, who: Principal, product: str, asset: str, until: Micros) -> str:
        """A token for one file, until a moment, with the rights of somebody."""
        told = json.dumps([who.name, who.role.value, sorted(who.groups), until], separators=(",", ":"))
        return f"{base64.urlsafe_b64encode(told.encode()).decode().rstrip('=')}.{self._signature(told, product, asset)}"

    def reader(self, token: str, product: str, asset: str) -> Principal:
        """Whose rights a token gives. Raises Fault BAD_CREDENTIAL for one that is wrong, of another file, or too old."""
        head, _, signature = token.partition(".")
        try:
            told = base64.urlsafe_b64decode(f"{head[:_LONGEST]}{'=' * (-len(head) % 4)}").decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise _bad() from error
        if not hmac.compare_digest(
            self._signature(told, product, asset).encode(), signature.encode("utf-8", "replace")
        ):
            raise _bad()
        name, role, groups, until = json.loads(told)
        if until < now():
            raise Fault(Kind.BAD_CREDENTIAL, "the link has expired", "token")
        return Principal(name, Role(role), frozenset(groups))

    def _signature(self, told: str, product: str, asset: str) -> str:
        signed = "\0".join((told, product, asset)).encode()
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()


def _bad() -> Fault:
    return Fault(Kind.BAD_CREDENTIAL, "the token of this link is not valid for this file", "token")
