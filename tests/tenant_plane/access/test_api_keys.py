"""API keys: made once, shown once, hashed, bounded in time and in what they may do."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, fields_of, generic_alert, later, opened, refused

KEYS = "/api/apikeys"
WHO = "/api/rbac/permissions"


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    key: dict[str, Any] = data(await client.post(KEYS, json={"name": "ci", "scope": "operator", **fields}), 201)
    return key


def with_key(plane: Plane, key: str) -> httpx.AsyncClient:
    return plane.client(None, **{"x-api-key": key})


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    key = await made(admin, name=" ci ", expires_at=later(days=1))
    found = re.fullmatch(rf"opk_{tenant.id}_([0-9a-z]{{12}})_([0-9A-Za-z-]{{43}})", key["api_key"])
    assert found is not None
    assert (key["key_id"], key["name"], key["scope"], key["profile"], key["revoked_at"]) == (
        found[1],
        "ci",
        "operator",
        None,
        None,
    )
    assert key["prefix"] == f"opk_{tenant.id}_{found[1]}_…"
    assert key["created_by"] == f"admin@{tenant.id}.example"
    listed = await admin.get(KEYS)
    told = {name: value for name, value in key.items() if name != "api_key"}
    assert data(listed)["items"] == [told]
    assert found[2] not in listed.text
    (row,) = await plane.rows(tenant, "select * from api_keys")
    assert row["secret_hash"] == hashlib.sha256(found[2].encode()).digest()
    assert found[2] not in str(dict(row))


async def test_a_key_acts_under_its_name_and_its_scope(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    for headers in ({"x-api-key": key["api_key"]}, {"authorization": f"Bearer {key['api_key']}"}):
        async with plane.client(None, **headers) as client:
            assert data(await client.get(WHO)) == {
                "tenant_id": tenant.id,
                "user_id": f"key:{key['key_id']}",
                "role": "operator",
                "level": 2,
                "permissions": [
                    "alerts:ingest",
                    "alerts:read",
                    "dead_letters:manage",
                    "dead_letters:read",
                    "incidents:read",
                    "incidents:write",
                    "permissions:read",
                    "usage:read",
                ],
            }
            incident = await opened(client)
            timeline = data(await client.get(f"/api/incidents/{incident['id']}/timeline"))["items"]
            assert [(entry["actor"], entry["actor_kind"]) for entry in timeline] == [("ci", "api_key")]
            refused(await client.get(KEYS), 403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("role", "level", "permissions"),
    [
        ("viewer", 1, ["alerts:read", "incidents:read", "permissions:read", "usage:read"]),
        (
            "admin",
            3,
            [
                "alerts:ingest",
                "alerts:read",
                "api_keys:manage",
                "api_keys:read",
                "audit:read",
                "dead_letters:manage",
                "dead_letters:read",
                "impersonations:read",
                "incidents:read",
                "incidents:write",
                "permissions:read",
                "usage:read",
            ],
        ),
    ],
)
async def test_what_a_caller_may_do(
    plane: Plane, tenant: Tenant, role: str, level: int, permissions: list[str]
) -> None:
    async with plane.client(tenant, role) as client:
        assert data(await client.get(WHO)) == {
            "tenant_id": tenant.id,
            "user_id": f"user-{role}@{tenant.id}.example",
            "role": role,
            "level": level,
            "permissions": permissions,
        }


async def test_a_revoked_key_stops_within_five_seconds(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    async with with_key(plane, key["api_key"]) as client:
        data(await client.get(WHO))
        revoked = data(await admin.delete(f"{KEYS}/{key['key_id']}"))
        assert revoked["key_id"] == key["key_id"]
        plane.clock.forward(seconds=5)
        async with plane.unchanged(tenant):
            refused(await client.get(WHO), 401, "UNAUTHORIZED")
            refused(await client.post("/api/webhook", json=generic_alert()), 401, "UNAUTHORIZED")
    plane.clock.forward(hours=1)
    assert data(await admin.delete(f"{KEYS}/{key['key_id']}")) == revoked
    assert data(await admin.get(KEYS))["items"][0]["revoked_at"] == revoked["revoked_at"]


async def test_a_key_ends_when_it_was_to(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = await made(admin, expires_at=later(hours=1))
    async with with_key(plane, key["api_key"]) as client:
        data(await client.get(WHO))
        plane.clock.forward(minutes=59)
        data(await client.get(WHO))
        plane.clock.forward(minutes=2)
        refused(await client.get(WHO), 401, "UNAUTHORIZED")


async def test_a_key_that_is_remembered_ends_when_it_was_to_all_the_same(
    plane: Plane, admin: httpx.AsyncClient
) -> None:
    key = await made(admin, expires_at=later(seconds=30))
    plane.clock.forward(seconds=29)
    async with with_key(plane, key["api_key"]) as client:
        data(await client.get(WHO))
        plane.clock.forward(seconds=2)  # less than a good key is remembered for
        refused(await client.get(WHO), 401, "UNAUTHORIZED")


async def test_when_and_from_where_a_key_was_last_used(plane: Plane, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    assert (key["last_used_at"], key["last_used_address"]) == (None, None)
    async with with_key(plane, key["api_key"]) as client:
        with plane.statements() as during:
            data(await client.get(WHO))
            data(await client.post("/api/webhook", json=generic_alert()))
        assert not [sql for sql in during.seen if "last_used_at =" in sql]
        await plane.app.state.key_uses.save()
        first = data(await admin.get(KEYS))["items"][0]
        assert (first["last_used_at"] > first["created_at"], first["last_used_address"]) == (True, "127.0.0.1")
        plane.clock.forward(seconds=30)
        data(await client.get(WHO))
        with plane.statements() as nothing:
            await plane.app.state.key_uses.save()
        assert nothing.seen == []
        plane.clock.forward(seconds=31)
        data(await client.get(WHO))
        await plane.app.state.key_uses.save()
    assert data(await admin.get(KEYS))["items"][0]["last_used_at"] > first["last_used_at"]


async def test_refused_uses_of_a_key_are_no_uses(plane: Plane, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    async with with_key(plane, key["api_key"][:-1] + "~") as client:
        refused(await client.get(WHO), 401, "UNAUTHORIZED")
    await plane.app.state.key_uses.save()
    assert data(await admin.get(KEYS))["items"][0]["last_used_at"] is None


async def test_the_other_names_of_the_same_doors(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    token = plane.issuer.token(tenant.id, email="ana@acme.example")
    async with plane.client(None, authorization=f"Bearer {token}") as ana:
        await made(admin)
        own = data(await ana.post("/api/api-keys", json={"name": "own", "scope": "viewer"}), 201)
        assert own["api_key"].startswith(f"opk_{tenant.id}_{own['key_id']}_")
        mine = data(await ana.get("/api/api-keys/me"))
        assert [(item["name"], item["created_by"]) for item in mine["items"]] == [("own", "ana@acme.example")]
        assert (mine["total"], data(await ana.get(KEYS))["total"]) == (1, 2)
        revoked = data(await ana.delete(f"/api/api-keys/{own['key_id']}"))
        assert data(await ana.get("/api/api-keys/me"))["items"][0]["revoked_at"] == revoked["revoked_at"]


async def test_making_and_revoking_is_written_down_without_the_secret(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    key = await made(admin, rate_limit_rps=5)
    for _ in range(2):
        await admin.delete(f"{KEYS}/{key['key_id']}")
    rows = await plane.rows(tenant, "select kind, actor, body from events where kind like 'api_key.%' order by id")
    assert [(row["kind"], row["actor"]) for row in rows] == [
        ("api_key.created", f"admin@{tenant.id}.example"),
        ("api_key.revoked", f"admin@{tenant.id}.example"),
    ]
    assert json.loads(rows[0]["body"]) == {
        "key_id": key["key_id"],
        "name": "ci",
        "scope": "operator",
        "rate_limit_rps": 5,
        "expires_at": None,
    }
    (secret,) = re.findall(r"_([0-9A-Za-z-]{43})$", key["api_key"])
    assert not [row for row in rows if secret in row["body"]]
    kept = await plane.rows(
        tenant, "select action, target from audit_log where target = $1", f"api_key:{key['key_id']}"
    )
    assert sorted(row["action"] for row in kept) == ["api_key.created", "api_key.revoked"]


async def test_keys_that_are_almost_right(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = (await made(admin))["api_key"]
    other = await plane.new_tenant()
    _, _, key_id, secret = key.split("_")
    last = chr(ord(secret[-1]) ^ 1)
    async with plane.unchanged(tenant):
        for wrong in (
            key[:-1],
            key + "x",
            f"opk_{tenant.id}_{key_id}_{secret[:-1]}{last}",
            f"opk_{tenant.id}_{'0' * 12}_{secret}",
            f"opk_{other.id}_{key_id}_{secret}",
            f"opk_nobody_{key_id}_{secret}",
            f"opk_{tenant.id}_{key_id}_{'0' * 43}",
            "opk_",
            "opk___",
            key.upper(),
            key.replace("opk_", "OPK_"),
        ):
            async with with_key(plane, wrong) as client:
                body = refused(await client.get(WHO), 401, "UNAUTHORIZED")
                assert body["detail"] in {"This API key is not valid.", "This token is not valid."}


async def test_the_tenant_a_key_asserts_must_be_its_own(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    async with with_key(plane, key["api_key"]) as client:
        data(await client.get(WHO, headers={"x-tenant-id": tenant.id}))
        refused(await client.get(WHO, headers={"x-tenant-id": "other"}), 403, "FORBIDDEN")


async def test_a_key_has_a_profile_of_its_own(plane: Plane, admin: httpx.AsyncClient) -> None:
    key = await made(admin, profile="k8s")
    async with with_key(plane, key["api_key"]) as client:
        assert (await client.get("/api/incidents")).json()["kind"] == "IncidentList"
        assert set((await client.get("/api/incidents?profile=atlas")).json()) == {"data"}
        missing = await client.get("/api/incidents/INC-9")
        assert (missing.status_code, missing.json()["kind"]) == (404, "Error")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body.name", "body.scope"]),
        ({"name": "", "scope": "viewer"}, ["body.name"]),
        ({"name": "x", "scope": "super_admin"}, ["body.scope"]),
        ({"name": "x", "scope": "system"}, ["body.scope"]),
        ({"name": "x", "scope": "viewer", "profile": "xml"}, ["body.profile"]),
        ({"name": "x", "scope": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, ["body.expires_at"]),
        ({"name": "x", "scope": "viewer", "expires_at": "soon"}, ["body.expires_at"]),
        ({"name": "x", "scope": "viewer", "secret": "x"}, ["body.secret"]),
        ({"name": "a\x00", "scope": "viewer"}, ["body.name"]),
    ],
)
async def test_a_key_that_is_none(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, body: Any, fields: list[str]
) -> None:
    async with plane.unchanged(tenant):
        assert fields_of(refused(await admin.post(KEYS, json=body), 422, "VALIDATION_ERROR")) == fields


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_an_admin_manages_keys(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, role: str) -> None:
    key = await made(admin)
    async with plane.client(tenant, role) as client, plane.unchanged(tenant):
        refused(await client.get(KEYS), 403, "FORBIDDEN")
        refused(await client.post(KEYS, json={"name": "x", "scope": "viewer"}), 403, "FORBIDDEN")
        refused(await client.delete(f"{KEYS}/{key['key_id']}"), 403, "FORBIDDEN")


@pytest.mark.parametrize("key_id", ["nothing", "000000000000", "%00", "a%00b", "%25"])
async def test_a_key_that_never_was(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, key_id: str) -> None:
    async with plane.unchanged(tenant):
        response = await admin.delete(f"{KEYS}/{key_id}")
    assert response.status_code in {404, 422}, response.text


async def test_another_tenant_cannot_revoke_it(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    async with plane.client(await plane.new_tenant()) as stranger, plane.unchanged(tenant):
        refused(await stranger.delete(f"{KEYS}/{key['key_id']}"), 404, "NOT_FOUND")


async def test_keys_are_paged_newest_first(plane: Plane, admin: httpx.AsyncClient) -> None:
    ids = []
    for _ in range(5):
        plane.clock.forward(seconds=1)
        ids.append((await made(admin))["key_id"])
    first = data(await admin.get(f"{KEYS}?limit=2"))
    second = data(await admin.get(f"{KEYS}?limit=3&cursor={first['next_cursor']}"))
    assert [key["key_id"] for page in (first, second) for key in page["items"]] == ids[::-1]
    assert (first["total"], second["next_cursor"]) == (5, None)


async def test_a_key_made_twice_under_one_idempotency_key_is_one_key(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    """And the stored answer opens for nobody who has the database alone."""
    body, headers = {"name": "ci", "scope": "viewer"}, {"idempotency-key": "one"}
    first = await admin.post(KEYS, json=body, headers=headers)
    second = await admin.post(KEYS, json=body, headers=headers)
    assert (first.content, data(await admin.get(KEYS))["total"]) == (second.content, 1)
    secret = data(first, 201)["api_key"].rpartition("_")[2].encode()
    (row,) = await plane.rows(tenant, "select key, fingerprint, body from idempotency_keys")
    assert secret in first.content and secret not in row["body"]
    assert "one" not in (row["key"], row["fingerprint"])


async def test_a_key_is_not_found_by_a_clock_set_back(plane: Plane, admin: httpx.AsyncClient) -> None:
    key = await made(admin)
    plane.clock.ahead -= timedelta(hours=1)
    async with with_key(plane, key["api_key"]) as client:
        data(await client.get(WHO))
