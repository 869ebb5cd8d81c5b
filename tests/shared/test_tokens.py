"""Access tokens: only our algorithm, our key, our audience, in their time."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Unauthorized
from shared.tokens import ANY_PLANE, PEOPLE, Verifier, plane_audience, public_keys, sign

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
RAW = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {
        "sub": "user-1",
        "email": "ana@acme.example",
        "name": "Ana",
        "role": "admin",
        "tenant_id": "acme",
        "sid": str(uuid4()),
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (known | changed).items() if value is not ...}


class Keys:
    """The public keys by kid, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, kid: str) -> Any:
        self.asked.append(kid)
        return {"k1": KEY.public_key()}.get(kid)


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def by_hand(header: dict[str, Any], secret: bytes | None = None) -> str:
    """A token that no library would sign for us."""
    text = f"{part(header)}.{part({**claims(), 'iss': 'opsplane', 'aud': 'opsplane'})}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_good_token_says_who_it_is() -> None:
    found = await Verifier(Keys()).verify(sign(claims(), key=KEY, kid="k1"))
    assert (found.sub, found.email, found.role, found.tenant_id) == ("user-1", "ana@acme.example", "admin", "acme")
    machine = sign(claims(tenant_id=None), key=KEY, kid="k1", audience=[ANY_PLANE, plane_audience("acme")])
    for believer in (ANY_PLANE, plane_audience("acme")):
        assert (await Verifier(Keys(), believer).verify(machine)).tenant_id is None
    for other in (PEOPLE, plane_audience(None), plane_audience("globex"), plane_audience("shared")):
        with pytest.raises(Unauthorized, match="not valid"):
            await Verifier(Keys(), other).verify(machine)


def encoded(header: dict[str, Any] | None = None, key: Any = KEY, algorithm: str = "EdDSA", **changed: Any) -> str:
    content = {**claims(), "iss": "opsplane", "aud": "opsplane", **changed}
    given = {name: value for name, value in content.items() if value is not ...}
    return jwt.encode(given, key, algorithm=algorithm, headers={"kid": "k1"} | (header or {}))


BAD: dict[str, str] = {
    "alg none": by_hand({"alg": "none", "kid": "k1"}),
    "alg None": by_hand({"alg": "None", "kid": "k1"}),
    "no alg": by_hand({"kid": "k1"}),
    "HS256 with the public key as PEM": by_hand({"alg": "HS256", "kid": "k1", "typ": "JWT"}, PEM),
    "HS256 with the raw public key": by_hand({"alg": "HS256", "kid": "k1", "typ": "JWT"}, RAW),
    "EdDSA with a signature of HS256": by_hand({"alg": "EdDSA", "kid": "k1"}, PEM),
    "EdDSA without a signature": by_hand({"alg": "EdDSA", "kid": "k1"}),
    "another key": sign(claims(), key=OTHER, kid="k1"),
    "an unknown kid": sign(claims(), key=KEY, kid="k2"),
    "no kid": jwt.encode({**claims(), "iss": "opsplane", "aud": "opsplane"}, KEY, algorithm="EdDSA"),
    "another audience": sign(claims(), key=KEY, kid="k1", audience=plane_audience(None)),
    "no audience": encoded(aud=...),
    "another issuer": encoded(iss="somebody"),
    "no issuer": encoded(iss=...),
    "no end": encoded(exp=...),
    "no beginning": encoded(iat=...),
    "no subject": encoded(sub=...),
    "no role": encoded(role=...),
    "no session": encoded(sid=...),
    "not valid yet": encoded(nbf=int(time.time()) + 3600),
    "issued in the future": encoded(iat=int(time.time()) + 3600, exp=int(time.time()) + 7200),
    "no tenant": encoded(tenant_id=...),
    "a role that is a number": encoded(role=5),
    "nothing": "",
    "two dots": "..",
    "not base64": "é.é.é",
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
async def test_every_bad_token_hears_the_same(token: str) -> None:
    with pytest.raises(Unauthorized, match=r"^This token is not valid\.$"):
        await Verifier(Keys()).verify(token)


@pytest.mark.parametrize("name", ["alg none", "HS256 with the public key as PEM", "no kid", "nothing"])
async def test_no_key_is_looked_up_for_another_algorithm(name: str) -> None:
    keys = Keys()
    with pytest.raises(Unauthorized):
        await Verifier(keys).verify(BAD[name])
    assert keys.asked == []


@pytest.mark.parametrize("seconds", [6, 3600])
async def test_an_expired_token_says_so(seconds: int) -> None:
    now = int(time.time())
    token = sign(claims(iat=now - 7200, exp=now - seconds), key=KEY, kid="k1")
    with pytest.raises(Unauthorized, match="This token has expired"):
        await Verifier(Keys()).verify(token)


async def test_clocks_may_differ_by_a_few_seconds() -> None:
    now = int(time.time())
    token = sign(claims(iat=now - 60, exp=now - 3), key=KEY, kid="k1")
    assert (await Verifier(Keys()).verify(token)).sub == "user-1"


async def test_keys_of_other_kinds_are_passed_over() -> None:
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    found = public_keys(
        {"keys": [{**jwk, "kid": "k1"}, {"kty": "RSA", "kid": "k2"}, jwk, {**jwk, "kid": 5}, {**jwk, "crv": "X25519"}]}
    )
    assert list(found) == ["k1"]
    assert public_keys({}) == {}

    async def keys(kid: str) -> Any:
        return found.get(kid)

    assert (await Verifier(keys).verify(sign(claims(), key=KEY, kid="k1"))).sub == "user-1"
