# SPDX-License-Identifier: Apache-2.0
"""Who asks: an API key (X-API-Key, Bearer, or the password of Basic) or an OIDC token (Bearer). A credential that is wrong is a fault, never the public.

Identity is a verified token only: no header of a proxy, no address, no cookie makes anybody somebody (THREATS D7, T17).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from catalog.keys import PREFIX, Keys
from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, Principal

if TYPE_CHECKING:
    from ogc.http.oidc import Tokens

CHALLENGE = 'Basic realm="hysope", charset="UTF-8", Bearer realm="hysope"'
_LONGEST = 8_192


class Identity:
    """Verifies credentials. Blocking (database, perhaps the keys of the identity provider), so it runs in the pool."""

    def __init__(self, keys: Keys, tokens: Tokens | None) -> None:
        self._keys, self._tokens = keys, tokens

    def principal(self, headers: Headers) -> Principal:
        """The public without a credential. Raises Fault BAD_CREDENTIAL."""
        given = headers.get("x-api-key", "").strip()
        scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
        if max(len(given), len(rest)) > _LONGEST:
            raise _bad()
        if given:
            return self._by_key(given)
        if not scheme:
            return ANONYMOUS
        if scheme.lower() == "basic":
            return self._by_key(_password(rest.strip()))
        if scheme.lower() == "bearer":
            return self._by_bearer(rest.strip())
        raise _bad()

    def _by_bearer(self, token: str) -> Principal:
        if token.startswith(PREFIX):
            return self._by_key(token)
        found = self._tokens.verify(token) if self._tokens else None
        if found is None:
            raise _bad()
        return found

    def _by_key(self, key: str) -> Principal:
        found = self._keys.verify(key)
        if found is None:
            raise _bad()
        return found


def _password(encoded: str) -> str:
    """The password of a Basic credential (RFC 7617); the user's name does not matter."""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise _bad() from error
    return decoded.partition(":")[2]


def _bad() -> Fault:
    return Fault(
        Kind.BAD_CREDENTIAL, "the key or token is not valid (unknown, expired or revoked)", "Authorization"
    )
