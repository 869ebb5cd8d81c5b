"""Who may send, what is too much, and what a sender hears while the database is away: never 429, never 500."""

from contextlib import ExitStack
from typing import Any

import asyncpg
import httpx
import pytest

from infra.local.postgres import throw_away
from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, generic_alert, opened, refused, running_plane, until

DOORS = ("/api/webhook", "/webhook", "/api/alerts/webhook")


@pytest.mark.parametrize("door", DOORS)
async def test_a_viewer_may_not_send(plane: Plane, tenant: Tenant, viewer: httpx.AsyncClient, door: str) -> None:
    async with plane.unchanged(tenant):
        body = refused(await viewer.post(door, json=generic_alert()), 403, "FORBIDDEN")
    assert body["detail"] == "This needs the permission alerts:ingest, which the role viewer does not have."


@pytest.mark.parametrize("door", DOORS)
async def test_a_stranger_may_not_send(plane: Plane, tenant: Tenant, door: str) -> None:
    async with plane.client() as stranger, plane.unchanged(tenant):
        response = await stranger.post(door, json=generic_alert())
        refused(response, 401, "UNAUTHORIZED")
        assert response.headers["www-authenticate"] == "Bearer"
        refused(await stranger.post(f"{door}?token=nonsense", json=generic_alert()), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("door", DOORS)
async def test_an_operator_may_send(plane: Plane, tenant: Tenant, door: str) -> None:
    async with plane.client(tenant, "operator") as operator:
        response = await operator.post(door, json={"labels": {"alertname": "Down"}})
    assert response.status_code == 200


async def test_a_key_for_ingestion_sends_and_does_nothing_else(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    key = data(await admin.post("/api/apikeys", json={"name": "grafana", "scope": "ingestion"}), 201)["api_key"]
    async with plane.client(None, **{"x-api-key": key}) as sender:
        answer = data(await sender.post("/api/webhook", json=generic_alert()))
        async with plane.unchanged(tenant):
            for method, path, permission in (
                ("GET", "/api/alerts", "alerts:read"),
                ("GET", f"/api/alerts/{answer['alerts'][0]['alert_id']}", "alerts:read"),
                ("GET", "/api/incidents", "incidents:read"),
                ("POST", "/api/incidents/INC-1/resolve", "incidents:write"),
                ("GET", "/api/webhook/dead-letter", "dead_letters:read"),
                ("GET", "/api/apikeys", "api_keys:read"),
                ("GET", "/api/webhook/held", "dead_letters:read"),
                ("GET", "/api/usage", "usage:read"),
            ):
                body = refused(await sender.request(method, path), 403, "FORBIDDEN")
                assert f"the permission {permission}, which the role ingestion" in body["detail"]
        who = data(await sender.get("/api/rbac/permissions"))
    assert (who["role"], who["level"], who["permissions"]) == ("ingestion", 0, ["alerts:ingest", "permissions:read"])


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_that_is_too_large(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, door: str) -> None:
    async with plane.unchanged(tenant):
        body = refused(await admin.post(door, content=b" " * (8 * 1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")
    assert body["detail"] == "The body is larger than 8,388,608 bytes."


@pytest.mark.parametrize("door", DOORS)
async def test_an_unknown_profile_is_refused_before_anything_is_stored(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, door: str
) -> None:
    async with plane.unchanged(tenant):
        response = await admin.post(f"{door}?profile=xml", json={"labels": {"alertname": "Down"}})
        refused(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("asserted", ["other", "", "OTHER"])
async def test_the_tenant_a_sender_asserts_must_be_its_own(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, asserted: str
) -> None:
    async with plane.unchanged(tenant):
        response = await admin.post("/api/webhook", json=generic_alert(), headers={"x-tenant-id": asserted})
        refused(response, 403, "FORBIDDEN")
    data(await admin.post("/api/webhook", json=generic_alert(), headers={"x-tenant-id": tenant.id}))


async def refuses_connections(url: str) -> bool | None:
    try:
        await (await asyncpg.connect(url, timeout=1)).close()
    except (OSError, asyncpg.PostgresError):
        return True
    return None


async def test_while_the_database_is_away_every_door_asks_to_come_again() -> None:
    with ExitStack() as server:
        url = server.enter_context(throw_away())
        async with running_plane(url) as plane:
            tenant = await plane.new_tenant()
            async with plane.client(tenant) as client:
                await opened(client)
                data(await client.post("/api/webhook", json=generic_alert()))
                server.close()
                await until(lambda: refuses_connections(url))
                answers: list[Any] = [await client.post(door, json=generic_alert()) for door in DOORS]
                answers.append(await client.post("/api/webhook", content=b"not JSON"))
                answers.append(await client.get("/api/incidents"))
                answers.append(await client.post("/api/incidents", json={"title": "a", "severity": "low"}))
                for answer in answers:
                    body = refused(answer, 503, "UNAVAILABLE")
                    assert answer.headers["retry-after"] == "2"
                    assert body["detail"] == "The database does not answer; nothing was changed."
                asked = await client.post("/graphql", json={"query": "{incidents{totalCount}}"})
                assert asked.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
                assert (await client.get("/healthz")).status_code == 200
                ready = await client.get("/readyz")
                assert (ready.status_code, ready.json()["status"]) == (503, "not ready")


async def test_a_plane_that_starts_without_its_database_asks_to_come_again(plane: Plane, tenant: Tenant) -> None:
    nowhere = "postgresql://nobody:x@127.0.0.1:1/nothing"
    async with (
        running_plane(nowhere, issuer=plane.issuer, app_database_url=nowhere, prepare=False) as alone,
        alone.client(tenant) as client,
    ):
        refused(await client.post("/api/webhook", json=generic_alert()), 503, "UNAVAILABLE")
        refused(await client.get("/api/incidents"), 503, "UNAVAILABLE")
