"""Forged, expired, foreign and tampered credentials open nothing and change nothing."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tokens import LEEWAY_SECONDS, plane_audience
from tests.isolation.support import Socket, World, made, socket
from tests.support.tenant_plane import KID, Issuer, Plane, data, fired, refused

INCIDENT = {"title": "Down", "severity": "high"}
Forge = Callable[[Issuer, str], str]


def claims(tenant_id: str | None, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "sub": "user-1",
        "email": "ana@people.example",
        "name": "Ana",
        "role": "admin",
        "tenant_id": tenant_id,
        "sid": str(uuid4()),
        "iat": now,
        "exp": now + 900,
        "iss": "opsplane",
        "aud": "opsplane",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def encoded(issuer: Issuer, tenant_id: str | None, kid: Any = KID, key: Any = None, **changes: Any) -> str:
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode(claims(tenant_id, **changes), key or issuer.key, algorithm="EdDSA", headers=headers)


def hs256_with_public_key(form: Callable[[Issuer], bytes]) -> Forge:
    """The old confusion attack: the public key, known to all, taken for a shared secret."""

    def forge(issuer: Issuer, tenant_id: str) -> str:
        head, body = (_part(part) for part in ({"alg": "HS256", "typ": "JWT", "kid": KID}, claims(tenant_id)))
        signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        return f"{head}.{body}.{_b64(signer.sign(f'{head}.{body}'.encode(), form(issuer)))}"

    return forge


def unsigned(algorithm: str) -> Forge:
    return lambda _, tenant_id: f"{_part({'alg': algorithm, 'typ': 'JWT', 'kid': KID})}.{_part(claims(tenant_id))}."


def altered(issuer: Issuer, tenant_id: str) -> str:
    """A good token of another tenant with the tenant written over, its signature kept."""
    head, _, signature = encoded(issuer, "some-other").split(".")
    return f"{head}.{_part(claims(tenant_id))}.{signature}"


def _part(value: Any) -> str:
    return _b64(json.dumps(value).encode())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(issuer: Issuer) -> bytes:
    return issuer.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _pem(issuer: Issuer) -> bytes:
    return issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


WORTHLESS: dict[str, Forge] = {
    "garbage": lambda *_: "garbage",
    "three dots": lambda *_: "a.b.c",
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg EdDSA without signature": unsigned("EdDSA"),
    "HS256 with the raw public key": hs256_with_public_key(_raw),
    "HS256 with the PEM public key": hs256_with_public_key(_pem),
    "HS256 with nothing": hs256_with_public_key(lambda _: b""),
    "another key under our kid": lambda i, t: encoded(i, t, key=Ed25519PrivateKey.generate()),
    "an unknown kid": lambda i, t: encoded(i, t, kid="unknown"),
    "no kid": lambda i, t: encoded(i, t, kid=None),
    "a kid that is a path": lambda i, t: encoded(i, t, kid="../../etc/passwd"),
    "the tenant written over": altered,
    "expired": lambda i, t: encoded(i, t, exp=int(time.time()) - LEEWAY_SECONDS - 1),
    "not yet": lambda i, t: encoded(i, t, nbf=int(time.time()) + 600),
    "without an end": lambda i, t: encoded(i, t, exp=...),
    "for the planes among themselves": lambda i, t: encoded(i, t, aud=plane_audience(None)),
    "for somebody else": lambda i, t: encoded(i, t, aud="elsewhere"),
    "for nobody": lambda i, t: encoded(i, t, aud=...),
    "by another issuer": lambda i, t: encoded(i, t, iss="elsewhere"),
    "without a session": lambda i, t: encoded(i, t, sid=...),
    "without a person": lambda i, t: encoded(i, t, sub=...),
    "of a tenant that is not here": lambda i, _: encoded(i, "nowhere-at-all"),
}
POWERLESS: dict[str, Forge] = {
    "super-admin of no tenant": lambda i, _: encoded(i, None, role="super_admin"),
    "super-admin of a tenant": lambda i, t: encoded(i, t, role="super_admin"),
    "the system": lambda i, t: encoded(i, t, role="system"),
    "the control plane": lambda i, t: encoded(i, t, role="control_plane"),
    "an unknown role": lambda i, t: encoded(i, t, role="owner"),
    "a member of no tenant": lambda i, _: encoded(i, None),
}


@pytest.mark.parametrize(
    ("forge", "status", "code"),
    [(forge, 401, "UNAUTHORIZED") for forge in WORTHLESS.values()]
    + [(forge, 403, "FORBIDDEN") for forge in POWERLESS.values()],
    ids=[*WORTHLESS, *POWERLESS],
)
async def test_a_bad_token_opens_no_door(world: World, forge: Forge, status: int, code: str) -> None:
    plane, tenant = world.plane, world.ours.tenant
    token = forge(plane.issuer, tenant.id)
    async with plane.client(authorization=f"Bearer {token}") as client, plane.unchanged(tenant):
        answers = [
            await client.get("/api/incidents"),
            await client.post("/api/incidents", json=INCIDENT),
            await client.post("/api/webhook", json={"title": "x"}),
            await client.post("/graphql", json={"query": "{ incidents { totalCount } }"}),
        ]
        for answer in answers:
            refused(answer, status, code)
            assert world.ours.word not in answer.text and token not in answer.text
    async with socket(plane.app, "/ws") as stream:
        await stream.send({"type": "auth", "token": token})
        assert await stream.hear() == {"closed": 4401}


async def test_the_good_token_of_these_tests_is_good(world: World) -> None:
    """What is refused above differs from this one in a single thing."""
    token = encoded(world.plane.issuer, world.ours.tenant.id)
    async with world.plane.client(authorization=f"Bearer {token}") as client:
        assert data(await client.get("/api/incidents"))["total"] > 0


async def test_all_worthless_tokens_hear_the_same_words(world: World) -> None:
    said = set()
    for name in set(WORTHLESS) - {"expired"}:
        token = WORTHLESS[name](world.plane.issuer, world.ours.tenant.id)
        async with world.plane.client(authorization=f"Bearer {token}") as client:
            said.add((await client.get("/api/incidents")).json()["detail"])
    assert said == {"This token is not valid."}


@pytest.mark.parametrize("path", ["/api/incidents", "/api/rbac/permissions"])
async def test_a_token_shows_its_own_tenant_only(world: World, path: str) -> None:
    async with world.plane.client(world.theirs.tenant) as client:
        assert world.ours.word not in (await client.get(path)).text


async def test_the_asserted_tenant_must_be_the_credentials(world: World) -> None:
    plane, ours, theirs = world.plane, world.ours, world.theirs
    for credential in (plane.issuer.token(ours.tenant.id), ours.api_key):
        for asserted, status in ((ours.tenant.id, 200), (theirs.tenant.id, 403), ("", 403), (ours.tenant.schema, 403)):
            headers = {"authorization": f"Bearer {credential}", "x-tenant-id": asserted}
            async with plane.client(None, **headers) as client, plane.unchanged(theirs.tenant):
                answers = [
                    await client.get("/api/incidents"),
                    await client.post("/graphql", json={"query": "{ incidents { totalCount } }"}),
                ]
            assert [answer.status_code for answer in answers] == [status, status]


async def test_a_wrong_assertion_keeps_alerts_out(world: World) -> None:
    headers = {"x-api-key": world.ours.api_key, "x-tenant-id": world.theirs.tenant.id}
    async with (
        world.plane.client(None, **headers) as client,
        world.plane.unchanged(world.ours.tenant),
        world.plane.unchanged(world.theirs.tenant),
    ):
        refused(await client.post("/api/webhook", json={"title": "x"}), 403, "FORBIDDEN")


def swapped(key: str, other: str) -> str:
    """The secret of one key with the tenant and id of another."""
    return "_".join([*other.split("_")[:3], key.split("_")[3]])


TAMPERED: dict[str, Callable[[str, str], str]] = {
    "the secret of another tenant": lambda ours, theirs: swapped(theirs, ours),
    "our secret and their tenant": lambda ours, theirs: swapped(ours, theirs),
    "our key and their tenant": lambda ours, theirs: "_".join(["opk", theirs.split("_")[1], *ours.split("_")[2:]]),
    "one character changed": lambda ours, _: ours[:-1] + ("A" if ours[-1] != "A" else "B"),
    "one character short": lambda ours, _: ours[:-1],
    "one character long": lambda ours, _: ours + "A",
    "in capitals": lambda ours, _: "opk_" + ours[4:].upper(),
    "another id": lambda ours, _: "_".join([*ours.split("_")[:2], "0" * 12, ours.split("_")[3]]),
    "the schema for a tenant": lambda ours, _: ours.replace("opk_", "opk_t_", 1),
    "a tenant that is not here": lambda ours, _: "_".join(["opk", "nowhere-at-all", *ours.split("_")[2:]]),
    "only the prefix": lambda *_: "opk_",
    "SQL": lambda ours, _: "_".join([*ours.split("_")[:3], "' or '1'='1"]),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=list(TAMPERED))
async def test_a_tampered_key_opens_no_door(world: World, tamper: Callable[[str, str], str]) -> None:
    key = tamper(world.ours.api_key, world.theirs.api_key)
    said = set()
    for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}):
        async with (
            world.plane.client(None, **headers) as client,
            world.plane.unchanged(world.ours.tenant),
            world.plane.unchanged(world.theirs.tenant),
        ):
            said.add(refused(await client.get("/api/incidents"), 401, "UNAUTHORIZED")["detail"])
            said.add(refused(await client.post("/api/webhook", json={"title": "x"}), 401, "UNAUTHORIZED")["detail"])
    assert said == {"This API key is not valid."}


async def test_a_key_reaches_its_own_tenant_and_no_other(plane: Plane) -> None:
    ours, theirs = await made(plane, 1), await made(plane, 1)
    async with plane.client(None, **{"x-api-key": ours.api_key}) as client, plane.unchanged(theirs.tenant):
        answer = await client.get("/api/incidents")
        await fired(client, title="by key")
    assert ours.word in answer.text and theirs.word not in answer.text
    names = await plane.rows(ours.tenant, "select name from alerts where name = 'by key'")
    assert len(names) == 1


async def test_a_key_in_the_query_opens_ingest_only(world: World) -> None:
    plane, key = world.plane, world.ours.api_key
    async with plane.client() as client, plane.unchanged(world.ours.tenant):
        for parameter in ("api_key", "token"):
            refused(await client.get(f"/api/incidents?{parameter}={key}"), 401, "UNAUTHORIZED")
            refused(await client.post(f"/api/incidents?{parameter}={key}", json=INCIDENT), 401, "UNAUTHORIZED")
            refused(
                await client.post(f"/graphql?{parameter}={key}", json={"query": "{ alerts { totalCount } }"}),
                401,
                "UNAUTHORIZED",
            )


async def test_revoking_a_key_elsewhere_changes_nothing_here(plane: Plane) -> None:
    """Two keys with the same id in two tenants are two keys."""
    ours, theirs = await made(plane, 1), await made(plane, 1)
    await plane.rows(theirs.tenant, "update api_keys set id = $1", ours.key_id)
    async with plane.client(theirs.tenant) as client, plane.unchanged(ours.tenant):
        data(await client.delete(f"/api/apikeys/{ours.key_id}"))
    async with plane.client(None, **{"x-api-key": ours.api_key}) as client:
        assert data(await client.get("/api/incidents"))["total"] > 0


@pytest.mark.parametrize("first", ["{}", '{"type":"auth"}', '{"type":"auth","token":7}', "[]", "not json"])
async def test_a_live_stream_needs_a_token_first(world: World, first: str) -> None:
    stream: Socket
    async with socket(world.plane.app, "/ws") as stream:
        await stream.say(first)
        assert await stream.hear() == {"closed": 4401}


async def test_a_subscription_needs_a_token(world: World) -> None:
    for payload in ({}, {"authorization": "Bearer nonsense"}, {"authorization": 7}):
        async with socket(world.plane.app, "/graphql", "graphql-transport-ws") as stream:
            await stream.send({"type": "connection_init", "payload": payload})
            assert (await stream.hear())["closed"] in (4400, 4401, 4403)
