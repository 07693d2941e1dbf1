# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens of an OpenID Connect provider, verified as THREATS D7 says.

Algorithms are fixed by configuration; issuer exact, audience contains us, `exp` and `iat` required, `nbf` honoured, 30 s of leeway; keys by `kid` from the
configured set only, with at most one refetch a minute for an unknown one. `jku`, `x5u`, `jwk` and `crit` of a token's header are never obeyed.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from catalog.model.principal import Principal, Role
from config.settings import Oidc

_LEEWAY = 30
_REFETCH_SECONDS = 60.0
_LARGEST_SET = 262_144
_REFUSED_HEADERS = frozenset({"jku", "x5u", "x5c", "jwk", "crit"})


class Tokens:
    """Verifies tokens of one provider."""

    def __init__(self, settings: Oidc, fetch: Callable[[], bytes] | None = None) -> None:
        self._settings = settings
        self._fetch = fetch or (lambda: read_key_set(settings))
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = -_REFETCH_SECONDS
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def verify(self, token: str) -> Principal | None:
        """Who a token is for; None when it is not valid in any way."""
        try:
            header = extract_compact(token.encode()).headers()
            if _REFUSED_HEADERS & header.keys() or header.get("typ", "JWT").lower() not in ("jwt", "at+jwt"):
                return None
            keys = self._key_set(header.get("kid"))
            if keys is None:
                return None
            claims = jwt.decode(token, keys, algorithms=list(self._settings.algorithms)).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, object]) -> Principal:
        roles = _strings(claims, self._settings.roles_claim)
        role = Role.OPERATOR if self._settings.operator_role in roles else Role.USER
        return Principal(
            str(claims[self._settings.user_claim]), role, frozenset(roles - {self._settings.operator_role})
        )

    def _key_set(self, kid: object) -> KeySet | None:
        """The provider's keys; fetched again, at most once a minute, when they lack the one that a token names."""
        with self._lock:
            known = self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys.keys))
            if not known and time.monotonic() - self._fetched >= _REFETCH_SECONDS:
                self._fetched = time.monotonic()
                self._keys = KeySet.import_key_set(json.loads(self._fetch()))
            return self._keys


def read_key_set(settings: Oidc) -> bytes:
    """The JSON of the key set from the operator's file or address: a bounded time and size, no redirects to other schemes."""
    if settings.jwks_file:
        return settings.jwks_file.read_bytes()
    request = urllib.request.Request(str(settings.jwks_url), headers={"Accept": "application/json"})  # noqa: S310  (validated: http or https)
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        body: bytes = answer.read(_LARGEST_SET + 1)
    if len(body) > _LARGEST_SET:
        raise ValueError("the key set is too large")
    return body


def _strings(claims: Mapping[str, object], path: str) -> frozenset[str]:
    """The strings of a claim; `realm_access.roles` walks into objects, as Keycloak writes them."""
    value: object = claims
    for part in path.split("."):
        value = cast("Mapping[str, object]", value).get(part) if isinstance(value, Mapping) else None
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )
