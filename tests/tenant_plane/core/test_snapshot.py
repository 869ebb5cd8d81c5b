"""What the control plane says about a tenant, in which order it may arrive, and how a tenant ends."""

import json
from typing import Any

import httpx
import pytest

from shared.contracts.tenants import Standing
from shared.tx import Tenant
from tests.isolation.support import listening, socket
from tests.support.tenant_plane import Plane, data, opened, refused, running_plane

NONE = Tenant("none", "public")
ROLE = "select 1 from pg_roles where rolname = $1"
SCHEMA = "select 1 from pg_namespace where nspname = $1"


def wanted(**fields: Any) -> dict[str, Any]:
    return {"name": "Acme", "plan": "free", "state": "active", "limits": {"api_keys": 2}, "generation": 5, **fields}


async def told(plane: Plane, tenant_id: str, **fields: Any) -> dict[str, Any]:
    async with plane.control_plane() as client:
        answer = await client.put(f"/internal/tenants/{tenant_id}", json=wanted(**fields))
    assert answer.status_code == 200, answer.text
    actual: dict[str, Any] = answer.json()
    return actual


async def stored(plane: Plane, tenant_id: str) -> dict[str, Any]:
    (row,) = await plane.rows(NONE, "select * from plane.tenants where tenant_id = $1", tenant_id)
    return {**row, "limits": json.loads(row["limits"])}


async def test_the_whole_wanted_state_is_kept(plane: Plane, tenant: Tenant) -> None:
    actual = await told(plane, tenant.id, state="suspended")
    assert (actual["tenant_id"], actual["state"], actual["generation"]) == (tenant.id, "suspended", 5)
    row = await stored(plane, tenant.id)
    assert (row["name"], row["plan"], row["state"], row["limits"]["api_keys"]) == ("Acme", "free", "suspended", 2)
    assert row["limits"]["requests_per_minute"] == {"viewer": 100, "operator": 500, "admin": 1000}


async def test_a_lower_generation_changes_nothing_and_hears_the_truth(plane: Plane, tenant: Tenant) -> None:
    await told(plane, tenant.id, state="suspended", generation=7)
    before = await stored(plane, tenant.id)
    actual = await told(plane, tenant.id, state="active", name="Old", generation=6)
    assert (actual["state"], actual["generation"]) == ("suspended", 7)
    assert await stored(plane, tenant.id) == before
    assert (await told(plane, tenant.id, state="active", generation=7))["state"] == "active"


async def test_the_same_again_writes_nothing(plane: Plane, tenant: Tenant) -> None:
    await told(plane, tenant.id)
    before = await stored(plane, tenant.id)
    assert (await told(plane, tenant.id))["generation"] == 5
    assert await stored(plane, tenant.id) == before


async def test_a_change_acts_at_once_in_every_process(plane: Plane, tenant: Tenant, admin_url: str) -> None:
    async with running_plane(admin_url, issuer=plane.issuer) as second, second.client(tenant) as client:
        await listening(second)
        assert data(await client.get("/api/usage"))["standing"] == "active"
        await plane.set_wanted(tenant, Standing.SUSPENDED)
        refused(await client.post("/api/incidents", json={"title": "x", "severity": "low"}), 403, "TENANT_SUSPENDED")
        assert data(await client.get("/api/usage"))["standing"] == "suspended"


async def test_a_dropped_tenant_leaves_nothing_behind(plane: Plane, admin_url: str) -> None:
    tenant = await plane.new_tenant()
    async with (
        running_plane(admin_url, issuer=plane.issuer) as second,
        plane.client(tenant) as admin,
        plane.control_plane() as control,
    ):
        key = data(await admin.post("/api/apikeys", json={"name": "ci", "scope": "admin"}), 201)["api_key"]
        await opened(admin)
        async with (
            second.client(None, **{"x-api-key": key}) as machine,
            second.client(tenant) as person,
            plane.client(None, **{"x-api-key": key}) as here,
        ):
            for client in (machine, person, here):
                data(await client.get("/api/incidents"))
            queued = "select 1 from queue.pgqueuer where tenant_id = $1"
            assert await plane.rows(NONE, queued, tenant.id)
            answers = [await control.delete(f"/internal/tenants/{tenant.id}") for _ in range(2)]
            assert [answer.status_code for answer in answers] == [204, 204]
            assert not await plane.rows(NONE, queued, tenant.id)
            for sql in (ROLE, SCHEMA):
                assert not await plane.rows(NONE, sql, tenant.schema)
            for client in (machine, person, here, admin):
                refused(await client.get("/api/incidents"), 401, "UNAUTHORIZED")
                refused(
                    await client.post("/api/incidents", json={"title": "x", "severity": "low"}), 401, "UNAUTHORIZED"
                )
                refused(await client.post("/api/webhook", json={"title": "x"}), 401, "UNAUTHORIZED")
            # The same name again is another tenant: keys of the first one open nothing in it.
            await plane.new_tenant(tenant.id)
            for client in (machine, here):
                refused(await client.get("/api/incidents"), 401, "UNAUTHORIZED")
            assert data(await person.get("/api/incidents"))["total"] == 0


async def test_live_streams_of_a_dropped_tenant_end(plane: Plane) -> None:
    tenant = await plane.new_tenant()
    await listening(plane)
    async with socket(plane.app, "/ws") as stream, plane.control_plane() as control:
        await stream.send({"type": "auth", "token": plane.issuer.token(tenant.id)})
        assert (await stream.hear())["type"] == "ready"
        assert (await control.delete(f"/internal/tenants/{tenant.id}")).status_code == 204
        assert await stream.hear() == {"closed": 1012}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_only_the_control_plane_is_heard(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, method: str
) -> None:
    before = await stored(plane, tenant.id)
    async with plane.client() as nobody:
        for client in (admin, nobody):
            refused(await client.request(method, f"/internal/tenants/{tenant.id}", json=wanted()), 401, "UNAUTHORIZED")
    assert await stored(plane, tenant.id) == before


@pytest.mark.parametrize("body", [{}, {"name": "x"}, wanted(state="gone"), wanted(more=1), []])
async def test_what_is_no_wanted_state(plane: Plane, tenant: Tenant, body: Any) -> None:
    before = await stored(plane, tenant.id)
    async with plane.control_plane() as client:
        refused(await client.put(f"/internal/tenants/{tenant.id}", json=body), 422, "VALIDATION_ERROR")
        refused(await client.put("/internal/tenants/Not_A_Slug", json=wanted()), 422, "VALIDATION_ERROR")
    assert await stored(plane, tenant.id) == before
