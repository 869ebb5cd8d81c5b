"""Idempotency-Key on POST: the first answer again, to the byte, and never a second incident."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, opened, refused

BODY: dict[str, Any] = {"title": "Checkout is down", "severity": "high"}
KEY = {"idempotency-key": "one"}


async def test_the_same_request_again_gets_the_same_bytes(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    first = await admin.post("/api/incidents", json=BODY, headers=KEY)
    assert first.status_code == 201
    async with plane.unchanged(tenant):
        second = await admin.post("/api/incidents", json=BODY, headers=KEY)
    assert (second.status_code, second.content) == (201, first.content)
    assert ("idempotent-replayed" in first.headers, second.headers["idempotent-replayed"]) == (False, "true")
    assert second.headers["content-type"] == first.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/incidents", {**BODY, "title": "Another"}),
        ("/api/incidents?profile=bare", BODY),
        ("/api/incidents/INC-1/resolve", BODY),
        ("/api/apikeys", BODY),
    ],
)
async def test_the_same_key_for_another_request(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    await admin.post("/api/incidents", json=BODY, headers=KEY)
    async with plane.unchanged(tenant):
        response = await admin.post(path, json=body, headers=KEY)
    assert response.status_code in {409, 422}
    assert data(await admin.get("/api/incidents"))["total"] == 1


async def test_another_body_under_the_same_key_is_a_conflict(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await admin.post("/api/incidents", json=BODY, headers=KEY)
    async with plane.unchanged(tenant):
        response = await admin.post("/api/incidents", json={**BODY, "title": "Another"}, headers=KEY)
        error = refused(response, 409, "CONFLICT")
    assert error["detail"] == "This Idempotency-Key was used for another request; choose a new one."


async def test_twins_open_one_incident(admin: httpx.AsyncClient) -> None:
    posts = [admin.post("/api/incidents", json=BODY, headers=KEY) for _ in range(20)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert data(await admin.get("/api/incidents"))["total"] == 1


async def test_a_refused_request_keeps_no_key_and_may_be_mended(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    async with plane.unchanged(tenant):
        refused(await admin.post("/api/incidents", json={"title": "x"}, headers=KEY), 422, "VALIDATION_ERROR")
        refused(await admin.post("/api/incidents/INC-1/resolve", json={}, headers=KEY), 404, "NOT_FOUND")
    await opened(admin)
    resolve = "/api/incidents/INC-1/resolve"
    data(await admin.post(resolve, json={}, headers=KEY))
    async with plane.unchanged(tenant):
        assert data(await admin.post(resolve, json={}, headers=KEY))["status"] == "resolved"
        refused(await admin.post(resolve, json={}), 409, "CONFLICT")


async def test_keys_of_two_people_are_two_keys(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    other = await plane.new_tenant()
    async with plane.client(tenant, "operator") as operator, plane.client(other, "admin") as stranger:
        for client in (admin, operator, stranger):
            assert (await client.post("/api/incidents", json=BODY, headers=KEY)).status_code == 201
    assert data(await admin.get("/api/incidents"))["total"] == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_is_none(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, key: str) -> None:
    async with plane.unchanged(tenant):
        response = await admin.post("/api/incidents", json=BODY, headers={"idempotency-key": key})
        refused(response, 400, "BAD_REQUEST")


async def test_a_key_is_forgotten_after_a_day(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/incidents", json=BODY, headers=KEY)
    plane.clock.forward(hours=23)
    await plane.sweep()
    data(await admin.post("/api/incidents", json=BODY, headers=KEY), 201)
    assert data(await admin.get("/api/incidents"))["total"] == 1
    plane.clock.forward(hours=2)
    await plane.sweep()
    data(await admin.post("/api/incidents", json=BODY, headers=KEY), 201)
    assert data(await admin.get("/api/incidents"))["total"] == 2


async def test_a_key_on_a_change_is_not_looked_at(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    data(await admin.patch("/api/incidents/INC-1", json={"title": "a"}, headers=KEY))
    assert data(await admin.patch("/api/incidents/INC-1", json={"title": "b"}, headers=KEY))["title"] == "b"
