"""Tokens as this plane sees them: whose key signed, for whom, until when; and where the keys come from."""

import asyncio
import base64
import json
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.tokens import plane_audience
from shared.tx import Tenant
from tests.support.tenant_plane import Issuer, Plane, data, refused, running_plane, until

WHO = "/api/rbac/permissions"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_tokens_that_are_refused(plane: Plane, tenant: Tenant) -> None:
    issuer = plane.issuer
    good = issuer.token(tenant.id)
    head, body, signature = good.split(".")
    admin = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**admin, "role": "admin"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"test-key"}').decode().rstrip("=")
    async with plane.client() as client, plane.unchanged(tenant):
        for token in (
            issuer.token(tenant.id, key=Ed25519PrivateKey.generate()),
            issuer.token(tenant.id, audience=plane_audience(None)),
            issuer.token("nobody"),
            f"{none}.{body}.",
            f"{none}.{body}.{signature}",
            f"{head}.{forged}.{signature[:-2]}AA",
            f"{head}.{body}.",
            "a.b.c",
            "nonsense",
        ):
            error = refused(await client.get(WHO, headers=bearer(token)), 401, "UNAUTHORIZED")
            assert error["detail"] == "This token is not valid."
        expired = refused(
            await client.get(WHO, headers=bearer(issuer.token(tenant.id, expires_in=-60))), 401, "UNAUTHORIZED"
        )
        assert expired["detail"] == "This token has expired; refresh it or sign in again."
        for token in (
            issuer.token(None, "super_admin"),
            issuer.token(tenant.id, "super_admin"),
            issuer.token(tenant.id, "system"),
        ):
            refused(await client.get(WHO, headers=bearer(token)), 403, "FORBIDDEN")
        for header in ("", "Bearer", "Bearer ", f"Basic {good}", good):
            response = await client.get(WHO, headers={"authorization": header})
            refused(response, 401, "UNAUTHORIZED")
            assert response.headers["www-authenticate"] == "Bearer"
        data(await client.get(WHO, headers={"authorization": f"bearer  {good}"}))


@pytest.mark.parametrize("asserted", ["other", "", "ACME"])
async def test_an_asserted_tenant_must_be_the_tokens_own(plane: Plane, tenant: Tenant, asserted: str) -> None:
    async with plane.client(tenant) as client, plane.unchanged(tenant):
        refused(await client.get(WHO, headers={"x-tenant-id": asserted}), 403, "FORBIDDEN")
        data(await client.get(WHO, headers={"x-tenant-id": tenant.id}))


async def test_a_token_in_the_address_is_not_looked_at(plane: Plane, tenant: Tenant) -> None:
    async with plane.client() as client:
        for name in ("token", "api_key"):
            refused(await client.get(f"{WHO}?{name}={plane.issuer.token(tenant.id)}"), 401, "UNAUTHORIZED")


class SlowIssuer(Issuer):
    """A control plane that takes its time: the keys come when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.waiting = False
        self.app = Starlette(routes=[Route("/.well-known/jwks.json", self._slow)])

    async def _slow(self, request: Request) -> Response:
        self.waiting = True
        await self.go.wait()
        return await self._jwks(request)


async def test_everybody_who_comes_right_after_a_start_waits_for_the_keys(
    admin_url: str, plane: Plane, tenant: Tenant
) -> None:
    issuer = SlowIssuer()
    async with running_plane(admin_url, issuer=issuer) as fresh, fresh.client(tenant) as client:
        requests = [asyncio.create_task(client.get(WHO)) for _ in range(20)]

        async def has_asked() -> bool | None:
            return issuer.waiting or None

        await until(has_asked)
        requests += [asyncio.create_task(client.get(WHO)) for _ in range(20)]
        issuer.go.set()
        assert [response.status_code for response in await asyncio.gather(*requests)] == [200] * 40
        assert issuer.asked == 1


async def test_a_plane_that_starts_while_the_control_plane_is_away_knows_its_keys(
    admin_url: str, tenant: Tenant
) -> None:
    issuer = Issuer()
    async with running_plane(admin_url, issuer=issuer) as before, before.client(tenant) as client:
        data(await client.get(WHO))
    issuer.answers = False
    async with running_plane(admin_url, issuer=issuer) as after, after.client(tenant) as client:
        data(await client.get(WHO))


async def test_a_withdrawn_key_does_not_come_back_with_the_next_start(admin_url: str, tenant: Tenant) -> None:
    issuer = Issuer()
    withdrawn = bearer(issuer.token(tenant.id))
    async with running_plane(admin_url, issuer=issuer) as before, before.client() as client:
        before.app.state.signing_keys.clock = before.clock.monotonic
        data(await client.get(WHO, headers=withdrawn))
        issuer.rotate()
        valid = bearer(issuer.token(tenant.id))
        before.clock.forward(minutes=6)
        data(await client.get(WHO, headers=valid))
        refused(await client.get(WHO, headers=withdrawn), 401, "UNAUTHORIZED")
    issuer.answers = False
    async with running_plane(admin_url, issuer=issuer, prepare=False) as after, after.client() as client:
        refused(await client.get(WHO, headers=withdrawn), 401, "UNAUTHORIZED")
        data(await client.get(WHO, headers=valid))


async def test_an_unknown_key_is_asked_for_at_most_once_in_ten_seconds(
    admin_url: str, plane: Plane, tenant: Tenant
) -> None:
    issuer = SlowIssuer()
    issuer.go.set()
    async with running_plane(admin_url, issuer=issuer) as fresh, fresh.client(tenant) as client:
        data(await client.get(WHO))
        stranger = Issuer().token(tenant.id)
        for _ in range(5):
            refused(await client.get(WHO, headers=bearer(stranger)), 401, "UNAUTHORIZED")
        assert issuer.asked == 1


async def test_the_control_plane_alone_provisions(admin_url: str, plane: Plane, tenant: Tenant) -> None:
    wanted: dict[str, Any] = {"name": "New", "plan": "pro", "state": "active"}
    internal = bearer(plane.issuer.token(None, "super_admin", audience=plane_audience(None)))
    async with plane.client() as client:
        for headers in ({}, bearer(plane.issuer.token(None, "super_admin")), bearer(plane.issuer.token(tenant.id))):
            refused(await client.put("/internal/tenants/brand-new", json=wanted, headers=headers), 401, "UNAUTHORIZED")
        for name, body in (("Bad_Name", wanted), ("brand-new", {"name": "x"}), ("brand-new", [])):
            response = await client.put(f"/internal/tenants/{name}", json=body, headers=internal)
            refused(response, 422, "VALIDATION_ERROR")
        assert await known(admin_url, "brand-new") == []
        for _ in range(2):
            response = await client.put("/internal/tenants/brand-new", json=wanted, headers=internal)
            assert (response.status_code, response.json()["state"]) == (200, "active")
        data(await client.get(WHO, headers=bearer(plane.issuer.token("brand-new"))))
    assert await known(admin_url, "brand-new") == ["brand-new"]


async def known(url: str, tenant_id: str) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select tenant_id from plane.tenants where tenant_id = $1", tenant_id)
    await connection.close()
    return [row["tenant_id"] for row in rows]


async def test_health_says_what_works(plane: Plane) -> None:
    async with plane.client() as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/readyz")).json()["components"] == {"tenant_database": "ok"}
        assert (await client.get("/health")).json() == {"status": "ok", "components": {"tenant_database": "ok"}}
        metrics = await client.get("/metrics")
        assert "opsplane_http_requests_total" in metrics.text


async def test_every_answer_names_its_trace(plane: Plane, tenant: Tenant) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with plane.client(tenant) as client:
        given = await client.get(WHO, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        assert given.headers["x-trace-id"] == trace
        fresh: list[httpx.Response] = [await client.get(path) for path in (WHO, "/api/nothing", "/nothing", "/healthz")]
    ids = [response.headers["x-trace-id"] for response in fresh]
    assert len(set(ids)) == 4
    assert all(response.headers["x-content-type-options"] == "nosniff" for response in fresh)
