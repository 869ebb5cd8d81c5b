"""The only way from the control plane into a tenant's content, through a whole installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.origin import InProcess

WHY = {"reason": "ticket 4711", "minutes": 10}


@asynccontextmanager
async def acting(origin: InProcess, **body: Any) -> AsyncIterator[tuple[dict[str, Any], httpx.AsyncClient]]:
    """What was answered, and a client with its token; ended afterwards."""
    async with origin.client(await origin.root_token()) as root:
        answer = await root.post("/api/tenants/acme/impersonations", json={**WHY, **body})
        assert answer.status_code == 201, answer.text
        started = answer.json()["data"]
        async with origin.client(started["token"]) as inside:
            yield started, inside
        ended = await root.delete(f"/api/tenants/acme/impersonations/{started['id']}")
        assert ended.json()["data"]["is_told"] is True
        async with origin.client(started["token"]) as inside:
            assert (await inside.get("/api/incidents")).status_code == 401


async def test_a_super_admin_sees_a_tenant_only_like_this(origin: InProcess) -> None:
    async with origin.client(await origin.root_token()) as root:
        assert (await root.get("/api/incidents")).status_code == 403
    async with acting(origin) as (_, inside):
        assert (await inside.get("/api/incidents")).status_code == 200
        permissions = (await inside.get("/api/rbac/permissions")).json()["data"]
        assert (permissions["tenant_id"], permissions["level"]) == ("acme", 1)
        refused = await inside.post("/api/incidents", json={"title": "x", "severity": "high"})
        assert refused.status_code == 403
        for asserted in ("globex", "never-was"):
            assert (await inside.get("/api/incidents", headers={"x-tenant-id": asserted})).status_code == 403


async def test_both_audit_logs_and_the_tenants_admins_know(origin: InProcess) -> None:
    async with acting(origin, write=True) as (started, inside):
        opened = await inside.post("/api/incidents", json={"title": "Seen to", "severity": "low"})
        assert opened.status_code == 201
    target = f"impersonation:{started['id']}"
    async with origin.client(await origin.token(origin.demo.person("acme", "admin"))) as admin:
        for path in ("/api/audit", "/api/auth/audit"):
            entries = (await admin.get(path, params={"target": target})).json()["data"]["items"]
            assert [entry["action"] for entry in entries] == ["impersonation.ended", "impersonation.started"], path
        shown = (await admin.get("/api/impersonations")).json()["data"]["items"]
        assert started["id"] in [one["id"] for one in shown]
        written = (await admin.get("/api/audit", params={"action": "incident."})).json()["data"]["items"]
        assert written[0]["impersonated_by"] == origin.demo.said["super_admin"]["email"]
    async with origin.client(await origin.token(origin.demo.person("globex", "admin"))) as stranger:
        entries = (await stranger.get("/api/auth/audit", params={"target": target})).json()["data"]["items"]
        assert entries == []
        assert (await stranger.get("/api/impersonations")).json()["data"]["items"] == []


async def test_its_token_opens_no_other_door(origin: InProcess) -> None:
    async with acting(origin, write=True) as (_, inside):
        for path in ("/api/users", "/api/tenants", "/api/auth/audit", "/api/auth/sessions"):
            assert (await inside.get(path)).status_code == 403, path
        me = (await inside.get("/api/auth/me")).json()["data"]
        assert (me["tenant_id"], me["acting_as"]["reason"]) == ("acme", WHY["reason"])
