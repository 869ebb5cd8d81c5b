"""A tenant that is suspended can be read and not changed; one that is frozen is a barrier for every writer."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from shared.contracts.tenants import Standing
from shared.tx import Tenant
from shared.work.queue import PutOff
from tenant_plane.core.tenancy import TenantFrozen, TenantSuspended, require_active, system_actor
from tests.support.tenant_plane import (
    Plane,
    asked,
    data,
    generic_alert,
    graph_errors,
    incident_of,
    opened,
    refused,
    running_plane,
    timeline_of,
    until,
)

RESOLVE = 'mutation { resolveIncident(ref: "INC-1") { id } }'
WRITES = [
    ("POST", "/api/incidents", {"title": "Down", "severity": "high"}),
    ("PATCH", "/api/incidents/INC-1", {"title": "Other"}),
    ("POST", "/api/incidents/INC-1/acknowledge", {}),
    ("POST", "/api/incidents/INC-1/notes", {"text": "hello"}),
    ("POST", "/api/apikeys", {"name": "ci", "scope": "viewer"}),
    ("POST", "/api/webhook/dead-letter/019c0000-0000-7000-8000-000000000000/replay", {}),
]


async def test_a_suspended_tenant_is_read_and_not_changed(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin)
    key = data(await admin.post("/api/apikeys", json={"name": "ci", "scope": "admin"}), 201)["api_key"]
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    async with plane.client(None, **{"x-api-key": key}) as machine:
        for client in (admin, machine):
            async with plane.unchanged(tenant):
                for method, path, body in WRITES:
                    error = refused(await client.request(method, path, json=body), 403, "TENANT_SUSPENDED")
                    assert error["detail"].startswith("This tenant is suspended: everything can be read")
            assert data(await client.get("/api/incidents"))["total"] == 1
            assert data(await client.get("/api/rbac/permissions"))["tenant_id"] == tenant.id
    await plane.set_wanted(tenant)
    await opened(admin)


async def test_one_that_is_to_be_deleted_says_when(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await plane.set_leaving(tenant, datetime(2031, 5, 4, 3, tzinfo=UTC))
    async with plane.unchanged(tenant):
        error = refused(await admin.post("/api/incidents", json=WRITES[0][2]), 403, "TENANT_SUSPENDED")
    assert error["detail"].startswith("This tenant is to be deleted on 2031-05-04 (UTC): everything can be read")
    assert data(await admin.get("/api/usage"))["delete_after"] == "2031-05-04T03:00:00.000Z"
    await plane.set_wanted(tenant)
    await opened(admin)
    assert data(await admin.get("/api/usage"))["delete_after"] is None


async def test_a_mutation_of_a_suspended_tenant_has_the_same_code(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin)
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    async with plane.unchanged(tenant):
        (error,) = await graph_errors(admin, RESOLVE)
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("TENANT_SUSPENDED", 403)
    assert (await asked(admin, "{ usage { standing } }"))["usage"] == {"standing": "SUSPENDED"}


@pytest.mark.parametrize("state", [Standing.SUSPENDED, Standing.FROZEN])
async def test_nothing_happens_by_itself_until_the_tenant_goes_on(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, state: Standing
) -> None:
    await opened(admin)
    other = await opened(admin)
    await admin.post("/api/incidents/INC-1/snooze", json={"duration": "1h"})
    await plane.set_wanted(tenant, state)
    plane.clock.forward(hours=2)
    before = await timeline_of(admin, "INC-2")
    async with plane.unchanged(tenant):
        await plane.tick("end_snoozes")
        with pytest.raises(PutOff):
            await plane.react("incident.triggered", tenant, other["id"])
    await plane.set_wanted(tenant)
    await plane.tick("end_snoozes")
    await plane.react("incident.triggered", tenant, other["id"])
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None
    assert len(await timeline_of(admin, "INC-2")) == len(before) + 1


async def test_a_reaction_that_was_put_off_runs_after_the_resume(admin_url: str, plane: Plane) -> None:
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as admin:
        await opened(admin)
        other = await opened(admin)
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    none = Tenant("none", "public")
    # What other tests left there would come first.
    await plane.rows(none, "delete from queue.pgqueuer where tenant_id is distinct from $1", tenant.id)
    async with running_plane(admin_url, issuer=plane.issuer, with_worker=True) as working:

        async def put_off() -> bool | None:
            rows = await working.rows(
                none,
                "select 1 from queue.pgqueuer where tenant_id = $1 and status = 'queued' and attempts > 0",
                tenant.id,
            )
            return len(rows) == 2 or None

        await until(put_off, seconds=20)
        await plane.set_wanted(tenant)

        async def related() -> bool | None:
            sql = "select 1 from incident_timeline where incident_id = $1 and event_type = 'related'"
            return bool(await working.rows(tenant, sql, other["id"])) or None

        await until(related, seconds=20)  # an idle queue looks every five


async def test_a_frozen_tenant_answers_503_to_writers_and_senders(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin)
    await plane.set_wanted(tenant, Standing.FROZEN)
    async with plane.unchanged(tenant):
        for method, path, body in [*WRITES, ("POST", "/api/webhook", generic_alert()), ("POST", "/api/webhook", "x")]:
            answer = await admin.request(method, path, json=body)
            refused(answer, 503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "5"
        (error,) = await graph_errors(admin, RESOLVE)
        assert (error["extensions"]["code"], error["extensions"]["status"]) == ("UNAVAILABLE", 503)
        assert data(await admin.get("/api/incidents"))["total"] == 1


async def test_freezing_waits_for_open_writers_and_none_commits_afterwards(
    plane: Plane, tenant: Tenant, admin_url: str
) -> None:
    """Eight writers in two processes' pools write without pause; what they wrote stands still from the answer on."""
    written = 0
    async with running_plane(admin_url, issuer=plane.issuer) as second:

        async def write(place: Plane) -> None:
            nonlocal written
            async with place.client(tenant) as client:
                while (await client.post("/api/incidents", json={"title": "x", "severity": "low"})).status_code == 201:
                    written += 1

        async with asyncio.timeout(30):
            writers = [asyncio.create_task(write(place)) for place in (plane, second) * 4]

            async def busy() -> bool | None:
                return written >= 20 or None

            await until(busy)
            await plane.set_wanted(tenant, Standing.FROZEN)
            (counted,) = await plane.rows(tenant, "select count(*) as incidents from incidents")
            await asyncio.gather(*writers)
        (after,) = await plane.rows(tenant, "select count(*) as incidents from incidents")
    assert written >= 20
    assert (after["incidents"], after["incidents"]) == (counted["incidents"], written)


async def test_freezing_waits_for_a_transaction_that_is_open(plane: Plane, tenant: Tenant) -> None:
    async with plane.database.write(system_actor(tenant)) as tx:
        await tx.session.execute(text("delete from idempotency_keys"))
        freezing = asyncio.create_task(plane.set_wanted(tenant, Standing.FROZEN))

        async def waits() -> bool | None:
            sql = "select 1 from pg_locks where locktype = 'advisory' and not granted and mode = 'ExclusiveLock'"
            return bool(await plane.rows(tenant, sql)) or None

        await until(waits)
        assert not freezing.done()
    await freezing
    with pytest.raises(TenantFrozen):
        async with plane.database.write(system_actor(tenant)):
            raise AssertionError("unreachable")


async def test_the_standing_is_that_of_the_transaction_not_of_the_cache(plane: Plane, tenant: Tenant) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    stale = system_actor(tenant)  # says active
    async with plane.database.write(stale) as tx:
        assert tx.actor.tenant is not None
        assert tx.actor.tenant.standing == "suspended"
        with pytest.raises(TenantSuspended):
            require_active(tx)


async def test_entering_and_binding_is_one_statement(plane: Plane, tenant: Tenant) -> None:
    """The one that is never counted; asking how the tenant stands costs no second one."""
    with plane.statements() as seen:
        async with plane.database.write(system_actor(tenant)) as tx:
            await tx.session.execute(text("select 1"))
    assert seen.seen == ["select 1"]
