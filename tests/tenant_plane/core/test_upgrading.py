"""A tenant whose schema could not be migrated is not served by code that expects the newer one; all others are."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.contracts.usage import UsageReport
from shared.tx import Tenant
from shared.work.queue import PutOff
from tenant_plane.core.provision import NEWEST
from tenant_plane.core.tenancy import TenantUpgrading, system_actor
from tests.support.tenant_plane import (
    Plane,
    data,
    fired,
    generic_alert,
    graph_errors,
    incident_of,
    opened,
    refused,
)

SET_VERSION = "update plane.tenants set schema_version = $2 where tenant_id = $1"
CALLS = [
    ("GET", "/api/incidents", None),
    ("GET", "/api/usage", None),
    ("POST", "/api/incidents", {"title": "Down", "severity": "high"}),
    ("PATCH", "/api/incidents/INC-1", {"title": "Other"}),
    ("POST", "/api/webhook", generic_alert()),
    ("POST", "/api/webhook", "unreadable"),
]


@pytest_asyncio.fixture
async def old(plane: Plane, tenant: Tenant) -> AsyncIterator[Tenant]:
    """Has an incident that is snoozed for an hour; its schema is one version behind."""
    async with plane.client(tenant) as admin:
        await opened(admin)
        await admin.post("/api/incidents/INC-1/snooze", json={"duration": "1h"})
    await plane.rows(tenant, SET_VERSION, tenant.id, NEWEST - 1)
    yield tenant
    await plane.rows(tenant, SET_VERSION, tenant.id, NEWEST)


async def test_every_request_is_put_off_and_changes_nothing(
    plane: Plane, old: Tenant, admin: httpx.AsyncClient
) -> None:
    async with plane.unchanged(old):
        for method, path, body in CALLS:
            answer = await admin.request(method, path, json=body)
            assert refused(answer, 503, "UNAVAILABLE")["detail"].startswith("This tenant is being upgraded")
            assert answer.headers["retry-after"] == "5"
        (error,) = await graph_errors(admin, "{ incidents { totalCount } }")
        assert (error["extensions"]["code"], error["extensions"]["status"]) == ("UNAVAILABLE", 503)


async def test_a_key_is_put_off_too_and_works_afterwards(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    key = data(await admin.post("/api/apikeys", json={"name": "ci", "scope": "admin"}), 201)["api_key"]
    await plane.rows(tenant, SET_VERSION, tenant.id, NEWEST - 1)
    async with plane.client(None, **{"x-api-key": key}) as machine:
        refused(await machine.post("/api/webhook", json=generic_alert()), 503, "UNAVAILABLE")
        await plane.rows(tenant, SET_VERSION, tenant.id, NEWEST)
        await fired(machine)
        assert data(await machine.get("/api/incidents"))["total"] == 1


async def test_the_others_are_served_and_get_their_turn(plane: Plane, old: Tenant) -> None:
    other = await plane.new_tenant()
    async with plane.client(other) as client, plane.control_plane() as control:
        await opened(client)
        await client.post("/api/incidents/INC-1/snooze", json={"duration": "1h"})
        await fired(client)
        plane.clock.forward(hours=2)
        async with plane.unchanged(old):
            await plane.tick("end_snoozes")
            await plane.sweep()
        assert (await incident_of(client, "INC-1"))["snoozed_until"] is None
        report = await control.get("/internal/usage", params={"since": "2026-01-01", "after": ""})
        assert other.id in {item.tenant_id for item in UsageReport.model_validate_json(report.content).items}


async def test_what_was_due_meanwhile_is_done_once_it_is_upgraded(
    plane: Plane, old: Tenant, admin: httpx.AsyncClient
) -> None:
    plane.clock.forward(hours=2)
    await plane.tick("end_snoozes")
    await plane.rows(old, SET_VERSION, old.id, NEWEST)
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is not None
    await plane.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None


async def test_a_reaction_waits_and_loses_no_attempt(plane: Plane, old: Tenant) -> None:
    (incident,) = await plane.rows(old, "select id from incidents")
    with pytest.raises(PutOff):
        await plane.react("incident.triggered", old, str(incident["id"]))


async def test_code_of_the_version_before_is_served_by_a_newer_schema(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.rows(tenant, SET_VERSION, tenant.id, NEWEST + 1)
    await opened(admin)
    assert data(await admin.get("/api/incidents"))["total"] == 1


async def test_nothing_is_entered(plane: Plane, old: Tenant) -> None:
    with pytest.raises(TenantUpgrading):
        async with plane.database.write(system_actor(old)):
            raise AssertionError("unreachable")
    with pytest.raises(TenantUpgrading):
        async with plane.database.read(system_actor(old)):
            raise AssertionError("unreachable")


async def test_a_new_tenant_never_takes_a_spare_that_is_behind(plane: Plane) -> None:
    none = Tenant("none", "public")
    await plane.rows(none, "update plane.spares set schema_version = $1", NEWEST - 1)
    tenant = await plane.new_tenant()
    await plane.rows(none, "update plane.spares set schema_version = $1", NEWEST)
    async with plane.client(tenant) as client:
        await opened(client)
