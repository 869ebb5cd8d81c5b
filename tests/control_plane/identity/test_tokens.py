"""What is believed, and what is not."""

import asyncio
import base64
import json
import time
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from control_plane.app import create_app
from control_plane.core.system import SYSTEM
from control_plane.identity.keys import SigningKeys
from control_plane.identity.rules import Role
from control_plane.identity.tokens import TokenIssuer
from control_plane.identity.vault import KeyVault, SecretMismatchError
from shared.tokens import sign
from tests.control_plane.support import SECRET, ControlPlane, bearer, claims_of, control_plane, settings_for

EMAIL = "ana@acme.example"


@pytest.fixture
async def token(control: ControlPlane) -> str:
    await control.add_user(EMAIL, is_super_admin=True)
    token: str = (await control.sign_in(EMAIL))["token"]
    return token


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def refused(control: ControlPlane, token: str) -> str:
    answer = await control.me(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    detail: str = answer.json()["detail"]
    return detail


async def test_the_key_set_is_plain_and_cacheable(control: ControlPlane, token: str) -> None:
    answer = await control.client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "JWT", "kid": key["kid"]}
    public = jwt.PyJWK(key).key
    assert jwt.decode(token, public, algorithms=["EdDSA"], audience="opsplane")["email"] == EMAIL


async def test_an_expired_token_is_refused(control: ControlPlane) -> None:
    await control.add_user(EMAIL, is_super_admin=True)
    control.clock.offset = timedelta(seconds=-910)
    token = (await control.sign_in(EMAIL))["token"]
    control.clock.offset = timedelta()
    assert "expired" in await refused(control, token)


async def test_forged_tokens_are_refused_in_the_same_words(control: ControlPlane, token: str) -> None:
    header, claims = jwt.get_unverified_header(token), claims_of(token)
    kid, stranger = header["kid"], Ed25519PrivateKey.generate()
    (public,) = (await control.client.get("/.well-known/jwks.json")).json()["keys"]
    head, body, signature = token.split(".")
    forged = [
        f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.{signature}",
        jwt.encode(claims, base64.urlsafe_b64decode(public["x"] + "=="), algorithm="HS256", headers={"kid": kid}),
        sign(claims, key=stranger, kid=kid),
        sign(claims, key=stranger, kid="another"),
        f"{head}.{part({**claims, 'role': 'super_admin'})}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode(claims, stranger, algorithm="EdDSA"),
        "opk_acme_0123_secret",
        "a.b.c",
        "~",
    ]
    assert {await refused(control, bad) for bad in forged} == {"This token is not valid."}
    assert (await control.me(token)).status_code == 200


async def test_tokens_between_planes_open_no_door_for_people(control: ControlPlane) -> None:
    internal = await control.app.state.sessions.issuer.internal_token(None)
    assert await refused(control, internal) == "This token is not valid."


@pytest.mark.parametrize("role", ["system", "super_admin", "root"])
async def test_roles_that_no_tenant_has_may_do_nothing(control: ControlPlane, token: str, role: str) -> None:
    issuer: TokenIssuer = control.app.state.sessions.issuer
    key = await issuer.keys.current()
    claims = {**claims_of(token), "role": role, "tenant_id": "acme"}
    odd = sign(claims, key=key.private_key, kid=key.kid)
    answer = await control.client.get("/api/tenants", headers=bearer(odd))
    assert answer.status_code == 403


async def test_processes_that_start_together_agree_on_one_key(control: ControlPlane, password_hash: str) -> None:
    keys = [SigningKeys(control.database, KeyVault(SECRET)) for _ in range(4)]
    current = await asyncio.gather(*(one.current() for one in keys))
    assert len({key.kid for key in current}) == 1
    assert await control.sql("select count(*) from signing_keys") == [(1,)]


async def test_a_token_outlives_the_process_that_signed_it(
    control: ControlPlane, token: str, empty_url: str, password_hash: str
) -> None:
    next_one = control_plane(empty_url, password_hash)
    assert (await next_one.me(token)).status_code == 200
    await next_one.database.close()


async def test_private_keys_are_sealed_with_the_secret(control: ControlPlane, token: str) -> None:
    key = await control.app.state.sessions.issuer.keys.current()
    ((sealed,),) = await control.sql("select sealed_private_key from signing_keys")
    assert key.private_key.private_bytes_raw() not in sealed
    with pytest.raises(SecretMismatchError, match="OPSPLANE_KEY_ENCRYPTION_SECRET"):
        await SigningKeys(control.database, KeyVault("another secret of thirty-two characters")).current()


async def test_unknown_key_names_do_not_reach_the_database_each_time(control: ControlPlane, token: str) -> None:
    bad = sign(claims_of(token), key=Ed25519PrivateKey.generate(), kid="unknown")
    with control.statements() as statements:
        for _ in range(20):
            await refused(control, bad)
    assert len(statements) <= 2


async def test_rotation_needs_no_restart(control: ControlPlane, token: str) -> None:
    old = jwt.get_unverified_header(token)["kid"]
    keys: SigningKeys = control.app.state.sessions.issuer.keys
    vault, new = KeyVault(SECRET), Ed25519PrivateKey.generate()
    from control_plane.identity.models import SigningKeyRow
    from control_plane.identity.vault import public_jwk

    async with control.database.write(SYSTEM) as tx:
        tx.session.add(
            SigningKeyRow(
                kid="new",
                public_jwk=public_jwk("new", new),
                sealed_private_key=vault.seal("new", new),
                created_at=tx.now,
                active_from=tx.now + timedelta(minutes=2),
            )
        )
    keys._loaded_at = time.monotonic() - 61
    assert jwt.get_unverified_header((await control.sign_in(EMAIL))["token"])["kid"] == old
    published = (await control.client.get("/.well-known/jwks.json")).json()["keys"]
    control.clock.offset = timedelta(minutes=3)
    rotated = (await control.sign_in(EMAIL))["token"]
    assert {key["kid"] for key in published} == {old, "new"}
    assert jwt.get_unverified_header(rotated)["kid"] == "new"
    assert (await control.me(token)).status_code == 200


async def test_the_lifespan_makes_the_first_key_and_ends_cleanly(empty_url: str, control: ControlPlane) -> None:
    async with httpx.AsyncClient() as nowhere:
        app = create_app(settings_for(empty_url), tenant_plane=nowhere)
        async with app.router.lifespan_context(app):
            assert await control.sql("select count(*) from signing_keys") == [(1,)]


async def test_members_keep_their_role_in_the_token(control: ControlPlane) -> None:
    headers = await control.member(Role.OPERATOR)
    claims = claims_of(headers["authorization"].removeprefix("Bearer "))
    assert (claims["role"], claims["tenant_id"]) == ("operator", "acme")
