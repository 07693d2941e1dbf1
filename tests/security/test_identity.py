# SPDX-License-Identifier: Apache-2.0
"""Who may see what: keys and tokens, right and wrong ones, and that every door gives the same answer."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from catalog.keys import KeyRequest
from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, OPERATOR, Principal, Role
from catalog.model.time import now
from catalog.service import open_catalog
from config.limits import Limits
from config.registry import load_registry
from config.settings import Oidc, Settings
from hysope.app import build
from hysope.wiring import wire_catalog, wire_ingest
from ogc.http.oidc import Tokens

BOX = "VERSION=1.3.0&STYLES=&CRS=EPSG:4326&BBOX=44.215,0.50,44.225,0.515&WIDTH=16&HEIGHT=16&FORMAT=image/png"
ISSUER, AUDIENCE = "https://sso.example/realms/land", "hysope"
SIGNER, STRANGER = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class Guarded:
    """A server with a land cover for the group `land`, snow for everybody with an identity, and the rest for all."""

    client: TestClient
    keys: dict[str, str]
    ids: dict[str, str]

    def sees(self, layer: str, **headers: str) -> str:
        """`map`, `nothing` (the layer does not exist) or `401`."""
        answer = self.client.get(
            f"/wms?REQUEST=GetMap&LAYERS={layer}&{BOX}",
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Basic ")
            assert answer.headers["cache-control"] == "no-store"
            return "401"
        if answer.headers["content-type"] == "image/png":
            return "map"
        assert b"LayerNotDefined" in answer.content
        return "nothing"


@pytest.fixture(scope="module")
def guarded(products: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "jwks.json").write_text(json.dumps(KeySet([SIGNER]).as_dict(private=False)))
    oidc = Oidc(issuer=ISSUER, audience=AUDIENCE, jwks_file=folder / "jwks.json")
    settings = Settings(data=folder, access={"oso-23": ("land",), "snow-fsc": ("users",)}, oidc=oidc)
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([products]))
    wanted = {
        "user": KeyRequest("ada", Role.USER),
        "member": KeyRequest("bob", Role.USER, ("land",)),
        "operator": KeyRequest("olga", Role.OPERATOR),
        "expired": KeyRequest("eve", Role.OPERATOR, days=-1),
        "revoked": KeyRequest("rex", Role.OPERATOR),
    }
    made = {name: catalog.keys.create(request, OPERATOR) for name, request in wanted.items()}
    assert catalog.keys.revoke(made["revoked"][0], OPERATOR)
    catalog.close()
    with TestClient(build(settings), client=("127.0.0.1", 1)) as client:
        yield Guarded(
            client,
            {name: key for name, (_, key) in made.items()},
            {name: key_id for name, (key_id, _) in made.items()},
        )


@pytest.mark.parametrize(
    ("who", "oso", "snow", "free"),
    [
        (None, "nothing", "nothing", "map"),
        ("user", "nothing", "map", "map"),
        ("member", "map", "map", "map"),
        ("operator", "map", "map", "map"),
        ("expired", "401", "401", "401"),
        ("revoked", "401", "401", "401"),
    ],
)
def test_each_sees_what_is_for_them_and_the_rest_does_not_exist(
    guarded: Guarded, who: str | None, oso: str, snow: str, free: str
) -> None:
    headers = {"x_api_key": guarded.keys[who]} if who else {}
    assert [guarded.sees(layer, **headers) for layer in ("oso-23", "snow-fsc", "oso-17")] == [oso, snow, free]


def test_a_key_is_taken_in_each_of_its_three_places(guarded: Guarded) -> None:
    key = guarded.keys["member"]
    basic = base64.b64encode(f"anything:{key}".encode()).decode()
    for headers in (
        {"x_api_key": key},
        {"authorization": f"Bearer {key}"},
        {"authorization": f"Basic {basic}"},
        {"authorization": f"basic {basic}"},
    ):
        assert guarded.sees("oso-23", **headers) == "map"


@pytest.mark.parametrize(
    "headers",
    [
        {"x_api_key": "hyk_" + "A" * 43},
        {"x_api_key": "' OR 1=1 --"},
        {"x_api_key": "x" * 9_000},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"authorization": "Basic " + base64.b64encode(b"user:password").decode()},
        {"authorization": "Bearer"},
        {"authorization": "Bearer not.a.token"},
        {"authorization": "Digest username=x"},
        {"authorization": "Negotiate abc"},
    ],
    ids=lambda headers: next(iter(headers.values()))[:24],
)
def test_a_wrong_credential_is_401_even_for_what_is_free(guarded: Guarded, headers: dict[str, str]) -> None:
    assert guarded.sees("oso-17", **headers) == "401"


def test_headers_of_a_proxy_make_nobody_somebody(guarded: Guarded) -> None:
    for headers in (
        {"remote_user": "olga"},
        {"x_forwarded_user": "olga"},
        {"x_forwarded_for": "127.0.0.1"},
        {"cookie": f"key={guarded.keys['operator']}"},
    ):
        assert guarded.sees("oso-23", **headers) == "nothing"
    assert (
        guarded.client.get(
            f"/wms?REQUEST=GetMap&LAYERS=oso-23&{BOX}&key={guarded.keys['operator']}&api_key={guarded.keys['operator']}"
        ).content.count(b"LayerNotDefined")
        == 1
    )


def test_every_door_gives_the_same_answer(guarded: Guarded) -> None:
    doors = [
        ("/wms?SERVICE=WMS&REQUEST=GetCapabilities", b"<Name>oso-23</Name>"),
        ("/wms?SERVICE=WMS&REQUEST=GetCapabilities&VERSION=1.1.1", b"<Name>oso-23</Name>"),
        (
            f"/wms?REQUEST=GetFeatureInfo&LAYERS=oso-23&QUERY_LAYERS=oso-23&{BOX}&I=3&J=3&INFO_FORMAT=application/json",
            b"OSO_20220101",
        ),
        ("/wms?REQUEST=GetLegendGraphic&LAYER=oso-23", b"PNG"),
    ]
    for address, mark in doors:
        assert mark not in guarded.client.get(address).content, address
        assert mark not in guarded.client.get(address, headers={"x-api-key": guarded.keys["user"]}).content, (
            address
        )
        assert mark in guarded.client.get(address, headers={"x-api-key": guarded.keys["member"]}).content, (
            address
        )
        assert mark not in guarded.client.get(address).content, (
            f"{address}: nothing of the member's answer was kept for the public"
        )
    assert guarded.client.get("/collections/oso-23").status_code == 404
    assert b"oso-23" not in guarded.client.get("/hysope.qlr").content


def test_answers_to_somebody_are_for_their_own_cache(guarded: Guarded) -> None:
    address = f"/wms?REQUEST=GetMap&LAYERS=oso-17&{BOX}"
    public, mine = (
        guarded.client.get(address),
        guarded.client.get(address, headers={"x-api-key": guarded.keys["user"]}),
    )
    assert public.headers["cache-control"].startswith("public")
    assert mine.headers["cache-control"].startswith("private")
    assert public.headers["etag"] != mine.headers["etag"]
    for answer in (public, mine):
        assert "Authorization, X-API-Key" in answer.headers["vary"]


def token(key: object = SIGNER, header: dict[str, object] | None = None, **changes: object) -> str:
    """A token as the provider signs it, with changes; None drops a claim."""
    at = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": [AUDIENCE, "other"],
        "sub": "ada",
        "iat": at,
        "exp": at + 300,
        "roles": ["land"],
    }
    claims.update(changes)
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one", **(header or {})}, kept, key)  # type: ignore[arg-type]


def test_a_token_of_the_provider_opens_what_its_roles_open(guarded: Guarded) -> None:
    assert guarded.sees("oso-23", authorization=f"Bearer {token()}") == "map"
    assert guarded.sees("oso-23", authorization=f"Bearer {token(roles=[])}") == "nothing"
    assert guarded.sees("snow-fsc", authorization=f"Bearer {token(roles=None)}") == "map"
    assert guarded.sees("oso-23", authorization=f"Bearer {token(roles=['hysope-operator'])}") == "map"


def _none_token() -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (
            {"alg": "none", "kid": "one"},
            {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "iat": 1, "exp": 9_999_999_999},
        )
    ]
    return ".".join([*parts, ""])


def _confused_token() -> str:
    """HS256 with the public key as the secret, signed by hand: the library refuses to help."""

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    at = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "iat": at, "exp": at + 300}
    signed = part({"alg": "HS256", "kid": "one"}) + b"." + part(claims)
    mac = hmac.new(SIGNER.as_pem(private=False), signed, "sha256").digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(STRANGER),
        lambda: token(iss="https://evil.example"),
        lambda: token(iss=ISSUER + "/"),
        lambda: token(aud="other"),
        lambda: token(aud=None),
        lambda: token(exp=int(time.time()) - 60),
        lambda: token(exp=None),
        lambda: token(iat=None),
        lambda: token(sub=None),
        lambda: token(nbf=int(time.time()) + 600),
        lambda: token(header={"kid": "two"}),
        lambda: token(header={"jku": "http://127.0.0.1:9/"}),
        lambda: token(header={"typ": "logout+jwt"}),
        lambda: token()[:-4] + "AAAA",
        _none_token,
        _confused_token,
    ],
    ids=[
        "signature",
        "issuer",
        "issuer with slash",
        "audience",
        "no audience",
        "expired",
        "no exp",
        "no iat",
        "no sub",
        "not yet",
        "kid",
        "jku",
        "typ",
        "tampered",
        "none",
        "HS256 with the public key",
    ],
)
def test_a_token_that_is_wrong_in_any_way_is_401(guarded: Guarded, make: object) -> None:
    assert guarded.sees("oso-17", authorization=f"Bearer {make()}") == "401"  # type: ignore[operator]


def test_an_unknown_key_id_fetches_the_set_once_a_minute() -> None:
    calls = []

    def fetch() -> bytes:
        calls.append(1)
        return json.dumps(KeySet([SIGNER]).as_dict(private=False)).encode()

    tokens = Tokens(Oidc(issuer=ISSUER, audience=AUDIENCE, jwks_url="https://sso.example/keys"), fetch)
    assert tokens.verify(token()) == Principal("ada", Role.USER, frozenset({"land"}))
    for _ in range(5):
        assert tokens.verify(token(header={"kid": "two"})) is None
    assert len(calls) == 1


def test_nested_roles_are_found_as_keycloak_writes_them() -> None:
    oidc = Oidc(
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks_url="https://sso.example/keys",
        roles_claim="realm_access.roles",
    )
    tokens = Tokens(oidc, lambda: json.dumps(KeySet([SIGNER]).as_dict(private=False)).encode())
    found = tokens.verify(token(realm_access={"roles": ["land", "hysope-operator"]}))
    assert found == Principal("ada", Role.OPERATOR, frozenset({"land"}))


def test_keys_on_both_databases(database_url: str, tmp_path: Path) -> None:
    catalog = open_catalog(database_url, load_registry(), Limits(), tmp_path)
    key_id, key = catalog.keys.create(
        KeyRequest("ada", Role.USER, ("land", "water"), "my laptop", 30), OPERATOR
    )
    assert key.startswith("hyk_")
    assert catalog.keys.verify(key) == Principal("ada", Role.USER, frozenset({"land", "water"}))
    (row,) = catalog.keys.list(OPERATOR)
    assert (row.id, row.owner, row.groups, row.label) == (key_id, "ada", ("land", "water"), "my laptop")
    assert row.last_used is not None
    assert key not in repr(row)
    for action in (
        lambda: catalog.keys.create(KeyRequest("x", Role.USER), ANONYMOUS),
        lambda: catalog.keys.list(ANONYMOUS),
        lambda: catalog.keys.revoke(key_id, ANONYMOUS),
    ):
        with pytest.raises(Fault) as caught:
            action()
        assert caught.value.kind is Kind.FORBIDDEN
    for wrong in ("", "a b", "a\nb", "../x", "x" * 80):
        with pytest.raises(Fault):
            catalog.keys.create(KeyRequest(wrong, Role.USER), OPERATOR)
    assert catalog.keys.revoke(key_id, OPERATOR) is True
    assert catalog.keys.revoke(key_id, OPERATOR) is False
    again = open_catalog(database_url, load_registry(), Limits(), tmp_path)
    assert again.keys.verify(key) is None
    actions = [action for _, _, action, _, _ in again.journal(OPERATOR)]
    assert actions[:2] == ["revoke key", "create key"]
    again.close()
    catalog.close()


def test_a_busy_writer_does_not_hold_up_a_request(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path / 'h.db'}", load_registry(), Limits(), tmp_path)
    _, key = catalog.keys.create(KeyRequest("ada", Role.USER), OPERATOR)
    with catalog.unit(OPERATOR) as unit:
        unit.note(now(), "test", "hold", "the write lock")
        start = time.monotonic()
        assert catalog.keys.verify(key) == Principal("ada", Role.USER)
        assert time.monotonic() - start < 5.0
    (row,) = catalog.keys.list(OPERATOR)
    assert row.last_used is None
    catalog.close()
